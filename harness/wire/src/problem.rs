//! Problem details (RFC 9457) and the types MPP defines
//! (draft-httpauth-payment-00, "Error Codes"; seed 002, "Error Handling").

use serde::{Deserialize, Serialize};

/// Base of every MPP problem type.
pub const TYPE_BASE: &str = "https://paymentauth.org/problems/";

/// The media type of a problem body.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Full URI, [`TYPE_BASE`] plus a suffix.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// For people; never asserted.
    #[serde(default)]
    pub title: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// For people; never asserted.
    #[serde(default)]
    pub detail: String,
    /// The fresh challenge beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_id: Option<String>,
}

impl Problem {
    /// The type without [`TYPE_BASE`], or the whole of a foreign one.
    #[must_use]
    pub fn suffix(&self) -> &str {
        self.type_uri.strip_prefix(TYPE_BASE).unwrap_or(&self.type_uri)
    }
}
