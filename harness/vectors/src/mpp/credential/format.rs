//! Writing a credential.

use conform402_wire::base64url;
use conform402_wire::credential::{Credential, to_field};
use conform402_wire::json::EncodedObject;
use serde_json::{Value, json};

use super::{credential, forget, member_flags, member_rules, misfits, refusal, written};
use crate::cases::Cases;
use crate::input::{Input, capitalized};
use crate::mpp::challenge::{encoded, full, plain, with, without};
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.credential.format", evaluate: format, describe }]
}

fn format(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let credential = input.object("credential")?.value();
    let credential = written(&Credential::from_json(credential).map_err(refusal)?)?;
    steps.record("json", credential.to_string());
    Ok(json!({ "field": to_field(&credential) }))
}

fn describe(cases: &mut Cases) {
    cases.summary("The Authorization field value of a credential.");
    cases.compared_by("mpp.credential.parse");
    cases.source(
        "The Payment credential is sent in the `Authorization` header using base64url encoding without padding",
        "draft-httpauth-payment-00, \"Credentials (Authorization)\"",
    );
    cases.source(
        "Clients MUST return this parameter unchanged in the credential and MUST NOT modify it.",
        "draft-httpauth-payment-00, \"Optional Parameters\"",
    );
    cases.rule("The output is the scheme, a space, and base64url without padding of the credential's JSON, in any form of it: mpp.credential.parse reads the credential back. Every parameter of the challenge is echoed as it was received.");
    member_rules(cases);
    flags(cases);
    let at = cases.deployment.clone();
    let given = |credential: Value| json!({ "credential": credential });
    let sound = credential(&at, plain(&at));
    let echo = |member: &str, value: &str| {
        with(&sound, "challenge", with(&sound["challenge"], member, value))
    };
    cases.valid("plain", "What is required, an expiry and a payer.", given(sound.clone()));
    cases.valid(
        "required-only",
        "Neither expiry nor payer.",
        given(without(&credential(&at, without(&plain(&at), "expires")), "source")),
    );
    for member in ["digest", "opaque"] {
        let whole = full(&at);
        let value = whole[member].as_str().unwrap_or_default();
        cases.valid(
            member,
            "A parameter that is bound must come back.",
            given(echo(member, value)),
        );
    }
    cases
        .valid(
            "described",
            "A description comes back, though no id depends on it.",
            given(credential(&at, full(&at))),
        )
        .should();
    cases.valid(
        "request-not-canonical",
        "The request comes back as it was received, canonical or not.",
        given(echo("request", &base64url::encode("{ \"b\": 1, \"a\": 2 }"))),
    );
    cases.valid(
        "request-padded",
        "The request comes back with the padding it had.",
        given(echo("request", "eyJhbW91bnQiOiIxMDAifQ==")),
    );
    cases.valid(
        "expires-with-offset",
        "The expiry comes back in its own form.",
        given(echo("expires", "2030-01-01T02:00:00.5+02:00")),
    );
    cases.valid(
        "opaque-not-canonical",
        "Correlation data comes back as it was received.",
        given(echo("opaque", &base64url::encode("{ \"order\": \"42\" }"))),
    );
    cases.valid("realm-past-ascii", "Text is UTF-8.", given(echo("realm", "Käse ₮ 🧀")));
    cases.valid("quotes", "JSON has its own escapes.", given(echo("realm", "the \"best\" \\ api")));
    cases.valid(
        "alphabet",
        "A token with the two characters in which base64url differs from base64.",
        given(with(&sound, "payload", json!({ "proof": "~~~~~~??????" }))),
    );
    cases.valid(
        "nested-payload",
        "A proof with objects and lists.",
        given(with(&sound, "payload", json!({ "proof": { "parts": ["a", { "b": null }] } }))),
    );
    for (name, comment, credential, reason) in misfits(&at) {
        cases.invalid(name, comment, given(credential), reason);
    }
}

fn flags(cases: &mut Cases) {
    fn in_echo(member: &'static str, change: fn(&str) -> String) -> Bug {
        Bug::misreads(move |input| {
            let pointer = format!("/credential/challenge/{member}");
            if let Some(Value::String(text)) = input.pointer_mut(&pointer) {
                *text = change(text);
            }
        })
    }
    fn canonical(text: &str) -> String {
        EncodedObject::from_wire(text)
            .decode()
            .map_or_else(|_| text.to_owned(), |object| encoded(&object))
    }
    for member in ["digest", "opaque", "description"] {
        cases.flag(
            format!("Drops{}", capitalized(member)),
            format!("does not echo {member}"),
            Bug::misreads(move |input| forget(&mut input["credential"], &[member])),
        );
    }
    cases.flag(
        "DropsTheSource",
        "does not say who pays",
        Bug::misreads(|input| {
            if let Some(credential) = input["credential"].as_object_mut() {
                credential.remove("source");
            }
        }),
    );
    cases.flag(
        "EncodesTheRequestAnew",
        "echoes what it decoded instead of what it received, so that the id no longer matches",
        in_echo("request", canonical),
    );
    cases.flag(
        "EncodesOpaqueAnew",
        "echoes the correlation data in another form than it received",
        in_echo("opaque", canonical),
    );
    cases.flag(
        "NormalizesExpires",
        "echoes the expiry in a form of its own",
        in_echo("expires", |text| {
            conform402_wire::timestamp::parse(text)
                .map_or_else(|_| text.to_owned(), |instant| instant.to_string())
        }),
    );
    cases.flag(
        "WritesStandardBase64",
        "writes + and /",
        Bug::miswrites(|output| {
            let field = output["field"].as_str().unwrap_or_default();
            output["field"] = field.replace('-', "+").replace('_', "/").into();
        }),
    );
    cases.flag(
        "WritesLatin1Only",
        "fails on, or loses, what JavaScript's btoa does not take",
        Bug::refuses(|input| input.to_string().chars().any(|c| u32::from(c) > 255)),
    );
    member_flags(cases);
}
