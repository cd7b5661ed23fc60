//! The receipt of a voucher.

use conform402_runner::{Answer, Bed, Broken, Offer, Outcome, check};
use conform402_wire::{Receipt, receipt};

use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, cache_control_has, delivered, withheld};

async fn bought(bed: &Bed) -> Result<Answer, Broken> {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    let answer = channel.buy(100).await?;
    delivered(&answer, &channel.offer)?;
    Ok(answer)
}

fn field(answer: &Answer) -> Result<&str, Broken> {
    let none = || Broken::NotApplicable("no receipt was sent that could be judged".to_owned());
    answer.header(receipt::HEADER).ok_or_else(none)
}

/// > return result.withReceipt(Response.json({ data: 'metered content' }))
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_voucher_is_delivered(bed: &Bed) -> Outcome {
    bought(bed).await.map(drop)
}

/// > Servers MUST return a `Payment-Receipt` header on **every successful paid
/// > request**.
/// > — draft-evm-session-00, "Receipt Generation"
#[check(must, needs(Session), killed_by(OmitsTheReceipt))]
async fn a_paid_answer_carries_a_receipt(bed: &Bed) -> Outcome {
    match bought(bed).await?.header(receipt::HEADER) {
        Some(_) => Ok(()),
        None => broken("the paid answer has no Payment-Receipt"),
    }
}

/// The voucher was taken; a receipt would say that something was got for it.
///
/// > Servers MUST NOT return a `Payment-Receipt` header on error responses.
/// > — draft-httpauth-payment-00, "Receipt Status Semantics"
#[check(must, needs(Session), killed_by(SendsReceiptWhenTheHandlerFails))]
async fn a_failed_handler_gives_no_receipt(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).whose_handler_fails()).await?;
    let channel = Channel::open(bed, offer).await?;
    let answer = channel.buy(100).await?;
    if answer.status < 500 {
        return broken(format!("a failed handler is answered {}", answer.status));
    }
    withheld(&answer, &channel.offer)
}

/// > Payment-Receipt = base64url-nopad
/// > — draft-httpauth-payment-00, "Payment-Receipt Header"
#[check(
    must,
    needs(Session),
    killed_by(
        PadsTheReceipt,
        DatesReceiptsInSeconds,
        CallsTheReceiptPaid,
        NamesAnotherMethodOnTheReceipt
    )
)]
async fn the_receipt_is_well_formed(bed: &Bed) -> Outcome {
    let answer = bought(bed).await?;
    let receipt = Receipt::parse(field(&answer)?);
    let receipt = receipt.map_err(|error| Broken::promise(error.to_string()))?;
    if (receipt.status.as_str(), receipt.method.as_str()) != ("success", "evm") {
        return broken(format!("a {} of method {}", receipt.status, receipt.method));
    }
    if receipt.reference.is_empty() { broken("the reference is empty") } else { Ok(()) }
}

/// > MUST include `Cache-Control: private`
/// > — draft-httpauth-payment-00, "Caching"
#[check(must, needs(Session), killed_by(SharesReceipts))]
async fn an_answer_with_a_receipt_is_private(bed: &Bed) -> Outcome {
    let answer = bought(bed).await?;
    field(&answer)?;
    cache_control_has(&answer, "private")
}
