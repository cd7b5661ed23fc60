//! Selling on a channel: it is opened, drawn on by vouchers, added to, closed.

mod close;
mod deposit;
mod merchant;
mod voucher;

use axum::response::Response;
use conform402_wire::adapter::{OfferInfo, SessionInfo};
use conform402_wire::sa::code::Profile;
use conform402_wire::session::SessionPayload;
use conform402_wire::session::channel::{ChannelId, Escrow};
use conform402_wire::{Credential, receipt};
use serde_json::json;

use super::Visit;
use super::refusal::Refusal;
use crate::answer::Answer;
use crate::channels::Slot;
use crate::sa::{NotSettled, Settled};
pub use merchant::act;

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
        let payload = match self.payload(credential) {
            Ok(payload) => payload,
            Err(refusal) => return self.refuse(Some(credential), refusal),
        };
        let done = match payload {
            SessionPayload::Open { opening, cumulative_amount, voucher_signature } => {
                sale.open(&opening, cumulative_amount, voucher_signature).await
            }
            SessionPayload::TopUp(more) => sale.top_up(&more).await,
            SessionPayload::Voucher(voucher) => sale.buy(&voucher).await,
            SessionPayload::Close(voucher) => sale.close(&voucher).await,
        };
        match done {
            Ok(answer) => answer,
            Err(NotDone::Refused(refusal)) => self.refuse(Some(credential), refusal),
            Err(NotDone::Unsettled(failure)) => self.refuse_unsettled(credential, offer, failure),
        }
    }
}

impl Sale<'_> {
    fn escrow(&self) -> Escrow {
        Escrow { contract: self.session.escrow, chain_id: self.offer.chain_id }
    }

    fn profile(&self) -> Profile {
        self.offer.profile.unwrap_or(Profile::OkxNode)
    }

    /// The channel of this seller under an id.
    fn slot(&self, channel: ChannelId) -> Slot {
        self.visit.shop.channels.slot(self.offer.recipient, channel)
    }

    fn unknown_channel(&self) -> NotDone {
        let status = if self.profile() == Profile::OkxRust { 404 } else { 410 };
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
}
