//! Vouchers: who signed them is asked first, and only what is new counts.

use alloy::primitives::{Address, U256};
use alloy::signers::local::PrivateKeySigner;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::session::channel::{ChannelId, Escrow};
use conform402_wire::session::{SessionPayload, SignedVoucher};
use conform402_wire::signature::with_high_s;
use serde_json::{Value, json};

use super::judge::{balance_is, not_sold};
use super::payer;
use crate::mpp::buyer::ours;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{delivered, managed, not_broken_down, refused_as, status_is, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal, if_served};

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    payer::open(bed, Offer::ietf_session(100)).await
}

/// > Voucher acceptance: Verify and persist new `acceptedCumulative`
/// > — draft-evm-session-00, "Per-Request Processing"
#[check(must, control, profile(Ietf), needs(IetfSession), killed_by(SellsNothingForVouchers))]
async fn a_voucher_buys(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// What is charged is what was advertised: three prices buy thrice, and not
/// four times.
///
/// > Balance check: If `available < cost`, return 402
/// > — draft-evm-session-00, "Per-Request Processing"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(SellsOnCredit, CountsReplaysAsNew, RefusesReplays)
)]
async fn a_voucher_of_three_prices_buys_thrice(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    for _ in 0..3 {
        delivered(&channel.buy(300).await?, &channel.offer)?;
    }
    not_sold(&channel.buy(300).await?, &channel.offer)
}

/// > Insufficient authorized balance
/// > — draft-evm-session-00, "Error Responses"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(SellsOnCredit, GivesNoReason))]
async fn a_voucher_below_the_price_is_not_enough(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    refused_as(&channel.buy(99).await?, &channel.offer, 402, "session/insufficient-balance")
}

/// > For voucher-only updates (no response body needed), clients MAY use `HEAD`
/// > requests.
/// > — draft-evm-session-00, "Voucher Submission Transport"
#[check(
    should,
    profile(Ietf),
    needs(IetfSession),
    killed_by(KnowsNoHead, AcknowledgesNothing, TellsNoBalance, ChargesForAHead)
)]
async fn a_head_allows_more_without_buying(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    let answer = payer::allow(bed, &channel, 300).await?;
    status_is(&answer, 200)?;
    balance_is(&answer, 300, 100)
}

/// A HEAD asks for nothing, so it is charged for nothing.
///
/// > `spent` | uint128 | Cumulative amount charged for delivered service
/// > — draft-evm-session-00, "Server-Side Accounting"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(ChargesForAHead, RefusesReplays))]
async fn a_head_costs_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    payer::allow(bed, &channel, 100).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// > If `cumulativeAmount == highestVoucherAmount`, the server MUST return `200
/// > OK` without changing state.
/// > — draft-evm-session-00, "Idempotency"
/// > If `cumulativeAmount < highestVoucherAmount`, the server MUST return `200
/// > OK` without changing state.
/// > — draft-evm-session-00, "Idempotency"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(RefusesReplays, CountsReplaysAsNew, SellsOnCredit)
)]
#[case(equal, 300)]
#[case(lower, 200)]
#[case(zero, killed_by(LowersWhatWasAccepted), 0)]
async fn a_voucher_of_no_new_amount_changes_nothing(bed: &Bed, cumulative: u64) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    let replayed = channel.buy(cumulative).await?;
    status_is(&replayed, 200)?;
    // Whether it buys of what is left, the draft does not say.
    let bought = u64::from(replayed.body.contains(channel.offer.content()));
    for _ in 0..2 - bought {
        delivered(&channel.buy(300).await?, &channel.offer)?;
    }
    not_sold(&channel.buy(300).await?, &channel.offer)
}

/// > If `cumulativeAmount < highestVoucherAmount`, the server MUST return `200
/// > OK` without changing state.
/// > — draft-evm-session-00, "Idempotency"
#[check(
    should,
    profile(Ietf),
    needs(IetfSession),
    killed_by(
        RefusesReplays,
        KnowsNoHead,
        AcknowledgesNothing,
        ChargesForAHead,
        CountsReplaysAsNew,
        TellsNoBalance
    )
)]
#[case(lower, killed_by(LowersWhatWasAccepted), 200)]
#[case(zero, killed_by(LowersWhatWasAccepted), 0)]
async fn a_lower_voucher_takes_nothing_back(bed: &Bed, cumulative: u64) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    let answer = payer::allow(bed, &channel, cumulative).await?;
    status_is(&answer, 200)?;
    balance_is(&answer, 300, 100)
}

/// > If signature verification fails, the server MUST return an error response
/// > per error-responses, regardless of how `cumulativeAmount` compares to
/// > `highestVoucherAmount`.
/// > — draft-evm-session-00, "Idempotency"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(AnswersReplaysBeforeItLooks, IgnoresVoucherSignatures, AnswersBadVouchersWith400)
)]
#[case(equal, 300)]
#[case(lower, 200)]
async fn a_forged_voucher_of_no_new_amount_is_refused(bed: &Bed, cumulative: u64) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    let forged = channel.voucher(cumulative).sign(&channel.escrow, &PrivateKeySigner::random());
    let answer = channel.present(SessionPayload::Voucher(forged.map_err(ours)?)).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 402)
}

/// > `https://paymentauth.org/problems/session/signer-mismatch` | Signer not
/// > authorized
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(IgnoresVoucherSignatures, AnswersBadVouchersWith400, GivesNoReason)
)]
async fn a_voucher_of_another_signer_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let forged = channel.voucher(100).sign(&channel.escrow, &PrivateKeySigner::random());
    let answer = channel.present(SessionPayload::Voucher(forged.map_err(ours)?)).await?;
    refused_as(&answer, &channel.offer, 402, "session/signer-mismatch")
}

/// > Verify signature uses canonical low-s values
/// > — draft-evm-session-00, "Voucher Verification"
/// > `https://paymentauth.org/problems/session/invalid-signature` | Voucher
/// > signature invalid
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(
        IgnoresVoucherSignatures,
        AcceptsHighSVouchers,
        AnswersBadVouchersWith400,
        GivesNoReason
    )
)]
async fn a_voucher_with_a_high_s_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let voucher = channel.signed(100)?;
    let signature = with_high_s(&voucher.signature);
    let answer =
        channel.present(SessionPayload::Voucher(SignedVoucher { signature, ..voucher })).await?;
    refused_as(&answer, &channel.offer, 402, "session/invalid-signature")
}

/// > Verify voucher signature using EIP-712 recovery
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(IgnoresVoucherSignatures, AnswersBadVouchersWith400)
)]
#[case(another_chain, killed_by(IgnoresTheVouchersChain), |escrow, _| escrow.chain_id += 1)]
#[case(another_escrow, killed_by(IgnoresTheVouchersEscrow), |escrow, token| escrow.contract = token)]
async fn a_voucher_is_refused_for(bed: &Bed, change: fn(&mut Escrow, Address)) -> Outcome {
    let channel = session(bed).await?;
    let mut elsewhere = channel.escrow;
    change(&mut elsewhere, channel.terms.token);
    let voucher = channel.voucher(100).sign(&elsewhere, &channel.key).map_err(ours)?;
    let answer = channel.present(SessionPayload::Voucher(voucher)).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 402)
}

/// A channel whose vouchers a contract signs.
async fn session_of_a_contract(bed: &Bed) -> Result<Channel<'_>, Broken> {
    let offer = bed.offer(Offer::ietf_session(100)).await?;
    let owner = PrivateKeySigner::random();
    let wallet = bed.testbed().chain.smart_wallet(owner.address()).await?;
    let proposal = Proposal::of(bed, &offer)
        .await?
        .on(bed, |terms| terms.authorized_signer = wallet)
        .with(|proposal| proposal.voucher_key = owner);
    payer::opened_by(bed, offer, &proposal).await
}

/// > For ERC-1271 contract wallets, verify via `isValidSignature`.
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(ClosesNothingAtAll, OverlooksTheDelegateOnChain, KnowsNoContractSigners)
)]
async fn a_contract_signs_vouchers(bed: &Bed) -> Outcome {
    let channel = session_of_a_contract(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    managed(&channel.close(100).await?)?;
    channel.stands(100, 0, &[(channel.payee(), 100)]).await
}

/// > For ERC-1271 contract wallets, verify via `isValidSignature`.
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(
        OverlooksTheDelegateOnChain,
        AsksNoContractSigners,
        IgnoresVoucherSignatures,
        KnowsNoContractSigners,
        AnswersBadVouchersWith400
    )
)]
async fn a_voucher_that_a_contract_disowns_is_refused(bed: &Bed) -> Outcome {
    let channel = session_of_a_contract(bed).await?;
    let forged = channel.voucher(100).sign(&channel.escrow, &PrivateKeySigner::random());
    let answer = channel.present(SessionPayload::Voucher(forged.map_err(ours)?)).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 402)
}

/// A merchant sells for two tokens, of which one may be worth little: what a
/// channel in the one has available is no balance in the other.
///
/// > Balance check: If `available < cost`, return 402
/// > — draft-evm-session-00, "Per-Request Processing"
/// > `channel.token` matches `request.currency`
/// > — draft-evm-session-00, "Open Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(SharesChannelsAmongPayees, OverlooksTheChannelsToken)
)]
async fn a_voucher_on_a_channel_in_another_token_buys_nothing(bed: &Bed) -> Outcome {
    let cheap = if_served(bed, Offer::ietf_session(100).in_other_token()).await?;
    let dear = bed.offer(Offer::ietf_session(100).paid_to(&cheap)).await?;
    let proposal = Proposal::of(bed, &cheap).await?;
    let channel = payer::opened_by(bed, cheap, &proposal).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    let voucher = SessionPayload::Voucher(channel.signed(200)?);
    withheld(&channel.present_at(&dear, voucher).await?, &dear)
}

/// > `(cumulativeAmount - highestVoucherAmount) >= minVoucherDelta`
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(TakesAnyAddition, GivesNoReason))]
async fn a_voucher_that_adds_too_little_is_refused(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(100).with_min_delta(150)).await?;
    delivered(&channel.buy(200).await?, &channel.offer)?;
    refused_as(&channel.buy(349).await?, &channel.offer, 402, "session/delta-too-small")
}

/// > `(cumulativeAmount - highestVoucherAmount) >= minVoucherDelta`
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(AsksForMoreThanTheDelta))]
async fn a_voucher_that_adds_just_enough_is_taken(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(100).with_min_delta(150)).await?;
    delivered(&channel.buy(150).await?, &channel.offer)?;
    delivered(&channel.buy(300).await?, &channel.offer)
}

/// > Verify `cumulativeAmount <= channel.deposit`
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(TakesVouchersPastTheDeposit, GivesNoReason)
)]
#[case(by_one, BaseUnits::new(DEPOSIT + 1))]
#[case(by_far, BaseUnits(U256::from(u128::MAX)))]
async fn a_voucher_past_the_deposit_is_refused(bed: &Bed, cumulative: BaseUnits) -> Outcome {
    let channel = session(bed).await?;
    let mut voucher = channel.voucher(0);
    voucher.cumulative = cumulative;
    let voucher = voucher.sign(&channel.escrow, &channel.key).map_err(ours)?;
    let answer = channel.present(SessionPayload::Voucher(voucher)).await?;
    refused_as(&answer, &channel.offer, 402, "session/amount-exceeds-deposit")
}

/// What is signed is what the low 128 bits say: a seller that drops the high ones
/// sells.
///
/// > Vouchers exceeding this MUST be rejected.
/// > — draft-evm-session-00, "Cumulative Semantics"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(CrashesOnLargeVouchers, WrapsLargeAmounts)
)]
async fn a_voucher_past_128_bits_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut payload = json!(SessionPayload::Voucher(channel.signed(100)?));
    payload["cumulativeAmount"] = json!("340282366920938463463374607431768211556");
    let answer = channel.present(payload).await?;
    withheld(&answer, &channel.offer)?;
    not_broken_down(&answer)
}

/// > Verify `cumulativeAmount <= channel.deposit`
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(KeepsTheLastUnitBack))]
async fn the_whole_deposit_can_be_spent(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(DEPOSIT).await?, &channel.offer)
}

/// > Verify `channel.closeRequestedAt == 0` (no pending close). Reject vouchers
/// > on channels with a pending forced close.
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(SellsToLeavingPayers))]
async fn a_voucher_of_a_leaving_payer_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.request_close().await?;
    withheld(&channel.buy(200).await?, &channel.offer)
}

/// > 410 Gone | Channel finalized or not found
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(OverlooksEndingsOnChain, GoesOnAfterClosing, FindsClosedChannelsAtARestart)
)]
async fn a_voucher_on_a_channel_that_ended_elsewhere_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    payer::ended_elsewhere(bed, &channel).await?;
    let answer = channel.buy(100).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 410)
}

/// > `https://paymentauth.org/problems/session/channel-not-found` | No channel
/// > with this ID
/// > — draft-evm-session-00, "Error Responses"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(AsksToPayOnEndedChannels))]
async fn a_voucher_on_an_unknown_channel_finds_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut voucher = channel.voucher(100);
    voucher.channel = ChannelId(bed.nonce());
    let voucher = voucher.sign(&channel.escrow, &channel.key).map_err(ours)?;
    let answer = channel.present(SessionPayload::Voucher(voucher)).await?;
    refused_as(&answer, &channel.offer, 410, "session/channel-not-found")
}

/// > Malformed payload or missing fields
/// > — draft-evm-session-00, "Error Responses"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(AsksToPayForMalformedPayloads))]
#[case(no_action, "action", None)]
#[case(an_unknown_action, "action", Some(json!("settle")))]
#[case(no_channel, "channelId", None)]
#[case(a_short_channel, "channelId", Some(json!("0xc1")))]
#[case(no_amount, "cumulativeAmount", None)]
#[case(an_amount_as_a_number, "cumulativeAmount", Some(json!(100)))]
#[case(a_negative_amount, "cumulativeAmount", Some(json!("-1")))]
#[case(an_amount_in_hexadecimal, "cumulativeAmount", Some(json!("0x64")))]
#[case(no_signature, "signature", None)]
#[case(a_signature_of_words, "signature", Some(json!("signed")))]
async fn a_voucher_is_malformed_with(bed: &Bed, member: &str, value: Option<Value>) -> Outcome {
    let channel = session(bed).await?;
    let payload = SessionPayload::Voucher(channel.signed(100)?);
    let mut payload = serde_json::to_value(payload).map_err(ours)?;
    if let Some(members) = payload.as_object_mut() {
        members.remove(member);
        members.extend(value.map(|value| (member.to_owned(), value)));
    }
    let answer = channel.present(payload).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 400)
}
