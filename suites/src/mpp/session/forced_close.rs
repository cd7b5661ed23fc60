//! A payer that leaves by itself: it asks the escrow, waits for the grace period
//! to pass, and withdraws. These checks travel in time, each on a chain of its
//! own.

use alloy::primitives::U256;
use conform402_chain::EscrowContract;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::adapter::{Evaluation, MerchantAction};
use conform402_wire::sa::SaCode;

use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{act_refused_for, broken, delivered, managed};
use crate::mpp::proposal::DEPOSIT;

/// Seconds: past the grace period of every escrow of a testbed. Authorizations
/// of merchants may have expired by then; that a channel is closed is told first.
const PAST_THE_GRACE_PERIOD: u64 = 16 * 60;

/// Seconds: within the grace period, and within the lifetime of whatever a
/// merchant authorizes by a clock that does not travel.
const WITHIN_THE_GRACE_PERIOD: u64 = 5;

/// A channel on which 300 was promised, and that its payer asked to leave.
async fn leaving(bed: &Bed) -> Result<Channel<'_>, Broken> {
    let offer = bed.offer(Offer::session(100).fee_payer(false)).await?;
    let channel = Channel::open(bed, offer).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    channel.request_close().await?;
    Ok(channel)
}

/// The payer takes what is left, once it may.
async fn withdraw(bed: &Bed, channel: &Channel<'_>) -> Outcome {
    bed.testbed().chain.travel(PAST_THE_GRACE_PERIOD).await?;
    channel.call(EscrowContract::withdrawCall { channelId: channel.id.0 }).await.map(drop)
}

/// > Forced close + grace period ensures payer can always recover uncommitted
/// > funds.
/// > — draft-evm-session-00, "Escrow Guarantees"
#[check(must, control, own_chain, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_payer_gets_back_what_nobody_claimed(bed: &Bed) -> Outcome {
    let channel = leaving(bed).await?;
    withdraw(bed, &channel).await?;
    channel.stands(0, 0, &[]).await
}

/// > Server can still `settle()` or `close()` during grace period
/// > — draft-evm-session-00, "Forced Close"
#[check(must, own_chain, needs(SessionSettle), killed_by(SettlesNothing))]
async fn within_the_grace_period_the_merchant_settles(bed: &Bed) -> Outcome {
    let channel = leaving(bed).await?;
    bed.testbed().chain.travel(WITHIN_THE_GRACE_PERIOD).await?;
    match bed.merchant(&channel.offer, MerchantAction::Settle, channel.id).await? {
        Evaluation::Output(_) => {}
        Evaluation::Refusal(words) | Evaluation::Crash(words) => {
            return broken(format!("the SDK does not settle: {words}"));
        }
    }
    // By settling a merchant may also end the channel; then nothing is left.
    let _ = withdraw(bed, &channel).await;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > Server can still `settle()` or `close()` during grace period
/// > — draft-evm-session-00, "Forced Close"
#[check(must, own_chain, needs(Session), killed_by(LeavesLeavingPayersAlone))]
async fn within_the_grace_period_the_channel_is_closed_to_the_unit(bed: &Bed) -> Outcome {
    let channel = leaving(bed).await?;
    bed.testbed().chain.travel(WITHIN_THE_GRACE_PERIOD).await?;
    managed(&channel.close(300).await?)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// What the payer took is gone, whatever the seller believes.
///
/// > 70008 | On-chain channel closed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, own_chain, needs(Session), killed_by(CountsRefusedClosings))]
async fn a_channel_its_payer_left_is_not_closed(bed: &Bed) -> Outcome {
    let channel = leaving(bed).await?;
    withdraw(bed, &channel).await?;
    act_refused_for(bed, SaCode::ChannelClosed, channel.close(300), &channel.offer).await?;
    channel.stands(0, 0, &[]).await
}

/// > 70008 | On-chain channel closed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, own_chain, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_channel_its_payer_left_takes_no_top_up(bed: &Bed) -> Outcome {
    let channel = leaving(bed).await?;
    // Signed before the clock was moved, it would be too late for the token.
    let addition = Addition::of(&channel, 500).await?.with(|addition| {
        addition.receive.valid_before.0 += U256::from(PAST_THE_GRACE_PERIOD);
    });
    withdraw(bed, &channel).await?;
    let presented = channel.present(addition.sign()?);
    act_refused_for(bed, SaCode::ChannelClosed, presented, &channel.offer).await?;
    channel.stands(0, 0, &[]).await
}

/// > sessionStatus: 'OPEN' | 'CLOSING' | 'CLOSED'
/// > — OKX Node SDK Reference (seed 002), "Extension methods: manual settle / status"
#[check(must, own_chain, needs(SessionStatus), killed_by(InventsAStatus))]
async fn a_channel_its_payer_left_is_told_to_be_closed(bed: &Bed) -> Outcome {
    let channel = leaving(bed).await?;
    withdraw(bed, &channel).await?;
    match bed.merchant(&channel.offer, MerchantAction::Status, channel.id).await? {
        Evaluation::Output(status) if status["sessionStatus"] == "CLOSED" => Ok(()),
        told => broken(format!("the status of a channel that was left is {told:?}")),
    }
}

/// Who tops up stays.
///
/// > If a close request is pending (`channel.closeRequestedAt != 0`), calling
/// > `topUp()` MUST reset `closeRequestedAt` to `0`, cancelling the pending close.
/// > — draft-evm-session-00, "topUp"
#[check(must, own_chain, needs(SessionHash), killed_by(KnowsNoBroadcastTopUps, ForgetsTopUps))]
async fn a_payer_that_tops_up_stays(bed: &Bed) -> Outcome {
    let channel = leaving(bed).await?;
    let addition = Addition::of(&channel, 500).await?;
    let hash = addition.broadcast(&channel).await?;
    managed(&channel.present(addition.with_hash(hash)).await?)?;
    if withdraw(bed, &channel).await.is_ok() {
        return Err(Broken::Ours("the escrow let a payer go that had stayed".to_owned()));
    }
    delivered(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
    channel.stands(DEPOSIT + 500, DEPOSIT + 500, &[]).await
}
