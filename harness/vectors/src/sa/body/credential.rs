//! The parts of a buyer's credential that a seller forwards.

use conform402_wire::base64url;
use conform402_wire::json::canonical;
use conform402_wire::sa::request::{NoRequest, Parts, SaRequest};
use serde_json::{Value, json};

use super::{flags, output, refused, word};
use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::input::Input;
use crate::operation::{Bug, Refusal, Steps};

pub(super) fn forward(
    input: &Input<'_>,
    steps: &mut Steps,
    make: fn(Parts<'_>) -> Result<SaRequest, NoRequest>,
) -> Result<Value, Refusal> {
    output(make(Parts(*input)), steps)
}

pub(super) fn challenge(at: &Deployment, intent: &str) -> Value {
    let request = json!({
        "amount": "10000",
        "currency": lower(at.token),
        "recipient": at.address_of("payee"),
        "methodDetails": { "chainId": at.chain_id },
    });
    json!({
        "id": "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk",
        "realm": at.realm,
        "method": "evm",
        "intent": intent,
        "request": base64url::encode(canonical(&request).unwrap_or_default()),
        "expires": "2030-01-01T00:00:00Z",
    })
}

pub(super) fn source(at: &Deployment) -> String {
    format!("did:pkh:eip155:{}:{}", at.chain_id, at.address_of("payer"))
}

/// An authorization that does not hold its signature.
pub(super) fn authorization(at: &Deployment, to: &str, value: &str, nonce: &str) -> Value {
    json!({
        "type": "eip-3009",
        "from": at.address_of("payer"),
        "to": to,
        "value": value,
        "validAfter": "0",
        "validBefore": "1893456000",
        "nonce": word(nonce),
    })
}

pub(super) fn about(cases: &mut Cases) {
    cases.rule("The output is a POST. Its body has challenge, payload and source of the input: the challenge and the source as they are, of the payload the members named here as they are.");
    cases.rule("An object holds what it is said to hold: addresses of 20 bytes and words of 32 in hexadecimal behind 0x, amounts and times as decimal strings, signatures of 65 bytes. Nothing is verified beyond this form.");
    flags(cases);
    cases.flag(
        "TakesOtherPayloads",
        "forwards whatever payload it is given to this endpoint",
        Bug::forgets_all(|reason| reason.starts_with("payload-of-another-")),
    );
}

pub(super) fn about_challenge(cases: &mut Cases) {
    cases.rule("Steps: payload is the canonical JSON (JCS) of the forwarded payload.");
    cases.rule("The challenge is an object with id, realm, method, intent and request, all text. Whether digest, opaque and description are forwarded is free, and no case has them.");
    cases.flag(
        "OpensRequest",
        "decodes the challenge's request before it forwards it",
        Bug::miswrites(|output| {
            if let Some(request) = output.pointer_mut("/body/challenge/request") {
                let bytes = base64url::decode(request.as_str().unwrap_or_default());
                *request = serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
            }
        }),
    );
    cases.flag(
        "DropsExpires",
        "leaves the expiry out of the challenge, so that the SA cannot check its id",
        Bug::miswrites(|output| {
            if let Some(Value::Object(challenge)) = output.pointer_mut("/body/challenge") {
                challenge.remove("expires");
            }
        }),
    );
}

/// The challenge absent or broken.
pub(super) fn challenge_misfits(cases: &mut Cases, plain: &Value) {
    refused(
        cases,
        plain,
        ("no-challenge", "No challenge: the SA could not tell what is paid."),
        ("/challenge", Value::Null),
        "challenge-is-missing",
    );
    let encoded = base64url::encode(plain["challenge"].to_string());
    refused(
        cases,
        plain,
        ("challenge-as-text", "The challenge as the header has it."),
        ("/challenge", encoded.into()),
        "challenge-is-no-object",
    );
    refused(
        cases,
        plain,
        ("no-request", "A challenge without its request."),
        ("/challenge/request", Value::Null),
        "request-is-missing",
    );
    refused(
        cases,
        plain,
        ("request-as-object", "A challenge whose request is decoded."),
        ("/challenge/request", json!({ "amount": "10000" })),
        "request-is-no-text",
    );
}

pub(super) fn payload_misfits(cases: &mut Cases, plain: &Value) {
    refused(
        cases,
        plain,
        ("no-payload", "No payload."),
        ("/payload", Value::Null),
        "payload-is-missing",
    );
    refused(
        cases,
        plain,
        ("payload-as-text", "A payload that is JSON within text."),
        ("/payload", plain["payload"].to_string().into()),
        "payload-is-no-object",
    );
    refused(
        cases,
        plain,
        ("no-type", "A payload without a type."),
        ("/payload/type", Value::Null),
        "type-is-missing",
    );
}

pub(super) fn other_types(cases: &mut Cases, plain: &Value, others: &[(&str, &str, &str)]) {
    for (name, kind, comment) in others {
        let case = format!("type-{name}");
        refused(
            cases,
            plain,
            (&case, comment),
            ("/payload/type", (*kind).into()),
            "payload-of-another-type",
        );
    }
}
