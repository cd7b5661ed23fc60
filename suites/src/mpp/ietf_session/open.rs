//! Opening a channel that the payer opened on chain: nothing is believed but
//! the escrow.

use alloy::signers::local::PrivateKeySigner;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use serde_json::{Value, json};

use super::judge::{not_sold, receipt_json, refused_by_a_seller_that_stands};
use super::payer;
use crate::mpp::buyer;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{delivered, managed, refused_as, status_is, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal, if_served};

async fn offer(bed: &Bed) -> Result<Mounted, Broken> {
    bed.offer(Offer::ietf_session(100)).await
}

async fn presented(bed: &Bed, offer: &Mounted, proposal: &Proposal) -> Result<Answer, Broken> {
    let hash = proposal.broadcast(bed).await?;
    buyer::present(bed, offer, &proposal.with_hash(hash)?).await
}

/// > Verify the transaction successfully caused `open()` to be executed on the
/// > expected escrow
/// > — draft-evm-session-00, "Open Verification"
#[check(must, control, profile(Ietf), needs(IetfSession), killed_by(AcknowledgesNothing))]
async fn a_channel_the_payer_opened_is_taken(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(100)).await?;
    receipt_json(&channel.buy(100).await?)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > When `type="hash"`, the `source` field in the credential structure is
/// > REQUIRED.
/// > — draft-evm-session-00, "Open Payload (feePayer: false)"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(NeedsNoSource))]
async fn an_opening_without_a_source_is_malformed(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?.with(|proposal| proposal.source = None);
    let answer = presented(bed, &offer, &proposal).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 400)
}

/// > The initial voucher (with `cumulativeAmount` typically `"0"`) is REQUIRED so
/// > that the server holds a signed voucher from the start of the session.
/// > — draft-evm-session-00, "Open Payload (feePayer: false)"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(LetsTheFirstVoucherBeAbsent))]
async fn an_opening_without_a_voucher_is_malformed(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let mut credential = proposal.with_hash(hash)?;
    if let Some(payload) = credential["payload"].as_object_mut() {
        payload.remove("signature");
    }
    let answer = buyer::present(bed, &offer, &credential).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 400)
}

/// > Verify the initial voucher signature
/// > — draft-evm-session-00, "Open Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(OverlooksTheFirstVoucher, IgnoresVoucherSignatures, AnswersBadVouchersWith400)
)]
async fn an_opening_whose_voucher_somebody_else_signed_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let stranger = PrivateKeySigner::random();
    let proposal =
        Proposal::of(bed, &offer).await?.with(|proposal| proposal.voucher_key = stranger);
    let answer = presented(bed, &offer, &proposal).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 402)
}

/// > Verify `cumulativeAmount <= channel.deposit`
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(OverlooksTheFirstVoucher, TakesVouchersPastTheDeposit, GivesNoReason)
)]
async fn an_opening_whose_voucher_exceeds_the_deposit_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let proposal = proposal.with(|proposal| proposal.cumulative = BaseUnits::new(DEPOSIT + 1));
    let answer = presented(bed, &offer, &proposal).await?;
    refused_as(&answer, &offer, 402, "session/amount-exceeds-deposit")
}

/// > a reverted `0x0` MUST be rejected immediately, not awaited
/// > — draft-evm-session-00, "Open Verification"
/// > 409 Conflict | A submitted/verified on-chain transaction reverted
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(AsksToPayForReverts, BreaksDownOnReverts)
)]
async fn an_opening_that_reverted_is_a_conflict(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let (chain, escrow) = (&bed.testbed().chain, bed.testbed().chain.escrow().contract);
    let receipt = chain.transact_in_vain(bed.payer(), escrow, proposal.call()).await?;
    let credential = proposal.with_hash(receipt.transaction_hash)?;
    let answer = buyer::present(bed, &offer, &credential).await?;
    refused_as(&answer, &offer, 409, "session/transaction-reverted")
}

/// > No receipt yet (not mined): distinct from a revert; the server MAY await or
/// > retry up to a bounded timeout.
/// > — draft-evm-session-00, "Transaction Outcome Checks"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(TakesAnyHashForAnOpening))]
async fn an_opening_by_a_transaction_that_is_not_mined_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    proposal.broadcast(bed).await?;
    let (chain, escrow) = (&bed.testbed().chain, bed.testbed().chain.escrow().contract);
    let pending = chain.leave_pending(bed.payer(), escrow, proposal.call()).await?;
    match buyer::present(bed, &offer, &proposal.with_hash(pending)?).await {
        // It may await the block, for longer than we wait.
        Err(Broken::Late(reason)) => Err(Broken::Undecided(reason)),
        answer => refused_by_a_seller_that_stands(&answer?, &offer),
    }
}

/// > Verify that this execution created or initialized the specific
/// > `payload.channelId`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(TakesAnyHashForAnOpening))]
async fn an_opening_by_the_transaction_of_another_channel_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let (first, second) = (Proposal::of(bed, &offer).await?, Proposal::of(bed, &offer).await?);
    let hash = first.broadcast(bed).await?;
    second.broadcast(bed).await?;
    let answer = buyer::present(bed, &offer, &second.with_hash(hash)?).await?;
    refused_by_a_seller_that_stands(&answer, &offer)
}

/// > `channel.payee` matches server's address
/// > — draft-evm-session-00, "Open Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(OverlooksThePayee))]
async fn a_channel_to_another_payee_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let stranger = bed.stranger();
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |terms| terms.payee = stranger);
    let answer = presented(bed, &offer, &proposal).await?;
    refused_by_a_seller_that_stands(&answer, &offer)
}

/// > `channel.token` matches `request.currency`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(OverlooksTheToken))]
async fn a_channel_in_another_token_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let other = bed.testbed().chain.other_token().domain.contract;
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |terms| terms.token = other);
    let answer = presented(bed, &offer, &proposal).await?;
    refused_by_a_seller_that_stands(&answer, &offer)
}

/// > `channel.deposit - channel.settled >= amount`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(OverlooksTheDeposit))]
async fn a_deposit_below_the_price_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let proposal = proposal.with(|proposal| proposal.receive.value = BaseUnits::new(99));
    let answer = presented(bed, &offer, &proposal).await?;
    refused_by_a_seller_that_stands(&answer, &offer)
}

/// > `channel.closeRequestedAt == 0` (no pending close)
/// > — draft-evm-session-00, "Open Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(OpensChannelsAboutToClose))]
async fn a_channel_whose_payer_is_leaving_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    Channel::of(bed, offer.clone(), &proposal).request_close().await?;
    let answer = buyer::present(bed, &offer, &proposal.with_hash(hash)?).await?;
    refused_by_a_seller_that_stands(&answer, &offer)
}

/// > Servers MUST verify the contract's grace period meets this minimum before
/// > accepting channels on that contract
/// > — draft-evm-session-00, "Forced Close"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(OverlooksTheGracePeriod))]
async fn a_channel_in_a_hasty_escrow_is_refused(bed: &Bed) -> Outcome {
    let offer = if_served(bed, Offer::ietf_session(100).in_hasty_escrow()).await?;
    let answer = presented(bed, &offer, &Proposal::of(bed, &offer).await?).await?;
    refused_by_a_seller_that_stands(&answer, &offer)
}

/// > Channel is not finalized
/// > — draft-evm-session-00, "Open Verification"
/// > 410 Gone | Channel finalized or not found
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(TakesEndedChannelsForUnknown, AsksToPayOnEndedChannels)
)]
async fn a_channel_that_has_ended_is_gone(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    payer::ended_elsewhere(bed, &Channel::of(bed, offer.clone(), &proposal)).await?;
    let answer = buyer::present(bed, &offer, &proposal.with_hash(hash)?).await?;
    refused_as(&answer, &offer, 410, "session/channel-finalized")
}

/// An opening presented twice leaves what was sold as it is.
///
/// > monotonically increasing
/// > — draft-evm-session-00, "Server-Side Accounting"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(StartsOpenChannelsAnew, CountsReplaysAsNew, SellsOnCredit, SellsNothingForVouchers)
)]
async fn an_opening_presented_again_makes_no_voucher_good_again(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    managed(&buyer::present(bed, &offer, &proposal.with_hash(hash)?).await?)?;
    let channel = Channel::of(bed, offer.clone(), &proposal);
    delivered(&channel.buy(100).await?, &offer)?;
    let again = buyer::challenge(bed, &offer).await?;
    let again = proposal.with(|proposal| proposal.challenge = again);
    buyer::present(bed, &offer, &again.with_hash(hash)?).await?;
    not_sold(&channel.buy(100).await?, &offer)
}

/// > Malformed payload or missing fields
/// > — draft-evm-session-00, "Error Responses"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(AsksToPayForMalformedPayloads))]
#[case(no_channel, "channelId", None)]
#[case(a_short_channel, "channelId", Some(json!("0xc1")))]
#[case(no_salt, "salt", None)]
#[case(no_amount, "cumulativeAmount", None)]
#[case(an_amount_as_a_number, "cumulativeAmount", Some(json!(0)))]
#[case(no_hash, "hash", None)]
#[case(no_type, "type", None)]
#[case(an_unknown_type, "type", Some(json!("cheque")))]
async fn an_opening_is_malformed_with(bed: &Bed, member: &str, value: Option<Value>) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let mut credential = proposal.with_hash(hash)?;
    if let Some(payload) = credential["payload"].as_object_mut() {
        payload.remove(member);
        payload.extend(value.map(|value| (member.to_owned(), value)));
    }
    let answer = buyer::present(bed, &offer, &credential).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 400)
}
