//! Selling for a voucher (seed 002, "Invocation" and "Session voucher
//! insufficient balance"). Signatures come first: nothing is said of a channel
//! to whoever does not hold its key.

use std::io;
use std::time::Duration;

use alloy::primitives::Address;
use axum::response::Response;
use conform402_wire::BaseUnits;
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::channel::Escrow;
use conform402_wire::session::voucher::InvalidVoucher;
use conform402_wire::signature::{InvalidSignature, with_high_s};

use super::{NotDone, Sale};
use crate::channels::Channel;
use crate::fault::fault;
use crate::seller::refusal::Refusal;

/// How long a seller with a fault takes from looking to counting.
const THINKING: Duration = Duration::from_millis(50);

impl Sale<'_> {
    pub(super) async fn buy(&self, voucher: &SignedVoucher) -> Result<Response, NotDone> {
        let faults = self.faults();
        let id = voucher.channel_id;
        if fault!(faults, "asks-about-vouchers", "the service is asked about every voucher") {
            let _ = self.visit.route.sa.status(id).await;
        }
        let Some(slot) = self.find(id) else {
            return if self.visit.shop.channels.anybodys(id).is_none()
                && fault!(faults, "sells-on-unknown-channels", "a channel nobody opened buys")
            {
                Ok(self.deliver(id))
            } else {
                Err(self.unknown_channel())
            };
        };
        let mut held = slot.lock().await;
        let channel = held.as_mut().ok_or_else(|| self.unknown_channel())?;
        if fault!(faults, "sells-before-it-counts", "vouchers that come at once all buy") {
            let mut copy = channel.clone();
            drop(held);
            tokio::time::sleep(THINKING).await;
            self.take(&mut copy, voucher)?;
            self.charge_for_one(&mut copy)?;
            let mut held = slot.lock().await;
            // Deposits are counted well; it is what was sold that gets lost.
            copy.deposit = held.as_ref().map_or(copy.deposit, |channel| channel.deposit);
            self.payee().keep(id, Some(&copy))?;
            *held = Some(copy);
            drop(held);
            return Ok(self.hand_over(id).await);
        }
        if voucher.cumulative_amount < channel.highest.cumulative_amount
            && self.verify(voucher, channel.signer).is_ok()
            && fault!(
                faults,
                "gives-to-lower-vouchers",
                "a voucher below the highest buys, and nothing is charged"
            )
        {
            return Ok(self.deliver(id));
        }
        let before = channel.highest.clone();
        if let Err(refusal) = self.take(channel, voucher) {
            let forged = self.verify(voucher, channel.signer).is_err();
            if forged
                && fault!(
                    faults,
                    "blocks-channels-after-a-forgery",
                    "a forged voucher ends its channel"
                )
            {
                *held = None;
            }
            return Err(refusal);
        }
        self.charge_for_one(channel)?;
        if fault!(faults, "mixes-channels-up", "a voucher is charged to all channels of its payer")
        {
            self.visit.shop.channels.spend_elsewhere(self.till(), id, self.offer.amount);
        }
        if self.offer.handler_fails
            && fault!(
                faults,
                "forgives-all-when-the-handler-fails",
                "a failed handler makes all vouchers of the channel good again"
            )
        {
            channel.forgive();
        }
        let sold = channel.clone();
        let keeps_late = self.keeps_late();
        if !keeps_late {
            self.keep_sale(&before, &sold)?;
        }
        // Who waits for the handler does not wait for the channel.
        drop(held);
        let answer = self.hand_over(id).await;
        if keeps_late {
            self.keep_sale(&before, &sold)?;
        }
        Ok(answer)
    }

    pub(super) fn keeps_late(&self) -> bool {
        self.payee().store().is_some()
            && fault!(
                self.faults(),
                "delivers-before-it-stores",
                "what is sold is stored when it is served"
            )
    }

    /// Both what is promised and what was sold are on disk before the handler is
    /// asked: what it gave away could not be taken back.
    pub(super) fn keep_sale(&self, before: &SignedVoucher, channel: &Channel) -> io::Result<()> {
        let Some(store) = self.payee().store() else { return Ok(()) };
        let faults = self.faults();
        let mut kept = channel.clone();
        if fault!(faults, "forgets-vouchers-at-a-restart", "the last voucher is not on disk") {
            kept.highest = before.clone();
        }
        if fault!(faults, "forgets-sales-at-a-restart", "what was sold is not on disk") {
            kept.forgive();
        }
        store.keep(kept.highest.channel_id, Some(&kept))
    }

    /// Takes a voucher, unless it is the one that is held already.
    fn take(&self, channel: &mut Channel, voucher: &SignedVoucher) -> Result<(), NotDone> {
        let faults = self.faults();
        let highest = channel.highest.cumulative_amount;
        let is_known = voucher.cumulative_amount == highest;
        if is_known
            && fault!(faults, "trusts-known-amounts", "a voucher of a known amount is not verified")
        {
            return Ok(());
        }
        self.verify(voucher, channel.signer)?;
        if *voucher == channel.highest {
            return Ok(());
        }
        let added = voucher.cumulative_amount.checked_sub(highest);
        let mut least = self.session.min_voucher_delta.unwrap_or_default();
        if fault!(faults, "ignores-the-delta", "a voucher may add as little as it likes") {
            least = BaseUnits::default();
        }
        if fault!(faults, "demands-more-than-the-delta", "a voucher must add more than asked for")
            && least > BaseUnits::default()
        {
            least = least.checked_add(BaseUnits::new(1)).unwrap_or(least);
        }
        if added.is_none()
            && fault!(faults, "sells-for-lower-vouchers", "a voucher below the highest buys")
        {
            return Ok(());
        }
        if added.is_none()
            && fault!(
                faults,
                "lowers-the-highest-voucher",
                "the last voucher is kept, not the highest"
            )
        {
            channel.highest = voucher.clone();
        }
        if added.is_none_or(|added| added < least.max(BaseUnits::new(1))) {
            let detail = "the voucher adds too little";
            return Err(Refusal::because("session/delta-too-small", detail).into());
        }
        self.within(voucher.cumulative_amount, channel.deposit)?;
        let is_change = channel.available() < self.offer.amount;
        if is_change
            && fault!(
                faults,
                "forgets-change",
                "what is left of a voucher and buys nothing is lost"
            )
        {
            channel.forget_change();
        }
        channel.highest = voucher.clone();
        Ok(())
    }

    /// A voucher is good up to the deposit.
    pub(super) fn within(&self, amount: BaseUnits, deposit: BaseUnits) -> Result<(), NotDone> {
        let faults = self.faults();
        let short = amount == deposit
            && fault!(faults, "stops-short-of-the-deposit", "the last unit cannot be spent");
        let past = amount > deposit
            && !fault!(faults, "sells-beyond-the-deposit", "vouchers may exceed the deposit");
        if short || past {
            let detail = "more than is deposited";
            return Err(Refusal::because("session/amount-exceeds-deposit", detail).into());
        }
        Ok(())
    }

    /// What is charged is what was advertised, and never more than vouchers
    /// allow.
    fn charge_for_one(&self, channel: &mut Channel) -> Result<(), NotDone> {
        let faults = self.faults();
        let price = self.offer.amount;
        let available = channel.available();
        if available < price
            && !fault!(faults, "sells-beyond-vouchers", "what no voucher allows is sold too")
        {
            let detail = format!("{available} available, {price} needed");
            return Err(Refusal::because("session/insufficient-balance", detail).into());
        }
        channel.spend(if fault!(faults, "charges-nothing", "nothing is deducted") {
            BaseUnits::default()
        } else if fault!(faults, "charges-half", "half the price is deducted") {
            BaseUnits(price.0 >> 1)
        } else if fault!(faults, "charges-twice", "the price is deducted twice over") {
            BaseUnits(price.0 << 1)
        } else {
            price
        });
        Ok(())
    }

    pub(super) fn verify(&self, voucher: &SignedVoucher, signer: Address) -> Result<(), NotDone> {
        let Err(error) = voucher.verify(&self.escrow(), signer) else { return Ok(()) };
        let faults = self.faults();
        if fault!(faults, "ignores-voucher-signatures", "anybody's voucher is taken")
            || self.passes_for_good(voucher, signer, &error)
        {
            return Ok(());
        }
        let is_large = matches!(error, InvalidVoucher::TooMuch(_));
        if is_large && fault!(faults, "crashes-on-large-vouchers", "past 128 bits is a 500") {
            return Err(Refusal::Crash.into());
        }
        if !is_large
            && fault!(faults, "answers-bad-vouchers-with-400", "a bad signature is answered 400")
        {
            let problem = "session/invalid-signature";
            return Err(Refusal::Status(400, problem, error.to_string()).into());
        }
        let problem = match error {
            InvalidVoucher::TooMuch(_) => "session/amount-exceeds-deposit",
            InvalidVoucher::Signature(_) => "session/invalid-signature",
            InvalidVoucher::Signer(_) => "session/signer-mismatch",
        };
        Err(Refusal::because(problem, error).into())
    }

    /// Whether a seller with a fault takes a bad voucher for a good one.
    fn passes_for_good(
        &self,
        voucher: &SignedVoucher,
        signer: Address,
        error: &InvalidVoucher,
    ) -> bool {
        let faults = self.faults();
        let bytes = &voucher.signature;
        let with = |signature: Vec<u8>| {
            SignedVoucher { signature: signature.into(), ..voucher.clone() }
                .verify(&self.escrow(), signer)
                .is_ok()
        };
        let at = |escrow: Escrow| voucher.verify(&escrow, signer).is_ok();
        match error {
            InvalidVoucher::Signature(InvalidSignature::HighS) => {
                fault!(faults, "accepts-high-s-vouchers", "a malleable signature is taken")
                    && with(with_high_s(bytes).to_vec())
            }
            InvalidVoucher::Signature(InvalidSignature::Parity(parity)) => {
                fault!(faults, "accepts-bare-parity-vouchers", "a v of 0 or 1 is taken")
                    && with([&bytes[..64], &[parity.wrapping_add(27)]].concat())
            }
            InvalidVoucher::Signature(InvalidSignature::Length(66..)) => {
                fault!(faults, "trims-voucher-signatures", "bytes behind a signature are cut off")
                    && with(bytes[..65].to_vec())
            }
            InvalidVoucher::Signer(_) => {
                let escrow = self.escrow();
                let chain_id = escrow.chain_id + 1;
                let contract = self.offer.currency;
                (fault!(faults, "ignores-the-vouchers-chain", "another chain's voucher is taken")
                    && at(Escrow { chain_id, ..escrow }))
                    || (fault!(
                        faults,
                        "ignores-the-vouchers-escrow",
                        "another contract's voucher is taken"
                    ) && at(Escrow { contract, ..escrow }))
                    || (fault!(
                        faults,
                        "takes-vouchers-of-other-channels",
                        "a voucher is good for every channel of its signer"
                    ) && self.visit.shop.channels.ids_of(self.till()).into_iter().any(|id| {
                        SignedVoucher { channel_id: id, ..voucher.clone() }
                            .verify(&escrow, signer)
                            .is_ok()
                    }))
            }
            _ => false,
        }
    }
}
