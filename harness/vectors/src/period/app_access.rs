//! The header that carries a proof of access.

use conform402_wire::base64url;
use conform402_wire::subscription::AccessProof;
use serde_json::{Value, json};

use super::access::{no_proof, proof};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "period.app-access.decode", evaluate: decode, describe: describe_decode },
        Operation {
            name: "period.app-access.encode",
            evaluate: |input, steps| {
                let proof = AccessProof::read(input.object("proof")?.value()).map_err(no_proof)?;
                steps.record("json", written(&proof)?.to_string());
                let field = proof.encode().map_err(|_| Refusal::new("cannot-be-written"))?;
                Ok(json!({ "field": field }))
            },
            describe: describe_encode,
        },
    ]
}

fn decode(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let field = input.text("field")?;
    if let Some(text) = base64url::decode(field).ok().and_then(|b| String::from_utf8(b).ok()) {
        steps.record("json", text);
    }
    Ok(json!({ "proof": written(&AccessProof::decode(field).map_err(no_proof)?)? }))
}

fn written(proof: &AccessProof) -> Result<Value, Refusal> {
    serde_json::to_value(proof).map_err(|_| Refusal::new("cannot-be-written"))
}

const NOW: u64 = 1_893_456_000;

fn about(cases: &mut Cases) {
    cases.source(
        "Header: APP-Access: base64url(JSON.stringify(accessProof)).",
        "OKX Node SDK Reference (seed 002), \"AccessProof\"",
    );
    cases.rule("A proof has kind, which is subscription-id, subId of 32 bytes, payer of 20 bytes, timestamp, a JSON integer from 0 up, and signature, in hexadecimal behind 0x.");
}

/// A proof that ends with a byte more or less, so that its encoding is or is
/// not padded.
fn proofs(at: &Deployment) -> [(&'static str, &'static str, Value); 4] {
    let sub_id = |byte: &str| format!("0x{}", byte.repeat(32));
    [
        ("plain", "An ordinary proof.", proof(at, &sub_id("51"), NOW)),
        ("short-time", "A time of nine digits.", proof(at, &sub_id("51"), 999_999_999)),
        ("long-time", "A time of eleven digits.", proof(at, &sub_id("51"), 10_000_000_000)),
        (
            "leading-zeros",
            "An id that begins with zeros.",
            proof(at, &format!("0x0000{}", "51".repeat(30)), NOW),
        ),
    ]
}

fn changed(proof: &Value, member: &str, value: Value) -> Value {
    let mut changed = proof.clone();
    if let Some(members) = changed.as_object_mut() {
        if value.is_null() {
            members.remove(member);
        } else {
            members.insert(member.to_owned(), value);
        }
    }
    changed
}

fn describe_decode(cases: &mut Cases) {
    cases.summary("Reads the header that carries a proof of access.");
    about(cases);
    cases.source(
        "Implementations MUST reject the encoded data if it contains characters outside the base alphabet when interpreting base-encoded data, unless the specification referring to this document explicitly states otherwise.",
        "RFC 4648, \"Interpretation of Non-Alphabet Characters in Encoded Data\"",
    );
    cases.rule("The field is base64url without padding of a JSON object; whitespace and the order of members inside are free. Padding should be taken too, since one buyer writes standard base64.");
    cases.rule("The output's proof has kind, subId, payer, timestamp and signature, hexadecimal digits in lower case. Nothing is verified here.");
    decode_flags(cases);
    let at = cases.deployment.clone();
    let encoded = |text: &str| json!({ "field": base64url::encode(text) });
    for (name, comment, proof) in proofs(&at) {
        cases.valid(name, comment, encoded(&proof.to_string()));
    }
    let good = proofs(&at)[0].2.clone();
    let field = base64url::encode(good.to_string());
    let pretty = serde_json::to_string_pretty(&good).unwrap_or_default();
    cases.valid("pretty", "On several lines.", encoded(&pretty));
    let upper = good["subId"].as_str().unwrap_or_default().replace("51", "C1");
    cases.valid(
        "upper-case",
        "An id with digits in upper case.",
        encoded(&changed(&good, "subId", upper.into()).to_string()),
    );
    let ordered = format!(
        r#"{{"kind":{},"subId":{},"payer":{},"timestamp":{},"signature":{}}}"#,
        good["kind"], good["subId"], good["payer"], good["timestamp"], good["signature"]
    );
    cases.valid("as-documented", "Members in the order of the seed.", encoded(&ordered));
    let spaced = format!("{ordered} ");
    for (name, comment, text) in [
        ("padded", "With padding, as standard base64 has it.", &ordered),
        ("padded-otherwise", "With padding of another length.", &spaced),
    ] {
        let bare = base64url::encode(text);
        let padding = "=".repeat((4 - bare.len() % 4) % 4);
        if !padding.is_empty() {
            cases.valid(name, comment, json!({ "field": bare + &padding })).should();
        }
    }
    let middle = field.len() / 2;
    let (head, tail) = field.split_at(middle);
    for (name, comment, broken) in [
        ("space-inside", "A space inside.", format!("{head} {tail}")),
        ("line-inside", "A line break inside.", format!("{head}\n{tail}")),
        ("star-inside", "A character of no alphabet.", format!("{head}*{tail}")),
        ("dot-inside", "A dot inside, as a token has it.", format!("{head}.{tail}")),
        ("not-encoded", "JSON that is not encoded.", good.to_string()),
        (
            "a-character-over",
            "A length that no bytes have.",
            format!("{}A", &field[..field.len() / 4 * 4]),
        ),
    ] {
        cases.invalid(name, comment, json!({ "field": broken }), "field-is-no-base64url");
    }
    for (name, comment, text) in [
        ("empty", "No characters.", ""),
        ("cut-short", "A proof that breaks off.", &good.to_string()[..120]),
        ("word", "A word.", "proof"),
        ("encoded-twice", "Base64url of base64url.", field.as_str()),
    ] {
        cases.invalid(name, comment, encoded(text), "field-is-no-json");
    }
    let latin = base64url::encode([b"{\"kind\":\"".as_slice(), &[0xff], b"\"}"].concat());
    cases.invalid(
        "not-utf-8",
        "Bytes that are no UTF-8.",
        json!({ "field": latin }),
        "field-is-no-json",
    );
    for (name, comment, value) in [
        ("list", "A list of one proof.", json!([good])),
        ("null", "Null.", json!(null)),
        ("text", "A proof that is JSON within text.", json!(good.to_string())),
    ] {
        cases.invalid(name, comment, encoded(&value.to_string()), "field-is-no-object");
    }
    misfits(cases, &good, |proof| encoded(&proof.to_string()));
}

fn decode_flags(cases: &mut Cases) {
    cases.flag(
        "LenientBase64",
        "drops characters that no alphabet has, so that one proof has many spellings",
        Bug::misreads_text("field", |field| {
            let known = |c: &char| c.is_ascii_alphanumeric() || "-_+/=".contains(*c);
            field.chars().filter(known).collect()
        }),
    );
    cases.flag(
        "WantsPadding",
        "refuses what is not padded, as a decoder of standard base64 does",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.len() % 4 != 0)),
    );
    cases.flag(
        "RefusesPadding",
        "refuses what is padded",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.ends_with('='))),
    );
    cases.flag(
        "TakesUnreadable",
        "goes on with a header it cannot read",
        Bug::forgets_all(|reason| reason.starts_with("field-is-no-")),
    );
    shape_flags(cases);
}

fn shape_flags(cases: &mut Cases) {
    cases.flag("AnyKind", "takes a proof of any kind", Bug::forgets(&["kind-is-unknown"]));
    cases.flag(
        "TakesMisfits",
        "takes a proof with members that are absent or do not fit their types",
        Bug::forgets_all(|reason| {
            reason.ends_with("-is-missing")
                || reason.contains("-is-no-") && !reason.starts_with("field-")
        }),
    );
}

fn misfits(cases: &mut Cases, good: &Value, wrap: impl Fn(&Value) -> Value) {
    for (member, name) in [
        ("kind", "kind"),
        ("subId", "sub-id"),
        ("payer", "payer"),
        ("timestamp", "timestamp"),
        ("signature", "signature"),
    ] {
        cases.invalid(
            format!("no-{name}"),
            "A member is absent; nothing may stand in for it.",
            wrap(&changed(good, member, Value::Null)),
            format!("{name}-is-missing"),
        );
    }
    cases.invalid(
        "another-kind",
        "A proof of another kind.",
        wrap(&changed(good, "kind", "plan-id".into())),
        "kind-is-unknown",
    );
    for (name, comment, member, value, reason) in [
        (
            "time-as-date",
            "A date.",
            "timestamp",
            json!("2030-01-01T00:00:00Z"),
            "timestamp-is-no-integer",
        ),
        (
            "payer-as-object",
            "A payer that is no text.",
            "payer",
            json!({ "address": good["payer"] }),
            "payer-is-no-address",
        ),
        (
            "subscription-as-number",
            "An id that is a number.",
            "subId",
            json!(51),
            "sub-id-is-no-bytes32",
        ),
        (
            "signature-as-list",
            "A signature in parts.",
            "signature",
            json!(["0x11", "0x22", 27]),
            "signature-is-no-bytes",
        ),
    ] {
        cases.invalid(name, comment, wrap(&changed(good, member, value)), reason);
    }
    for (name, comment, member, value, reason) in [
        (
            "time-fraction",
            "A time with milliseconds.",
            "timestamp",
            json!(1_893_456_000.5),
            "timestamp-is-no-integer",
        ),
        (
            "subscription-short",
            "An id of 31 bytes.",
            "subId",
            json!(format!("0x{}", "51".repeat(31))),
            "sub-id-is-no-bytes32",
        ),
        (
            "payer-short",
            "An address of 19 bytes.",
            "payer",
            json!(format!("0x{}", "11".repeat(19))),
            "payer-is-no-address",
        ),
        (
            "signature-word",
            "A signature without hexadecimal digits.",
            "signature",
            json!("signed"),
            "signature-is-no-bytes",
        ),
    ] {
        cases.invalid(name, comment, wrap(&changed(good, member, value)), reason).should();
    }
}

/// Writes another field for the same proof.
fn rewritten(write: fn(&[u8]) -> Vec<u8>) -> Bug {
    Bug::miswrites(move |output| {
        let field = output["field"].as_str().unwrap_or_default();
        let bytes = base64url::decode(field).unwrap_or_default();
        output["field"] = String::from_utf8_lossy(&write(&bytes)).into_owned().into();
    })
}

/// The proof inside `bytes`, changed and encoded again.
fn with_member(bytes: &[u8], member: &str, value: Value) -> Vec<u8> {
    let proof: Value = serde_json::from_slice(bytes).unwrap_or_default();
    base64url::encode(changed(&proof, member, value).to_string()).into_bytes()
}

fn describe_encode(cases: &mut Cases) {
    cases.summary("Writes the header that carries a proof of access.");
    cases.compared_by("period.app-access.decode");
    about(cases);
    cases.rule("The field is base64url of the proof's JSON. The order of members is free, as is what period.app-access.decode reads alike.");
    cases.rule("Steps: json is the canonical JSON (JCS) of the proof as period.app-access.decode gives it, digits in lower case.");
    cases.flag("NotEncoded", "writes the JSON as it is", rewritten(<[u8]>::to_vec));
    cases.flag(
        "EncodedTwice",
        "encodes what is encoded",
        rewritten(|bytes| base64url::encode(base64url::encode(bytes)).into_bytes()),
    );
    cases.flag(
        "NoKind",
        "leaves the kind out",
        rewritten(|bytes| with_member(bytes, "kind", Value::Null)),
    );
    cases.flag(
        "TimeAsText",
        "writes the time as a date",
        rewritten(|bytes| with_member(bytes, "timestamp", "2030-01-01T00:00:00Z".into())),
    );
    cases.flag(
        "Milliseconds",
        "writes the time in milliseconds",
        rewritten(|bytes| {
            let proof: Value = serde_json::from_slice(bytes).unwrap_or_default();
            let time = proof["timestamp"].as_u64().unwrap_or_default();
            with_member(bytes, "timestamp", (time * 1000).into())
        }),
    );
    shape_flags(cases);
    let at = cases.deployment.clone();
    for (name, comment, proof) in proofs(&at) {
        cases.valid(name, comment, json!({ "proof": proof }));
    }
    let good = proofs(&at)[0].2.clone();
    let payer = at.key("payer").address().to_checksum(None);
    cases.valid(
        "checksummed",
        "An address with the capitals of EIP-55.",
        json!({ "proof": changed(&good, "payer", payer.into()) }),
    );
    cases.valid(
        "zero-time",
        "The beginning of time.",
        json!({ "proof": changed(&good, "timestamp", 0.into()) }),
    );
    misfits(cases, &good, |proof| json!({ "proof": proof }));
}
