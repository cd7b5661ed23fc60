//! What a session's challenge says.

use conform402_runner::{Bed, Broken, Mounted, Offer, Outcome, check};
use serde_json::{Value, json};

use crate::mpp::buyer::challenge;
use crate::mpp::judge::broken;

/// The decoded request of an offer's challenge.
async fn request(bed: &Bed, offer: Offer) -> Result<(Mounted, Value), Broken> {
    let offer = bed.offer(offer).await?;
    let challenge = challenge(bed, &offer).await?;
    let request = challenge.request.decode();
    Ok((offer, request.map_err(|error| Broken::promise(error.to_string()))?))
}

fn is(request: &Value, place: &str, expected: &Value) -> Outcome {
    let found = request.pointer(place).unwrap_or(&Value::Null);
    if found == expected {
        return Ok(());
    }
    broken(format!("`{}` is {found} instead of {expected}", &place[1..].replace('/', ".")))
}

/// > amount: string // unit price, base units
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, control, needs(Session), killed_by(NamesTheDepositAsThePrice))]
async fn the_amount_is_the_price_of_a_unit(bed: &Bed) -> Outcome {
    let (_, request) = request(bed, Offer::session(100).suggesting(5_000)).await?;
    is(&request, "/amount", &json!("100"))
}

/// > Payment intents describe the type of payment being requested.
/// > — draft-httpauth-payment-00, "Payment Intents"
#[check(must, needs(Session), killed_by(CallsSessionsCharges))]
async fn the_intent_is_session(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let intent = challenge(bed, &offer).await?.intent;
    if intent == "session" { Ok(()) } else { broken(format!("`intent` is {intent:?}")) }
}

/// > `methodDetails.chainId` | number | REQUIRED | EVM chain ID
/// > — draft-evm-session-00, "Method Details"
#[check(must, needs(Session), killed_by(HidesTheChain))]
async fn the_chain_is_a_number(bed: &Bed) -> Outcome {
    let (offer, request) = request(bed, Offer::session(100).suggesting(5_000)).await?;
    is(&request, "/methodDetails/chainId", &json!(offer.chain_id()))
}

/// > `methodDetails.escrowContract` | string | REQUIRED | Address of the channel
/// > escrow contract
/// > — draft-evm-session-00, "Method Details"
#[check(must, needs(Session), killed_by(HidesTheEscrow))]
async fn the_escrow_is_named(bed: &Bed) -> Outcome {
    let (offer, request) = request(bed, Offer::session(100).suggesting(5_000)).await?;
    let escrow = offer.escrow().contract;
    let named = request["methodDetails"]["escrowContract"].as_str();
    if named.is_some_and(|named| named.parse() == Ok(escrow)) {
        return Ok(());
    }
    broken(format!("`methodDetails.escrowContract` is {named:?} instead of {escrow}"))
}

/// > minVoucherDelta?: string // throttle: minimum voucher increment
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Session), killed_by(WritesAmountsAsNumbers))]
async fn the_least_increment_is_a_decimal_text(bed: &Bed) -> Outcome {
    let (_, request) =
        request(bed, Offer::session(100).with_min_delta(50).suggesting(5_000)).await?;
    is(&request, "/methodDetails/minVoucherDelta", &json!("50"))
}

/// > splits?: SessionSplit[] // pro-rata split by bps
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(SessionSplits), killed_by(ForgetsTheShares))]
async fn the_shares_are_listed(bed: &Bed) -> Outcome {
    let (offer, request) = request(bed, Offer::session(100).shared(&[1_000, 250])).await?;
    let listed = request["methodDetails"]["splits"].as_array().cloned().unwrap_or_default();
    let shares: Vec<_> = listed
        .iter()
        .map(|share| (share["recipient"].as_str().and_then(|r| r.parse().ok()), &share["bps"]))
        .collect();
    let bps: Vec<Value> = offer.shares().iter().map(|share| json!(share.bps)).collect();
    let expected: Vec<_> =
        offer.shares().iter().map(|share| Some(share.recipient)).zip(&bps).collect();
    if shares == expected { Ok(()) } else { broken(format!("`splits` is {listed:?}")) }
}

/// > `methodDetails.feePayer` | boolean | OPTIONAL | If `true`, server pays gas
/// > for open/topUp
/// > — draft-evm-session-00, "Method Details"
#[check(must, needs(SessionFeePayer), killed_by(HidesTheFeePayer))]
async fn who_pays_gas_is_said(bed: &Bed) -> Outcome {
    let (_, request) = request(bed, Offer::session(100).fee_payer(true)).await?;
    is(&request, "/methodDetails/feePayer", &json!(true))
}
