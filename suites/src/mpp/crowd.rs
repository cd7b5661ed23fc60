//! Many requests at once, on one channel.

use std::cmp::Ordering;

use conform402_runner::{Answer, Broken, Outcome};
use futures::future::try_join_all;
use tokio::sync::Barrier;

use super::channel::Channel;
use super::judge::broken;

/// How many requests leave the barrier together.
pub const AT_ONCE: u64 = 64;

const TOO_MANY_REQUESTS: u16 = 429;

/// How many of these answers carry the content.
pub fn sold(answers: &[Answer], channel: &Channel<'_>) -> usize {
    answers.iter().filter(|answer| answer.body.contains(channel.offer.content())).count()
}

/// Buys so often at once, with a voucher for what `cumulative` says each.
pub async fn at_once(
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
