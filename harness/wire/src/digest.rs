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
    digest == rfc9530(body) || digest == without_colons(body)
}

#[cfg(test)]
mod tests {
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
}
