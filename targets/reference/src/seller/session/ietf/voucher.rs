//! Taking vouchers, and selling for them (draft-evm-session-00, "Voucher
//! Verification" and "Server-Side Accounting").

use std::time::Duration;

use axum::response::Response;
use conform402_wire::BaseUnits;
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::channel::ChannelId;
use conform402_wire::session::ietf::{MergedDeposit, SessionReceipt, VoucherUpdate};
use serde_json::json;

use super::Dealing;
use crate::answer::{Answer, Kept};
use crate::channels::Channel;
use crate::fault::fault;
use crate::seller::refusal::Refusal;
use crate::seller::session::NotDone;

/// How long a seller with a fault takes from looking to counting.
const THINKING: Duration = Duration::from_millis(50);

impl Dealing<'_> {
    /// A HEAD asks for nothing, so it only allows more; anything else buys.
    pub(super) async fn update(&self, update: &VoucherUpdate) -> Result<Response, NotDone> {
        let faults = self.faults();
        let voucher = &update.voucher;
        let id = voucher.channel_id;
        let slot = match update.deposit {
            Some(MergedDeposit::Open { .. }) => self.sale.slot(id),
            _ => self.slot(id).await?,
        };
        let mut held = slot.lock().await;
        if let (Some(channel), Some(kept)) = (held.as_ref(), self.answered(id)) {
            if !fault!(
                faults,
                "answers-retries-before-it-looks",
                "a retry is answered whoever makes it"
            ) {
                self.verify(voucher, channel.signer).await?;
            }
            return Ok(self.answer_with(&kept));
        }
        let is_known = held.is_some();
        if is_known {
            self.is_staying(id).await?;
        }
        if let Some(deposit) = &update.deposit {
            let merged = self.merge(&mut held, voucher, deposit).await;
            if !fault!(
                faults,
                "forgives-failing-deposits",
                "a voucher is taken although its deposit failed"
            ) {
                merged?;
            }
        }
        let Some(channel) = held.as_mut() else { return Err(self.not_open(id).await) };
        let before = channel.highest.clone();
        // An opening that came along took the voucher.
        if is_known || *voucher != channel.highest {
            self.take(channel, voucher).await?;
        }
        let updates_only = self.sale.visit.asked.by_head
            && !fault!(faults, "charges-for-a-head", "a HEAD that brings a voucher buys, too");
        let streams = self.sale.session.streamed_units.is_some();
        let buys = !updates_only && !streams;
        let counts_late = buys
            && fault!(
                faults,
                "counts-after-it-sold",
                "vouchers that come at once are charged as if they came alone"
            );
        let charged = if buys && !counts_late { self.charge(channel) } else { Ok(()) };
        let sold = channel.clone();
        let keeps_late = self.sale.keeps_late();
        // What was accepted is kept, whether it suffices or not.
        if !keeps_late {
            self.sale.keep_sale(&before, &sold)?;
        }
        self.sale.visit.shop.vouchers.notify_waiters();
        charged?;
        if updates_only {
            let answer = Answer::empty(200);
            let receipt = self.receipt(id, channel, None, 0);
            return Ok(self.acknowledge(answer, &receipt).send());
        }
        if streams {
            return Ok(self.stream(id, channel));
        }
        if counts_late {
            let mut copy = sold;
            drop(held);
            tokio::time::sleep(THINKING).await;
            self.charge(&mut copy)?;
            self.sale.keep_sale(&before, &copy)?;
            let receipt = self.receipt(id, &copy, None, 1);
            *slot.lock().await = Some(copy);
            let answer = self.deliver(receipt);
            self.sale.wait_for_the_handler().await;
            return Ok(answer);
        }
        let receipt = self.receipt(id, channel, None, 1);
        let answer = self.deliver(receipt);
        // Who waits for the handler does not wait for the channel.
        drop(held);
        self.sale.wait_for_the_handler().await;
        if keeps_late {
            self.sale.keep_sale(&before, &sold)?;
        }
        Ok(answer)
    }

    /// The payer is not about to leave, and the channel has not ended.
    async fn is_staying(&self, id: ChannelId) -> Result<(), NotDone> {
        let faults = self.faults();
        let channel = self.on_chain(id).await?;
        let has_ended = channel.finalized
            && !fault!(
                faults,
                "overlooks-endings-on-chain",
                "a channel that ended without the seller's doing goes on selling"
            )
            && !faults.has("goes-on-after-closing")
            && !faults.has("finds-closed-channels-at-a-restart");
        let is_leaving = channel.closeRequestedAt != 0
            && !fault!(
                faults,
                "sells-to-leaving-payers",
                "vouchers are taken while the payer is leaving"
            );
        if has_ended || is_leaving {
            let detail = "the payer is leaving, or the channel has ended".to_owned();
            return Err(Refusal::Status(410, "session/channel-finalized", detail).into());
        }
        Ok(())
    }

    fn deliver(&self, receipt: SessionReceipt) -> Response {
        let faults = self.faults();
        let withholds =
            fault!(faults, "sells-nothing-for-vouchers", "what a voucher pays for is not sent");
        let content = if withholds { "" } else { self.sale.offer.content.as_str() };
        let body = json!({ "content": content }).to_string();
        let sold = Kept { body, receipt };
        let answer = self.answer_with(&sold);
        self.keep(sold);
        answer
    }

    /// Takes a voucher that allows more than those before. One that does not
    /// changes nothing, if it is the payer's.
    async fn take(&self, channel: &mut Channel, voucher: &SignedVoucher) -> Result<(), NotDone> {
        let faults = self.faults();
        let highest = channel.highest.cumulative_amount;
        let is_old = voucher.cumulative_amount <= highest;
        if is_old
            && fault!(
                faults,
                "answers-replays-before-it-looks",
                "a voucher of no new amount is taken whoever signed it"
            )
        {
            return Ok(());
        }
        self.verify(voucher, channel.signer).await?;
        if is_old {
            if fault!(faults, "refuses-replays", "a voucher of no new amount is refused") {
                return Err(Refusal::because("session/delta-too-small", "nothing new").into());
            }
            if fault!(faults, "lowers-what-was-accepted", "a lower voucher takes back a higher") {
                channel.highest = voucher.clone();
            }
            if fault!(faults, "counts-replays-as-new", "a voucher of no new amount buys once more")
            {
                channel.forgive();
            }
            return Ok(());
        }
        let added = voucher.cumulative_amount.checked_sub(highest).unwrap_or_default();
        let least = self.sale.session.min_voucher_delta.unwrap_or_default();
        let adds_enough = added >= least
            || fault!(faults, "takes-any-addition", "minVoucherDelta is not enforced");
        let asks_more = added == least
            && fault!(faults, "asks-for-more-than-the-delta", "just minVoucherDelta is too little");
        if !adds_enough || asks_more {
            return Err(Refusal::because("session/delta-too-small", "too little is added").into());
        }
        self.within(voucher.cumulative_amount, channel.deposit)?;
        channel.highest = voucher.clone();
        Ok(())
    }

    pub(super) fn within(&self, amount: BaseUnits, deposit: BaseUnits) -> Result<(), NotDone> {
        let allowed = amount <= deposit
            || fault!(
                self.faults(),
                "takes-vouchers-past-the-deposit",
                "a voucher may allow more than was deposited"
            );
        let keeps_back = amount == deposit
            && fault!(
                self.faults(),
                "keeps-the-last-unit-back",
                "a voucher may not allow the whole deposit"
            );
        if allowed && !keeps_back {
            return Ok(());
        }
        Err(Refusal::because("session/amount-exceeds-deposit", "more than is deposited").into())
    }

    fn charge(&self, channel: &mut Channel) -> Result<(), NotDone> {
        let price = self.sale.offer.amount;
        if channel.available() < price
            && !fault!(
                self.faults(),
                "sells-on-credit",
                "what no voucher allows yet is sold all the same"
            )
        {
            let detail = format!("{} available, {price} needed", channel.available());
            return Err(Refusal::because("session/insufficient-balance", detail).into());
        }
        channel.spend(price);
        Ok(())
    }

    /// What this request was answered when it was made before.
    fn answered(&self, id: ChannelId) -> Option<Kept> {
        let key = self.sale.visit.asked.idempotency_key?;
        let answered = &self.sale.visit.shop.answered;
        if fault!(
            self.faults(),
            "takes-keys-for-tickets",
            "whoever knows a key gets what was bought under it"
        ) {
            return answered.of_any_challenge(id, key);
        }
        let forgets =
            fault!(self.faults(), "charges-retries", "a request that is retried is charged again");
        answered.get(self.challenge(), id, key).filter(|_| !forgets)
    }

    fn keep(&self, sold: Kept) {
        if let Some(key) = self.sale.visit.asked.idempotency_key {
            let id = sold.receipt.channel_id;
            self.sale.visit.shop.answered.keep(self.challenge(), id, key, sold);
        }
    }

    fn answer_with(&self, kept: &Kept) -> Response {
        let answer = Answer::text(200, "application/json", kept.body.clone());
        self.acknowledge(answer, &kept.receipt).send()
    }
}
