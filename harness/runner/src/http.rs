//! The buyer's HTTP client. It follows nothing, keeps no connection unless
//! asked to, and bounds whatever a hostile target may send.

use std::pin::Pin;
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use sse_stream::{Sse, SseByteStream};

/// Largest body read.
const BODY_LIMIT: usize = 1024 * 1024;

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
    #[error("the answer's body exceeds {BODY_LIMIT} bytes")]
    Endless,
    /// The connection failed, or what came over it is not HTTP.
    #[error("no HTTP answer: {0}")]
    Transport(String),
}

/// An answer whose body is still to come.
pub(crate) struct Opened {
    /// The answer, without its body.
    pub answer: Answer,
    /// Its body, as server-sent events.
    pub events: Events,
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `message` where none is given.
    pub name: String,
    /// The data.
    pub data: String,
}

/// Server-sent events as they come.
pub(crate) struct Events {
    events: Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>,
    timeout: Duration,
}

impl Events {
    fn of(response: reqwest::Response, timeout: Duration) -> Self {
        let bytes = stream::try_unfold((response, 0), |(mut response, read)| async move {
            match response.chunk().await.map_err(transport)? {
                None => Ok(None),
                Some(chunk) if read + chunk.len() > BODY_LIMIT => Err(NoAnswer::Endless),
                Some(chunk) => {
                    let read = read + chunk.len();
                    Ok(Some((chunk, (response, read))))
                }
            }
        });
        Self { events: Box::pin(SseByteStream::new(Box::pin(bytes))), timeout }
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// [`NoAnswer`] if none comes in time, or what comes is none.
    pub async fn next(&mut self) -> Result<Option<Event>, NoAnswer> {
        loop {
            let next = tokio::time::timeout(self.timeout, self.events.next()).await;
            let Some(event) = next.map_err(|_| NoAnswer::Slow(self.timeout))? else {
                return Ok(None);
            };
            let event = event.map_err(|error| NoAnswer::Transport(error.to_string()))?;
            // A block without data is a comment, or keeps the connection alive.
            if let Some(data) = event.data {
                let name = event.event.unwrap_or_else(|| "message".to_owned());
                return Ok(Some(Event { name, data }));
            }
        }
    }
}

/// Sends requests.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    timeout: Duration,
}

impl Client {
    /// A client. One connection a request shields a check from what the one
    /// before did to the target; `reuse` trades that for speed. An answer may
    /// take `timeout`, from the first byte sent to the last received.
    ///
    /// # Errors
    /// None in practice: no TLS, no proxy, no resolver is set up.
    pub fn new(reuse: bool, timeout: Duration) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(if reuse { usize::MAX } else { 0 });
        Ok(Self { inner: builder.build()?, timeout })
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
                if body.len() + chunk.len() > BODY_LIMIT {
                    return Err(NoAnswer::Endless);
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

fn transport(error: reqwest::Error) -> NoAnswer {
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
