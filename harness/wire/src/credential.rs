//! Payment credentials: `Authorization: Payment …`
//! (draft-httpauth-payment-00, "Credentials (Authorization)").

use serde_json::{Map, Value};

use crate::base64url::{self, NotBase64Url};
use crate::challenge::{Challenge, SCHEME};
use crate::json::{EncodedObject, NotEncodedObject};
use crate::members::Members;
use crate::typed_data::Misfit;

/// What a payer sends: the challenge echoed, the proof, and who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Every parameter of the challenge, unchanged.
    pub challenge: Challenge,
    /// The method's payment proof.
    pub payload: Map<String, Value>,
    /// Payer, a DID.
    pub source: Option<String>,
}

/// Why an `Authorization` field is no Payment credential.
#[derive(Debug, thiserror::Error)]
pub enum MalformedCredential {
    /// The outer encoding is broken.
    #[error(transparent)]
    Base64(#[from] NotBase64Url),
    /// The inner text is no JSON.
    #[error("not JSON: {0}")]
    Json(serde_json::Error),
    /// JSON of another kind.
    #[error("JSON, but not an object")]
    NotObject,
    /// A member is absent, or of the wrong type.
    #[error("`{member}`: {reason}")]
    Member {
        /// Path of the member.
        member: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a server must refuse an `Authorization` field.
#[derive(Debug, thiserror::Error)]
pub enum UnusableCredential {
    /// A credential of another scheme, or of none.
    #[error("no credential of the Payment scheme")]
    OtherScheme,
    /// Nothing stands behind the scheme.
    #[error("the scheme has no token")]
    NoToken,
    /// The token carries no JSON object.
    #[error(transparent)]
    Token(#[from] NotEncodedObject),
    /// A member is absent, or of the wrong type.
    #[error(transparent)]
    Member(#[from] Misfit),
    /// The echoed id is empty.
    #[error("the echoed challenge has no id")]
    EmptyId,
}

impl Credential {
    /// Reads the token behind the scheme.
    ///
    /// # Errors
    /// [`MalformedCredential`] names the layer or member that is broken.
    pub fn parse(token: &str) -> Result<Self, MalformedCredential> {
        let value: Value = serde_json::from_slice(&base64url::decode(token)?)
            .map_err(MalformedCredential::Json)?;
        let Value::Object(mut object) = value else { return Err(MalformedCredential::NotObject) };
        let challenge = match object.remove("challenge") {
            Some(value @ Value::Object(_)) => serde_json::from_value(value)
                .map_err(|error| member("challenge", error.to_string()))?,
            Some(_) => return Err(member("challenge", "not an object")),
            None => return Err(member("challenge", "missing")),
        };
        let payload = match object.remove("payload") {
            Some(Value::Object(payload)) => payload,
            Some(_) => return Err(member("payload", "not an object")),
            None => return Err(member("payload", "missing")),
        };
        let source = match object.remove("source") {
            None | Some(Value::Null) => None,
            Some(Value::String(source)) => Some(source),
            Some(_) => return Err(member("source", "not a string")),
        };
        Ok(Self { challenge, payload, source })
    }

    /// Reads a field value as strictly as a server must, whose money it is.
    ///
    /// # Errors
    /// [`UnusableCredential`] names the layer or member that is broken.
    pub fn read(field: &str) -> Result<Self, UnusableCredential> {
        let token = token_of(field).ok_or(UnusableCredential::OtherScheme)?;
        if token.is_empty() {
            return Err(UnusableCredential::NoToken);
        }
        Self::from_json(&EncodedObject::from_wire(token).decode()?)
    }

    /// Takes a credential from JSON. Null counts as absent; unknown members are
    /// ignored, except in the payload.
    ///
    /// # Errors
    /// [`UnusableCredential`] names a member that is absent, of the wrong type,
    /// or an empty id.
    pub fn from_json(value: &Value) -> Result<Self, UnusableCredential> {
        let members = Members::new(value);
        let challenge = Challenge::from_json(members.object("challenge")?.value())?;
        if challenge.id.0.is_empty() {
            return Err(UnusableCredential::EmptyId);
        }
        let payload = members.map("payload")?.clone();
        let source = members.optional_text("source")?.map(str::to_owned);
        Ok(Self { challenge, payload, source })
    }

    /// The credential as JSON.
    ///
    /// # Errors
    /// None in practice: every member is a string or already JSON.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        let mut object = Map::new();
        object.insert("challenge".into(), serde_json::to_value(&self.challenge)?);
        object.insert("payload".into(), Value::Object(self.payload.clone()));
        if let Some(source) = &self.source {
            object.insert("source".into(), Value::String(source.clone()));
        }
        Ok(Value::Object(object))
    }
}

/// The token of an `Authorization` field of the Payment scheme, in any case;
/// `None` for another scheme.
#[must_use]
pub fn token_of(field: &str) -> Option<&str> {
    let (scheme, token) = field.split_once(' ').unwrap_or((field, ""));
    scheme.eq_ignore_ascii_case(SCHEME).then(|| token.trim_matches(' '))
}

/// The `Authorization` field value that carries `credential`.
#[must_use]
pub fn to_field(credential: &Value) -> String {
    format!("{SCHEME} {}", base64url::encode(credential.to_string()))
}

fn member(member: &'static str, reason: impl Into<String>) -> MalformedCredential {
    MalformedCredential::Member { member, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({
            "challenge": {"id": "i", "realm": "r", "method": "evm", "intent": "charge", "request": "e30"},
            "payload": {"type": "hash"},
        })
    }

    #[rstest]
    #[case::as_is(|_: &mut Value| {})]
    #[case::null_is_absent(|c: &mut Value| { c["challenge"]["expires"] = Value::Null; c["source"] = Value::Null })]
    #[case::unknown_members(|c: &mut Value| { c["x"] = json!(1); c["challenge"]["x"] = json!([]) })]
    fn reads(#[case] change: fn(&mut Value)) {
        let mut credential = sample();
        change(&mut credential);
        let field = to_field(&credential);
        assert!(Credential::parse(token_of(&field).unwrap()).is_ok());
    }

    #[rstest]
    #[case::no_challenge(|c: &mut Value| { c.as_object_mut().unwrap().remove("challenge"); })]
    #[case::challenge_is_text(|c: &mut Value| c["challenge"] = json!("x"))]
    #[case::no_id(|c: &mut Value| { c["challenge"].as_object_mut().unwrap().remove("id"); })]
    #[case::id_is_number(|c: &mut Value| c["challenge"]["id"] = json!(1))]
    #[case::no_payload(|c: &mut Value| { c.as_object_mut().unwrap().remove("payload"); })]
    #[case::payload_is_array(|c: &mut Value| c["payload"] = json!([]))]
    #[case::array(|c: &mut Value| *c = json!([]))]
    fn refuses(#[case] change: fn(&mut Value)) {
        let mut credential = sample();
        change(&mut credential);
        let field = to_field(&credential);
        assert!(Credential::parse(token_of(&field).unwrap()).is_err());
    }

    #[rstest]
    #[case("Payment abc", Some("abc"))]
    #[case("payment   abc", Some("abc"))]
    #[case("PAYMENT abc ", Some("abc"))]
    #[case("Payment", Some(""))]
    #[case("Bearer abc", None)]
    #[case("Payments abc", None)]
    fn finds_the_token(#[case] field: &str, #[case] token: Option<&str>) {
        assert_eq!(token_of(field), token);
    }

    #[test]
    fn strict_reading_agrees_on_what_is_sound() {
        let field = to_field(&sample());
        let read = Credential::read(&field).unwrap();
        assert_eq!(read, Credential::parse(token_of(&field).unwrap()).unwrap());
        assert_eq!(Credential::from_json(&read.to_json().unwrap()).unwrap(), read);
    }

    #[test]
    fn strict_reading_wants_an_id() {
        let mut credential = sample();
        credential["challenge"]["id"] = json!("");
        let refused = Credential::read(&to_field(&credential));
        assert!(matches!(refused, Err(UnusableCredential::EmptyId)));
    }

    proptest! {
        #[test]
        fn never_panics(token in "\\PC*") {
            let _ = Credential::parse(&token);
            let _ = Credential::read(&format!("Payment {token}"));
        }
    }
}
