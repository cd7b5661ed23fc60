//! A voucher that brings its deposit along.

use alloy::signers::local::PrivateKeySigner;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::session::ietf::CredentialType;

use super::judge::refused_by_a_seller_that_stands;
use super::payer;
use crate::mpp::buyer;
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{delivered, status_is, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal};

const MORE: u64 = 500;

fn offer() -> Offer {
    Offer::ietf_session(100).funded_by(&[CredentialType::Authorization, CredentialType::Hash])
}

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    payer::open(bed, offer()).await
}

/// > When `deposit` is present, the server processes the deposit first by calling
/// > the matching escrow function
/// > — draft-evm-session-00, "Voucher Payload"
#[check(
    must,
    control,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(OverlooksWhatItToppedUp, SellsNothingForVouchers)
)]
async fn a_voucher_with_a_top_up_buys_for_it(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let voucher = channel.signed(DEPOSIT + 100)?;
    let answer = channel.present(payer::with_top_up(voucher, &addition)?).await?;
    delivered(&answer, &channel.offer)?;
    channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
}

/// > Despite using `action="voucher"` in the payload, the server creates the
/// > channel as part of processing.
/// > — draft-evm-session-00, "Voucher Payload"
#[check(must, profile(Ietf), needs(IetfSessionAuthorization), killed_by(OpensByOpeningOnly))]
async fn a_voucher_with_an_opening_buys_at_once(bed: &Bed) -> Outcome {
    let offer = bed.offer(offer()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let proposal = proposal.with(|proposal| proposal.cumulative = BaseUnits::new(100));
    let credential = proposal.credential(payer::with_opening(&proposal)?)?;
    delivered(&buyer::present(bed, &offer, &credential).await?, &offer)?;
    Channel::of(bed, offer, &proposal).stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > If the deposit fails, the server MUST reject the entire credential.
/// > — draft-evm-session-00, "Voucher Payload"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(ForgivesFailingDeposits, BreaksDownOnReverts)
)]
async fn a_voucher_whose_deposit_fails_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let stranger = PrivateKeySigner::random();
    let addition = Addition::of(&channel, MORE).await?.with(|addition| addition.key = stranger);
    let answer = channel.present(payer::with_top_up(channel.signed(100)?, &addition)?).await?;
    refused_by_a_seller_that_stands(&answer, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > then validates and accepts the voucher
/// > — draft-evm-session-00, "Voucher Payload"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(OverlooksTheFirstVoucher, ForgivesFailingDeposits, OpensByOpeningOnly)
)]
#[case(
    that_somebody_else_signed,
    killed_by(IgnoresVoucherSignatures, AnswersBadVouchersWith400),
    |proposal| proposal.voucher_key = PrivateKeySigner::random()
)]
#[case(
    past_its_deposit,
    killed_by(TakesVouchersPastTheDeposit),
    |proposal| proposal.cumulative = BaseUnits::new(DEPOSIT + 1)
)]
async fn an_opening_makes_no_voucher_good(bed: &Bed, change: fn(&mut Proposal)) -> Outcome {
    let offer = bed.offer(offer()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let proposal = proposal.with(|proposal| proposal.cumulative = BaseUnits::new(100)).with(change);
    let credential = proposal.credential(payer::with_opening(&proposal)?)?;
    let answer = buyer::present(bed, &offer, &credential).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 402)
}

/// > For already-existing channels, `deposit.action` MUST be `"topUp"`. The
/// > escrow contract will revert if `open` is called on an existing `channelId`.
/// > — draft-evm-session-00, "Voucher Payload"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(
        ForgivesFailingDeposits,
        BreaksDownOnReverts,
        TrustsWhatItBroadcast,
        OpensByOpeningOnly
    )
)]
async fn a_voucher_that_opens_an_open_channel_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(offer()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let proposal = proposal.with(|proposal| proposal.cumulative = BaseUnits::new(100));
    let credential = proposal.credential(payer::with_opening(&proposal)?)?;
    delivered(&buyer::present(bed, &offer, &credential).await?, &offer)?;
    let again = buyer::challenge(bed, &offer).await?;
    let again = proposal.with(|proposal| {
        proposal.challenge = again;
        proposal.cumulative = BaseUnits::new(200);
    });
    let credential = again.credential(payer::with_opening(&again)?)?;
    let answer = buyer::present(bed, &offer, &credential).await?;
    refused_by_a_seller_that_stands(&answer, &offer)
}
