//! A seller that is killed, by SIGKILL, and started again on its store. Each
//! check has a target of its own.

use conform402_runner::{Bed, Broken, Offer, Outcome, check};

use super::judge::{balance_is, not_sold};
use super::payer;
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{delivered, managed, status_is, withheld};
use crate::mpp::proposal::DEPOSIT;
use crate::mpp::restart::{kill_at_delivery, takes_back_nothing};

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    payer::open(bed, Offer::ietf_session(100)).await
}

/// A channel whose seller was killed, and started again, after it had accepted
/// a voucher for so much and before it had answered.
async fn killed_at_delivery(bed: &Bed, cumulative: u64) -> Result<Channel<'_>, Broken> {
    let offer = Offer::ietf_session(100).whose_handler_waits();
    let channel = payer::open(bed, offer).await?;
    kill_at_delivery(bed, &channel, cumulative).await?;
    Ok(channel)
}

/// > Persist voucher to durable storage before providing service
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    control,
    own_target,
    profile(Ietf),
    needs(IetfSession, SessionDurableStore),
    killed_by(SellsNothingForVouchers)
)]
async fn a_channel_on_disk_sells(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// > Server persists vouchers, can `settle()` on restart
/// > — draft-evm-session-00, "Disconnection Handling"
#[check(
    must,
    own_target,
    profile(Ietf),
    needs(IetfSession, SessionDurableStore),
    killed_by(ForgetsChannelsAtARestart)
)]
async fn a_channel_is_known_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    bed.crash().await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// One unit is sold before, so that a closing for nothing never suffices.
///
/// > Server MUST verify `cumulativeAmount >= spent`
/// > — draft-evm-session-00, "Cooperative Close"
/// > Persist voucher to durable storage before providing service
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    own_target,
    profile(Ietf),
    needs(IetfSession, SessionDurableStore),
    killed_by(
        ClosesNothingAtAll,
        ForgetsVouchersAtARestart,
        DeliversBeforeItStores,
        ClosesWithWhateverIsPresented
    )
)]
async fn a_payer_cannot_take_back_what_it_promised_before_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let there = Offer::ietf_session(100).paid_to(&channel.offer).whose_handler_waits();
    let there = bed.offer(there).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    kill_at_delivery(bed, &channel.at(there), 300).await?;
    takes_back_nothing(&channel, 300).await
}

/// A voucher that came by itself is kept no less than one that bought.
///
/// > Persist `acceptedCumulative` BEFORE relying on new balance
/// > — draft-evm-session-00, "Crash Safety"
#[check(
    must,
    own_target,
    profile(Ietf),
    needs(IetfSession, SessionDurableStore),
    killed_by(
        ChargesForAHead,
        CountsReplaysAsNew,
        ForgetsSalesAtARestart,
        ForgetsChannelsAtARestart,
        ForgetsVouchersAtARestart,
        DeliversBeforeItStores,
        LowersWhatWasAccepted,
        RefusesReplays,
        AcknowledgesNothing,
        TellsNoBalance
    )
)]
async fn a_voucher_that_came_by_itself_is_known_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    payer::allow_apart(bed, &channel, 300).await?;
    bed.crash().await?;
    balance_is(&payer::allow(bed, &channel, 200).await?, 300, 100)
}

/// What was being delivered was charged; a voucher for one more buys one more. The
/// draft does not say whether a handler at work delivers.
///
/// > Persist `spent` increments BEFORE delivering service
/// > — draft-evm-session-00, "Crash Safety"
#[check(
    should,
    own_target,
    profile(Ietf),
    needs(IetfSession, SessionDurableStore),
    killed_by(
        CountsReplaysAsNew,
        ForgetsChannelsAtARestart,
        ForgetsSalesAtARestart,
        DeliversBeforeItStores,
        SellsOnCredit
    )
)]
async fn what_was_spent_is_not_spent_again_after_a_restart(bed: &Bed) -> Outcome {
    let channel = killed_at_delivery(bed, 100).await?;
    not_sold(&channel.buy(100).await?, &channel.offer)?;
    delivered(&channel.buy(200).await?, &channel.offer)?;
    not_sold(&channel.buy(200).await?, &channel.offer)
}

/// > Update server-side balance
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    own_target,
    profile(Ietf),
    needs(IetfSession, SessionDurableStore),
    killed_by(ForgetsChannelsAtARestart, ForgetsTopUpsAtARestart, ForgetsBroadcastTopUps)
)]
async fn a_top_up_is_known_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, 500).await?;
    let hash = addition.broadcast(&channel).await?;
    managed(&channel.present(payer::broadcast(&addition, hash)).await?)?;
    bed.crash().await?;
    delivered(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
    channel.stands(DEPOSIT + 500, DEPOSIT + 500, &[]).await
}

/// > 410 Gone | Channel finalized or not found
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    own_target,
    profile(Ietf),
    needs(IetfSession, SessionDurableStore),
    killed_by(
        AsksToPayOnEndedChannels,
        ClosesNothingAtAll,
        FindsClosedChannelsAtARestart,
        GoesOnAfterClosing
    )
)]
async fn a_closed_channel_stays_closed_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    managed(&channel.close(300).await?)?;
    bed.crash().await?;
    let answer = channel.buy(400).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 410)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}
