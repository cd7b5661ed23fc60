//! The receipt: `Payment-Receipt: …`.

use alloy::sol_types::SolEvent as _;
use conform402_chain::Token;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::{Receipt, base64url, charge, receipt, timestamp};
use serde_json::Value;

use super::buyer::{Payment, present, present_field};
use super::judge::{broken, cache_control_has, delivered, paid};

/// Buys an offer and returns the answer, which was delivered.
async fn bought(bed: &Bed, offer: Offer) -> Result<(Mounted, Answer), Broken> {
    let offer = bed.offer(offer).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    delivered(&answer, &offer)?;
    Ok((offer, answer))
}

/// The receipt of a paid answer. That there is one is a promise of its own.
fn field(answer: &Answer) -> Result<&str, Broken> {
    let none = || Broken::NotApplicable("no receipt was sent that could be judged".to_owned());
    answer.header(receipt::HEADER).ok_or_else(none)
}

/// The receipt as plain JSON, with or without padding.
fn decoded(answer: &Answer) -> Result<Value, Broken> {
    let bytes = base64url::decode(field(answer)?);
    let bytes = bytes.map_err(|error| Broken::promise(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| Broken::promise(format!("receipt: {error}")))
}

/// > Payment verified, access granted | 200 | Resource + optional
/// > `Payment-Receipt`
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn a_payment_is_delivered(bed: &Bed) -> Outcome {
    bought(bed, Offer::charge(100)).await.map(drop)
}

/// > on success, inject credential / receipt and execute the handler, setting
/// > the Payment-Receipt header
/// > — OKX Python SDK Reference (seed 000), "FastAPI (@mpp.pay() decorator)"
/// > Servers SHOULD include a `Payment-Receipt` header on successful responses
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(must, needs(Charge), killed_by(OmitsTheReceipt))]
async fn a_paid_answer_carries_a_receipt(bed: &Bed) -> Outcome {
    let (_, answer) = bought(bed, Offer::charge(100)).await?;
    match answer.header(receipt::HEADER) {
        Some(_) => Ok(()),
        None => broken("the paid answer has no Payment-Receipt"),
    }
}

/// > Payment-Receipt = base64url-nopad
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(must, needs(Charge), killed_by(PadsTheReceipt, DatesReceiptsInSeconds))]
async fn the_receipt_is_well_formed(bed: &Bed) -> Outcome {
    let (_, answer) = bought(bed, Offer::charge(100)).await?;
    Receipt::parse(field(&answer)?).map(drop).map_err(|error| Broken::promise(error.to_string()))
}

/// > `status` | string | `"success"` — receipts are only issued on successful
/// > payment
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(must, needs(Charge), killed_by(CallsTheReceiptPaid))]
async fn the_status_is_success(bed: &Bed) -> Outcome {
    let (_, answer) = bought(bed, Offer::charge(100)).await?;
    let status = &decoded(&answer)?["status"];
    if status == "success" { Ok(()) } else { broken(format!("`status` is {status}")) }
}

/// > `method` | string | Payment method used
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(must, needs(Charge), killed_by(NamesAnotherMethodOnTheReceipt))]
async fn the_method_is_the_one_used(bed: &Bed) -> Outcome {
    let (_, answer) = bought(bed, Offer::charge(100)).await?;
    let method = &decoded(&answer)?["method"];
    if method == charge::METHOD { Ok(()) } else { broken(format!("`method` is {method}")) }
}

/// > `timestamp` | string | {{RFC3339}} settlement timestamp
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(must, needs(Charge), killed_by(DatesReceiptsInSeconds))]
async fn the_timestamp_is_an_instant(bed: &Bed) -> Outcome {
    let (_, answer) = bought(bed, Offer::charge(100)).await?;
    let stamp = decoded(&answer)?["timestamp"].clone();
    let Some(text) = stamp.as_str() else { return broken(format!("`timestamp` is {stamp}")) };
    timestamp::parse(text).map(drop).map_err(|error| Broken::promise(error.to_string()))
}

/// > `reference` | string | Method-specific reference (tx hash, invoice id,
/// > etc.)
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(must, needs(Charge), killed_by(RefersToTheChallenge))]
async fn the_reference_is_the_transaction_that_paid(bed: &Bed) -> Outcome {
    let (offer, answer) = bought(bed, Offer::charge(100)).await?;
    let reference = decoded(&answer)?["reference"].clone();
    let hash = reference.as_str().and_then(|text| text.parse().ok());
    let Some(hash) = hash else { return broken(format!("`reference` is {reference}")) };
    let Some(transaction) = bed.testbed().chain.receipt(hash).await? else {
        return broken(format!("{hash} is not on chain"));
    };
    let pays = transaction
        .logs()
        .iter()
        .filter(|log| log.address() == offer.currency())
        .filter_map(|log| Token::Transfer::decode_log(&log.inner).ok())
        .any(|transfer| {
            transfer.from == bed.payer().address()
                && transfer.to == offer.recipient()
                && transfer.value == offer.amount().0
        });
    if pays { Ok(()) } else { broken(format!("{hash} does not pay this offer")) }
}

/// > Responses containing `Payment-Receipt` headers must include
/// > `Cache-Control: private`.
/// > — Machine Payments Protocol (seed 001), "Caching"
/// > Responses containing `Payment-Receipt` headers MUST include
/// > `Cache-Control: private`
/// > — draft-httpauth-payment-00, "Caching"
#[check(must, needs(Charge), killed_by(SharesReceipts))]
async fn an_answer_with_a_receipt_is_private(bed: &Bed) -> Outcome {
    let (_, answer) = bought(bed, Offer::charge(100)).await?;
    field(&answer)?;
    cache_control_has(&answer, "private")
}

/// > externalId?: string // merchant order id, echoed back on the receipt
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(should, needs(Charge, ExternalId), killed_by(ForgetsTheOrder))]
async fn the_order_is_echoed(bed: &Bed) -> Outcome {
    let (_, answer) = bought(bed, Offer::charge(100).for_order("order-402")).await?;
    let echoed = &decoded(&answer)?["externalId"];
    if echoed == "order-402" { Ok(()) } else { broken(format!("`externalId` is {echoed}")) }
}

/// The payment stands, so the buyer has paid for an error; a receipt would say
/// it got what it paid for.
///
/// > Receipts are only issued on successful payment responses (2xx status
/// > codes). Servers MUST NOT return a `Payment-Receipt` header on error
/// > responses.
/// > — draft-httpauth-payment-00, "Receipt Status Semantics"
#[check(must, needs(Charge), killed_by(SendsReceiptWhenTheHandlerFails))]
async fn a_failed_handler_gives_no_receipt(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).whose_handler_fails()).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    if answer.status < 500 {
        return broken(format!("a failed handler is answered {}", answer.status));
    }
    if answer.header(receipt::HEADER).is_some() {
        return broken(format!("an error ({}) carries a Payment-Receipt", answer.status));
    }
    paid(bed, &offer).await
}

/// > Servers MUST NOT return a `Payment-Receipt` header on error responses.
/// > — draft-httpauth-payment-00, "Receipt Status Semantics"
#[check(must, needs(Charge), killed_by(SendsReceiptOnMalformed))]
async fn a_refusal_gives_no_receipt(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = present_field(bed, &offer, "Payment !!!%%%").await?;
    match answer.header(receipt::HEADER) {
        None => Ok(()),
        Some(_) => broken(format!("an error ({}) carries a Payment-Receipt", answer.status)),
    }
}
