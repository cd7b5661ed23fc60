//! A seller that is killed, by SIGKILL, and started again on its store. Each
//! check has a target of its own.

use std::pin::pin;

use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::adapter::MerchantAction;
use futures::future::{Either, join_all, select};
use tokio::sync::Barrier;

use super::judge::done;
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{broken, delivered, managed, withheld};
use crate::mpp::proposal::DEPOSIT;
use crate::mpp::restart::{kill_at_delivery, takes_back_nothing};

/// A channel of an offer whose requests cost 100.
async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    Channel::open(bed, bed.offer(Offer::session(100)).await?).await
}

/// The same, and its seller was killed at a delivery.
async fn killed_at_delivery(bed: &Bed, cumulative: u64) -> Result<Channel<'_>, Broken> {
    let offer = bed.offer(Offer::session(100).whose_handler_waits()).await?;
    let channel = Channel::open(bed, offer).await?;
    kill_at_delivery(bed, &channel, cumulative).await?;
    Ok(channel)
}

/// > Server persists vouchers, can `settle()` on restart
/// > — draft-evm-session-00, "Disconnection Handling"
#[check(
    must,
    control,
    own_target,
    needs(Session, SessionDurableStore),
    killed_by(WithholdsPaidContent)
)]
async fn a_channel_on_disk_sells(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// > for production or multi-worker deployments use FileStore or a custom shared
/// > backend.
/// > — OKX Python SDK Reference (seed 000), "InMemoryChannelStore"
/// > Long-lived channels / multi-instance / hot-reload deployments need a
/// > persistent store
/// > — OKX Node SDK Reference (seed 002), "Custom SessionStore"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore),
    killed_by(ForgetsChannelsAtARestart)
)]
async fn a_channel_is_known_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    bed.crash().await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > Server persists vouchers, can `settle()` on restart
/// > — draft-evm-session-00, "Disconnection Handling"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore, SessionSettle),
    killed_by(
        ForgetsChannelsAtARestart,
        ForgetsVouchersAtARestart,
        DeliversBeforeItStores,
        SettlesNothing,
        ClosesWhenSettling
    )
)]
async fn a_voucher_that_was_accepted_is_settled_after_a_restart(bed: &Bed) -> Outcome {
    let channel = killed_at_delivery(bed, 300).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await
}

/// > 9. Persist voucher to durable storage before providing service
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore),
    killed_by(ForgetsVouchersAtARestart, DeliversBeforeItStores, ClosesBelowWhatWasPromised)
)]
async fn a_payer_cannot_take_back_what_it_promised_before_a_restart(bed: &Bed) -> Outcome {
    let channel = killed_at_delivery(bed, 300).await?;
    takes_back_nothing(&channel, 300).await
}

/// What was being delivered was charged: it is not for nothing that the handler
/// was asked. A voucher for one more buys one more.
///
/// > Persist `spent` increments BEFORE delivering service
/// > — draft-evm-session-00, "Crash Safety"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore),
    killed_by(
        ForgetsChannelsAtARestart,
        ForgetsSalesAtARestart,
        DeliversBeforeItStores,
        ChargesNothing,
        ChargesHalf,
        ChargesTwice,
        SellsBeyondVouchers
    )
)]
async fn what_was_spent_is_not_spent_again_after_a_restart(bed: &Bed) -> Outcome {
    let channel = killed_at_delivery(bed, 100).await?;
    withheld(&channel.buy(100).await?, &channel.offer)?;
    delivered(&channel.buy(200).await?, &channel.offer)?;
    withheld(&channel.buy(200).await?, &channel.offer)
}

/// How many requests leave the barrier together.
const AT_ONCE: usize = 64;

/// One voucher of 64 prices, presented 64 times at once, and the seller is killed
/// when a quarter of them has come to its handler. Before and after together, 64
/// are sold at most.
///
/// > Use transactional storage or write-ahead logging
/// > — draft-evm-session-00, "Crash Safety"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore),
    killed_by(
        ForgetsSalesAtARestart,
        DeliversBeforeItStores,
        SellsBeforeItCounts,
        ChargesNothing,
        ChargesHalf,
        SellsBeyondVouchers
    )
)]
async fn of_64_copies_in_hand_at_a_crash_none_buys_twice(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(10).whose_handler_waits()).await?;
    let channel = Channel::open(bed, offer).await?;
    let barrier = Barrier::new(AT_ONCE);
    let requests = join_all((0..AT_ONCE).map(|_| async {
        let credential = channel.paying(640).await;
        barrier.wait().await;
        channel.present_credential(&credential?).await
    }));
    let sold_before = match select(pin!(requests), pin!(bed.handlers_wait(AT_ONCE / 4))).await {
        Either::Left((answers, _)) => {
            let answered = answers.iter().flatten().count();
            return broken(format!("{answered} of 64 are answered, and few come to the handler"));
        }
        Either::Right((waits, requests)) => {
            waits?;
            bed.crash().await?;
            let sold_before = bed.handlers_waiting();
            requests.await;
            sold_before
        }
    };
    let mut sold = sold_before;
    while sold <= AT_ONCE {
        let answer = channel.buy(640).await?;
        if !answer.body.contains(channel.offer.content()) {
            break;
        }
        sold += 1;
    }
    if sold > AT_ONCE {
        return broken(format!("{sold} were sold for 64, {sold_before} of them before the crash"));
    }
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > topUp | Call SA session/topUp → accumulate local deposit
/// > — OKX Node SDK Reference (seed 002), "Invocation"
/// > Long-lived channels / multi-instance / hot-reload deployments need a
/// > persistent store
/// > — OKX Node SDK Reference (seed 002), "Custom SessionStore"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore),
    killed_by(ForgetsChannelsAtARestart, ForgetsTopUpsAtARestart, ForgetsTopUps)
)]
async fn a_top_up_is_known_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    managed(&channel.present(Addition::of(&channel, 500).await?.sign()?).await?)?;
    bed.crash().await?;
    delivered(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
    channel.stands(DEPOSIT + 500, DEPOSIT + 500, &[]).await
}

/// > close | Seller signs CloseAuth → call SA session/close → delete local store
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore),
    killed_by(FindsClosedChannelsAtARestart, LeavesClosedChannelsOpen, SellsOnUnknownChannels)
)]
async fn a_closed_channel_stays_closed_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    managed(&channel.close(300).await?)?;
    bed.crash().await?;
    withheld(&channel.buy(400).await?, &channel.offer)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > A valid voucher is an irrevocable on-chain claim.
/// > — draft-evm-session-00, "Escrow Guarantees"
#[check(
    must,
    own_target,
    needs(Session, SessionDurableStore, SessionClose),
    killed_by(ForgetsChannelsAtARestart, ForgetsVouchersAtARestart, ClosesNothing)
)]
async fn a_channel_is_closed_to_the_unit_after_a_restart(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    bed.crash().await?;
    done(bed, &channel, MerchantAction::Close).await?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}
