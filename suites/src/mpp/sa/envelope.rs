//! Broken envelopes: a seller that cannot read a success must not see one.
//!
//! Nothing is settled behind these answers, so a delivery gives the content
//! away.

use alloy::primitives::B256;
use conform402_facilitator::Script;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::sa::charge::ChargeReceipt;
use serde_json::{Value, json};

use crate::mpp::buyer::{Payment, in_seconds, present};
use crate::mpp::judge::{broken, delivered, refused};

/// Scripted like all others here, with nothing wrong: only so is it known that
/// the others are refused for what is wrong with them.
///
/// > OKX responses are wrapped in {"code": 0, "data": {...}, "msg": ""}, which
/// > the client unwraps automatically.
/// > — OKX Python SDK Reference (seed 000), "Endpoints called"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn a_sound_envelope_buys(bed: &Bed) -> Outcome {
    let (offer, answer) = answered(bed, 200, |data| sound(data).to_string()).await?;
    delivered(&answer, &offer)
}

fn sound(data: Value) -> Value {
    json!({"code": 0, "data": data, "msg": ""})
}

/// A receipt of the settlement service for a payment of this offer.
fn receipt(offer: &Mounted, challenge_id: &str) -> Value {
    json!(ChargeReceipt {
        method: "evm".to_owned(),
        reference: B256::repeat_byte(0x42),
        status: "success".to_owned(),
        timestamp: in_seconds(0),
        chain_id: offer.chain_id(),
        challenge_id: Some(challenge_id.to_owned()),
        external_id: None,
        confirmations: Some(1),
    })
}

/// Presents a valid payment, which the settlement service answers as told.
async fn answered(
    bed: &Bed,
    status: u16,
    body: impl FnOnce(Value) -> String,
) -> Result<(Mounted, Answer), Broken> {
    let offer = bed.offer(Offer::charge(100)).await?;
    let payment = Payment::of(bed, &offer).await?;
    let body = body(receipt(&offer, &payment.challenge.id.0));
    bed.script(Script::Answer { status, body });
    let answer = present(bed, &offer, &payment.sign()?).await?;
    if bed.asked().is_empty() {
        return broken("the facilitator was not asked");
    }
    Ok((offer, answer))
}

async fn sells_nothing_for(bed: &Bed, status: u16, body: impl FnOnce(Value) -> String) -> Outcome {
    let (offer, answer) = answered(bed, status, body).await?;
    refused(bed, &answer, &offer).await
}

/// > onError fires on HTTP non-2xx, JSON parse failure, or non-zero business
/// > code
/// > — OKX Node SDK Reference (seed 002), "SaApiClient"
#[check(must, needs(Charge))]
#[case(a_refusal_as_text, killed_by(ReadsTextCodesAsSuccess), |data| json!({"code": "70004", "data": data, "msg": ""}))]
#[case(a_word, killed_by(ReadsTextCodesAsSuccess), |data| json!({"code": "ERR", "data": data, "msg": ""}))]
#[case(a_negative_number_as_text, killed_by(ReadsTextCodesAsSuccess), |data| json!({"code": "-1", "data": data, "msg": ""}))]
#[case(null, killed_by(ReadsMissingCodeAsSuccess), |data| json!({"code": null, "data": data, "msg": ""}))]
#[case(a_negative_number, killed_by(ReadsNegativeCodesAsSuccess), |data| json!({"code": -1, "data": data, "msg": ""}))]
#[case(an_unknown_number, killed_by(ReadsUnknownCodesAsSuccess), |data| json!({"code": 79999, "data": data, "msg": ""}))]
async fn a_code_buys_nothing_that_is(bed: &Bed, envelope: fn(Value) -> Value) -> Outcome {
    sells_nothing_for(bed, 200, |data| envelope(data).to_string()).await
}

/// Published SDKs differ, so this warns.
///
/// > OKX responses are wrapped in {"code": 0, "data": {...}, "msg": ""}
/// > — OKX Python SDK Reference (seed 000), "Endpoints called"
#[check(should, needs(Charge), killed_by(ReadsMissingCodeAsSuccess))]
async fn an_envelope_without_code_buys_nothing(bed: &Bed) -> Outcome {
    sells_nothing_for(bed, 200, |data| json!({"data": data, "msg": ""}).to_string()).await
}

/// > OKX responses are wrapped in {"code": 0, "data": {...}, "msg": ""}
/// > — OKX Python SDK Reference (seed 000), "Endpoints called"
/// > `reference` | string | Method-specific reference (tx hash, invoice id,
/// > etc.)
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(must, needs(Charge), killed_by(ReadsAnyDataAsReceipt))]
#[case(null, Value::Null)]
#[case(empty, json!({}))]
#[case(a_list, json!([]))]
async fn data_buys_nothing_that_is(bed: &Bed, data: Value) -> Outcome {
    sells_nothing_for(bed, 200, |_| sound(data).to_string()).await
}

/// > onError fires on HTTP non-2xx, JSON parse failure, or non-zero business
/// > code
/// > — OKX Node SDK Reference (seed 002), "SaApiClient"
#[check(must, needs(Charge), killed_by(ReadsUnreadableAsSuccess))]
#[case(a_list, |_| "[]".to_owned())]
#[case(a_word, |_| "OK".to_owned())]
#[case(empty, |_| String::new())]
#[case(html, |_| "<html><body>Bad Gateway</body></html>".to_owned())]
async fn a_body_buys_nothing_that_is(bed: &Bed, body: fn(Value) -> String) -> Outcome {
    sells_nothing_for(bed, 200, body).await
}

/// The body is a perfect success.
///
/// > onError fires on HTTP non-2xx
/// > — OKX Node SDK Reference (seed 002), "SaApiClient"
#[check(must, needs(Charge), killed_by(IgnoresHttpErrors))]
#[case(_500, 500)]
#[case(_503, 503)]
#[case(_401, 401)]
async fn an_http_error_buys_nothing(bed: &Bed, status: u16) -> Outcome {
    sells_nothing_for(bed, status, |data| sound(data).to_string()).await
}

/// > The `status` field MUST be `"success"`, indicating the payment was
/// > verified and settled successfully.
/// > — draft-httpauth-payment-00, "Receipt Status Semantics"
#[check(must, needs(Charge), killed_by(IgnoresTheReceiptsStatus, ReadsAnyDataAsReceipt))]
#[case(failed, "failed")]
#[case(pending, "pending")]
#[case(timeout, "timeout")]
async fn a_receipt_buys_nothing_whose_status_is(bed: &Bed, status: &str) -> Outcome {
    sells_nothing_for(bed, 200, |mut data| {
        data["status"] = json!(status);
        sound(data).to_string()
    })
    .await
}

/// The receipt names another challenge, so it is for another payment. No source
/// says that a seller compares the two; the money is its own.
///
/// > Verify the payment proof using method-specific procedures
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(may, needs(Charge), killed_by(TakesReceiptsOfOthers, ReadsAnyDataAsReceipt))]
async fn a_receipt_of_another_payment_buys_nothing(bed: &Bed) -> Outcome {
    sells_nothing_for(bed, 200, |mut data| {
        data["challengeId"] = json!("x7Tg2pLqR9mKvNwY3hBcZa");
        sound(data).to_string()
    })
    .await
}
