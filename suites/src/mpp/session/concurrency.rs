//! Many vouchers at once. Whatever the order, what is sold is what vouchers
//! allow.

use std::pin::pin;
use std::time::Duration;

use alloy::primitives::I256;
use conform402_facilitator::Script;
use conform402_runner::{Bed, Offer, Outcome, check};
use conform402_wire::sa::request::TOP_UP;
use futures::future::{Either, select, try_join, try_join_all};
use tokio::sync::Barrier;

use crate::mpp::buyer::present;
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::crowd::{
    copies_buy_what_one_pays_for, just_paid_for, sold, the_highest_pays_for_all,
};
use crate::mpp::judge::{broken, delivered, managed};
use crate::mpp::proposal::{DEPOSIT, Proposal};

/// How long the facilitator takes, well within its time-out.
const SETTLEMENT: Duration = Duration::from_millis(500);

/// > Servers MUST ensure that voucher acceptance and balance deduction are
/// > serialized per channel to prevent race conditions.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn one_voucher_at_a_time_buys(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(10)).await?).await?;
    delivered(&channel.buy(10).await?, &channel.offer)
}

/// One voucher of eight prices, presented 64 times at once, buys eight times.
///
/// > Servers MUST ensure that voucher acceptance and balance deduction are
/// > serialized per channel to prevent race conditions.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(
    must,
    needs(Session),
    killed_by(SellsBeforeItCounts, ChargesNothing, ChargesHalf, ChargesTwice, SellsBeyondVouchers)
)]
async fn of_64_copies_of_a_voucher_as_many_buy_as_it_pays_for(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(10)).await?).await?;
    copies_buy_what_one_pays_for(&channel).await
}

/// 64 vouchers, each one price above the other: in whichever order they arrive,
/// the highest counts, and allows just what it says.
///
/// > available = acceptedCumulative - spent
/// > — draft-evm-session-00, "Server-Side Accounting"
#[check(
    must,
    needs(Session),
    killed_by(
        SellsBeforeItCounts,
        ChargesNothing,
        ChargesHalf,
        ChargesTwice,
        SellsBeyondVouchers,
        GivesToLowerVouchers
    )
)]
async fn of_64_rising_vouchers_the_highest_counts(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(10)).await?).await?;
    the_highest_pays_for_all(&channel).await
}

/// Sixteen channels of one payer, four vouchers each, all 64 at once: none is
/// charged for another, and each is closed to the unit.
///
/// > The channel is the unit of concurrency; no additional session locking is
/// > required.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(
    must,
    needs(Session),
    killed_by(
        MixesChannelsUp,
        SellsBeforeItCounts,
        ChargesNothing,
        ChargesHalf,
        ChargesTwice,
        SellsBeyondVouchers
    )
)]
async fn across_16_channels_each_is_charged_its_own(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(10)).await?;
    let mut channels = Vec::new();
    for _ in 0..16 {
        channels.push(Channel::open(bed, offer.clone()).await?);
    }
    let barrier = &Barrier::new(64);
    let requests = channels.iter().flat_map(|channel| {
        (0..4).map(move |_| async move {
            let credential = channel.paying(30).await?;
            barrier.wait().await;
            channel.present_credential(&credential).await
        })
    });
    let answers = try_join_all(requests).await?;
    for (channel, answers) in channels.iter().zip(answers.chunks(4)) {
        just_paid_for(sold(answers, channel), 3, answers)?;
        managed(&channel.close(30).await?)?;
    }
    let all = I256::try_from(16 * 30).unwrap_or_default();
    bed.moved(&[(bed.payer().address().into(), -all), (offer.recipient().into(), all)]).await
}

/// One merchant, two prices. While a top-up that came by the one waits for the
/// settlement service, a voucher buys by the other: whoever then writes back what
/// it read before forgets what was sold.
///
/// > Servers MUST ensure that voucher acceptance and balance deduction are
/// > serialized per channel to prevent race conditions.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(
    must,
    needs(Session),
    killed_by(
        WritesBackWhatItRead,
        ChargesNothing,
        ChargesHalf,
        ChargesTwice,
        SellsBeyondVouchers,
        ForgetsTopUps
    )
)]
async fn a_top_up_in_hand_forgets_nothing_that_is_sold(bed: &Bed) -> Outcome {
    let here = bed.offer(Offer::session(10)).await?;
    let there = bed.offer(Offer::session(20).paid_to(&here)).await?;
    let channel = Channel::open(bed, here).await?;
    delivered(&channel.buy(10).await?, &channel.offer)?;
    let payload = Addition::of(&channel, 500).await?.sign()?;
    bed.script(Script::Slowly(5 * SETTLEMENT));
    let mut topping_up = pin!(channel.present_at(&there, payload));
    let once_asked = pin!(bed.until_asked(TOP_UP));
    if let Either::Left((answer, _)) = select(&mut topping_up, once_asked).await {
        return broken(format!("answered {}, and the facilitator not asked", answer?.status));
    }
    let selling = async {
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(channel.buy(50).await?);
        }
        Ok(answers)
    };
    let (topped_up, answers) = try_join(topping_up, selling).await?;
    bed.unscript();
    managed(&topped_up)?;
    let mut sold = 1 + sold(&answers, &channel);
    while sold <= 5 {
        let answer = channel.buy(50).await?;
        if !answer.body.contains(channel.offer.content()) {
            break;
        }
        sold += 1;
    }
    if sold != 5 {
        return broken(format!("{sold} units were sold for 5"));
    }
    delivered(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
    channel.stands(DEPOSIT + 500, DEPOSIT + 500, &[]).await
}

/// Eight copies of one opening, and settlement is slow enough for all to arrive
/// while the first is settled.
///
/// > The contract MUST revert if a channel with the computed `channelId` already
/// > exists.
/// > — draft-evm-session-00, "open"
#[check(must, needs(Session), killed_by(ForgetsReopenedChannels))]
async fn of_eight_openings_at_once_one_channel_comes(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let credential = proposal.sign()?;
    bed.script(Script::Slowly(SETTLEMENT));
    let barrier = Barrier::new(8);
    let copies = (0..8).map(|_| async {
        barrier.wait().await;
        present(bed, &offer, &credential).await
    });
    let answers = try_join_all(copies).await?;
    bed.unscript();
    if answers.iter().all(|answer| managed(answer).is_err()) {
        return broken("none of eight copies opened the channel");
    }
    let channel = Channel::of(bed, offer, &proposal);
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}
