//! Payments within JSON-RPC messages, those of MCP among them
//! (draft-payment-transport-mcp-00).

use serde_json::{Map, Value, json};

use crate::timestamp;

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
    /// A member is absent.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A member is of another type.
    #[error("`{member}` is no {kind}")]
    Kind {
        /// Name of the member.
        member: &'static str,
        /// What it should be.
        kind: &'static str,
    },
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
    pub fn parse(challenge: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        let members = Members(challenge);
        let method = members.filled_text("method")?;
        if !method.bytes().all(|c| c.is_ascii_lowercase()) {
            return Err(InvalidMessage::Kind { member: "method", kind: "identifier" });
        }
        Ok(Self {
            id: members.filled_text("id")?,
            realm: members.text("realm")?,
            method,
            intent: members.filled_text("intent")?,
            request: members.object("request")?.clone(),
            expires: members.optional_text("expires")?,
            description: members.optional_text("description")?,
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
    pub fn parse(error: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        let code = match Members(error).value("code")?.as_i64() {
            Some(code @ (PAYMENT_REQUIRED | VERIFICATION_FAILED)) => code,
            _ => return Err(InvalidMessage::OtherCode),
        };
        let data = Members(error).object("data")?;
        let Value::Array(challenges) = Members(data).value("challenges")? else {
            return Err(InvalidMessage::Kind { member: "challenges", kind: "array" });
        };
        if challenges.is_empty() {
            return Err(InvalidMessage::Empty("challenges"));
        }
        let read = |challenge: &Value| match challenge {
            Value::Object(challenge) => NativeChallenge::parse(challenge),
            _ => Err(InvalidMessage::Kind { member: "challenge", kind: "object" }),
        };
        Ok(Self { code, challenges: challenges.iter().map(read).collect::<Result<_, _>>()? })
    }
}

impl NativeCredential {
    /// Reads the credential of a request, in the `_meta` of its `params` or of
    /// the message itself.
    ///
    /// # Errors
    /// [`InvalidMessage`] names the first thing that is wrong.
    pub fn parse(message: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        if !message.contains_key("id") {
            return Err(InvalidMessage::Notification);
        }
        let credential = match carried(message, "params", CREDENTIAL) {
            None => return Err(InvalidMessage::Missing("credential")),
            Some(Value::Object(credential)) => Members(credential),
            Some(_) => {
                return Err(InvalidMessage::Kind { member: "credential", kind: "object" });
            }
        };
        Ok(Self {
            challenge: NativeChallenge::parse(credential.object("challenge")?)?,
            payload: credential.object("payload")?.clone(),
            source: credential.optional_text("source")?,
        })
    }
}

impl NativeReceipt {
    /// Reads the receipt of a response, in the `_meta` of its `result` or of
    /// the message itself.
    ///
    /// # Errors
    /// [`InvalidMessage`] names the first thing that is wrong.
    pub fn parse(message: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        if message.contains_key("error") {
            return Err(InvalidMessage::ReceiptOfError);
        }
        let receipt = match carried(message, "result", RECEIPT) {
            None => return Err(InvalidMessage::Missing("receipt")),
            Some(Value::Object(receipt)) => Members(receipt),
            Some(_) => return Err(InvalidMessage::Kind { member: "receipt", kind: "object" }),
        };
        if receipt.text("status")? != "success" {
            return Err(InvalidMessage::NoSuccess);
        }
        let timestamp = receipt.text("timestamp")?;
        if timestamp::instant(&timestamp).is_err() {
            return Err(InvalidMessage::Kind { member: "timestamp", kind: "instant" });
        }
        Ok(Self {
            method: receipt.filled_text("method")?,
            timestamp,
            challenge_id: receipt.filled_text("challengeId")?,
            reference: receipt.optional_text("reference")?,
        })
    }
}

/// What `_meta` has under `key`, within the member `nest` or at the root.
fn carried<'a>(message: &'a Map<String, Value>, nest: &str, key: &str) -> Option<&'a Value> {
    let nested = message.get(nest).and_then(|nest| nest.get("_meta"));
    [nested, message.get("_meta")].into_iter().flatten().find_map(|meta| meta.get(key))
}

/// Members of an object; null counts as absent.
#[derive(Clone, Copy)]
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn value(self, name: &'static str) -> Result<&'a Value, InvalidMessage> {
        self.0.get(name).filter(|value| !value.is_null()).ok_or(InvalidMessage::Missing(name))
    }

    fn text(self, name: &'static str) -> Result<String, InvalidMessage> {
        let text = self.value(name)?.as_str();
        text.map(str::to_owned).ok_or(InvalidMessage::Kind { member: name, kind: "text" })
    }

    fn filled_text(self, name: &'static str) -> Result<String, InvalidMessage> {
        let text = self.text(name)?;
        if text.is_empty() { Err(InvalidMessage::Empty(name)) } else { Ok(text) }
    }

    fn optional_text(self, name: &'static str) -> Result<Option<String>, InvalidMessage> {
        match self.text(name) {
            Ok(text) => Ok(Some(text)),
            Err(InvalidMessage::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn object(self, name: &'static str) -> Result<&'a Map<String, Value>, InvalidMessage> {
        let object = self.value(name)?.as_object();
        object.ok_or(InvalidMessage::Kind { member: name, kind: "object" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn challenge() -> Value {
        json!({"id": "i", "realm": "r", "method": "evm", "intent": "charge", "request": {"amount": "1"}})
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[rstest]
    #[case::in_params(json!({"id": 1, "params": {"_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}}))]
    #[case::at_the_root(json!({"id": 1, "params": [], "_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}))]
    #[case::beside_other_meta(json!({"id": 1, "params": {"_meta": {"progressToken": 1}}, "_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}))]
    fn finds_a_credential(#[case] message: Value) {
        let credential = NativeCredential::parse(&object(&message)).unwrap();
        assert_eq!(credential.challenge.to_json(), challenge());
    }

    #[rstest]
    #[case(json!({"id": 1, "params": {CREDENTIAL: {}}}), InvalidMessage::Missing("credential"))]
    #[case(json!({"params": {"_meta": {CREDENTIAL: {"challenge": challenge(), "payload": {}}}}}), InvalidMessage::Notification)]
    #[case(json!({"id": 1, "_meta": {CREDENTIAL: {"challenge": challenge()}}}), InvalidMessage::Missing("payload"))]
    fn refuses_credentials(#[case] message: Value, #[case] expected: InvalidMessage) {
        assert_eq!(NativeCredential::parse(&object(&message)), Err(expected));
    }

    #[rstest]
    #[case(json!({"code": -32042}), InvalidMessage::Missing("data"))]
    #[case(json!({"code": -32042, "data": {"elicitations": []}}), InvalidMessage::Missing("challenges"))]
    #[case(json!({"code": -32042, "data": {"challenges": []}}), InvalidMessage::Empty("challenges"))]
    #[case(json!({"code": -32602, "data": {"challenges": [challenge()]}}), InvalidMessage::OtherCode)]
    fn refuses_errors(#[case] error: Value, #[case] expected: InvalidMessage) {
        assert_eq!(PaymentError::parse(&object(&error)), Err(expected));
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
        assert_eq!(NativeReceipt::parse(&object(&message)), Ok(expected));
        let failed = json!({"id": 1, "error": {}, "_meta": {RECEIPT: receipt}});
        assert_eq!(NativeReceipt::parse(&object(&failed)), Err(InvalidMessage::ReceiptOfError));
    }

    /// Members of a challenge, each of some type.
    fn any_challenge() -> impl Strategy<Value = Map<String, Value>> {
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
            if let Ok(challenge) = NativeChallenge::parse(&members) {
                prop_assert_eq!(NativeChallenge::parse(&object(&challenge.to_json())), Ok(challenge));
            }
        }
    }
}
