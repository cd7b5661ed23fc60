//! A settlement service that cannot be heard: a seller that does not know
//! whether it was paid must not deliver.

use std::time::Duration;

use alloy::primitives::B256;
use conform402_facilitator::Script;
use conform402_runner::{Bed, Offer, Outcome, check};
use conform402_wire::sa::Envelope;
use serde_json::json;

use crate::mpp::buyer::{Payment, in_seconds, present};
use crate::mpp::judge::{broken, buys, refused};

/// How long the target waits for an answer here.
const PATIENCE: Duration = Duration::from_secs(1);

/// > settle() | POST /api/v6/pay/mpp/charge/settle
/// > — OKX Python SDK Reference (seed 000), "Endpoints called"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn a_clear_answer_buys(bed: &Bed) -> Outcome {
    buys(bed, Offer::charge(100)).await
}

/// What comes late is a refusal, so that a seller without a time-out has no
/// reason to deliver either.
///
/// > timeout: float = 30.0
/// > — OKX Python SDK Reference (seed 000), "OKXSAClient"
/// > the server SHOULD NOT provide partial access if payment verification fails
/// > — draft-payment-intent-charge-00, "Atomicity"
#[check(must, needs(Charge))]
#[case(late, killed_by(DeliversOnTimeout), Script::Late(PATIENCE + Duration::from_millis(500)))]
#[case(cut_off, killed_by(DeliversOnLostConnection), Script::Truncated { body: success() })]
#[case(absent, killed_by(DeliversOnLostConnection), Script::Reset)]
async fn an_answer_buys_nothing_that_is(bed: &Bed, script: Script) -> Outcome {
    let offer = bed.offer(Offer::charge(100).with_patience(PATIENCE)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    bed.script(script);
    let answer = present(bed, &offer, &credential).await?;
    if bed.asked().is_empty() {
        return broken("the facilitator was not asked");
    }
    refused(bed, &answer, &offer).await
}

fn success() -> String {
    let data = json!({
        "method": "evm",
        "status": "success",
        "reference": B256::repeat_byte(0x42),
        "timestamp": in_seconds(0),
        "chainId": 196,
    });
    json!(Envelope::success(data)).to_string()
}
