//! Whose voucher it is. Each of these differs from a good voucher in one thing,
//! and is signed as it stands where the difference is signed at all.

use alloy::primitives::Bytes;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::session::channel::Escrow;
use conform402_wire::session::{SessionPayload, SignedVoucher};
use conform402_wire::signature::with_high_s;

use crate::mpp::channel::Channel;
use crate::mpp::judge::{delivered, refused_as, status_is, withheld};

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    Channel::open(bed, bed.offer(Offer::session(100)).await?).await
}

/// > Verify voucher signature using EIP-712 recovery
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn the_payers_voucher_buys(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

async fn buys_nothing(channel: &Channel<'_>, voucher: SignedVoucher) -> Outcome {
    let answer = channel.present(SessionPayload::Voucher(voucher)).await?;
    withheld(&answer, &channel.offer)
}

/// > Recover signer and verify it matches the expected signer from on-chain state
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures))]
async fn a_strangers_voucher_buys_nothing(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    channel.key = bed.other_payer().await?.key().clone();
    buys_nothing(&channel, channel.signed(100)?).await
}

/// > 70004 | Signature verification failed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
/// > | 402 Payment Required | Invalid signature or signer mismatch |
/// > — draft-evm-session-00, "Error Responses"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures, AnswersBadVouchersWith400))]
async fn a_strangers_voucher_is_answered_402(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    channel.key = bed.other_payer().await?.key().clone();
    status_is(&channel.buy(100).await?, 402)
}

/// The payee cannot write itself vouchers either: there is one who signs.
///
/// > Recover signer and verify it matches the expected signer from on-chain state
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures))]
async fn the_payees_own_voucher_buys_nothing(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    channel.key = channel.offer.payee_key().clone();
    buys_nothing(&channel, channel.signed(100)?).await
}

/// Two channels of one payer to one payee: each voucher is good for its own.
///
/// > Vouchers are bound to a specific channel and contract via
/// > — draft-evm-session-00, "Replay Prevention"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures, TakesVouchersOfOtherChannels))]
async fn a_voucher_of_another_channel_buys_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let other = Channel::open(bed, offer.clone()).await?;
    let channel = Channel::open(bed, offer).await?;
    let voucher = SignedVoucher { channel_id: channel.id, ..other.signed(100)? };
    buys_nothing(&channel, voucher).await
}

/// > The EIP-712 domain separator includes `chainId`, making signatures invalid
/// > on other chains.
/// > — draft-evm-session-00, "Cross-Chain Replay"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures, IgnoresTheVouchersChain))]
async fn a_voucher_of_another_chain_buys_nothing(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    channel.escrow = Escrow { chain_id: channel.escrow.chain_id + 1, ..channel.escrow };
    buys_nothing(&channel, channel.signed(100)?).await
}

/// > ensuring vouchers cannot be replayed across different escrow deployments
/// > — draft-evm-session-00, "Signature Verification"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures, IgnoresTheVouchersEscrow))]
async fn a_voucher_of_another_escrow_buys_nothing(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    channel.escrow = Escrow { contract: channel.terms.token, ..channel.escrow };
    buys_nothing(&channel, channel.signed(100)?).await
}

/// > EIP-712 signatures bind all voucher fields. Any modification invalidates the
/// > signature.
/// > — draft-evm-session-00, "Voucher Tampering"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures))]
async fn a_voucher_raised_after_signing_buys_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let raised = SignedVoucher { cumulative_amount: BaseUnits::new(200), ..channel.signed(100)? };
    buys_nothing(&channel, raised).await
}

/// > Implementations MAY cache successfully-verified voucher signatures keyed by
/// > `(channelId, cumulativeAmount, signature)` and short-circuit on an exact
/// > bit-for-bit replay
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, needs(Session), killed_by(TrustsKnownAmounts))]
async fn a_forgery_of_the_highest_voucher_buys_nothing(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    channel.key = bed.other_payer().await?.key().clone();
    buys_nothing(&channel, channel.signed(300)?).await
}

/// > 4. Verify signature uses canonical low-s values
/// > — draft-evm-session-00, "Voucher Verification"
/// > Encode as a 65-byte `bytes` value: `r (32) || s (32) || v (1)`, where `v` is
/// > 27 or 28
/// > — draft-evm-session-00, "Signing Procedure"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures))]
#[case(malleable, killed_by(AcceptsHighSVouchers), with_high_s)]
#[case(of_an_unshifted_parity, killed_by(AcceptsBareParityVouchers), unshifted)]
#[case(of_66_bytes, killed_by(TrimsVoucherSignatures), |s| [s.as_ref(), &[0]].concat().into())]
#[case(of_64_bytes, |s| s.slice(..64))]
#[case(empty, |_| Bytes::new())]
#[case(all_zeros, |_| vec![0; 65].into())]
async fn a_voucher_buys_nothing_whose_signature_is(
    bed: &Bed,
    change: impl Fn(&Bytes) -> Bytes,
) -> Outcome {
    let channel = session(bed).await?;
    let voucher = channel.signed(100)?;
    let signature = change(&voucher.signature);
    buys_nothing(&channel, SignedVoucher { signature, ..voucher }).await
}

fn unshifted(signature: &Bytes) -> Bytes {
    let mut bytes = signature.to_vec();
    if let Some(parity) = bytes.last_mut() {
        *parity -= 27;
    }
    bytes.into()
}

/// A refused voucher leaves the channel as it was.
///
/// > If signature verification fails, the server MUST return an error response
/// > — draft-evm-session-00, "Idempotency"
#[check(
    must,
    needs(Session),
    killed_by(
        BlocksChannelsAfterAForgery,
        IgnoresVoucherSignatures,
        ChargesNothing,
        SellsBeyondVouchers
    )
)]
async fn a_forgery_harms_no_channel(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    let payers = channel.key.clone();
    channel.key = bed.other_payer().await?.key().clone();
    channel.buy(500).await?;
    channel.key = payers;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    withheld(&channel.buy(100).await?, &channel.offer)
}

/// > `https://paymentauth.org/problems/session/invalid-signature` | Voucher
/// > signature invalid
/// > — draft-evm-session-00, "Error Responses"
#[check(
    should,
    needs(Session),
    killed_by(IgnoresVoucherSignatures, AnswersBadVouchersWith400, GivesNoReason)
)]
async fn a_malformed_signature_is_called_so(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let voucher = channel.signed(100)?;
    let voucher = SignedVoucher { signature: voucher.signature.slice(..64), ..voucher };
    let answer = channel.present(SessionPayload::Voucher(voucher)).await?;
    refused_as(&answer, &channel.offer, 402, "session/invalid-signature")
}
