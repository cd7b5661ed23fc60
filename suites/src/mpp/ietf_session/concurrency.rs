//! Many vouchers at once: whatever the order, what is sold is what vouchers
//! allow.

use conform402_runner::{Bed, Offer, Outcome, check};

use super::payer;
use crate::mpp::crowd::{copies_buy_what_one_pays_for, the_highest_pays_for_all};
use crate::mpp::judge::delivered;

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
    copies_buy_what_one_pays_for(&channel).await
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
    the_highest_pays_for_all(&channel).await
}
