//! JSON in its canonical form, and carried in base64url.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base64url::{self, NotBase64Url};

/// JSON that has no canonical form (RFC 8785), such as a number past the range
/// of a double.
#[derive(Debug, thiserror::Error)]
#[error("JSON without canonical form: {0}")]
pub struct NotCanonical(#[from] serde_json::Error);

/// The canonical form of `value` (JCS, RFC 8785).
///
/// # Errors
/// [`NotCanonical`] where JCS defines none.
pub fn canonical(value: &impl Serialize) -> Result<String, NotCanonical> {
    Ok(serde_json_canonicalizer::to_string(value)?)
}

/// A base64url header value that carries a JSON object, kept exactly as it was
/// received: the challenge id binds these characters, not their meaning.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncodedObject(String);

/// Why a header value carries no JSON object.
#[derive(Debug, thiserror::Error)]
pub enum NotEncodedObject {
    /// The outer encoding is broken.
    #[error(transparent)]
    Base64(#[from] NotBase64Url),
    /// The inner bytes are no text.
    #[error("not UTF-8: {0}")]
    Utf8(#[from] std::string::FromUtf8Error),
    /// The inner text is no JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of another kind.
    #[error("JSON, but not an object")]
    NotObject,
}

impl EncodedObject {
    /// Takes a value as received, unread.
    #[must_use]
    pub fn from_wire(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Encodes an object the way senders must: JCS, then base64url unpadded.
    ///
    /// # Errors
    /// [`NotCanonical`] where JCS defines no form.
    pub fn encode(object: &impl Serialize) -> Result<Self, NotCanonical> {
        Ok(Self(base64url::encode(canonical(object)?)))
    }

    /// The characters on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The decoded text, with or without padding; it need not be JSON.
    ///
    /// # Errors
    /// [`NotEncodedObject`] names the first layer that is broken.
    pub fn text(&self) -> Result<String, NotEncodedObject> {
        Ok(String::from_utf8(base64url::decode(&self.0)?)?)
    }

    /// The decoded object, with or without padding.
    ///
    /// # Errors
    /// [`NotEncodedObject`] names the first layer that is broken.
    pub fn decode(&self) -> Result<Value, NotEncodedObject> {
        let value: Value = serde_json::from_str(&self.text()?)?;
        if value.is_object() { Ok(value) } else { Err(NotEncodedObject::NotObject) }
    }

    /// The decoded object as `T`.
    ///
    /// # Errors
    /// [`NotEncodedObject`], also where a member has another type.
    pub fn decode_as<T: serde::de::DeserializeOwned>(&self) -> Result<T, NotEncodedObject> {
        Ok(serde_json::from_value(self.decode()?)?)
    }
}

impl fmt::Display for EncodedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EncodedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodedObject({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8785 §3.2.3 orders by UTF-16 code units, so U+10000 sorts before
    /// U+E000 although its code point is higher.
    #[test]
    fn keys_sort_by_utf16_units() {
        let text = canonical(&json!({"\u{e000}": 1, "\u{10000}": 2, "a": 3})).unwrap();
        assert_eq!(text, "{\"a\":3,\"\u{10000}\":2,\"\u{e000}\":1}");
    }

    #[test]
    fn only_objects_are_read() {
        let array = EncodedObject::from_wire(base64url::encode("[]"));
        assert!(matches!(array.decode(), Err(NotEncodedObject::NotObject)));
        let text = EncodedObject::from_wire(base64url::encode("not json"));
        assert!(matches!(text.decode(), Err(NotEncodedObject::Json(_))));
    }
}
