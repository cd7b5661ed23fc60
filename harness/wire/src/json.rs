//! JSON in its canonical form, and carried in base64url.

use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

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

/// Why text cannot be read as what its author meant, whoever reads it.
#[derive(Debug, thiserror::Error)]
pub enum Ambiguous {
    /// Outside the grammar of JSON (RFC 8259).
    #[error("not JSON: {0}")]
    NotJson(serde_json::Error),
    /// A name stands twice in an object, perhaps spelled differently.
    #[error("a name stands twice: {0}")]
    Twice(serde_json::Error),
    /// JSON, with text that is no Unicode or a number that no double holds, or
    /// nested more deeply than 127 levels.
    #[error("JSON, but not I-JSON: {0}")]
    NotIJson(serde_json::Error),
}

/// Reads what RFC 8785 can serialize: JSON within the bounds of I-JSON (RFC
/// 7493). An ordinary reader takes the last of two members of one name.
///
/// # Errors
/// [`Ambiguous`] says which bound it breaks.
pub fn parse_strict(text: &str) -> Result<Value, Ambiguous> {
    let error = match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => return Ok(value),
        Err(error) => error,
    };
    Err(if error.is_data() {
        Ambiguous::Twice(error)
    } else if serde_json::from_str::<IgnoredAny>(text).is_ok() {
        // Who passes over a value checks its grammar alone.
        Ambiguous::NotIJson(error)
    } else {
        Ambiguous::NotJson(error)
    })
}

/// A value without duplicate names at any depth.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Strict(value) = members.next_value()?;
            if object.contains_key(&name) {
                return Err(de::Error::custom(format_args!("{name:?}")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
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
    use proptest::prelude::*;
    use rstest::rstest;
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

    #[rstest]
    #[case::plain(r#"{"a":1,"a":2}"#)]
    #[case::nested(r#"[{"b":{"a":1,"a":1}}]"#)]
    #[case::escaped(r#"{"a":1,"\u0061":2}"#)]
    fn a_name_stands_once(#[case] text: &str) {
        assert!(matches!(parse_strict(text), Err(Ambiguous::Twice(_))));
        assert!(serde_json::from_str::<Value>(text).is_ok());
    }

    #[rstest]
    #[case::surrogate(r#""\udead""#)]
    #[case::surrogate_as_name(r#"{"\ud800":1}"#)]
    #[case::pair_the_wrong_way(r#""\ude00\ud83d""#)]
    #[case::past_a_double("1e400")]
    #[case::below_a_double("[-1e400]")]
    #[case::deep(&("[".repeat(128) + &"]".repeat(128)))]
    #[case::bottomless(&("[".repeat(1_000_000) + &"]".repeat(1_000_000)))]
    fn bounds_of_i_json(#[case] text: &str) {
        assert!(matches!(parse_strict(text), Err(Ambiguous::NotIJson(_))));
    }

    #[rstest]
    #[case("")]
    #[case("{\"a\":1}x")]
    #[case("\u{feff}{}")]
    #[case("NaN")]
    #[case("[1,]")]
    #[case("\"\t\"")]
    #[case(&"[".repeat(1_000_000))]
    fn grammar(#[case] text: &str) {
        assert!(matches!(parse_strict(text), Err(Ambiguous::NotJson(_))));
    }

    /// RFC 8785, "Number Serialization Samples".
    #[rstest]
    #[case("-0", "0")]
    #[case("4.9406564584124654e-324", "5e-324")]
    #[case("1.7976931348623157E308", "1.7976931348623157e+308")]
    #[case("295147905179352825856", "295147905179352830000")]
    #[case("999999999999999868928", "999999999999999900000")]
    #[case("0.00000099999999999999974", "9.999999999999997e-7")]
    #[case("333333333.33333329", "333333333.3333333")]
    #[case("1424953923781206.25", "1424953923781206.2")]
    fn numbers(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(canonical(&parse_strict(text).unwrap()).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = parse_strict(&text);
        }

        #[test]
        fn canonical_text_is_its_own_form(number in any::<f64>(), text in "\\PC*", name in "\\PC*") {
            let value = json!({ name: [number, text, null, true] });
            let once = canonical(&value).unwrap();
            prop_assert_eq!(canonical(&parse_strict(&once).unwrap()).unwrap(), once);
        }
    }
}
