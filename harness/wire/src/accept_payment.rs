//! What a client would rather pay with: `Accept-Payment: …`
//! (draft-httpauth-payment-00, "Client Payment Preferences").

use std::cmp::Reverse;

/// A range of payments, and how much the client likes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRange {
    /// Payment method, or `*` for every one.
    pub method: String,
    /// Payment intent, or `*` for every one.
    pub intent: String,
    /// How much; zero is "do not use".
    pub weight: Weight,
}

/// A `qvalue` (RFC 9110 §12.4.2) in thousandths, 1000 at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u16);

/// Why a field value is no list of ranges; servers may ignore it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPreference {
    /// No `method/intent`.
    #[error("{0:?} is not method/intent")]
    NoRange(String),
    /// Neither lower-case letters nor `*`.
    #[error("{0:?} is no payment method")]
    Method(String),
    /// Neither letters, digits and hyphens, nor `*`.
    #[error("{0:?} is no payment intent")]
    Intent(String),
    /// Not `q=` and a number from 0 to 1 of three decimals at most.
    #[error("{0:?} is no weight")]
    Weight(String),
}

impl Weight {
    /// What a range without `q` has.
    pub const ONE: Self = Self(1000);

    /// In thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u16 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        if decimals.len() > 3 || !decimals.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let thousandths = format!("{decimals:0<3}").parse().ok()?;
        match (whole, thousandths) {
            ("0", thousandths) => Some(Self(thousandths)),
            ("1", 0) => Some(Self::ONE),
            _ => None,
        }
    }
}

impl PaymentRange {
    fn parse(element: &str) -> Result<Self, MalformedPreference> {
        let (range, weight) = match element.split_once(';') {
            None => (element, Weight::ONE),
            Some((range, parameter)) => {
                let parameter = trim(parameter);
                let weight = parameter
                    .strip_prefix(['q', 'Q'])
                    .and_then(|rest| Weight::parse(rest.strip_prefix('=')?))
                    .ok_or_else(|| MalformedPreference::Weight(parameter.to_owned()))?;
                (trim(range), weight)
            }
        };
        let (method, intent) =
            range.split_once('/').ok_or_else(|| MalformedPreference::NoRange(range.to_owned()))?;
        if !wildcard_or(method, |c| c.is_ascii_lowercase()) {
            return Err(MalformedPreference::Method(method.to_owned()));
        }
        if !wildcard_or(intent, |c| c.is_ascii_alphanumeric() || c == b'-') {
            return Err(MalformedPreference::Intent(intent.to_owned()));
        }
        Ok(Self { method: method.to_owned(), intent: intent.to_owned(), weight })
    }

    /// How closely the range describes an offer; `None` if not at all.
    fn closeness(&self, method: &str, intent: &str) -> Option<usize> {
        let fits = |range: &str, name: &str| range == "*" || range == name;
        let named = [&self.method, &self.intent].into_iter().filter(|name| *name != "*").count();
        (fits(&self.method, method) && fits(&self.intent, intent)).then_some(named)
    }
}

/// Reads the ranges of a field value, in its order. Empty elements are passed
/// over (RFC 9110 §5.6.1.2).
///
/// # Errors
/// [`MalformedPreference`] for the first element that is no range.
pub fn parse(field: &str) -> Result<Vec<PaymentRange>, MalformedPreference> {
    field.split(',').map(trim).filter(|e| !e.is_empty()).map(PaymentRange::parse).collect()
}

/// The offers a client takes, best liked first; among equals, the server's
/// order stays. For each offer the range counts that names most of it, and of
/// two such ranges the one with the greater weight.
///
/// Where nothing remains, servers may return all they have.
#[must_use]
pub fn rank<T>(
    ranges: &[PaymentRange],
    offers: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> (&str, &str),
) -> Vec<T> {
    let weigh = |offer: &T| {
        let (method, intent) = name(offer);
        let matching = ranges.iter().filter_map(|r| Some((r.closeness(method, intent)?, r.weight)));
        matching.max().map(|(_, weight)| weight).filter(|weight| *weight > Weight(0))
    };
    let mut liked: Vec<(Weight, T)> =
        offers.into_iter().filter_map(|offer| Some((weigh(&offer)?, offer))).collect();
    liked.sort_by_key(|(weight, _)| Reverse(*weight));
    liked.into_iter().map(|(_, offer)| offer).collect()
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn wildcard_or(text: &str, letter: impl Fn(u8) -> bool) -> bool {
    text == "*" || (!text.is_empty() && text.bytes().all(letter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", &[])]
    #[case("tempo/charge", &[("tempo", "charge", 1000)])]
    #[case("tempo/*, */session;q=0.3", &[("tempo", "*", 1000), ("*", "session", 300)])]
    #[case(",a/b\t; Q=0.25 ,,*/*;q=0", &[("a", "b", 250), ("*", "*", 0)])]
    #[case("a/b;q=1.000,a/c;q=0.,a/d;q=1.", &[("a", "b", 1000), ("a", "c", 0), ("a", "d", 1000)])]
    fn reads(#[case] field: &str, #[case] expected: &[(&str, &str, u16)]) {
        let ranges = parse(field).unwrap();
        let read: Vec<_> = ranges
            .iter()
            .map(|r| (r.method.as_str(), r.intent.as_str(), r.weight.thousandths()))
            .collect();
        assert_eq!(read, expected);
    }

    #[rstest]
    #[case("tempo")]
    #[case("tempo/")]
    #[case("/charge")]
    #[case("Tempo/charge")]
    #[case("tempo/char_ge")]
    #[case("tempo / charge")]
    #[case("tempo/charge/x")]
    #[case("tempo/charge;q=1.001")]
    #[case("tempo/charge;q=0.1234")]
    #[case("tempo/charge;q=.5")]
    #[case("tempo/charge;q=-0")]
    #[case("tempo/charge;q=0.+5")]
    #[case("tempo/charge;q")]
    #[case("tempo/charge;")]
    #[case("tempo/charge;q=1;x=2")]
    fn refuses(#[case] field: &str) {
        assert!(parse(field).is_err());
    }

    #[rstest]
    #[case("a/x", "a/x")]
    #[case("b/*, a/*;q=0.5", "b/x a/x a/y")]
    #[case("*/*;q=0.1, */y", "a/y a/x b/x")]
    #[case("*/*, a/x;q=0", "a/y b/x")]
    #[case("a/x;q=0.1, */*", "a/y b/x a/x")]
    #[case("c/*", "")]
    fn ranks(#[case] field: &str, #[case] expected: &str) {
        let offers = [("a", "x"), ("a", "y"), ("b", "x")];
        let ranked = rank(&parse(field).unwrap(), offers, |offer| *offer);
        let ranked: Vec<String> = ranked.iter().map(|(m, i)| format!("{m}/{i}")).collect();
        assert_eq!(ranked.join(" "), expected);
    }

    proptest! {
        #[test]
        fn never_panics(field in "\\PC*") {
            let _ = parse(&field);
        }

        #[test]
        fn what_is_written_is_read(
            method in "[a-z]{1,9}",
            intent in "[A-Za-z0-9-]{1,9}",
            thousandths in 0..=1000_u16,
        ) {
            let q = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            let range = PaymentRange { weight: Weight(thousandths), method, intent };
            let field = format!("{}/{};q={q}", range.method, range.intent);
            prop_assert_eq!(parse(&field), Ok(vec![range]));
        }
    }
}
