//! The facilitator of a testbed: OKX's SA API on wiremock, settling for real.
//!
//! It enforces what production would, so that a seller is never blamed for our
//! leniency, and keeps a journal of every request and answer. What it scripts
//! is keyed by an account of the check, never global.

mod auth;
mod charge;
mod forwarded;
mod journal;
mod script;
mod session;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use alloy::primitives::{Address, TxHash};
use conform402_chain::Chain;
use conform402_wire::BaseUnits;
use conform402_wire::sa::{Envelope, SaCode, charge as charges, request as sessions};
use conform402_wire::session::channel::ChannelId;
use serde_json::Value;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

pub use auth::ApiCredentials;
pub use journal::{Answer, Entry, Journal};
pub use script::Script;

/// How long a target waits for an answer, unless a check asks for less.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often a request in hand looks whether the facilitator closes.
const CLOSING_POLL: Duration = Duration::from_millis(100);

/// A running facilitator; it stops when dropped.
#[derive(Debug)]
pub struct Facilitator {
    server: MockServer,
    desk: Arc<Desk>,
}

impl Facilitator {
    /// Starts the SA API on a port of its choice.
    pub async fn start(chain: &Arc<Chain>, credentials: ApiCredentials) -> Self {
        let desk = Arc::new(Desk {
            chain: Arc::downgrade(chain),
            credentials,
            runtime: tokio::runtime::Handle::current(),
            journal: Journal::default(),
            scripts: Mutex::default(),
            owners: Mutex::default(),
            blocked: Mutex::default(),
            spent_hashes: Mutex::default(),
            told: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let server = MockServer::builder().disable_request_recording().start().await;
        let reset = desk.clone();
        Mock::given(move |request: &Request| reset.is_reset(request))
            .respond_with_err(|_: &Request| Reset)
            .with_priority(1)
            .mount(&server)
            .await;
        let (unheard, at_desk) = (desk.clone(), AtDesk(desk.clone()));
        Mock::given(move |request: &Request| unheard.is_unheard(request))
            .respond_with_err(move |request: &Request| {
                at_desk.respond(request);
                Reset
            })
            .with_priority(1)
            .mount(&server)
            .await;
        Mock::given(wiremock::matchers::any())
            .respond_with(AtDesk(desk.clone()))
            .mount(&server)
            .await;
        Self { server, desk }
    }

    /// Base URL of the API.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// What sellers sign their requests with.
    #[must_use]
    pub fn credentials(&self) -> &ApiCredentials {
        &self.desk.credentials
    }

    /// Every request so far, and its answer.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.desk.journal
    }

    /// Answers every request about `account` by `script` from now on.
    pub fn script(&self, account: Address, script: Script) {
        lock(&self.desk.scripts).insert(account, script);
    }

    /// Does its work again for requests about `account`.
    pub fn unscript(&self, account: Address) {
        lock(&self.desk.scripts).remove(&account);
    }

    /// Takes every request about `channel` for one about `account` too, which
    /// it need not name.
    pub fn attribute(&self, channel: ChannelId, account: Address) {
        lock(&self.desk.owners).insert(channel, account);
    }

    /// Puts a payer on the blacklist.
    pub fn block(&self, payer: Address) {
        lock(&self.desk.blocked).insert(payer);
    }
}

impl Drop for Facilitator {
    fn drop(&mut self) {
        self.desk.closing.store(true, Ordering::Relaxed);
    }
}

/// The state behind the API. A request is handled at once by one thread, as
/// wiremock does; settlement behind it stays a few milliseconds short.
struct Desk {
    /// Not owned: wiremock's thread ends in its own time, and the chain must
    /// end with its testbed.
    chain: Weak<Chain>,
    credentials: ApiCredentials,
    runtime: tokio::runtime::Handle,
    journal: Journal,
    scripts: Mutex<HashMap<Address, Script>>,
    owners: Mutex<HashMap<ChannelId, Address>>,
    blocked: Mutex<HashSet<Address>>,
    spent_hashes: Mutex<HashSet<TxHash>>,
    /// What sellers were told that was deposited, opening and top-ups together.
    told: Mutex<HashMap<ChannelId, BaseUnits>>,
    closing: AtomicBool,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// A lock whose holder panicked still guards plain data that is never half
/// written.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, thiserror::Error)]
#[error("connection reset by script")]
struct Reset;

struct AtDesk(Arc<Desk>);

impl Respond for AtDesk {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        // wiremock's responder is synchronous and owns its thread, while the
        // chain is reached through the testbed's runtime.
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let desk = self.0.clone();
        let received = Received::of(request);
        self.0.runtime.spawn(async move {
            let _ = sender.send(desk.answer(received).await);
        });
        loop {
            match receiver.recv_timeout(CLOSING_POLL) {
                Ok(answer) => return answer,
                // The runtime that would answer may be what waits for this
                // thread to end.
                Err(RecvTimeoutError::Timeout) if !self.0.closing.load(Ordering::Relaxed) => {}
                Err(_) => return ResponseTemplate::new(503),
            }
        }
    }
}

/// A request, taken apart once.
struct Received {
    path: String,
    is_signed: Box<dyn Fn(&ApiCredentials) -> bool + Send>,
    /// Its JSON, or the members of its query.
    body: Value,
}

impl Received {
    fn of(request: &Request) -> Self {
        let signature = auth::Presented::of(request);
        let body = match serde_json::from_slice(&request.body) {
            Ok(body) => body,
            Err(_) if request.url.query().is_none() => Value::Null,
            Err(_) => {
                let pairs = request.url.query_pairs();
                pairs.map(|(name, value)| (name.into_owned(), Value::from(value))).collect()
            }
        };
        Self {
            path: request.url.path().to_owned(),
            is_signed: Box::new(move |credentials| signature.is_valid(credentials)),
            body,
        }
    }
}

impl Desk {
    fn script_for(&self, accounts: &[Address]) -> Option<Script> {
        let scripts = lock(&self.scripts);
        accounts.iter().find_map(|account| scripts.get(account).cloned())
    }

    /// The accounts a request is about.
    fn accounts_in(&self, body: &Value) -> Vec<Address> {
        let mut accounts = journal::accounts_in(body);
        let owners = lock(&self.owners);
        accounts.extend(journal::channel_in(body).and_then(|channel| owners.get(&channel)));
        accounts
    }

    fn is_reset(&self, request: &Request) -> bool {
        let received = Received::of(request);
        let accounts = self.accounts_in(&received.body);
        let reset = matches!(self.script_for(&accounts), Some(Script::Reset));
        if reset {
            let signed = (received.is_signed)(&self.credentials);
            self.journal.enter(received.path, received.body, accounts, signed, Answer::Reset, None);
        }
        reset
    }

    fn is_unheard(&self, request: &Request) -> bool {
        let accounts = self.accounts_in(&Received::of(request).body);
        matches!(self.script_for(&accounts), Some(Script::Unheard))
    }

    async fn answer(&self, received: Received) -> ResponseTemplate {
        let accounts = self.accounts_in(&received.body);
        let signed = (received.is_signed)(&self.credentials);
        let script = self.script_for(&accounts);
        let begun = Instant::now();
        let mut trouble = None;
        let delay = match script {
            Some(Script::Slowly(delay)) => delay,
            _ => Duration::ZERO,
        };
        let is_unheard = matches!(script, Some(Script::Unheard));
        let (template, answer) = if !signed {
            let msg = "Invalid Sign".to_owned();
            json_reply(401, &Envelope { code: 50113, data: serde_json::json!({}), msg })
        } else if let Some(scripted) = script.and_then(Script::reply) {
            scripted
        } else {
            let done = match self.open_till() {
                Ok(till) => till.serve(&received.path, &received.body).await,
                Err(refusal) => Err(refusal),
            };
            match done {
                Ok(data) => json_reply(200, &Envelope::success(data)),
                Err(refusal) => {
                    trouble = refusal.is_ours.then(|| refusal.reason.clone());
                    json_reply(200, &Envelope::refusal(refusal.code, refusal.reason))
                }
            }
        };
        if begun.elapsed() > PATIENCE {
            trouble = Some(format!("the testbed took more than {} s", PATIENCE.as_secs()));
        }
        let answer = match answer {
            Answer::Http { body, .. } if is_unheard => Answer::Unheard { body },
            answer => answer,
        };
        let template = if delay.is_zero() { template } else { template.set_delay(delay) };
        self.journal.enter(received.path, received.body, accounts, signed, answer, trouble);
        template
    }
}

/// The desk while the chain is there.
struct Till<'a> {
    desk: &'a Desk,
    chain: Arc<Chain>,
}

impl Desk {
    fn open_till(&self) -> Result<Till<'_>, Refusal> {
        let gone = || Refusal::ours("the chain is gone");
        Ok(Till { desk: self, chain: self.chain.upgrade().ok_or_else(gone)? })
    }
}

impl Till<'_> {
    async fn serve(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        match path {
            charges::SETTLE | charges::VERIFY_HASH => self.charge(path, body).await,
            sessions::STATUS => self.status(body).await,
            _ => self.session(path, body).await,
        }
    }
}

/// Why the SA refuses.
#[derive(Clone, Debug)]
struct Refusal {
    code: SaCode,
    reason: String,
    /// Whether the testbed failed, and not the payment.
    is_ours: bool,
}

impl Refusal {
    fn new(code: SaCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), is_ours: false }
    }

    fn ours(reason: impl Into<String>) -> Self {
        Self { code: SaCode::Internal, reason: reason.into(), is_ours: true }
    }
}

fn json_reply(status: u16, envelope: &Envelope) -> (ResponseTemplate, Answer) {
    let body = serde_json::json!(envelope);
    (
        ResponseTemplate::new(status).set_body_json(&body),
        Answer::Http { status, body: body.to_string() },
    )
}
