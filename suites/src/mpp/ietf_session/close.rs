//! Closing at the payer's wish: settled, refunded, and over.

use alloy::signers::local::PrivateKeySigner;
use conform402_chain::EscrowContract;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::session::SessionPayload;

use super::judge::{receipt_json, refused_by_a_seller_that_stands};
use super::payer;
use crate::mpp::buyer::ours;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered, managed, refused_as, status_is, withheld};
use crate::mpp::proposal::DEPOSIT;

/// Seconds: past the grace period of every escrow of a testbed.
const PAST_THE_GRACE_PERIOD: u64 = 16 * 60;

/// A channel on which 300 was allowed and spent.
async fn spent(bed: &Bed) -> Result<Channel<'_>, Broken> {
    let channel = payer::open(bed, Offer::ietf_session(300)).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    Ok(channel)
}

/// > On `status == 0x1`, the contract has settled the delta and refunded the
/// > remainder to the payer
/// > — draft-evm-session-00, "Cooperative Close"
#[check(
    must,
    control,
    profile(Ietf),
    needs(IetfSession),
    killed_by(ClosesNothingAtAll, SellsNothingForVouchers)
)]
async fn closing_settles_and_refunds(bed: &Bed) -> Outcome {
    let channel = spent(bed).await?;
    managed(&channel.close(300).await?)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > Server calls `close(channelId, cumulativeAmount, signature)`
/// > — draft-evm-session-00, "Cooperative Close"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(ClosesWithWhatItHeld))]
#[case(more_than_was_spent, 500)]
#[case(the_whole_deposit, killed_by(KeepsTheLastUnitBack), DEPOSIT)]
async fn a_closing_voucher_pays(bed: &Bed, cumulative: u64) -> Outcome {
    let channel = spent(bed).await?;
    managed(&channel.close(cumulative).await?)?;
    channel.stands(cumulative, 0, &[(channel.payee(), cumulative)]).await
}

/// > If the client's voucher is insufficient, the server SHOULD settle using the
/// > highest previously accepted voucher instead of the close voucher
/// > — draft-evm-session-00, "Cooperative Close"
#[check(should, profile(Ietf), needs(IetfSession), killed_by(ClosesWithWhateverIsPresented))]
async fn a_closing_voucher_below_what_was_spent_pays_what_was_spent(bed: &Bed) -> Outcome {
    let channel = spent(bed).await?;
    managed(&channel.close(299).await?)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// Whether the seller closes with the voucher it holds or refuses to close,
/// what was spent is not taken back.
///
/// > Server MUST verify `cumulativeAmount >= spent` (the client's final voucher
/// > covers all delivered service).
/// > — draft-evm-session-00, "Cooperative Close"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(ClosesWithWhateverIsPresented))]
#[case(one_unit_less, 299)]
#[case(nothing, 0)]
async fn nothing_is_taken_back_by_a_closing_voucher_of(bed: &Bed, cumulative: u64) -> Outcome {
    let channel = spent(bed).await?;
    match channel.close(cumulative).await?.status {
        400.. => channel.stands(DEPOSIT, DEPOSIT, &[]).await,
        _ => channel.stands(300, 0, &[(channel.payee(), 300)]).await,
    }
}

/// > The initial voucher (with `cumulativeAmount` typically `"0"`) is REQUIRED so
/// > that the server holds a signed voucher from the start of the session. This
/// > ensures the server can call `settle()` or `close()` at any time
/// > — draft-evm-session-00, "Open Payload (feePayer: false)"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(KeepsUnusedChannels))]
async fn an_unused_channel_is_refunded_in_full(bed: &Bed) -> Outcome {
    let channel = payer::open(bed, Offer::ietf_session(100)).await?;
    managed(&channel.close(0).await?)?;
    channel.stands(0, 0, &[]).await
}

/// > the server returns a receipt with the transaction hash
/// > — draft-evm-session-00, "Cooperative Close"
#[check(must, profile(Ietf), needs(IetfSession), killed_by(HidesTheClosing, AcknowledgesNothing))]
async fn the_receipt_names_the_closing(bed: &Bed) -> Outcome {
    let channel = spent(bed).await?;
    let receipt = receipt_json(&channel.close(300).await?)?;
    let hash = receipt["txHash"].as_str().and_then(|text| text.parse().ok());
    let Some(hash) = hash else { return broken("the receipt has no txHash") };
    match bed.testbed().chain.receipt(hash).await? {
        Some(found) if found.status() && found.to == Some(channel.escrow.contract) => Ok(()),
        _ => broken(format!("{hash} closed nothing")),
    }
}

/// > 402 Payment Required | Invalid signature or signer mismatch
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(ClosesAtAnybodysWish, AnswersBadVouchersWith400)
)]
async fn a_stranger_closes_nothing(bed: &Bed) -> Outcome {
    let channel = spent(bed).await?;
    let forged = channel.voucher(300).sign(&channel.escrow, &PrivateKeySigner::random());
    let answer = channel.present(SessionPayload::Close(forged.map_err(ours)?)).await?;
    withheld(&answer, &channel.offer)?;
    status_is(&answer, 402)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > `https://paymentauth.org/problems/session/channel-finalized` | Channel
/// > closed
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(GoesOnAfterClosing, TakesEndedChannelsForUnknown, AsksToPayOnEndedChannels)
)]
async fn a_closed_channel_buys_nothing(bed: &Bed) -> Outcome {
    let channel = spent(bed).await?;
    managed(&channel.close(300).await?)?;
    let answer = channel.buy(600).await?;
    refused_as(&answer, &channel.offer, 410, "session/channel-finalized")
}

/// > `https://paymentauth.org/problems/session/channel-finalized` | Channel
/// > closed
/// > — draft-evm-session-00, "Error Responses"
#[check(
    must,
    profile(Ietf),
    needs(IetfSession),
    killed_by(TakesEndedChannelsForUnknown, AsksToPayOnEndedChannels)
)]
async fn a_closed_channel_is_not_closed_again(bed: &Bed) -> Outcome {
    let channel = spent(bed).await?;
    managed(&channel.close(300).await?)?;
    let answer = channel.close(600).await?;
    refused_as(&answer, &channel.offer, 410, "session/channel-finalized")
}

/// The payer left behind the seller's back, so that closing reverts.
///
/// > On a reverted `0x0`, the server MUST NOT report the channel as closed or
/// > block the client on a spinner
/// > — draft-evm-session-00, "Cooperative Close"
#[check(must, own_chain, profile(Ietf), needs(IetfSession), killed_by(ReportsRevertedClosings))]
async fn a_closing_that_reverts_is_no_closing(bed: &Bed) -> Outcome {
    let channel = spent(bed).await?;
    channel.request_close().await?;
    bed.testbed().chain.travel(PAST_THE_GRACE_PERIOD).await?;
    channel.call(EscrowContract::withdrawCall { channelId: channel.id.0 }).await?;
    let answer = channel.close(300).await?;
    refused_by_a_seller_that_stands(&answer, &channel.offer)
}
