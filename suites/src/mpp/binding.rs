//! What a credential is bound to: a route, a body, and one use.

use std::time::Duration;

use conform402_facilitator::Script;
use conform402_runner::{Bed, Broken, Mounted, Offer, Outcome, Request, check};
use conform402_wire::credential;
use futures::future::try_join_all;
use serde_json::Value;
use tokio::sync::Barrier;

use super::buyer::{Payment, challenge, challenge_for, present};
use super::judge::{broken, buys, delivered, paid, refused_at_the_door, withheld};

/// How many requests arrive at once.
const AT_ONCE: usize = 8;

/// How long the facilitator takes to answer them, well within its time-out.
const SETTLEMENT: Duration = Duration::from_millis(500);

/// > | Payment verified, access granted | 200 | Resource + optional
/// > `Payment-Receipt` |
/// > — Machine Payments Protocol (seed 001), "Status codes"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn a_credential_opens_its_own_route(bed: &Bed) -> Outcome {
    buys(bed, Offer::charge(100)).await
}

/// A merchant has many prices and one recipient: nothing but the price tells
/// these routes apart.
///
/// > To prevent cross-route replay attacks, verify against expected values
/// > — MPP Rust server (seed 003), "Verify"
/// > Verify the payment amount matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(Charge), killed_by(OverlooksThePrice))]
#[case(dearer, 100, 10_000)]
#[case(cheaper, 10_000, 100)]
async fn a_credential_opens_no_route_that_is(bed: &Bed, bought: u64, opened: u64) -> Outcome {
    let bought = bed.offer(Offer::charge(bought)).await?;
    let other = bed.offer(Offer::charge(opened).paid_to(&bought)).await?;
    let credential = Payment::of(bed, &bought).await?.sign()?;
    let answer = present(bed, &other, &credential).await?;
    refused_at_the_door(bed, &answer, &other).await
}

/// One price, another recipient.
///
/// > To prevent cross-route replay attacks, verify against expected values
/// > — MPP Rust server (seed 003), "Verify"
/// > Verify the payment recipient matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(Charge), killed_by(OverlooksTheRecipient))]
async fn a_credential_opens_no_route_of_another_recipient(bed: &Bed) -> Outcome {
    let bought = bed.offer(Offer::charge(100)).await?;
    let other = bed.offer(Offer::charge(100)).await?;
    let credential = Payment::of(bed, &bought).await?.sign()?;
    let answer = present(bed, &other, &credential).await?;
    refused_at_the_door(bed, &answer, &other).await
}

async fn body_bound_payment(bed: &Bed) -> Result<(Mounted, Payment), Broken> {
    let offer = bed.offer(Offer::charge(100).binding_the_body()).await?;
    let answer = bed.send(Request::to(&offer).json_body(r#"{"q":1}"#)).await?;
    let challenge = challenge_for(&answer, &offer)?;
    let payment = Payment::answering(bed, &offer, challenge)?;
    Ok((offer, payment))
}

/// > When a `digest` is present, clients must submit the credential with a
/// > request body whose digest matches.
/// > — Machine Payments Protocol (seed 001), "Request body binding"
#[check(must, needs(Charge, BodyDigest), killed_by(LosesTheBody))]
async fn a_credential_opens_its_route_for_the_same_body(bed: &Bed) -> Outcome {
    let (offer, payment) = body_bound_payment(bed).await?;
    let field = credential::to_field(&payment.sign()?);
    let request = Request::to(&offer).json_body(r#"{"q":1}"#).header("authorization", field);
    delivered(&bed.send(request).await?, &offer)?;
    paid(bed, &offer).await
}

/// > 3. Reject the credential if the digests do not match
/// > — draft-httpauth-payment-00, "Request Body Digest Binding"
#[check(must, needs(Charge, BodyDigest), killed_by(IgnoresTheBody, OmitsTheDigest))]
#[case(changed, r#"{"q":2}"#)]
#[case(of_other_whitespace, r#"{"q": 1}"#)]
#[case(absent, "")]
async fn a_credential_opens_nothing_for_a_body_that_is(bed: &Bed, body: &str) -> Outcome {
    let (offer, payment) = body_bound_payment(bed).await?;
    let field = credential::to_field(&payment.sign()?);
    let request = Request::to(&offer).json_body(body).header("authorization", field);
    let answer = bed.send(request).await?;
    withheld(&answer, &offer)?;
    bed.nothing_moved().await
}

/// > Each credential MUST be usable only once per challenge. Servers MUST
/// > reject replayed credentials.
/// > — draft-payment-intent-charge-00, "Single-Use"
/// > A payment proof can be used exactly once; subsequent attempts to use the
/// > same proof must be rejected.
/// > — Machine Payments Protocol (seed 001), "Replay protection"
#[check(must, needs(Charge), killed_by(RemembersPaidChallenges))]
async fn a_credential_buys_once(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    delivered(&present(bed, &offer, &credential).await?, &offer)?;
    withheld(&present(bed, &offer, &credential).await?, &offer)?;
    paid(bed, &offer).await
}

/// > A payment proof MUST be usable exactly once; subsequent attempts to use the
/// > same proof MUST be rejected by the payment method infrastructure.
/// > — draft-httpauth-payment-00, "Replay Protection"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal, TrustsPayersWhoPaid))]
async fn a_proof_buys_once_under_a_fresh_challenge_too(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let first = Payment::of(bed, &offer).await?;
    delivered(&present(bed, &offer, &first.sign()?).await?, &offer)?;
    let fresh = challenge(bed, &offer).await?;
    let again = first.with(|payment| payment.challenge = fresh);
    withheld(&present(bed, &offer, &again.sign()?).await?, &offer)?;
    paid(bed, &offer).await
}

/// Published SDKs keep no record of challenges, so the sources' MUST is judged
/// as a SHOULD: the second payment is a real one.
///
/// > Each challenge `id` MUST be single-use.
/// > — draft-payment-intent-charge-00, "Replay Protection"
#[check(should, needs(Charge), killed_by(RemembersPaidChallenges, ReusesChallenges))]
async fn a_challenge_is_paid_once(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let first = Payment::of(bed, &offer).await?;
    delivered(&present(bed, &offer, &first.sign()?).await?, &offer)?;
    let second = first.with(|payment| payment.primary.nonce = bed.nonce());
    withheld(&present(bed, &offer, &second.sign()?).await?, &offer)?;
    paid(bed, &offer).await
}

/// Eight copies of one credential leave a barrier together, and settlement is
/// slow enough for all to arrive while the first is settled. Balances decide.
///
/// > Servers MUST ensure that concurrent requests with the same Payment
/// > credential result in at most one successful payment settlement and one
/// > resource delivery.
/// > — draft-httpauth-payment-00, "Concurrent Request Handling"
#[check(must, needs(Charge), killed_by(DeliversWhileSettling))]
async fn of_eight_copies_at_once_one_buys(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    race(bed, &offer, &credential).await
}

/// > Servers MUST ensure that concurrent requests with the same Payment
/// > credential result in at most one successful payment settlement and one
/// > resource delivery.
/// > — draft-httpauth-payment-00, "Concurrent Request Handling"
#[check(must, needs(ChargeHash), killed_by(DeliversWhileSettling))]
async fn of_eight_copies_of_a_hash_one_buys(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).fee_payer(false)).await?;
    let payment = Payment::of(bed, &offer).await?;
    let chain = &bed.testbed().chain;
    let sent = chain.transact(bed.payer(), offer.currency(), payment.transfer_call()).await?;
    race(bed, &offer, &payment.with_hash(sent.transaction_hash)).await
}

async fn race(bed: &Bed, offer: &Mounted, credential: &Value) -> Outcome {
    bed.script(Script::Slowly(SETTLEMENT));
    let barrier = Barrier::new(AT_ONCE);
    let copies = (0..AT_ONCE).map(|_| async {
        barrier.wait().await;
        present(bed, offer, credential).await
    });
    let answers = try_join_all(copies).await?;
    let deliveries = answers.iter().filter(|answer| answer.body.contains(offer.content())).count();
    if deliveries != 1 {
        return broken(format!("{deliveries} of {AT_ONCE} copies were delivered"));
    }
    paid(bed, offer).await
}
