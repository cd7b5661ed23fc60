//! What a seller asks of the SA: method, path and body.

mod charge;
mod credential;
mod merchant;
mod session;

use alloy::hex;
use alloy::primitives::keccak256;
use conform402_wire::sa::request::{NoRequest, SaRequest};
use serde_json::{Map, Value, json};

use crate::cases::{Cases, Draft};
use crate::deployment::Deployment;
use crate::operation::{Bug, Operation, Refusal, Steps};
use crate::signed::sign_digest;

pub(crate) fn operations() -> Vec<Operation> {
    [charge::operations(), merchant::operations(), session::operations()].concat()
}

/// The output of a request, and its body as a step.
fn output(request: Result<SaRequest, NoRequest>, steps: &mut Steps) -> Result<Value, Refusal> {
    let request = request.map_err(|error| match error {
        NoRequest::Misfit(misfit) => misfit.into(),
        NoRequest::OtherType => Refusal::new("payload-of-another-type"),
        NoRequest::OtherAction => Refusal::new("payload-of-another-action"),
    })?;
    if let Some(body) = &request.body {
        steps.record("payload", body["payload"].to_string());
        return Ok(json!({ "method": request.method, "path": request.path, "body": body }));
    }
    Ok(json!({ "method": request.method, "path": request.path }))
}

/// Flags of every body.
fn flags(cases: &mut Cases) {
    cases.flag(
        "SpellsPathItsWay",
        "writes the path in lower case or in another style",
        Bug::miswrites(|output| {
            if let Some(Value::String(path)) = output.get_mut("path") {
                *path =
                    path.replace("verifyHash", "verify-hash").replace("/session/", "/sessions/");
                *path = path.replace("/charge/settle", "/settle");
            }
        }),
    );
    cases.flag(
        "TakesMisfits",
        "sends what is incomplete or does not fit its type",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
}

/// Flags of bodies that have amounts, and members of several words.
fn amount_flags(cases: &mut Cases) {
    cases.flag(
        "Numbers",
        "writes amounts as JSON numbers, which a double rounds",
        Bug::miswrites(|output| change_leaves(output, &as_number)),
    );
    cases.flag(
        "SnakeCase",
        "writes members in snake case, as its language names them",
        Bug::miswrites(|output| {
            if let Some(body) = output.get_mut("body") {
                *body = renamed(body);
            }
        }),
    );
}

/// A decimal string as a number.
fn as_number(value: &mut Value) {
    if let Some(number) = value.as_str().and_then(|text| text.parse::<u64>().ok()) {
        *value = number.into();
    }
}

fn change_leaves(value: &mut Value, change: &dyn Fn(&mut Value)) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|v| change_leaves(v, change)),
        Value::Array(elements) => elements.iter_mut().for_each(|v| change_leaves(v, change)),
        leaf => change(leaf),
    }
}

fn renamed(value: &Value) -> Value {
    let snake = |name: &str| {
        let lower = |c: char| {
            if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.into() }
        };
        name.chars().map(lower).collect::<String>()
    };
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (snake(name), renamed(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(elements) => elements.iter().map(renamed).collect(),
        leaf => leaf.clone(),
    }
}

/// `value` with another at `pointer`; null takes the member away.
fn with(value: &Value, pointer: &str, to: Value) -> Value {
    if to.is_null() {
        crate::change::without(value, pointer)
    } else {
        crate::change::with(value, pointer, to)
    }
}

/// A 32-byte word of one byte.
fn word(byte: &str) -> String {
    format!("0x{}", byte.repeat(32))
}

/// 65 bytes that somebody signed; nobody verifies them here.
fn signature(at: &Deployment, role: &str, what: &str) -> String {
    hex::encode_prefixed(sign_digest(&at.key(role), &keccak256(what)))
}

/// The signature without its last byte.
fn shortened(signature: &Value) -> Value {
    let text = signature.as_str().unwrap_or_default();
    text[..text.len().saturating_sub(2)].into()
}

/// Ids that are none, refused as far as a SHOULD goes.
fn channel_misfits(cases: &mut Cases, example: &Value, pointer: &str) {
    let id = word("c1");
    for (name, comment, value) in [
        ("short", "31 bytes.", id[..64].to_owned()),
        ("unprefixed", "Without 0x.", id[2..].to_owned()),
    ] {
        cases
            .invalid(
                format!("channel-{name}"),
                comment,
                with(example, pointer, value.into()),
                "channel-id-is-no-bytes32",
            )
            .should();
    }
    cases.invalid(
        "no-channel",
        "No id.",
        with(example, pointer, Value::Null),
        "channel-id-is-missing",
    );
}

/// A case for each wrong value of a member.
fn refused<'a>(
    cases: &'a mut Cases,
    example: &Value,
    (name, comment): (&str, &str),
    (pointer, value): (&str, Value),
    reason: &str,
) -> &'a mut Draft {
    cases.invalid(name, comment, with(example, pointer, value), reason)
}
