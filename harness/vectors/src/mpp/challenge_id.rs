//! The challenge id. draft-httpauth-payment-00, "Recommended: HMAC-SHA256
//! Binding".

use alloy::hex;
use conform402_wire::base64url;
use conform402_wire::challenge::hmac_sha256;
use conform402_wire::json::canonical;
use serde_json::{Value, json};

use super::challenge::{request, with, without};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "mpp.challenge.id", evaluate, describe },
        Operation {
            name: "mpp.challenge.id-with-header",
            evaluate: evaluate_with_header,
            describe: describe_with_header,
        },
    ]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    bind(input, steps, |object| canonical(object).ok(), |slots| Ok(slots.join("|")))
}

/// The eighth slot of those who let a challenge name the header for its
/// credential: before the correlation data, and only if there is one.
const HEADER_SLOT: usize = 6;

fn evaluate_with_header(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    bind_with_header(input, steps, |slots, header| {
        if let Some(header) = header {
            slots.insert(HEADER_SLOT, header);
        }
    })
}

/// The binding with a header; bugs place it elsewhere.
fn bind_with_header(
    input: &Input<'_>,
    steps: &mut Steps,
    place: fn(&mut Vec<String>, Option<String>),
) -> Result<Value, Refusal> {
    let write = |object: &Value| canonical(object).ok();
    bind(input, steps, write, |mut slots| {
        place(&mut slots, input.optional_text("header")?.map(str::to_owned));
        Ok(slots.join("|"))
    })
}

/// The binding; bugs write objects, or join slots, in another way.
fn bind(
    input: &Input<'_>,
    steps: &mut Steps,
    write: fn(&Value) -> Option<String>,
    join: impl FnOnce(Vec<String>) -> Result<String, Refusal>,
) -> Result<Value, Refusal> {
    let secret = input.text("secret")?;
    if secret.is_empty() {
        return refuse("secret-is-empty");
    }
    if let Some(opaque) = input.optional("opaque") {
        let mut values = opaque.as_object().into_iter().flatten().map(|(_, value)| value);
        if opaque.is_object() && !values.all(Value::is_string) {
            return refuse("opaque-is-no-flat-object");
        }
    }
    let mut encode = |name: &str| -> Result<_, Refusal> {
        let text = write(input.object(name)?.value())
            .ok_or_else(|| Refusal::new(format!("{name}-has-no-canonical-form")))?;
        steps.record(&format!("{name}Canonical"), text.clone());
        let encoded = base64url::encode(text);
        steps.record(&format!("{name}Encoded"), encoded.clone());
        Ok(encoded)
    };
    let slots = vec![
        input.text("realm")?.to_owned(),
        input.text("method")?.to_owned(),
        input.text("intent")?.to_owned(),
        encode("request")?,
        input.optional_text("expires")?.unwrap_or_default().to_owned(),
        input.optional_text("digest")?.unwrap_or_default().to_owned(),
        input.optional("opaque").map(|_| encode("opaque")).transpose()?.unwrap_or_default(),
    ];
    let message = join(slots)?;
    steps.record("message", message.clone());
    let mac = hmac_sha256(secret.as_bytes(), message.as_bytes());
    steps.record("mac", hex::encode_prefixed(mac));
    Ok(json!({ "id": base64url::encode(mac) }))
}

/// JSON with `\u` for what is not ASCII.
fn escaped(object: &Value) -> Option<String> {
    let escape = |c: char| match c {
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    Some(canonical(object).ok()?.chars().map(escape).collect())
}

fn describe(cases: &mut Cases) {
    cases.summary("The id that binds a challenge to its parameters.");
    cases.source(
        "The HMAC input is constructed from exactly seven fixed positional slots. Required fields supply their string value; optional fields use an empty string (`\"\"`) when absent.",
        "draft-httpauth-payment-00, \"Recommended: HMAC-SHA256 Binding\"",
    );
    cases.rule("`request` and `opaque` are given as objects: JCS, then base64url without padding, makes the slots of them.");
    cases.rule("`opaque` is a flat object of strings. An optional parameter may be absent, or null, which is the same.");
    cases.rule("The key is the secret's UTF-8, and not empty; the message is UTF-8, too. An empty realm is a realm.");
    flags(cases);
    let at = cases.deployment.clone();
    cases.group(json!({ "secret": at.secret }));
    let plain = json!({
        "realm": at.realm, "method": "evm", "intent": "charge", "request": request(&at),
    });
    let with = |member: &str, value: Value| with(&plain, member, value);
    combinations(cases, &plain);
    cases.valid("session", "Another intent.", with("intent", "session".into()));
    cases.valid("other-method", "Another method.", with("method", "tempo".into()));
    cases.valid("empty-realm", "An empty realm is a slot like others.", with("realm", "".into()));
    cases.valid(
        "pipe-in-the-realm",
        "The separator is not escaped inside a slot.",
        with("realm", "a|b".into()),
    );
    cases.valid(
        "realm-past-ascii",
        "A realm outside ASCII is UTF-8.",
        with("realm", "Käse ₮".into()),
    );
    cases.valid("empty-request", "An object without members.", with("request", json!({})));
    cases.valid(
        "request-past-ascii",
        "Canonical JSON does not escape what is not ASCII.",
        with("request", json!({ "amount": "1", "description": "Käse ₮ 🧀" })),
    );
    cases.valid(
        "keys-past-the-plane",
        "Keys are in the order of their UTF-16 units, in which U+10000 comes before U+E000.",
        with("request", json!({ "\u{e000}": 1, "\u{10000}": 2, "amount": "1" })),
    );
    cases.valid(
        "numbers",
        "Numbers have the shortest form that ECMAScript gives them.",
        with("request", json!({ "a": 1e21, "b": 1e-7, "c": 100.0, "d": -0.0, "e": 4.5 })),
    );
    cases.valid(
        "alphabet",
        "A request whose encoding has the two characters in which base64url differs from base64.",
        with("request", json!({ "description": "??>>~~ÿÿ" })),
    );
    cases.valid(
        "opaque-past-ascii",
        "A correlation value outside ASCII.",
        with("opaque", json!({ "order": "₮" })),
    );
    cases.valid(
        "opaque-order",
        "Keys of a correlation object are sorted.",
        with("opaque", json!({ "b": "1", "a": "2" })),
    );
    cases.valid(
        "empty-opaque",
        "An empty correlation object is not an absent one.",
        with("opaque", json!({})),
    );
    cases.valid(
        "expires-with-offset",
        "An expiry enters as it is written, not as the instant it names.",
        with("expires", "2030-01-01T02:00:00+02:00".into()),
    );
    cases.valid(
        "expires-milliseconds",
        "The same instant in another spelling is another id.",
        with("expires", "2030-01-01T00:00:00.000Z".into()),
    );
    cases.valid(
        "digest-without-colons",
        "A digest enters as it is written.",
        with("digest", "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=".into()),
    );
    for member in ["realm", "method", "intent", "request"] {
        let mut lacking = plain.clone();
        if let Some(members) = lacking.as_object_mut() {
            members.remove(member);
        }
        cases.invalid(
            format!("no-{member}"),
            "A required parameter is absent; an empty slot would stand for it.",
            lacking,
            format!("{member}-is-missing"),
        );
    }
    for (member, value, kind) in [
        ("realm", json!(402), "text"),
        ("method", json!(["evm"]), "text"),
        ("intent", json!(true), "text"),
        ("request", json!([]), "object"),
        ("request", json!("eyJhbW91bnQiOiIxIn0"), "object"),
        ("expires", json!(1_893_456_000), "text"),
        ("digest", json!({}), "text"),
        ("opaque", json!("42"), "object"),
        ("opaque", json!([["order", "42"]]), "object"),
        ("opaque", json!({ "order": 42 }), "flat-object"),
    ] {
        let what = match &value {
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Number(_) => "number",
            Value::Bool(_) => "flag",
            _ => "object",
        };
        cases.invalid(
            format!("{member}-as-{what}"),
            "A parameter of another type.",
            with(member, value),
            format!("{member}-is-no-{kind}"),
        );
    }
    for (name, secret) in [
        ("secret-past-ascii", "Schlüssel ₮ of some length, in UTF-8".to_owned()),
        ("secret-of-a-block", "k".repeat(64)),
        ("secret-past-a-block", "k".repeat(65)),
    ] {
        cases.group(json!({ "secret": secret }));
        cases.valid(name, "HMAC pads short keys, and hashes those above 64 bytes.", plain.clone());
    }
    cases.group(json!({ "secret": "" }));
    cases.invalid("empty-secret", "Everyone knows the empty key.", plain, "secret-is-empty");
}

/// Every choice of the optional parameters.
fn combinations(cases: &mut Cases, plain: &Value) {
    let all = [
        ("expires", json!("2030-01-01T00:00:00Z")),
        ("digest", json!("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")),
        ("opaque", json!({ "order": "42" })),
    ];
    for choice in [0, 1, 2, 4, 3, 5, 6, 7] {
        let mut input = plain.clone();
        let mut names = Vec::new();
        for (index, (name, value)) in all.iter().enumerate() {
            if choice >> index & 1 == 1 {
                input[*name] = value.clone();
                names.push(*name);
            }
        }
        let name = if names.is_empty() { "only-required".to_owned() } else { names.join("-and-") };
        cases.valid(name, "Each absent slot is empty, and still has its separator.", input);
    }
}

fn describe_with_header(cases: &mut Cases) {
    cases.summary("The id that binds a challenge which names the header for its credential.");
    cases.profile("payment-authorization");
    cases.source(
        "adding a new optional slot in a future revision does not change the HMAC for challenges that omit it.",
        "draft-httpauth-payment-00, \"Recommended: HMAC-SHA256 Binding\"",
    );
    cases.rule("As mpp.challenge.id, with `header` as a slot between digest and opaque. Without `header` there are seven slots, not an empty eighth.");
    cases.rule("`request` and `opaque` are given as objects: JCS, then base64url without padding, makes the slots of them.");
    cases.flag(
        "IgnoresHeader",
        "does not bind the header's name",
        Bug::misreads(|input| {
            if let Some(members) = input.as_object_mut() {
                members.remove("header");
            }
        }),
    );
    cases.flag(
        "HeaderLast",
        "puts the header's name behind opaque",
        Bug::differs(|input| {
            bind_with_header(&Input::new(input), &mut Steps::default(), |slots, header| {
                slots.extend(header);
            })
        }),
    );
    cases.flag(
        "EmptyHeaderSlot",
        "has an eighth slot even if no header is named",
        Bug::differs(|input| {
            bind_with_header(&Input::new(input), &mut Steps::default(), |slots, header| {
                slots.insert(HEADER_SLOT, header.unwrap_or_default());
            })
        }),
    );
    flags_of_slots(cases);
    let at = cases.deployment.clone();
    cases.group(json!({ "secret": at.secret }));
    let headless = json!({
        "realm": at.realm, "method": "evm", "intent": "charge", "request": request(&at),
    });
    let plain = with(&headless, "header", "Payment-Authorization");
    combinations(cases, &plain);
    cases.valid(
        "no-header",
        "Who names no header binds seven slots, as everyone else.",
        with(&headless, "opaque", json!({ "order": "42" })),
    );
    for member in ["realm", "method", "intent", "request"] {
        cases.invalid(
            format!("no-{member}"),
            "A required parameter is absent; an empty slot would stand for it.",
            without(&plain, member),
            format!("{member}-is-missing"),
        );
    }
    for (member, what, value, kind) in [
        ("header", "flag", json!(true), "text"),
        ("header", "list", json!(["Payment-Authorization"]), "text"),
        ("request", "text", json!("eyJhbW91bnQiOiIxIn0"), "object"),
        ("opaque", "list", json!([["order", "42"]]), "object"),
    ] {
        cases.invalid(
            format!("{member}-as-{what}"),
            "A parameter of another type.",
            with(&plain, member, value),
            format!("{member}-is-no-{kind}"),
        );
    }
    cases.group(json!({ "secret": "" }));
    cases.invalid("empty-secret", "Everyone knows the empty key.", plain, "secret-is-empty");
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "AbsentSlotDropped",
        "joins only what is present, so that an expiry can pass for a digest",
        Bug::differs(|input| {
            bind(
                &Input::new(input),
                &mut Steps::default(),
                |object| canonical(object).ok(),
                |slots| {
                    let present: Vec<&str> =
                        slots.iter().map(String::as_str).filter(|slot| !slot.is_empty()).collect();
                    Ok(present.join("|"))
                },
            )
        }),
    );
    cases.flag(
        "EscapesPastAscii",
        "writes what is not ASCII as \\u escapes in canonical JSON",
        Bug::differs(|input| {
            let input = Input::new(input);
            bind(&input, &mut Steps::default(), escaped, |slots| Ok(slots.join("|")))
        }),
    );
    cases.flag(
        "OrdinarySerializer",
        "writes JSON with an ordinary serializer: keys by code point, numbers in a form of its own",
        Bug::differs(|input| {
            let write = |object: &Value| Some(object.to_string());
            bind(&Input::new(input), &mut Steps::default(), write, |slots| Ok(slots.join("|")))
        }),
    );
    for (flag, member) in
        [("ConstantRealm", "realm"), ("ConstantMethod", "method"), ("ConstantIntent", "intent")]
    {
        cases.flag(
            flag,
            format!("takes a constant for the {member}"),
            Bug::misreads_text(member, |_| "constant".to_owned()),
        );
    }
    cases.flag(
        "NormalizesExpires",
        "writes the expiry anew before binding it",
        Bug::misreads_text("expires", |text| {
            conform402_wire::timestamp::parse(text)
                .map_or_else(|_| text.to_owned(), |instant| instant.to_string())
        }),
    );
    flags_of_slots(cases);
}

/// The bugs that both bindings can have.
fn flags_of_slots(cases: &mut Cases) {
    for (flag, member, hunts) in [
        ("IgnoresExpires", "expires", "does not bind the expiry: a challenge lives for ever"),
        (
            "IgnoresDigest",
            "digest",
            "does not bind the body's digest: a payment for one body buys another",
        ),
        ("IgnoresOpaque", "opaque", "does not bind the server's correlation data"),
    ] {
        cases.flag(
            flag,
            hunts,
            Bug::misreads(move |input| {
                if let Some(members) = input.as_object_mut() {
                    members.remove(member);
                }
            }),
        );
    }
    cases.flag(
        "TakesMisfits",
        "binds something for what is absent or of another type",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
    cases.flag("EmptySecret", "works without a secret", Bug::forgets(&["secret-is-empty"]));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector found independently with two published SDKs (pympp and mppx).
    #[test]
    fn both_ids_of_a_known_challenge() {
        let mut input = json!({
            "secret": "conformance-secret",
            "realm": "api.example.com",
            "method": "evm",
            "intent": "charge",
            "request": {
                "amount": "10000",
                "currency": "0x779ded0c9e1022225f8e0630b35a9b54be713736",
                "recipient": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
                "methodDetails": { "chainId": 196, "feePayer": true },
            },
            "expires": "2030-01-01T00:00:00Z",
            "opaque": { "order": "42" },
        });
        let id = |input: &Value| {
            evaluate_with_header(&Input::new(input), &mut Steps::default()).unwrap()["id"].clone()
        };
        assert_eq!(id(&input), "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk");
        input["header"] = "Payment-Authorization".into();
        assert_eq!(id(&input), "cdZswnh3ktiV5biMqUpxIO1O6JVKo098O6mzZLZFTcg");
    }
}
