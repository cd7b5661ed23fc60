//! Amounts of money as people and wires write them.

mod base_units;
mod decimal;

use serde_json::{Value, json};

use crate::cases::Cases;
use crate::operation::{Bug, Operation, Refusal};

pub(crate) use decimal::{refusal_of_amount, refusal_of_decimal};

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

/// Bugs of whoever reads `member` as a decimal number; `text` is what there is
/// to read for a double.
pub(crate) fn flags_of_readers(
    cases: &mut Cases,
    member: &'static str,
    text: fn(&Value) -> String,
) {
    let through_a_double = |finish: fn(f64) -> f64| {
        Bug::differs(move |input| {
            let product = times_power_of_ten(&text(&input[member]), &input["decimals"]);
            let product = product.ok_or_else(|| Refusal::new("no-number"))?;
            Ok(json!({ "amount": format!("{:.0}", finish(product)) }))
        })
    };
    cases.flag(
        "DoubleCutOff",
        "multiplies a double and cuts off what is behind the point: 4.02 is a unit short",
        through_a_double(f64::trunc),
    );
    cases.flag(
        "DoubleRoundedUp",
        "multiplies a double and rounds up, so that no amount is free: 16.1 is a unit too much",
        through_a_double(f64::ceil),
    );
    cases.flag(
        "DoubleRounded",
        "multiplies a double and rounds it: right for small amounts, wrong for great ones, and what is too precise becomes another amount",
        through_a_double(f64::round),
    );
    cases.flag(
        "SixPlaces",
        "takes every token for one of 6 places",
        Bug::misreads(|input| input["decimals"] = 6.into()),
    );
    cases.flag(
        "DropsStrangers",
        "drops what is neither digit nor point before it reads a number",
        Bug::misreads_text(member, |text| {
            text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect()
        }),
    );
    cases.flag(
        "TwoPoints",
        "splits at points and takes the first two parts",
        Bug::misreads_text(member, |text| {
            text.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
        }),
    );
    cases.flag(
        "PastTheRange",
        "writes more than 2^256 − 1, which wraps in a contract",
        Bug::forgets(&["past-uint256"]),
    );
}

/// `text`, a double, times ten to the power of `decimals`, as a double.
fn times_power_of_ten(text: &str, decimals: &Value) -> Option<f64> {
    let places = i32::try_from(decimals.as_u64()?).ok()?;
    text.trim().parse::<f64>().ok().map(|number| number * 10_f64.powi(places))
}
