//! What every session is judged by.

use conform402_runner::{Answer, Bed, Broken, Mounted, Outcome};
use conform402_wire::adapter::{Evaluation, MerchantAction};
use serde_json::Value;

use super::channel::Channel;
use crate::mpp::judge::broken;

/// A channel was opened, added to or closed. Some sellers answer with a body,
/// others without (WIRE.md, C-4.14).
pub fn managed(answer: &Answer) -> Outcome {
    match answer.status {
        200 | 204 => Ok(()),
        status => broken(format!("a valid request is answered {status} instead of 200 or 204")),
    }
}

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
