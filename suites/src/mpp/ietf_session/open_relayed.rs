//! Opening a channel by the payer's signature, which the seller broadcasts.

use alloy::signers::local::PrivateKeySigner;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::session::ietf::{CredentialType, Funding, OpenWitness, Permit};

use super::judge::{receipt_json, refused_by_a_seller_that_stands};
use super::payer;
use crate::mpp::buyer;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{delivered, managed, refused_as, status_is, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal};

const BY_AUTHORIZATION: [CredentialType; 2] = [CredentialType::Authorization, CredentialType::Hash];

async fn offer(bed: &Bed) -> Result<Mounted, Broken> {
    bed.offer(Offer::ietf_session(100).funded_by(&BY_AUTHORIZATION)).await
}

async fn offer_by_permit(bed: &Bed) -> Result<Mounted, Broken> {
    let ways = [CredentialType::Permit2, CredentialType::Hash];
    bed.offer(Offer::ietf_session(100).funded_by(&ways)).await
}

async fn authorized(bed: &Bed, offer: &Mounted, proposal: &Proposal) -> Result<Answer, Broken> {
    buyer::present(bed, offer, &payer::authorizing(proposal)?).await
}

/// Nothing was sold and nothing moved.
async fn refused(bed: &Bed, answer: &Answer, offer: &Mounted) -> Outcome {
    refused_by_a_seller_that_stands(answer, offer)?;
    bed.nothing_moved().await
}

/// > `"authorization"`: `openWithAuthorization()`
/// > — draft-evm-session-00, "Open Verification"
#[check(
    must,
    control,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(AcknowledgesNothing, SellsNothingForVouchers)
)]
async fn an_authorization_opens(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let answer = authorized(bed, &offer, &proposal).await?;
    managed(&answer)?;
    receipt_json(&answer)?;
    let channel = Channel::of(bed, offer, &proposal);
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > `"permit2"`: `openWithPermit2()`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, profile(Ietf), needs(IetfSessionPermit2), killed_by(KnowsNoPermits))]
async fn a_permit_opens(bed: &Bed) -> Outcome {
    payer::approve_permit2(bed).await?;
    let offer = offer_by_permit(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    managed(&buyer::present(bed, &offer, &payer::permitting(bed, &proposal)?).await?)?;
    let channel = Channel::of(bed, offer, &proposal);
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > NOT REQUIRED when `type="authorization"` or `type="permit2"`
/// > — draft-evm-session-00, "Credential Structure"
#[check(must, profile(Ietf), needs(IetfSessionAuthorization), killed_by(AsksForASourceAlways))]
async fn an_authorization_needs_no_source(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?.with(|proposal| proposal.source = None);
    managed(&authorized(bed, &offer, &proposal).await?)
}

/// > Omitted ⇒ the zero address, which the contract treats as the payer
/// > — draft-evm-session-00, "Voucher Payload"
/// > Verify the initial voucher signature
/// > — draft-evm-session-00, "Open Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(OverlooksTheDelegateOnChain)
)]
async fn a_delegate_signs_vouchers(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let delegate = PrivateKeySigner::random();
    let proposal = Proposal::of(bed, &offer)
        .await?
        .on(bed, |terms| terms.authorized_signer = delegate.address())
        .with(|proposal| proposal.voucher_key = delegate);
    managed(&authorized(bed, &offer, &proposal).await?)?;
    let channel = Channel::of(bed, offer, &proposal);
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// > `voucherSignature` | string | REQUIRED | EIP-712 voucher signature for the
/// > initial amount
/// > — draft-evm-session-00, "Open Payload (feePayer: true)"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(LetsTheFirstVoucherBeAbsent)
)]
async fn an_opening_without_a_voucher_is_malformed(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let mut credential = payer::authorizing(&proposal)?;
    if let Some(payload) = credential["payload"].as_object_mut() {
        payload.remove("voucherSignature");
    }
    let answer = buyer::present(bed, &offer, &credential).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 400)?;
    bed.nothing_moved().await
}

/// > Verify the initial voucher signature
/// > — draft-evm-session-00, "Open Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(OverlooksTheFirstVoucher, IgnoresVoucherSignatures, AnswersBadVouchersWith400)
)]
async fn an_opening_whose_voucher_somebody_else_signed_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let stranger = PrivateKeySigner::random();
    let proposal =
        Proposal::of(bed, &offer).await?.with(|proposal| proposal.voucher_key = stranger);
    let answer = authorized(bed, &offer, &proposal).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 402)
}

/// > Verify `cumulativeAmount <= channel.deposit`
/// > — draft-evm-session-00, "Voucher Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(OverlooksTheFirstVoucher, TakesVouchersPastTheDeposit, GivesNoReason)
)]
async fn an_opening_whose_voucher_exceeds_the_deposit_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let cumulative = BaseUnits::new(DEPOSIT + 1);
    let proposal =
        Proposal::of(bed, &offer).await?.with(|proposal| proposal.cumulative = cumulative);
    let answer = authorized(bed, &offer, &proposal).await?;
    refused_as(&answer, &offer, 402, "session/amount-exceeds-deposit")
}

/// An authorization whose nonce binds splits too, as another dialect's does, is
/// not the one the escrow derives.
///
/// > The escrow contract recomputes the expected nonce from its own function
/// > arguments and reverts if the caller-supplied value does not match.
/// > — draft-evm-session-00, "Open Payload (feePayer: true)"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(TrustsWhatItBroadcast, BreaksDownOnReverts)
)]
async fn a_nonce_of_another_dialect_opens_nothing(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let nonce = proposal.terms.open_nonce(&[]);
    let proposal = proposal.with(|proposal| proposal.receive.nonce = nonce);
    let answer = authorized(bed, &offer, &proposal).await?;
    refused(bed, &answer, &offer).await
}

/// > `"authorization"`: validate EIP-3009 fields and signature
/// > — draft-evm-session-00, "Open Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(TrustsWhatItBroadcast, BreaksDownOnReverts)
)]
#[case(that_somebody_else_signed, |proposal| proposal.key = PrivateKeySigner::random())]
#[case(that_has_expired, |proposal| proposal.receive.valid_before = BaseUnits::new(1))]
#[case(that_is_not_valid_yet, |proposal| {
    // Within its time, which is to come.
    let last = proposal.receive.valid_before.checked_sub(BaseUnits::new(2));
    proposal.receive.valid_after = last.unwrap_or_default();
})]
#[case(of_more_than_the_payer_has, |proposal| proposal.receive.value = BaseUnits::new(u64::MAX))]
#[case(to_the_payee_itself, |proposal| proposal.receive.to = proposal.terms.payee)]
async fn an_authorization_opens_nothing(bed: &Bed, change: fn(&mut Proposal)) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?.with(change);
    let answer = authorized(bed, &offer, &proposal).await?;
    refused(bed, &answer, &offer).await
}

/// > Verify channel state as above
/// > — draft-evm-session-00, "Open Verification"
#[check(must, profile(Ietf), needs(IetfSessionAuthorization), killed_by(OpensUnderTheClaimedId))]
async fn an_opening_under_the_id_of_another_channel_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let (mut proposal, other) =
        (Proposal::of(bed, &offer).await?, Proposal::of(bed, &offer).await?);
    proposal.channel = other.channel;
    let answer = authorized(bed, &offer, &proposal).await?;
    refused_by_a_seller_that_stands(&answer, &offer)?;
    let channel = Channel::of(bed, offer, &other);
    withheld(&channel.buy(100).await?, &channel.offer)
}

/// > `NonceMismatch`, `NonceAlreadyUsed`, `AuthorizationExpired`,
/// > `AmountNotIncreasing`, `ChannelAlreadyExists`, or any other |
/// > `transaction-reverted`
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionAuthorization),
    killed_by(AsksToPayForReverts, TrustsWhatItBroadcast, BreaksDownOnReverts)
)]
async fn a_channel_that_exists_already_is_a_conflict(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    proposal.broadcast(bed).await?;
    let answer = authorized(bed, &offer, &proposal).await?;
    refused_as(&answer, &offer, 409, "session/transaction-reverted")
}

/// > A server MUST reject the credential if `authorization.witness` disagrees
/// > with those authoritative values rather than forwarding a signature that
/// > will revert on-chain.
/// > — draft-evm-session-00, "Open Payload (feePayer: true)"
#[check(must, profile(Ietf), needs(IetfSessionPermit2))]
#[case(payee, killed_by(OverlooksTheWitness), |permit| permit.witness.payee = permit.from)]
#[case(salt, killed_by(OverlooksTheWitness), |permit| permit.witness.salt = Default::default())]
#[case(signer, killed_by(OverlooksTheWitness), |permit| permit.witness.authorized_signer = permit.from)]
#[case(token, killed_by(OverlooksThePermittedToken), |permit| permit.permitted.token = permit.from)]
async fn a_permit_shows_another(bed: &Bed, change: fn(&mut Permit<OpenWitness>)) -> Outcome {
    payer::approve_permit2(bed).await?;
    let offer = offer_by_permit(bed).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let mut permit = payer::permit(bed, &proposal);
    // What is signed is right, so that only what is shown can be refused.
    let signature = payer::sign(bed, &proposal, &permit)?;
    change(&mut permit);
    let funding = Funding::Permit2 { authorization: permit, signature };
    let credential = proposal.credential(payer::opening(&proposal, funding)?)?;
    let answer = buyer::present(bed, &offer, &credential).await?;
    refused(bed, &answer, &offer).await
}

/// > `"permit2"`: validate Permit2 fields and signature
/// > — draft-evm-session-00, "Open Verification"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionPermit2),
    killed_by(TrustsWhatItBroadcast, BreaksDownOnReverts)
)]
async fn a_permit_that_somebody_else_signed_opens_nothing(bed: &Bed) -> Outcome {
    payer::approve_permit2(bed).await?;
    let offer = offer_by_permit(bed).await?;
    let stranger = PrivateKeySigner::random();
    let proposal = Proposal::of(bed, &offer).await?.with(|proposal| proposal.key = stranger);
    let answer = buyer::present(bed, &offer, &payer::permitting(bed, &proposal)?).await?;
    refused(bed, &answer, &offer).await
}

/// > servers that want clients to use a server-submitted open/topUp format MUST
/// > include at least one such type
/// > — draft-evm-session-00, "Method Details"
#[check(must, profile(Ietf), needs(IetfSessionAuthorization), killed_by(ListsNoCredentialTypes))]
async fn the_challenge_lists_what_is_accepted(bed: &Bed) -> Outcome {
    let offer = offer(bed).await?;
    let challenge = buyer::challenge(bed, &offer).await?;
    let request = challenge.request.decode();
    let request = request.map_err(|error| Broken::promise(error.to_string()))?;
    let listed = &request["methodDetails"]["credentialTypes"];
    let listed: Vec<CredentialType> = serde_json::from_value(listed.clone()).unwrap_or_default();
    if listed == BY_AUTHORIZATION {
        return Ok(());
    }
    Err(Broken::promise(format!("credentialTypes are {listed:?} instead of {BY_AUTHORIZATION:?}")))
}
