//! A voucher that comes while the settlement service closes the channel. The
//! closing voucher is on its way, and pays for nothing that is sold after it.

use std::pin::pin;
use std::time::Duration;

use conform402_facilitator::Script;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::adapter::{Evaluation, MerchantAction};
use conform402_wire::sa::request::CLOSE;
use futures::future::{Either, join, select};
use serde_json::Value;

use crate::mpp::buyer::present;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered, managed, withheld};

/// How long the facilitator takes, well within its time-out.
const SETTLEMENT: Duration = Duration::from_millis(500);

/// Where the voucher comes that comes too late.
#[derive(Clone, Copy)]
enum Route {
    Same,
    Other,
}

/// A channel on which 100 was sold, and the credential of another voucher, with
/// the offer that it is for.
async fn session(bed: &Bed, route: Route) -> Result<(Channel<'_>, Mounted, Value), Broken> {
    let here = bed.offer(Offer::session(100)).await?;
    let there = match route {
        Route::Same => here.clone(),
        Route::Other => bed.offer(Offer::session(150).paid_to(&here)).await?,
    };
    let channel = Channel::open(bed, here).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    let late = channel.paying_at(&there, 250).await?;
    Ok((channel, there, late))
}

/// Presents a credential as soon as the settlement service was asked to close,
/// which takes its time.
async fn presented_during<T>(
    bed: &Bed,
    closing: impl Future<Output = Result<T, Broken>>,
    offer: &Mounted,
    credential: &Value,
) -> Result<(T, Answer), Broken> {
    bed.script(Script::Slowly(SETTLEMENT));
    let closing = pin!(closing);
    let closing = match select(closing, pin!(bed.until_asked(CLOSE))).await {
        Either::Left((closed, _)) => {
            closed?;
            return broken("a channel is closed, or not, without the settlement service");
        }
        Either::Right(((), closing)) => closing,
    };
    let (closed, presented) = join(closing, present(bed, offer, credential)).await;
    bed.unscript();
    Ok((closed?, presented?))
}

/// > Settle the highest local voucher on-chain
/// > — OKX Node SDK Reference (seed 002), "Extension methods: manual settle / status"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent, ChargesTwice))]
async fn a_channel_sells_and_is_closed_in_its_time(bed: &Bed) -> Outcome {
    let (channel, offer, credential) = session(bed, Route::Same).await?;
    delivered(&channel.present_credential(&credential).await?, &offer)?;
    bed.script(Script::Slowly(SETTLEMENT));
    managed(&channel.close(250).await?)?;
    channel.stands(250, 0, &[(channel.payee(), 250)]).await
}

/// > Server MUST verify `cumulativeAmount >= spent` (the client's final voucher
/// > covers all delivered service).
/// > — draft-evm-session-00, "Cooperative Close"
/// > Servers MUST ensure that voucher acceptance and balance deduction are
/// > serialized per channel to prevent race conditions.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(must, needs(Session), killed_by(SellsWhileItCloses, LeavesClosedChannelsOpen))]
#[case(the_same_route, Route::Same)]
#[case(another_route, Route::Other)]
async fn while_it_is_closed_nothing_is_sold_at(bed: &Bed, route: Route) -> Outcome {
    let (channel, offer, credential) = session(bed, route).await?;
    let (closed, late) = presented_during(bed, channel.close(100), &offer, &credential).await?;
    managed(&closed)?;
    withheld(&late, &offer)?;
    channel.stands(100, 0, &[(channel.payee(), 100)]).await
}

/// > close_channel signs a CloseAuthorization → calls SA close → deletes the
/// > local store.
/// > — OKX Python SDK Reference (seed 000), "Interface and business methods"
/// > Servers MUST ensure that voucher acceptance and balance deduction are
/// > serialized per channel to prevent race conditions.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(
    must,
    needs(SessionClose),
    killed_by(SellsWhileItCloses, LeavesClosedChannelsOpen, ClosesNothing)
)]
#[case(the_same_route, Route::Same)]
#[case(another_route, Route::Other)]
async fn while_the_merchant_closes_it_nothing_is_sold_at(bed: &Bed, route: Route) -> Outcome {
    let (channel, offer, credential) = session(bed, route).await?;
    let closing = bed.merchant(&channel.offer, MerchantAction::Close, channel.id);
    let (closed, late) = presented_during(bed, closing, &offer, &credential).await?;
    if let Evaluation::Refusal(words) | Evaluation::Crash(words) = closed {
        return broken(format!("the SDK does not close: {words}"));
    }
    withheld(&late, &offer)?;
    channel.stands(100, 0, &[(channel.payee(), 100)]).await
}
