//! What the facilitator was asked, and what it answered.

use std::fmt;
use std::sync::Mutex;

use alloy::primitives::Address;
use conform402_wire::did::DidPkh;
use conform402_wire::json::EncodedObject;
use conform402_wire::session::channel::ChannelId;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

use crate::lock;

/// One request and its answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Path of the endpoint.
    pub endpoint: String,
    /// The request's JSON, or the members of its query; null if it was none.
    pub request: Value,
    /// Whether its `OK-ACCESS-*` headers were right.
    pub signed: bool,
    /// What it was answered.
    pub answer: Answer,
    /// What kept the testbed from doing its work; then the answer says nothing
    /// about the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Every account the request names: payer, recipient, split recipients, and
    /// the owners of a channel.
    pub accounts: Vec<Address>,
}

/// An answer as it left the facilitator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// A complete answer.
    Http {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
    /// A body that broke off.
    Truncated {
        /// What was sent of it.
        sent: String,
    },
    /// No answer: the connection was closed.
    Reset,
    /// What would have been answered, had the connection not been closed.
    Unheard {
        /// Body.
        body: String,
    },
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { status, body } => write!(f, "→ {status} {body}"),
            Self::Truncated { sent } => write!(f, "→ broke off after {sent}"),
            Self::Reset => f.write_str("→ connection closed"),
            Self::Unheard { body } => write!(f, "→ connection closed before {body}"),
        }
    }
}

impl Entry {
    /// The `code` of the answer's envelope, if it has an integer one.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        let Answer::Http { body, .. } = &self.answer else { return None };
        serde_json::from_str::<Value>(body).ok()?.get("code")?.as_i64()
    }
}

/// All entries of a facilitator, in the order they were answered.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Vec<Entry>>,
    grown: Notify,
}

impl Journal {
    pub(crate) fn enter(
        &self,
        endpoint: String,
        request: Value,
        accounts: Vec<Address>,
        signed: bool,
        answer: Answer,
        trouble: Option<String>,
    ) {
        let entry = Entry { endpoint, request, signed, answer, trouble, accounts };
        lock(&self.entries).push(entry);
        self.grown.notify_waiters();
    }

    /// Waits for an entry of `endpoint` that names one of `accounts`.
    pub async fn until(&self, endpoint: &str, accounts: &[Address]) {
        loop {
            let grown = self.grown.notified();
            if self.about(accounts).iter().any(|entry| entry.endpoint == endpoint) {
                return;
            }
            grown.await;
        }
    }

    /// The entries that name no account at all, which no seller has reason to
    /// cause.
    #[must_use]
    pub fn about_nobody(&self) -> Vec<Entry> {
        lock(&self.entries).iter().filter(|entry| entry.accounts.is_empty()).cloned().collect()
    }

    /// The entries that name one of `accounts`.
    #[must_use]
    pub fn about(&self, accounts: &[Address]) -> Vec<Entry> {
        let names_one =
            |entry: &&Entry| entry.accounts.iter().any(|named| accounts.contains(named));
        lock(&self.entries).iter().filter(names_one).cloned().collect()
    }
}

/// The accounts a request names: in the source, in the authorizations, and in
/// the challenge's request.
pub(crate) fn accounts_in(body: &Value) -> Vec<Address> {
    let source = body["source"].as_str().and_then(|source| source.parse::<DidPkh>().ok());
    let mut accounts: Vec<Address> = source.map(|did| did.address).into_iter().collect();
    let account = |named: &Value| named.as_str()?.parse::<Address>().ok();
    let authorization = &body["payload"]["authorization"];
    for transfer in std::iter::once(authorization).chain(items(&authorization["splits"])) {
        accounts.extend([&transfer["from"], &transfer["to"]].into_iter().filter_map(account));
    }
    let request = body["challenge"]["request"].as_str().map(EncodedObject::from_wire);
    let request = request.and_then(|request| request.decode().ok()).unwrap_or_default();
    let paid = std::iter::once(&request).chain(items(&request["methodDetails"]["splits"]));
    accounts.extend(paid.filter_map(|paid| account(&paid["recipient"])));
    accounts
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The channel a request names.
pub(crate) fn channel_in(body: &Value) -> Option<ChannelId> {
    let named = [&body["payload"]["channelId"], &body["channelId"]];
    named.into_iter().find_map(|id| serde_json::from_value(id.clone()).ok())
}
