//! Scripted answers: codes without their cause, and broken transports.

use std::time::Duration;

use conform402_wire::sa::{Envelope, SaCode};
use wiremock::ResponseTemplate;

use crate::journal::Answer;

/// What the facilitator does instead of its work.
#[derive(Clone, Debug)]
pub enum Script {
    /// Does its work, but keeps the answer back this long.
    Slowly(Duration),
    /// Does its work, and closes the connection without an answer.
    Unheard,
    /// Refuses with a code.
    Refuse(SaCode),
    /// Answers with these bytes; nothing is settled.
    Answer {
        /// HTTP status.
        status: u16,
        /// Body, sent as JSON.
        body: String,
    },
    /// Refuses, but only after this long. A refusal, so that also a seller
    /// that waits forever has no reason to deliver.
    Late(Duration),
    /// Announces a body and closes in the middle of it.
    Truncated {
        /// The body that is cut in half.
        body: String,
    },
    /// Closes the connection without an answer.
    Reset,
}

impl Script {
    /// What is answered instead of the work; `None` where the work is done.
    pub(crate) fn reply(self) -> Option<(ResponseTemplate, Answer)> {
        Some(match self {
            Self::Slowly(_) | Self::Unheard => return None,
            Self::Refuse(code) => crate::json_reply(200, &Envelope::refusal(code, "scripted")),
            Self::Answer { status, body } => {
                let template =
                    ResponseTemplate::new(status).set_body_raw(body.clone(), "application/json");
                (template, Answer::Http { status, body })
            }
            Self::Late(after) => {
                let (template, answer) =
                    crate::json_reply(200, &Envelope::refusal(SaCode::Internal, "scripted, late"));
                (template.set_delay(after), answer)
            }
            Self::Truncated { body } => {
                let sent = &body[..body.len() / 2];
                let template = ResponseTemplate::new(200)
                    .insert_header("content-length", body.len().to_string().as_str())
                    .insert_header("connection", "close")
                    .set_body_raw(sent, "application/json");
                (template, Answer::Truncated { sent: sent.to_owned() })
            }
            Self::Reset => (ResponseTemplate::new(503), Answer::Reset),
        })
    }
}
