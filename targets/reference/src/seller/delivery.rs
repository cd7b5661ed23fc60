//! Delivering what was paid for, and acknowledging it.

use axum::http::header;
use axum::response::Response;
use conform402_wire::adapter::OfferInfo;
use conform402_wire::{Credential, Receipt, base64url, receipt, timestamp};
use jiff::Timestamp;
use serde_json::json;

use super::Visit;
use crate::answer::Answer;
use crate::fault::fault;
use crate::sa::Settled;

impl Visit<'_> {
    /// Gives the buyer what it paid for.
    pub(super) fn deliver(
        &self,
        offer: &OfferInfo,
        credential: Option<&Credential>,
        settled: &Settled,
    ) -> Response {
        let faults = &self.route.faults;
        let withheld = credential.is_some()
            && fault!(faults, "withholds-paid-content", "a paid answer is empty");
        let content = if withheld { "" } else { offer.content.as_str() };
        let body = json!({ "content": content }).to_string();
        let mut answer = Answer::text(200, "application/json", body);
        let receipt = credential.and_then(|credential| self.receipt(credential, settled));
        if let Some(receipt) = receipt
            && !fault!(faults, "omits-the-receipt", "a paid answer has no receipt")
        {
            answer = answer.with(receipt::HEADER, &receipt);
            if !fault!(faults, "shares-receipts", "an answer with a receipt may be cached by all") {
                answer = answer.with(header::CACHE_CONTROL.as_str(), "private");
            }
        }
        answer.send()
    }

    pub(super) fn receipt(&self, credential: &Credential, settled: &Settled) -> Option<String> {
        let faults = &self.route.faults;
        let forgets_order = fault!(faults, "forgets-the-order", "externalId is not echoed");
        let mut receipt = Receipt {
            status: "success".to_owned(),
            method: "evm".to_owned(),
            timestamp: timestamp::format_millis(Timestamp::now()),
            reference: settled.reference.clone(),
            external_id: settled.external_id.clone().filter(|_| !forgets_order),
        };
        if fault!(faults, "calls-the-receipt-paid", "a receipt's status is `paid`") {
            "paid".clone_into(&mut receipt.status);
        }
        if fault!(faults, "names-another-method-on-the-receipt", "a receipt's method is `tempo`") {
            "tempo".clone_into(&mut receipt.method);
        }
        if fault!(
            faults,
            "refers-to-the-challenge",
            "a receipt refers to the challenge, not the payment"
        ) {
            receipt.reference.clone_from(&credential.challenge.id.0);
        }
        let mut plain = serde_json::to_value(&receipt).ok()?;
        if fault!(faults, "dates-receipts-in-seconds", "a receipt's timestamp is a number") {
            plain["timestamp"] = json!(Timestamp::now().as_second());
        }
        let mut text = plain.to_string();
        if !fault!(faults, "pads-the-receipt", "the receipt's base64url is padded") {
            return Some(base64url::encode(text));
        }
        while text.len() % 3 != 1 {
            text.push(' ');
        }
        Some(base64url::encode(text) + "==")
    }
}
