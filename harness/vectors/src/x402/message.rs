//! What the objects in headers have in common: the layers around them, and how
//! to get these wrong.

use conform402_wire::x402::Message;
use conform402_wire::x402::message::{Malformed, bytes_of, field_of, text_of};
use serde_json::{Value, json};

use super::offer::with;
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Refusal, Steps};

/// Reads the header value `field`; the output is the object, called `name`.
pub(super) fn decode(
    message: Message,
    name: &str,
    input: &Input<'_>,
    steps: &mut Steps,
) -> Result<Value, Refusal> {
    let text = text_of(input.text("field")?).map_err(refusal)?;
    steps.record("json", text.clone());
    let object = message.read(&text).map_err(refusal)?;
    Ok(json!({ name: object }))
}

/// Writes the object called `name`; the output is the header value `field`.
pub(super) fn encode(
    message: Message,
    name: &str,
    input: &Input<'_>,
    steps: &mut Steps,
) -> Result<Value, Refusal> {
    let text = message.write(input.member(name)?).map_err(refusal)?;
    steps.record("json", text.clone());
    Ok(json!({ "field": field_of(text) }))
}

/// Why a text is no object of the protocol.
pub(super) fn refusal(malformed: Malformed) -> Refusal {
    Refusal::new(match malformed {
        Malformed::Base64(_) => "no-base64",
        Malformed::Utf8(_) => "no-utf8",
        Malformed::Json(_) => "no-json",
        Malformed::NotObject => "no-object",
        Malformed::Version => "other-version",
        Malformed::NotCanonical(_) => "no-json-form",
        Malformed::Misfit(misfit) => return misfit.into(),
    })
}

/// Base64 of those characters of `text` that are in its alphabet.
fn without_strangers(text: &str) -> String {
    let mut known: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/')).collect();
    while !known.len().is_multiple_of(4) {
        known.push('=');
    }
    known
}

/// A change of the text that a field carries.
fn misreads_json(change: fn(&str) -> String) -> Bug {
    Bug::misreads_text("field", move |field| match text_of(field) {
        Ok(text) => field_of(change(&text)),
        Err(_) => field.to_owned(),
    })
}

/// The first JSON value of `text`.
fn first_value(text: &str) -> String {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => value.to_string(),
        _ => text.to_owned(),
    }
}

/// Rules of every header value.
pub(super) fn decode_rules(cases: &mut Cases) {
    cases.rule("The field is standard base64 (RFC 4648 §4), with padding, of a JSON object in UTF-8; `json` in the steps is its text. The output is the object as it was decoded: every member, in any order.");
    cases.rule("A sender pads. Whether a receiver takes a field without padding is left open.");
    cases.rule("Whether an object that should have an x402Version may lack it is left open.");
    cases.rule("A member that is null is as good as absent. A member of another type than the table's is refused. Members besides those of the table are the sender's own.");
}

/// Ways to get the layers around an object wrong.
pub(super) fn decode_flags(cases: &mut Cases) {
    cases.flag(
        "SkipsStrangers",
        "passes over what is not of base64's alphabet, as Python's b64decode and Node's Buffer do, so that one payment has many spellings",
        Bug::misreads_text("field", without_strangers),
    );
    cases.flag(
        "Base64Url",
        "decodes base64url, as MPP has it, and so not + and /",
        Bug::refuses(|input| {
            input["field"].as_str().is_some_and(|field| field.contains(['+', '/']))
        }),
    );
    cases.flag(
        "NoPadding",
        "decodes base64 without padding, as MPP has it, and refuses padding",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.ends_with('='))),
    );
    cases.flag(
        "BytesAsLatin1",
        "takes the bytes for characters, as atob() gives them: what is not ASCII is garbled, and a token's domain with it",
        misreads_json(|text| text.bytes().map(char::from).collect()),
    );
    cases.flag(
        "ReplacesBrokenText",
        "puts U+FFFD for what is no UTF-8 instead of refusing it",
        Bug::misreads_text("field", |field| match bytes_of(field) {
            Ok(bytes) => field_of(&*String::from_utf8_lossy(&bytes)),
            Err(_) => field.to_owned(),
        }),
    );
    cases.flag(
        "StopsBehindTheObject",
        "reads one JSON value and not what follows, as a stream decoder does",
        misreads_json(first_value),
    );
    cases.flag(
        "NotANumber",
        "takes NaN and Infinity for JSON, as Python's json does",
        misreads_json(|text| text.replace(":NaN", ":0").replace(":Infinity", ":0")),
    );
    cases.flag(
        "SwallowsErrors",
        "goes on with an empty object where decoding fails",
        Bug::forgets(&["no-base64", "no-utf8", "no-json", "no-object"]),
    );
    cases.flag(
        "ChecksNoMember",
        "takes any JSON object for the one it expects",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
}

/// The field that carries `object`.
pub(super) fn carried(object: &Value) -> Value {
    json!({ "field": field_of(object.to_string()) })
}

/// Fields whose layers are unusual and right. `free` points to a text of `good`
/// that may be anything.
pub(super) fn sound_layers(cases: &mut Cases, good: &Value, free: &str) {
    cases.valid(
        "past-ascii",
        "Text past ASCII is UTF-8, such as the name of the token USD₮0.",
        carried(&with(good, free, "USD₮0, Käse 🧀")),
    );
    cases.valid(
        "escaped-past-ascii",
        "The same as \\u escapes, which some serializers write.",
        json!({ "field": field_of(with(good, free, "USD@0").to_string().replace('@', "\\u20ae")) }),
    );
    cases.valid(
        "both-strangers-of-base64url",
        "The encoding has + and /, which base64url has not.",
        carried(&with(good, free, "???>>>~~~")),
    );
    let filler = |length: usize| with(good, free, "x".repeat(length));
    for length in 0..3 {
        let object = filler(length);
        let padding = (3 - object.to_string().len() % 3) % 3;
        cases.valid(format!("padding-{padding}"), "Each length of padding.", carried(&object));
    }
    cases.valid(
        "pretty",
        "White space in JSON means nothing.",
        json!({ "field": field_of(format!("{good:#}")) }),
    );
}

/// Fields whose layers are broken; each carries what would be `good`.
pub(super) fn broken_layers(cases: &mut Cases, good: &Value, free: &str) {
    let text = with(good, free, "???>>>~~~").to_string();
    let field = field_of(&text);
    let (head, tail) = field.split_at(40);
    for (name, comment, broken) in [
        ("no-json", "Base64 of something else.", field_of("payment")),
        ("list", "A list is no object.", field_of(format!("[{text}]"))),
        (
            "text",
            "JSON twice over: a text that holds the object.",
            field_of(Value::from(&*text).to_string()),
        ),
        ("base64-twice", "Encoded twice.", field_of(&field)),
        ("bare-json", "The object without base64.", text.clone()),
        ("empty", "An empty field.", String::new()),
        ("broken-off", "The end of the object is lost.", field_of(&text[..text.len() - 1])),
    ] {
        let reason = match name {
            "list" | "text" => "no-object",
            "bare-json" => "no-base64",
            _ => "no-json",
        };
        cases.invalid(name, comment, json!({ "field": broken }), reason);
    }
    for (name, comment, broken) in [
        ("inner-space", "A space in the middle.", format!("{head} {tail}")),
        ("wrapped", "Broken into lines, as for mail.", format!("{head}\r\n{tail}")),
    ] {
        cases.invalid(name, comment, json!({ "field": broken }), "no-base64").should();
    }
    for (name, comment, broken, reason) in [
        (
            "second-object",
            "An object behind the object: which of them is paid?",
            format!("{text}{text}").into_bytes(),
            "no-json",
        ),
        (
            "broken-utf8",
            "A byte that no UTF-8 has.",
            text.replace("~~~", "\u{1}")
                .into_bytes()
                .into_iter()
                .map(|b| if b == 1 { 0xff } else { b })
                .collect(),
            "no-utf8",
        ),
    ] {
        cases.invalid(name, comment, json!({ "field": field_of(broken) }), reason).should();
    }
}

/// Base64url where base64 is due; of some headers it is a dialect.
pub(super) fn other_alphabet(cases: &mut Cases, good: &Value, free: &str) {
    cases.flag(
        "EitherAlphabet",
        "takes base64url besides base64, as Node's Buffer does",
        Bug::misreads_text("field", |field| field.replace('-', "+").replace('_', "/")),
    );
    let field = field_of(with(good, free, "???>>>~~~").to_string());
    let url = field.replace('+', "-").replace('/', "_");
    cases
        .invalid("base64url", "Base64url, as MPP has it.", json!({ "field": url }), "no-base64")
        .should();
}

/// An object that carries what is not a number for the number at `pointer`.
pub(super) fn not_a_number(cases: &mut Cases, good: &Value, pointer: &str) {
    let text = with(good, pointer, "@").to_string().replace("\"@\"", "NaN");
    cases.invalid("nan", "NaN is no JSON.", json!({ "field": field_of(text) }), "no-json").should();
}

/// Rules, flags and cases that every encoder shares. `free` points to a text
/// that may be anything.
pub(super) fn encode_cases(
    cases: &mut Cases,
    member: &'static str,
    good: &Value,
    free: &str,
    others: &[(&'static str, &'static str, Value)],
) {
    cases.rule("The field is standard base64 (RFC 4648 §4), with padding and in one line, of the object's JSON in UTF-8. The order of members, white space and escapes are free: fields are compared decoded.");
    cases.rule("No member is lost, renamed or changed. The step `json` is one of the right texts, that of RFC 8785.");
    encode_flags(cases);
    let input = |object: &Value| json!({ member: object });
    cases.valid("plain", "An ordinary object.", input(good));
    cases.valid(
        "past-ascii",
        "Text past ASCII, which btoa() refuses.",
        input(&with(good, free, "USD₮0 🧀")),
    );
    cases.valid(
        "latin-1",
        "Text past ASCII that btoa() takes, for the wrong bytes.",
        input(&with(good, free, "Käse")),
    );
    cases.valid(
        "both-strangers-of-base64url",
        "The encoding has + and /.",
        input(&with(good, free, "???>>>~~~")),
    );
    for length in 0..3 {
        let object = with(good, free, "x".repeat(length));
        let padding = (3 - object.to_string().len() % 3) % 3;
        cases.valid(format!("padding-{padding}"), "Each length of padding.", input(&object));
    }
    cases.valid(
        "markup",
        "Signs that mean something in HTML, and in JSON nothing.",
        input(&with(good, free, "<a href='/?a=1&b=2'>\"\\\u{7f}</a>")),
    );
    for (name, comment, object) in others {
        cases.valid(*name, *comment, input(object));
    }
}

fn encode_flags(cases: &mut Cases) {
    let rewrite = |change: fn(&str) -> String| {
        Bug::miswrites(move |output| {
            if let Some(field) = output["field"].as_str() {
                output["field"] = change(field).into();
            }
        })
    };
    cases.flag(
        "Base64Url",
        "writes base64url, as MPP has it: - and _ for + and /",
        rewrite(|field| field.replace('+', "-").replace('/', "_")),
    );
    cases.flag(
        "NoPadding",
        "writes no padding, as MPP has it",
        rewrite(|field| field.trim_end_matches('=').to_owned()),
    );
    cases.flag(
        "CharactersAsLatin1",
        "writes characters past ASCII as bytes, as btoa() does, and fails at those past Latin-1",
        rewrite(|field| {
            let text = text_of(field).unwrap_or_default();
            match text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>() {
                Some(bytes) => field_of(bytes),
                None => String::new(),
            }
        }),
    );
}

/// A flag of encoders of objects with free-form members.
pub(super) fn drops_strangers(cases: &mut Cases, member: &'static str) {
    cases.flag(
        "DropsStrangers",
        "writes of the free-form members extra and payload only what it knows: name, version, signature and authorization",
        Bug::misreads(move |input| {
            let object = &mut input[member];
            for pointer in ["/accepted/extra", "/accepts/0/extra", "/payload"] {
                if let Some(Value::Object(members)) = object.pointer_mut(pointer) {
                    members.retain(|key, _| {
                        matches!(&**key, "name" | "version" | "signature" | "authorization")
                    });
                }
            }
        }),
    );
}
