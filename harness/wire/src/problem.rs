//! Problem details (RFC 9457) and the types MPP defines
//! (draft-httpauth-payment-00, "Error Codes"; seed 002, "Error Handling").

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

/// What a receiver finds in a problem body, by the rules of RFC 9457: all its
/// members may be absent, and one of another type counts as absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// `about:blank` where the body has none.
    pub type_uri: String,
    /// That of the answer, which the body's must be.
    pub status: u16,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub detail: Option<String>,
    /// The fresh challenge beside it.
    pub challenge_id: Option<String>,
}

/// Why the body of an answer is no problem, or not that of the answer.
#[derive(Debug, thiserror::Error)]
pub enum NoProblem {
    /// No JSON.
    #[error("not JSON: {0}")]
    NotJson(serde_json::Error),
    /// JSON of another kind.
    #[error("JSON, but not an object")]
    NotObject,
    /// Answer and body disagree: "Generators MUST use the same status code in
    /// the actual HTTP response" (RFC 9457, "status").
    #[error("the status is {http}, that in the body {body}")]
    OtherStatus {
        /// Of the answer.
        http: u16,
        /// Of the body.
        body: String,
    },
}

impl Received {
    /// Reads the body of an answer with the status `http`.
    ///
    /// # Errors
    /// [`NoProblem`] says what is wrong with the body.
    pub fn parse(http: u16, body: &str) -> Result<Self, NoProblem> {
        let members = match serde_json::from_str(body).map_err(NoProblem::NotJson)? {
            Value::Object(members) => members,
            _ => return Err(NoProblem::NotObject),
        };
        if let Some(Value::Number(status)) = members.get("status")
            && status.as_f64() != Some(f64::from(http))
        {
            return Err(NoProblem::OtherStatus { http, body: status.to_string() });
        }
        Ok(Self {
            type_uri: text(&members, "type").unwrap_or_else(|| "about:blank".to_owned()),
            status: http,
            title: text(&members, "title"),
            detail: text(&members, "detail"),
            challenge_id: text(&members, "challengeId"),
        })
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn members_of_another_type_are_absent() {
        let body = r#"{"type":1,"status":"402","title":[],"detail":{},"challengeId":null}"#;
        let received = Received {
            type_uri: "about:blank".into(),
            status: 402,
            title: None,
            detail: None,
            challenge_id: None,
        };
        assert_eq!(Received::parse(402, body).unwrap(), received);
        assert_eq!(Received::parse(402, "{}").unwrap(), received);
    }

    #[rstest]
    #[case(402, "")]
    #[case(402, "[]")]
    #[case(402, "{\"status\":400}")]
    #[case(402, "{\"status\":402.5}")]
    #[case(402, "{\"status\":-402}")]
    #[case(200, "{\"status\":402}")]
    fn refuses(#[case] http: u16, #[case] body: &str) {
        assert!(Received::parse(http, body).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(http in any::<u16>(), body in "\\PC*") {
            let _ = Received::parse(http, &body);
        }

        #[test]
        fn what_is_sent_is_received(title in "\\PC*", detail in "\\PC*", id in "\\PC*") {
            let sent = Problem {
                type_uri: format!("{TYPE_BASE}payment-required"),
                title,
                status: 402,
                detail,
                challenge_id: Some(id),
            };
            let received = Received::parse(402, &serde_json::to_string(&sent).unwrap()).unwrap();
            prop_assert_eq!(received.type_uri, sent.type_uri);
            prop_assert_eq!(received.title, Some(sent.title));
            prop_assert_eq!(received.detail, Some(sent.detail));
            prop_assert_eq!(received.challenge_id, sent.challenge_id);
        }
    }
}
