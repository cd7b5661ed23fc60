//! Closing a channel at the payer's wish (draft-evm-session-00, "Cooperative
//! Close").

use axum::response::Response;
use conform402_wire::BaseUnits;
use conform402_wire::session::SignedVoucher;

use super::{Dealing, malformed};
use crate::escrow::{ChannelEscrow, NotEffective};
use crate::fault::fault;
use crate::seller::refusal::Refusal;
use crate::seller::session::NotDone;

impl Dealing<'_> {
    pub(super) async fn close(&self, presented: &SignedVoucher) -> Result<Response, NotDone> {
        let faults = self.faults();
        let id = presented.channel_id;
        let slot = self.slot(id).await?;
        let mut slot = slot.lock().await;
        let Some(channel) = slot.as_mut() else { return Err(self.not_open(id).await) };
        let is_the_payers = match self.verify(presented, channel.signer).await {
            Ok(()) => true,
            Err(_)
                if fault!(
                    faults,
                    "closes-at-anybodys-wish",
                    "whoever knows a channel can have it closed"
                ) =>
            {
                false
            }
            Err(refusal) => return Err(refusal),
        };
        self.within(presented.cumulative_amount, channel.deposit)?;
        // What allows less than was accepted would take that back.
        let mut last = &channel.highest;
        let covers =
            is_the_payers && presented.cumulative_amount >= channel.highest.cumulative_amount;
        if covers
            && !fault!(
                faults,
                "closes-with-what-it-held",
                "a closing voucher that allows more is not used"
            )
            || fault!(
                faults,
                "closes-with-whatever-is-presented",
                "a closing voucher below what was sold is used"
            )
        {
            last = presented;
        }
        if last.cumulative_amount == BaseUnits::default()
            && fault!(
                faults,
                "keeps-unused-channels",
                "a channel on which nothing was bought is not closed"
            )
        {
            return Err(Refusal::because("verification-failed", "nothing was bought").into());
        }
        let amount = u128::try_from(last.cumulative_amount.0);
        if fault!(faults, "closes-nothing-at-all", "a closing is acknowledged, and not done") {
            let answer = self.managed(id, channel, None);
            *slot = None;
            self.sale.visit.shop.vouchers.notify_waiters();
            self.sale.payee().keep(id, None)?;
            return Ok(answer);
        }
        let call = ChannelEscrow::closeCall {
            channelId: id.0,
            cumulativeAmount: amount.map_err(|_| malformed("more than a channel holds"))?,
            signature: last.signature.clone(),
        };
        let closed = match self.chain.broadcast(&call).await {
            Err(NotEffective::Reverted { .. })
                if fault!(
                    faults,
                    "reports-reverted-closings",
                    "a closing that reverts is told as done"
                ) =>
            {
                None
            }
            closed => Some(closed?),
        };
        let accepted = last.clone();
        channel.highest = accepted;
        let answer = self.managed(id, channel, closed);
        if !fault!(faults, "goes-on-after-closing", "a closed channel is kept open") {
            *slot = None;
            // Streams end, whatever the disk says.
            self.sale.visit.shop.vouchers.notify_waiters();
            self.sale.keep_closing(id)?;
        }
        Ok(answer)
    }
}
