//! The `{code, data, msg}` envelope around every SA answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::code::SaCode;

/// An SA answer. `code` 0 is success; every other is a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// An integer on the wire (seed 000, "Endpoints called").
    pub code: i64,
    /// The answer proper; empty on refusal.
    #[serde(default)]
    pub data: Value,
    /// For people.
    #[serde(default)]
    pub msg: String,
}

/// Why an SA answer is no success. Whatever is not clearly one is none: a
/// seller who takes it for one gives away what was not paid for.
#[derive(Debug, thiserror::Error)]
pub enum NoSuccess {
    /// The body is no JSON.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// JSON of another kind.
    #[error("JSON, but not an object")]
    NotObject,
    /// No `code`.
    #[error("the answer has no code")]
    NoCode,
    /// `code` is no integer.
    #[error("the code is no integer")]
    CodeKind,
    /// The SA refuses.
    #[error("refused: {0}")]
    Refused(serde_json::Number),
    /// `code` 0 without `data`.
    #[error("a success without data")]
    NoData,
    /// `data` is no object.
    #[error("data, but not an object")]
    DataKind,
}

/// Unwraps the `data` of a success from a response body.
///
/// # Errors
/// [`NoSuccess`] for everything but an object whose `code` is the integer 0
/// and whose `data` is an object.
pub fn decode(body: &str) -> Result<Map<String, Value>, NoSuccess> {
    let Value::Object(mut envelope) = serde_json::from_str(body)? else {
        return Err(NoSuccess::NotObject);
    };
    match envelope.remove("code") {
        None => return Err(NoSuccess::NoCode),
        // An integer past 64 bits is read as a float, and no success either.
        Some(Value::Number(code)) if code.as_f64().is_some_and(|code| code.fract() != 0.0) => {
            return Err(NoSuccess::CodeKind);
        }
        Some(Value::Number(code)) if code.as_i64() != Some(0) => {
            return Err(NoSuccess::Refused(code));
        }
        Some(Value::Number(_)) => {}
        Some(_) => return Err(NoSuccess::CodeKind),
    }
    match envelope.remove("data") {
        None | Some(Value::Null) => Err(NoSuccess::NoData),
        Some(Value::Object(data)) => Ok(data),
        Some(_) => Err(NoSuccess::DataKind),
    }
}

impl Envelope {
    /// A success that carries `data`.
    #[must_use]
    pub const fn success(data: Value) -> Self {
        Self { code: 0, data, msg: String::new() }
    }

    /// A refusal.
    #[must_use]
    pub fn refusal(code: SaCode, msg: impl Into<String>) -> Self {
        Self { code: code.number(), data: Value::Object(Map::new()), msg: msg.into() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_success_is_unwrapped() {
        let answer = Envelope::success(json!({"reference": "0x1"}));
        let data = decode(&serde_json::to_string(&answer).unwrap()).unwrap();
        assert_eq!(Value::Object(data), json!({"reference": "0x1"}));
    }

    #[rstest]
    #[case::empty("")]
    #[case::html("<html>")]
    #[case::list("[]")]
    #[case::no_code(r#"{"data":{}}"#)]
    #[case::text(r#"{"code":"ERR","data":{}}"#)]
    #[case::null(r#"{"code":null,"data":{}}"#)]
    #[case::fraction(r#"{"code":0.5,"data":{}}"#)]
    #[case::refused(r#"{"code":70004,"data":{}}"#)]
    #[case::negative(r#"{"code":-1,"data":{}}"#)]
    #[case::wraps(r#"{"code":18446744073709551616,"data":{}}"#)]
    #[case::no_data(r#"{"code":0}"#)]
    #[case::null_data(r#"{"code":0,"data":null}"#)]
    #[case::list_data(r#"{"code":0,"data":[]}"#)]
    fn fails_closed(#[case] body: &str) {
        assert!(decode(body).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(body in "\\PC*") {
            let _ = decode(&body);
        }
    }
}
