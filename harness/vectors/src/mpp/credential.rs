//! Credentials, read and written. draft-httpauth-payment-00, "Credentials
//! (Authorization)".

use conform402_wire::base64url;
use conform402_wire::challenge::SCHEME;
use conform402_wire::credential::{Credential, UnusableCredential, to_field, token_of};
use conform402_wire::json::EncodedObject;
use serde_json::{Value, json};

use super::challenge::{OPTIONAL, PLAIN_REALM, REQUIRED, encoding, full, plain, with, without};
use super::lenient::{as_latin1, decoder_flags};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::input::{Input, capitalized};
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "mpp.credential.parse", evaluate: parse, describe: describe_parse },
        Operation { name: "mpp.credential.format", evaluate: format, describe: describe_format },
    ]
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

fn format(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let credential = input.object("credential")?.value();
    let credential = written(&Credential::from_json(credential).map_err(refusal)?)?;
    steps.record("json", credential.to_string());
    Ok(json!({ "field": to_field(&credential) }))
}

fn written(credential: &Credential) -> Result<Value, Refusal> {
    credential.to_json().map_err(|_| Refusal::new("credential-is-no-json"))
}

fn refusal(unusable: UnusableCredential) -> Refusal {
    match unusable {
        UnusableCredential::OtherScheme => Refusal::new("other-scheme"),
        UnusableCredential::NoToken => Refusal::new("token-is-missing"),
        UnusableCredential::Token(layer) => Refusal::new(encoding("token", &layer)),
        UnusableCredential::Member(misfit) => misfit.into(),
        UnusableCredential::EmptyId => Refusal::new("id-is-empty"),
    }
}

/// A credential for `challenge`, with an authorization as its proof.
fn credential(at: &Deployment, challenge: Value) -> Value {
    json!({
        "challenge": challenge,
        "payload": { "type": "hash", "hash": format!("0x{}", "c4".repeat(32)) },
        "source": format!("did:pkh:eip155:{}:{}", at.chain_id, at.address_of("payer")),
    })
}

/// Removes members of the challenge, wherever a value has one.
fn forget(value: &mut Value, members: &[&str]) {
    if let Some(challenge) = value["challenge"].as_object_mut() {
        challenge.retain(|name, _| !members.contains(&&**name));
    }
}

fn member_flags(cases: &mut Cases) {
    cases.flag(
        "TakesMissing",
        "takes a member that is absent or null for an empty one",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") && reason != "token-is-missing"),
    );
    cases.flag(
        "TakesOtherTypes",
        "takes a member of another type, or makes text of it",
        Bug::forgets_all(|reason| {
            reason.ends_with("-is-no-text")
                || ["challenge-is-no-object", "payload-is-no-object"].contains(&reason)
        }),
    );
    cases.flag("TakesAnEmptyId", "takes an echo without an id", Bug::forgets(&["id-is-empty"]));
}

fn member_rules(cases: &mut Cases) {
    cases.rule("challenge and payload are objects, source is text and may be absent. The members id, realm, method, intent and request of challenge are text; so are expires, digest, description and opaque, which may be absent. The id is not empty. Null is as good as absent; unknown members are left out, but for those of payload.");
    cases.rule("What the texts say is not looked at: that is for mpp.challenge.verify.");
}

/// Members that are absent, null, or of another type, in a credential.
fn misfits(at: &Deployment) -> Vec<(String, &'static str, Value, String)> {
    let sound = credential(at, full(at));
    let echo = |member: &str, value: Value| {
        with(&sound, "challenge", with(&sound["challenge"], member, value))
    };
    let mut misfits = Vec::new();
    for member in ["challenge", "payload"] {
        misfits.push((
            format!("no-{member}"),
            "A member is absent.",
            without(&sound, member),
            format!("{member}-is-missing"),
        ));
    }
    for member in REQUIRED {
        misfits.push((
            format!("no-{member}"),
            "The echo lacks a required parameter.",
            with(&sound, "challenge", without(&sound["challenge"], member)),
            format!("{member}-is-missing"),
        ));
    }
    for (name, comment, value, reason) in [
        (
            "challenge-as-text",
            "An object in a string.",
            with(&sound, "challenge", sound["challenge"].to_string()),
            "challenge-is-no-object",
        ),
        (
            "payload-as-text",
            "The proof alone.",
            with(&sound, "payload", format!("0x{}", "c4".repeat(32))),
            "payload-is-no-object",
        ),
        (
            "payload-as-list",
            "A list.",
            with(&sound, "payload", json!([sound["payload"]])),
            "payload-is-no-object",
        ),
        (
            "source-as-object",
            "A payer that is no text.",
            with(&sound, "source", json!({})),
            "source-is-no-text",
        ),
        ("id-as-number", "An id that is no text.", echo("id", json!(402)), "id-is-no-text"),
        ("empty-id", "An id that says nothing.", echo("id", json!("")), "id-is-empty"),
        (
            "request-as-object",
            "The request decoded, as JSON-RPC has it: not what was bound.",
            echo("request", super::challenge::request(at)),
            "request-is-no-text",
        ),
        (
            "expires-as-number",
            "Seconds since 1970.",
            echo("expires", json!(1_893_456_000)),
            "expires-is-no-text",
        ),
    ] {
        misfits.push((name.to_owned(), comment, value, reason.to_owned()));
    }
    misfits
}

fn describe_parse(cases: &mut Cases) {
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
    parse_flags(cases);
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

fn parse_flags(cases: &mut Cases) {
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
            super::challenge::field(&plain(at)),
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

fn describe_format(cases: &mut Cases) {
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
    format_flags(cases);
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

fn format_flags(cases: &mut Cases) {
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
            .map_or_else(|_| text.to_owned(), |object| super::challenge::encoded(&object))
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
