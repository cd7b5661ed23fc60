//! Offers, payloads and other values that several operations need.

use serde_json::{Value, json};

use crate::deployment::{Deployment, lower};

/// The resource that is sold.
pub(super) fn resource() -> Value {
    json!({
        "url": "https://api.example.com/report",
        "description": "A report",
        "mimeType": "application/json",
    })
}

/// What the server asks for: a cent of the token.
pub(super) fn offer(at: &Deployment) -> Value {
    json!({
        "scheme": "exact",
        "network": network(at),
        "amount": "10000",
        "asset": lower(at.token),
        "payTo": at.address_of("payee"),
        "maxTimeoutSeconds": 300,
        "extra": { "name": at.token_name, "version": at.token_version },
    })
}

/// The chain, as CAIP-2 names it.
pub(super) fn network(at: &Deployment) -> String {
    format!("eip155:{}", at.chain_id)
}

/// What a payer signs for `exact`; the signature is of the right form, and
/// of nothing.
pub(super) fn authorized(at: &Deployment) -> Value {
    json!({
        "signature": format!("0x{}1b", "5a".repeat(64)),
        "authorization": {
            "from": at.address_of("payer"),
            "to": at.address_of("payee"),
            "value": "10000",
            "validAfter": "0",
            "validBefore": "1893456000",
            "nonce": format!("0x{}", "ab".repeat(32)),
        },
    })
}

/// `value` with another value at `pointer`, whose parent exists.
pub(super) fn with(value: &Value, pointer: &str, to: impl Into<Value>) -> Value {
    let mut changed = value.clone();
    if let Some((parent, member)) = pointer.rsplit_once('/')
        && let Some(parent) = changed.pointer_mut(parent)
    {
        match parent {
            Value::Array(elements) => {
                if let Some(element) =
                    member.parse::<usize>().ok().and_then(|index| elements.get_mut(index))
                {
                    *element = to.into();
                }
            }
            parent => parent[member] = to.into(),
        }
    }
    changed
}

/// `value` without the member at `pointer`.
pub(super) fn without(value: &Value, pointer: &str) -> Value {
    let mut changed = value.clone();
    if let Some((parent, member)) = pointer.rsplit_once('/')
        && let Some(Value::Object(members)) = changed.pointer_mut(parent)
    {
        members.remove(member);
    }
    changed
}

/// `value` whose member at `pointer` has another name.
pub(super) fn renamed(value: &Value, pointer: &str, name: &str) -> Value {
    let Some(member) = value.pointer(pointer) else { return value.clone() };
    let (parent, _) = pointer.rsplit_once('/').unwrap_or_default();
    with(&without(value, pointer), &format!("{parent}/{name}"), member.clone())
}
