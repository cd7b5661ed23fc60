//! What a receipt of a session says.

use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::{receipt, timestamp};
use serde_json::{Value, json};

use super::judge::{balance_is, receipt_json};
use super::payer;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered};

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    payer::open(bed, Offer::ietf_session(100)).await
}

/// > Servers MUST return a `Payment-Receipt` header on **every successful paid
/// > request**.
/// > — draft-evm-session-00, "Receipt Generation"
#[check(
    must,
    control,
    profile(Ietf),
    needs(IetfSession),
    killed_by(AcknowledgesNothing, SellsNothingForVouchers)
)]
async fn a_paid_answer_carries_a_receipt(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let answer = channel.buy(100).await?;
    delivered(&answer, &channel.offer)?;
    match answer.header(receipt::HEADER) {
        Some(_) => Ok(()),
        None => broken("the paid answer has no Payment-Receipt"),
    }
}

/// > `intent` | string | REQUIRED | `"session"`
/// > — draft-evm-session-00, "Receipt Generation"
/// > The `reference` field is the core spec's stable receipt reference and MUST
/// > equal `channelId`.
/// > — draft-evm-session-00, "Receipt Generation"
#[check(must, profile(Ietf), needs(IetfSession))]
#[case(method, killed_by(NamesAnotherMethod), "method", |_| json!("evm"))]
#[case(intent, killed_by(CallsItACharge), "intent", |_| json!("session"))]
#[case(status, killed_by(CallsItPaid), "status", |_| json!("success"))]
#[case(reference, killed_by(RefersToTheTransaction), "reference", |channel| json!(channel.id))]
#[case(channel, killed_by(NamesAnotherChannel), "channelId", |channel| json!(channel.id))]
#[case(chain, killed_by(WritesTheChainAsText), "chainId", |channel| json!(channel.escrow.chain_id))]
async fn a_receipt_tells_the(
    bed: &Bed,
    member: &str,
    expected: fn(&Channel<'_>) -> Value,
) -> Outcome {
    let channel = session(bed).await?;
    let receipt = receipt_json(&channel.buy(100).await?)?;
    let (found, expected) = (&receipt[member], expected(&channel));
    if *found == expected {
        return Ok(());
    }
    broken(format!("`{member}` is {found} instead of {expected}"))
}

/// > `timestamp` | string | REQUIRED | RFC3339 response time
/// > — draft-evm-session-00, "Receipt Generation"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(DatesSessionsInSeconds))]
async fn a_receipt_tells_the_time(bed: &Bed) -> Outcome {
    let receipt = receipt_json(&session(bed).await?.buy(100).await?)?;
    let time = &receipt["timestamp"];
    match time.as_str().map(timestamp::parse) {
        Some(Ok(_)) => Ok(()),
        _ => broken(format!("`timestamp` is {time}, which is no RFC 3339 instant")),
    }
}

/// > `challengeId` | string | REQUIRED | Challenge identifier
/// > — draft-evm-session-00, "Receipt Generation"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(ForgetsTheChallenge))]
async fn a_receipt_tells_the_challenge(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let credential = channel.paying(100).await?;
    let receipt = receipt_json(&channel.present_credential(&credential).await?)?;
    if receipt["challengeId"] == credential["challenge"]["id"] {
        return Ok(());
    }
    broken(format!("`challengeId` is {}", receipt["challengeId"]))
}

/// > `acceptedCumulative` | string | REQUIRED | Highest voucher accepted
/// > — draft-evm-session-00, "Receipt Generation"
/// > `spent` | string | REQUIRED | Total amount charged
/// > — draft-evm-session-00, "Receipt Generation"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(TellsNoBalance))]
async fn receipts_tell_the_balance(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    balance_is(&channel.buy(250).await?, 250, 100)?;
    balance_is(&channel.buy(350).await?, 350, 200)?;
    balance_is(&channel.buy(900).await?, 900, 300)
}
