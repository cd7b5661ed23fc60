//! The `{code, data, msg}` envelope around every SA answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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

impl Envelope {
    /// A success that carries `data`.
    #[must_use]
    pub const fn success(data: Value) -> Self {
        Self { code: 0, data, msg: String::new() }
    }

    /// A refusal.
    #[must_use]
    pub fn refusal(code: SaCode, msg: impl Into<String>) -> Self {
        Self { code: code.number(), data: Value::Object(serde_json::Map::new()), msg: msg.into() }
    }
}
