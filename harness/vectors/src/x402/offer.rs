//! Offers, payloads and other values that several operations need.

use serde_json::{Value, json};

pub(super) use crate::change::{with, without};
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

/// `value` whose member at `pointer` has another name.
pub(super) fn renamed(value: &Value, pointer: &str, name: &str) -> Value {
    let Some(member) = value.pointer(pointer) else { return value.clone() };
    let (parent, _) = pointer.rsplit_once('/').unwrap_or_default();
    with(&without(value, pointer), &format!("{parent}/{name}"), member.clone())
}
