//! Opening a channel.

use conform402_runner::{Bed, Offer, Outcome, check};

use super::channel::Channel;
use super::opening::DEPOSIT;

/// > open | Verify payee → call SA session/open on-chain → write local store
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_channel_opens_and_sells(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await?;
    crate::mpp::judge::delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await?;
    super::channel::managed(&channel.close(100).await?)?;
    channel.stands(100, 0, &[(channel.payee(), 100)]).await
}
