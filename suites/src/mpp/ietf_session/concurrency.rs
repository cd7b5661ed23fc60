//! Many vouchers at once: whatever the order, what is sold is what vouchers
//! allow.

use conform402_runner::{Bed, Offer, Outcome, check};

use super::payer;
use crate::mpp::crowd::{AT_ONCE, at_once, just_paid_for, sold};
use crate::mpp::judge::{delivered, managed};

/// > Servers MUST ensure that voucher acceptance and balance deduction are
/// > serialized per channel to prevent race conditions.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(must, control, profile(Ietf), needs(IetfSession), killed_by(SellsNothingForVouchers))]
async fn one_voucher_at_a_time_buys(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(10)).await?;
    delivered(&channel.buy(10).await?, &channel.offer)
}

/// One voucher of eight prices, presented 64 times at once, buys eight times.
///
/// > Servers MUST ensure that voucher acceptance and balance deduction are
/// > serialized per channel to prevent race conditions.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(
        CountsAfterItSold,
        SellsOnCredit,
        CountsReplaysAsNew,
        RefusesReplays,
        ClosesNothingAtAll
    )
)]
async fn of_64_copies_of_a_voucher_as_many_buy_as_it_pays_for(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(10)).await?;
    let answers = at_once(&channel, |_| 80).await?;
    just_paid_for(sold(&answers, &channel), 8, &answers)?;
    managed(&channel.close(80).await?)?;
    channel.stands(80, 0, &[(channel.payee(), 80)]).await
}

/// 64 vouchers, each one price above the other: in whichever order they arrive,
/// all of them buy, for one that allows no more than those before still finds
/// what they left.
///
/// > Only vouchers with `cumulativeAmount > highestVoucherAmount` proceed to the
/// > monotonicity and balance checks
/// > — draft-evm-session-00, "Idempotency"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(
        CountsAfterItSold,
        SellsOnCredit,
        CountsReplaysAsNew,
        RefusesReplays,
        ClosesNothingAtAll
    )
)]
async fn of_64_rising_vouchers_the_highest_counts(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(10)).await?;
    let answers = at_once(&channel, |index| 10 * (index + 1)).await?;
    let mut sold = sold(&answers, &channel);
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
