//! Problem details. RFC 9457, and draft-httpauth-payment-00, "Error Response
//! Format".

use conform402_wire::problem::{NoProblem, Received};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.problem.parse", evaluate: |input, _| parse(input), describe }]
}

fn parse(input: &Input<'_>) -> Result<Value, Refusal> {
    let Ok(status) = u16::try_from(input.integer("status")?) else {
        return refuse("status-is-no-integer");
    };
    let problem = Received::parse(status, input.text("body")?).map_err(|error| {
        Refusal::new(match error {
            NoProblem::NotJson(_) => "not-json",
            NoProblem::NotObject => "not-an-object",
            NoProblem::OtherStatus { .. } => "other-status",
        })
    })?;
    let mut output = json!({ "type": problem.type_uri, "status": problem.status });
    for (member, value) in [
        ("title", problem.title),
        ("detail", problem.detail),
        ("challengeId", problem.challenge_id),
    ] {
        if let Some(value) = value {
            output[member] = value.into();
        }
    }
    Ok(output)
}

/// An implementation that changes the members of a body before it reads them.
fn misreads(change: fn(&mut Value)) -> Bug {
    Bug::misreads_text("body", move |body| match serde_json::from_str::<Value>(body) {
        Ok(mut problem) if problem.is_object() => {
            change(&mut problem);
            problem.to_string()
        }
        _ => body.to_owned(),
    })
}

fn describe(cases: &mut Cases) {
    cases.summary("What a refused client learns from the body of the answer.");
    cases.source(
        "If a member's value type does not match the specified type, the member MUST be ignored -- i.e., processing will continue as if the member had not been present.",
        "RFC 9457, \"Members of a Problem Details Object\"",
    );
    cases.source(
        "Generators MUST use the same status code in the actual HTTP response",
        "RFC 9457, \"status\"",
    );
    cases.source(
        "Servers SHOULD return Problem Details {{RFC9457}} error bodies with 402 responses",
        "draft-httpauth-payment-00, \"Error Response Format\"",
    );
    cases.rule("`status` is that of the HTTP response, `body` its text: a JSON object and nothing else. Its members type, title and detail are texts, status is a number; one of another type is as if it were absent.");
    cases.rule("The output's `type` is about:blank where the body has none; its `status` is that of the response, from which a number in the body must not differ; title, detail and challengeId are there if the body has them. Other members are ignored.");
    cases.rule("The MUST of RFC 9457 on the status binds who writes a body; whoever reads another status in it SHOULD refuse it.");
    flags(cases);
    let id = "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk";
    let required = json!({
        "type": "https://paymentauth.org/problems/payment-required",
        "title": "Payment Required",
        "status": 402,
        "detail": "Payment required for access.",
        "challengeId": id,
    });
    let input = |status: u64, body: &Value| json!({ "status": status, "body": body.to_string() });
    let with = |member: &str, value: Value| {
        let mut changed = required.clone();
        changed[member] = value;
        input(402, &changed)
    };
    let without = |member: &str| {
        let mut changed = required.clone();
        if let Some(members) = changed.as_object_mut() {
            members.remove(member);
        }
        input(402, &changed)
    };
    cases.valid("plain", "As the draft has it.", input(402, &required));
    let unsupported =
        json!({ "type": "https://paymentauth.org/problems/method-unsupported", "status": 400 });
    cases.valid(
        "bad-request",
        "The one type of the draft with another status.",
        input(400, &unsupported),
    );
    cases.valid(
        "other-type",
        "A type that the draft does not name.",
        with("type", "https://example.com/problems/out-of-stock".into()),
    );
    cases.valid("no-type", "Without a type, the status says all.", without("type"));
    cases.valid("no-status", "The response has one.", without("status"));
    cases.valid("no-title", "For people, and optional.", without("title"));
    cases.valid("no-detail", "For people, and optional.", without("detail"));
    cases.valid("no-challenge-id", "A refusal without a challenge.", without("challengeId"));
    cases.valid("nothing", "No member is required.", input(402, &json!({})));
    cases.valid("empty-title", "An empty title is a title.", with("title", "".into()));
    cases.valid(
        "past-ascii",
        "Text for people in their language.",
        with("detail", "Käse kostet 5 ₮ 🧀".into()),
    );
    cases.valid("extension", "Members that nobody knows.", with("hint", json!({ "retry": true })));
    cases.valid("type-as-number", "A type that is no text is none.", with("type", 402.into()));
    cases.valid("title-as-null", "A title that is no text is none.", with("title", Value::Null));
    cases.valid(
        "detail-as-list",
        "A detail that is no text is none.",
        with("detail", json!(["amount", "too low"])),
    );
    cases.valid(
        "status-as-text",
        "A status that is no number is none, even if it looks like another.",
        with("status", "400".into()),
    );
    cases.valid(
        "spaced",
        "White space around the object.",
        json!({ "status": 402, "body": "\r\n { \"status\" : 402 } \n" }),
    );
    for (name, comment, http, status) in [
        ("bad-request-as-402", "The body says that paying does not help.", 402, json!(400)),
        ("402-as-bad-request", "The response hides that payment is asked for.", 400, json!(402)),
        ("402-as-success", "A refusal that looks like a delivery.", 200, json!(402)),
        ("success-as-402", "A delivery that looks like a refusal.", 402, json!(200)),
        ("402-as-unauthorized", "401 is not for payments.", 401, json!(402)),
        ("402-as-server-error", "A gateway that hides the refusal.", 502, json!(402)),
        ("gone-as-402", "A channel that is gone.", 402, json!(410)),
        ("status-zero", "No status at all.", 402, json!(0)),
        ("status-negative", "Another sign.", 402, json!(-402)),
        ("status-fractional", "Another number, unless it is cut.", 402, json!(402.5)),
        ("status-past-16-bits", "The same number, if it is cut to 16 bits.", 402, json!(65_938)),
    ] {
        let mut body = required.clone();
        body["status"] = status;
        cases.invalid(name, comment, input(http, &body), "other-status").should();
    }
    let plain = required.to_string();
    for (name, comment, body) in [
        ("empty", "No body.", String::new()),
        ("words", "Text for people.", "Payment Required".to_owned()),
        (
            "html",
            "A page of a gateway.",
            "<html><body>402 Payment Required</body></html>".to_owned(),
        ),
        ("cut-off", "The end is missing.", plain[..plain.len() - 1].to_owned()),
        ("trailing-text", "Something behind the object.", format!("{plain} x")),
        ("two-objects", "Two problems.", format!("{plain}{plain}")),
        ("event", "A problem as an event of a stream.", format!("data: {plain}")),
        ("trailing-comma", "A comma behind the last member.", r#"{"status":402,}"#.to_owned()),
        ("single-quotes", "As Python prints it.", "{'status': 402}".to_owned()),
        ("nan", "No number.", r#"{"status":NaN}"#.to_owned()),
        ("form", "Fields of a form.", "status=402&title=Payment+Required".to_owned()),
    ] {
        let input = json!({ "status": 402, "body": body });
        let case = cases.invalid(name, comment, input, "not-json");
        if matches!(name, "trailing-comma" | "single-quotes" | "nan") {
            // Readers may extend JSON (RFC 8259, "Parsers").
            case.should();
        }
    }
    for (name, comment, body) in [
        ("list", "A list of problems.", format!("[{plain}]")),
        ("text", "A problem within a text.", Value::String(plain.clone()).to_string()),
        ("number", "The status alone.", "402".to_owned()),
        ("null", "Nothing.", "null".to_owned()),
        ("true", "A flag.", "true".to_owned()),
    ] {
        cases.invalid(name, comment, json!({ "status": 402, "body": body }), "not-an-object");
    }
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "StatusUnchecked",
        "does not see that response and body disagree",
        Bug::forgets(&["other-status"]),
    );
    cases.flag(
        "StatusOfTheBody",
        "takes the body's word for the status of the response, and pays where a gateway failed",
        Bug::misreads(|input| {
            let body = input["body"].as_str().unwrap_or_default();
            let body: Value = serde_json::from_str(body).unwrap_or_default();
            if body["status"].is_u64() {
                input["status"] = body["status"].clone();
            }
        }),
    );
    cases.flag(
        "CutsStatus",
        "cuts a status to a whole number of 16 bits",
        misreads(|problem| {
            if let Some(status) = problem["status"].as_f64().filter(|status| *status > 0.0) {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the bug"
                )]
                let whole = status as u64;
                problem["status"] = (whole % 65_536).into();
            }
        }),
    );
    cases.flag(
        "StatusAsText",
        "takes text for a number",
        misreads(|problem| {
            if let Some(status) = problem["status"].as_str().and_then(|s| s.parse::<u64>().ok()) {
                problem["status"] = status.into();
            }
        }),
    );
    cases.flag("TakesNoJson", "reads a problem out of what is none", Bug::forgets(&["not-json"]));
    cases.flag(
        "TakesNoObject",
        "reads a problem out of JSON of another kind, or crashes on it",
        Bug::forgets(&["not-an-object"]),
    );
    cases.flag(
        "StrictTypes",
        "fails on a member of another type, and loses the refusal with it",
        refuses(|problem| {
            let no_text =
                |member: &str| problem.get(member).is_some_and(|value| !value.is_string());
            ["type", "title", "detail"].into_iter().any(no_text) || problem["status"].is_string()
        }),
    );
    cases.flag(
        "AllRequired",
        "fails where a member is absent",
        refuses(|problem| {
            ["type", "title", "status", "detail"].iter().any(|member| problem.get(member).is_none())
        }),
    );
    cases.flag(
        "KnownTypesOnly",
        "fails on a type that the draft does not name",
        refuses(|problem| {
            let base = conform402_wire::problem::TYPE_BASE;
            problem["type"].as_str().is_some_and(|uri| !uri.starts_with(base))
        }),
    );
    cases.flag(
        "KnownMembersOnly",
        "fails on a member that nobody knows",
        refuses(|problem| problem.get("hint").is_some()),
    );
}

fn refuses(when: fn(&Value) -> bool) -> Bug {
    Bug::refuses(move |input| {
        let body = input["body"].as_str().unwrap_or_default();
        serde_json::from_str::<Value>(body)
            .is_ok_and(|problem| problem.is_object() && when(&problem))
    })
}
