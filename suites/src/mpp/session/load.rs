//! A payer under load: channels at one offer, and the vouchers for them.

use alloy::primitives::I256;
use conform402_runner::load::Payer;
use conform402_runner::{Answer, Bed, Broken, Offer, Outcome, Request};
use conform402_wire::{BaseUnits, credential};
use futures::future::BoxFuture;

use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered, managed};
use crate::mpp::proposal::Proposal;

/// What a request costs, in base units.
const PRICE: u64 = 10;

/// Opens `count` channels of the bed's payer, each good for `vouchers` vouchers.
pub fn open<'a>(
    bed: &'a Bed,
    count: usize,
    vouchers: usize,
) -> BoxFuture<'a, Result<Box<dyn Payer + 'a>, Broken>> {
    Box::pin(async move {
        let offer = bed.offer(Offer::session(PRICE)).await?;
        let deposit = BaseUnits::new(PRICE * units(vouchers));
        let mut channels = Vec::new();
        for _ in 0..count {
            let proposal = Proposal::of(bed, &offer).await?.with(|p| p.receive.value = deposit);
            channels.push(Channel::opened_by(bed, offer.clone(), &proposal).await?);
        }
        Ok(Box::new(Channels { bed, channels, promised: 0 }) as Box<dyn Payer + 'a>)
    })
}

/// Channels of one payer. On each, as many vouchers were signed.
struct Channels<'a> {
    bed: &'a Bed,
    channels: Vec<Channel<'a>>,
    /// What the last voucher of each channel allows, in prices.
    promised: u64,
}

impl Payer for Channels<'_> {
    fn vouchers(&mut self, each: usize) -> BoxFuture<'_, Result<Vec<Vec<Request>>, Broken>> {
        Box::pin(async move {
            let first = self.promised;
            self.promised += units(each);
            let mut all = Vec::new();
            for channel in &self.channels {
                let mut requests = Vec::with_capacity(each);
                for prices in first + 1..=self.promised {
                    let field = credential::to_field(&channel.paying(prices * PRICE).await?);
                    requests.push(Request::to(&channel.offer).header("authorization", field));
                }
                all.push(requests);
            }
            Ok(all)
        })
    }

    fn bought(&self, answer: &Answer) -> Outcome {
        self.channels.iter().try_for_each(|channel| delivered(answer, &channel.offer))
    }

    fn settle(&mut self, sold: &[usize]) -> BoxFuture<'_, Outcome> {
        let sold: Vec<u64> = sold.iter().copied().map(units).collect();
        Box::pin(async move {
            for (channel, sold) in self.channels.iter().zip(sold) {
                self.counted(channel, sold).await?;
                managed(&channel.close(self.promised * PRICE).await?)?;
            }
            let paid = self.promised * PRICE * units(self.channels.len());
            let paid = I256::try_from(paid).unwrap_or_default();
            let payee = self.channels.first().map(Channel::payee);
            let mut moved = vec![(self.bed.payer().address().into(), -paid)];
            moved.extend(payee.map(|payee| (payee, paid)));
            self.bed.moved(&moved).await
        })
    }
}

impl Channels<'_> {
    /// What vouchers allowed and did not buy, the last of them still buys, and
    /// nothing more: then the channel has counted what was sold.
    async fn counted(&self, channel: &Channel<'_>, mut sold: u64) -> Outcome {
        let highest = self.promised * PRICE;
        while sold <= self.promised {
            if delivered(&channel.buy(highest).await?, &channel.offer).is_err() {
                break;
            }
            sold += 1;
        }
        match sold {
            sold if sold == self.promised => Ok(()),
            sold if sold > self.promised => broken(format!(
                "a channel sold more than the {} vouchers it was paid for",
                self.promised
            )),
            sold => broken(format!("a channel sold {sold} times for {} vouchers", self.promised)),
        }
    }
}

fn units(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
