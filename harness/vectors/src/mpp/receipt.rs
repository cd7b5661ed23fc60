//! Receipts, read and written. draft-httpauth-payment-00, "Payment-Receipt
//! Header".

use conform402_wire::base64url;
use conform402_wire::json::EncodedObject;
use conform402_wire::receipt::{Receipt, UnusableReceipt};
use serde_json::{Value, json};

use super::challenge::{encoding, with, without};
use super::lenient::{as_latin1, decoder_flags};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

/// What every receipt says.
const MEMBERS: [&str; 4] = ["status", "method", "timestamp", "reference"];

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "mpp.receipt.parse", evaluate: parse, describe: describe_parse },
        Operation { name: "mpp.receipt.format", evaluate: format, describe: describe_format },
    ]
}

fn parse(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let field = input.text("field")?;
    if let Ok(text) = EncodedObject::from_wire(field).text() {
        steps.record("json", text);
    }
    let receipt = Receipt::read(field).map_err(refusal)?;
    Ok(json!({ "receipt": {
        "status": receipt.status,
        "method": receipt.method,
        "timestamp": receipt.timestamp,
        "reference": receipt.reference,
    }}))
}

fn format(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let receipt = Receipt::from_json(input.object("receipt")?.value()).map_err(refusal)?;
    let field = receipt.to_field().map_err(|_| Refusal::new("receipt-is-no-json"))?;
    if let Ok(text) = EncodedObject::from_wire(field.as_str()).text() {
        steps.record("json", text);
    }
    Ok(json!({ "field": field }))
}

fn refusal(unusable: UnusableReceipt) -> Refusal {
    match unusable {
        UnusableReceipt::Field(layer) => Refusal::new(encoding("field", &layer)),
        UnusableReceipt::Padded => Refusal::new("field-is-padded"),
        UnusableReceipt::Member(misfit) => misfit.into(),
        UnusableReceipt::Status(_) => Refusal::new("status-is-no-success"),
        UnusableReceipt::Timestamp(_) => Refusal::new("timestamp-is-no-instant"),
    }
}

fn plain() -> Value {
    json!({
        "status": "success",
        "method": "evm",
        "timestamp": "2030-01-01T00:00:00Z",
        "reference": format!("0x{}", "7c".repeat(32)),
    })
}

fn field(receipt: &Value) -> String {
    base64url::encode(receipt.to_string())
}

fn rules(cases: &mut Cases) {
    cases.source(
        "The `status` field MUST be `\"success\"`",
        "draft-httpauth-payment-00, \"Receipt Status Semantics\"",
    );
    cases.source(
        "The receipt is a base64url-encoded JSON object.",
        "Machine Payments Protocol (seed 001), \"Receipts\"",
    );
    cases.source(
        "Payment method specifications MAY define additional fields for receipts.",
        "draft-httpauth-payment-00, \"Payment-Receipt Header\"",
    );
    cases.rule("status, method, timestamp and reference are text and must be there. status is success, in small letters; timestamp an RFC 3339 date-time with an offset.");
}

fn member_flags(cases: &mut Cases) {
    cases.flag(
        "TakesMissing",
        "takes a member that is absent for an empty one",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing")),
    );
    cases.flag(
        "TakesOtherTypes",
        "takes a member of another type, or makes text of it",
        Bug::forgets_all(|reason| reason.ends_with("-is-no-text")),
    );
    cases.flag(
        "TakesAnyStatus",
        "takes a receipt for a payment that did not succeed",
        Bug::forgets(&["status-is-no-success"]),
    );
    cases.flag(
        "TakesAnyTimestamp",
        "takes a time that is no instant",
        Bug::forgets(&["timestamp-is-no-instant"]),
    );
}

/// Receipts with one thing wrong.
fn misfits(plain: &Value) -> Vec<(String, &'static str, Value, String)> {
    let mut misfits = Vec::new();
    for member in MEMBERS {
        misfits.push((
            format!("no-{member}"),
            "A member is absent.",
            without(plain, member),
            format!("{member}-is-missing"),
        ));
    }
    for (name, comment, member, value, reason) in [
        ("status-failed", "Nothing was paid.", "status", json!("failed"), "status-is-no-success"),
        (
            "status-pending",
            "Nothing was paid yet.",
            "status",
            json!("pending"),
            "status-is-no-success",
        ),
        ("status-capital", "Another word.", "status", json!("Success"), "status-is-no-success"),
        ("status-flag", "True is no status.", "status", json!(true), "status-is-no-text"),
        ("method-list", "Several methods.", "method", json!(["evm"]), "method-is-no-text"),
        (
            "reference-object",
            "A reference that is no text.",
            "reference",
            json!({ "hash": "0x1" }),
            "reference-is-no-text",
        ),
        (
            "timestamp-number",
            "Seconds since 1970.",
            "timestamp",
            json!(1_893_456_000),
            "timestamp-is-no-text",
        ),
        (
            "timestamp-local",
            "No offset, so no instant.",
            "timestamp",
            json!("2030-01-01T00:00:00"),
            "timestamp-is-no-instant",
        ),
        (
            "timestamp-date",
            "A date alone.",
            "timestamp",
            json!("2030-01-01"),
            "timestamp-is-no-instant",
        ),
        (
            "timestamp-unix",
            "Seconds since 1970, as text.",
            "timestamp",
            json!("1893456000"),
            "timestamp-is-no-instant",
        ),
    ] {
        misfits.push((name.to_owned(), comment, with(plain, member, value), reason.to_owned()));
    }
    misfits
}

fn describe_parse(cases: &mut Cases) {
    cases.summary("The receipt of a Payment-Receipt field value.");
    rules(cases);
    cases.rule("The field is base64url without padding of the UTF-8 of a JSON object.");
    cases.compared_by_instant();
    cases.rule("The output has the four members. Others may be there, and are left out.");
    fn in_field(change: impl Fn(&str) -> String + Send + Sync + 'static) -> Bug {
        Bug::misreads_text("field", change)
    }
    decoder_flags(cases, |decoder| in_field(move |field| decoder.read(field)));
    cases.flag(
        "ReadsLatin1",
        "takes the bytes for Latin-1, as JavaScript's atob gives them",
        in_field(as_latin1),
    );
    cases.flag(
        "TakesPadding",
        "does not see that a server pads what it must not",
        Bug::forgets(&["field-is-padded"]),
    );
    cases.flag(
        "TakesTheUnreadable",
        "takes a receipt it cannot read for one it need not read",
        Bug::forgets_all(|reason| reason.starts_with("field-is-no-")),
    );
    cases.flag(
        "NeedsKnownMembers",
        "refuses members it does not know",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            let receipt = EncodedObject::from_wire(field).decode().unwrap_or_default();
            receipt.as_object().is_some_and(|members| members.len() > MEMBERS.len())
        }),
    );
    cases.flag(
        "NeedsUtc",
        "refuses an offset other than Z",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            let receipt = EncodedObject::from_wire(field).decode().unwrap_or_default();
            receipt["timestamp"].as_str().is_some_and(|timestamp| !timestamp.ends_with('Z'))
        }),
    );
    member_flags(cases);
    let plain = plain();
    let one = |receipt: &Value| json!({ "field": field(receipt) });
    cases.valid("plain", "The four members.", one(&plain));
    cases.valid("other-method", "Another method.", one(&with(&plain, "method", "tempo")));
    for (name, comment, timestamp) in [
        ("microseconds", "Any precision.", "2026-11-20T21:47:31.414690Z"),
        ("offset", "Any offset.", "2030-01-01T02:00:00+02:00"),
    ] {
        cases.valid(name, comment, one(&with(&plain, "timestamp", timestamp)));
    }
    let mut more = plain.clone();
    for (member, value) in [
        ("challengeId", json!("qB3wErTyU7iOpAsD9fGhJk")),
        ("externalId", json!("order-42")),
        ("chainId", json!(196)),
        ("settlement", json!({ "amount": "10000", "currency": "usd" })),
    ] {
        more[member] = value;
    }
    cases.valid("more-members", "Methods add members, and so do servers.", one(&more));
    cases.valid(
        "reference-past-ascii",
        "JSON is UTF-8.",
        one(&with(&plain, "reference", "Käse ₮ 🧀")),
    );
    cases.valid(
        "spread-out",
        "JSON with white space.",
        json!({ "field": base64url::encode(format!(" {}\n", plain.to_string().replace(",\"", " ,\n\t\""))) }),
    );
    broken_fields(cases, &plain);
    for (name, comment, receipt, reason) in misfits(&plain) {
        cases.invalid(name, comment, one(&receipt), reason);
    }
    cases.invalid(
        "status-null",
        "Null is as good as absent.",
        one(&with(&plain, "status", Value::Null)),
        "status-is-missing",
    );
}

fn broken_fields(cases: &mut Cases, plain: &Value) {
    let text = plain.to_string();
    let sound = field(plain);
    let standard = field(&with(plain, "reference", "~~~~~~??????"));
    let standard = standard.replace('-', "+").replace('_', "/");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    cases.invalid(
        "raw-json",
        "JSON that is not encoded.",
        json!({ "field": text.clone() }),
        "field-is-no-base64url",
    );
    cases.invalid("empty", "Nothing.", json!({ "field": "" }), "field-is-no-json");
    for (name, comment, field) in [
        ("standard-alphabet", "The other alphabet.", standard),
        (
            "junk",
            "A character that base64url does not have.",
            format!("{}!{}", &sound[..8], &sound[8..]),
        ),
    ] {
        cases.invalid(name, comment, json!({ "field": field }), "field-is-no-base64url").should();
    }
    let padded = (0..3)
        .map(|length| field(&with(plain, "reference", "x".repeat(length))))
        .find(|field| field.len() % 4 == 2)
        .unwrap_or_default();
    cases
        .invalid(
            "padded",
            "A receipt is base64url without padding.",
            json!({ "field": format!("{padded}==") }),
            "field-is-padded",
        )
        .should();
    for (name, comment, bytes, kind) in [
        (
            "broken-utf8",
            "A byte that UTF-8 does not have.",
            [b"{\"note\":\"\xff\",", &text.as_bytes()[1..]].concat(),
            "utf8",
        ),
        ("utf16", "Text in UTF-16.", utf16, "json"),
        ("text", "No JSON.", b"paid".to_vec(), "json"),
        ("two-objects", "Two objects.", format!("{text}{text}").into_bytes(), "json"),
        (
            "nan",
            "NaN is no number of JSON.",
            text.replacen('{', "{\"blockNumber\":NaN,", 1).into_bytes(),
            "json",
        ),
        ("list", "A list.", format!("[{text}]").into_bytes(), "object"),
        ("null", "Null, which is no object.", b"null".to_vec(), "object"),
        (
            "string",
            "An object in a string.",
            Value::String(text.clone()).to_string().into_bytes(),
            "object",
        ),
    ] {
        cases.invalid(
            name,
            comment,
            json!({ "field": base64url::encode(bytes) }),
            format!("field-is-no-{kind}"),
        );
    }
}

fn describe_format(cases: &mut Cases) {
    cases.summary("The Payment-Receipt field value of a receipt.");
    cases.compared_by("mpp.receipt.parse");
    cases.compared_by_instant();
    rules(cases);
    cases.rule("The output is base64url without padding of the receipt's JSON, in any form of it: mpp.receipt.parse reads the receipt back, with a timestamp that names the same instant.");
    fn in_receipt(member: &'static str, change: fn(&str) -> String) -> Bug {
        Bug::misreads(move |input| {
            if let Some(Value::String(text)) = input["receipt"].get_mut(member) {
                *text = change(text);
            }
        })
    }
    cases.flag(
        "WritesPadding",
        "pads the field value",
        Bug::miswrites(|output| {
            let field = output["field"].as_str().unwrap_or_default();
            let missing = (4 - field.len() % 4) % 4;
            output["field"] = format!("{field}{}", "=".repeat(missing)).into();
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
    cases.flag(
        "DefaultsTheMethod",
        "writes its library's default method",
        in_receipt("method", |_| "tempo".to_owned()),
    );
    cases.flag(
        "CutsTheTimestamp",
        "writes whole seconds only, so that the receipt tells another instant",
        in_receipt("timestamp", |text| {
            conform402_wire::timestamp::parse(text)
                .map_or_else(|_| text.to_owned(), |instant| format!("{instant:.0}"))
        }),
    );
    member_flags(cases);
    let plain = plain();
    let given = |receipt: Value| json!({ "receipt": receipt });
    cases.valid("plain", "The four members.", given(plain.clone()));
    for (name, comment, member, value) in [
        ("other-method", "Another method.", "method", "tempo"),
        ("microseconds", "Any precision.", "timestamp", "2026-11-20T21:47:31.414690Z"),
        ("offset", "Any offset.", "timestamp", "2030-01-01T02:00:00+02:00"),
        ("reference-past-ascii", "JSON is UTF-8.", "reference", "Käse ₮ 🧀"),
        ("quotes", "JSON has its own escapes.", "reference", "\"best\" \\"),
        (
            "alphabet",
            "A field with the two characters in which base64url differs from base64.",
            "reference",
            "~~~~~~??????",
        ),
        ("unpadded-by-two", "A length that others would pad with two.", "reference", "0x1"),
        ("unpadded-by-one", "A length that others would pad with one sign.", "reference", "0x12"),
        ("nothing-to-pad", "A length that no one would pad.", "reference", "0x123"),
    ] {
        cases.valid(name, comment, given(with(&plain, member, value)));
    }
    for (name, comment, receipt, reason) in misfits(&plain) {
        // A seed gives receipts a default method, which is another than evm.
        let may_be_defaulted = name == "no-method";
        let case = cases.invalid(name, comment, given(receipt), reason);
        if may_be_defaulted {
            case.should();
        }
    }
}
