//! Reading a credential.

use conform402_wire::base64url;
use conform402_wire::challenge::SCHEME;
use conform402_wire::credential::{Credential, to_field, token_of};
use conform402_wire::json::EncodedObject;
use serde_json::{Value, json};

use super::{credential, forget, member_flags, member_rules, misfits, refusal, written};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::input::Input;
use crate::mpp::challenge::{self, OPTIONAL, PLAIN_REALM, REQUIRED, full, plain, with, without};
use crate::mpp::lenient::{as_latin1, decoder_flags};
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.credential.parse", evaluate: parse, describe }]
}

fn parse(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let field = input.text("field")?;
    if let Some(token) = token_of(field).filter(|token| !token.is_empty()) {
        steps.record("token", token);
        if let Ok(text) = EncodedObject::from_wire(token).text() {
            steps.record("json", text);
        }
    }
    written(&Credential::read(field).map_err(refusal)?)
}

fn describe(cases: &mut Cases) {
    cases.summary("The credential of an Authorization field value.");
    cases.source(
        "The base64url-nopad value is a base64url-encoded JSON object (without padding)",
        "draft-httpauth-payment-00, \"Credentials (Authorization)\"",
    );
    cases.source(
        "Malformed credential (invalid base64url, bad JSON)",
        "Machine Payments Protocol (seed 001), \"Status codes\"",
    );
    cases.source(
        "Servers MUST be able to handle credentials of at least 4KB.",
        "draft-httpauth-payment-00, \"Size Considerations\"",
    );
    cases.source(
        "implementations MUST ignore unknown parameters and fields.",
        "draft-httpauth-payment-00, \"Core Protocol\"",
    );
    cases.rule("The field is the scheme Payment, in any case, one or more spaces, and a token: base64url of the UTF-8 of a JSON object. Padding is tolerated.");
    member_rules(cases);
    cases.rule("The output has challenge, payload and, if there is one, source.");
    flags(cases);
    let at = cases.deployment.clone();
    let one = |credential: &Value| json!({ "field": to_field(credential) });
    read(cases, &at);
    fields(cases, &at);
    for (name, comment, credential, reason) in misfits(&at) {
        cases.invalid(name, comment, one(&credential), reason);
    }
    let sound = credential(&at, full(&at));
    for member in ["challenge", "payload"] {
        cases.invalid(
            format!("{member}-null"),
            "Null is as good as absent.",
            one(&with(&sound, member, Value::Null)),
            format!("{member}-is-missing"),
        );
    }
}

fn flags(cases: &mut Cases) {
    /// A token that is read in another way.
    fn in_token(change: impl Fn(&str) -> String + Send + Sync + 'static) -> Bug {
        Bug::misreads_text("field", move |field| match field.split_once(' ') {
            Some((scheme, token)) => format!("{scheme} {}", change(token)),
            None => field.to_owned(),
        })
    }
    decoder_flags(cases, |decoder| in_token(move |token| decoder.read(token)));
    cases.flag(
        "ReadsLatin1",
        "takes the bytes for Latin-1, as JavaScript's atob gives them",
        in_token(as_latin1),
    );
    cases.flag(
        "MatchesSchemeExactly",
        "overlooks the scheme in another case",
        Bug::refuses(|input| {
            !input["field"].as_str().is_some_and(|field| field.starts_with(SCHEME))
        }),
    );
    cases.flag(
        "MatchesAnyScheme",
        "cuts off the first word, or as many characters as the scheme has, whatever they are",
        Bug::misreads_text("field", |field| {
            let token = field.rsplit(' ').next().unwrap_or(field);
            format!("{SCHEME} {}", token.strip_prefix(SCHEME).unwrap_or(token))
        }),
    );
    cases.flag(
        "NeedsOneSpace",
        "takes the second space for the token's",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.contains("  "))),
    );
    cases.flag(
        "NeedsNoPadding",
        "refuses padding, which some payers write",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.ends_with('='))),
    );
    cases.flag(
        "NeedsShortTokens",
        "refuses a credential of 4096 bytes",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.len() > 4000)),
    );
    cases.flag(
        "TakesTheFirst",
        "takes the first of two credentials, where someone else may take the last",
        Bug::misreads_text("field", |field| {
            field.split_once(',').map_or(field, |(first, _)| first).to_owned()
        }),
    );
    cases.flag(
        "FailsOpen",
        "goes on when a credential cannot be read, as if it were paid",
        Bug::forgets_all(|reason| reason == "other-scheme" || (reason.starts_with("token-is-"))),
    );
    cases.flag(
        "DropsBoundParameters",
        "keeps the parameters it needs itself: what remains no longer matches the id",
        Bug::miswrites(|output| forget(output, &["digest", "opaque"])),
    );
    cases.flag(
        "DropsTheSource",
        "loses who pays",
        Bug::miswrites(|output| {
            if let Some(members) = output.as_object_mut() {
                members.remove("source");
            }
        }),
    );
    cases.flag(
        "DropsUnknownProof",
        "keeps of the payload what it knows itself",
        Bug::miswrites(|output| {
            if let Some(payload) = output["payload"].as_object_mut() {
                payload.retain(|name, _| ["type", "hash"].contains(&&**name));
            }
        }),
    );
    cases.flag(
        "RefusesNull",
        "refuses null, which some payers write for what is absent",
        Bug::refuses(|input| decoded(input).to_string().contains(":null")),
    );
    cases.flag(
        "RefusesUnknown",
        "refuses members it does not know, so that no new one can be added",
        Bug::refuses(|input| {
            let credential = decoded(input);
            let unknown = |object: &Value, known: &[&str]| {
                object
                    .as_object()
                    .is_some_and(|members| members.keys().any(|name| !known.contains(&&**name)))
            };
            unknown(&credential, &["challenge", "payload", "source"])
                || unknown(&credential["challenge"], &[&REQUIRED[..], &OPTIONAL].concat())
        }),
    );
    member_flags(cases);
}

fn decoded(input: &Value) -> Value {
    let token = input["field"].as_str().and_then(token_of).unwrap_or_default();
    EncodedObject::from_wire(token).decode().unwrap_or_default()
}

fn read(cases: &mut Cases, at: &Deployment) {
    let one = |credential: &Value| json!({ "field": to_field(credential) });
    let text = |text: &str| json!({ "field": format!("{SCHEME} {}", base64url::encode(text)) });
    let sound = credential(at, plain(at));
    let echo = |member: &str, value: Value| {
        with(&sound, "challenge", with(&sound["challenge"], member, value))
    };
    let undescribed = without(&full(at), "description");
    cases.valid("plain", "What is required, an expiry and a payer.", one(&sound));
    cases.valid("bound", "Digest and correlation data.", one(&credential(at, undescribed)));
    cases
        .valid(
            "described",
            "A description, which need not be echoed.",
            one(&credential(at, full(at))),
        )
        .should();
    cases.valid("no-source", "A payer need not say who it is.", one(&without(&sound, "source")));
    cases.valid(
        "empty-payload",
        "A proof without members.",
        one(&with(&sound, "payload", json!({}))),
    );
    cases.valid(
        "other-payload",
        "What a proof has is for the method to say.",
        one(&with(&sound, "payload", json!({ "proof": { "parts": ["a", "b"] }, "final": true }))),
    );
    cases.valid(
        "past-ascii",
        "JSON is UTF-8.",
        one(&with(&echo("realm", "Käse ₮".into()), "payload", json!({ "note": "支払い 🧀" }))),
    );
    cases.valid(
        "escaped",
        "The same text, escaped as JSON may have it.",
        text(&echo("realm", "K₮".into()).to_string().replace('₮', "\\u20ae").replace('/', "\\/")),
    );
    cases.valid(
        "spread-out",
        "JSON with white space.",
        text(&format!(
            " {}\n",
            sound.to_string().replace("\":", "\" : ").replace(",\"", ",\n\t\"")
        )),
    );
    cases.valid(
        "unknown-members",
        "What is not known is ignored.",
        one(&with(&echo("version", json!(2)), "extra", json!([1]))),
    );
    for (name, credential) in [
        (
            "expires-null",
            with(
                &sound,
                "challenge",
                with(&without(&sound["challenge"], "expires"), "expires", Value::Null),
            ),
        ),
        ("source-null", with(&sound, "source", Value::Null)),
    ] {
        cases.valid(name, "Null is as good as absent.", one(&credential)).should();
    }
    let room = 4096 - SCHEME.len() - 1;
    let filled = |length: usize| with(&sound, "payload", json!({ "proof": "x".repeat(length) }));
    let free = room / 4 * 3 - filled(0).to_string().len();
    cases.valid("four-kilobytes", "A field of about 4096 bytes.", one(&filled(free)));
    let field = to_field(&sound);
    for (name, comment, field) in [
        ("scheme-in-lower-case", "A scheme has no case.", field.replacen(SCHEME, "payment", 1)),
        (
            "spaces-behind-scheme",
            "One or more spaces follow the scheme.",
            field.replacen(' ', "   ", 1),
        ),
    ] {
        cases.valid(name, comment, json!({ "field": field }));
    }
    let padded = (0..4)
        .map(|length| to_field(&filled(length)))
        .find(|field| (field.len() - SCHEME.len() - 1) % 4 == 2)
        .unwrap_or_default();
    cases
        .valid(
            "padded",
            "No payer may pad, but every reader known takes it.",
            json!({ "field": format!("{padded}==") }),
        )
        .should();
}

fn fields(cases: &mut Cases, at: &Deployment) {
    let sound = credential(at, with(&plain(at), "realm", PLAIN_REALM));
    let field = to_field(&sound);
    let token = token_of(&field).unwrap_or_default();
    let text = sound.to_string();
    let standard = to_field(&with(&sound, "payload", json!({ "proof": "~~~~~~??????" })));
    let standard = standard.replace('-', "+").replace('_', "/");
    let latin1: Vec<u8> = with(&sound, "payload", json!({ "proof": "Käse" }))
        .to_string()
        .chars()
        .map(|c| u8::try_from(c).unwrap_or_default())
        .collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, comment, field, reason) in [
        ("bearer", "Another scheme.", field.replacen(SCHEME, "Bearer", 1), "other-scheme"),
        (
            "longer-scheme",
            "A scheme whose name is longer.",
            field.replacen(SCHEME, "Payments", 1),
            "other-scheme",
        ),
        ("token-only", "No scheme.", token.to_owned(), "other-scheme"),
        (
            "no-space",
            "Nothing between scheme and token.",
            field.replacen(' ', "", 1),
            "other-scheme",
        ),
        ("scheme-only", "No token.", SCHEME.to_owned(), "token-is-missing"),
        ("spaces-only", "No token behind the spaces.", format!("{SCHEME}   "), "token-is-missing"),
        (
            "raw-json",
            "JSON that is not encoded.",
            format!("{SCHEME} {text}"),
            "token-is-no-base64url",
        ),
        (
            "parameters",
            "The form of a challenge.",
            challenge::field(&plain(at)),
            "token-is-no-base64url",
        ),
        (
            "cut-off-character",
            "No bytes encode to 4n + 1 characters.",
            format!(
                "{SCHEME} {}A",
                base64url::encode(format!("{text}{}", " ".repeat((3 - text.len() % 3) % 3)))
            ),
            "token-is-no-base64url",
        ),
    ] {
        cases.invalid(name, comment, json!({ "field": field }), reason);
    }
    for (name, comment, field) in [
        ("standard-alphabet", "The other alphabet.", standard),
        (
            "junk",
            "A character that base64url does not have.",
            format!("{SCHEME} {}!{}", &token[..8], &token[8..]),
        ),
        ("two-credentials", "Two in one field: only one is allowed.", format!("{field}, {field}")),
    ] {
        cases.invalid(name, comment, json!({ "field": field }), "token-is-no-base64url").should();
    }
    for (name, comment, bytes, kind) in [
        ("latin1", "Text in Latin-1.", &latin1[..], "utf8"),
        ("utf16", "Text in UTF-16.", &utf16, "json"),
        ("text", "No JSON.", b"paid", "json"),
        ("cut-off", "The last brace is missing.", &text.as_bytes()[..text.len() - 1], "json"),
        ("two-objects", "Two objects.", format!("{text}{text}").as_bytes(), "json"),
        (
            "nan",
            "NaN is no number of JSON.",
            text.replace("\"type\":\"hash\"", "\"type\":NaN").as_bytes(),
            "json",
        ),
        ("list", "A list.", format!("[{text}]").as_bytes(), "object"),
        ("null", "Null, which is no object.", b"null", "object"),
        (
            "string",
            "An object in a string.",
            Value::String(text.clone()).to_string().as_bytes(),
            "object",
        ),
    ] {
        cases.invalid(
            name,
            comment,
            json!({ "field": format!("{SCHEME} {}", base64url::encode(bytes)) }),
            format!("token-is-no-{kind}"),
        );
    }
}
