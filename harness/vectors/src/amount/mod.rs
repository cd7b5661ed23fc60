//! Amounts of money as people and wires write them.

mod base_units;
mod decimal;

use crate::operation::Operation;

pub(crate) use decimal::{refusal_of_amount, refusal_of_decimal, times_power_of_ten};

pub(crate) fn operations() -> Vec<Operation> {
    [base_units::operations(), decimal::operations()].concat()
}

/// 2^256 − 1, the highest amount.
const HIGHEST: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";

/// 2^256, past the range.
pub(crate) const PAST_THE_RANGE: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639936";

/// ASCII digits for those of other scripts.
pub(crate) fn with_ascii_digits(text: &str) -> String {
    let ascii = |c: char| match c {
        '\u{660}'..='\u{669}' => char::from_digit(c as u32 - 0x660, 10).unwrap_or(c),
        '\u{966}'..='\u{96f}' => char::from_digit(c as u32 - 0x966, 10).unwrap_or(c),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(c as u32 - 0xff10, 10).unwrap_or(c),
        c => c,
    };
    text.chars().map(ascii).collect()
}
