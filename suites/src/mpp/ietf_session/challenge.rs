//! What a session is challenged with, and what its credentials must answer.

use conform402_runner::{Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::json::EncodedObject;
use conform402_wire::session::SessionPayload;
use serde_json::{Value, json};

use super::payer;
use crate::mpp::buyer::{self, in_seconds, ours, reissue};
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, status_is, withheld};

async fn request(bed: &Bed, offer: &Mounted) -> Result<Value, Broken> {
    let challenge = buyer::challenge(bed, offer).await?;
    challenge.request.decode().map_err(|error| Broken::promise(error.to_string()))
}

fn full() -> Offer {
    Offer::ietf_session(100).suggesting(5_000).with_min_delta(50)
}

/// > `methodDetails.chainId` | number | REQUIRED | EVM chain ID
/// > — draft-evm-session-00, "Method Details"
#[check(must, control, profile(Ietf), needs(IetfSession), killed_by(CallsSessionsCharges))]
async fn a_session_is_offered(bed: &Bed) -> Outcome {
    let offer = bed.offer(full()).await?;
    let challenge = buyer::challenge(bed, &offer).await?;
    if challenge.intent == "session" {
        return Ok(());
    }
    broken(format!("the intent is {:?}", challenge.intent))
}

/// > `amount` | string | REQUIRED | Price per unit of service in base units
/// > — draft-evm-session-00, "Fields"
/// > `methodDetails.escrowContract` | string | REQUIRED | Address of the channel
/// > escrow contract
/// > — draft-evm-session-00, "Method Details"
/// > `methodDetails.chainId` | number | REQUIRED | EVM chain ID
/// > — draft-evm-session-00, "Method Details"
#[check(must, profile(Ietf), needs(IetfSession))]
#[case(price, killed_by(NamesTheDepositAsThePrice), "/amount", |_, _| json!("100"))]
#[case(deposit, killed_by(ForgetsTheSuggestion), "/suggestedDeposit", |_, _| json!("5000"))]
#[case(delta, killed_by(WritesAmountsAsNumbers), "/methodDetails/minVoucherDelta", |_, _| json!("50"))]
#[case(chain, killed_by(HidesTheChain), "/methodDetails/chainId", |_, offer| json!(offer.chain_id()))]
#[case(escrow, killed_by(HidesTheEscrow), "/methodDetails/escrowContract", |bed, _| json!(bed.testbed().chain.escrow().contract))]
async fn a_challenge_names_the(
    bed: &Bed,
    member: &str,
    expected: fn(&Bed, &Mounted) -> Value,
) -> Outcome {
    let offer = bed.offer(full()).await?;
    let request = request(bed, &offer).await?;
    let expected = expected(bed, &offer);
    let found = request.pointer(member).unwrap_or(&Value::Null);
    // Addresses are compared by what they are, not by how they are written.
    let alike = |found: &Value| match (found.as_str(), expected.as_str()) {
        (Some(found), Some(expected)) => found.eq_ignore_ascii_case(expected),
        _ => *found == expected,
    };
    if alike(found) { Ok(()) } else { broken(format!("{member} is {found} instead of {expected}")) }
}

/// > Verify the challenge has not expired
/// > — draft-evm-session-00, "Common Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(AcceptsExpiredChallenges))]
async fn an_expired_challenge_buys_nothing(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(100)).await?;
    let challenge = buyer::challenge(bed, &channel.offer).await?;
    let expired = reissue(bed, &challenge, |challenge| challenge.expires = Some(in_seconds(-60)))?;
    refused(bed, &channel, &json!(expired)).await
}

/// > Verify all fields in `credential.challenge` exactly match the stored
/// > challenge parameters
/// > — draft-evm-session-00, "Common Verification"
#[check(must, profile(Ietf), needs(IetfSession))]
#[case(id, killed_by(IgnoresTheId), "id", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))]
#[case(realm, killed_by(IgnoresTheEchoedRealm), "realm", json!("another.test"))]
#[case(intent, killed_by(IgnoresTheEchoedIntent), "intent", json!("subscription"))]
async fn a_voucher_buys_nothing_with_another(bed: &Bed, member: &str, value: Value) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(100)).await?;
    let mut challenge = json!(buyer::challenge(bed, &channel.offer).await?);
    challenge[member] = value;
    refused(bed, &channel, &challenge).await
}

/// The payer names its own price, under the id of the true one.
///
/// > Verify all fields in `credential.challenge` exactly match the stored
/// > challenge parameters
/// > — draft-evm-session-00, "Common Verification"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(IgnoresTheEchoedRequest))]
async fn a_voucher_buys_nothing_at_a_price_of_the_payers_own(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(100)).await?;
    let mut challenge = buyer::challenge(bed, &channel.offer).await?;
    let request = challenge.request.decode();
    let mut request = request.map_err(|error| Broken::promise(error.to_string()))?;
    request["amount"] = json!("1");
    challenge.request = EncodedObject::encode(&request).map_err(ours)?;
    refused(bed, &channel, &json!(challenge)).await
}

async fn refused(bed: &Bed, channel: &Channel<'_>, challenge: &Value) -> Outcome {
    let voucher = SessionPayload::Voucher(channel.signed(100)?);
    let credential = channel.credential(challenge, voucher)?;
    let answer = buyer::present(bed, &channel.offer, &credential).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 402)
}
