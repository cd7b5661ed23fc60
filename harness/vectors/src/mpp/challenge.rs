//! What the operations on challenges share: an example, how it is written, why
//! it is refused.

use conform402_wire::auth_params;
use conform402_wire::base64url;
use conform402_wire::challenge::{Challenge, InvalidChallenge, SCHEME};
use conform402_wire::json::{EncodedObject, NotEncodedObject, canonical};
use conform402_wire::strict_challenge::UnusableChallenge;
use serde_json::{Value, json};

pub(crate) use crate::change::{with, without};
use crate::deployment::{Deployment, lower};
use crate::operation::{Refusal, Steps};

/// The parameters every challenge has, in the order most servers write them.
pub(crate) const REQUIRED: [&str; 5] = ["id", "realm", "method", "intent", "request"];

/// Those it may have.
pub(crate) const OPTIONAL: [&str; 4] = ["expires", "digest", "description", "opaque"];

/// A realm that needs neither quotes nor escapes, as the deployment's may.
pub(crate) const PLAIN_REALM: &str = "api.example.com";

/// What an ordinary charge asks for.
pub(crate) fn request(at: &Deployment) -> Value {
    json!({
        "amount": "10000",
        "currency": lower(at.token),
        "recipient": at.address_of("payee"),
        "methodDetails": { "chainId": at.chain_id, "feePayer": true },
    })
}

/// A challenge with what is required, and an expiry; its id is not bound yet.
pub(crate) fn plain(at: &Deployment) -> Value {
    json!({
        "id": "qB3wErTyU7iOpAsD9fGhJk",
        "realm": at.realm,
        "method": "evm",
        "intent": "charge",
        "request": encoded(&request(at)),
        "expires": "2030-01-01T00:00:00Z",
    })
}

/// A challenge with every parameter.
pub(crate) fn full(at: &Deployment) -> Value {
    let mut challenge = plain(at);
    challenge["digest"] = "sha-256=:auD2YARtrc9f6EYsDgCgYttMjWe+gvQJjF6kII0ZsHY=:".into();
    challenge["description"] = "A single answer".into();
    challenge["opaque"] = encoded(&json!({ "order": "42" })).into();
    challenge
}

/// `challenge` with the id that its parameters ask for under `secret`.
pub(crate) fn bound(challenge: &Value, secret: &str) -> Value {
    let mut bound = challenge.clone();
    if let Ok(challenge) = Challenge::from_json(challenge) {
        bound["id"] = challenge.bound_id(secret.as_bytes()).0.into();
    }
    bound
}

/// An object as parameters carry it: canonical, base64url without padding.
pub(crate) fn encoded(object: &Value) -> String {
    base64url::encode(canonical(object).unwrap_or_default())
}

/// The parameters of a challenge, in the usual order.
pub(crate) fn params(challenge: &Value) -> Vec<(&'static str, &str)> {
    let names = REQUIRED.into_iter().chain(OPTIONAL);
    names.filter_map(|name| Some((name, challenge.get(name)?.as_str()?))).collect()
}

/// The field value of a challenge, whatever its parameters say.
pub(crate) fn field(challenge: &Value) -> String {
    auth_params::format(SCHEME, &params(challenge))
}

/// A challenge as an output.
pub(crate) fn output(challenge: &Challenge) -> Result<Value, Refusal> {
    serde_json::to_value(challenge).map_err(|_| Refusal::new("challenge-is-no-json"))
}

/// Records what a challenge carries in base64url, where that is text.
pub(crate) fn record_objects(steps: &mut Steps, challenge: &Challenge) {
    let opaque = challenge.opaque.as_ref().map(EncodedObject::text);
    for (name, text) in [("requestJson", Some(challenge.request.text())), ("opaqueJson", opaque)] {
        if let Some(Ok(text)) = text {
            steps.record(name, text);
        }
    }
}

/// Why a challenge is refused.
pub(crate) fn refusal(unusable: impl Into<UnusableChallenge>) -> Refusal {
    Refusal::new(match unusable.into() {
        UnusableChallenge::Invalid(InvalidChallenge::Malformed(_)) => "field-is-malformed".into(),
        UnusableChallenge::Invalid(InvalidChallenge::Missing(name)) => format!("{name}-is-missing"),
        UnusableChallenge::Invalid(InvalidChallenge::Twice(name)) => format!("{name}-stands-twice"),
        UnusableChallenge::Absent => "no-payment-challenge".into(),
        UnusableChallenge::Several => "several-payment-challenges".into(),
        UnusableChallenge::ControlCharacter => "control-character".into(),
        UnusableChallenge::EmptyId => "id-is-empty".into(),
        UnusableChallenge::Method(_) => "method-is-no-identifier".into(),
        UnusableChallenge::Intent(_) => "intent-is-no-identifier".into(),
        UnusableChallenge::Request(layer) => encoding("request", &layer),
        UnusableChallenge::Opaque(layer) => encoding("opaque", &layer),
        UnusableChallenge::OpaqueValue => "opaque-is-no-map-of-text".into(),
        UnusableChallenge::Expires(_) => "expires-is-no-instant".into(),
        UnusableChallenge::Padded(name) => format!("{name}-is-padded"),
    })
}

/// Which layer of an encoded object is broken.
pub(crate) fn encoding(what: &str, layer: &NotEncodedObject) -> String {
    let kind = match layer {
        NotEncodedObject::Base64(_) => "base64url",
        NotEncodedObject::Utf8(_) => "utf8",
        NotEncodedObject::Json(_) => "json",
        NotEncodedObject::NotObject => "object",
    };
    format!("{what}-is-no-{kind}")
}
