//! Base64url, as MPP headers use it.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Text that base64url does not produce.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not base64url: {0}")]
pub struct NotBase64Url(String);

const EITHER_PADDING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Encodes without padding.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes what a sender must write: no padding, no other alphabet.
///
/// # Errors
/// [`NotBase64Url`] names the offending byte.
pub fn decode_unpadded(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| NotBase64Url(error.to_string()))
}

/// Decodes what a receiver should read: with or without padding.
///
/// # Errors
/// [`NotBase64Url`] names the offending byte.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    EITHER_PADDING.decode(text).map_err(|error| NotBase64Url(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_optional_only_when_reading_kindly() {
        assert_eq!(encode([0xfb, 0xff]), "-_8");
        assert_eq!(decode("-_8").unwrap(), [0xfb, 0xff]);
        assert_eq!(decode("-_8=").unwrap(), [0xfb, 0xff]);
        assert!(decode_unpadded("-_8=").is_err());
        assert!(decode("+/8=").is_err());
        assert!(decode("-_8 ").is_err());
    }
}
