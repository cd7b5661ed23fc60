//! What JSON-RPC messages carry of a payment, those of MCP among them.
//! draft-payment-transport-mcp-00.

mod credential;
mod error;
mod receipt;

use conform402_wire::mcp::InvalidMessage;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::change::{with, without};
use crate::deployment::{Deployment, lower};
use crate::input::{capitalized, kebab};
use crate::operation::{Bug, Operation, Refusal};

pub(crate) fn operations() -> Vec<Operation> {
    [credential::operations(), error::operations(), receipt::operations()].concat()
}

fn refusal(error: InvalidMessage) -> Refusal {
    Refusal::new(match error {
        InvalidMessage::Misfit(misfit) => return misfit.into(),
        InvalidMessage::OtherCode => "other-code".to_owned(),
        InvalidMessage::Empty(member) => format!("{}-is-empty", kebab(member)),
        InvalidMessage::Notification => "notification".to_owned(),
        InvalidMessage::ReceiptOfError => "receipt-of-an-error".to_owned(),
        InvalidMessage::NoSuccess => "no-success".to_owned(),
    })
}

const CHALLENGE_RULE: &str = "A challenge has texts `id`, `method` and `intent`, none empty and `method` of lower-case letters, a text `realm`, an object `request` that goes out as it came, and may have texts `expires` and `description`. Other members are ignored, and null is as absent.";

const PLACE_RULE: &str = "The draft says MUST of both places. Published SDKs look into the first alone, so that the second is a SHOULD.";

/// An ordinary challenge.
fn challenge(at: &Deployment) -> Value {
    json!({
        "id": "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk",
        "realm": at.realm,
        "method": "evm",
        "intent": "charge",
        "request": {
            "amount": "10000",
            "currency": lower(at.token),
            "recipient": at.address_of("payee"),
            "methodDetails": { "chainId": at.chain_id, "feePayer": true },
        },
        "expires": "2030-01-01T00:00:00Z",
    })
}

/// What a challenge must not be: name and comment of a case, the challenge, and
/// the reason of its refusal.
fn broken_challenges(at: &Deployment) -> Vec<(String, &'static str, Value, String)> {
    let sound = challenge(at);
    let mut broken = Vec::new();
    for member in ["id", "realm", "method", "intent", "request"] {
        let comment = "A member that must be there is absent.";
        let changed = without(&sound, member);
        broken.push((
            format!("{member}-missing"),
            comment,
            changed,
            format!("{member}-is-missing"),
        ));
    }
    for (name, comment, member, value, reason) in [
        ("id-empty", "It binds nothing.", "id", json!(""), "id-is-empty"),
        ("id-as-number", "An id is text.", "id", json!(402), "id-is-no-text"),
        ("realm-as-list", "A realm is text.", "realm", json!([at.realm]), "realm-is-no-text"),
        (
            "method-in-capitals",
            "Methods are lower case.",
            "method",
            json!("EVM"),
            "method-is-no-identifier",
        ),
        ("method-empty", "A method has a letter.", "method", json!(""), "method-is-empty"),
        ("intent-as-flag", "An intent is text.", "intent", json!(true), "intent-is-no-text"),
        (
            "request-as-list",
            "A request is an object.",
            "request",
            json!(["10000"]),
            "request-is-no-object",
        ),
        (
            "request-as-number",
            "A request is an object.",
            "request",
            json!(10_000),
            "request-is-no-object",
        ),
        ("request-null", "Nothing to pay.", "request", Value::Null, "request-is-missing"),
        (
            "expires-as-number",
            "An expiry is text.",
            "expires",
            json!(1_893_456_000),
            "expires-is-no-text",
        ),
    ] {
        broken.push((name.to_owned(), comment, with(&sound, member, value), reason.to_owned()));
    }
    broken
}

/// Where a message carries what it has of a payment: in the `_meta` of its
/// member `within`, or of its own.
#[derive(Clone, Copy)]
struct Place {
    within: &'static str,
    key: &'static str,
    what: &'static str,
    /// What need not be in it.
    optional: &'static str,
}

/// Bugs of whoever looks for it.
fn flags_of_meta(cases: &mut Cases, place: Place) {
    let Place { within, key, what, optional } = place;
    cases.flag(
        format!("{}Only", capitalized(within)),
        format!("looks into {within} alone, and loses a {what} without MCP"),
        Bug::refuses(|input| input["message"].get("_meta").is_some()),
    );
    cases.flag(
        "RootOnly",
        format!("looks at the root alone, and loses a {what} of MCP"),
        Bug::refuses(|input| input["message"].get("_meta").is_none()),
    );
    cases.flag(
        "FirstMetaOnly",
        "takes the first `_meta` there is, and passes over the second",
        Bug::refuses(move |input| {
            let message = &input["message"];
            message[within].get("_meta").is_some() && message.get("_meta").is_some()
        }),
    );
    cases.flag(
        "SearchesEverywhere",
        format!("takes a {what} from where a model, a tool or another protocol may have put it"),
        Bug::forgets_all(move |reason| reason.strip_prefix(what) == Some("-is-missing")),
    );
    cases.flag(
        "TakesNoObject",
        format!("reads a {what} that is text or a list, or crashes on it"),
        Bug::forgets_all(move |reason| reason.strip_prefix(what) == Some("-is-no-object")),
    );
    cases.flag(
        format!("Needs{}", capitalized(optional)),
        "asks for what is optional",
        Bug::refuses(move |input| {
            let nested = &input["message"][within]["_meta"][key];
            nested.is_object() && nested.get(optional).is_none()
        }),
    );
}

/// The bug's challenge, with the request as HTTP has it.
fn with_request_as_text(challenge: &mut Value) {
    let text = challenge["request"].to_string();
    challenge["request"] = conform402_wire::base64url::encode(text).into();
}
