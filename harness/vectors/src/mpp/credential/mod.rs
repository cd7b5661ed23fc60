//! Credentials, read and written. draft-httpauth-payment-00, "Credentials
//! (Authorization)".

mod format;
mod parse;

use conform402_wire::credential::{Credential, UnusableCredential};
use serde_json::{Value, json};

use super::challenge::{REQUIRED, encoding, full, request, with, without};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::operation::{Bug, Operation, Refusal};

pub(crate) fn operations() -> Vec<Operation> {
    [format::operations(), parse::operations()].concat()
}

fn written(credential: &Credential) -> Result<Value, Refusal> {
    credential.to_json().map_err(|_| Refusal::new("credential-is-no-json"))
}

fn refusal(unusable: UnusableCredential) -> Refusal {
    match unusable {
        UnusableCredential::OtherScheme => Refusal::new("other-scheme"),
        UnusableCredential::NoToken => Refusal::new("token-is-missing"),
        UnusableCredential::Token(layer) => Refusal::new(encoding("token", &layer)),
        UnusableCredential::Member(misfit) => misfit.into(),
        UnusableCredential::EmptyId => Refusal::new("id-is-empty"),
    }
}

/// A credential for `challenge`, with an authorization as its proof.
fn credential(at: &Deployment, challenge: Value) -> Value {
    json!({
        "challenge": challenge,
        "payload": { "type": "hash", "hash": format!("0x{}", "c4".repeat(32)) },
        "source": format!("did:pkh:eip155:{}:{}", at.chain_id, at.address_of("payer")),
    })
}

/// Removes members of the challenge, wherever a value has one.
fn forget(value: &mut Value, members: &[&str]) {
    if let Some(challenge) = value["challenge"].as_object_mut() {
        challenge.retain(|name, _| !members.contains(&&**name));
    }
}

fn member_flags(cases: &mut Cases) {
    cases.flag(
        "TakesMissing",
        "takes a member that is absent or null for an empty one",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") && reason != "token-is-missing"),
    );
    cases.flag(
        "TakesOtherTypes",
        "takes a member of another type, or makes text of it",
        Bug::forgets_all(|reason| {
            reason.ends_with("-is-no-text")
                || ["challenge-is-no-object", "payload-is-no-object"].contains(&reason)
        }),
    );
    cases.flag("TakesAnEmptyId", "takes an echo without an id", Bug::forgets(&["id-is-empty"]));
}

fn member_rules(cases: &mut Cases) {
    cases.rule("challenge and payload are objects, source is text and may be absent. The members id, realm, method, intent and request of challenge are text; so are expires, digest, description and opaque, which may be absent. The id is not empty. Null is as good as absent; unknown members are left out, but for those of payload.");
    cases.rule("What the texts say is not looked at: that is for mpp.challenge.verify.");
}

/// Members that are absent, null, or of another type, in a credential.
fn misfits(at: &Deployment) -> Vec<(String, &'static str, Value, String)> {
    let sound = credential(at, full(at));
    let echo = |member: &str, value: Value| {
        with(&sound, "challenge", with(&sound["challenge"], member, value))
    };
    let mut misfits = Vec::new();
    for member in ["challenge", "payload"] {
        misfits.push((
            format!("no-{member}"),
            "A member is absent.",
            without(&sound, member),
            format!("{member}-is-missing"),
        ));
    }
    for member in REQUIRED {
        misfits.push((
            format!("no-{member}"),
            "The echo lacks a required parameter.",
            with(&sound, "challenge", without(&sound["challenge"], member)),
            format!("{member}-is-missing"),
        ));
    }
    for (name, comment, value, reason) in [
        (
            "challenge-as-text",
            "An object in a string.",
            with(&sound, "challenge", sound["challenge"].to_string()),
            "challenge-is-no-object",
        ),
        (
            "payload-as-text",
            "The proof alone.",
            with(&sound, "payload", format!("0x{}", "c4".repeat(32))),
            "payload-is-no-object",
        ),
        (
            "payload-as-list",
            "A list.",
            with(&sound, "payload", json!([sound["payload"]])),
            "payload-is-no-object",
        ),
        (
            "source-as-object",
            "A payer that is no text.",
            with(&sound, "source", json!({})),
            "source-is-no-text",
        ),
        ("id-as-number", "An id that is no text.", echo("id", json!(402)), "id-is-no-text"),
        ("empty-id", "An id that says nothing.", echo("id", json!("")), "id-is-empty"),
        (
            "request-as-object",
            "The request decoded, as JSON-RPC has it: not what was bound.",
            echo("request", request(at)),
            "request-is-no-text",
        ),
        (
            "expires-as-number",
            "Seconds since 1970.",
            echo("expires", json!(1_893_456_000)),
            "expires-is-no-text",
        ),
    ] {
        misfits.push((name.to_owned(), comment, value, reason.to_owned()));
    }
    misfits
}
