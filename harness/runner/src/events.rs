//! Answers that come event by event (the HTML standard, "Server-sent events").

use std::pin::Pin;
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt as _};
use sse_stream::{Sse, SseByteStream};

use crate::http::{Answer, BODY_LIMIT, NoAnswer, transport};

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
    pub fn of(response: reqwest::Response, timeout: Duration) -> Self {
        let bytes = stream::try_unfold((response, 0), |(mut response, read)| async move {
            match response.chunk().await.map_err(transport)? {
                None => Ok(None),
                Some(chunk) if read + chunk.len() > BODY_LIMIT => {
                    Err(NoAnswer::Endless(BODY_LIMIT))
                }
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
