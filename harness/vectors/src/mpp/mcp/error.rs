//! The error that asks for a payment. draft-payment-transport-mcp-00,
//! "Challenge Structure" and "Error Handling".

use conform402_wire::mcp::{NativeChallenge, PAYMENT_REQUIRED, PaymentError, VERIFICATION_FAILED};
use serde_json::{Value, json};

use super::{
    CHALLENGE_RULE, broken_challenges, challenge, refusal, with, with_request_as_text, without,
};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal};

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.mcp.error.parse", evaluate: |input, _| parse(input), describe }]
}

fn parse(input: &Input<'_>) -> Result<Value, Refusal> {
    let error = PaymentError::parse(input.object("error")?).map_err(refusal)?;
    let challenges: Value = error.challenges.iter().map(NativeChallenge::to_json).collect();
    Ok(json!({ "code": error.code, "challenges": challenges }))
}

fn describe(cases: &mut Cases) {
    cases.summary("The challenges in the error of a JSON-RPC response that asks for a payment.");
    cases.source(
        "**`challenges`** (REQUIRED): Array of one or more challenge objects.",
        "draft-payment-transport-mcp-00, \"Challenge Structure\"",
    );
    cases.source(
        "Clients SHOULD treat any `-32043` response as requiring a new payment attempt.",
        "draft-payment-transport-mcp-00, \"Payment Verification Failure\"",
    );
    cases.source(
        "clients and parsers MUST reject challenges whose `id` is missing or empty",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.rule("`code` is the integer -32042 or -32043, `data.challenges` an array of one challenge or more. All else in `error` and `data` is optional and ignored.");
    cases.rule(CHALLENGE_RULE);
    cases.rule("The output has the code, and all challenges in their order, each with the members named here. No case has a request in base64url, which some take.");
    flags(cases);
    let at = cases.deployment.clone();
    let charge = challenge(&at);
    let session = with(&with(&charge, "intent", "session"), "id", "another");
    let error = |code: i64, challenges: &[&Value]| {
        let data = json!({ "httpStatus": 402, "challenges": challenges });
        json!({ "code": code, "message": "Payment Required", "data": data })
    };
    let plain = error(PAYMENT_REQUIRED, &[&charge]);
    let with_data =
        |member: &str, value: Value| with(&plain, "data", with(&plain["data"], member, value));
    let without_data = |member: &str| with(&plain, "data", without(&plain["data"], member));
    let mut valid = |name: &str, comment: &str, error: Value| {
        cases.valid(name, comment, json!({ "error": error }));
    };
    valid("plain", "As the draft has it.", plain.clone());
    valid(
        "alternatives",
        "Several challenges, of which one is to be paid.",
        error(PAYMENT_REQUIRED, &[&charge, &session]),
    );
    valid(
        "alternatives-reversed",
        "The order is the server's.",
        error(PAYMENT_REQUIRED, &[&session, &charge]),
    );
    let failed = error(VERIFICATION_FAILED, &[&session]);
    valid("verification-failed", "A refused payment comes with a challenge, too.", failed.clone());
    let failure =
        json!({ "reason": "signature-invalid", "detail": "Signature verification failed" });
    valid(
        "failure",
        "The reason as the draft has it.",
        with(&failed, "data", with(&failed["data"], "failure", failure)),
    );
    let problem =
        json!({ "type": "https://paymentauth.org/problems/verification-failed", "status": 402 });
    valid(
        "problem",
        "The reason as problem details.",
        with(&failed, "data", with(&failed["data"], "problem", problem)),
    );
    valid("no-http-status", "There need not be HTTP.", without_data("httpStatus"));
    valid("another-http-status", "The code counts.", with_data("httpStatus", 200.into()));
    valid("another-message", "The message is for people.", with(&plain, "message", "Käse kostet"));
    valid(
        "no-expiry",
        "The server decides.",
        error(PAYMENT_REQUIRED, &[&without(&charge, "expires")]),
    );
    valid(
        "description",
        "For people.",
        error(PAYMENT_REQUIRED, &[&with(&charge, "description", "5 ₮")]),
    );
    valid(
        "unknown-member",
        "Members that nobody knows.",
        error(PAYMENT_REQUIRED, &[&with(&charge, "priority", 1)]),
    );
    valid("unknown-data", "Members that nobody knows.", with_data("retry", true.into()));
    valid(
        "empty-request",
        "What is needed, the method decides.",
        error(PAYMENT_REQUIRED, &[&with(&charge, "request", json!({}))]),
    );
    let mut invalid = |name: &str, comment: &str, error: Value, reason: &str| {
        cases.invalid(name, comment, json!({ "error": error }), reason);
    };
    for (name, comment, code) in [
        ("invalid-params", "A malformed credential: paying again does not mend it.", json!(-32602)),
        ("internal-error", "A failure of the server's.", json!(-32603)),
        ("neighbour", "Next to it.", json!(-32041)),
        ("no-minus", "Another sign.", json!(32042)),
        ("http-status", "A status of HTTP.", json!(402)),
        ("code-as-text", "A code is a number.", json!("-32042")),
        ("code-fractional", "A code is an integer.", json!(-32042.5)),
    ] {
        invalid(name, comment, with(&plain, "code", code), "other-code");
    }
    invalid("code-missing", "An error has a code.", without(&plain, "code"), "code-is-missing");
    invalid("data-missing", "Nothing to pay.", without(&plain, "data"), "data-is-missing");
    invalid(
        "data-as-list",
        "Challenges without their name.",
        with(&plain, "data", json!([charge])),
        "data-is-no-object",
    );
    let elicitations = json!({ "elicitations": [{ "mode": "url", "url": "https://example.com", "elicitationId": "1" }] });
    invalid(
        "elicitation",
        "MCP asks for a visit with the same code.",
        with(&plain, "data", elicitations),
        "challenges-is-missing",
    );
    invalid(
        "challenges-null",
        "Nothing to pay.",
        with_data("challenges", Value::Null),
        "challenges-is-missing",
    );
    invalid(
        "no-challenge",
        "None of no alternatives.",
        with_data("challenges", json!([])),
        "challenges-is-empty",
    );
    invalid(
        "challenges-as-object",
        "One challenge without a list.",
        with_data("challenges", charge.clone()),
        "challenges-is-no-array",
    );
    invalid(
        "challenge-as-text",
        "A header where an object is due.",
        with_data("challenges", json!(["Payment id=\"a\""])),
        "challenge-is-no-object",
    );
    for (name, comment, broken, reason) in broken_challenges(&at) {
        invalid(&name, comment, error(PAYMENT_REQUIRED, &[&broken]), &reason);
    }
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "CodeUnchecked",
        "pays on an error of another kind",
        Bug::forgets(&["other-code", "code-is-missing"]),
    );
    cases.flag(
        "CodeAlone",
        "takes the code for a request to pay, though others use it, and fails without challenges",
        Bug::forgets_all(|reason| reason.starts_with("data-") || reason.starts_with("challenge")),
    );
    cases.flag(
        "TakesMisfits",
        "takes a challenge with members that are absent, empty or of another type",
        Bug::forgets_all(|reason| {
            ["id-", "realm-", "method-", "intent-", "request-", "expires-"]
                .iter()
                .any(|member| reason.starts_with(member))
        }),
    );
    cases.flag(
        "FirstChallengeOnly",
        "knows the first of several challenges alone, which may be one it cannot pay",
        Bug::miswrites(|output| {
            if let Some(challenges) = output["challenges"].as_array_mut() {
                challenges.truncate(1);
            }
        }),
    );
    cases.flag(
        "NotAfterFailure",
        "passes over the challenge that comes with a refused payment",
        Bug::refuses(|input| input["error"]["code"] == VERIFICATION_FAILED),
    );
    cases.flag(
        "NeedsHttpStatus",
        "asks for the status of a transport that may not be there",
        Bug::refuses(|input| input["error"]["data"]["httpStatus"] != 402),
    );
    cases.flag(
        "RequestAsText",
        "keeps the request as text in base64url, so that it is echoed in another form",
        Bug::miswrites(|output| {
            let challenges = output["challenges"].as_array_mut();
            challenges.into_iter().flatten().for_each(with_request_as_text);
        }),
    );
    cases.flag(
        "KnownMembersOnly",
        "fails on a member that nobody knows",
        Bug::refuses(|input| {
            let data = &input["error"]["data"];
            data.get("retry").is_some() || data["challenges"][0].get("priority").is_some()
        }),
    );
}
