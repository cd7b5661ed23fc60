//! Writing a challenge. draft-httpauth-payment-00, "Challenge
//! (WWW-Authenticate)".

use conform402_wire::base64url;
use conform402_wire::challenge::Challenge;
use serde_json::{Value, json};

use super::challenge::{REQUIRED, full, plain, record_objects, refusal, with, without};
use crate::cases::Cases;
use crate::input::{Input, capitalized};
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.challenge.format", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let challenge = Challenge::from_json(input.object("challenge")?.value())?;
    record_objects(steps, &challenge);
    Ok(json!({ "field": challenge.to_checked_field().map_err(refusal)? }))
}

fn describe(cases: &mut Cases) {
    cases.summary("The WWW-Authenticate field value of a challenge.");
    cases.compared_by("mpp.challenge.parse");
    cases.source(
        "Servers MUST NOT emit a Payment challenge with a missing or empty `id`",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.source(
        "Padding characters (\"=\") MUST NOT be included.",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.source(
        "Field values containing CR, LF, or NUL characters are invalid and dangerous",
        "RFC 9110, \"Field Values\"",
    );
    cases.rule("`challenge` has the parameters as text; `request` and `opaque` as they go over the wire. The output is one challenge that mpp.challenge.parse reads as it was given.");
    cases.rule("id, realm, method, intent and request must be there, and the id not be empty. What mpp.challenge.parse refuses of method, intent, expires, request and opaque is refused here, too. So is padding, which is a SHOULD here: mpp.base64url.encode must not write it, and what it wrote comes encoded.");
    cases.rule("An optional parameter may be absent, or null, which is the same. Unknown members are left out.");
    cases.rule("A character below U+0020, except the tab, or U+007F is refused in every parameter. In quoted strings the quote and the backslash are escaped.");
    flags(cases);
    let at = cases.deployment.clone();
    let plain = plain(&at);
    sound(cases, &plain, &full(&at));
    unsound(cases, &plain);
}

fn given(challenge: Value) -> Value {
    json!({ "challenge": challenge })
}

/// Changes every text of the challenge that is written.
fn in_texts(change: fn(&str) -> String) -> Bug {
    Bug::misreads(move |input| {
        for (_, value) in input["challenge"].as_object_mut().into_iter().flatten() {
            if let Value::String(text) = value {
                *text = change(text);
            }
        }
    })
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "EscapesNothing",
        "writes quotes as they are: a description can end its string and add parameters",
        Bug::miswrites(|output| {
            let field = output["field"].as_str().unwrap_or_default();
            output["field"] = field.replace("\\\"", "\"").replace("\\\\", "\\").into();
        }),
    );
    cases.flag(
        "EscapesQuotesOnly",
        "leaves backslashes as they are: the one at the end opens the string again",
        Bug::miswrites(|output| {
            let field = output["field"].as_str().unwrap_or_default();
            output["field"] = field.replace("\\\\", "\\").into();
        }),
    );
    cases.flag(
        "EscapesAsJson",
        "writes what is not ASCII as \\u, which a quoted string does not have",
        in_texts(|text| {
            text.chars()
                .map(|c| if c.is_ascii() { c.to_string() } else { format!("u{:04x}", c as u32) })
                .collect()
        }),
    );
    cases.flag(
        "WritesControlCharacters",
        "writes line ends into the header: whoever chooses a description adds headers",
        Bug::forgets(&["control-character"]),
    );
    cases.flag(
        "DropsControlCharacters",
        "leaves out what it cannot write, so that the value is not the one that was bound",
        in_texts(|text| text.replace(|c: char| c.is_ascii_control(), "")),
    );
    for member in ["expires", "digest", "description", "opaque"] {
        cases.flag(
            format!("Drops{}", capitalized(member)),
            format!("does not write {member}"),
            Bug::misreads(move |input| {
                if let Some(challenge) = input["challenge"].as_object_mut() {
                    challenge.remove(member);
                }
            }),
        );
    }
    cases.flag(
        "DropsEmpty",
        "leaves out a parameter that is there, but empty",
        Bug::misreads(|input| {
            if let Some(challenge) = input["challenge"].as_object_mut() {
                challenge.retain(|_, value| value != "");
            }
        }),
    );
    cases.flag(
        "WritesMisfits",
        "writes something for what is absent or no text",
        Bug::forgets_all(|reason| {
            reason.ends_with("-is-missing") || reason.ends_with("-is-no-text")
        }),
    );
    cases.flag("WritesAnEmptyId", "writes an empty id", Bug::forgets(&["id-is-empty"]));
    cases.flag(
        "WritesWhatPayersRefuse",
        "writes parameters that no payer may answer",
        Bug::forgets_all(|reason| {
            (reason.contains("-is-no-") && !reason.ends_with("-text"))
                || reason == "opaque-is-no-map-of-text"
        }),
    );
    cases.flag("WritesPadding", "writes padding", Bug::forgets(&["request-is-padded"]));
}

fn sound(cases: &mut Cases, plain: &Value, full: &Value) {
    cases.valid("plain", "What is required, and an expiry.", given(plain.clone()));
    cases.valid("full", "Every parameter.", given(full.clone()));
    cases.valid("required-only", "Without an expiry.", given(without(plain, "expires")));
    for (name, comment, member, value) in [
        ("quotes", "Quotes are escaped.", "description", "He said \"hi\""),
        ("backslash", "A backslash is escaped.", "description", "a\\b"),
        (
            "backslash-at-the-end",
            "An unescaped one would take the quote with it.",
            "description",
            "a\\",
        ),
        (
            "quote-in-the-realm",
            "A realm is escaped like a description.",
            "realm",
            "the \"best\" api",
        ),
        (
            "injected-parameter",
            "A quote in the text ends nothing.",
            "description",
            "x\", request=\"e30",
        ),
        (
            "injected-challenge",
            "A challenge in the text is none.",
            "description",
            "x\", Payment id=\"y",
        ),
        ("commas", "Commas and equals signs need no escape.", "description", "a, b=c, d"),
        ("empty-description", "An empty text.", "description", ""),
        ("intent-with-hyphen", "A longer intent.", "intent", "charge-v2"),
    ] {
        cases.valid(name, comment, given(with(plain, member, value)));
    }
    cases
        .valid(
            "description-past-ascii",
            "Text is UTF-8; better is none outside ASCII.",
            given(with(plain, "description", "Käse ₮ 🧀")),
        )
        .should();
    cases
        .valid("tab", "A quoted string may have a tab.", given(with(plain, "description", "a\tb")))
        .should();
    cases.valid(
        "opaque",
        "Correlation data.",
        given(with(plain, "opaque", base64url::encode("{\"order\":\"42\"}"))),
    );
}

fn unsound(cases: &mut Cases, plain: &Value) {
    for name in REQUIRED {
        cases.invalid(
            format!("no-{name}"),
            "A required parameter is absent.",
            given(without(plain, name)),
            format!("{name}-is-missing"),
        );
    }
    for (name, member, value) in [
        ("request-as-object", "request", json!({ "amount": "1" })),
        ("expires-as-number", "expires", json!(1_893_456_000)),
        ("opaque-as-object", "opaque", json!({ "order": "42" })),
    ] {
        cases.invalid(
            name,
            "A parameter that is no text.",
            given(with(plain, member, value)),
            format!("{member}-is-no-text"),
        );
    }
    cases.invalid("empty-id", "No id.", given(with(plain, "id", "")), "id-is-empty");
    for (name, comment, member, value) in [
        (
            "line-in-the-description",
            "A line end and another header.",
            "description",
            "x\r\nSet-Cookie: a=b",
        ),
        ("newline-in-the-description", "A line end alone.", "description", "x\ny"),
        ("return-in-the-realm", "Half a line end.", "realm", "x\ry"),
        ("nul-in-the-id", "A NUL.", "id", "abc\0"),
        ("escape-in-the-description", "A terminal's escape.", "description", "\u{1b}[2J"),
        ("delete-in-the-description", "The last of ASCII.", "description", "x\u{7f}"),
        (
            "newline-in-the-digest",
            "A line end in a value that no one looks at.",
            "digest",
            "sha-256=\n",
        ),
    ] {
        cases.invalid(name, comment, given(with(plain, member, value)), "control-character");
    }
    for (name, comment, member, value, reason) in [
        (
            "method-capital",
            "A method is in lower case.",
            "method",
            "EVM",
            "method-is-no-identifier",
        ),
        (
            "empty-method",
            "A method has a letter at least.",
            "method",
            "",
            "method-is-no-identifier",
        ),
        (
            "intent-underscore",
            "An intent has no underscore.",
            "intent",
            "charge_v2",
            "intent-is-no-identifier",
        ),
        (
            "empty-intent",
            "An intent has a character at least.",
            "intent",
            "",
            "intent-is-no-identifier",
        ),
        (
            "expires-local",
            "An expiry has an offset.",
            "expires",
            "2030-01-01T00:00:00",
            "expires-is-no-instant",
        ),
        (
            "request-raw",
            "A request that is not encoded.",
            "request",
            "{\"amount\":\"1\"}",
            "request-is-no-base64url",
        ),
        ("request-list", "A request that is a list.", "request", "W10", "request-is-no-object"),
        ("request-text", "A request that is no JSON.", "request", "YW1vdW50", "request-is-no-json"),
        (
            "opaque-number",
            "Correlation data with a number.",
            "opaque",
            "eyJvcmRlciI6NDJ9",
            "opaque-is-no-map-of-text",
        ),
    ] {
        cases.invalid(name, comment, given(with(plain, member, value)), reason);
    }
    cases
        .invalid(
            "request-padded",
            "Padding may not be written, and taking it off would leave what was bound.",
            given(with(plain, "request", "eyJhbW91bnQiOiIxMDAifQ==")),
            "request-is-padded",
        )
        .should();
}
