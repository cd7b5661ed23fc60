//! Many requests at once, on one channel.

use std::cmp::Ordering;

use conform402_runner::{Answer, Broken, Outcome};
use futures::future::try_join_all;
use tokio::sync::Barrier;

use super::channel::Channel;
use super::judge::{broken, managed};

/// How many requests leave the barrier together.
const AT_ONCE: u64 = 64;

const TOO_MANY_REQUESTS: u16 = 429;

/// How many of these answers carry the content.
pub fn sold(answers: &[Answer], channel: &Channel<'_>) -> usize {
    answers.iter().filter(|answer| answer.body.contains(channel.offer.content())).count()
}

/// Buys so often at once, with a voucher for what `cumulative` says each.
async fn at_once(
    channel: &Channel<'_>,
    cumulative: impl Fn(u64) -> u64,
) -> Result<Vec<Answer>, Broken> {
    let barrier = Barrier::new(usize::try_from(AT_ONCE).unwrap_or_default());
    let barrier = &barrier;
    let requests = (0..AT_ONCE).map(|index| {
        let cumulative = cumulative(index);
        async move {
            let credential = channel.paying(cumulative).await?;
            barrier.wait().await;
            channel.present_credential(&credential).await
        }
    });
    try_join_all(requests).await
}

/// Just as many were delivered as were paid for. The draft would have sellers limit
/// how many vouchers they take ("Denial of Service"): one that does may deliver
/// fewer, and never more.
pub fn just_paid_for(sold: usize, paid: usize, answers: &[Answer]) -> Outcome {
    let is_limited = answers.iter().any(|answer| answer.status == TOO_MANY_REQUESTS);
    match sold.cmp(&paid) {
        Ordering::Equal => Ok(()),
        Ordering::Less if is_limited => {
            Err(Broken::Undecided("the seller limits how many vouchers it takes".to_owned()))
        }
        _ => broken(format!("{sold} were delivered, and {paid} paid for")),
    }
}

/// At a price of 10, 64 copies of a voucher buy together what one of them allows.
pub async fn copies_buy_what_one_pays_for(channel: &Channel<'_>) -> Outcome {
    let answers = at_once(channel, |_| 80).await?;
    just_paid_for(sold(&answers, channel), 8, &answers)?;
    managed(&channel.close(80).await?)?;
    channel.stands(80, 0, &[(channel.payee(), 80)]).await
}

/// At a price of 10, 64 vouchers, each 10 above the other, buy together what the
/// highest allows.
pub async fn the_highest_pays_for_all(channel: &Channel<'_>) -> Outcome {
    let answers = at_once(channel, |index| 10 * (index + 1)).await?;
    let mut sold = sold(&answers, channel);
    // What they left unsold, the highest still buys.
    while sold <= 64 {
        let answer = channel.buy(10 * AT_ONCE).await?;
        if !answer.body.contains(channel.offer.content()) {
            break;
        }
        sold += 1;
    }
    just_paid_for(sold, 64, &answers)?;
    managed(&channel.close(10 * AT_ONCE).await?)?;
    channel.stands(640, 0, &[(channel.payee(), 640)]).await
}
