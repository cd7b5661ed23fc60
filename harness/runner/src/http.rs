//! The buyer's HTTP client. It follows nothing, keeps no connection unless
//! asked to, and bounds whatever a hostile target may send.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::events::{Events, Opened};

/// Largest body read.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// A request as it was sent.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sent {
    /// HTTP method.
    pub method: String,
    /// URL.
    pub url: String,
    /// Header fields in order.
    pub headers: Vec<(String, String)>,
    /// Body, as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// An answer, read to its end.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header fields, names in lower case; those of one name in order.
    pub headers: Vec<(String, String)>,
    /// Body; bytes that are no UTF-8 are replaced.
    pub body: String,
}

impl Answer {
    /// The first field of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// All fields of this name, in order.
    pub fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |field: &str| field.eq_ignore_ascii_case(name);
        self.headers.iter().filter(move |(field, _)| named(field)).map(|(_, value)| value.as_str())
    }
}

/// A request and what came back.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// The request.
    pub request: Sent,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Why a request got no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The request cannot be sent as HTTP. Ours.
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
    /// The target did not answer in time.
    #[error("no complete answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// The answer has no end in sight.
    #[error("the answer's body exceeds {0} bytes")]
    Endless(usize),
    /// The connection failed, or what came over it is not HTTP.
    #[error("no HTTP answer: {0}")]
    Transport(String),
}

/// Sends requests.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    timeout: Duration,
    body_limit: usize,
}

impl Client {
    /// A client. One connection a request shields a check from what the one
    /// before did to the target; to keep up to `idle` connections for later
    /// requests trades that for speed. An answer may take `timeout`, from the
    /// first byte sent to the last received.
    ///
    /// # Errors
    /// None in practice: no TLS, no proxy, no resolver is set up.
    pub fn new(idle: usize, timeout: Duration) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(idle);
        Ok(Self { inner: builder.build()?, timeout, body_limit: BODY_LIMIT })
    }

    /// The same, for a target that is trusted to end its answers.
    #[must_use]
    pub fn reading_up_to(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn send(&self, sent: &Sent) -> Result<Answer, NoAnswer> {
        let request = self.build(sent)?;
        let exchange = async {
            let mut response = self.inner.execute(request).await.map_err(transport)?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(transport)? {
                if body.len() + chunk.len() > self.body_limit {
                    return Err(NoAnswer::Endless(self.body_limit));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer {
                status: response.status().as_u16(),
                headers: fields(response.headers()),
                body: String::from_utf8_lossy(&body).into_owned(),
            })
        };
        let slow = Err(NoAnswer::Slow(self.timeout));
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or(slow)
    }

    /// Sends a request, and reads the answer event by event if it is a stream.
    ///
    /// # Errors
    /// [`NoAnswer`] if it does not begin in time.
    pub(crate) async fn open(&self, sent: &Sent) -> Result<Opened, NoAnswer> {
        let request = self.build(sent)?;
        let slow = Err(NoAnswer::Slow(self.timeout));
        let response = async { self.inner.execute(request).await.map_err(transport) };
        let response = tokio::time::timeout(self.timeout, response).await.unwrap_or(slow)?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: fields(response.headers()),
            body: String::new(),
        };
        Ok(Opened { answer, events: Events::of(response, self.timeout) })
    }

    fn build(&self, sent: &Sent) -> Result<reqwest::Request, NoAnswer> {
        let unsendable = |error: &dyn std::fmt::Display| NoAnswer::Unsendable(error.to_string());
        let method = sent.method.parse().map_err(|_| unsendable(&"not an HTTP method"))?;
        let url = sent.url.parse::<reqwest::Url>().map_err(|error| unsendable(&error))?;
        let mut request = reqwest::Request::new(method, url);
        for (name, value) in &sent.headers {
            let name: HeaderName = name.parse().map_err(|error| unsendable(&error))?;
            let value = HeaderValue::from_str(value).map_err(|error| unsendable(&error))?;
            request.headers_mut().append(name, value);
        }
        if !sent.body.is_empty() {
            *request.body_mut() = Some(sent.body.clone().into());
        }
        Ok(request)
    }
}

pub(crate) fn transport(error: reqwest::Error) -> NoAnswer {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    NoAnswer::Transport(reason)
}

fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
