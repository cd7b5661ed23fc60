//! The credential of a request. draft-payment-transport-mcp-00, "Payment
//! Credential".

use conform402_wire::mcp::{CREDENTIAL, NativeCredential};
use serde_json::{Value, json};

use super::{
    CHALLENGE_RULE, PLACE_RULE, Place, broken_challenges, challenge, flags_of_meta, refusal, with,
    with_request_as_text, without,
};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal};

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation {
        name: "mpp.mcp.credential.parse",
        evaluate: |input, _| parse(input),
        describe,
    }]
}

fn parse(input: &Input<'_>) -> Result<Value, Refusal> {
    let credential = NativeCredential::parse(input.object("message")?).map_err(refusal)?;
    let mut output =
        json!({ "challenge": credential.challenge.to_json(), "payload": credential.payload });
    if let Some(source) = credential.source {
        output["source"] = source.into();
    }
    Ok(output)
}

/// A call of a tool whose parameters carry `credential`.
fn call(credential: &Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": { "name": "web-search", "arguments": {}, "_meta": { CREDENTIAL: credential } },
    })
}

fn describe(cases: &mut Cases) {
    cases.summary("The credential that a JSON-RPC request carries.");
    cases.source(
        "Servers MUST check both locations for `_meta` and MUST NOT require clients to use a specific placement.",
        "draft-payment-transport-mcp-00, \"Metadata Placement\"",
    );
    cases.source(
        "Servers MUST NOT process payment-gated operations invoked as notifications.",
        "draft-payment-transport-mcp-00, \"Server Behavior\"",
    );
    cases.source(
        "**`payload`** (REQUIRED): Method-specific payment proof as a JSON object.",
        "draft-payment-transport-mcp-00, \"Credential Structure\"",
    );
    cases.rule("The credential is the object under org.paymentauth/credential in `params._meta`, or in the `_meta` of the message itself, which may have a list for params, or none. A message without `id` is a notification, and refused.");
    cases.rule(PLACE_RULE);
    cases.rule("A credential has objects `challenge` and `payload` and may have a text `source`; the output has these, with the payload as it came.");
    cases.rule(CHALLENGE_RULE);
    flags(cases);
    let at = cases.deployment.clone();
    let source = format!("did:pkh:eip155:{}:{}", at.chain_id, at.address_of("payer"));
    let sound = json!({
        "challenge": challenge(&at),
        "payload": { "type": "hash", "hash": format!("0x{}", "ab".repeat(32)) },
        "source": source,
    });
    let plain = call(&sound);
    let root = with(&without(&plain, "params"), "_meta", json!({ CREDENTIAL: sound }));
    let mut valid = |name: &str, comment: &str, message: Value| {
        cases.valid(name, comment, json!({ "message": message }));
    };
    valid("in-params", "As MCP has it.", plain.clone());
    valid("no-source", "Who pays, the proof may say.", call(&without(&sound, "source")));
    valid("id-as-text", "Ids of requests may be text.", with(&plain, "id", "b1946ac9"));
    valid(
        "other-tool-data",
        "Other data beside the credential.",
        with(
            &plain,
            "params",
            json!({
                "name": "web-search",
                "_meta": { "progressToken": 7, CREDENTIAL: sound, "x402/payment": {} },
            }),
        ),
    );
    valid(
        "no-expiry",
        "Nothing to echo.",
        call(&with(&sound, "challenge", without(&sound["challenge"], "expires"))),
    );
    valid("unknown-member", "Members that nobody knows.", call(&with(&sound, "priority", 1)));
    valid(
        "empty-payload",
        "What a proof is, the method decides.",
        call(&with(&sound, "payload", json!({}))),
    );
    for (name, comment, message) in [
        ("at-the-root", "As JSON-RPC has it, without parameters.", root.clone()),
        (
            "at-the-root-beside-list",
            "Parameters that have no place for it.",
            with(&root, "params", json!(["latest", false])),
        ),
        (
            "at-the-root-beside-object",
            "Parameters without `_meta`.",
            with(&root, "params", json!({ "name": "web-search" })),
        ),
        (
            "at-the-root-beside-meta",
            "Parameters with another `_meta`.",
            with(&root, "params", json!({ "_meta": { "progressToken": 7 } })),
        ),
    ] {
        cases.valid(name, comment, json!({ "message": message })).should();
    }
    let mut invalid = |name: &str, comment: &str, message: Value, reason: &str| {
        cases.invalid(name, comment, json!({ "message": message }), reason);
    };
    invalid("notification", "Nobody would get the result.", without(&plain, "id"), "notification");
    invalid(
        "notification-with-root",
        "Nobody would get the result.",
        without(&root, "id"),
        "notification",
    );
    for (name, comment, params) in [
        ("no-meta", "A request that was not paid.", json!({ "name": "web-search" })),
        ("no-credential", "Other data alone.", json!({ "_meta": { "progressToken": 7 } })),
        ("outside-meta", "Among the parameters.", json!({ CREDENTIAL: sound })),
        (
            "in-the-arguments",
            "Where a model writes, not its client.",
            json!({ "arguments": { "_meta": { CREDENTIAL: sound } } }),
        ),
        (
            "deep-in-meta",
            "A key is one name, not a path.",
            json!({ "_meta": { "org": { "paymentauth/credential": sound } } }),
        ),
        (
            "other-separator",
            "Another key.",
            json!({ "_meta": { "org.paymentauth.credential": sound } }),
        ),
        ("without-domain", "Another key.", json!({ "_meta": { "credential": sound } })),
        (
            "capital-key",
            "Another key.",
            json!({ "_meta": { "org.paymentauth/Credential": sound } }),
        ),
        (
            "receipt",
            "The key of receipts.",
            json!({ "_meta": { "org.paymentauth/receipt": sound } }),
        ),
        (
            "key-of-x402",
            "The key of another protocol.",
            json!({ "_meta": { "x402/payment": sound } }),
        ),
        ("meta-as-list", "A list has no keys.", json!({ "_meta": [sound] })),
    ] {
        invalid(name, comment, with(&plain, "params", params), "credential-is-missing");
    }
    let encoded = conform402_wire::base64url::encode(sound.to_string());
    for (name, comment, credential) in [
        ("credential-in-base64url", "As HTTP carries it.", json!(encoded)),
        ("credential-as-header", "As HTTP carries it.", json!(format!("Payment {encoded}"))),
        ("credential-as-list", "Two for one call.", json!([sound, sound])),
        ("credential-null", "Nothing.", Value::Null),
    ] {
        invalid(name, comment, call(&credential), "credential-is-no-object");
    }
    invalid(
        "challenge-missing",
        "What was paid is not said.",
        call(&without(&sound, "challenge")),
        "challenge-is-missing",
    );
    invalid(
        "challenge-as-id",
        "The whole challenge is echoed.",
        call(&with(&sound, "challenge", sound["challenge"]["id"].clone())),
        "challenge-is-no-object",
    );
    invalid(
        "payload-missing",
        "No proof.",
        call(&without(&sound, "payload")),
        "payload-is-missing",
    );
    invalid(
        "payload-null",
        "No proof.",
        call(&with(&sound, "payload", Value::Null)),
        "payload-is-missing",
    );
    invalid(
        "payload-as-text",
        "A proof is an object.",
        call(&with(&sound, "payload", "0xab")),
        "payload-is-no-object",
    );
    invalid(
        "payload-as-list",
        "A proof is an object.",
        call(&with(&sound, "payload", json!([{}]))),
        "payload-is-no-object",
    );
    invalid(
        "source-as-object",
        "Who pays is text.",
        call(&with(&sound, "source", json!({ "did": source }))),
        "source-is-no-text",
    );
    for (name, comment, broken, reason) in broken_challenges(&at) {
        let message = call(&with(&sound, "challenge", broken));
        invalid(&format!("challenge-{name}"), comment, message, &reason);
    }
}

fn flags(cases: &mut Cases) {
    flags_of_meta(
        cases,
        Place { within: "params", key: CREDENTIAL, what: "credential", optional: "source" },
    );
    cases.flag(
        "ServesNotifications",
        "takes money for what nobody gets",
        Bug::forgets(&["notification"]),
    );
    cases.flag(
        "TakesMisfits",
        "takes a credential with members that are absent, empty or of another type",
        Bug::forgets_all(|reason| !reason.starts_with("credential-") && reason != "notification"),
    );
    cases.flag(
        "LosesSource",
        "drops who pays",
        Bug::miswrites(|output| {
            if let Some(members) = output.as_object_mut() {
                members.remove("source");
            }
        }),
    );
    cases.flag(
        "RequestAsText",
        "keeps the request as text in base64url, which no challenge of JSON-RPC has",
        Bug::miswrites(|output| with_request_as_text(&mut output["challenge"])),
    );
}
