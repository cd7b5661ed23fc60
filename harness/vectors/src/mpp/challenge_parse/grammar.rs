//! How a challenge is spelled, and what may stand beside it.

use conform402_wire::auth_params;
use conform402_wire::challenge::SCHEME;
use serde_json::Value;

use super::one;
use crate::cases::Cases;
use crate::mpp::challenge::{PLAIN_REALM, field, params, with, without};

/// A challenge with a realm that needs no quotes, each parameter as `write` has
/// it, separated by `between`.
fn written(challenge: &Value, between: &str, write: impl Fn(&str, &str) -> String) -> String {
    let challenge = with(challenge, "realm", PLAIN_REALM);
    let params: Vec<String> =
        params(&challenge).into_iter().map(|(name, value)| write(name, value)).collect();
    format!("{SCHEME} {}", params.join(between))
}

pub(super) fn spelling(cases: &mut Cases, plain: &Value, full: &Value) {
    let quoted = |name: &str, value: &str| format!("{name}=\"{value}\"");
    cases.valid("plain", "What is required, and an expiry.", one(field(plain)));
    cases.valid("full", "Every parameter.", one(field(full)));
    cases.valid("required-only", "An expiry is optional.", one(field(&without(plain, "expires"))));
    let mut reversed = params(full);
    reversed.reverse();
    cases.valid(
        "reversed",
        "The order of parameters means nothing.",
        one(auth_params::format(SCHEME, &reversed)),
    );
    cases
        .valid(
            "tokens",
            "Values that are tokens need no quotes.",
            one(written(&without(plain, "expires"), ", ", |name, value| format!("{name}={value}"))),
        )
        .should();
    cases
        .valid(
            "space-around-equals",
            "Bad white space around the sign.",
            one(written(plain, ", ", |name, value| format!("{name} =\t\"{value}\""))),
        )
        .should();
    cases.valid(
        "space-around-commas",
        "White space around a comma is optional.",
        one(written(plain, ",", quoted).replacen(',', " \t,", 1)),
    );
    cases.valid(
        "spaces-behind-scheme",
        "One or more spaces follow the scheme.",
        one(field(plain).replacen(' ', "   ", 1)),
    );
    cases
        .valid(
            "scheme-in-lower-case",
            "A scheme has no case.",
            one(field(plain).replacen(SCHEME, "payment", 1)),
        )
        .should();
    cases
        .valid(
            "capital-names",
            "Names of parameters have no case, though servers write them small.",
            one(written(plain, ", ", |name, value| quoted(&name.to_uppercase(), value))),
        )
        .should();
    for (name, comment, description) in [
        ("escapes", "Quotes and backslashes are escaped.", "He said \"hi\" \\ ok"),
        ("comma-in-a-value", "A comma inside quotes separates nothing.", "one, two=\"2\", three"),
        ("empty-description", "An optional parameter may be empty.", ""),
    ] {
        cases.valid(name, comment, one(field(&with(plain, "description", description))));
    }
    cases.valid(
        "needless-escape",
        "A backslash may be before any character.",
        one(field(plain).replace("\"charge\"", "\"ch\\arge\"")),
    );
    cases
        .valid(
            "challenge-in-a-value",
            "A challenge inside quotes is none.",
            one(field(&with(plain, "description", "x, Payment id=\"evil\", realm=\"y\""))),
        )
        .should();
    cases
        .valid(
            "description-past-ascii",
            "Text is UTF-8.",
            one(field(&with(plain, "description", "Käse ₮ 支払い 🧀"))),
        )
        .should();
    for (name, comment, written, read) in [
        (
            "line-separator",
            "U+2028, at which some end a line, is text like other.",
            "one\u{2028}two",
            "one\u{2028}two",
        ),
        (
            "escape-of-json",
            "A backslash stands for the character behind it, even before u: this reads u20ae.",
            "5 \\u20ae",
            "5 u20ae",
        ),
    ] {
        let field = field(&with(plain, "description", read)).replace(read, written);
        cases.valid(name, comment, one(field)).should();
    }
    cases.valid(
        "unknown-parameter",
        "What is not known is ignored.",
        one(format!("{}, version=\"2\"", field(plain))),
    );
    let room = 4096 - field(&with(plain, "description", "")).len();
    cases.valid(
        "four-kilobytes",
        "A field of 4096 bytes.",
        one(field(&with(plain, "description", "x".repeat(room)))),
    );
    cases.invalid(
        "open-quote",
        "The last quote is missing: something was cut off.",
        one(field(plain).trim_end_matches('"')),
        "field-is-malformed",
    );
    let request = plain["request"].as_str().unwrap_or_default();
    let broken = format!("{}\n{}", &request[..8], &request[8..]);
    cases.invalid(
        "newline-in-the-request",
        "Neither this character nor the space that may replace it is base64url.",
        one(field(&with(plain, "request", broken))),
        "control-character",
    );
    cases
        .invalid(
            "line-in-the-description",
            "It may be replaced by spaces, but refusing is safe.",
            one(field(&with(plain, "description", "one\r\nSet-Cookie: two"))),
            "control-character",
        )
        .should();
}

pub(super) fn other_challenges(cases: &mut Cases, plain: &Value) {
    let payment = field(plain);
    for (name, comment, field) in [
        (
            "bearer-before",
            "Another scheme before it.",
            format!("Bearer realm=\"other\", {payment}"),
        ),
        ("bare-scheme-before", "A scheme without parameters.", format!("Negotiate, {payment}")),
        ("token68-before", "A scheme with a token68.", format!("Negotiate YII+/w==, {payment}")),
    ] {
        cases.valid(name, comment, one(field)).should();
    }
    for (name, comment, field) in [
        (
            "all-of-it-in-bearer",
            "The parameters, but another scheme's.",
            payment.replacen(SCHEME, "Bearer", 1),
        ),
        (
            "longer-scheme",
            "A scheme whose name is longer.",
            payment.replacen(SCHEME, "Payment2", 1),
        ),
        (
            "in-another-value",
            "A challenge inside another scheme's quotes is only text.",
            "Bearer error_description=\"x, Payment id=a, realm=r, method=evm, intent=charge, request=e30\"".to_owned(),
        ),
    ] {
        cases.invalid(name, comment, one(field), "no-payment-challenge");
    }
    for (missing, other, first) in
        [("realm", "Bearer realm=\"other\"", true), ("request", "Other request=\"e30\"", false)]
    {
        let lacking = field(&without(plain, missing));
        let place = if first { "before" } else { "behind" };
        let whole =
            if first { format!("{other}, {lacking}") } else { format!("{lacking}, {other}") };
        cases.invalid(
            format!("{missing}-of-the-challenge-{place}"),
            "A parameter of another challenge does not stand in for a missing one.",
            one(whole),
            format!("{missing}-is-missing"),
        );
    }
    cases.invalid(
        "token68",
        "The form of a credential.",
        one("Payment eyJpZCI6IngifQ=="),
        "id-is-missing",
    );
    let cheap = with(plain, "id", "aaaaaaaaaaaaaaaaaaaaaa");
    cases.invalid(
        "two-challenges",
        "Two challenges; who mixes them signs one under the id of the other.",
        one(format!("{}, {payment}", field(&cheap))),
        "several-payment-challenges",
    );
    cases.invalid(
        "two-halves",
        "Two challenges that are one only if mixed.",
        one(format!("Payment id=\"aaaaaaaaaaaaaaaaaaaaaa\", {}", field(&without(plain, "id")))),
        "several-payment-challenges",
    );
}
