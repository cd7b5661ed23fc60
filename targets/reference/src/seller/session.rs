//! Selling on a channel: it is opened, drawn on by vouchers, added to, closed.

mod close;
mod deposit;
mod ietf;
mod merchant;
mod voucher;

use std::io;

use alloy::primitives::U512;
use axum::response::Response;
use conform402_wire::Profile;
use conform402_wire::adapter::{OfferInfo, SessionInfo};
use conform402_wire::session::SessionPayload;
use conform402_wire::session::channel::{ChannelId, Escrow};
use conform402_wire::{Credential, receipt};
use serde_json::{Value, json};

use super::Visit;
use super::refusal::Refusal;
use crate::answer::Answer;
use crate::channels::{Slot, Till};
use crate::fault::{Faults, fault};
use crate::sa::{NotSettled, Settled};
pub use merchant::act;

impl From<io::Error> for NotDone {
    fn from(_: io::Error) -> Self {
        Self::Refused(Refusal::Crash)
    }
}

/// One credential of a session.
struct Sale<'a> {
    visit: &'a Visit<'a>,
    credential: &'a Credential,
    offer: &'a OfferInfo,
    session: &'a SessionInfo,
}

/// Why nothing was done with a channel.
enum NotDone {
    /// The seller refuses by itself.
    Refused(Refusal),
    /// The settlement service did not do its part.
    Unsettled(NotSettled),
}

impl NotDone {
    /// Whether the settlement service may have done its part unheard.
    const fn is_unheard(&self) -> bool {
        matches!(self, Self::Unsettled(failure) if failure.is_unheard())
    }
}

impl From<Refusal> for NotDone {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NotSettled> for NotDone {
    fn from(failure: NotSettled) -> Self {
        Self::Unsettled(failure)
    }
}

impl Visit<'_> {
    /// Takes a session's credential to its end.
    pub(super) async fn session(
        &self,
        credential: &Credential,
        offer: &OfferInfo,
        session: &SessionInfo,
    ) -> Response {
        let sale = Sale { visit: self, credential, offer, session };
        let done = match sale.read() {
            Ok(payload) => sale.serve(&payload).await,
            Err(refusal) => sale.misunderstood(refusal).await,
        };
        match done {
            Ok(answer) => answer,
            Err(NotDone::Refused(refusal)) => self.refuse(Some(credential), refusal),
            Err(NotDone::Unsettled(failure)) => self.refuse_unsettled(credential, offer, failure),
        }
    }
}

impl Sale<'_> {
    fn read(&self) -> Result<SessionPayload, Refusal> {
        if let Some(wrapped) = self.wrapped() {
            return self.visit.payload(&wrapped);
        }
        let amount = self.credential.payload.get("cumulativeAmount").and_then(Value::as_str);
        let digits: String =
            amount.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
        let is_loose = amount
            .is_some_and(|amount| amount.trim_start_matches(['+', ' ', '0']) != amount)
            || amount.is_some_and(|amount| amount.contains('_'));
        if is_loose
            && fault!(
                self.faults(),
                "reads-loose-amounts",
                "amounts are read as programs write them"
            )
        {
            let mut tidied = self.credential.clone();
            let units = digits.parse::<u64>().unwrap_or_default().to_string();
            tidied.payload.insert("cumulativeAmount".to_owned(), units.into());
            return self.visit.payload(&tidied);
        }
        self.visit.payload(self.credential)
    }

    /// The credential as a seller with a fault reads an amount past 128 bits.
    fn wrapped(&self) -> Option<Credential> {
        let amount = self.credential.payload.get("cumulativeAmount")?.as_str()?;
        let large = U512::from_str_radix(amount, 10).ok()?;
        if large <= U512::from(u128::MAX)
            || !fault!(
                self.faults(),
                "wraps-large-amounts",
                "of an amount past 128 bits, the low bits count"
            )
        {
            return None;
        }
        let mut wrapped = self.credential.clone();
        let low = large.wrapping_to::<u128>().to_string();
        wrapped.payload.insert("cumulativeAmount".to_owned(), low.into());
        Some(wrapped)
    }

    async fn serve(&self, payload: &SessionPayload) -> Result<Response, NotDone> {
        if self.is_in_capitals()
            && fault!(
                self.faults(),
                "reads-small-letters-only",
                "hexadecimal digits in upper case are refused"
            )
        {
            return Err(Refusal::because("malformed-credential", "upper case").into());
        }
        match payload {
            SessionPayload::Open { opening, cumulative_amount, voucher_signature } => {
                self.open(opening, *cumulative_amount, voucher_signature.as_ref()).await
            }
            SessionPayload::TopUp(more) => self.top_up(more).await,
            SessionPayload::Voucher(voucher) => self.buy(voucher).await,
            SessionPayload::Close(voucher) => self.close(voucher).await,
        }
    }

    /// A payload of no action that payers have.
    async fn misunderstood(&self, refusal: Refusal) -> Result<Response, NotDone> {
        let payload = &self.credential.payload;
        if payload.get("action").is_some_and(|action| action == "settle")
            && fault!(
                self.faults(),
                "settles-at-the-payers-wish",
                "a payer can have its channel settled"
            )
        {
            let channel = payload.get("channelId").cloned().unwrap_or_default();
            let channel = serde_json::from_value(channel).unwrap_or_default();
            return self.settle_for_the_payer(channel).await;
        }
        Err(refusal.into())
    }

    fn is_in_capitals(&self) -> bool {
        ["channelId", "signature"].iter().any(|member| {
            let text = self.credential.payload.get(*member).and_then(|value| value.as_str());
            text.is_some_and(|text| text.chars().any(|c| c.is_ascii_uppercase()))
        })
    }

    fn faults(&self) -> &Faults {
        &self.visit.route.faults
    }

    fn escrow(&self) -> Escrow {
        Escrow { contract: self.session.escrow, chain_id: self.offer.chain_id }
    }

    fn profile(&self) -> Profile {
        self.offer.profile.unwrap_or(Profile::OkxNode)
    }

    /// The channel of this seller under an id.
    fn slot(&self, channel: ChannelId) -> Slot {
        let none = || self.visit.shop.channels.slot(self.till(), channel);
        self.find(channel).unwrap_or_else(none)
    }

    /// The same, if there ever was one.
    fn find(&self, channel: ChannelId) -> Option<Slot> {
        let channels = &self.visit.shop.channels;
        if fault!(
            self.faults(),
            "shares-channels-among-payees",
            "a channel to one payee buys of another too"
        ) && let Some(slot) = channels.anybodys(channel)
        {
            return Some(slot);
        }
        if fault!(
            self.faults(),
            "overlooks-the-channels-token",
            "a channel in one token buys what is sold for another"
        ) {
            return channels.in_any_till(self.offer.recipient, channel);
        }
        channels.find(self.till(), channel)
    }

    const fn till(&self) -> Till {
        self.payee().till()
    }

    fn unknown_channel(&self) -> NotDone {
        let status = match self.profile() {
            _ if fault!(
                self.faults(),
                "answers-unknown-channels-with-402",
                "a channel that is not open is answered 402"
            ) =>
            {
                402
            }
            Profile::OkxRust => 404,
            _ => 410,
        };
        let detail = "no such channel is open here".to_owned();
        Refusal::Status(status, "session/channel-not-found", detail).into()
    }

    /// Acknowledges what was done with a channel. It sells nothing: only a
    /// voucher does.
    fn managed(&self, channel: ChannelId, reference: Option<String>) -> Response {
        let settled = Settled {
            reference: reference.unwrap_or_else(|| channel.to_string()),
            external_id: self.offer.external_id.clone(),
        };
        let answer = match self.profile() {
            Profile::OkxNode => Answer::empty(204),
            _ => {
                let body = json!({ "status": "ok", "channelId": channel });
                Answer::text(200, "application/json", body.to_string())
            }
        };
        let receipt = self.visit.receipt(self.credential, &settled).unwrap_or_default();
        answer.with(receipt::HEADER, &receipt).with("cache-control", "private").send()
    }

    /// Has the handler deliver a unit of what was sold.
    async fn hand_over(&self, channel: ChannelId) -> Response {
        self.wait_for_the_handler().await;
        if !self.offer.handler_fails {
            return self.deliver(channel);
        }
        let failed = Answer::text(500, "text/plain", "the handler failed".to_owned());
        // Declared where charges are sold.
        if !self.faults().has("sends-receipt-when-the-handler-fails") {
            return failed.send();
        }
        let settled = Settled { reference: channel.to_string(), external_id: None };
        let receipt = self.visit.receipt(self.credential, &settled).unwrap_or_default();
        failed.with(receipt::HEADER, &receipt).send()
    }

    async fn wait_for_the_handler(&self) {
        if let Some(url) = &self.offer.handler_waits_at {
            self.visit.shop.ask(url).await;
        }
    }

    /// Delivers a unit of what is sold.
    fn deliver(&self, channel: ChannelId) -> Response {
        let settled =
            Settled { reference: channel.to_string(), external_id: self.offer.external_id.clone() };
        self.visit.deliver(self.offer, Some(self.credential), &settled)
    }
}
