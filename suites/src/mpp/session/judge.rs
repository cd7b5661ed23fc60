//! What every session is judged by.

use conform402_runner::{Answer, Bed, Broken, Mounted, Outcome};
use conform402_wire::adapter::{Evaluation, MerchantAction};
use serde_json::Value;

use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, managed};

/// Has the merchant act, which must succeed, and returns what the SDK did.
pub async fn done(
    bed: &Bed,
    channel: &Channel<'_>,
    action: MerchantAction,
) -> Result<Value, Broken> {
    match bed.merchant(&channel.offer, action, channel.id).await? {
        Evaluation::Output(output) => Ok(output),
        Evaluation::Refusal(words) | Evaluation::Crash(words) => {
            Err(Broken::promise(format!("the SDK does not {action:?}: {words}")))
        }
    }
}

/// A channel was managed, and nothing was sold.
pub fn managed_only(answer: &Answer, offer: &Mounted) -> Outcome {
    managed(answer)?;
    if answer.body.contains(offer.content()) {
        return broken("the content is delivered, although no voucher was presented");
    }
    Ok(())
}
