//! What a session of the draft is judged by.

use conform402_runner::{Answer, Broken, Mounted, Outcome};
use conform402_wire::{base64url, receipt};
use serde_json::{Value, json};

use crate::mpp::judge::{broken, withheld};

/// Nothing was sold, whatever was answered: of a voucher that is spent the draft
/// says both 200 and 402 ("Idempotency", "Per-Request Processing").
pub fn not_sold(answer: &Answer, offer: &Mounted) -> Outcome {
    if answer.body.contains(offer.content()) {
        return broken(format!("the content is given away ({})", answer.status));
    }
    Ok(())
}

/// Refused by a seller that did not break down over it.
pub fn refused_by_a_seller_that_stands(answer: &Answer, offer: &Mounted) -> Outcome {
    withheld(answer, offer)?;
    match answer.status {
        500.. => broken(format!("the seller broke down ({})", answer.status)),
        _ => Ok(()),
    }
}

/// The receipt of an answer, as JSON.
pub fn receipt_json(answer: &Answer) -> Result<Value, Broken> {
    let field = answer.header(receipt::HEADER);
    let field = field.ok_or_else(|| Broken::promise("a successful answer has no receipt"))?;
    let bytes = base64url::decode(field);
    let bytes = bytes.map_err(|error| Broken::promise(format!("the receipt is {error}")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Broken::promise(format!("the receipt is no JSON: {error}")))
}

/// The channel stands so by an answer's receipt.
pub fn balance_is(answer: &Answer, accepted: u64, spent: u64) -> Outcome {
    let receipt = receipt_json(answer)?;
    let told = (&receipt["acceptedCumulative"], &receipt["spent"]);
    if told == (&json!(accepted.to_string()), &json!(spent.to_string())) {
        return Ok(());
    }
    broken(format!(
        "the receipt tells of {} spent of {}, instead of {spent} of {accepted}",
        told.1, told.0
    ))
}
