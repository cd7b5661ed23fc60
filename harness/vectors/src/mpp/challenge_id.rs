//! The challenge id. draft-httpauth-payment-00, "Recommended: HMAC-SHA256
//! Binding".

use alloy::hex;
use conform402_wire::base64url;
use conform402_wire::challenge::hmac_sha256;
use conform402_wire::json::canonical;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.challenge.id", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    bind(input, steps, |object| canonical(object).ok(), |slots| slots.join("|"))
}

/// The binding; bugs write objects, or join slots, in another way.
fn bind(
    input: &Input<'_>,
    steps: &mut Steps,
    write: fn(&Value) -> Option<String>,
    join: fn(&[String]) -> String,
) -> Result<Value, Refusal> {
    let secret = input.text("secret")?;
    if secret.is_empty() {
        return refuse("secret-is-empty");
    }
    let mut encode = |name: &str| {
        let text = write(input.object(name)?.value())
            .ok_or_else(|| Refusal::new(format!("{name}-has-no-canonical-form")))?;
        steps.record(&format!("{name}Canonical"), text.clone());
        let encoded = base64url::encode(text);
        steps.record(&format!("{name}Encoded"), encoded.clone());
        Ok(encoded)
    };
    let slots = [
        input.text("realm")?.to_owned(),
        input.text("method")?.to_owned(),
        input.text("intent")?.to_owned(),
        encode("request")?,
        input.optional_text("expires")?.unwrap_or_default().to_owned(),
        input.optional_text("digest")?.unwrap_or_default().to_owned(),
        input.optional("opaque").map(|_| encode("opaque")).transpose()?.unwrap_or_default(),
    ];
    let message = join(&slots);
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
    cases.rule("The key is the secret's UTF-8; so is the message.");
    flags(cases);
    let at = cases.deployment.clone();
    cases.group(json!({ "secret": at.secret }));
    let request = json!({
        "amount": "10000",
        "currency": crate::deployment::lower(at.token),
        "recipient": at.address_of("payee"),
        "methodDetails": { "chainId": at.chain_id, "feePayer": true },
    });
    let plain =
        json!({ "realm": at.realm, "method": "evm", "intent": "charge", "request": request });
    let with = |member: &str, value: Value| {
        let mut changed = plain.clone();
        changed[member] = value;
        changed
    };
    let all = json!({
        "expires": "2030-01-01T00:00:00Z",
        "digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "opaque": { "order": "42" },
    });
    let some = |members: &[&str]| {
        let mut changed = plain.clone();
        for member in members {
            changed[*member] = all[*member].clone();
        }
        changed
    };
    for members in [
        &[][..],
        &["expires"],
        &["digest"],
        &["opaque"],
        &["expires", "digest"],
        &["expires", "opaque"],
        &["digest", "opaque"],
        &["expires", "digest", "opaque"],
    ] {
        let name =
            if members.is_empty() { "only-required".to_owned() } else { members.join("-and-") };
        cases.valid(name, "Each absent slot is empty, and still has its separator.", some(members));
    }
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

fn flags(cases: &mut Cases) {
    cases.flag(
        "AbsentSlotDropped",
        "joins only what is present, so that an expiry can pass for a digest",
        Bug::Differs(|input| {
            bind(
                &Input::new(input),
                &mut Steps::default(),
                |object| canonical(object).ok(),
                |slots| {
                    let present: Vec<&str> =
                        slots.iter().map(String::as_str).filter(|slot| !slot.is_empty()).collect();
                    present.join("|")
                },
            )
        }),
    );
    cases.flag(
        "EscapesPastAscii",
        "writes what is not ASCII as \\u escapes in canonical JSON",
        Bug::Differs(|input| {
            let input = Input::new(input);
            bind(&input, &mut Steps::default(), escaped, |slots| slots.join("|"))
        }),
    );
    cases.flag(
        "OrdinarySerializer",
        "writes JSON with an ordinary serializer: keys by code point, numbers in a form of its own",
        Bug::Differs(|input| {
            let write = |object: &Value| Some(object.to_string());
            bind(&Input::new(input), &mut Steps::default(), write, |slots| slots.join("|"))
        }),
    );
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
    cases.flag(
        "TakesMisfits",
        "binds something for what is absent or of another type",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
    cases.flag("EmptySecret", "works without a secret", Bug::forgets(&["secret-is-empty"]));
}
