//! The members of a JSON object, read strictly.

use alloy::hex;
use alloy::primitives::U256;
use serde_json::{Map, Value};

use crate::amount::BaseUnits;
use crate::typed_data::Misfit;

/// An object whose members are read by name; null counts as absent.
#[derive(Clone, Copy)]
pub(crate) struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    pub const fn new(object: &'a Map<String, Value>) -> Self {
        Self(object)
    }

    /// A value that must be an object; `name` is what a misfit is told by.
    pub fn of(name: &str, value: &'a Value) -> Result<Self, Misfit> {
        value.as_object().map(Self).ok_or_else(|| misfit(name, "object"))
    }

    pub fn optional(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub fn member(self, name: &str) -> Result<&'a Value, Misfit> {
        self.optional(name).ok_or_else(|| Misfit::Missing(name.to_owned()))
    }

    pub fn object(self, name: &str) -> Result<Self, Misfit> {
        Self::of(name, self.member(name)?)
    }

    pub fn text(self, name: &str) -> Result<&'a str, Misfit> {
        self.member(name)?.as_str().ok_or_else(|| misfit(name, "text"))
    }

    /// `0x` and 40 digits.
    pub fn address(self, name: &str) -> Result<&'a str, Misfit> {
        self.digits(name, "address", 40)
    }

    /// `0x` and 64 digits.
    pub fn word(self, name: &str) -> Result<&'a str, Misfit> {
        self.digits(name, "bytes32", 64)
    }

    /// `0x` and 130 digits: `r ‖ s ‖ v`.
    pub fn signature(self, name: &str) -> Result<&'a str, Misfit> {
        self.digits(name, "signature", 130)
    }

    fn digits(self, name: &str, kind: &str, count: usize) -> Result<&'a str, Misfit> {
        let text = self.text(name)?;
        let digits = text.strip_prefix("0x").filter(|digits| {
            digits.len() == count && digits.bytes().all(|c| c.is_ascii_hexdigit())
        });
        digits.map(|_| text).ok_or_else(|| misfit(name, kind))
    }

    /// A decimal string below `2^bits`.
    pub fn uint(self, name: &str, bits: usize) -> Result<BaseUnits, Misfit> {
        let units = self.member(name)?.as_str().and_then(|text| text.parse::<BaseUnits>().ok());
        units.filter(|units| units.0.bit_len() <= bits).ok_or_else(|| uint_misfit(name, bits))
    }

    /// As [`Self::uint`], also of a JSON integer.
    pub fn uint_or_number(self, name: &str, bits: usize) -> Result<BaseUnits, Misfit> {
        match self.member(name)? {
            Value::Number(number) => number
                .as_u64()
                .map(|units| BaseUnits(U256::from(units)))
                .ok_or_else(|| uint_misfit(name, bits)),
            _ => self.uint(name, bits),
        }
    }
}

pub(crate) fn misfit(name: &str, kind: &str) -> Misfit {
    Misfit::Kind { member: name.to_owned(), kind: kind.to_owned() }
}

fn uint_misfit(name: &str, bits: usize) -> Misfit {
    misfit(name, &format!("uint{bits}"))
}

/// The same bytes with lower-case digits.
pub(crate) fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// `0x` and hexadecimal digits, as bytes.
pub(crate) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}
