//! Closing a channel at the payer's wish.

use axum::response::Response;
use conform402_wire::session::SignedVoucher;

use super::deposit::past_deposit;
use super::merchant::Payee;
use super::{NotDone, Sale};
use crate::seller::refusal::Refusal;
use conform402_wire::sa::request::Withdrawal;

impl Sale<'_> {
    /// The final voucher covers whatever vouchers before allowed; one that does
    /// not would take back what was promised.
    pub(super) async fn close(&self, voucher: &SignedVoucher) -> Result<Response, NotDone> {
        let id = voucher.channel_id;
        let slot = self.slot(id);
        let mut slot = slot.lock().await;
        let channel = slot.as_ref().ok_or_else(|| self.unknown_channel())?;
        self.verify(voucher, channel.signer)?;
        if voucher.cumulative_amount < channel.highest.cumulative_amount {
            let detail = "less than vouchers allowed before";
            return Err(Refusal::because("session/delta-too-small", detail).into());
        }
        if voucher.cumulative_amount > channel.deposit {
            return Err(past_deposit());
        }
        let payee = Payee { route: self.visit.route, offer: self.offer, session: self.session };
        let done = payee.withdraw(Withdrawal::Close, voucher).await?;
        *slot = None;
        Ok(self.managed(id, done.reference))
    }
}
