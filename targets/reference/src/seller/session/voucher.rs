//! Selling for a voucher (seed 002, "Invocation" and "Session voucher
//! insufficient balance"). Signatures come first: nothing is said of a channel
//! to whoever does not hold its key.

use alloy::primitives::Address;
use axum::response::Response;
use conform402_wire::BaseUnits;
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::voucher::InvalidVoucher;

use super::deposit::past_deposit;
use super::{NotDone, Sale};
use crate::answer::Answer;
use crate::channels::Channel;
use crate::sa::Settled;
use crate::seller::refusal::Refusal;

impl Sale<'_> {
    pub(super) async fn buy(&self, voucher: &SignedVoucher) -> Result<Response, NotDone> {
        let slot = self.slot(voucher.channel_id);
        let mut slot = slot.lock().await;
        let channel = slot.as_mut().ok_or_else(|| self.unknown_channel())?;
        self.raise(channel, voucher)?;
        self.charge_for_one(channel)?;
        let settled = Settled {
            reference: voucher.channel_id.to_string(),
            external_id: self.offer.external_id.clone(),
        };
        if self.offer.handler_fails {
            let failed = "the handler failed".to_owned();
            return Ok(Answer::text(500, "text/plain", failed).send());
        }
        Ok(self.visit.deliver(self.offer, Some(self.credential), &settled))
    }

    /// Takes a voucher, unless it is the one that is held already.
    fn raise(&self, channel: &mut Channel, voucher: &SignedVoucher) -> Result<(), NotDone> {
        self.verify(voucher, channel.signer)?;
        if *voucher == channel.highest {
            return Ok(());
        }
        let added = voucher.cumulative_amount.checked_sub(channel.highest.cumulative_amount);
        let least = self.session.min_voucher_delta.unwrap_or_default().max(BaseUnits::new(1));
        if added.is_none_or(|added| added < least) {
            let detail = "the voucher adds too little";
            return Err(Refusal::because("session/delta-too-small", detail).into());
        }
        if voucher.cumulative_amount > channel.deposit {
            return Err(past_deposit());
        }
        channel.highest = voucher.clone();
        Ok(())
    }

    /// What is charged is what was advertised, and never more than vouchers
    /// allow.
    fn charge_for_one(&self, channel: &mut Channel) -> Result<(), NotDone> {
        let price = self.offer.amount;
        if channel.available() < price {
            let detail = format!("{} available, {price} needed", channel.available());
            return Err(Refusal::because("session/insufficient-balance", detail).into());
        }
        channel.spend(price);
        Ok(())
    }

    pub(super) fn verify(&self, voucher: &SignedVoucher, signer: Address) -> Result<(), NotDone> {
        voucher.verify(&self.escrow(), signer).map_err(|error| {
            let problem = match error {
                InvalidVoucher::TooMuch(_) => "session/amount-exceeds-deposit",
                InvalidVoucher::Signature(_) => "session/invalid-signature",
                InvalidVoucher::Signer(_) => "session/signer-mismatch",
            };
            Refusal::because(problem, error).into()
        })
    }
}
