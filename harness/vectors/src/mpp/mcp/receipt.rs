//! The receipt of a response. draft-payment-transport-mcp-00, "Payment
//! Receipt".

use conform402_wire::mcp::{NativeReceipt, RECEIPT};
use serde_json::{Value, json};

use super::{PLACE_RULE, Place, flags_of_meta, refusal, with, without};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal};

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.mcp.receipt.parse", evaluate: |input, _| parse(input), describe }]
}

fn parse(input: &Input<'_>) -> Result<Value, Refusal> {
    let receipt = NativeReceipt::parse(input.object("message")?).map_err(refusal)?;
    let mut output = json!({
        "status": "success",
        "method": receipt.method,
        "timestamp": receipt.timestamp,
        "challengeId": receipt.challenge_id,
    });
    if let Some(reference) = receipt.reference {
        output["reference"] = reference.into();
    }
    Ok(json!({ "receipt": output }))
}

/// The result of a tool, which carries `receipt`.
fn answer(receipt: &Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": 2,
        "result": { "content": [], "_meta": { RECEIPT: receipt } },
    })
}

fn describe(cases: &mut Cases) {
    cases.summary("The receipt that a JSON-RPC response carries.");
    cases.source(
        "**`status`** (REQUIRED): Settlement status. MUST be `\"success\"` for successful payments.",
        "draft-payment-transport-mcp-00, \"Receipt Structure\"",
    );
    cases.source(
        "The `_meta` field placement follows the same rules as {{metadata-placement}}: root-level for generic JSON-RPC, nested in `result` for MCP.",
        "draft-payment-transport-mcp-00, \"Successful Payment Response\"",
    );
    cases.source(
        "Servers MUST NOT return a `Payment-Receipt` header on error responses.",
        "draft-httpauth-payment-00, \"Receipt Status Semantics\"",
    );
    cases.rule("The receipt is the object under org.paymentauth/receipt in `result._meta`, or in the `_meta` of the message itself. A message with a member `error` has none.");
    cases.rule(PLACE_RULE);
    cases.rule("A receipt has the text success as `status`, texts `method` and `challengeId`, neither empty, a `timestamp` of RFC 3339 with an offset, and may have a text `reference`; the output has these. Other members are ignored, and null is as absent. The timestamp is a SHOULD: seed 001 shows receipts without one.");
    flags(cases);
    let at = cases.deployment.clone();
    let sound = json!({
        "status": "success",
        "method": "evm",
        "timestamp": "2030-01-01T00:00:00Z",
        "challengeId": "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk",
        "reference": format!("0x{}", "ab".repeat(32)),
    });
    let plain = answer(&sound);
    let root = json!({ "jsonrpc": "2.0", "id": 2, "result": {}, "_meta": { RECEIPT: sound } });
    let mut valid = |name: &str, comment: &str, message: Value| {
        cases.valid(name, comment, json!({ "message": message }));
    };
    valid("in-the-result", "As MCP has it.", plain.clone());
    valid("no-reference", "The method may have none.", answer(&without(&sound, "reference")));
    valid("other-method", "Another method.", answer(&with(&sound, "method", "tempo")));
    valid(
        "milliseconds-and-offset",
        "Any form that RFC 3339 has.",
        answer(&with(&sound, "timestamp", "2030-01-01T02:00:00.123+02:00")),
    );
    valid(
        "unknown-member",
        "Members that nobody knows.",
        answer(&with(&sound, "settlement", json!({ "amount": "10000" }))),
    );
    for (name, comment, message) in [
        ("at-the-root", "As JSON-RPC has it.", root.clone()),
        (
            "at-the-root-beside-text",
            "A result that has no place for it.",
            with(&root, "result", "0x1348c9"),
        ),
        (
            "at-the-root-beside-null",
            "A result of nothing is a result.",
            with(&root, "result", Value::Null),
        ),
        (
            "at-the-root-beside-meta",
            "A result with another `_meta`.",
            with(&root, "result", json!({ "_meta": { "progressToken": 7 } })),
        ),
    ] {
        cases.valid(name, comment, json!({ "message": message })).should();
    }
    let mut invalid = |name: &str, comment: &str, message: Value, reason: &str| {
        cases.invalid(name, comment, json!({ "message": message }), reason);
    };
    for (name, comment, status) in [
        ("failed", "Nothing was settled.", "failed"),
        ("pending", "Nothing was settled yet.", "pending"),
        ("capital-success", "Another word.", "Success"),
        ("no-status", "No word.", ""),
    ] {
        invalid(name, comment, answer(&with(&sound, "status", status)), "no-success");
    }
    invalid(
        "status-as-flag",
        "A status is text.",
        answer(&with(&sound, "status", true)),
        "status-is-no-text",
    );
    for (name, comment, result) in [
        ("no-meta", "A response without a receipt.", json!({ "content": [] })),
        ("no-receipt", "Other data alone.", json!({ "_meta": { "progressToken": 7 } })),
        ("outside-meta", "Within the result.", json!({ RECEIPT: sound })),
        (
            "in-the-content",
            "Where a tool writes, not its server.",
            json!({ "content": [{ "type": "text", "text": "", "_meta": { RECEIPT: sound } }] }),
        ),
        (
            "other-separator",
            "Another key.",
            json!({ "_meta": { "org.paymentauth.receipt": sound } }),
        ),
        ("without-domain", "Another key.", json!({ "_meta": { "receipt": sound } })),
        (
            "credential",
            "The key of credentials.",
            json!({ "_meta": { "org.paymentauth/credential": sound } }),
        ),
        (
            "key-of-x402",
            "The key of another protocol.",
            json!({ "_meta": { "x402/payment-response": sound } }),
        ),
    ] {
        invalid(name, comment, with(&plain, "result", result), "receipt-is-missing");
    }
    let in_params = json!({ "jsonrpc": "2.0", "id": 2, "result": {}, "params": { "_meta": { RECEIPT: sound } } });
    invalid("in-params", "The place of credentials.", in_params, "receipt-is-missing");
    let error = json!({ "code": -32603, "message": "Internal error" });
    invalid(
        "error",
        "Nothing was delivered.",
        with(&without(&root, "result"), "error", error),
        "receipt-of-an-error",
    );
    let encoded = conform402_wire::base64url::encode(sound.to_string());
    for (name, comment, receipt) in [
        ("receipt-in-base64url", "As HTTP carries it.", json!(encoded)),
        ("receipt-as-list", "Two for one payment.", json!([sound, sound])),
        ("receipt-as-flag", "Paid, but what?", json!(true)),
    ] {
        invalid(name, comment, answer(&receipt), "receipt-is-no-object");
    }
    for (member, reason) in [
        ("status", "status-is-missing"),
        ("method", "method-is-missing"),
        ("challengeId", "challenge-id-is-missing"),
    ] {
        let comment = "A member that must be there is absent.";
        let name = reason.trim_end_matches("-is-missing").to_owned() + "-missing";
        invalid(&name, comment, answer(&without(&sound, member)), reason);
    }
    for (name, comment, member, value, reason) in [
        ("method-empty", "A method has a letter.", "method", json!(""), "method-is-empty"),
        ("method-as-list", "A method is text.", "method", json!(["evm"]), "method-is-no-text"),
        (
            "challenge-id-empty",
            "An id that no challenge has.",
            "challengeId",
            json!(""),
            "challenge-id-is-empty",
        ),
        (
            "challenge-id-as-number",
            "An id is text.",
            "challengeId",
            json!(at.chain_id),
            "challenge-id-is-no-text",
        ),
        (
            "reference-as-object",
            "A reference is text.",
            "reference",
            json!({ "hash": "0xab" }),
            "reference-is-no-text",
        ),
    ] {
        invalid(name, comment, answer(&with(&sound, member, value)), reason);
    }
    for (name, comment, receipt, reason) in [
        (
            "timestamp-missing",
            "When it was settled is not said.",
            without(&sound, "timestamp"),
            "timestamp-is-missing",
        ),
        (
            "timestamp-as-number",
            "Seconds since 1970.",
            with(&sound, "timestamp", json!(1_893_456_000)),
            "timestamp-is-no-text",
        ),
        (
            "timestamp-of-a-day",
            "A day is no instant.",
            with(&sound, "timestamp", "2030-01-01"),
            "timestamp-is-no-instant",
        ),
        (
            "timestamp-without-offset",
            "An instant in every time zone.",
            with(&sound, "timestamp", "2030-01-01T00:00:00"),
            "timestamp-is-no-instant",
        ),
    ] {
        cases.invalid(name, comment, json!({ "message": answer(&receipt) }), reason).should();
    }
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "StatusUnchecked",
        "takes any receipt for one of a settled payment",
        Bug::forgets(&["no-success", "status-is-missing", "status-is-no-text"]),
    );
    flags_of_meta(
        cases,
        Place { within: "result", key: RECEIPT, what: "receipt", optional: "reference" },
    );
    cases.flag(
        "ReceiptOfAnError",
        "books a payment for what was not delivered",
        Bug::forgets(&["receipt-of-an-error"]),
    );
    cases.flag(
        "TakesMisfits",
        "takes a receipt with members that are absent, empty or of another type",
        Bug::forgets_all(|reason| {
            ["method-", "challenge-id-", "reference-", "timestamp-"]
                .iter()
                .any(|member| reason.starts_with(member))
        }),
    );
}
