//! Answers a seller gives.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use conform402_wire::ChallengeId;
use conform402_wire::problem::{MEDIA_TYPE, Problem, TYPE_BASE};
use conform402_wire::session::channel::ChannelId;
use conform402_wire::session::ietf::SessionReceipt;

/// An answer before it is sent.
#[derive(Debug)]
pub struct Answer {
    response: Response<Body>,
}

impl Answer {
    /// Problem details of this status and type.
    pub fn problem(status: u16, suffix: &str, detail: &str) -> Self {
        let problem = Problem {
            type_uri: format!("{TYPE_BASE}{suffix}"),
            title: suffix.replace('-', " "),
            status,
            detail: detail.to_owned(),
            challenge_id: None,
        };
        let body = serde_json::to_string(&problem).unwrap_or_default();
        Self::text(status, MEDIA_TYPE, body)
    }

    /// A body of this type.
    pub fn text(status: u16, media_type: &'static str, body: String) -> Self {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        let answer = Self { response };
        answer.with(header::CONTENT_TYPE.as_str(), media_type)
    }

    /// An answer that somebody else began.
    pub const fn of(response: Response<Body>) -> Self {
        Self { response }
    }

    /// No body at all.
    pub fn empty(status: u16) -> Self {
        Self { response: Response::new(Body::empty()) }.with_status(status)
    }

    /// With another status than its body states.
    pub fn with_status(mut self, status: u16) -> Self {
        *self.response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        self
    }

    /// One more header field. Values may hold characters outside ASCII.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.response.headers_mut().append(name, value);
        }
        self
    }

    /// This field with another value.
    pub fn replacing(mut self, name: &'static str, value: &str) -> Self {
        self.response.headers_mut().remove(name);
        self.with(name, value)
    }

    /// Must not be stored by caches.
    pub fn unstored(self) -> Self {
        self.with(header::CACHE_CONTROL.as_str(), "no-store")
    }

    /// With these challenges.
    pub fn challenging(self, fields: &[String]) -> Self {
        fields
            .iter()
            .fold(self, |answer, field| answer.with(header::WWW_AUTHENTICATE.as_str(), field))
    }

    pub fn send(self) -> Response {
        self.response
    }
}

/// Paid answers that a retry gets again, by challenge, channel and key. None
/// outlives the process: what is retried across a restart is charged again.
#[derive(Debug, Default)]
pub struct Answered(Mutex<HashMap<(ChallengeId, ChannelId, String), Kept>>);

/// What is kept of an answer.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The body.
    pub body: String,
    /// The receipt.
    pub receipt: SessionReceipt,
}

impl Answered {
    /// What was answered on a channel under a key.
    pub fn get(&self, challenge: &ChallengeId, channel: ChannelId, key: &str) -> Option<Kept> {
        self.lock().get(&(challenge.clone(), channel, key.to_owned())).cloned()
    }

    /// What was answered on a channel under a key, whatever the challenge.
    pub fn of_any_challenge(&self, channel: ChannelId, key: &str) -> Option<Kept> {
        let answered = self.lock();
        answered
            .iter()
            .find(|((_, of, known), _)| *of == channel && known == key)
            .map(|(_, kept)| kept.clone())
    }

    /// Keeps an answer under a key.
    pub fn keep(&self, challenge: &ChallengeId, channel: ChannelId, key: &str, kept: Kept) {
        self.lock().insert((challenge.clone(), channel, key.to_owned()), kept);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(ChallengeId, ChannelId, String), Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No route here.
pub fn not_found() -> Response {
    Answer::problem(404, "about:blank", "no such route").send()
}

/// A seller that broke down.
pub fn crash() -> Response {
    Answer::text(500, "text/plain", "Internal Server Error".to_owned()).send()
}
