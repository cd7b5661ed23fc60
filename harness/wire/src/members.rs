//! The members of a JSON object, read strictly.

use alloy::hex;
use alloy::primitives::{Address, B256, Bytes};
use serde_json::{Map, Value};

use crate::amount::BaseUnits;
use crate::typed_data::Misfit;

/// An object whose members are read by name. Null counts as absent, and who
/// asks for no member does not see it. A member that is absent, or of another
/// kind than asked for, is a [`Misfit`].
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(&'a Value);

impl<'a> Members<'a> {
    /// Reads the members of `value`; if that is no object, it has none.
    #[must_use]
    pub const fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// Reads the members of `value`, which must be an object; a misfit calls it
    /// `name`.
    pub fn of(name: &str, value: &'a Value) -> Result<Self, Misfit> {
        if value.is_object() { Ok(Self(value)) } else { Err(Misfit::kind(name, "object")) }
    }

    /// The object as it is.
    #[must_use]
    pub const fn value(self) -> &'a Value {
        self.0
    }

    /// A member of any kind, if it is there.
    #[must_use]
    pub fn optional(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member of any kind.
    pub fn member(self, name: &str) -> Result<&'a Value, Misfit> {
        self.optional(name).ok_or_else(|| Misfit::Missing(name.to_owned()))
    }

    /// What `read` makes of a member, if it is there.
    pub fn if_any<T>(
        self,
        name: &str,
        read: impl FnOnce(Self, &str) -> Result<T, Misfit>,
    ) -> Result<Option<T>, Misfit> {
        self.optional(name).map(|_| read(self, name)).transpose()
    }

    /// As [`Self::if_any`], with a default for what is absent.
    pub fn or_default<T: Default>(
        self,
        name: &str,
        read: impl FnOnce(Self, &str) -> Result<T, Misfit>,
    ) -> Result<T, Misfit> {
        self.if_any(name, read).map(Option::unwrap_or_default)
    }

    fn read<T>(
        self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, Misfit> {
        read(self.member(name)?).ok_or_else(|| Misfit::kind(name, kind))
    }

    /// An object.
    pub fn map(self, name: &str) -> Result<&'a Map<String, Value>, Misfit> {
        self.read(name, "object", Value::as_object)
    }

    /// The members of an object.
    pub fn object(self, name: &str) -> Result<Self, Misfit> {
        Self::of(name, self.member(name)?)
    }

    /// The elements of an array.
    pub fn array(self, name: &str) -> Result<&'a [Value], Misfit> {
        self.read(name, "array", |value| value.as_array().map(Vec::as_slice))
    }

    /// Text.
    pub fn text(self, name: &str) -> Result<&'a str, Misfit> {
        self.read(name, "text", Value::as_str)
    }

    /// Text that may be absent.
    pub fn optional_text(self, name: &str) -> Result<Option<&'a str>, Misfit> {
        self.if_any(name, Self::text)
    }

    /// `true` or `false`.
    pub fn boolean(self, name: &str) -> Result<bool, Misfit> {
        self.read(name, "boolean", Value::as_bool)
    }

    /// A JSON integer from zero up.
    pub fn integer(self, name: &str) -> Result<u64, Misfit> {
        self.read(name, "integer", Value::as_u64)
    }

    /// A decimal string below `2^bits`, without sign, point or leading zero.
    pub fn uint(self, name: &str, bits: usize) -> Result<BaseUnits, Misfit> {
        self.read(name, &format!("uint{bits}"), |value| {
            let units: BaseUnits = value.as_str()?.parse().ok()?;
            (units.0.bit_len() <= bits).then_some(units)
        })
    }

    /// `0x` and 40 hexadecimal digits, in any case.
    pub fn address(self, name: &str) -> Result<Address, Misfit> {
        self.fixed(name, "address").map(Address::new)
    }

    /// `0x` and 64 hexadecimal digits, in any case.
    pub fn bytes32(self, name: &str) -> Result<B256, Misfit> {
        self.fixed(name, "bytes32").map(B256::new)
    }

    /// `0x` and hexadecimal digits of `N` bytes, in any case.
    pub fn fixed<const N: usize>(self, name: &str, kind: &str) -> Result<[u8; N], Misfit> {
        self.read(name, kind, |value| fixed(value.as_str()?))
    }

    /// `0x` and an even number of hexadecimal digits, in any case.
    pub fn bytes(self, name: &str) -> Result<Bytes, Misfit> {
        self.read(name, "bytes", |value| bytes_of(value.as_str()?).map(Bytes::from))
    }
}

/// The bytes of `0x` and hexadecimal digits.
pub(crate) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    // alloy would take a second prefix.
    digits.bytes().all(|c| c.is_ascii_hexdigit()).then(|| hex::decode(digits).ok())?
}

/// As [`bytes_of`], exactly `N` of them.
pub(crate) fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    bytes_of(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn null_is_absent_and_kinds_are_told_apart() {
        let value = json!({ "text": "a", "null": null, "number": 1, "object": {} });
        let members = Members::new(&value);
        assert_eq!(members.text("text"), Ok("a"));
        assert_eq!(members.optional_text("null"), Ok(None));
        assert_eq!(members.text("null"), Err(Misfit::Missing("null".into())));
        assert_eq!(members.optional_text("number"), Err(Misfit::kind("number", "text")));
        assert_eq!(members.if_any("number", Members::integer), Ok(Some(1)));
        assert!(members.map("object").unwrap().is_empty());
        assert_eq!(members.map("text"), Err(Misfit::kind("text", "object")));
        assert!(Members::new(&json!([])).text("text").is_err());
    }

    #[rstest]
    #[case::bytes("0xaB00", true)]
    #[case::none("0x", true)]
    #[case::odd("0xabc", false)]
    #[case::unprefixed("ab00", false)]
    #[case::two_prefixes("0x0xab", false)]
    #[case::capital_prefix("0Xab", false)]
    #[case::no_digit("0xag", false)]
    fn bytes_have_one_prefix(#[case] text: &str, #[case] sound: bool) {
        assert_eq!(Members::new(&json!({ "bytes": text })).bytes("bytes").is_ok(), sound);
    }
}
