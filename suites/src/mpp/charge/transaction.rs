//! Transaction mode: the payer signs an EIP-3009 authorization, the settlement
//! service broadcasts it.
//!
//! Every negative is signed as it stands, so that nothing is wrong with it but
//! what its name says.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall as _;
use conform402_chain::Token;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::sa::SaCode;
use conform402_wire::sa::charge::SETTLE;
use conform402_wire::signature::with_high_s;

use crate::mpp::buyer::{Payment, did, now, present};
use crate::mpp::judge::{broken, delivered, paid, refused, refused_for};

/// > SAClient.settle (the SA-API broadcasts transferWithAuthorization on-chain)
/// > — OKX Python SDK Reference (seed 000), "Charge — ChargeIntent"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn the_payer_pays_the_recipient_to_the_unit(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(12_345)).await?;
    let payment = Payment::of(bed, &offer).await?;
    delivered(&present(bed, &offer, &payment.sign()?).await?, &offer)?;
    paid(bed, &offer).await?;
    let payer = bed.payer().address();
    if bed.testbed().chain.nonce_used(payer, payment.primary.nonce).await? {
        return Ok(());
    }
    broken("the money moved, but not by the authorization that was presented")
}

/// > Immediate settlement: … Deferred settlement: Server submits payment after
/// > verification
/// > — draft-payment-intent-charge-00, "Settlement"
#[check(must, needs(Charge), killed_by(AsksToSettleTwice))]
async fn the_settlement_service_is_asked_once(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    delivered(&present(bed, &offer, &credential).await?, &offer)?;
    let asked: Vec<String> = bed.asked().into_iter().map(|entry| entry.endpoint).collect();
    if asked == [SETTLE] { Ok(()) } else { broken(format!("asked {}", asked.join(", "))) }
}

async fn refuses(bed: &Bed, code: SaCode, change: impl FnOnce(&mut Payment)) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let payment = Payment::of(bed, &offer).await?.with(change);
    refused_for(bed, code, &present(bed, &offer, &payment.sign()?).await?, &offer).await
}

/// > Verify the payment amount matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
#[case(lower, 99)]
#[case(higher, 101)]
#[case(zero, 0)]
async fn another_value_is_refused(bed: &Bed, value: u64) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, |payment| payment.primary.value = BaseUnits::new(value))
        .await
}

/// > Verify the payment recipient matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn another_recipient_is_refused(bed: &Bed) -> Outcome {
    let stranger = bed.stranger();
    refuses(bed, SaCode::InvalidCredential, |payment| payment.primary.to = stranger).await
}

/// > 70004 | Signature verification failed
/// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn a_signer_who_is_not_the_payer_is_refused(bed: &Bed) -> Outcome {
    let stranger = bed.other_payer().await?.key().clone();
    refuses(bed, SaCode::InvalidSignature, |payment| payment.key = stranger).await
}

/// The thief presents somebody else's account as the payer, and signs itself.
///
/// > 70004 | Signature verification failed
/// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn a_payment_out_of_another_account_is_refused(bed: &Bed) -> Outcome {
    let victim = bed.other_payer().await?;
    let (address, source) = (victim.address(), did(victim, bed.testbed().chain.chain_id()));
    refuses(bed, SaCode::InvalidSignature, |payment| {
        payment.primary.from = address;
        payment.source = Some(source);
    })
    .await
}

/// The payer holds as much of another token of the same name and version, and
/// signs for that.
///
/// > currency: string // ERC-20 contract EVM address
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn another_token_is_refused(bed: &Bed) -> Outcome {
    let other = bed.testbed().chain.other_token().domain.clone();
    refuses(bed, SaCode::InvalidSignature, |payment| payment.domain = other).await
}

/// > 70004 | Signature verification failed
/// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
#[case(name, |payment| payment.domain.name = "USDT0".to_owned())]
#[case(version, |payment| payment.domain.version = "2".to_owned())]
#[case(chain, |payment| payment.domain.chain_id += 1)]
#[case(contract, |payment| payment.domain.contract = Address::repeat_byte(0x42))]
async fn a_signature_for_another_domain_is_refused(bed: &Bed, change: fn(&mut Payment)) -> Outcome {
    refuses(bed, SaCode::InvalidSignature, change).await
}

/// > validAfter: string; // Unix timestamp (start validity) … validBefore:
/// > string; // Unix timestamp (end validity)
/// > — OKX Node SDK Reference (seed 002), "PaymentPayload"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
#[case(over, |payment| payment.primary.valid_before = now() - 60)]
#[case(to_come, |payment| payment.primary.valid_after = now() + 3_600)]
async fn an_authorization_whose_time_is(bed: &Bed, change: fn(&mut Payment)) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, change).await
}

/// > nonce: `0x${string}`; // 32-byte unique nonce
/// > — OKX Node SDK Reference (seed 002), "PaymentPayload"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn a_cancelled_nonce_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let payment = Payment::of(bed, &offer).await?;
    cancel(bed, &payment).await?;
    refused_for(
        bed,
        SaCode::InvalidCredential,
        &present(bed, &offer, &payment.sign()?).await?,
        &offer,
    )
    .await
}

/// Has the payer cancel the payment's nonce on chain.
async fn cancel(bed: &Bed, payment: &Payment) -> Outcome {
    use alloy::signers::SignerSync as _;
    use alloy::sol_types::SolStruct as _;
    alloy::sol! {
        struct CancelAuthorization {
            address authorizer;
            bytes32 nonce;
        }
    }
    let authorizer = bed.payer().address();
    let nonce = payment.primary.nonce;
    let digest =
        CancelAuthorization { authorizer, nonce }.eip712_signing_hash(&payment.domain.eip712());
    let signature = bed.payer().key().sign_hash_sync(&digest);
    let signature = signature.map_err(|error| Broken::Ours(error.to_string()))?;
    let call = Token::cancelAuthorization_0Call {
        authorizer,
        nonce,
        signature: Bytes::copy_from_slice(&signature.as_bytes()),
    };
    let chain = &bed.testbed().chain;
    let token = chain.token().domain.contract;
    let receipt = chain.transact(bed.payer(), token, call.abi_encode()).await?;
    if receipt.status() { Ok(()) } else { Err(Broken::Ours("the cancellation reverted".into())) }
}

/// > sign takes a 32-byte hash and outputs a 65-byte r||s||v (v∈{27,28})
/// > — OKX Python SDK Reference (seed 000), "Signer (mpp_evm.signer)"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
#[case(of_64_bytes, killed_by(GuessesMissingParity), |signature| signature.truncate(64))]
#[case(of_66_bytes, killed_by(TrimsLongSignatures), |signature| signature.push(0))]
#[case(of_no_bytes, |signature| signature.clear())]
#[case(with_v_26, |signature| signature[64] = 26)]
#[case(with_high_s, killed_by(LowersHighS), |signature| {
    *signature = with_high_s(&signature.clone().into()).to_vec();
})]
#[case(with_r_of_zero, |signature| signature[..32].fill(0))]
async fn a_signature_is_refused(bed: &Bed, change: fn(&mut Vec<u8>)) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let payment = Payment::of(bed, &offer).await?;
    let mut signed = payment.authorization()?;
    let mut signature = signed.signature.to_vec();
    change(&mut signature);
    signed.signature = signature.into();
    let answer = present(bed, &offer, &payment.carrying(signed)?).await?;
    refused_for(bed, SaCode::InvalidSignature, &answer, &offer).await
}

/// The parity itself is right, written without the 27 that a token asks for.
///
/// > sign takes a 32-byte hash and outputs a 65-byte r||s||v (v∈{27,28})
/// > — OKX Python SDK Reference (seed 000), "Signer (mpp_evm.signer)"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal, NormalizesParity))]
#[case(_0, 27)]
#[case(_1, 28)]
async fn a_signature_is_refused_whose_v_is(bed: &Bed, parity: u8) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut payment = Payment::of(bed, &offer).await?;
    let mut signed = payment.authorization()?;
    while signed.signature[64] != parity {
        payment.primary.nonce = bed.nonce();
        signed = payment.authorization()?;
    }
    let mut signature = signed.signature.to_vec();
    signature[64] -= 27;
    signed.signature = signature.into();
    let answer = present(bed, &offer, &payment.carrying(signed)?).await?;
    refused_for(bed, SaCode::InvalidSignature, &answer, &offer).await
}

/// > 70003 | Invalid credential
/// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
async fn more_than_the_payer_has_is_refused(bed: &Bed) -> Outcome {
    let more = BaseUnits(U256::from(1_000_001));
    let offer = bed.offer(Offer::charge(0).costing(more)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// The credential's `source` names somebody else than the one who signed.
///
/// > `source` | string | No | Payer identifier
/// > — draft-httpauth-payment-00, "Credentials (Authorization)"
#[check(should, needs(Charge), killed_by(DeliversOnSaRefusal, DropsTheSource))]
async fn a_source_that_is_not_the_payer_is_refused(bed: &Bed) -> Outcome {
    let other = bed.other_payer().await?;
    let source = did(other, bed.testbed().chain.chain_id());
    refuses(bed, SaCode::InvalidCredential, |payment| payment.source = Some(source)).await
}

/// > 70000 | Missing field or bad format
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Charge), killed_by(CrashesOnForeignPayloads))]
#[case(value_in_hex, "/payload/authorization/value", "0x64")]
#[case(short_nonce, "/payload/authorization/nonce", "0x44")]
#[case(no_address, "/payload/authorization/to", "payee")]
async fn a_field_of_bad_format_is_refused(bed: &Bed, place: &str, text: &str) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut credential = Payment::of(bed, &offer).await?.sign()?;
    let field = credential.pointer_mut(place);
    *field.ok_or_else(|| Broken::Ours(format!("no member {place}")))? = text.into();
    let answer = present(bed, &offer, &credential).await?;
    refused(bed, &answer, &offer).await?;
    if answer.status < 500 { Ok(()) } else { broken("the seller's own error, for the buyer's") }
}
