//! SA error codes, by their real causes: the settlement service finds the
//! fault itself, says which, and the seller sells nothing.

use conform402_facilitator::Entry;
use conform402_runner::{Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::sa::SaCode;
use serde_json::Value;

use crate::mpp::buyer::{Payment, present};
use crate::mpp::judge::{buys, refused, withheld};

/// > OKX responses are wrapped in {"code": 0, "data": {...}, "msg": ""}
/// > — OKX Python SDK Reference (seed 000), "Endpoints called"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn no_cause_no_code(bed: &Bed) -> Outcome {
    buys(bed, Offer::charge(100)).await?;
    code_was(bed, 0)
}

fn code_was(bed: &Bed, expected: i64) -> Outcome {
    match bed.asked().first().and_then(Entry::code) {
        Some(code) if code == expected => Ok(()),
        Some(code) => {
            Err(Broken::Ours(format!("the facilitator answered {code} instead of {expected}")))
        }
        // A seller that refuses by itself never causes the code.
        None => Err(Broken::NotApplicable("the seller refuses this without asking".to_owned())),
    }
}

async fn caused(bed: &Bed, offer: &Mounted, credential: &Value, code: SaCode) -> Outcome {
    refused(bed, &present(bed, offer, credential).await?, offer).await?;
    code_was(bed, code.number())
}

/// > 70001 | Chain not in supported list
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn an_offer_on_another_chain_causes_70001(bed: &Bed) -> Outcome {
    let Ok(offer) = bed.try_offer(Offer::charge(100).on_chain(8_453)).await? else {
        return Err(Broken::NotApplicable("the target serves no such offer".to_owned()));
    };
    let credential = Payment::of(bed, &offer).await?.sign()?;
    caused(bed, &offer, &credential, SaCode::UnsupportedChain).await
}

/// > 70002 | Payer on blacklist
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn a_blacklisted_payer_causes_70002(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    bed.testbed().facilitator.block(bed.payer().address());
    caused(bed, &offer, &credential, SaCode::PayerBlocked).await
}

/// > 70003 | source missing
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn a_missing_source_causes_70003(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).fee_payer(false)).await?;
    let payment = Payment::of(bed, &offer).await?.with(|payment| payment.source = None);
    let (chain, call) = (&bed.testbed().chain, payment.transfer_call());
    let sent = chain.transact(bed.payer(), offer.currency(), call).await?;
    let credential = payment.with_hash(sent.transaction_hash);
    withheld(&present(bed, &offer, &credential).await?, &offer)?;
    code_was(bed, SaCode::InvalidCredential.number())
}

/// > 70004 | Signature verification failed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn a_strangers_signature_causes_70004(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let stranger = bed.other_payer().await?.key().clone();
    let payment = Payment::of(bed, &offer).await?.with(|payment| payment.key = stranger);
    caused(bed, &offer, &payment.sign()?, SaCode::InvalidSignature).await
}

/// > 70005 | Split total ≥ main amount
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
/// > 70006 | More than 10 splits
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(ChargeSplits), killed_by(DeliversOnSaRefusal))]
#[case(whose_sum_is_the_amount_cause_70005, &[60, 40], SaCode::SplitSum)]
#[case(that_are_eleven_cause_70006, &[1; 11], SaCode::SplitCount)]
async fn splits(bed: &Bed, splits: &[u64], code: SaCode) -> Outcome {
    let Ok(offer) = bed.try_offer(Offer::charge(100).split(splits)).await? else {
        return Err(Broken::NotApplicable("the target serves no such offer".to_owned()));
    };
    let credential = Payment::of(bed, &offer).await?.sign()?;
    caused(bed, &offer, &credential, code).await
}

/// > 70007 | Transaction not on-chain
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn a_pending_transaction_causes_70007(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).fee_payer(false)).await?;
    let payment = Payment::of(bed, &offer).await?;
    let chain = &bed.testbed().chain;
    let call = payment.transfer_call();
    let hash = chain.leave_pending(bed.payer(), offer.currency(), call).await?;
    caused(bed, &offer, &payment.with_hash(hash), SaCode::NotConfirmed).await
}
