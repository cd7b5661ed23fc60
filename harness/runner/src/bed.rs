//! A check's own place at the testbed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use alloy::primitives::{Address, B256, I256, keccak256};
use conform402_chain::{Account, Holder, Ledger, Movement};
use conform402_facilitator::{Entry, PATIENCE, Script};
use conform402_wire::BaseUnits;
use tokio::sync::OnceCell;

use crate::events::{Event, Opened};
use crate::gate::Gate;
use crate::http::{Answer, Client, Exchange, NoAnswer, Sent};
use crate::offer::{Mounted, Offer};
use crate::own_target::OwnTarget;
use crate::target::Adapter;
use crate::testbed::{PAYER_FUNDS, Testbed};
use crate::verdict::{Broken, Outcome};
use conform402_wire::adapter::{Evaluation, MerchantAction, MerchantOrder, Mount, RefusedOffer};
use conform402_wire::session::channel::ChannelId;

/// Everything one check has to itself: payers, recipients, routes, ledger and
/// record. Nothing here is shared with another check, so checks run side by
/// side on one chain.
#[derive(Debug)]
pub struct Bed {
    testbed: Arc<Testbed>,
    adapter: RwLock<Arc<Adapter>>,
    own_target: tokio::sync::Mutex<Option<OwnTarget>>,
    store: Option<PathBuf>,
    mounts: Mutex<Vec<Mount>>,
    gate: OnceCell<Gate>,
    client: Client,
    id: String,
    scope: String,
    faults: Vec<String>,
    payer: Account,
    other_payer: OnceCell<Account>,
    mounted: AtomicUsize,
    nonces: AtomicUsize,
    ledger: Ledger,
    exchanges: Mutex<Vec<Exchange>>,
}

/// The label of the payer of a check; its account is funded before checks run.
pub(crate) fn payer_label(id: &str) -> String {
    format!("{id}/payer")
}

impl Bed {
    pub(crate) fn new(
        testbed: Arc<Testbed>,
        adapter: Arc<Adapter>,
        client: Client,
        id: String,
        scope: &str,
        faults: Vec<String>,
    ) -> Self {
        let payer = Account::new(testbed.chain.seed().key(&payer_label(&id)));
        let ledger = Ledger::new(testbed.chain.clone());
        ledger.watch("payer", payer.address(), PAYER_FUNDS);
        Self {
            scope: format!("{scope}/{id}"),
            testbed,
            adapter: RwLock::new(adapter),
            own_target: tokio::sync::Mutex::default(),
            store: None,
            mounts: Mutex::default(),
            gate: OnceCell::new(),
            client,
            id,
            faults,
            payer,
            other_payer: OnceCell::new(),
            mounted: AtomicUsize::new(0),
            nonces: AtomicUsize::new(0),
            ledger,
            exchanges: Mutex::default(),
        }
    }

    /// The same bed with a target of its own.
    pub(crate) fn with_own_target(mut self, own: OwnTarget) -> Self {
        self.store = Some(own.store().to_owned());
        self.adapter = RwLock::new(own.adapter());
        self.own_target = Some(own).into();
        self
    }

    /// The testbed.
    #[must_use]
    pub fn testbed(&self) -> &Testbed {
        &self.testbed
    }

    /// Who pays, unless a check says otherwise.
    #[must_use]
    pub const fn payer(&self) -> &Account {
        &self.payer
    }

    /// Somebody else, who has as much.
    ///
    /// # Errors
    /// [`Broken::Ours`] if the chain does not fund it.
    pub async fn other_payer(&self) -> Result<&Account, Broken> {
        let open = || async {
            let account =
                Account::new(self.testbed.chain.seed().key(&format!("{}/other payer", self.id)));
            self.testbed.fund(&[account.address()]).await?;
            self.ledger.watch("other payer", account.address(), PAYER_FUNDS);
            Ok(account)
        };
        self.other_payer.get_or_try_init(open).await
    }

    /// A bytes32 nobody used before, the same in every run of a seed.
    pub fn nonce(&self) -> B256 {
        let index = self.nonces.fetch_add(1, Ordering::Relaxed);
        keccak256(format!("{}/{}/nonce {index}", self.testbed.chain.seed(), self.id))
    }

    /// Has the target serve an offer on a route of its own.
    ///
    /// # Errors
    /// [`Broken::Promise`] if the SDK refuses an offer that the capabilities it
    /// declares promise.
    pub async fn offer(&self, offer: Offer) -> Result<Mounted, Broken> {
        self.try_offer(offer).await?.map_err(|refused| {
            let reason = refused.reason;
            Broken::promise(format!("the target does not serve what it declares: {reason}"))
        })
    }

    /// Has the target serve an offer it may well refuse.
    ///
    /// # Errors
    /// [`Broken`] if the adapter does not answer.
    pub async fn try_offer(&self, offer: Offer) -> Result<Result<Mounted, RefusedOffer>, Broken> {
        let mounted = self.alternatives(vec![offer]).await?.pop();
        mounted.ok_or_else(|| Broken::Ours("one offer was mounted as none".to_owned()))
    }

    /// Has the target serve several offers on one URL.
    ///
    /// # Errors
    /// [`Broken`] if the adapter does not answer.
    pub async fn alternatives(
        &self,
        offers: Vec<Offer>,
    ) -> Result<Vec<Result<Mounted, RefusedOffer>>, Broken> {
        let path = format!("{}/{}", self.scope, self.mounted.fetch_add(1, Ordering::Relaxed));
        let patience = offers.iter().map(Offer::patience).min().unwrap_or(PATIENCE);
        let gate = match offers.iter().any(Offer::handler_waits) {
            true => Some(self.gate().await?.url.as_str()),
            false => None,
        };
        let offers: Vec<Mounted> = offers
            .into_iter()
            .enumerate()
            .map(|(index, offer)| offer.mounted(&self.testbed, &path, index, gate))
            .collect();
        for mounted in &offers {
            self.ledger.watch("payee", mounted.recipient(), BaseUnits::default());
            let splits = mounted.splits().iter().map(|split| split.recipient);
            let shares = mounted.shares().iter().map(|share| share.recipient);
            for (index, recipient) in splits.chain(shares).enumerate() {
                let role = format!("split {}", index + 1);
                self.ledger.watch(role, recipient, BaseUnits::default());
            }
        }
        let mount = Mount {
            testbed: self.testbed.info(patience, self.store.as_deref()),
            offers: offers.iter().map(|mounted| mounted.info.clone()).collect(),
            faults: self.faults.clone(),
        };
        let answer = self.adapter().mount(&mount).await;
        let answer = answer.map_err(|error| Broken::Ours(error.to_string()))?;
        if self.store.is_some() {
            lock(&self.mounts).push(mount);
        }
        let refusal = |path: &str| answer.refused.iter().find(|refused| refused.path == path);
        Ok(offers
            .into_iter()
            .map(|mounted| {
                refusal(&mounted.info.path).map_or(Ok(mounted.clone()), |r| Err(r.clone()))
            })
            .collect())
    }

    /// An account of this check that should receive nothing.
    pub fn stranger(&self) -> Address {
        let stranger = Address::from_word(keccak256(format!("{}/stranger", self.id)));
        self.ledger.watch("stranger", stranger, BaseUnits::default());
        stranger
    }

    /// Sends a request to the target and keeps a record of it.
    ///
    /// # Errors
    /// [`Broken::Promise`] if the target gives no HTTP answer, [`Broken::Late`] if
    /// it gives none in time: whatever it is sent, it must answer.
    pub async fn send(&self, request: Request) -> Result<Answer, Broken> {
        let sent = self.addressed(request);
        let result = self.client.send(&sent).await;
        let (answer, failure) = match &result {
            Ok(answer) => (Some(answer.clone()), None),
            Err(error) => (None, Some(error.to_string())),
        };
        lock(&self.exchanges).push(Exchange { request: sent, answer, failure });
        result.map_err(unanswered)
    }

    /// Sends a request and reads the answer event by event. What was read is
    /// recorded when the stream is dropped.
    ///
    /// # Errors
    /// As of [`Bed::send`].
    pub async fn stream(&self, request: Request) -> Result<EventStream<'_>, Broken> {
        let request = self.addressed(request);
        let opened = self.client.open(&request).await.map_err(unanswered)?;
        Ok(EventStream { bed: self, request, opened })
    }

    /// A request with the whole URL.
    pub(crate) fn addressed(&self, request: Request) -> Sent {
        let mut sent = request.0;
        sent.url.insert_str(0, self.adapter().url());
        sent
    }

    pub(crate) fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut lock(&self.exchanges))
    }

    fn adapter(&self) -> Arc<Adapter> {
        self.adapter.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn gate(&self) -> Result<&Gate, Broken> {
        let ours = |error: std::io::Error| Broken::Ours(format!("no gate: {error}"));
        self.gate.get_or_try_init(Gate::set_up).await.map_err(ours)
    }

    /// Resolves when the handlers of so many requests, that were paid for, wait
    /// ([`Offer::whose_handler_waits`]). They wait until the target crashes.
    ///
    /// # Errors
    /// [`Broken::Ours`] if there is nowhere to wait.
    pub async fn handlers_wait(&self, handlers: usize) -> Outcome {
        self.gate().await?.have_come(handlers).await;
        Ok(())
    }

    /// How many handlers have come to wait so far.
    pub fn handlers_waiting(&self) -> usize {
        self.gate.get().map_or(0, Gate::arrived)
    }

    /// Kills the target by SIGKILL, starts it again on its store, and has it
    /// serve the same offers on the same paths. Only for checks with a target of
    /// their own.
    ///
    /// # Errors
    /// [`Broken::Undecided`] if it does not come up again, [`Broken::Promise`]
    /// if it comes up, and does not serve what it served before.
    pub async fn crash(&self) -> Outcome {
        let mut own_target = self.own_target.lock().await;
        let killed = match own_target.take() {
            Some(own) => own.kill().await,
            None => return Err(Broken::Ours("this check has no target of its own".to_owned())),
        };
        if let Some(gate) = self.gate.get() {
            gate.open();
        }
        let restarted = killed.restart().await;
        let restarted = restarted.map_err(|error| Broken::Undecided(error.to_string()))?;
        let adapter = restarted.adapter();
        *own_target = Some(restarted);
        *self.adapter.write().unwrap_or_else(PoisonError::into_inner) = adapter.clone();
        let mounts = lock(&self.mounts).clone();
        for mount in &mounts {
            let why = match adapter.mount(mount).await {
                Ok(answer) => answer.refused.into_iter().next().map(|refused| refused.reason),
                Err(error) => Some(error.to_string()),
            };
            if let Some(why) = why {
                let what = format!("what it served it does not serve after a restart: {why}");
                return Err(Broken::promise(what));
            }
        }
        Ok(())
    }

    /// Ends the target of the check's own, if it has one.
    pub(crate) async fn end_own_target(&self) {
        if let Some(own) = self.own_target.lock().await.take() {
            own.kill().await;
        }
    }

    /// Has the facilitator answer requests about this check's payer by script.
    pub fn script(&self, script: Script) {
        self.testbed.facilitator.script(self.payer.address(), script);
    }

    /// Has the facilitator do its work again.
    pub fn unscript(&self) {
        self.testbed.facilitator.unscript(self.payer.address());
    }

    /// Watches a channel of this check, which need not be opened yet.
    pub fn watch_channel(&self, channel: ChannelId) {
        self.ledger.watch("channel", channel, BaseUnits::default());
        self.testbed.facilitator.attribute(channel, self.payer.address());
    }

    /// Has the merchant of an offer act of its own accord.
    ///
    /// # Errors
    /// [`Broken::Ours`] if the adapter does not answer.
    pub async fn merchant(
        &self,
        offer: &Mounted,
        action: MerchantAction,
        channel_id: ChannelId,
    ) -> Result<Evaluation, Broken> {
        let order = MerchantOrder { path: offer.info.path.clone(), action, channel_id };
        self.adapter().merchant(&order).await.map_err(|error| Broken::Ours(error.to_string()))
    }

    /// What the facilitator was asked about any account of this check.
    #[must_use]
    pub fn asked(&self) -> Vec<Entry> {
        self.testbed.facilitator.journal().about(&self.accounts())
    }

    /// Waits until the facilitator is asked for `endpoint`, which it may take
    /// its time to answer.
    pub async fn until_asked(&self, endpoint: &str) {
        self.testbed.facilitator.journal().until(endpoint, &self.accounts()).await;
    }

    /// What the facilitator was asked about nobody, by whichever check.
    #[must_use]
    pub fn asked_about_nobody(&self) -> Vec<Entry> {
        self.testbed.facilitator.journal().about_nobody()
    }

    /// Judges that exactly these balances changed, in base units.
    ///
    /// # Errors
    /// [`Broken::Promise`] tells what moved instead.
    pub async fn moved(&self, expected: &[(Holder, I256)]) -> Outcome {
        Ok(self.ledger.expect(expected).await??)
    }

    /// Judges that no balance changed.
    ///
    /// # Errors
    /// [`Broken::Promise`] tells what moved.
    pub async fn nothing_moved(&self) -> Outcome {
        self.moved(&[]).await
    }

    /// Every balance that changed.
    ///
    /// # Errors
    /// [`Broken::Ours`] if the chain does not answer.
    pub async fn movements(&self) -> Result<Vec<Movement>, Broken> {
        Ok(self.ledger.movements().await?)
    }

    fn accounts(&self) -> Vec<Address> {
        let account = |holder| match holder {
            Holder::Account(account) => Some(account),
            Holder::Channel(_) => None,
        };
        self.holders().into_iter().filter_map(account).collect()
    }

    pub(crate) fn holders(&self) -> Vec<Holder> {
        self.ledger.holders()
    }
}

fn unanswered(error: NoAnswer) -> Broken {
    match error {
        NoAnswer::Unsendable(_) => Broken::Ours(error.to_string()),
        NoAnswer::Slow(_) => Broken::Late(error.to_string()),
        error => Broken::Promise(error.to_string()),
    }
}

/// An answer that comes event by event.
pub struct EventStream<'a> {
    bed: &'a Bed,
    request: Sent,
    opened: Opened,
}

impl EventStream<'_> {
    /// The answer, with as much of its body as was read.
    #[must_use]
    pub const fn answer(&self) -> &Answer {
        &self.opened.answer
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// [`Broken::Late`] if none comes in time, [`Broken::Promise`] if what comes is
    /// none.
    pub async fn next(&mut self) -> Result<Option<Event>, Broken> {
        let event = self.opened.events.next().await.map_err(unanswered)?;
        if let Some(Event { name, data }) = &event {
            let body = &mut self.opened.answer.body;
            *body = format!("{body}event: {name}\ndata: {data}\n\n");
        }
        Ok(event)
    }
}

impl Drop for EventStream<'_> {
    fn drop(&mut self) {
        let (request, answer) = (self.request.clone(), self.opened.answer.clone());
        let exchange = Exchange { request, answer: Some(answer), failure: None };
        lock(&self.bed.exchanges).push(exchange);
    }
}

/// A lock whose holder panicked still guards plain data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request to a target, whose URL is yet without the target's.
#[derive(Clone, Debug)]
pub struct Request(Sent);

impl Request {
    /// To an offer, with the method it is sold for.
    #[must_use]
    pub fn to(offer: &Mounted) -> Self {
        Self(Sent {
            method: offer.http_method().to_owned(),
            url: offer.path().to_owned(),
            ..Sent::default()
        })
    }

    /// With another HTTP method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.0.method);
        self
    }

    /// With one more header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json_body(self, body: &str) -> Self {
        let mut request = self.header("content-type", "application/json");
        body.clone_into(&mut request.0.body);
        request
    }
}
