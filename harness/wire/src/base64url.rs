//! Base64url, as MPP headers use it.

use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _};

/// Text that base64url does not produce.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBase64Url {
    /// A character of another alphabet, or of none.
    #[error("not base64url: byte {0} is outside the alphabet")]
    Alphabet(usize),
    /// A single character behind the last four encodes no byte.
    #[error("not base64url: {0} characters encode no bytes")]
    Length(usize),
    /// Bits behind the last byte that no encoder sets.
    #[error("not base64url: bits are set behind the last byte")]
    TrailingBits,
    /// Padding where there must be none.
    #[error("not base64url: the padding is out of place")]
    Padding,
}

impl From<DecodeError> for NotBase64Url {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::InvalidByte(at, _) => Self::Alphabet(at),
            DecodeError::InvalidLength(length) => Self::Length(length),
            DecodeError::InvalidLastSymbol { .. } => Self::TrailingBits,
            DecodeError::InvalidPadding => Self::Padding,
        }
    }
}

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
/// [`NotBase64Url`] says what is wrong.
pub fn decode_unpadded(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    Ok(URL_SAFE_NO_PAD.decode(text)?)
}

/// Decodes what a receiver should read: with or without padding.
///
/// # Errors
/// [`NotBase64Url`] says what is wrong.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    Ok(EITHER_PADDING.decode(text)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

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

    #[rstest]
    #[case::other_alphabet("ab+c", NotBase64Url::Alphabet(2))]
    #[case::line_feed("abcd\n", NotBase64Url::Alphabet(4))]
    #[case::padding_in_the_middle("YQ==YQ==", NotBase64Url::Alphabet(2))]
    #[case::a_character_too_many("abcde", NotBase64Url::Length(5))]
    #[case::trailing_bits("YR", NotBase64Url::TrailingBits)]
    fn says_what_is_wrong(#[case] text: &str, #[case] expected: NotBase64Url) {
        assert_eq!(decode(text), Err(expected));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = decode(&text);
        }

        #[test]
        fn what_is_encoded_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(decode_unpadded(&encode(&bytes)).unwrap(), bytes);
        }
    }
}
