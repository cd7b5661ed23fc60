//! Prices as sellers write them: `"$0.01"`, `"0.01"` or `0.01` (seed 002,
//! "Money / Price / AssetAmount").

use serde_json::Value;

/// A price that is neither text nor a finite number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a price is text or a number")]
pub struct NotPrice;

/// The decimal amount a price holds, as text: without the dollar sign, and of a
/// number its shortest form, without exponent.
///
/// # Errors
/// [`NotPrice`] for JSON of another kind. Whether the text is an amount is for
/// [`Decimal`](crate::Decimal) to say.
pub fn decimal_text(price: &Value) -> Result<String, NotPrice> {
    match price {
        Value::String(text) => Ok(text.strip_prefix('$').unwrap_or(text).to_owned()),
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map(|number| number.to_string()).ok_or(NotPrice)
        }
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(NotPrice),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!("$0.01"), "0.01")]
    #[case(json!("0.01"), "0.01")]
    #[case(json!(0.01), "0.01")]
    #[case(json!(1e-6), "0.000001")]
    #[case(json!(0.1), "0.1")]
    #[case(json!(5), "5")]
    #[case(json!(5.0), "5")]
    #[case(json!(-1), "-1")]
    fn reads(#[case] price: Value, #[case] text: &str) {
        assert_eq!(decimal_text(&price).as_deref(), Ok(text));
    }

    #[test]
    fn nothing_else_is_a_price() {
        for price in [json!(null), json!(true), json!([1]), json!({"amount": "1"})] {
            assert_eq!(decimal_text(&price), Err(NotPrice));
        }
    }
}
