//! A seller that is killed in the middle of a paid request, and started again.

use std::pin::pin;

use conform402_runner::{Answer, Bed, Broken, Outcome};
use futures::future::{Either, select};

use super::channel::Channel;
use super::judge::{delivered, not_broken_down, withheld};
use super::proposal::DEPOSIT;

/// Kills a seller whose handler waits, and starts it again, after it has accepted
/// a voucher for so much and before it has answered.
pub async fn kill_at_delivery(bed: &Bed, channel: &Channel<'_>, cumulative: u64) -> Outcome {
    let buying = pin!(channel.buy(cumulative));
    match select(buying, pin!(bed.handlers_wait(1))).await {
        Either::Left((answer, _)) => Err(too_early(&answer?, channel)),
        Either::Right((waits, buying)) => {
            waits?;
            bed.crash().await?;
            match buying.await {
                Ok(answer) => Err(too_early(&answer, channel)),
                Err(_) => Ok(()),
            }
        }
    }
}

/// An answer that nobody can have given before the handler had.
fn too_early(answer: &Answer, channel: &Channel<'_>) -> Broken {
    match delivered(answer, &channel.offer) {
        Ok(()) => Broken::Undecided("the handler did not wait, as its offer tells it to".into()),
        Err(broken) => broken,
    }
}

/// A closing for nothing is refused, or the payee gets what it was promised.
pub async fn takes_back_nothing(channel: &Channel<'_>, promised: u64) -> Outcome {
    let answer = channel.close(0).await?;
    not_broken_down(&answer)?;
    if channel.stands(DEPOSIT, DEPOSIT, &[]).await.is_ok() {
        return withheld(&answer, &channel.offer);
    }
    channel.stands(promised, 0, &[(channel.payee(), promised)]).await
}
