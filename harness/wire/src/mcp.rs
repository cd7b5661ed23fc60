//! Payments within JSON-RPC messages, those of MCP among them
//! (draft-payment-transport-mcp-00).

use serde_json::{Map, Value, json};

use crate::members::Members;
use crate::timestamp;
use crate::typed_data::Misfit;

/// "Payment Required".
pub const PAYMENT_REQUIRED: i64 = -32042;

/// "Payment Verification Failed"; a challenge comes with it all the same.
pub const VERIFICATION_FAILED: i64 = -32043;

/// The key of a credential within `_meta`.
pub const CREDENTIAL: &str = "org.paymentauth/credential";

/// The key of a receipt within `_meta`.
pub const RECEIPT: &str = "org.paymentauth/receipt";

/// Why a message does not carry what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// The error is of another kind.
    #[error("not the code of a payment")]
    OtherCode,
    /// A member is absent or of another type.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// A member without content.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// "Servers MUST NOT process payment-gated operations invoked as
    /// notifications."
    #[error("a notification, which nobody can answer")]
    Notification,
    /// An error is no delivery.
    #[error("an error carries no receipt")]
    ReceiptOfError,
    /// Receipts are of success only.
    #[error("a receipt of no success")]
    NoSuccess,
}

/// A challenge as JSON-RPC carries it: with its request as a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeChallenge {
    /// Binds all others.
    pub id: String,
    /// Protection space.
    pub realm: String,
    /// Payment method, lower-case letters.
    pub method: String,
    /// Payment intent.
    pub intent: String,
    /// What to pay.
    pub request: Map<String, Value>,
    /// RFC 3339.
    pub expires: Option<String>,
    /// For display.
    pub description: Option<String>,
}

/// An error that asks for a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentError {
    /// [`PAYMENT_REQUIRED`] or [`VERIFICATION_FAILED`].
    pub code: i64,
    /// One or more, of which one is to be paid.
    pub challenges: Vec<NativeChallenge>,
}

/// A credential as JSON-RPC carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeCredential {
    /// Echoed.
    pub challenge: NativeChallenge,
    /// The method's proof.
    pub payload: Map<String, Value>,
    /// Who pays.
    pub source: Option<String>,
}

/// A receipt as JSON-RPC carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeReceipt {
    /// Payment method.
    pub method: String,
    /// RFC 3339, when it was settled.
    pub timestamp: String,
    /// The challenge that was paid.
    pub challenge_id: String,
    /// For `evm`, a transaction hash.
    pub reference: Option<String>,
}

impl NativeChallenge {
    /// Reads a challenge; members it does not know are ignored.
    ///
    /// # Errors
    /// [`InvalidMessage`] names the first member that is wrong.
    pub fn parse(challenge: Members<'_>) -> Result<Self, InvalidMessage> {
        let method = filled(challenge, "method")?;
        if !method.bytes().all(|c| c.is_ascii_lowercase()) {
            return Err(Misfit::kind("method", "identifier").into());
        }
        Ok(Self {
            id: filled(challenge, "id")?,
            realm: challenge.text("realm")?.to_owned(),
            method,
            intent: filled(challenge, "intent")?,
            request: challenge.map("request")?.clone(),
            expires: challenge.optional_text("expires")?.map(str::to_owned),
            description: challenge.optional_text("description")?.map(str::to_owned),
        })
    }

    /// The challenge as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "realm": self.realm,
            "method": self.method,
            "intent": self.intent,
            "request": self.request,
        });
        let optional = [("expires", &self.expires), ("description", &self.description)];
        for (name, value) in optional {
            if let Some(value) = value {
                json[name] = value.as_str().into();
            }
        }
        json
    }
}

impl PaymentError {
    /// Reads the `error` of a response. Other protocols have a use for
    /// [`PAYMENT_REQUIRED`], too: challenges make it one of a payment.
    ///
    /// # Errors
    /// [`InvalidMessage`] names the first thing that is wrong.
    pub fn parse(error: Members<'_>) -> Result<Self, InvalidMessage> {
        let code = match error.member("code")?.as_i64() {
            Some(code @ (PAYMENT_REQUIRED | VERIFICATION_FAILED)) => code,
            _ => return Err(InvalidMessage::OtherCode),
        };
        let challenges = error.object("data")?.array("challenges")?;
        if challenges.is_empty() {
            return Err(InvalidMessage::Empty("challenges"));
        }
        let read = |challenge| NativeChallenge::parse(Members::of("challenge", challenge)?);
        Ok(Self { code, challenges: challenges.iter().map(read).collect::<Result<_, _>>()? })
    }
}

impl NativeCredential {
    /// Reads the credential of a request, in the `_meta` of its `params` or of
    /// the message itself.
    ///
    /// # Errors
    /// [`InvalidMessage`] names the first thing that is wrong.
    pub fn parse(message: Members<'_>) -> Result<Self, InvalidMessage> {
        let message = message.value();
        if message.get("id").is_none() {
            return Err(InvalidMessage::Notification);
        }
        let credential = carried(message, "params", CREDENTIAL)
            .ok_or_else(|| Misfit::Missing("credential".to_owned()))?;
        let credential = Members::of("credential", credential)?;
        Ok(Self {
            challenge: NativeChallenge::parse(credential.object("challenge")?)?,
            payload: credential.map("payload")?.clone(),
            source: credential.optional_text("source")?.map(str::to_owned),
        })
    }
}

impl NativeReceipt {
    /// Reads the receipt of a response, in the `_meta` of its `result` or of
    /// the message itself.
    ///
    /// # Errors
    /// [`InvalidMessage`] names the first thing that is wrong.
    pub fn parse(message: Members<'_>) -> Result<Self, InvalidMessage> {
        let message = message.value();
        if message.get("error").is_some() {
            return Err(InvalidMessage::ReceiptOfError);
        }
        let receipt = carried(message, "result", RECEIPT)
            .ok_or_else(|| Misfit::Missing("receipt".to_owned()))?;
        let receipt = Members::of("receipt", receipt)?;
        if receipt.text("status")? != "success" {
            return Err(InvalidMessage::NoSuccess);
        }
        let timestamp = receipt.text("timestamp")?;
        if timestamp::instant(timestamp).is_err() {
            return Err(Misfit::kind("timestamp", "instant").into());
        }
        Ok(Self {
            method: filled(receipt, "method")?,
            timestamp: timestamp.to_owned(),
            challenge_id: filled(receipt, "challengeId")?,
            reference: receipt.optional_text("reference")?.map(str::to_owned),
        })
    }
}

/// What `_meta` has under `key`, within the member `nest` or at the root.
fn carried<'a>(message: &'a Value, nest: &str, key: &str) -> Option<&'a Value> {
    let nested = message.get(nest).and_then(|nest| nest.get("_meta"));
    [nested, message.get("_meta")].into_iter().flatten().find_map(|meta| meta.get(key))
}

/// Text that says something.
fn filled(members: Members<'_>, name: &'static str) -> Result<String, InvalidMessage> {
    let text = members.text(name)?;
    if text.is_empty() { Err(InvalidMessage::Empty(name)) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn challenge() -> Value {
        json!({"id": "i", "realm": "r", "method": "evm", "intent": "charge", "request": {"amount": "1"}})
    }

    fn missing(member: &str) -> InvalidMessage {
        Misfit::Missing(member.to_owned()).into()
    }

    #[rstest]
    #[case::in_params(json!({"id": 1, "params": {"_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}}))]
    #[case::at_the_root(json!({"id": 1, "params": [], "_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}))]
    #[case::beside_other_meta(json!({"id": 1, "params": {"_meta": {"progressToken": 1}}, "_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}))]
    fn finds_a_credential(#[case] message: Value) {
        let credential = NativeCredential::parse(Members::new(&message)).unwrap();
        assert_eq!(credential.challenge.to_json(), challenge());
    }

    #[rstest]
    #[case(json!({"id": 1, "params": {CREDENTIAL: {}}}), missing("credential"))]
    #[case(json!({"params": {"_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}}), InvalidMessage::Notification)]
    #[case(json!({"id": 1, "_meta": {CREDENTIAL: {"challenge": challenge()}}}), missing("payload"))]
    fn refuses_credentials(#[case] message: Value, #[case] expected: InvalidMessage) {
        assert_eq!(NativeCredential::parse(Members::new(&message)), Err(expected));
    }

    #[rstest]
    #[case(json!({"code": -32042}), missing("data"))]
    #[case(json!({"code": -32042, "data": {"elicitations": []}}), missing("challenges"))]
    #[case(json!({"code": -32042, "data": {"challenges": []}}), InvalidMessage::Empty("challenges"))]
    #[case(json!({"code": -32602, "data": {"challenges": [challenge()]}}), InvalidMessage::OtherCode)]
    fn refuses_errors(#[case] error: Value, #[case] expected: InvalidMessage) {
        assert_eq!(PaymentError::parse(Members::new(&error)), Err(expected));
    }

    #[test]
    fn reads_receipts() {
        let receipt = json!({
            "status": "success", "method": "evm", "timestamp": "2030-01-01T00:00:00Z", "challengeId": "i",
        });
        let message = json!({"id": 1, "result": {"_meta": {RECEIPT: receipt}}});
        let expected = NativeReceipt {
            method: "evm".into(),
            timestamp: "2030-01-01T00:00:00Z".into(),
            challenge_id: "i".into(),
            reference: None,
        };
        assert_eq!(NativeReceipt::parse(Members::new(&message)), Ok(expected));
        let failed = json!({"id": 1, "error": {}, "_meta": {RECEIPT: receipt}});
        assert_eq!(
            NativeReceipt::parse(Members::new(&failed)),
            Err(InvalidMessage::ReceiptOfError)
        );
    }

    /// Members of a challenge, each of some type.
    fn any_challenge() -> impl Strategy<Value = Value> {
        let value = prop_oneof![
            Just(Value::Null),
            Just(json!({})),
            Just(json!([])),
            "[a-z]{0,3}".prop_map(Value::from),
        ];
        let name = prop::sample::select(vec![
            "id",
            "realm",
            "method",
            "intent",
            "request",
            "expires",
            "description",
            "x",
        ]);
        prop::collection::btree_map(name.prop_map(str::to_owned), value, 0..8)
            .prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(members in any_challenge()) {
            if let Ok(challenge) = NativeChallenge::parse(Members::new(&members)) {
                prop_assert_eq!(NativeChallenge::parse(Members::new(&challenge.to_json())), Ok(challenge));
            }
        }
    }
}
