//! Prices as sellers write them.

use conform402_wire::Decimal;
use conform402_wire::x402::price::decimal_text;
use serde_json::{Value, json};

use crate::amount::{
    PAST_THE_RANGE, flags_of_readers, refusal_of_amount, refusal_of_decimal, with_ascii_digits,
};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "x402.price.parse", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let decimals = u8::try_from(input.integer("decimals")?)
        .map_err(|_| Refusal::new("decimals-is-no-uint8"))?;
    let text =
        decimal_text(input.member("price")?).map_err(|_| Refusal::new("price-is-no-price"))?;
    steps.record("decimal", text.clone());
    let decimal = Decimal::parse(&text).map_err(refusal_of_decimal)?;
    steps.record("whole", decimal.whole);
    steps.record("fraction", decimal.fraction);
    let amount = decimal.to_base_units(decimals).map_err(refusal_of_amount)?;
    Ok(json!({ "amount": amount.to_string() }))
}

fn describe(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.summary("Converts a seller's price to the smallest unit of a token.");
    cases.source(
        "type Money = string | number;\n// User-friendly amount, e.g., \"$0.01\", \"0.01\", 0.01",
        "OKX Node SDK Reference (seed 002), \"Money / Price / AssetAmount\"",
    );
    cases.source(
        "price such as \"$0.00001\"",
        "OKX Python SDK Reference (seed 000), \"Route configuration types (x402.http)\"",
    );
    cases.rule("`price` is a text, or a number of JSON. A text is an optional dollar sign and then digits, or digits, a point and digits. A number stands for the shortest decimal text that reads back as the same double, written without exponent. `decimals` is how many places the token has.");
    cases.rule("The amount is exact and has no leading zeros. The steps are that decimal text without the dollar sign, and its digits before and behind the point.");
    cases.rule("Nothing below zero, past 2^256 − 1, or that is no number can be an amount on the wire, and MUST be refused.");
    cases.rule("The sources name three forms, and not what becomes of others, or of more places than the token has. Rounding changes the money, and implementations disagree about other forms: they SHOULD be refused.");
    flags(cases);
    let input = |price: Value, decimals: u8| json!({ "price": price, "decimals": decimals });
    for (name, comment, price, decimals) in [
        ("dollars", "A cent.", json!("$0.01"), 6),
        ("text", "A cent without the sign.", json!("0.01"), 6),
        ("number", "A cent as a number.", json!(0.01), 6),
        ("thousandth-of-a-cent", "A price of the seed.", json!("$0.00001"), 6),
        ("dollar-and-a-half", "More than a dollar.", json!("$1.50"), 6),
        ("whole-dollars", "Without a point.", json!("$5"), 6),
        ("integer", "A number without fraction.", json!(5), 6),
        ("smallest", "The smallest unit.", json!("$0.000001"), 6),
        (
            "smallest-number",
            "The smallest unit as a number, which many languages write as 1e-6.",
            json!(0.000_001),
            6,
        ),
        ("small-number", "A price below 10^-6 of a token of 18 places.", json!(0.000_000_123), 18),
        ("just-below", "As a double times 10^6 this is 4019999.9999999995.", json!("$4.02"), 6),
        ("just-below-number", "The same as a number.", json!(4.02), 6),
        ("just-above", "As a double times 10^6 this is 16100000.000000002.", json!(16.1), 6),
        ("eighteen-places", "A cent of a token of 18 places.", json!("$0.01"), 18),
        (
            "past-a-double",
            "More digits than a double holds.",
            json!("$123456789.123456789012345678"),
            18,
        ),
        ("great", "Past 2^53 base units.", json!("$9007199254.740993"), 6),
        ("no-places", "A token that cannot be divided.", json!("$7"), 0),
    ] {
        cases.valid(name, comment, input(price, decimals));
    }
    for (name, comment, price, decimals, reason) in [
        ("empty", "Nothing written is not nothing to pay.", json!(""), 6, "empty"),
        ("sign-only", "A sign without a number.", json!("$"), 6, "empty"),
        ("lone-point", "No digit at all.", json!("$."), 6, "lone-point"),
        ("two-points", "Two points.", json!("$1.2.3"), 6, "two-points"),
        ("negative", "A payment to the payer.", json!("-0.01"), 6, "negative"),
        ("negative-dollars", "The same behind the sign.", json!("$-0.01"), 6, "negative"),
        ("negative-number", "The same as a number.", json!(-0.01), 6, "negative"),
        ("word", "No number.", json!("free"), 6, "no-digit"),
        ("not-a-number", "A number to some parsers, and no amount.", json!("NaN"), 6, "no-digit"),
        (
            "infinity",
            "A number to some parsers, and more than any balance.",
            json!("Infinity"),
            6,
            "no-digit",
        ),
        (
            "past-the-range",
            "2^256 base units, which wrap to zero.",
            json!(PAST_THE_RANGE),
            0,
            "past-uint256",
        ),
        ("boolean", "Neither text nor number.", json!(true), 6, "price-is-no-price"),
        ("list", "Several prices.", json!(["$0.01"]), 6, "price-is-no-price"),
        ("null", "No price.", Value::Null, 6, "price-is-missing"),
    ] {
        cases.invalid(name, comment, input(price, decimals), reason);
    }
    for (name, comment, price, decimals, reason) in [
        ("too-precise", "A place more than the token has.", json!("$0.0000015"), 6, "too-precise"),
        (
            "rounds-to-zero",
            "Less than a base unit: free, where it is rounded down.",
            json!("$0.0000001"),
            6,
            "too-precise",
        ),
        ("too-precise-number", "The same as a number.", json!(0.000_001_5), 6, "too-precise"),
        (
            "exponent",
            "1 to who stops at the letter, a cent to who does not.",
            json!("1e-2"),
            6,
            "no-digit",
        ),
        ("comma", "A thousand to some, one to others.", json!("$1,000"), 6, "no-digit"),
        (
            "decimal-comma",
            "A cent where a comma is the point; free to who stops at it.",
            json!("0,01"),
            6,
            "no-digit",
        ),
        ("euros", "Another currency.", json!("€0.01"), 6, "no-digit"),
        ("two-signs", "The sign twice.", json!("$$0.01"), 6, "no-digit"),
        ("sign-behind", "The sign behind the number.", json!("0.01$"), 6, "no-digit"),
        ("hexadecimal", "16, or 0 to who stops at the letter.", json!("0x10"), 6, "no-digit"),
        ("fullwidth-digits", "ASCII's look-alikes.", json!("$１"), 6, "no-digit"),
        ("fullwidth-sign", "A look-alike of the sign.", json!("＄1"), 6, "no-digit"),
    ] {
        cases.invalid(name, comment, input(price, decimals), reason).should();
    }
}

fn flags(cases: &mut Cases) {
    flags_of_readers(cases, "price", |price| decimal_text(price).unwrap_or_default());
    cases.flag(
        "StopsAtTheFirstStranger",
        "reads the number a text begins with and forgets the rest, as parseFloat does: $1,000 is $1",
        Bug::misreads_text("price", |text| {
            let (sign, rest) = text.split_at(usize::from(text.starts_with('$')));
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            format!("{sign}{}", &rest[..end])
        }),
    );
    cases.flag(
        "DigitsOfAnyScript",
        "takes digits of any script, and look-alikes of the sign",
        Bug::misreads_text("price", |text| with_ascii_digits(text).replace('＄', "$")),
    );
    cases.flag(
        "ExponentOfSmallNumbers",
        "writes a small number with an exponent and then cannot read it",
        Bug::refuses(|input| input["price"].as_f64().is_some_and(|price| price < 1e-4)),
    );
    cases.flag("TextOnly", "refuses numbers", Bug::refuses(|input| input["price"].is_number()));
    cases.flag(
        "EmptyIsZero",
        "reads zero where no digit is: free",
        Bug::forgets(&["empty", "lone-point", "price-is-missing"]),
    );
    cases.flag(
        "AnyNumber",
        "writes something for what is no number, such as NaN",
        Bug::forgets(&["no-digit", "price-is-no-price"]),
    );
}
