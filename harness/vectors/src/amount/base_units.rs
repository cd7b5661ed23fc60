//! Amounts in base units, as every `amount` on the wire.

use alloy::primitives::U256;
use conform402_wire::BaseUnits;
use conform402_wire::amount::NotBaseUnits;
use serde_json::{Value, json};

use super::{HIGHEST, PAST_THE_RANGE, with_ascii_digits};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "amount.base-units.parse", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let units: BaseUnits = input.text("text")?.parse().map_err(|error| {
        Refusal::new(match error {
            NotBaseUnits::Empty => "empty",
            NotBaseUnits::Character(_) => "no-digit",
            NotBaseUnits::LeadingZero => "leading-zero",
            NotBaseUnits::TooLarge => "past-uint256",
        })
    })?;
    steps.record("word", format!("{:#066x}", units.0));
    Ok(json!({ "amount": units.to_string() }))
}

/// As ECMAScript's BigInt(): white space around, prefixes of other bases,
/// leading zeros, and nothing for zero.
fn as_bigint(text: &str) -> String {
    let text = text.trim();
    let in_base = |digits: &str, base| U256::from_str_radix(digits, base).ok();
    let value = match text.get(..2) {
        Some("0x" | "0X") => in_base(&text[2..], 16),
        Some("0o" | "0O") => in_base(&text[2..], 8),
        Some("0b" | "0B") => in_base(&text[2..], 2),
        _ if text.is_empty() => Some(U256::ZERO),
        _ if text.bytes().all(|c| c.is_ascii_digit()) => in_base(text, 10),
        _ => None,
    };
    value.map_or_else(|| text.to_owned(), |value| value.to_string())
}

/// As Python's int(): white space around, a sign, underscores between digits,
/// leading zeros, and digits of any script.
fn as_python_int(text: &str) -> String {
    let text = with_ascii_digits(text.trim()).replace('_', "");
    let digits = text.trim_start_matches(['+', '-']);
    match digits.trim_start_matches('0') {
        "" if digits.is_empty() => text,
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}

/// As parseInt(): the digits it begins with.
fn as_parse_int(text: &str) -> String {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].to_owned()
}

/// As Number(): through a double.
fn as_double(text: &str) -> String {
    text.trim().parse::<f64>().map_or_else(|_| text.to_owned(), |number| format!("{number:.0}"))
}

fn describe(cases: &mut Cases) {
    cases.summary("Reads an amount in a token's smallest unit, as every amount on the wire is.");
    cases.source(
        "Amount in base units (stringified integer)",
        "draft-evm-charge-00, \"Shared Fields\"",
    );
    cases.source(
        "Price in token's smallest unit",
        "OKX Node SDK Reference (seed 002), \"PaymentRequirements\"",
    );
    cases.rule("The text is 0, or ASCII digits of which the first is not 0; nothing stands before, between or behind them.");
    cases.rule("The amount is at most 2^256 − 1, and comes out as it was written.");
    cases.rule(
        "The step `word` is the amount as a 32-byte word: 0x and 64 lower-case hexadecimal digits.",
    );
    flags(cases);
    for (name, comment, text) in [
        ("zero", "Nothing is an amount.", "0"),
        ("one", "The smallest unit.", "1"),
        ("cent", "A cent of a token of 6 places.", "10000"),
        ("zeros-behind", "Zeros at the end count.", "1000000000000000000"),
        ("past-a-double", "2^53 + 1, the first integer that no double holds.", "9007199254740993"),
        ("most-of-64-bits", "2^64 − 1.", "18446744073709551615"),
        ("past-64-bits", "2^64.", "18446744073709551616"),
        ("most-of-128-bits", "2^128 − 1.", "340282366920938463463374607431768211455"),
        ("past-128-bits", "2^128.", "340282366920938463463374607431768211456"),
        ("highest", "2^256 − 1, an unlimited permit.", HIGHEST),
    ] {
        cases.valid(name, comment, json!({ "text": text }));
    }
    for (name, comment, text) in [
        ("empty", "No digit, which some read as zero.", ""),
        ("past-the-range", "2^256, which wraps to zero.", PAST_THE_RANGE),
        (
            "far-past-the-range",
            "2^256 + 10000, which wraps to a cent.",
            "115792089237316195423570985008687907853269984665640564039457584007913129649936",
        ),
        ("two-zeros", "Zero in another spelling.", "00"),
        ("leading-zero", "The same number in another spelling.", "010000"),
    ] {
        let reason = match name {
            "empty" => "empty",
            "two-zeros" | "leading-zero" => "leading-zero",
            _ => "past-uint256",
        };
        cases.invalid(name, comment, json!({ "text": text }), reason);
    }
    for (name, comment, text) in [
        ("negative", "A payment to the payer.", "-10000"),
        ("negative-zero", "Zero has no sign.", "-0"),
        ("plus", "A positive number has no sign either.", "+10000"),
        ("point", "A fraction of a base unit.", "10000.5"),
        ("point-and-zero", "An integer, but not written as one.", "10000.0"),
        ("trailing-point", "A point behind the digits.", "10000."),
        ("human", "One cent as a person writes it.", "0.01"),
        ("exponent", "1 to who stops at the letter, 10000 to who does not.", "1e4"),
        ("hexadecimal", "10000 in hexadecimal.", "0x2710"),
        ("octal", "10000 in octal.", "0o23420"),
        ("binary", "2 in binary.", "0b10"),
        ("hexadecimal-digits", "Hexadecimal digits without a prefix.", "27f0"),
        ("underscore", "Digits parted as in source code.", "10_000"),
        ("comma", "Digits parted by thousands.", "10,000"),
        ("inner-space", "Digits parted by a space.", "10 000"),
        ("leading-space", "A space before the digits.", " 10000"),
        ("trailing-space", "A space behind the digits.", "10000 "),
        (
            "trailing-newline",
            "A line feed behind the digits, which `$` of many pattern languages overlooks.",
            "10000\n",
        ),
        ("no-break-space", "White space past ASCII.", "10000\u{a0}"),
        ("nul", "A byte behind which some see no more.", "10000\u{0}99"),
        ("arabic-digits", "Digits of another script.", "١٠٠٠٠"),
        ("fullwidth-digits", "ASCII's look-alikes.", "１００００"),
        ("currency", "A sign of the currency before the digits.", "$10000"),
        ("unit", "A unit behind the digits.", "10000wei"),
        ("infinity", "A number to some, and more than any balance.", "Infinity"),
        ("not-a-number", "No number, and lower than none.", "NaN"),
        ("space-only", "A space, which some read as zero.", " "),
    ] {
        cases.invalid(name, comment, json!({ "text": text }), "no-digit");
    }
    for (name, value) in
        [("number", json!(10000)), ("boolean", json!(true)), ("list", json!(["10000"]))]
    {
        cases.invalid(
            format!("as-{name}"),
            "Another type: a number in JSON loses what a double does not hold.",
            json!({ "text": value }),
            "text-is-no-text",
        );
    }
}

fn flags(cases: &mut Cases) {
    for (flag, hunts, misread) in [
        (
            "StopsAtTheFirstStranger",
            "reads the digits a text begins with and forgets the rest, as parseInt does: 1e4 is 1",
            as_parse_int as fn(&str) -> String,
        ),
        (
            "LiteralOfBigInt",
            "takes what BigInt() takes: white space, other bases, leading zeros, and the empty text for 0",
            as_bigint,
        ),
        (
            "LiteralOfPython",
            "takes what int() takes: white space, signs, underscores, leading zeros, digits of any script",
            as_python_int,
        ),
        (
            "ThroughADouble",
            "reads a double, which loses the last digits of great amounts and takes fractions and exponents",
            as_double,
        ),
        ("EndsAtNul", "sees no more behind a NUL", |text| {
            text.split('\0').next().unwrap_or_default().to_owned()
        }),
        ("DropsSeparators", "drops whatever is no digit", |text| {
            text.chars().filter(char::is_ascii_digit).collect()
        }),
    ] {
        cases.flag(flag, hunts, Bug::misreads_text("text", misread));
    }
    cases.flag(
        "SixtyFourBits",
        "refuses amounts past 64 bits",
        Bug::refuses(|input| {
            let units = input["text"].as_str().and_then(|text| text.parse::<BaseUnits>().ok());
            units.is_some_and(|units| units.0.bit_len() > 64)
        }),
    );
    cases.flag(
        "PastTheRange",
        "takes more than 2^256 − 1, which wraps in a contract",
        Bug::forgets(&["past-uint256"]),
    );
    cases.flag(
        "AnyText",
        "passes on every text unread",
        Bug::forgets(&["no-digit", "leading-zero", "empty"]),
    );
    cases.flag("AnyType", "takes an amount that is no text", Bug::forgets(&["text-is-no-text"]));
}
