//! Amounts as people write them, to base units and back.

use conform402_wire::decimal::{NoAmount, NotDecimal};
use conform402_wire::{BaseUnits, Decimal};
use serde_json::{Value, json};

use super::{HIGHEST, PAST_THE_RANGE, flags_of_readers, with_ascii_digits};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "amount.to-base-units", evaluate: to_units, describe: describe_to },
        Operation { name: "amount.from-base-units", evaluate: from_units, describe: describe_from },
    ]
}

/// Why a text is no decimal amount.
pub(crate) fn refusal_of_decimal(error: NotDecimal) -> Refusal {
    Refusal::new(match error {
        NotDecimal::Empty => "empty",
        NotDecimal::Negative => "negative",
        NotDecimal::Character(_) => "no-digit",
        NotDecimal::Points => "two-points",
        NotDecimal::LonePoint => "lone-point",
    })
}

/// Why a decimal amount is none of the token.
pub(crate) fn refusal_of_amount(error: NoAmount) -> Refusal {
    Refusal::new(match error {
        NoAmount::TooPrecise(_) => "too-precise",
        NoAmount::TooLarge => "past-uint256",
    })
}

fn decimals(input: &Input<'_>) -> Result<u8, Refusal> {
    let decimals = input.integer("decimals")?;
    u8::try_from(decimals).map_err(|_| Refusal::new("decimals-is-no-uint8"))
}

fn to_units(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let decimals = decimals(input)?;
    let decimal = Decimal::parse(input.text("decimal")?).map_err(refusal_of_decimal)?;
    steps.record("whole", decimal.whole);
    steps.record("fraction", decimal.fraction);
    let amount = decimal.to_base_units(decimals).map_err(refusal_of_amount)?;
    Ok(json!({ "amount": amount.to_string() }))
}

fn from_units(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let decimals = decimals(input)?;
    let units = input.text("amount")?.parse::<BaseUnits>();
    let units = units.map_err(|_| Refusal::new("amount-is-no-amount"))?;
    let decimal = units.to_decimal(decimals);
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    steps.record("whole", whole);
    steps.record("fraction", fraction);
    Ok(json!({ "decimal": decimal, "decimals": decimals }))
}

/// Cuts off what a token of `decimals` places cannot hold.
fn cut(input: &mut Value) {
    let places = input["decimals"].as_u64().and_then(|places| usize::try_from(places).ok());
    let (Some(places), Some(text)) = (places, input["decimal"].as_str()) else { return };
    if let Some((whole, fraction)) = text.split_once('.') {
        let fraction = fraction.get(..places).unwrap_or(fraction);
        let cut =
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
        input["decimal"] = cut.into();
    }
}

fn describe_to(cases: &mut Cases) {
    cases.summary("Converts an amount that a person wrote to the smallest unit of a token.");
    cases.source(
        "amount is a human-readable amount (such as \"0.50\"), converted to base units using method.decimals",
        "OKX Python SDK Reference (seed 000), \"charge() low-level API\"",
    );
    cases.source(
        "Automatically converted to base units using the configured decimals.",
        "MPP Rust server (seed 003), \"charge() parameters\"",
    );
    cases.rule("`decimal` is digits, or digits, a point and digits; `decimals` is how many places the token has. The amount is exact and has no leading zeros.");
    cases.rule("Nothing below zero, past 2^256 − 1, or that is no number can be an amount on the wire, and MUST be refused.");
    cases.rule("No source says what becomes of more places than the token has: rounding changes the money, so they SHOULD be refused unless they are zeros, which change nothing. Nor does any source name other spellings of a number (exponents, signs, separators, other digits): they SHOULD be refused, since implementations disagree about what they mean.");
    cases.rule("The steps are the digits before and behind the point, as written.");
    cases.rule("Whether digits may lack on one side of the point, or needless zeros may precede, is left open.");
    flags_to(cases);
    let input = |decimal: &str, decimals: u8| json!({ "decimal": decimal, "decimals": decimals });
    for (name, comment, decimal, decimals) in [
        ("half", "Half a token of 6 places.", "0.50", 6),
        ("cent", "A cent.", "0.01", 6),
        ("whole", "Without a point.", "1", 6),
        ("per-token", "The price of a token of a language model.", "0.000075", 6),
        ("smallest", "The smallest unit.", "0.000001", 6),
        ("all-places", "A digit in every place.", "1.234567", 6),
        ("zero", "Nothing.", "0", 6),
        ("no-places", "A token that cannot be divided.", "7", 0),
        ("cents-of-a-dollar", "Two places, as a currency has.", "0.29", 2),
        ("eighteen-places", "One unit of a token of 18 places.", "0.000000000000000001", 18),
        ("past-a-double", "More digits than a double holds.", "123456789.123456789012345678", 18),
        ("just-below", "As a double times 10^6 this is 4019999.9999999995.", "4.02", 6),
        ("just-above", "As a double times 10^6 this is 16100000.000000002.", "16.1", 6),
        ("great", "Past 2^53 base units.", "9007199254.740993", 6),
        ("highest", "2^256 − 1 base units.", HIGHEST, 0),
        (
            "many-places",
            "A token of 77 places.",
            "0.00000000000000000000000000000000000000000000000000000000000000000000000000001",
            77,
        ),
    ] {
        cases.valid(name, comment, input(decimal, decimals));
    }
    for (name, comment, decimal, decimals) in [
        (
            "needless-zeros",
            "More places than the token has, but zeros: the amount is exact.",
            "0.0100000000",
            6,
        ),
        ("needless-zeros-of-an-integer", "The same of a token that cannot be divided.", "7.00", 0),
    ] {
        cases.valid(name, comment, input(decimal, decimals)).should();
    }
    for (name, comment, decimal, decimals, reason) in [
        ("empty", "Nothing written is not nothing to pay.", "", 6, "empty"),
        ("negative", "A payment to the payer.", "-0.01", 6, "negative"),
        ("lone-point", "No digit at all.", ".", 6, "lone-point"),
        ("two-points", "Two points: 1, 1.2 or 12.3, as one reads it.", "1.2.3", 6, "two-points"),
        ("word", "No number.", "free", 6, "no-digit"),
        ("not-a-number", "A number to some parsers, and no amount.", "NaN", 6, "no-digit"),
        (
            "infinity",
            "A number to some parsers, and more than any balance.",
            "Infinity",
            6,
            "no-digit",
        ),
        (
            "past-the-range",
            "2^256 base units, which wrap to zero.",
            PAST_THE_RANGE,
            0,
            "past-uint256",
        ),
        (
            "past-the-range-by-its-places",
            "2^256 / 10^18 tokens, rounded up.",
            "115792089237316195423570985008687907853269984665640564039458",
            18,
            "past-uint256",
        ),
        ("space-only", "A space, which some read as zero.", " ", 6, "no-digit"),
    ] {
        cases.invalid(name, comment, input(decimal, decimals), reason);
    }
    for (name, comment, decimal, decimals, reason) in [
        ("too-precise", "A place more than the token has.", "0.0000015", 6, "too-precise"),
        (
            "rounds-to-zero",
            "Less than a base unit: free, where it is rounded down.",
            "0.0000001",
            6,
            "too-precise",
        ),
        ("rounds-up", "Rounded, this is a base unit more.", "1.9999999", 6, "too-precise"),
        (
            "too-precise-integer",
            "Half a unit of a token that cannot be divided.",
            "1.5",
            0,
            "too-precise",
        ),
        ("exponent", "1 to who stops at the letter.", "1e2", 6, "no-digit"),
        (
            "negative-exponent",
            "1 to who stops at the letter, a cent to who does not.",
            "1e-2",
            6,
            "no-digit",
        ),
        ("plus", "A sign.", "+1", 6, "no-digit"),
        ("comma", "A thousand to some, one to others.", "1,000", 6, "no-digit"),
        ("decimal-comma", "A cent where a comma is the point; else 1.", "0,01", 6, "no-digit"),
        ("underscore", "Digits parted as in source code.", "1_000", 6, "no-digit"),
        ("leading-space", "A space before the digits.", " 1", 6, "no-digit"),
        ("trailing-newline", "A line feed behind the digits.", "1\n", 6, "no-digit"),
        ("hexadecimal", "16, or 0 to who stops at the letter.", "0x10", 6, "no-digit"),
        ("arabic-digits", "Digits of another script.", "٠.٠١", 6, "no-digit"),
        ("fullwidth-digits", "ASCII's look-alikes.", "１", 6, "no-digit"),
        ("currency", "A sign of the currency; only prices of x402 have one.", "$1", 6, "no-digit"),
    ] {
        cases.invalid(name, comment, input(decimal, decimals), reason).should();
    }
    cases
        .invalid(
            "as-number",
            "A number of JSON, which has passed through a double.",
            json!({ "decimal": 0.01, "decimals": 6 }),
            "decimal-is-no-text",
        )
        .should();
}

fn flags_to(cases: &mut Cases) {
    flags_of_readers(cases, "decimal", |text| text.as_str().unwrap_or_default().to_owned());
    cases.flag(
        "CutOff",
        "cuts off the places the token does not have: the smallest amounts are free",
        Bug::misreads(cut),
    );
    cases.flag(
        "StopsAtTheFirstStranger",
        "reads the number a text begins with and forgets the rest, as parseFloat does without the exponent",
        Bug::misreads_text("decimal", |text| {
            let text = text.trim_start();
            let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
            text[..end].to_owned()
        }),
    );
    cases.flag(
        "LiteralOfPython",
        "takes what Decimal() takes: white space, signs, underscores, digits of any script",
        Bug::misreads_text("decimal", |text| {
            with_ascii_digits(text.trim())
                .replace('_', "")
                .trim_start_matches(['+', '-'])
                .to_owned()
        }),
    );
    cases.flag(
        "EmptyIsZero",
        "reads zero where no digit is",
        Bug::forgets(&["empty", "lone-point"]),
    );
    cases.flag(
        "AnyNumber",
        "writes something for what is no number, such as NaN",
        Bug::forgets(&["no-digit"]),
    );
    cases.flag("AnyType", "takes a number of JSON", Bug::forgets(&["decimal-is-no-text"]));
}

fn describe_from(cases: &mut Cases) {
    cases.summary("Writes an amount in base units as a person reads it.");
    cases.source(
        "Token decimal precision (e.g., 6 for USDC, 18 for USDm). Aids client-side display verification.",
        "draft-evm-charge-00, \"Method Details\"",
    );
    cases.rule("`decimal` is digits, or digits, a point and digits, and exactly the amount; zeros at its end are free. `decimals` comes out as it went in.");
    cases.rule("The steps are the digits before and behind the point in the shortest form.");
    cases.rule("An amount that amount.base-units.parse refuses is refused.");
    cases.compared_by("amount.to-base-units");
    flags_from(cases);
    let input = |amount: &str, decimals: u8| json!({ "amount": amount, "decimals": decimals });
    for (name, comment, amount, decimals) in [
        ("cent", "A cent of 6 places.", "10000", 6),
        ("token", "A token.", "1000000", 6),
        ("token-and-half", "Behind the point is something.", "1500000", 6),
        ("smallest", "The smallest unit.", "1", 6),
        ("zeros-between", "Zeros behind the point come before the digits.", "1050000", 6),
        ("all-places", "A digit in every place.", "1234567", 6),
        ("one-place-less", "As many digits as places.", "999999", 6),
        ("zero", "Nothing.", "0", 6),
        ("no-places", "A token that cannot be divided.", "7", 0),
        ("no-places-and-zeros", "Its zeros are not behind a point.", "700", 0),
        ("two-places", "Cents.", "29", 2),
        ("eighteen-places", "The smallest unit of 18 places.", "1", 18),
        ("past-a-double", "More digits than a double holds.", "123456789123456789012345678", 18),
        ("great", "2^53 + 1 base units.", "9007199254740993", 6),
        ("highest", "2^256 − 1.", HIGHEST, 18),
        ("highest-integer", "2^256 − 1 of a token that cannot be divided.", HIGHEST, 0),
    ] {
        cases.valid(name, comment, input(amount, decimals));
    }
    for (name, comment, amount) in [
        ("empty", "No amount.", ""),
        ("negative", "Below zero.", "-1"),
        ("point", "A fraction of a base unit.", "1.5"),
        ("exponent", "An exponent.", "1e6"),
        ("hexadecimal", "Another base.", "0x10"),
        ("past-the-range", "2^256.", PAST_THE_RANGE),
    ] {
        cases.invalid(name, comment, input(amount, 6), "amount-is-no-amount");
    }
    cases.invalid(
        "as-number",
        "A number of JSON.",
        json!({ "amount": 10000, "decimals": 6 }),
        "amount-is-no-text",
    );
}

fn flags_from(cases: &mut Cases) {
    cases.flag(
        "DividesADouble",
        "divides a double, which shows another amount than is paid",
        Bug::miswrites(|output| {
            if let Some(number) =
                output["decimal"].as_str().and_then(|text| text.parse::<f64>().ok())
            {
                output["decimal"] = number.to_string().into();
            }
        }),
    );
    cases.flag(
        "DropsZerosBehindThePoint",
        "writes what is behind the point without the zeros before it: 1.05 is shown as 1.5",
        Bug::miswrites(|output| {
            let Some(text) = output["decimal"].as_str() else { return };
            if let Some((whole, fraction)) = text.split_once('.') {
                output["decimal"] = format!("{whole}.{}", fraction.trim_start_matches('0')).into();
            }
        }),
    );
    cases.flag(
        "TwoPlaces",
        "shows cents only, so that less than a cent looks free",
        Bug::miswrites(|output| {
            let Some(text) = output["decimal"].as_str() else { return };
            if let Some((whole, fraction)) = text.split_once('.') {
                let cents = fraction.get(..2).unwrap_or(fraction);
                output["decimal"] = format!("{whole}.{cents}").into();
            }
        }),
    );
    cases.flag(
        "SixPlaces",
        "takes every token for one of 6 places",
        Bug::differs(|input| {
            let mut six = input.clone();
            six["decimals"] = 6.into();
            let mut output = from_units(&Input::new(&six), &mut Steps::default())?;
            output["decimals"] = input["decimals"].clone();
            Ok(output)
        }),
    );
    cases.flag(
        "AnyAmount",
        "shows something for what is no amount",
        Bug::forgets(&["amount-is-no-amount", "amount-is-no-text"]),
    );
}
