//! Streaming what is sold, as long as vouchers allow (draft-evm-session-00,
//! "Insufficient Balance During Streaming" and "Receipt Generation").

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use conform402_wire::adapter::OfferInfo;
use conform402_wire::session::channel::ChannelId;
use conform402_wire::session::ietf::{NEED_VOUCHER, NeedVoucher, RECEIPT};
use conform402_wire::{BaseUnits, ChallengeId};
use futures::stream;
use serde_json::{Value, json};

use super::{Dealing, as_told, receipt_of};
use crate::answer::Answer;
use crate::channels::{Channel, Slot};
use crate::fault::{Faults, fault};
use crate::shop::Shop;
use crate::store::Store;

/// A stream on its way to a payer.
struct Delivery {
    shop: Arc<Shop>,
    faults: Faults,
    offer: OfferInfo,
    challenge: ChallengeId,
    id: ChannelId,
    slot: Slot,
    /// Units that were streamed.
    sent: u64,
    /// Units there are.
    units: u64,
    /// Number of this stream among those of its channel.
    turn: u64,
    /// Where a restart finds what was sold.
    store: Option<Store>,
    /// The channel as the stream saw it last, for when it is closed.
    last: Channel,
    /// What the payer was asked for last.
    asked: Option<BaseUnits>,
    /// The last event was sent.
    is_over: bool,
}

impl Dealing<'_> {
    /// Streams the units of an offer. A channel has one stream at a time.
    pub(super) fn stream(&self, id: ChannelId, channel: &mut Channel) -> Response {
        let receipt = self.receipt(id, channel, None, 0);
        let delivery = Delivery {
            shop: self.sale.visit.shop.clone(),
            faults: self.faults().clone(),
            offer: self.sale.offer.clone(),
            challenge: self.challenge().clone(),
            id,
            slot: self.sale.slot(id),
            sent: 0,
            units: self.sale.session.streamed_units.unwrap_or_default(),
            turn: channel.begin_stream(),
            store: self.sale.payee().store(),
            last: channel.clone(),
            asked: None,
            is_over: false,
        };
        self.sale.visit.shop.vouchers.notify_waiters();
        let events = stream::unfold(delivery, |mut delivery| async move {
            let event = delivery.next().await?;
            Some((Ok::<_, Infallible>(event), delivery))
        });
        let answer = Answer::of(Sse::new(events).into_response());
        self.acknowledge(answer, &receipt).send()
    }
}

impl Delivery {
    async fn next(&mut self) -> Option<Event> {
        let shop = self.shop.clone();
        loop {
            // Registered before the channel is looked at, so that no voucher
            // comes unnoticed in between.
            let mut allowed = std::pin::pin!(shop.vouchers.notified());
            allowed.as_mut().enable();
            if let Some(event) = self.step().await? {
                return Some(event);
            }
            allowed.await;
        }
    }

    /// The next event; inside `None` where the payer must allow more first.
    async fn step(&mut self) -> Option<Option<Event>> {
        if self.is_over {
            return None;
        }
        let slot = self.slot.clone();
        let mut slot = slot.lock().await;
        let faults = &self.faults;
        let Some(channel) = slot.as_mut() else {
            self.is_over = true;
            let drops = fault!(faults, "drops-streams-at-a-closing", "a closing cuts streams off");
            return (!drops).then(|| Some(self.receipt(&self.last)));
        };
        let displaced = channel.stream() != self.turn
            && !fault!(
                faults,
                "streams-twice-at-once",
                "a new stream on a channel does not end the one before"
            );
        if displaced || self.sent == self.units {
            self.is_over = true;
            let silent =
                fault!(faults, "ends-streams-in-silence", "a stream ends without a receipt");
            return (!silent).then(|| Some(self.receipt(channel)));
        }
        let price = self.offer.amount;
        let pays = channel.available() >= price
            || (self.sent == 0
                && fault!(faults, "streams-on-credit", "the first unit is streamed unpaid"));
        if pays
            || (self.asked.is_some()
                && fault!(
                    faults,
                    "streams-on-without-vouchers",
                    "a stream asks for a voucher and goes on"
                ))
        {
            let free = fault!(faults, "streams-for-nothing", "what is streamed is not charged");
            if !free {
                // On disk before it is delivered ("Crash Safety").
                let mut sold = channel.clone();
                sold.spend(price);
                let kept =
                    self.store.as_ref().map_or(Ok(()), |store| store.keep(self.id, Some(&sold)));
                if kept.is_err() {
                    self.is_over = true;
                    return Some(Some(self.receipt(channel)));
                }
                *channel = sold;
                self.last = channel.clone();
            }
            self.sent += 1;
            self.asked = None;
            let data = format!("{} {}", self.offer.content, self.sent);
            return Some(Some(Event::default().event("message").data(data)));
        }
        let required = channel.spent().checked_add(price)?;
        if self.asked == Some(required) {
            return Some(None);
        }
        self.asked = Some(required);
        if fault!(faults, "runs-dry-in-silence", "a stream stops without asking for a voucher") {
            return Some(None);
        }
        let mut need = json!(NeedVoucher {
            channel_id: self.id,
            required_cumulative: required,
            accepted_cumulative: channel.highest.cumulative_amount,
            deposit: channel.deposit,
        });
        if fault!(faults, "asks-for-the-wrong-voucher", "a stream asks for one unit too little") {
            need["requiredCumulative"] = json!(channel.spent());
        }
        if fault!(faults, "hides-the-deposit", "a stream does not say what is deposited") {
            need["deposit"] = Value::Null;
        }
        Some(Some(event(NEED_VOUCHER, &need)))
    }

    fn receipt(&self, channel: &Channel) -> Event {
        let receipt = receipt_of(&self.offer, &self.challenge, self.id, channel, None, self.sent);
        event(RECEIPT, &as_told(&self.faults, &receipt))
    }
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
