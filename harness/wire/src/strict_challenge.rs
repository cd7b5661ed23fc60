//! Challenges as a payer must read them: money follows what they say, so what
//! is not as draft-httpauth-payment-00 has it is refused.

use serde_json::Value;

use crate::auth_params::{self, AuthChallenge, MalformedChallenge};
use crate::challenge::{Challenge, ChallengeId, InvalidChallenge, SCHEME};
use crate::json::{EncodedObject, NotEncodedObject};
use crate::members::Members;
use crate::timestamp::{self, NotAnInstant};
use crate::typed_data::Misfit;

/// Why a payer must not answer a challenge, or a server not send it.
#[derive(Debug, thiserror::Error)]
pub enum UnusableChallenge {
    /// A parameter is missing or there twice, or the field breaks off.
    #[error(transparent)]
    Invalid(#[from] InvalidChallenge),
    /// No field has a Payment challenge.
    #[error("there is no Payment challenge")]
    Absent,
    /// One was asked for.
    #[error("there are several Payment challenges")]
    Several,
    /// A character that ends a line, a field or a string (RFC 9110 §5.5).
    #[error("a control character is in the field value")]
    ControlCharacter,
    /// The id is empty.
    #[error("the challenge has no id")]
    EmptyId,
    /// Not `1*LOWERALPHA`.
    #[error("{0:?} is no payment method")]
    Method(String),
    /// Not `1*( ALPHA / DIGIT / "-" )`.
    #[error("{0:?} is no payment intent")]
    Intent(String),
    /// The request cannot be read.
    #[error("`request`: {0}")]
    Request(NotEncodedObject),
    /// The correlation data cannot be read.
    #[error("`opaque`: {0}")]
    Opaque(NotEncodedObject),
    /// The correlation data is no map from text to text.
    #[error("`opaque` has a value that is no string")]
    OpaqueValue,
    /// The expiry names no instant.
    #[error("`expires`: {0}")]
    Expires(#[from] NotAnInstant),
    /// An encoded parameter is padded, which no sender may do.
    #[error("`{0}` is padded")]
    Padded(&'static str),
}

impl From<MalformedChallenge> for UnusableChallenge {
    fn from(malformed: MalformedChallenge) -> Self {
        Self::Invalid(malformed.into())
    }
}

impl Challenge {
    /// Reads a field value that holds exactly one Payment challenge, besides
    /// those of other schemes. What its parameters say is for [`Self::check`].
    ///
    /// # Errors
    /// [`UnusableChallenge`] if there is none, several, or a broken one.
    pub fn read(field: &str) -> Result<Self, UnusableChallenge> {
        let mut challenges = payment_challenges(field)?;
        match (challenges.pop(), challenges.is_empty()) {
            (None, _) => Err(UnusableChallenge::Absent),
            (Some(_), false) => Err(UnusableChallenge::Several),
            (Some(challenge), true) => Ok(Self::from_params(challenge)?),
        }
    }

    /// Reads the Payment challenges of all `WWW-Authenticate` fields of an
    /// answer, in order. What their parameters say is for [`Self::check`].
    ///
    /// # Errors
    /// [`UnusableChallenge`] if there is none, or a broken one.
    pub fn read_all<'a>(
        fields: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Self>, UnusableChallenge> {
        let mut challenges = Vec::new();
        for field in fields {
            for challenge in payment_challenges(field)? {
                challenges.push(Self::from_params(challenge)?);
            }
        }
        if challenges.is_empty() { Err(UnusableChallenge::Absent) } else { Ok(challenges) }
    }

    /// Takes a challenge from JSON, its parameters being text as on the wire.
    /// Null counts as absent; unknown members are ignored.
    ///
    /// # Errors
    /// [`Misfit`] names a member that is missing or no text.
    pub fn from_json(value: &Value) -> Result<Self, Misfit> {
        let members = Members::new(value);
        let text = |name| members.text(name).map(str::to_owned);
        let optional = |name| Ok(members.optional_text(name)?.map(str::to_owned));
        Ok(Self {
            id: ChallengeId(text("id")?),
            realm: text("realm")?,
            method: text("method")?,
            intent: text("intent")?,
            request: EncodedObject::from_wire(text("request")?),
            expires: optional("expires")?,
            digest: optional("digest")?,
            description: optional("description")?,
            opaque: optional("opaque")?.map(EncodedObject::from_wire),
        })
    }

    /// Whether every parameter says what it may.
    ///
    /// # Errors
    /// [`UnusableChallenge`] for the first one that does not.
    pub fn check(&self) -> Result<(), UnusableChallenge> {
        if self.id.0.is_empty() {
            return Err(UnusableChallenge::EmptyId);
        }
        let is_word =
            |text: &str, is_letter: fn(u8) -> bool| !text.is_empty() && text.bytes().all(is_letter);
        if !is_word(&self.method, |c| c.is_ascii_lowercase()) {
            return Err(UnusableChallenge::Method(self.method.clone()));
        }
        if !is_word(&self.intent, |c| c.is_ascii_alphanumeric() || c == b'-') {
            return Err(UnusableChallenge::Intent(self.intent.clone()));
        }
        self.request.decode().map_err(UnusableChallenge::Request)?;
        if let Some(opaque) = &self.opaque {
            let object = opaque.decode().map_err(UnusableChallenge::Opaque)?;
            let is_flat = object.as_object().is_some_and(|map| map.values().all(Value::is_string));
            if !is_flat {
                return Err(UnusableChallenge::OpaqueValue);
            }
        }
        if let Some(expires) = &self.expires {
            timestamp::parse(expires)?;
        }
        Ok(())
    }

    /// The field value, if a server may send it.
    ///
    /// # Errors
    /// [`UnusableChallenge`] for a parameter that says what it must not, is
    /// padded, or has a control character other than a tab.
    pub fn to_checked_field(&self) -> Result<String, UnusableChallenge> {
        self.check()?;
        let opaque = self.opaque.as_ref().map_or("", EncodedObject::as_str);
        for (name, value) in [("request", self.request.as_str()), ("opaque", opaque)] {
            if value.ends_with('=') {
                return Err(UnusableChallenge::Padded(name));
            }
        }
        let field = self.to_field();
        if field.bytes().any(|c| c.is_ascii_control() && c != b'\t') {
            return Err(UnusableChallenge::ControlCharacter);
        }
        Ok(field)
    }
}

fn payment_challenges(field: &str) -> Result<Vec<AuthChallenge>, UnusableChallenge> {
    // Other control characters may be kept (RFC 9110 §5.5).
    if field.contains(['\r', '\n', '\0']) {
        return Err(UnusableChallenge::ControlCharacter);
    }
    let mut challenges = auth_params::parse(field)?;
    challenges.retain(|challenge| challenge.scheme.eq_ignore_ascii_case(SCHEME));
    Ok(challenges)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const PLAIN: &str =
        r#"Payment id="i", realm="r", method="evm", intent="charge", request="e30""#;

    fn read(field: &str) -> Result<Challenge, UnusableChallenge> {
        let challenge = Challenge::read(field)?;
        challenge.check()?;
        Ok(challenge)
    }

    #[rstest]
    #[case::plain("")]
    #[case::other_scheme(r#", Bearer realm="x""#)]
    #[case::opaque(r#", opaque="eyJvcmRlciI6IjQyIn0""#)]
    #[case::tab(", description=\"a\tb\"")]
    fn reads(#[case] more: &str) {
        assert!(read(&format!("{PLAIN}{more}")).is_ok());
    }

    #[rstest]
    #[case::several(PLAIN, r#", Payment id="j""#)]
    #[case::none("Bearer", "")]
    #[case::newline(PLAIN, ", description=\"a\nb\"")]
    #[case::expires(PLAIN, r#", expires="tomorrow""#)]
    #[case::opaque_number(PLAIN, r#", opaque="eyJvcmRlciI6NDJ9""#)]
    #[case::opaque_list(PLAIN, r#", opaque="W10""#)]
    fn refuses(#[case] field: &str, #[case] more: &str) {
        assert!(read(&format!("{field}{more}")).is_err());
    }

    #[rstest]
    #[case::method("evm", "EVM")]
    #[case::intent("charge", "char_ge")]
    #[case::request("e30", "W10")]
    fn refuses_another(#[case] value: &str, #[case] other: &str) {
        assert!(read(&PLAIN.replace(value, other)).is_err());
    }

    /// A reader that compares each name with all before it needs minutes here.
    #[test]
    fn many_parameters_take_linear_time() {
        let params: String = (0..200_000).map(|index| format!(", x{index}=1")).collect();
        assert!(read(&format!("{PLAIN}{params}")).is_ok());
    }

    proptest! {
        #[test]
        fn never_panics(field in "\\PC*") {
            let _ = read(&field);
            let _ = Challenge::read_all([field.as_str(), PLAIN]);
        }

        #[test]
        fn what_is_written_is_read(
            realm in "[ -~]{1,40}",
            description in proptest::option::of("[\t -~\u{80}-\u{10ffff}]{0,40}"),
        ) {
            let plain = read(PLAIN).unwrap();
            let challenge = Challenge { realm, description, ..plain };
            let field = challenge.to_checked_field().unwrap();
            prop_assert_eq!(read(&field).unwrap(), challenge);
        }
    }
}
