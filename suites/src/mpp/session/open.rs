//! Opening a channel by an authorization that the settlement service
//! broadcasts. Every negative is signed as it stands, so that nothing is wrong
//! with it but what its name says.

use alloy::primitives::{Address, Bytes, U256};
use conform402_runner::{Bed, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::sa::SaCode;
use conform402_wire::session::Share;
use conform402_wire::signature::with_high_s;
use serde_json::{Value, json};

use super::judge::managed_only;
use crate::mpp::buyer::{did, now, present};
use crate::mpp::channel::Channel;
use crate::mpp::judge::{delivered, managed, refused, refused_for, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal, if_served};

/// > open | Verify payee → call SA session/open on-chain → write local store
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_channel_opens_and_sells(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// > The SDK forces 204 for the three management actions (open / topUp / close);
/// > … only voucher actually delivers the resource
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, needs(Session), killed_by(SellsForAnOpening))]
async fn an_opening_sells_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let credential = Proposal::of(bed, &offer).await?.sign()?;
    managed_only(&present(bed, &offer, &credential).await?, &offer)
}

/// The first voucher is as good as any other.
///
/// > Local EIP-712 verify → raise highest voucher → atomic charge
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(
    must,
    needs(Session),
    killed_by(TakesTheFirstVoucherForSpent, ChargesNothing, SellsBeyondVouchers)
)]
async fn what_the_first_voucher_allows_is_sold(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let first = |proposal: &mut Proposal| proposal.cumulative = BaseUnits::new(100);
    let proposal = Proposal::of(bed, &offer).await?.with(first);
    let channel = Channel::opened_by(bed, offer, &proposal).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    withheld(&channel.buy(100).await?, &channel.offer)
}

/// > An address delegated to sign vouchers on behalf of the payer.
/// > — draft-evm-session-00, "Terminology"
#[check(must, needs(Session), killed_by(OverlooksTheDelegate, IgnoresVoucherSignatures))]
async fn whom_the_payer_names_signs_vouchers(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let delegate = bed.other_payer().await?.key().clone();
    let mut proposal =
        Proposal::of(bed, &offer).await?.on(bed, |t| t.authorized_signer = delegate.address());
    proposal.voucher_key = delegate;
    let mut channel = Channel::opened_by(bed, offer, &proposal).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.key = bed.payer().key().clone();
    withheld(&channel.buy(200).await?, &channel.offer)
}

async fn refuses(bed: &Bed, code: SaCode, change: impl FnOnce(&mut Proposal)) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let credential = Proposal::of(bed, &offer).await?.with(change).sign()?;
    refused_for(bed, code, &present(bed, &offer, &credential).await?, &offer).await
}

/// > channelId = keccak256(abi.encode(
/// > — draft-evm-session-00, "Channel State"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits, CorrectsTheChannelId))]
async fn a_channel_id_of_other_terms_is_refused(bed: &Bed) -> Outcome {
    let other = bed.nonce();
    refuses(bed, SaCode::InvalidCredential, |proposal| proposal.channel.0 = other).await
}

/// Whoever opens the route's channel for another payee is not its customer.
///
/// > Verify payee
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_channel_to_another_payee_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let stranger = bed.stranger();
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |terms| terms.payee = stranger);
    let answer = present(bed, &offer, &proposal.sign()?).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// > `channel.token` matches `request.currency`
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_channel_of_another_token_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let other = bed.testbed().chain.other_token().domain.clone();
    let mut proposal = Proposal::of(bed, &offer).await?.on(bed, |t| t.token = other.contract);
    proposal.token = other;
    let answer = present(bed, &offer, &proposal.sign()?).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// A payer that leaves within minutes outruns the payee's last settlement.
///
/// > Servers MUST verify the contract's grace period meets
/// > this minimum before accepting channels on that contract
/// > — draft-evm-session-00, "Forced Close"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_channel_in_a_hasty_escrow_is_refused(bed: &Bed) -> Outcome {
    let offer = if_served(bed, Offer::session(100).in_hasty_escrow()).await?;
    let credential = Proposal::of(bed, &offer).await?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_for(bed, SaCode::GracePeriod, &answer, &offer).await
}

/// > The `authorization.to` field MUST be the escrow contract address.
/// > — draft-evm-session-00, "Front-Running Protection"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_to_somebody_else_is_refused(bed: &Bed) -> Outcome {
    let stranger = bed.stranger();
    refuses(bed, SaCode::InvalidCredential, |proposal| proposal.receive.to = stranger).await
}

/// > if the supplied value does not match
/// > — draft-evm-session-00, "openWithAuthorization"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_bound_to_nothing_is_refused(bed: &Bed) -> Outcome {
    let random = bed.nonce();
    refuses(bed, SaCode::InvalidCredential, |proposal| proposal.receive.nonce = random).await
}

/// The draft derives the nonce from five values, OKX from seven.
///
/// > if the supplied value does not match
/// > — draft-evm-session-00, "openWithAuthorization"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_bound_as_in_the_other_dialect_is_refused(bed: &Bed) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, |proposal| {
        proposal.receive.nonce = proposal.terms.drafted_open_nonce();
    })
    .await
}

/// A payer that had a share of its own would get back nearly all that it pays.
///
/// > splits?: SessionSplit[] // pro-rata split by bps
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_bound_to_a_share_of_the_payers_own_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let share = Share { recipient: bed.payer().address(), bps: 9_999, memo: None };
    let credential = Proposal::of(bed, &offer).await?.shared(&[share]).sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// > splits?: SessionSplit[] // pro-rata split by bps
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(SessionSplits), killed_by(CountsRefusedDeposits))]
#[case(none, killed_by(ForgetsTheShares), |_| Vec::new())]
#[case(smaller_ones, |mut shares| { shares[0].bps -= 1; shares })]
#[case(those_of_others, |mut shares| { shares[0].recipient = Address::repeat_byte(0x42); shares })]
#[case(another_order, |mut shares| { shares.reverse(); shares })]
async fn a_deposit_is_refused_of_whose_shares_there_are(
    bed: &Bed,
    change: impl FnOnce(Vec<Share>) -> Vec<Share>,
) -> Outcome {
    let offer = bed.offer(Offer::session(100).shared(&[1_000, 250])).await?;
    let shares = change(offer.shares().to_vec());
    let credential = Proposal::of(bed, &offer).await?.shared(&shares).sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// > 70004 | Signature verification failed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_signed_by_somebody_else_is_refused(bed: &Bed) -> Outcome {
    let stranger = bed.other_payer().await?.key().clone();
    refuses(bed, SaCode::InvalidSignature, |proposal| proposal.key = stranger).await
}

/// > 70004 | Signature verification failed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
#[case(name, |proposal| proposal.token.name = "USDT0".to_owned())]
#[case(version, |proposal| proposal.token.version = "2".to_owned())]
#[case(chain, |proposal| proposal.token.chain_id += 1)]
async fn a_deposit_in_another_domain_is_refused(
    bed: &Bed,
    change: impl FnOnce(&mut Proposal),
) -> Outcome {
    refuses(bed, SaCode::InvalidSignature, change).await
}

/// > `ZeroDeposit` | Deposit amount is `0`
/// > — draft-evm-session-00, "Contract Errors"
/// > Insufficient on-chain balance / token pull failed
/// > — draft-evm-session-00, "Error Responses"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
#[case(nothing, 0)]
#[case(more_than_the_payer_has, 1_000_001)]
async fn a_deposit_is_refused_of(bed: &Bed, units: u64) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, |proposal| {
        proposal.receive.value = BaseUnits::new(units);
    })
    .await
}

/// > `validBefore` | string | REQUIRED | Unix timestamp, expires
/// > — draft-evm-session-00, "Open Payload (feePayer: true)"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn an_expired_deposit_is_refused(bed: &Bed) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, |proposal| {
        proposal.receive.valid_before = BaseUnits::new(now() - 1);
    })
    .await
}

/// > `validAfter` | string | REQUIRED | Unix timestamp, valid from.
/// > — draft-evm-session-00, "Open Payload (feePayer: true)"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_of_tomorrow_is_refused(bed: &Bed) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, |proposal| {
        proposal.receive.valid_after = BaseUnits::new(now() + 86_400);
        proposal.receive.valid_before = BaseUnits::new(now() + 172_800);
    })
    .await
}

/// > 70002 | Payer on blacklist
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_blacklisted_payer_opens_nothing(bed: &Bed) -> Outcome {
    bed.testbed().facilitator.block(bed.payer().address());
    refuses(bed, SaCode::PayerBlocked, |_| {}).await
}

/// > When `type="authorization"` or `type="permit2"`, the payer is identified via
/// > `authorization.from`.
/// > — draft-evm-session-00, "Credential Structure"
#[check(should, needs(Session), killed_by(CountsRefusedDeposits))]
async fn another_source_than_the_payer_is_refused(bed: &Bed) -> Outcome {
    let source = did(bed.other_payer().await?, bed.testbed().chain.chain_id());
    refuses(bed, SaCode::InvalidCredential, |proposal| proposal.source = Some(source)).await
}

/// The service never sees the first voucher; whoever does not verify it holds
/// nothing against a payer who leaves.
///
/// > Verify the initial voucher signature
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures))]
async fn a_first_voucher_of_a_stranger_opens_nothing(bed: &Bed) -> Outcome {
    let stranger = bed.other_payer().await?.key().clone();
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?.with(|p| p.voucher_key = stranger);
    withheld(&present(bed, &offer, &proposal.sign()?).await?, &offer)
}

/// > This ensures the server can call `settle()` or `close()` at any time, even
/// > if the client disconnects immediately after opening.
/// > — draft-evm-session-00, "Open Payload (feePayer: false)"
#[check(should, needs(Session), killed_by(IgnoresVoucherSignatures, MovesMoneyBeforeItLooks))]
async fn nothing_moves_for_a_first_voucher_of_a_stranger(bed: &Bed) -> Outcome {
    let stranger = bed.other_payer().await?.key().clone();
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?.with(|p| p.voucher_key = stranger);
    refused(bed, &present(bed, &offer, &proposal.sign()?).await?, &offer).await
}

/// > The contract MUST reject ECDSA signatures with non-canonical (high-s) values.
/// > — draft-evm-session-00, "Signature Verification"
#[check(must, needs(Session), killed_by(IgnoresVoucherSignatures))]
#[case(malleable, killed_by(AcceptsHighSVouchers), with_high_s)]
#[case(empty, |_| Bytes::new())]
#[case(short, |voucher| voucher.slice(..64))]
async fn a_first_voucher_opens_nothing_whose_signature_is(
    bed: &Bed,
    change: impl FnOnce(&Bytes) -> Bytes,
) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let mut credential = Proposal::of(bed, &offer).await?.sign()?;
    let voucher = &mut credential["payload"]["voucherSignature"];
    let signature: Bytes = serde_json::from_value(voucher.clone()).unwrap_or_default();
    *voucher = json!(change(&signature));
    withheld(&present(bed, &offer, &credential).await?, &offer)
}

/// > Server MUST verify `cumulativeAmount <= channel.deposit`.
/// > — draft-evm-session-00, "Deposit Cap"
#[check(must, needs(Session), killed_by(SellsBeyondTheDeposit))]
async fn a_first_voucher_past_the_deposit_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let past = |proposal: &mut Proposal| proposal.cumulative = BaseUnits::new(DEPOSIT + 1);
    let proposal = Proposal::of(bed, &offer).await?.with(past);
    withheld(&present(bed, &offer, &proposal.sign()?).await?, &offer)
}

/// > The initial voucher (with `cumulativeAmount` typically `"0"`) is REQUIRED so
/// > that the server holds a signed voucher from the start of the session.
/// > — draft-evm-session-00, "Open Payload (feePayer: false)"
#[check(must, needs(Session), killed_by(OpensWithoutAVoucher))]
#[case(of_nothing, 0)]
#[case(of_half_the_deposit, DEPOSIT / 2)]
async fn no_channel_opens_without_a_first_voucher(bed: &Bed, cumulative: u64) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let first = |proposal: &mut Proposal| proposal.cumulative = BaseUnits::new(cumulative);
    let mut credential = Proposal::of(bed, &offer).await?.with(first).sign()?;
    credential["payload"]["voucherSignature"] = json!(null);
    withheld(&present(bed, &offer, &credential).await?, &offer)
}

/// Whatever a payload says besides, a channel holds what the escrow received.
///
/// > Server MUST verify `cumulativeAmount <= channel.deposit`.
/// > — draft-evm-session-00, "Deposit Cap"
#[check(must, needs(Session), killed_by(BelievesClaimedDeposits, SellsBeyondTheDeposit))]
async fn a_deposit_that_is_only_claimed_buys_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let mut credential = proposal.sign()?;
    credential["payload"]["deposit"] = json!((100 * DEPOSIT).to_string());
    // Refused or opened, there is not more in escrow.
    present(bed, &offer, &credential).await?;
    let channel = Channel::of(bed, offer, &proposal);
    withheld(&channel.buy(DEPOSIT + 1).await?, &channel.offer)
}

/// A second opening of the same channel must not make its vouchers good again.
///
/// > highest_voucher_amount and spent are both monotonically non-decreasing
/// > — OKX Python SDK Reference (seed 000), "ChannelState"
#[check(must, needs(Session), killed_by(ReopensChannels, ChargesNothing, SellsBeyondVouchers))]
async fn an_opening_presented_again_forgets_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let credential = Proposal::of(bed, &offer).await?;
    let channel = Channel::opened_by(bed, offer, &credential).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    // However this is answered, what was sold stays sold.
    present(bed, &channel.offer, &credential.sign()?).await?;
    withheld(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > Clients that want a fresh channel after close MUST choose a new `salt`.
/// > — draft-evm-session-00, "Channel Re-Use / Cross-Epoch Replay"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits, LeavesClosedChannelsOpen))]
async fn a_channel_that_was_closed_is_not_opened_again(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let channel = Channel::opened_by(bed, offer, &proposal).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    managed(&channel.close(100).await?)?;
    withheld(&present(bed, &channel.offer, &proposal.sign()?).await?, &channel.offer)?;
    withheld(&channel.buy(200).await?, &channel.offer)?;
    channel.stands(100, 0, &[(channel.payee(), 100)]).await
}

/// > | 400 Bad Request | Malformed payload or missing fields |
/// > — draft-evm-session-00, "Error Responses"
#[check(must, needs(Session), killed_by(CrashesOnForeignPayloads))]
#[case(no_action, "action", json!(null))]
#[case(an_unknown_action, "action", json!("reopen"))]
#[case(an_unknown_type, "type", json!("proof"))]
#[case(no_channel, "channelId", json!(null))]
#[case(a_short_channel, "channelId", json!("0xc1"))]
#[case(no_salt, "salt", json!(null))]
#[case(no_authorization, "authorization", json!(null))]
#[case(an_authorization_as_text, "authorization", json!("0x"))]
#[case(no_signature, "signature", json!(null))]
#[case(a_first_voucher_for_no_amount, "cumulativeAmount", json!(null))]
#[case(a_first_voucher_for_a_negative_amount, "cumulativeAmount", json!("-1"))]
async fn a_payload_is_refused_with(bed: &Bed, member: &str, value: Value) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let mut credential = Proposal::of(bed, &offer).await?.sign()?;
    credential["payload"][member] = value;
    let answer = present(bed, &offer, &credential).await?;
    refused(bed, &answer, &offer).await?;
    crate::mpp::judge::not_broken_down(&answer)
}

/// > If an attacker calls the escrow with a substituted `payee`, `salt`,
/// > `authorizedSigner`, `channelId`, `additionalDeposit`, or `topUpSalt`, the
/// > derived nonce differs from the one the payer signed
/// > — draft-evm-session-00, "Front-Running Protection"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_signer_smuggled_in_is_refused(bed: &Bed) -> Outcome {
    let thief = bed.other_payer().await?.key().clone();
    refuses(bed, SaCode::InvalidCredential, |proposal| {
        proposal.terms.authorized_signer = thief.address();
        proposal.channel = proposal.terms.channel_id(&proposal.escrow);
        proposal.voucher_key = thief;
    })
    .await
}

/// Named as its own delegate, the payer would have two channels of one
/// agreement.
///
/// > Delegated signer; `address(0)` = payer
/// > — draft-evm-session-00, "open"
#[check(may, needs(Session), killed_by(CountsRefusedDeposits))]
async fn the_payer_as_its_own_delegate_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let payer = bed.payer().address();
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |t| t.authorized_signer = payer);
    let answer = present(bed, &offer, &proposal.sign()?).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}

/// > `deposit` | uint128 | Amount to deposit in base units
/// > — draft-evm-session-00, "open"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_past_128_bits_is_refused(bed: &Bed) -> Outcome {
    refuses(bed, SaCode::InvalidParameter, |proposal| {
        proposal.receive.value = BaseUnits(U256::from(u128::MAX) + U256::from(1));
    })
    .await
}

/// The seller sells for a channel of its own, whoever else there is.
///
/// > recipient is required, the Payee wallet address
/// > — OKX Python SDK Reference (seed 000), "Construction"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_channel_to_nobody_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?.on(bed, |t| t.payee = Address::ZERO);
    let answer = present(bed, &offer, &proposal.sign()?).await?;
    refused_for(bed, SaCode::InvalidCredential, &answer, &offer).await
}
