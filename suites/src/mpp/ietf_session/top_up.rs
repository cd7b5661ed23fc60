//! Adding to the deposit of an open channel.

use alloy::primitives::U256;
use alloy::sol_types::SolCall as _;
use conform402_chain::Impostor;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::session::ietf::{CredentialType, TopUpWitness};

use super::judge::refused_by_a_seller_that_stands;
use super::payer;
use crate::mpp::buyer::{self, ours};
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{delivered, managed, refused_as, status_is, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal};

const MORE: u64 = 500;

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    payer::open(bed, Offer::ietf_session(100)).await
}

/// A channel that may be added to in this way, too.
async fn funded_by(bed: &Bed, way: CredentialType) -> Result<Channel<'_>, Broken> {
    let ways = [way, CredentialType::Hash];
    payer::open(bed, Offer::ietf_session(100).funded_by(&ways)).await
}

/// So much more is there, and can be bought for.
async fn counts(channel: &Channel<'_>) -> Outcome {
    delivered(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
    channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
}

/// > Verify the txHash shows a successful `topUp()` execution on the expected
/// > escrow
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    control,
    profile(Ietf),
    needs(IetfSession),
    killed_by(ForgetsBroadcastTopUps, SellsNothingForVouchers)
)]
async fn a_top_up_the_payer_broadcast_counts(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let hash = addition.broadcast(&channel).await?;
    managed(&channel.present(payer::broadcast(&addition, hash)).await?)?;
    counts(&channel).await
}

/// > `"authorization"`: `topUpWithAuthorization()`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(must, profile(Ietf), needs(IetfSessionAuthorization), killed_by(OverlooksWhatItToppedUp))]
async fn an_authorization_adds(bed: &Bed) -> Outcome {
    let channel = funded_by(bed, CredentialType::Authorization).await?;
    let addition = Addition::of(&channel, MORE).await?;
    managed(&channel.present(payer::authorized(&addition)?).await?)?;
    counts(&channel).await
}

/// > `"permit2"`: `topUpWithPermit2()`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionPermit2),
    killed_by(OverlooksWhatItToppedUp, KnowsNoPermits)
)]
async fn a_permit_adds(bed: &Bed) -> Outcome {
    payer::approve_permit2(bed).await?;
    let channel = funded_by(bed, CredentialType::Permit2).await?;
    let addition = Addition::of(&channel, MORE).await?;
    managed(&channel.present(payer::permitted(bed, &addition)?).await?)?;
    counts(&channel).await
}

/// > A server MUST reject the credential if the two disagree.
/// > — draft-evm-session-00, "TopUp Payload"
#[check(must, profile(Ietf), needs(IetfSessionAuthorization), killed_by(TakesEitherAmount))]
#[case(more, MORE + 1)]
#[case(less, MORE - 1)]
async fn a_payload_that_claims_another_amount_is_refused(bed: &Bed, claimed: u64) -> Outcome {
    let channel = funded_by(bed, CredentialType::Authorization).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let addition = addition.with(|addition| addition.additional = BaseUnits::new(claimed));
    let answer = channel.present(payer::authorized(&addition)?).await?;
    refused_by_a_seller_that_stands(&answer, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > For `topUp`: `channelId`, which MUST equal the payload `channelId`.
/// > — draft-evm-session-00, "Open Payload (feePayer: true)"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionPermit2),
    killed_by(OverlooksTheWitness, TakesVouchersPastTheDeposit)
)]
async fn a_permit_that_shows_another_channel_is_refused(bed: &Bed) -> Outcome {
    payer::approve_permit2(bed).await?;
    let way = CredentialType::Permit2;
    let (channel, other) = (funded_by(bed, way).await?, funded_by(bed, way).await?);
    let addition = Addition::of(&channel, MORE).await?;
    let witness = TopUpWitness { channel_id: other.id };
    let payload = payer::permitted_with_another_witness(bed, &addition, witness)?;
    let answer = channel.present(payload).await?;
    refused_by_a_seller_that_stands(&answer, &channel.offer)?;
    withheld(&channel.buy(DEPOSIT + MORE).await?, &channel.offer)
}

/// > REQUIRED when `type="authorization"`
/// > — draft-evm-session-00, "TopUp Payload"
#[check(must, profile(Ietf), needs(IetfSessionAuthorization), killed_by(GuessesTheSalt))]
async fn an_authorization_without_its_salt_is_malformed(bed: &Bed) -> Outcome {
    let channel = funded_by(bed, CredentialType::Authorization).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let mut payload = serde_json::to_value(payer::authorized(&addition)?).map_err(ours)?;
    if let Some(members) = payload.as_object_mut() {
        members.remove("salt");
    }
    let answer = channel.present(payload).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 400)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > Verify the channel deposit increased by exactly `payload.additionalDeposit`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(BelievesClaimedTopUps))]
#[case(more, MORE + 1)]
#[case(less, MORE - 1)]
async fn a_broadcast_top_up_of_another_amount_is_refused(bed: &Bed, claimed: u64) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let hash = addition.broadcast(&channel).await?;
    let addition = addition.with(|addition| addition.additional = BaseUnits::new(claimed));
    let answer = channel.present(payer::broadcast(&addition, hash)).await?;
    refused_by_a_seller_that_stands(&answer, &channel.offer)
}

/// > Verify that this execution affected the specific `payload.channelId`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(BelievesClaimedTopUps, TakesVouchersPastTheDeposit)
)]
async fn a_broadcast_top_up_of_another_channel_is_refused(bed: &Bed) -> Outcome {
    let (channel, other) = (session(bed).await?, session(bed).await?);
    let hash = Addition::of(&other, MORE).await?.broadcast(&other).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let answer = channel.present(payer::broadcast(&addition, hash)).await?;
    refused_by_a_seller_that_stands(&answer, &channel.offer)?;
    withheld(&channel.buy(DEPOSIT + MORE).await?, &channel.offer)
}

/// > Verify the txHash shows a successful `topUp()` execution on the expected
/// > escrow
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(ReadsEventsOfAnyContract, BelievesClaimedTopUps, TakesVouchersPastTheDeposit)
)]
async fn a_top_up_that_another_contract_reports_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let chain = &bed.testbed().chain;
    let report = Impostor::topUpCall {
        channelId: channel.id.0,
        payee: channel.terms.payee,
        additionalDeposit: U256::from(MORE),
        newDeposit: U256::from(DEPOSIT + MORE),
    };
    let impostor = chain.impostor().await?;
    let receipt = chain.transact(bed.payer(), impostor, report.abi_encode()).await?;
    let answer = channel.present(payer::broadcast(&addition, receipt.transaction_hash)).await?;
    refused_by_a_seller_that_stands(&answer, &channel.offer)?;
    withheld(&channel.buy(DEPOSIT + MORE).await?, &channel.offer)
}

/// A payer adds to its channel before it shows that it opened it: the escrow then
/// has one deposit to tell of, and the top-up is no news.
///
/// > Query updated channel state
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(BelievesClaimedTopUps, TakesVouchersPastTheDeposit)
)]
async fn a_top_up_that_the_opening_contained_counts_once(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::ietf_session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let opened = proposal.broadcast(bed).await?;
    let channel = Channel::of(bed, offer.clone(), &proposal);
    let addition = Addition::of(&channel, MORE).await?;
    let topped_up = addition.broadcast(&channel).await?;
    managed(&buyer::present(bed, &offer, &proposal.with_hash(opened)?).await?)?;
    channel.present(payer::broadcast(&addition, topped_up)).await?;
    counts(&channel).await?;
    withheld(&channel.buy(DEPOSIT + MORE + 1).await?, &channel.offer)
}

/// > Query updated channel state
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(BelievesClaimedTopUps, TakesVouchersPastTheDeposit)
)]
async fn a_broadcast_top_up_counts_once(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let hash = addition.broadcast(&channel).await?;
    managed(&channel.present(payer::broadcast(&addition, hash)).await?)?;
    channel.present(payer::broadcast(&addition, hash)).await?;
    withheld(&channel.buy(DEPOSIT + MORE + 1).await?, &channel.offer)
}

/// > check `receipt.status` per tx-outcome; reject a reverted `0x0` immediately
/// > — draft-evm-session-00, "TopUp Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(AsksToPayForReverts, BreaksDownOnReverts, BelievesClaimedTopUps)
)]
async fn a_broadcast_top_up_that_reverted_is_a_conflict(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let hash = addition.broadcast_in_vain(&channel).await?;
    let answer = channel.present(payer::broadcast(&addition, hash)).await?;
    refused_as(&answer, &channel.offer, 409, "session/transaction-reverted")
}

/// > 410 Gone | Channel finalized or not found
/// > — draft-evm-session-00, "Error Responses"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(AsksToPayOnEndedChannels))]
async fn a_top_up_of_an_unknown_channel_finds_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let hash = addition.broadcast(&channel).await?;
    let nowhere = conform402_wire::session::channel::ChannelId(bed.nonce());
    let addition = addition.with(|addition| addition.channel = nowhere);
    let answer = channel.present(payer::broadcast(&addition, hash)).await?;
    refused_as(&answer, &channel.offer, 410, "session/channel-not-found")
}
