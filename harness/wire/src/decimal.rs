//! Amounts of money as a person writes them: `0.01`.

use alloy::primitives::U256;

use crate::amount::BaseUnits;

/// Digits, and behind a point further digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal<'a> {
    /// Before the point; at least one digit.
    pub whole: &'a str,
    /// Behind the point; empty without one.
    pub fraction: &'a str,
}

/// Why a text is no decimal amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDecimal {
    /// No character.
    #[error("empty")]
    Empty,
    /// Below zero.
    #[error("below zero")]
    Negative,
    /// Something other than ASCII digits and a point.
    #[error("{0:?} has no place in an amount")]
    Character(char),
    /// More than one point.
    #[error("more than one point")]
    Points,
    /// No digit before or behind the point.
    #[error("no digit beside the point")]
    LonePoint,
}

/// Why a decimal amount is none of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAmount {
    /// The token cannot be divided so far, and an amount is never rounded.
    #[error("more places than the token's {0}")]
    TooPrecise(u8),
    /// Past `2^256-1` base units.
    #[error("past 2^256-1 base units")]
    TooLarge,
}

impl<'a> Decimal<'a> {
    /// Reads `digits` or `digits.digits`.
    ///
    /// # Errors
    /// [`NotDecimal`] names what stands in the way.
    pub fn parse(text: &'a str) -> Result<Self, NotDecimal> {
        if text.is_empty() {
            return Err(NotDecimal::Empty);
        }
        if text.starts_with('-') {
            return Err(NotDecimal::Negative);
        }
        if let Some(c) = text.chars().find(|c| !c.is_ascii_digit() && *c != '.') {
            return Err(NotDecimal::Character(c));
        }
        let (whole, fraction) = match text.split_once('.') {
            None => return Ok(Self { whole: text, fraction: "" }),
            Some(parts) => parts,
        };
        if fraction.contains('.') {
            return Err(NotDecimal::Points);
        }
        if whole.is_empty() || fraction.is_empty() {
            return Err(NotDecimal::LonePoint);
        }
        Ok(Self { whole, fraction })
    }

    /// The amount in the smallest unit of a token of `decimals` places, exact:
    /// `0.01` of 6 places is `10000`.
    ///
    /// # Errors
    /// [`NoAmount`] where it has no such unit, or is past the range.
    pub fn to_base_units(self, decimals: u8) -> Result<BaseUnits, NoAmount> {
        let fraction = self.fraction.trim_end_matches('0');
        let places = usize::from(decimals);
        if fraction.len() > places {
            return Err(NoAmount::TooPrecise(decimals));
        }
        let digits = format!("{}{fraction:0<places$}", self.whole);
        U256::from_str_radix(&digits, 10).map(BaseUnits).map_err(|_| NoAmount::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0.01", 6, "10000")]
    #[case("1.5", 6, "1500000")]
    #[case("7", 0, "7")]
    #[case("7.0", 0, "7")]
    #[case("0.0100000000", 6, "10000")]
    #[case("0.000000000000000001", 18, "1")]
    fn is_exact(#[case] text: &str, #[case] decimals: u8, #[case] units: &str) {
        let amount = Decimal::parse(text).unwrap().to_base_units(decimals).unwrap();
        assert_eq!(amount.to_string(), units);
    }

    #[rstest]
    #[case("", NotDecimal::Empty)]
    #[case("-1", NotDecimal::Negative)]
    #[case("1e3", NotDecimal::Character('e'))]
    #[case("1,000", NotDecimal::Character(','))]
    #[case("٣", NotDecimal::Character('٣'))]
    #[case("1.2.3", NotDecimal::Points)]
    #[case(".", NotDecimal::LonePoint)]
    #[case(".5", NotDecimal::LonePoint)]
    fn refuses(#[case] text: &str, #[case] reason: NotDecimal) {
        assert_eq!(Decimal::parse(text), Err(reason));
    }

    #[test]
    fn never_rounds_or_wraps() {
        let too_precise = Decimal::parse("0.0000001").unwrap().to_base_units(6);
        assert_eq!(too_precise, Err(NoAmount::TooPrecise(6)));
        let digits = format!("1{}", "0".repeat(78));
        let too_large = Decimal::parse(&digits).unwrap().to_base_units(0);
        assert_eq!(too_large, Err(NoAmount::TooLarge));
    }

    proptest! {
        #[test]
        fn round_trips(units: u64, decimals: u8) {
            let units = BaseUnits::new(units);
            let text = units.to_decimal(decimals);
            let back = Decimal::parse(&text).unwrap().to_base_units(decimals);
            prop_assert_eq!(back, Ok(units));
        }

        #[test]
        fn never_panics(text in "\\PC*", decimals: u8) {
            let _ = Decimal::parse(&text).map(|decimal| decimal.to_base_units(decimals));
        }
    }
}
