//! What a session's credential is bound to: its challenge, and its route.

use conform402_runner::{Bed, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::json::EncodedObject;
use conform402_wire::session::SessionPayload;
use serde_json::{Value, json};

use crate::mpp::buyer::{challenge, in_seconds, present, reissue};
use crate::mpp::channel::Channel;
use crate::mpp::judge::{delivered, refused_at_the_door, status_is, withheld};
use crate::mpp::proposal::{Proposal, if_served};

/// > Verify all fields in `credential.challenge` exactly match the stored
/// > challenge parameters
/// > — draft-evm-session-00, "Common Verification"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_voucher_opens_its_own_route(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// > Verify the challenge has not expired
/// > — draft-evm-session-00, "Common Verification"
#[check(must, needs(Session), killed_by(AcceptsExpiredChallenges))]
async fn an_expired_challenge_buys_nothing(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    let challenge = challenge(bed, &channel.offer).await?;
    let expired = reissue(bed, &challenge, |challenge| challenge.expires = Some(in_seconds(-1)))?;
    let voucher = SessionPayload::Voucher(channel.signed(100)?);
    let credential = channel.credential(&json!(expired), voucher)?;
    let answer = present(bed, &channel.offer, &credential).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 402)
}

/// > Verify the challenge has not expired
/// > — draft-evm-session-00, "Common Verification"
#[check(must, needs(Session), killed_by(AcceptsExpiredChallenges))]
async fn an_expired_challenge_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let expired =
        reissue(bed, &proposal.challenge, |challenge| challenge.expires = Some(in_seconds(-1)))?;
    let credential = proposal.with(|proposal| proposal.challenge = expired).sign()?;
    refused_at_the_door(bed, &present(bed, &offer, &credential).await?, &offer).await
}

/// > Verify all fields in `credential.challenge` exactly match the stored
/// > challenge parameters
/// > — draft-evm-session-00, "Common Verification"
#[check(must, needs(Session))]
#[case(id, killed_by(IgnoresTheId), "id", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))]
#[case(realm, killed_by(IgnoresTheEchoedRealm), "realm", json!("another.test"))]
#[case(intent, killed_by(IgnoresTheEchoedIntent), "intent", json!("subscription"))]
#[case(request, killed_by(IgnoresTheEchoedRequest), "request", json!("e30"))]
#[case(expiry, killed_by(IgnoresTheEchoedExpiry, IgnoresTheId), "expires", json!("2099-01-01T00:00:00Z"))]
async fn a_voucher_buys_nothing_with_another(bed: &Bed, member: &str, value: Value) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    let mut challenge = json!(challenge(bed, &channel.offer).await?);
    challenge[member] = value;
    let voucher = SessionPayload::Voucher(channel.signed(100)?);
    let credential = channel.credential(&challenge, voucher)?;
    withheld(&present(bed, &channel.offer, &credential).await?, &channel.offer)
}

/// A merchant has a cheap route and a dear one.
///
/// > To prevent cross-route replay attacks, verify against expected values
/// > — MPP Rust server (seed 003), "Verify"
#[check(must, needs(Session), killed_by(OverlooksThePrice))]
async fn a_challenge_of_a_cheaper_route_buys_nothing(bed: &Bed) -> Outcome {
    let cheap = bed.offer(Offer::session(100)).await?;
    let dear = bed.offer(Offer::session(250).paid_to(&cheap)).await?;
    let channel = Channel::open(bed, cheap).await?;
    let challenge = challenge(bed, &channel.offer).await?;
    let voucher = SessionPayload::Voucher(channel.signed(250)?);
    let credential = channel.credential(&json!(challenge), voucher)?;
    withheld(&present(bed, &dear, &credential).await?, &dear)
}

/// A merchant sells for two tokens, of which one may be worth little: what a
/// channel in the one has available is no balance in the other.
///
/// > Balance check: If `available < cost`, return 402
/// > — draft-evm-session-00, "Per-Request Processing"
/// > `channel.token` matches `request.currency`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(Session), killed_by(SharesChannelsAmongPayees, OverlooksTheChannelsToken))]
async fn a_channel_in_another_token_buys_nothing(bed: &Bed) -> Outcome {
    let cheap = if_served(bed, Offer::session(100).in_other_token()).await?;
    let dear = bed.offer(Offer::session(100).paid_to(&cheap)).await?;
    let channel = Channel::open(bed, cheap).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    let voucher = SessionPayload::Voucher(channel.signed(200)?);
    withheld(&channel.present_at(&dear, voucher).await?, &dear)
}

/// A one-shot payment does not open a session's route, nor a voucher a charge's.
///
/// > Payment intents describe the type of payment being requested.
/// > — draft-httpauth-payment-00, "Payment Intents"
#[check(must, needs(Session, Charge), killed_by(OverlooksTheIntent))]
async fn a_voucher_buys_nothing_of_a_charge(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    let charge = bed.offer(Offer::charge(100).paid_to(&channel.offer)).await?;
    let voucher = SessionPayload::Voucher(channel.signed(100)?);
    withheld(&channel.present_at(&charge, voucher).await?, &charge)
}

/// > amount: string // unit price, base units
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Session), killed_by(IgnoresTheEchoedRequest))]
async fn a_recipient_of_the_payers_own_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let stranger = bed.stranger();
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |terms| terms.payee = stranger);
    let mut challenge = proposal.challenge.clone();
    let mut request = challenge.request.decode().unwrap_or_default();
    request["recipient"] = json!(stranger);
    challenge.request = EncodedObject::encode(&request).unwrap_or(challenge.request);
    let proposal = proposal.with(|proposal| {
        proposal.challenge = challenge;
        proposal.receive.value = BaseUnits::new(1_000);
    });
    refused_at_the_door(bed, &present(bed, &offer, &proposal.sign()?).await?, &offer).await
}
