//! Closing a channel at the payer's wish.

use std::io;

use axum::response::Response;
use conform402_wire::sa::channel::SessionStatus;
use conform402_wire::sa::request::Withdrawal;
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::channel::ChannelId;

use super::merchant::Payee;
use super::{NotDone, Sale};
use crate::fault::fault;
use crate::sa::NotSettled;
use crate::seller::refusal::Refusal;

impl Sale<'_> {
    /// The final voucher covers whatever vouchers before allowed; one that does
    /// not would take back what was promised.
    pub(super) async fn close(&self, presented: &SignedVoucher) -> Result<Response, NotDone> {
        let faults = self.faults();
        let id = presented.channel_id;
        let slot = self.slot(id);
        let mut held = slot.lock().await;
        let Some(channel) = held.as_ref() else {
            return if fault!(
                faults,
                "closes-unknown-channels",
                "a channel that is not open is closed all the same"
            ) {
                Ok(self.managed(id, None))
            } else {
                Err(self.unknown_channel())
            };
        };
        let mut voucher = presented;
        if let Err(refusal) = self.verify(voucher, channel.signer) {
            if !fault!(faults, "closes-for-anybody", "whoever knows a channel can have it closed") {
                return Err(refusal);
            }
            voucher = &channel.highest;
        }
        let highest = channel.highest.cumulative_amount;
        if voucher.cumulative_amount < highest
            && !fault!(
                faults,
                "closes-below-what-was-promised",
                "a payer can close with a lower voucher than it gave before"
            )
        {
            let detail = "less than vouchers allowed before";
            return Err(Refusal::because("session/delta-too-small", detail).into());
        }
        if fault!(
            faults,
            "closes-with-the-voucher-at-hand",
            "a closing voucher that allows more is not used"
        ) {
            voucher = &channel.highest;
        }
        let is_unused = voucher.cumulative_amount == Default::default();
        if is_unused
            && fault!(
                faults,
                "closes-used-channels-only",
                "a channel on which nothing was bought cannot be closed"
            )
        {
            return Err(Refusal::because("invalid-payload", "nothing was bought").into());
        }
        if fault!(
            faults,
            "leaves-leaving-payers-alone",
            "a channel its payer is leaving is not closed"
        ) && let Ok(status) = self.visit.route.sa.status(id).await
            && status.session_status == SessionStatus::Closing
        {
            return Err(Refusal::because("session/channel-finalized", "closing").into());
        }
        let voucher = voucher.clone();
        let withdrawn = if fault!(
            faults,
            "sells-while-it-closes",
            "a channel sells on while it is being closed"
        ) {
            drop(held);
            let withdrawn = self.payee().withdraw(Withdrawal::Close, &voucher).await;
            held = slot.lock().await;
            withdrawn
        } else {
            self.payee().withdraw(Withdrawal::Close, &voucher).await
        };
        let done = match withdrawn {
            Err(NotSettled::Refused(_))
                if fault!(
                    faults,
                    "counts-refused-closings",
                    "a closing the service refuses is taken for done"
                ) =>
            {
                Default::default()
            }
            Err(failure)
                if failure.is_unheard()
                    && fault!(
                        faults,
                        "counts-unanswered-closings",
                        "a closing the service does not answer is taken for done"
                    ) =>
            {
                Default::default()
            }
            Err(failure @ NotSettled::Refused(_))
                if fault!(
                    faults,
                    "forgets-unclosed-channels",
                    "a channel that was refused to be settled or closed is forgotten"
                ) =>
            {
                *held = None;
                return Err(failure.into());
            }
            Err(failure) => {
                if self.payee().is_over(failure) {
                    *held = None;
                    self.payee().keep(id, None)?;
                }
                return Err(failure.into());
            }
            Ok(done) => done,
        };
        if !fault!(faults, "leaves-closed-channels-open", "a closed channel goes on selling") {
            *held = None;
            self.keep_closing(id)?;
        }
        if fault!(faults, "sells-for-a-closing", "closing a channel buys") {
            return Ok(self.deliver(id));
        }
        Ok(self.managed(id, done.reference))
    }

    pub(super) fn keep_closing(&self, id: ChannelId) -> io::Result<()> {
        match self.payee().store() {
            Some(store)
                if !fault!(
                    self.faults(),
                    "finds-closed-channels-at-a-restart",
                    "a closed channel stays on disk"
                ) =>
            {
                store.keep(id, None)
            }
            _ => Ok(()),
        }
    }

    /// What no seller should do.
    pub(super) async fn settle_for_the_payer(&self, id: ChannelId) -> Result<Response, NotDone> {
        let slot = self.slot(id);
        let slot = slot.lock().await;
        let channel = slot.as_ref().ok_or_else(|| self.unknown_channel())?;
        let done = self.payee().settle(channel).await?;
        Ok(self.managed(id, done.reference))
    }

    pub(super) const fn payee(&self) -> Payee<'_> {
        Payee { route: self.visit.route, offer: self.offer, session: self.session }
    }
}
