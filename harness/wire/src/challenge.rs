//! Payment challenges: `WWW-Authenticate: Payment …`
//! (draft-httpauth-payment-00, "Challenge (WWW-Authenticate)").

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::auth_params::{self, AuthChallenge, MalformedChallenge};
use crate::base64url;
use crate::json::EncodedObject;

/// The authentication scheme, compared without regard to case.
pub const SCHEME: &str = "Payment";

/// The opaque, non-empty id of a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChallengeId(pub String);

impl fmt::Display for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parameters of a challenge, and their echo inside a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Bound to all parameters below but `description`.
    pub id: ChallengeId,
    /// Protection space.
    pub realm: String,
    /// Payment method, lower-case letters.
    pub method: String,
    /// Payment intent.
    pub intent: String,
    /// What to pay, as the method defines it.
    pub request: EncodedObject,
    /// RFC 3339; after it the challenge is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Digest of the request body the challenge is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// For display only; bound by nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The server's correlation data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<EncodedObject>,
}

/// Why a `WWW-Authenticate` field holds no usable Payment challenge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChallenge {
    /// Outside the grammar.
    #[error(transparent)]
    Malformed(#[from] MalformedChallenge),
    /// A required parameter is absent or empty.
    #[error("the challenge has no `{0}`")]
    Missing(&'static str),
    /// A parameter occurs twice.
    #[error("the challenge has `{0}` twice")]
    Twice(String),
}

impl Challenge {
    /// Reads the Payment challenges of all `WWW-Authenticate` fields of an
    /// answer, in order; other schemes are passed over.
    ///
    /// # Errors
    /// [`InvalidChallenge`] for the first broken one.
    pub fn parse_all<'a>(
        fields: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Self>, InvalidChallenge> {
        let mut challenges = Vec::new();
        for field in fields {
            for challenge in auth_params::parse(field)? {
                if challenge.scheme.eq_ignore_ascii_case(SCHEME) {
                    challenges.push(Self::from_params(challenge)?);
                }
            }
        }
        Ok(challenges)
    }

    /// Takes the parameters of a Payment challenge; unknown ones are ignored.
    ///
    /// # Errors
    /// [`InvalidChallenge`] for a parameter that is missing, empty though it is
    /// required, or there twice.
    pub fn from_params(challenge: AuthChallenge) -> Result<Self, InvalidChallenge> {
        let mut params = BTreeMap::new();
        for (mut name, value) in challenge.params {
            name.make_ascii_lowercase();
            match params.entry(name) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(entry) => {
                    return Err(InvalidChallenge::Twice(entry.key().clone()));
                }
            }
        }
        let mut take = |name: &str| params.remove(name);
        let mut required = |name: &'static str| {
            take(name).filter(|value| !value.is_empty()).ok_or(InvalidChallenge::Missing(name))
        };
        Ok(Self {
            id: ChallengeId(required("id")?),
            realm: required("realm")?,
            method: required("method")?,
            intent: required("intent")?,
            request: EncodedObject::from_wire(required("request")?),
            expires: take("expires"),
            digest: take("digest"),
            description: take("description"),
            opaque: take("opaque").map(EncodedObject::from_wire),
        })
    }

    /// The header field value.
    #[must_use]
    pub fn to_field(&self) -> String {
        let mut params = vec![
            ("id", self.id.0.as_str()),
            ("realm", &self.realm),
            ("method", &self.method),
            ("intent", &self.intent),
            ("request", self.request.as_str()),
        ];
        let optional = [
            ("expires", self.expires.as_deref()),
            ("digest", self.digest.as_deref()),
            ("description", self.description.as_deref()),
            ("opaque", self.opaque.as_ref().map(EncodedObject::as_str)),
        ];
        params.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        auth_params::format(SCHEME, &params)
    }

    /// What the recommended binding authenticates: seven slots joined by `|`
    /// (draft-httpauth-payment-00, "Recommended: HMAC-SHA256 Binding"). `request`
    /// and `opaque` enter as they stand on the wire.
    #[must_use]
    pub fn bound_message(&self) -> String {
        let slots = [
            self.realm.as_str(),
            &self.method,
            &self.intent,
            self.request.as_str(),
            self.expires.as_deref().unwrap_or_default(),
            self.digest.as_deref().unwrap_or_default(),
            self.opaque.as_ref().map(EncodedObject::as_str).unwrap_or_default(),
        ];
        slots.join("|")
    }

    /// The id the recommended binding gives these parameters: HMAC-SHA256 over
    /// [`Self::bound_message`], base64url unpadded.
    #[must_use]
    pub fn bound_id(&self, secret: &[u8]) -> ChallengeId {
        let mac = hmac_sha256(secret, self.bound_message().as_bytes());
        ChallengeId(base64url::encode(mac))
    }

    /// The same challenge with the id its parameters ask for under `secret`.
    #[must_use]
    pub fn bind(mut self, secret: &[u8]) -> Self {
        self.id = self.bound_id(secret);
        self
    }
}

/// HMAC-SHA256; every key length is valid.
#[must_use]
pub fn hmac_sha256(secret: &[u8], message: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn sample() -> Challenge {
        Challenge {
            id: ChallengeId(String::new()),
            realm: "api.example.com".into(),
            method: "evm".into(),
            intent: "charge".into(),
            request: EncodedObject::encode(&json!({
                "amount": "10000",
                "currency": "0x779ded0c9e1022225f8e0630b35a9b54be713736",
                "recipient": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
                "methodDetails": {"chainId": 196, "feePayer": true},
            }))
            .unwrap(),
            expires: Some("2030-01-01T00:00:00Z".into()),
            digest: None,
            description: None,
            opaque: Some(EncodedObject::encode(&json!({"order": "42"})).unwrap()),
        }
    }

    /// A vector found independently with two published SDKs (pympp and mppx).
    #[test]
    fn id_of_the_seven_slots() {
        let id = sample().bound_id(b"conformance-secret");
        assert_eq!(id.0, "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk");
    }

    #[rstest]
    #[case::realm(|c: &mut Challenge| c.realm.push('x'))]
    #[case::method(|c: &mut Challenge| c.method.push('x'))]
    #[case::intent(|c: &mut Challenge| c.intent.push('x'))]
    #[case::request(|c: &mut Challenge| c.request = EncodedObject::from_wire("e30"))]
    #[case::expires(|c: &mut Challenge| c.expires = None)]
    #[case::digest(|c: &mut Challenge| c.digest = Some("sha-256=".into()))]
    #[case::opaque(|c: &mut Challenge| c.opaque = None)]
    fn id_binds_every_slot(#[case] change: fn(&mut Challenge)) {
        let mut changed = sample();
        change(&mut changed);
        assert_ne!(changed.bound_id(b"secret"), sample().bound_id(b"secret"));
    }

    #[test]
    fn description_is_not_bound() {
        let described = Challenge { description: Some("x".into()), ..sample() };
        assert_eq!(described.bound_id(b"secret"), sample().bound_id(b"secret"));
    }

    #[rstest]
    #[case::missing_id(r#"Payment realm="r", method="evm", intent="charge", request="e30""#)]
    #[case::empty_id(r#"Payment id="", realm="r", method="evm", intent="charge", request="e30""#)]
    #[case::twice(
        r#"Payment id="a", id="b", realm="r", method="evm", intent="charge", request="e30""#
    )]
    fn refuses(#[case] field: &str) {
        assert!(Challenge::parse_all([field]).is_err());
    }

    #[test]
    fn passes_over_other_schemes_and_reads_several_lines() {
        let one = sample().bind(b"k");
        let line = format!("Bearer realm=\"x\", {}", one.to_field());
        let read = Challenge::parse_all([line.as_str(), &one.to_field()]).unwrap();
        assert_eq!(read, [one.clone(), one]);
    }

    proptest! {
        #[test]
        fn round_trips(realm in "[ -~]{1,40}", description in proptest::option::of("[ -~]{0,40}")) {
            let challenge = Challenge { realm, description, ..sample() }.bind(b"k");
            let read = Challenge::parse_all([challenge.to_field().as_str()]).unwrap();
            prop_assert_eq!(read, vec![challenge]);
        }
    }
}
