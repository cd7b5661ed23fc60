//! Request signing: "signature = Base64(HMAC-SHA256(secretKey, timestamp +
//! METHOD + requestPath + body))" (seed 000, "Endpoints called").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::challenge::hmac_sha256;

/// Header names.
pub const KEY: &str = "ok-access-key";
/// Header names.
pub const SIGN: &str = "ok-access-sign";
/// Header names.
pub const TIMESTAMP: &str = "ok-access-timestamp";
/// Header names.
pub const PASSPHRASE: &str = "ok-access-passphrase";

/// The signature over the literal timestamp and the exact bytes sent.
/// `path` includes the query; the body of a GET is empty.
#[must_use]
pub fn sign(secret: &str, timestamp: &str, method: &str, path: &str, body: &[u8]) -> String {
    let mut message = format!("{timestamp}{method}{path}").into_bytes();
    message.extend_from_slice(body);
    encode(&hmac_sha256(secret.as_bytes(), &message))
}

/// A code as `OK-ACCESS-SIGN` carries it: standard base64, padded.
#[must_use]
pub fn encode(mac: &[u8]) -> String {
    STANDARD.encode(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recomputed with `openssl dgst -sha256 -hmac secret -binary | base64`.
    #[test]
    fn signs_the_concatenation() {
        let signature = sign("secret", "2026-11-20T21:49:56Z", "POST", "/api/v6/x?a=1", b"{}");
        assert_eq!(signature, "A3v/4G3vPt1Bl4ep1TfZP5By2XDhbDwqYcflK1NXaco=");
    }
}
