//! The digest of a request body, bound into a challenge.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// RFC 9530 form, `sha-256=:<base64>:` (draft-httpauth-payment-00, "Request
/// Body Digest Binding").
#[must_use]
pub fn rfc9530(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

/// The form published SDKs emit, `sha-256=<base64>` without colons (seed 001,
/// `BodyDigest.compute`).
#[must_use]
pub fn without_colons(body: &[u8]) -> String {
    format!("sha-256={}", STANDARD.encode(Sha256::digest(body)))
}

/// Whether `digest`, in either form, is that of `body`.
#[must_use]
pub fn matches(digest: &str, body: &[u8]) -> bool {
    verify(digest, body).is_ok()
}

/// Why a digest does not vouch for a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongDigest {
    /// Of another algorithm, or none.
    #[error("no sha-256 digest")]
    Algorithm,
    /// What follows is base64 neither between colons nor without them.
    #[error("no base64, with or without colons")]
    Encoding,
    /// Base64 of something that is no SHA-256 hash.
    #[error("a hash of {0} bytes")]
    Length(usize),
    /// The hash of another body.
    #[error("the digest of another body")]
    OtherBody,
}

/// Verifies that `digest`, in either form, is that of `body`. Base64 is read
/// with its padding.
///
/// # Errors
/// [`WrongDigest`] names the first thing that is wrong.
pub fn verify(digest: &str, body: &[u8]) -> Result<(), WrongDigest> {
    let encoded = digest.strip_prefix("sha-256=").ok_or(WrongDigest::Algorithm)?;
    let between = encoded.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    let hash = STANDARD.decode(between.unwrap_or(encoded)).map_err(|_| WrongDigest::Encoding)?;
    if hash.len() != 32 {
        return Err(WrongDigest::Length(hash.len()));
    }
    if hash == Sha256::digest(body).as_slice() { Ok(()) } else { Err(WrongDigest::OtherBody) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// Recomputed with `openssl dgst -sha256 -binary | base64`.
    #[test]
    fn both_forms_of_a_known_body() {
        let body = br#"{"q":1}"#;
        assert_eq!(without_colons(body), "sha-256=auD2YARtrc9f6EYsDgCgYttMjWe+gvQJjF6kII0ZsHY=");
        assert_eq!(rfc9530(body), "sha-256=:auD2YARtrc9f6EYsDgCgYttMjWe+gvQJjF6kII0ZsHY=:");
        assert!(matches(&rfc9530(body), body) && matches(&without_colons(body), body));
        assert!(!matches(&rfc9530(body), br#"{"q":2}"#));
    }

    #[rstest]
    #[case("", WrongDigest::Algorithm)]
    #[case("sha-512=:auD2YARtrc9f6EYsDgCgYttMjWe+gvQJjF6kII0ZsHY=:", WrongDigest::Algorithm)]
    #[case("sha-256=:auD2YARtrc9f6EYsDgCgYttMjWe+gvQJjF6kII0ZsHY=", WrongDigest::Encoding)]
    #[case("sha-256=auD2YARtrc9f6EYsDgCgYttMjWe-gvQJjF6kII0ZsHY=", WrongDigest::Encoding)]
    #[case("sha-256=:auD2YARtrc9f6EYsDgCgYg==:", WrongDigest::Length(16))]
    #[case("sha-256=::", WrongDigest::Length(0))]
    #[case("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", WrongDigest::OtherBody)]
    fn says_what_is_wrong(#[case] digest: &str, #[case] expected: WrongDigest) {
        assert_eq!(verify(digest, br#"{"q":1}"#), Err(expected));
    }

    proptest! {
        #[test]
        fn never_panics(digest in "(sha-256=)?:?\\PC*:?") {
            let _ = verify(&digest, b"");
        }

        #[test]
        fn a_body_matches_its_digests(body in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(matches(&rfc9530(&body), &body) && matches(&without_colons(&body), &body));
        }
    }
}
