//! Which version of x402 a message speaks.

use serde_json::Value;

use super::message::{
    PAYMENT_REQUIRED_HEADER, PAYMENT_RESPONSE_HEADER, PAYMENT_SIGNATURE_HEADER, X_PAYMENT_HEADER,
    X_PAYMENT_RESPONSE_HEADER,
};

/// A version of x402.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Requirements in the body, payments in `X-PAYMENT`.
    V1,
    /// Everything in headers.
    V2,
}

impl Version {
    /// As `x402Version` has it.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// The version of the header fields of these names: 2 if one of them is of
    /// v2, else 1 if one is of v1.
    pub fn of_headers<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let any = |known: &[&str]| {
            names.clone().any(|name| known.iter().any(|known| name.eq_ignore_ascii_case(known)))
        };
        if any(&[PAYMENT_REQUIRED_HEADER, PAYMENT_SIGNATURE_HEADER, PAYMENT_RESPONSE_HEADER]) {
            Some(Self::V2)
        } else if any(&[X_PAYMENT_HEADER, X_PAYMENT_RESPONSE_HEADER]) {
            Some(Self::V1)
        } else {
            None
        }
    }

    /// [`Version::V1`] for the body of a 402 of v1.
    #[must_use]
    pub fn of_body(body: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(body).ok()?;
        (body.get("x402Version")?.as_u64()? == 1).then_some(Self::V1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["content-type", "payment-required"], Some(Version::V2))]
    #[case(&["X-Payment", "Payment-Signature"], Some(Version::V2))]
    #[case(&["x-payment"], Some(Version::V1))]
    #[case(&["X-PAYMENT-RESPONSE"], Some(Version::V1))]
    #[case(&["PAYMENT"], None)]
    fn names_decide(#[case] names: &[&str], #[case] version: Option<Version>) {
        assert_eq!(Version::of_headers(names.iter().copied()), version);
    }

    #[test]
    fn a_body_is_of_version_one() {
        assert_eq!(Version::of_body(r#"{"x402Version":1}"#), Some(Version::V1));
        for body in ["", "{}", "null", "[1]", r#"{"x402Version":2}"#, r#"{"x402Version":"1"}"#] {
            assert_eq!(Version::of_body(body), None);
        }
    }

    proptest! {
        #[test]
        fn never_panics(body in "\\PC*") {
            let _ = Version::of_body(&body);
        }
    }
}
