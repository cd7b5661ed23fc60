//! Hash mode: the payer broadcasts the transfer itself and presents its hash.

use alloy::primitives::{Address, B256, Bytes, TxHash};
use conform402_chain::Account;
use conform402_runner::{Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::sa::SaCode;
use serde_json::Value;

use crate::mpp::buyer::{Payment, challenge, did, present};
use crate::mpp::judge::{act_refused_for, broken, delivered, movements, paid};

/// An offer a buyer may pay by hash: the seller does not pay gas.
async fn offer(bed: &Bed, units: u64) -> Result<Mounted, Broken> {
    bed.offer(Offer::charge(units).fee_payer(false)).await
}

/// Sends `call` to `token` and returns its hash, mined.
async fn broadcast(
    bed: &Bed,
    from: &Account,
    token: Address,
    call: Bytes,
) -> Result<TxHash, Broken> {
    Ok(bed.testbed().chain.transact(from, token, call).await?.transaction_hash)
}

/// > SAClient.verify_hash (the client has already broadcast; the SA-API
/// > verifies the tx hash)
/// > — OKX Python SDK Reference (seed 000), "Charge — ChargeIntent"
#[check(must, control, needs(ChargeHash), killed_by(WithholdsPaidContent))]
async fn a_transfer_of_the_payers_own_buys(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    let hash = broadcast(bed, bed.payer(), offer.currency(), payment.transfer_call()).await?;
    delivered(&present(bed, &offer, &payment.with_hash(hash)).await?, &offer)?;
    paid(bed, &offer).await
}

/// Presents a transaction that does not pay; whatever it moved stays moved,
/// but buys nothing. The settlement service refuses it with `code`.
async fn buys_nothing(bed: &Bed, code: SaCode, offer: &Mounted, credential: &Value) -> Outcome {
    let before = bed.movements().await?;
    act_refused_for(bed, code, present(bed, offer, credential), offer).await?;
    if bed.movements().await? != before {
        return broken("money moved although the transaction was refused");
    }
    Ok(())
}

/// > 70007 | Transaction not on-chain
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn an_unknown_transaction_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    buys_nothing(bed, SaCode::NotConfirmed, &offer, &payment.with_hash(B256::repeat_byte(0x42)))
        .await
}

/// > 70007 | Transaction not confirmed on-chain
/// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn an_unconfirmed_transaction_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    let chain = &bed.testbed().chain;
    let call = payment.transfer_call();
    let hash = chain.leave_pending(bed.payer(), offer.currency(), call).await?;
    if !chain.is_pending(hash).await? {
        return Err(Broken::Ours("the transaction is not pending".to_owned()));
    }
    buys_nothing(bed, SaCode::NotConfirmed, &offer, &payment.with_hash(hash)).await
}

/// > Servers verifying a "charge" credential MUST: … Verify the payment proof
/// > using method-specific procedures
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn a_reverted_transaction_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    // The right transfer, but without the gas for it.
    let (chain, call) = (&bed.testbed().chain, payment.transfer_call());
    let reverted = chain.transact_in_vain(bed.payer(), offer.currency(), call).await?;
    let credential = payment.with_hash(reverted.transaction_hash);
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &credential).await
}

/// > txHash reused
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass" (70003)
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal, TrustsPayersWhoPaid))]
async fn a_reused_transaction_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let first = Payment::of(bed, &offer).await?;
    let hash = broadcast(bed, bed.payer(), offer.currency(), first.transfer_call()).await?;
    delivered(&present(bed, &offer, &first.with_hash(hash)).await?, &offer)?;
    let fresh = challenge(bed, &offer).await?;
    let second = first.with(|payment| payment.challenge = fresh);
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &second.with_hash(hash)).await?;
    paid(bed, &offer).await
}

/// > Verify the payment amount matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
#[case(lower, 99)]
#[case(higher, 101)]
async fn a_transfer_of_another_amount_is_refused(bed: &Bed, value: u64) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    let other = payment.clone().with(|p| p.primary.value = BaseUnits::new(value));
    let hash = broadcast(bed, bed.payer(), offer.currency(), other.transfer_call()).await?;
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &payment.with_hash(hash)).await
}

/// > Verify the payment recipient matches the request
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn a_transfer_to_somebody_else_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let friend = bed.other_payer().await?.address();
    let payment = Payment::of(bed, &offer).await?;
    let other = payment.clone().with(|p| p.primary.to = friend);
    let hash = broadcast(bed, bed.payer(), offer.currency(), other.transfer_call()).await?;
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &payment.with_hash(hash)).await
}

/// > currency: string // ERC-20 contract EVM address
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn a_transfer_of_another_token_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    let other_token = bed.testbed().chain.other_token().domain.contract;
    let hash = broadcast(bed, bed.payer(), other_token, payment.transfer_call()).await?;
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &payment.with_hash(hash)).await
}

/// Somebody else paid this very offer; the thief presents that transaction as
/// its own.
///
/// > `source` | string | No | Payer identifier
/// > — draft-httpauth-payment-00, "Credentials (Authorization)"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn a_transfer_of_another_payer_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    let victim = bed.other_payer().await?;
    let hash = broadcast(bed, victim, offer.currency(), payment.transfer_call()).await?;
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &payment.with_hash(hash)).await?;
    bed.moved(&movements(victim.address(), &offer)).await
}

/// > 70003 | source missing / feePayer conflicts with hash mode / txHash reused
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal))]
async fn a_missing_source_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    let hash = broadcast(bed, bed.payer(), offer.currency(), payment.transfer_call()).await?;
    let anonymous = payment.with(|payment| payment.source = None);
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &anonymous.with_hash(hash)).await
}

/// > 70003 | Invalid credential
/// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
#[check(must, needs(ChargeHash), killed_by(DeliversOnSaRefusal, CorrectsTheSource))]
async fn a_source_of_another_chain_is_refused(bed: &Bed) -> Outcome {
    let offer = offer(bed, 100).await?;
    let payment = Payment::of(bed, &offer).await?;
    let hash = broadcast(bed, bed.payer(), offer.currency(), payment.transfer_call()).await?;
    let elsewhere = did(bed.payer(), offer.chain_id() + 1);
    let payment = payment.with(|payment| payment.source = Some(elsewhere));
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &payment.with_hash(hash)).await
}

/// > feePayer?: boolean // true = server pays gas (transaction mode only)
/// > — OKX Node SDK Reference (seed 002), "Call Options"
/// > feePayer conflicts with hash mode
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass" (70003)
#[check(must, needs(ChargeHash, ChargeFeePayer), killed_by(DeliversOnSaRefusal, HidesTheFeePayer))]
async fn a_hash_is_refused_where_the_seller_pays_gas(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).fee_payer(true)).await?;
    let payment = Payment::of(bed, &offer).await?;
    let hash = broadcast(bed, bed.payer(), offer.currency(), payment.transfer_call()).await?;
    buys_nothing(bed, SaCode::InvalidCredential, &offer, &payment.with_hash(hash)).await
}
