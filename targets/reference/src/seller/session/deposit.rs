//! Opening a channel, and adding to it. The first voucher is judged before any
//! money moves; the deposit is for the settlement service to judge.

use std::io;

use alloy::primitives::{B256, Bytes};
use axum::response::Response;
use conform402_wire::BaseUnits;
use conform402_wire::did::DidPkh;
use conform402_wire::sa::channel::{ChannelStatus, SessionStatus};
use conform402_wire::sa::request::{OPEN, TOP_UP};
use conform402_wire::session::channel::{ChannelId, Terms};
use conform402_wire::session::{Deposit, Opening, SignedVoucher, TopUp};
use serde_json::{Value, json};

use super::{NotDone, Sale};
use crate::channels::Channel;
use crate::fault::fault;
use crate::sa::{Done, NotSettled};
use crate::seller::refusal::Refusal;

/// What a seller with a fault believes was deposited.
const BELIEVED: BaseUnits = BaseUnits::new(1_000_000);

impl Sale<'_> {
    pub(super) async fn open(
        &self,
        opening: &Opening,
        cumulative_amount: BaseUnits,
        voucher_signature: Option<&Bytes>,
    ) -> Result<Response, NotDone> {
        let faults = self.faults();
        let id = opening.channel_id;
        let source = self.source_of(opening).await?;
        let terms = self.terms(opening, &source);
        let voucher = match &opening.deposit {
            Deposit::Transaction { .. } => voucher_signature,
            Deposit::Hash { signature, .. } => signature.as_ref(),
        };
        let Some(signature) = voucher.cloned() else {
            let needs_none =
                fault!(faults, "opens-without-a-voucher", "a first voucher may be absent");
            return if needs_none {
                Ok(self.managed(id, None))
            } else {
                Err(Refusal::because("invalid-payload", "no voucher").into())
            };
        };
        let first = SignedVoucher { channel_id: id, cumulative_amount, signature };
        let looks_later =
            fault!(faults, "moves-money-before-it-looks", "a first voucher is judged too late");
        let judged = self.judge_first(&first, opening, &terms);
        if !looks_later {
            judged?;
        }
        let slot = self.slot(id);
        let mut channel = slot.lock().await;
        if channel.is_some() {
            return self.open_again(&mut channel, &terms, &first);
        }
        if let Deposit::Hash { hash, .. } = &opening.deposit
            && fault!(faults, "looks-at-a-hash-once", "a transaction is refused for good")
            && self.visit.shop.channels.was_presented(*hash)
        {
            return Err(Refusal::because("invalid-payload", "refused before").into());
        }
        let mut payload = json!(opening);
        if fault!(faults, "corrects-the-channel-id", "an opening under a wrong id is mended") {
            payload["channelId"] = json!(terms.channel_id(&self.escrow()));
        }
        let corrected = serde_json::from_value(payload["channelId"].clone()).unwrap_or(id);
        let order = self.forwarded(payload, "open", &source);
        let is_of_these_terms = terms.channel_id(&self.escrow()) == id;
        let ordered =
            Ordered { id, salt: opening.salt, before: BaseUnits::default(), is_of_these_terms };
        let done = match self.done_unheard(&ordered).await? {
            Some(done) => done,
            None => {
                let opened = self.visit.route.sa.order(OPEN, &order, corrected).await;
                self.or_all_the_same(opened, &ordered).await?
            }
        };
        if looks_later {
            self.judge_first(&first, opening, &terms)?;
        }
        let authorized = match &opening.deposit {
            Deposit::Transaction { authorization, .. } => Some(authorization.value),
            Deposit::Hash { .. } => None,
        };
        let mut deposit = done.deposit.or(authorized).ok_or(NotSettled::Unreadable)?;
        let claimed = self.credential.payload.get("deposit").cloned().unwrap_or_default();
        if let Ok(claimed) = serde_json::from_value(claimed)
            && fault!(faults, "believes-claimed-deposits", "a payload may say what was deposited")
        {
            deposit = claimed;
        }
        let signer = self.signer_of(&terms);
        let mut opened = Channel::opened(signer, deposit, first);
        if fault!(
            faults,
            "takes-the-first-voucher-for-spent",
            "what the first voucher allows is never sold"
        ) {
            opened.spend(cumulative_amount);
        }
        self.payee().keep(id, Some(&opened))?;
        *channel = Some(opened);
        if fault!(faults, "sells-for-an-opening", "opening a channel buys") {
            return Ok(self.deliver(id));
        }
        Ok(self.managed(id, done.reference))
    }

    /// A channel that is open stays as it is.
    fn open_again(
        &self,
        channel: &mut Option<Channel>,
        terms: &Terms,
        first: &SignedVoucher,
    ) -> Result<Response, NotDone> {
        let faults = self.faults();
        if fault!(
            faults,
            "reopens-channels",
            "a second opening makes vouchers good again that were spent"
        ) && let Some(open) = channel
        {
            *open = Channel::opened(self.signer_of(terms), open.deposit, first.clone());
            return Ok(self.managed(first.channel_id, None));
        }
        if fault!(
            faults,
            "forgets-reopened-channels",
            "a second opening is refused, and the first forgotten"
        ) {
            *channel = None;
        }
        Err(Refusal::because("invalid-payload", "this channel is open").into())
    }

    pub(super) async fn top_up(&self, more: &TopUp) -> Result<Response, NotDone> {
        let faults = self.faults();
        let id = more.channel_id;
        let slot = self.slot(id);
        let mut slot = slot.lock().await;
        let Some(channel) = slot.as_mut() else {
            return if fault!(
                faults,
                "tops-up-unknown-channels",
                "a top-up of a channel that is not open is acknowledged"
            ) {
                Ok(self.managed(id, None))
            } else {
                Err(self.unknown_channel())
            };
        };
        if let Deposit::Transaction { authorization, .. } = &more.deposit
            && authorization.from != channel.signer
            && fault!(faults, "knows-the-payer-only", "nobody else may add to a channel")
        {
            return Err(Refusal::because("invalid-payload", "not the payer").into());
        }
        let source = self.credential.source.clone().unwrap_or_default();
        let order = self.forwarded(json!(more), "topUp", &source);
        let ordered = Ordered::top_up(more, channel.deposit);
        let unheard = self.done_unheard(&ordered).await?;
        let copy = fault!(
            faults,
            "writes-back-what-it-read",
            "what is sold while a top-up waits for the service is forgotten"
        )
        .then(|| channel.clone());
        if let (Some(mut copy), None) = (copy, &unheard) {
            drop(slot);
            let topped_up = self.visit.route.sa.order(TOP_UP, &order, id).await;
            let done = self.or_all_the_same(topped_up, &ordered).await?;
            copy.deposit = done.deposit.unwrap_or(copy.deposit);
            self.payee().keep(id, Some(&copy))?;
            *self.slot(id).lock().await = Some(copy);
            return Ok(self.managed(id, done.reference));
        }
        let mut refused = false;
        let done = match unheard {
            Some(done) => Ok(done),
            None => {
                let topped_up = self.visit.route.sa.order(TOP_UP, &order, id).await;
                refused = matches!(topped_up, Err(NotSettled::Refused(_)));
                self.or_all_the_same(topped_up, &ordered).await
            }
        };
        let done = match done {
            Ok(done) => done,
            Err(failure) => {
                if failure.is_unheard() && self.forgets_channels_in_trouble() {
                    *slot = None;
                }
                return Err(failure);
            }
        };
        let is_broadcast = matches!(more.deposit, Deposit::Hash { .. });
        if is_broadcast
            && fault!(
                faults,
                "knows-no-broadcast-top-ups",
                "a top-up the payer broadcast is refused"
            )
        {
            return Err(Refusal::because("invalid-payload", "not a transaction").into());
        }
        let sum = channel.deposit.checked_add(more.additional_deposit);
        let known = done.deposit.filter(|_| !refused);
        channel.deposit = match known.or(sum) {
            _ if fault!(faults, "forgets-top-ups", "a top-up is acknowledged, and not counted") => {
                channel.deposit
            }
            Some(deposit)
                if fault!(faults, "counts-top-ups-twice", "a top-up counts twice over") =>
            {
                deposit.checked_add(more.additional_deposit).unwrap_or(deposit)
            }
            Some(deposit) => deposit,
            None => return Err(NotSettled::Unreadable.into()),
        };
        self.keep_top_up(channel)?;
        if fault!(faults, "sells-for-a-top-up", "a top-up buys") {
            return Ok(self.deliver(id));
        }
        Ok(self.managed(id, done.reference))
    }

    pub(super) fn keep_top_up(&self, channel: &Channel) -> io::Result<()> {
        match self.payee().store() {
            Some(store)
                if !fault!(
                    self.faults(),
                    "forgets-top-ups-at-a-restart",
                    "a top-up is not written to disk"
                ) =>
            {
                store.keep(channel.highest.channel_id, Some(channel))
            }
            _ => Ok(()),
        }
    }

    /// Who pays. A transaction says so itself; of a hash nothing else does.
    async fn source_of(&self, opening: &Opening) -> Result<String, NotDone> {
        let named = self.credential.source.clone().unwrap_or_default();
        if matches!(opening.deposit, Deposit::Transaction { .. }) || named.parse::<DidPkh>().is_ok()
        {
            return Ok(named);
        }
        if fault!(
            self.faults(),
            "guesses-the-source",
            "whoever opened the channel is taken for the one who presents it"
        ) && let Ok(status) = self.visit.route.sa.status(opening.channel_id).await
            && let Ok(address) = status.payer.parse()
        {
            return Ok(DidPkh { chain_id: self.offer.chain_id, address }.to_string());
        }
        Err(Refusal::because("malformed-credential", "source is missing").into())
    }

    fn terms(&self, opening: &Opening, source: &str) -> Terms {
        let payer = match &opening.deposit {
            Deposit::Transaction { authorization, .. } => authorization.from,
            Deposit::Hash { .. } => {
                source.parse::<DidPkh>().map(|did| did.address).unwrap_or_default()
            }
        };
        Terms {
            payer,
            payee: self.offer.recipient,
            token: self.offer.currency,
            salt: opening.salt,
            authorized_signer: opening.authorized_signer.unwrap_or_default(),
        }
    }

    fn signer_of(&self, terms: &Terms) -> alloy::primitives::Address {
        if fault!(self.faults(), "overlooks-the-delegate", "only the payer itself signs vouchers") {
            terms.payer
        } else {
            terms.signer()
        }
    }

    fn judge_first(
        &self,
        first: &SignedVoucher,
        opening: &Opening,
        terms: &Terms,
    ) -> Result<(), NotDone> {
        self.verify(first, self.signer_of(terms))?;
        match &opening.deposit {
            Deposit::Transaction { authorization, .. } => {
                self.within(first.cumulative_amount, authorization.value)
            }
            Deposit::Hash { .. } => Ok(()),
        }
    }

    /// What the settlement service is asked: the deposit, without the voucher
    /// beside it.
    fn forwarded(&self, mut payload: Value, action: &str, source: &str) -> Value {
        payload["action"] = action.into();
        if payload["type"] == "hash"
            && let Some(members) = payload.as_object_mut()
        {
            members.remove("signature");
        }
        json!({ "challenge": self.credential.challenge, "payload": payload, "source": source })
    }

    /// A deposit that the service was asked for before, without an answer, and
    /// that was made all the same.
    async fn done_unheard(&self, ordered: &Ordered) -> Result<Option<Done>, NotDone> {
        let faults = self.faults();
        let deposit = (self.offer.recipient, ordered.id, ordered.salt);
        let channels = &self.visit.shop.channels;
        if !channels.doubt(deposit, false)
            || fault!(
                faults,
                "looks-for-nothing-unheard",
                "a deposit the service did not answer is never looked for"
            )
        {
            return Ok(None);
        }
        if fault!(
            faults,
            "gives-up-unanswered-deposits",
            "a deposit the service did not answer is never taken again"
        ) {
            return Err(NotSettled::Lost.into());
        }
        match self.visit.route.sa.status(ordered.id).await {
            Ok(status) => Ok(ordered.made(&status)),
            Err(NotSettled::Refused(_)) => Ok(None),
            Err(failure) => {
                channels.doubt(deposit, true);
                Err(failure.into())
            }
        }
    }

    /// Where the service did not answer, it may have done its work all the
    /// same.
    async fn or_all_the_same(
        &self,
        done: Result<Done, NotSettled>,
        ordered: &Ordered,
    ) -> Result<Done, NotDone> {
        let failure = match done {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let believed = Done { reference: None, deposit: Some(BELIEVED) };
        if let NotSettled::Refused(_) = failure {
            return if fault!(
                self.faults(),
                "counts-refused-deposits",
                "a deposit the service refuses is taken for made"
            ) {
                Ok(believed)
            } else {
                Err(failure.into())
            };
        }
        if fault!(
            self.faults(),
            "counts-unanswered-deposits",
            "a deposit the service does not answer is taken for made"
        ) {
            return Ok(believed);
        }
        let status = self.visit.route.sa.status(ordered.id).await;
        if let Some(done) = status.as_ref().ok().and_then(|status| ordered.made(status)) {
            return Ok(done);
        }
        let deposit = (self.offer.recipient, ordered.id, ordered.salt);
        self.visit.shop.channels.doubt(deposit, true);
        Err(failure.into())
    }

    /// Whether a seller with a fault loses what it holds when the service does
    /// not answer.
    pub(super) fn forgets_channels_in_trouble(&self) -> bool {
        self.payee().forgets_channels_in_trouble()
    }
}

/// A deposit the service is asked for.
struct Ordered {
    id: ChannelId,
    salt: B256,
    /// What the channel held before.
    before: BaseUnits,
    /// Whether the id is that of the channel which was agreed to.
    is_of_these_terms: bool,
}

impl Ordered {
    fn top_up(more: &TopUp, before: BaseUnits) -> Self {
        Self { id: more.channel_id, salt: more.top_up_salt, before, is_of_these_terms: true }
    }

    /// What was made of it, if the channel holds more than before.
    fn made(&self, status: &ChannelStatus) -> Option<Done> {
        let is_open = status.session_status == SessionStatus::Open && self.is_of_these_terms;
        let deposit = Some(status.deposit).filter(|deposit| is_open && *deposit > self.before);
        deposit.map(|deposit| Done { reference: None, deposit: Some(deposit) })
    }
}
