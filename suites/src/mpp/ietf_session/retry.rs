//! Requests that are made again.

use alloy::signers::local::PrivateKeySigner;
use conform402_runner::{Answer, Bed, Broken, Offer, Outcome, Request, check};
use conform402_wire::{credential, receipt};
use serde_json::{Value, json};

use super::judge::not_sold;
use super::payer;
use crate::mpp::buyer::ours;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered, withheld};

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    payer::open(bed, Offer::ietf_session(100)).await
}

async fn keyed(
    bed: &Bed,
    channel: &Channel<'_>,
    credential: &Value,
    key: &str,
) -> Result<Answer, Broken> {
    let request = Request::to(&channel.offer)
        .header("authorization", credential::to_field(credential))
        .header("idempotency-key", key);
    bed.send(request).await
}

/// > Clients SHOULD include an `Idempotency-Key` header on paid requests
/// > — draft-evm-session-00, "Request Idempotency"
#[check(must, control, profile(Ietf), needs(IetfSession), killed_by(SellsNothingForVouchers))]
async fn a_request_with_a_key_buys(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let credential = channel.paying(100).await?;
    delivered(&keyed(bed, &channel, &credential, channel.offer.path()).await?, &channel.offer)
}

/// > Servers MUST NOT increment `spent` for duplicate idempotent requests
/// > — draft-evm-session-00, "Request Idempotency"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(ChargesRetries, SellsOnCredit, CountsReplaysAsNew, RefusesReplays)
)]
async fn a_retry_is_not_charged(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let credential = channel.paying(300).await?;
    for _ in 0..3 {
        keyed(bed, &channel, &credential, channel.offer.path()).await?;
    }
    for _ in 0..2 {
        delivered(&channel.buy(300).await?, &channel.offer)?;
    }
    not_sold(&channel.buy(300).await?, &channel.offer)
}

/// > Servers SHOULD track `(challengeId, idempotencyKey)` pairs and return cached
/// > responses for duplicates
/// > — draft-evm-session-00, "Request Idempotency"
#[check(should, profile(Ietf), needs(IetfSession), killed_by(ChargesRetries))]
async fn a_retry_gets_the_answer_again(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let credential = channel.paying(100).await?;
    let first = keyed(bed, &channel, &credential, channel.offer.path()).await?;
    let again = keyed(bed, &channel, &credential, channel.offer.path()).await?;
    delivered(&again, &channel.offer)?;
    if first.header(receipt::HEADER) == again.header(receipt::HEADER) {
        Ok(())
    } else {
        broken("the retry has a receipt of its own")
    }
}

/// Whoever knows a request's challenge and key, and not the payer's own key, gets
/// nothing of what was answered.
///
/// > If signature verification fails, the server MUST return an error response
/// > per error-responses
/// > — draft-evm-session-00, "Idempotency"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(AnswersRetriesBeforeItLooks, IgnoresVoucherSignatures)
)]
async fn a_forged_retry_gets_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let credential = channel.paying(100).await?;
    delivered(&keyed(bed, &channel, &credential, channel.offer.path()).await?, &channel.offer)?;
    let forged = channel.voucher(100).sign(&channel.escrow, &PrivateKeySigner::random());
    let mut forgery = credential;
    forgery["payload"]["signature"] = json!(forged.map_err(ours)?.signature);
    withheld(&keyed(bed, &channel, &forgery, channel.offer.path()).await?, &channel.offer)
}

/// A key is no ticket: another challenge under it is another request.
///
/// > Balance check: If `available < cost`, return 402
/// > — draft-evm-session-00, "Per-Request Processing"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(TakesKeysForTickets, SellsOnCredit, CountsReplaysAsNew, RepeatsChallengeIds)
)]
async fn a_key_of_another_challenge_buys_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let credential = channel.paying(100).await?;
    delivered(&keyed(bed, &channel, &credential, channel.offer.path()).await?, &channel.offer)?;
    let other = channel.paying(100).await?;
    not_sold(&keyed(bed, &channel, &other, channel.offer.path()).await?, &channel.offer)
}
