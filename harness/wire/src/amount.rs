//! Amounts of money.

use std::fmt;
use std::str::FromStr;

use alloy::primitives::U256;
use serde::{Deserialize, Serialize};

/// An amount in a token's smallest unit, `0 ..= 2^256-1`.
///
/// On the wire it is a decimal string without sign, point, exponent or leading
/// zero (draft-payment-intent-charge-00, "Required Fields").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseUnits(pub U256);

/// Why a string is not an amount in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBaseUnits {
    /// No character.
    #[error("empty")]
    Empty,
    /// Something other than an ASCII digit: a sign, a point, an exponent.
    #[error("{0:?} has no place in an integer amount in base units")]
    Character(char),
    /// One number has one spelling.
    #[error("a leading zero")]
    LeadingZero,
    /// Past `2^256-1`.
    #[error("past 2^256-1")]
    TooLarge,
}

impl BaseUnits {
    /// An amount that fits 64 bits.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self(U256::from_limbs([units, 0, 0, 0]))
    }

    /// The sum, or `None` past `2^256-1`.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The amount in whole tokens of `decimals` places, as a person writes it:
    /// `BaseUnits::new(1_500_000).to_decimal(6)` is `1.5`.
    #[must_use]
    pub fn to_decimal(self, decimals: u8) -> String {
        let digits = format!("{:0>width$}", self.0.to_string(), width = usize::from(decimals) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
        match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }
}

impl From<u128> for BaseUnits {
    fn from(units: u128) -> Self {
        Self(U256::from(units))
    }
}

impl FromStr for BaseUnits {
    type Err = NotBaseUnits;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(NotBaseUnits::Empty);
        }
        if let Some(c) = text.chars().find(|c| !c.is_ascii_digit()) {
            return Err(NotBaseUnits::Character(c));
        }
        if text.len() > 1 && text.starts_with('0') {
            return Err(NotBaseUnits::LeadingZero);
        }
        U256::from_str_radix(text, 10).map(Self).map_err(|_| NotBaseUnits::TooLarge)
    }
}

impl fmt::Display for BaseUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for BaseUnits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BaseUnits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0")]
    #[case("100")]
    #[case("115792089237316195423570985008687907853269984665640564039457584007913129639935")]
    fn accepts_integers(#[case] text: &str) {
        assert_eq!(text.parse::<BaseUnits>().unwrap().to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("00")]
    #[case("01")]
    #[case("-1")]
    #[case("+1")]
    #[case("1.0")]
    #[case("1e3")]
    #[case(" 1")]
    #[case("0x10")]
    #[case("1_000")]
    #[case("115792089237316195423570985008687907853269984665640564039457584007913129639936")]
    fn refuses_anything_else(#[case] text: &str) {
        assert!(text.parse::<BaseUnits>().is_err());
    }

    #[rstest]
    #[case(100, 6, "0.0001")]
    #[case(1_500_000, 6, "1.5")]
    #[case(2_000_000, 6, "2")]
    #[case(7, 0, "7")]
    fn writes_whole_tokens(#[case] units: u64, #[case] decimals: u8, #[case] text: &str) {
        assert_eq!(BaseUnits::new(units).to_decimal(decimals), text);
    }
}
