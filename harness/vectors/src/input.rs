//! The members of an input, read strictly.

use alloy::hex;
use alloy::primitives::{Address, B256, Bytes, U256};
use conform402_wire::BaseUnits;
use serde_json::Value;

use crate::operation::Refusal;

/// An input of an operation. Every reader refuses with
/// `<member>-is-missing`, or `<member>-is-no-<type>`.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a Value);

impl<'a> Input<'a> {
    /// Reads the members of `value`.
    pub(crate) const fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// The input as it is.
    pub(crate) const fn value(&self) -> &'a Value {
        self.0
    }

    /// A member; null counts as absent.
    pub(crate) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member that must be there.
    pub(crate) fn member(&self, name: &str) -> Result<&'a Value, Refusal> {
        self.optional(name).ok_or_else(|| Refusal::new(format!("{}-is-missing", kebab(name))))
    }

    fn read<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, Refusal> {
        let value = self.member(name)?;
        read(value).ok_or_else(|| Refusal::new(format!("{}-is-no-{kind}", kebab(name))))
    }

    /// The members of an object.
    pub(crate) fn object(&self, name: &str) -> Result<Input<'a>, Refusal> {
        self.read(name, "object", |value| value.is_object().then_some(Input(value)))
    }

    /// The elements of an array.
    pub(crate) fn array(&self, name: &str) -> Result<&'a [Value], Refusal> {
        self.read(name, "array", |value| value.as_array().map(Vec::as_slice))
    }

    /// Text.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.read(name, "text", Value::as_str)
    }

    /// Text that may be absent.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.optional(name).map(|_| self.text(name)).transpose()
    }

    /// A JSON integer from zero up.
    pub(crate) fn integer(&self, name: &str) -> Result<u64, Refusal> {
        self.read(name, "integer", Value::as_u64)
    }

    /// `0x` and 40 hexadecimal digits, in any case.
    pub(crate) fn address(&self, name: &str) -> Result<Address, Refusal> {
        self.read(name, "address", |value| fixed(value).map(Address::from))
    }

    /// `0x` and 64 hexadecimal digits, in any case.
    pub(crate) fn bytes32(&self, name: &str) -> Result<B256, Refusal> {
        self.read(name, "bytes32", |value| fixed(value).map(B256::from))
    }

    /// `0x` and an even number of hexadecimal digits.
    pub(crate) fn bytes(&self, name: &str) -> Result<Bytes, Refusal> {
        self.read(name, "bytes", |value| hex_digits(value).map(Bytes::from))
    }

    /// A decimal string below `2^bits`.
    pub(crate) fn uint(&self, name: &str, bits: usize) -> Result<U256, Refusal> {
        self.read(name, &format!("uint{bits}"), |value| uint(value, bits))
    }
}

/// A decimal string below `2^bits`, without sign, point or leading zero.
fn uint(value: &Value, bits: usize) -> Option<U256> {
    let units: BaseUnits = value.as_str()?.parse().ok()?;
    (units.0.bit_len() <= bits).then_some(units.0)
}

/// Exactly `N` bytes in hexadecimal.
pub(crate) fn fixed<const N: usize>(value: &Value) -> Option<[u8; N]> {
    hex_digits(value)?.try_into().ok()
}

fn hex_digits(value: &Value) -> Option<Vec<u8>> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    // alloy would take a second prefix.
    digits.bytes().all(|c| c.is_ascii_hexdigit()).then(|| hex::decode(digits).ok())?
}

/// `cumulativeAmount` as `cumulative-amount`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}
