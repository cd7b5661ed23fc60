//! Splits of a charge: shares for others, each its own authorization.

use alloy::primitives::Bytes;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::sa::SaCode;

use crate::mpp::buyer::{Payment, challenge, present};
use crate::mpp::judge::{broken, buys, refused_for};

/// > the client signs a separate EIP-3009 for each split (auto-populated in
/// > payload.authorization.splits[])
/// > — OKX Node SDK Reference (seed 002), "Splits"
#[check(must, control, needs(ChargeSplits), killed_by(WithholdsPaidContent))]
async fn three_splits_are_paid_to_the_unit(bed: &Bed) -> Outcome {
    pays(bed, &[30, 20, 7]).await
}

/// > total split amount must be strictly less than `amount` (leave the main
/// > recipient at least 1 base unit), max 10 splits
/// > — OKX Node SDK Reference (seed 002), "Splits"
#[check(must, needs(ChargeSplits))]
#[case(one, killed_by(ForgetsALoneSplit), &[30])]
#[case(ten, killed_by(SharesAmongFiveAtMost, ReadsSmallCredentialsOnly), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])]
#[case(all_but_one_unit, killed_by(ForgetsALoneSplit), &[99])]
async fn the_limits_are_paid(bed: &Bed, splits: &[u64]) -> Outcome {
    pays(bed, splits).await
}

async fn pays(bed: &Bed, splits: &[u64]) -> Outcome {
    buys(bed, Offer::charge(100).split(splits)).await
}

/// > splits: [ { amount: '30', recipient: '0x...', memo: 'partner-a' },
/// > — OKX Node SDK Reference (seed 002), "Splits"
/// > A splits element is shaped like {"amount": "20", "recipient": "0x...",
/// > "memo": "partner-a"}.
/// > — OKX Python SDK Reference (seed 000), "charge() low-level API"
#[check(must, needs(ChargeSplits), killed_by(DropsTheMemo))]
async fn the_challenge_lists_every_split(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).split(&[30, 20])).await?;
    let request = challenge(bed, &offer).await?.request.decode();
    let request = request.map_err(|error| Broken::promise(error.to_string()))?;
    let listed = serde_json::from_value(request["methodDetails"]["splits"].clone());
    match listed {
        Ok(listed) if offer.splits() == <Vec<_> as AsRef<[_]>>::as_ref(&listed) => Ok(()),
        _ => broken(format!("`methodDetails.splits` is {}", request["methodDetails"]["splits"])),
    }
}

/// The seller offers what cannot be paid. It may refuse to, or ask for it in
/// vain; money must not move either way.
///
/// > total split amount must be strictly less than `amount` (leave the main
/// > recipient at least 1 base unit), max 10 splits … SA API enforces this
/// > (violations → 70005 / 70006).
/// > — OKX Node SDK Reference (seed 002), "Splits"
#[check(must, needs(ChargeSplits), killed_by(DeliversOnSaRefusal))]
#[case(whose_sum_is_the_amount, &[60, 40], SaCode::SplitSum)]
#[case(whose_sum_exceeds_the_amount, &[60, 41], SaCode::SplitSum)]
#[case(of_which_one_is_zero, &[30, 0], SaCode::InvalidParameter)]
#[case(that_are_eleven, &[1; 11], SaCode::SplitCount)]
async fn no_money_moves_for_splits(bed: &Bed, splits: &[u64], code: SaCode) -> Outcome {
    let Ok(offer) = bed.try_offer(Offer::charge(100).split(splits)).await? else {
        return bed.nothing_moved().await;
    };
    // A seller that refuses only when asked gives no challenge.
    let Ok(payment) = Payment::of(bed, &offer).await else { return bed.nothing_moved().await };
    let answer = present(bed, &offer, &payment.sign()?).await?;
    refused_for(bed, code, &answer, &offer).await
}

async fn refuses(bed: &Bed, change: impl FnOnce(&mut Payment)) -> Outcome {
    let offer = bed.offer(Offer::charge(100).split(&[30, 20, 7])).await?;
    let payment = Payment::of(bed, &offer).await?.with(change);
    let answer = present(bed, &offer, &payment.sign()?).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// > Verify the payment recipient matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
/// > the client signs a separate EIP-3009 for each split
/// > — OKX Node SDK Reference (seed 002), "Splits"
#[check(must, needs(ChargeSplits), killed_by(DeliversOnSaRefusal))]
#[case(missing, |payment| { payment.splits.pop(); })]
#[case(reordered, killed_by(SortsSplits), |payment| payment.splits.reverse())]
#[case(repriced_lower, |payment| payment.splits[1].value = BaseUnits::new(19))]
#[case(repriced_higher, |payment| payment.splits[1].value = BaseUnits::new(21))]
#[case(sent_to_the_recipient, |payment| payment.splits[0].to = payment.primary.to)]
#[case(under_the_nonce_of_another, |payment| payment.splits[1].nonce = payment.splits[0].nonce)]
#[case(past_its_time, |payment| payment.splits[2].valid_before = 1)]
async fn a_split_is_refused(bed: &Bed, change: fn(&mut Payment)) -> Outcome {
    refuses(bed, change).await
}

/// > splits: … max 10 splits; the client signs a separate EIP-3009 for each
/// > split
/// > — OKX Node SDK Reference (seed 002), "Splits"
#[check(must, needs(ChargeSplits), killed_by(DeliversOnSaRefusal, DropsExtraSplits))]
async fn an_added_split_is_refused(bed: &Bed) -> Outcome {
    let (stranger, nonce) = (bed.stranger(), bed.nonce());
    refuses(bed, |payment| {
        let mut added = payment.splits[0].clone();
        (added.to, added.nonce) = (stranger, nonce);
        payment.splits.push(added);
    })
    .await
}

/// > Verify the payment recipient matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(ChargeSplits), killed_by(DeliversOnSaRefusal))]
async fn a_split_for_somebody_else_is_refused(bed: &Bed) -> Outcome {
    let stranger = bed.stranger();
    refuses(bed, |payment| payment.splits[0].to = stranger).await
}

/// > splits: … (leave the main recipient at least 1 base unit)
/// > — OKX Node SDK Reference (seed 002), "Splits"
#[check(must, needs(ChargeSplits), killed_by(DeliversOnSaRefusal))]
#[case(the_whole_amount, 100)]
#[case(a_unit_less, 42)]
async fn the_recipient_is_not_paid(bed: &Bed, value: u64) -> Outcome {
    refuses(bed, |payment| payment.primary.value = BaseUnits::new(value)).await
}

/// > SA API enforces this
/// > — OKX Node SDK Reference (seed 002), "Splits"
/// > Either the full resource is provided (payment succeeded) or access is
/// > denied (payment failed).
/// > — draft-payment-intent-charge-00, "Atomicity"
#[check(must, needs(ChargeSplits), killed_by(DeliversOnSaRefusal))]
#[case(first, 0)]
#[case(last, 2)]
async fn one_bad_signature_moves_nothing(bed: &Bed, bad: usize) -> Outcome {
    let offer = bed.offer(Offer::charge(100).split(&[30, 20, 7])).await?;
    let payment = Payment::of(bed, &offer).await?;
    let mut signed = payment.authorization()?;
    let mut signature = signed.splits[bad].signature.to_vec();
    signature[40] ^= 1;
    signed.splits[bad].signature = Bytes::from(signature);
    let answer = present(bed, &offer, &payment.carrying(signed)?).await?;
    refused_for(bed, SaCode::InvalidSignature, &answer, &offer).await
}
