//! Opening a channel by a transaction the payer broadcast itself.

use conform402_runner::{Bed, Offer, Outcome, check};
use conform402_wire::sa::SaCode;
use conform402_wire::session::Share;

use crate::mpp::buyer::present;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{act_refused_for, delivered, managed, refused_for, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal, if_served};

fn session() -> Offer {
    Offer::session(100).fee_payer(false)
}

/// > Confirms channel open; begins streaming
/// > — draft-evm-session-00, "Payload Actions"
#[check(must, control, needs(SessionHash), killed_by(WithholdsPaidContent))]
async fn a_channel_the_payer_opened_sells(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    managed(&present(bed, &offer, &proposal.with_hash(hash)?).await?)?;
    let channel = Channel::of(bed, offer, &proposal);
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > 70007 | Transaction not on-chain
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn an_unknown_transaction_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let answer = present(bed, &offer, &proposal.with_hash(bed.nonce())?).await?;
    refused_for(bed, SaCode::NotConfirmed, &answer, &offer).await
}

/// > the transaction was mined but **no state changed**
/// > — draft-evm-session-00, "Transaction Outcome Checks"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_reverted_transaction_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let chain = &bed.testbed().chain;
    let call = proposal.call();
    let reverted = chain.transact_in_vain(bed.payer(), offer.escrow().contract, call).await?;
    let answer = present(bed, &offer, &proposal.with_hash(reverted.transaction_hash)?).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// > Verify that this execution created or initialized the specific
/// > `payload.channelId`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn the_opening_of_another_channel_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let opened = Proposal::of(bed, &offer).await?;
    let hash = opened.broadcast(bed).await?;
    let claimed = Proposal::of(bed, &offer).await?;
    let credential = claimed.with_hash(hash)?;
    let presented = present(bed, &offer, &credential);
    act_refused_for(bed, SaCode::InvalidCredential, presented, &offer).await
}

/// > `channel.payee` matches server's address
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_channel_the_payer_opened_to_another_payee_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let stranger = bed.stranger();
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |terms| terms.payee = stranger);
    let hash = proposal.broadcast(bed).await?;
    withheld(&present(bed, &offer, &proposal.with_hash(hash)?).await?, &offer)
}

/// > `channel.token` matches `request.currency`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_channel_the_payer_opened_in_another_token_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let other = bed.testbed().chain.other_token().domain.contract;
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |terms| terms.token = other);
    let hash = proposal.broadcast(bed).await?;
    withheld(&present(bed, &offer, &proposal.with_hash(hash)?).await?, &offer)
}

/// > Servers MUST verify the contract's grace period meets
/// > this minimum before accepting channels on that contract
/// > — draft-evm-session-00, "Forced Close"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_channel_the_payer_opened_in_a_hasty_escrow_is_refused(bed: &Bed) -> Outcome {
    let offer = if_served(bed, session().in_hasty_escrow()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let credential = proposal.with_hash(hash)?;
    let presented = present(bed, &offer, &credential);
    act_refused_for(bed, SaCode::GracePeriod, presented, &offer).await?;
    Channel::of(bed, offer, &proposal).stands(DEPOSIT, DEPOSIT, &[]).await
}

/// A payer that has a share of its own gets back nearly all that it pays.
///
/// > splits?: SessionSplit[] // pro-rata split by bps
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_channel_with_a_share_of_the_payers_own_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let share = Share { recipient: bed.payer().address(), bps: 9_999, memo: None };
    let proposal = Proposal::of(bed, &offer).await?.shared(&[share]);
    let credential = proposal.with_hash(proposal.broadcast(bed).await?)?;
    let presented = present(bed, &offer, &credential);
    act_refused_for(bed, SaCode::InvalidCredential, presented, &offer).await?;
    let channel = Channel::of(bed, offer, &proposal);
    withheld(&channel.buy(100).await?, &channel.offer)
}

/// > splits?: SessionSplit[] // pro-rata split by bps
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(
    must,
    needs(SessionHash, SessionSplits),
    killed_by(CountsRefusedDeposits, ForgetsTheShares)
)]
async fn a_channel_without_the_shares_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(session().shared(&[1_000, 250])).await?;
    let proposal = Proposal::of(bed, &offer).await?.shared(&[]);
    let credential = proposal.with_hash(proposal.broadcast(bed).await?)?;
    let presented = present(bed, &offer, &credential);
    act_refused_for(bed, SaCode::InvalidCredential, presented, &offer).await?;
    let channel = Channel::of(bed, offer, &proposal);
    withheld(&channel.buy(100).await?, &channel.offer)
}

/// > When `type="hash"`, the `source` field in the credential structure is
/// > REQUIRED.
/// > — draft-evm-session-00, "Open Payload (feePayer: false)"
#[check(must, needs(SessionHash), killed_by(GuessesTheSource))]
async fn a_hash_without_a_source_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let unsigned = proposal.with(|proposal| proposal.source = None);
    withheld(&present(bed, &offer, &unsigned.with_hash(hash)?).await?, &offer)
}

/// > Verify the initial voucher signature
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(SessionHash), killed_by(IgnoresVoucherSignatures))]
async fn a_first_voucher_of_a_stranger_opens_nothing(bed: &Bed) -> Outcome {
    let stranger = bed.other_payer().await?.key().clone();
    let offer = bed.offer(session()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let forged = proposal.with(|proposal| proposal.voucher_key = stranger);
    withheld(&present(bed, &offer, &forged.with_hash(hash)?).await?, &offer)
}

/// > Channel is not finalized
/// > — draft-evm-session-00, "Open Verification"
/// > 70014 | Channel in CLOSING state
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_channel_the_payer_is_leaving_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let channel = Channel::of(bed, offer, &proposal);
    channel.request_close().await?;
    let credential = proposal.with_hash(hash)?;
    let presented = channel.present_credential(&credential);
    act_refused_for(bed, SaCode::ChannelClosing, presented, &channel.offer).await
}

/// > feePayer conflicts with hash mode
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(
    must,
    needs(SessionHash, SessionFeePayer),
    killed_by(CountsRefusedDeposits, HidesTheFeePayer)
)]
async fn a_hash_is_refused_where_the_seller_pays_gas(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).fee_payer(true)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let credential = proposal.with_hash(hash)?;
    let presented = present(bed, &offer, &credential);
    act_refused_for(bed, SaCode::InvalidCredential, presented, &offer).await
}

/// > No receipt yet (not mined): distinct from a revert; the server MAY await or
/// > retry up to a bounded timeout.
/// > — draft-evm-session-00, "Transaction Outcome Checks"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_pending_transaction_opens_nothing_yet(bed: &Bed) -> Outcome {
    let offer = bed.offer(session()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let chain = &bed.testbed().chain;
    let call = proposal.call();
    let hash = chain.leave_pending(bed.payer(), offer.escrow().contract, call).await?;
    let answer = present(bed, &offer, &proposal.with_hash(hash)?).await?;
    refused_for(bed, SaCode::NotConfirmed, &answer, &offer).await
}
