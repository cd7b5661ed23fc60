//! Closing a channel at the payer's wish: who gets what, to the unit.

use conform402_chain::Holder;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::session::{SessionPayload, SignedVoucher};
use conform402_wire::signature::with_high_s;
use serde_json::{Value, json};

use super::judge::managed_only;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered, managed, not_broken_down, withheld};
use crate::mpp::proposal::DEPOSIT;

/// A channel on which `cumulative` was promised.
async fn session(bed: &Bed, cumulative: u64) -> Result<Channel<'_>, Broken> {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    delivered(&channel.buy(cumulative).await?, &channel.offer)?;
    Ok(channel)
}

/// > close | Seller signs CloseAuth → call SA session/close → delete local store
/// > — OKX Node SDK Reference (seed 002), "Invocation"
/// > **Atomicity**: `close()` settles and refunds in a single transaction.
/// > — draft-evm-session-00, "Escrow Guarantees"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn the_payee_gets_what_was_promised_and_the_payer_the_rest(bed: &Bed) -> Outcome {
    let channel = session(bed, 301).await?;
    managed(&channel.close(301).await?)?;
    channel.stands(301, 0, &[(channel.payee(), 301)]).await
}

/// > only voucher actually delivers the resource
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, needs(Session), killed_by(SellsForAClosing))]
async fn a_closing_sells_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    managed_only(&channel.close(300).await?, &channel.offer)
}

/// The closing voucher may be the one that pays.
///
/// > Server calls `close(channelId, cumulativeAmount, signature)`
/// > — draft-evm-session-00, "Cooperative Close"
/// > Verify voucher sig → sign CloseAuthorization → SA session/close
/// > — OKX Python SDK Reference (seed 000), "Session action routing (inside verify)"
#[check(must, needs(Session), killed_by(ClosesWithTheVoucherAtHand))]
async fn a_higher_voucher_pays_more(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    managed(&channel.close(450).await?)?;
    channel.stands(450, 0, &[(channel.payee(), 450)]).await
}

/// > Final cumulative amount
/// > — draft-evm-session-00, "Close Payload"
#[check(must, needs(Session), killed_by(ClosesWithTheVoucherAtHand))]
async fn the_whole_deposit_can_be_paid(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    managed(&channel.close(DEPOSIT).await?)?;
    channel.stands(DEPOSIT, 0, &[(channel.payee(), DEPOSIT)]).await
}

/// Refused, or settled by the higher voucher the seller holds: what was promised
/// is not taken back.
///
/// > If the client's voucher is insufficient, the server SHOULD settle using the
/// > highest previously accepted voucher instead of the close voucher
/// > — draft-evm-session-00, "Cooperative Close"
#[check(must, needs(Session), killed_by(ClosesBelowWhatWasPromised))]
#[case(below_what_was_promised, 299)]
#[case(below_what_was_spent, 99)]
#[case(of_nothing, 0)]
async fn no_voucher_closes(bed: &Bed, cumulative: u64) -> Outcome {
    let channel = session(bed, 300).await?;
    let answer = channel.close(cumulative).await?;
    not_broken_down(&answer)?;
    if channel.stands(DEPOSIT, DEPOSIT, &[]).await.is_ok() {
        return withheld(&answer, &channel.offer);
    }
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > Funds can only be withdrawn with a valid voucher signature.
/// > — draft-evm-session-00, "Escrow Guarantees"
#[check(must, needs(Session), killed_by(ClosesForAnybody))]
async fn a_stranger_closes_nothing(bed: &Bed) -> Outcome {
    let mut channel = session(bed, 300).await?;
    channel.key = bed.other_payer().await?.key().clone();
    withheld(&channel.close(300).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > 4. Verify signature uses canonical low-s values
/// > — draft-evm-session-00, "Voucher Verification"
#[check(must, needs(Session), killed_by(ClosesForAnybody))]
async fn a_malleable_signature_closes_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    let voucher = channel.signed(400)?;
    let signature = with_high_s(&voucher.signature);
    let payload = SessionPayload::Close(SignedVoucher { signature, ..voucher });
    withheld(&channel.present(payload).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > Server MUST verify `cumulativeAmount <= channel.deposit`.
/// > — draft-evm-session-00, "Deposit Cap"
#[check(must, needs(Session), killed_by(CountsRefusedClosings, ClosesWithTheVoucherAtHand))]
async fn a_voucher_past_the_deposit_closes_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    withheld(&channel.close(DEPOSIT + 1).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > 70008 | On-chain channel closed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(LeavesClosedChannelsOpen))]
async fn nothing_is_sold_on_a_closed_channel(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    managed(&channel.close(300).await?)?;
    for cumulative in [300, 400] {
        withheld(&channel.buy(cumulative).await?, &channel.offer)?;
    }
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > | 410 Gone | Channel finalized or not found |
/// > — draft-evm-session-00, "Error Responses"
#[check(should, needs(Session), killed_by(LeavesClosedChannelsOpen, AnswersUnknownChannelsWith402))]
async fn a_voucher_on_a_closed_channel_is_answered_410(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    managed(&channel.close(300).await?)?;
    crate::mpp::judge::status_is(&channel.buy(400).await?, 410)
}

/// > 70008 | On-chain channel closed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(TopsUpUnknownChannels))]
async fn a_closed_channel_takes_no_top_up(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    managed(&channel.close(300).await?)?;
    withheld(&channel.top_up(500).await?, &channel.offer)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > 70008 | On-chain channel closed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(ClosesUnknownChannels))]
async fn a_closed_channel_is_not_closed_again(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    managed(&channel.close(300).await?)?;
    withheld(&channel.close(300).await?, &channel.offer)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > sum(bps) < 10000
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(SessionSplits), killed_by(ForgetsTheShares))]
#[case(one, &[1_000], 300, &[30])]
#[case(several, &[1_000, 250], 800, &[80, 20])]
#[case(rounded_down, &[3_333, 3_333, 3_333], 100, &[33, 33, 33])]
#[case(too_small_for_a_unit, &[1], 100, &[0])]
async fn those_who_share_get_their_part(
    bed: &Bed,
    bps: &[u16],
    cumulative: u64,
    parts: &[u64],
) -> Outcome {
    let offer = bed.offer(Offer::session(100).shared(bps)).await?;
    let channel = Channel::open(bed, offer).await?;
    delivered(&channel.buy(cumulative).await?, &channel.offer)?;
    managed(&channel.close(cumulative).await?)?;
    let recipients = channel.offer.shares().iter().map(|share| Holder::from(share.recipient));
    let mut paid: Vec<(Holder, u64)> = recipients.zip(parts.iter().copied()).collect();
    paid.push((channel.payee(), cumulative - parts.iter().sum::<u64>()));
    channel.stands(cumulative, 0, &paid).await
}

/// Nothing was bought, and the payer leaves with all it gave.
///
/// > If `cumulativeAmount <= channel.settled`, the payee is forfeiting any
/// > uncollected amount
/// > — draft-evm-session-00, "close"
#[check(should, needs(Session), killed_by(ClosesUsedChannelsOnly))]
async fn a_channel_on_which_nothing_was_bought_is_given_back(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    managed(&channel.close(0).await?)?;
    channel.stands(0, 0, &[]).await
}

/// > | 400 Bad Request | Malformed payload or missing fields |
/// > — draft-evm-session-00, "Error Responses"
#[check(must, needs(Session), killed_by(CrashesOnForeignPayloads))]
#[case(no_amount, "cumulativeAmount", json!(null))]
#[case(an_amount_as_list, "cumulativeAmount", json!(["300"]))]
#[case(no_channel, "channelId", json!(null))]
#[case(no_signature, "signature", json!(null))]
async fn a_payload_is_refused_with(bed: &Bed, member: &str, value: Value) -> Outcome {
    let channel = session(bed, 300).await?;
    let mut payload = json!(SessionPayload::Close(channel.signed(300)?));
    payload[member] = value;
    let answer = channel.present(payload).await?;
    withheld(&answer, &channel.offer)?;
    not_broken_down(&answer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// A channel whose payer is leaving is what the grace period is for.
///
/// > Server can still `settle()` or `close()` during grace period
/// > — draft-evm-session-00, "Forced Close"
#[check(must, needs(Session), killed_by(LeavesLeavingPayersAlone))]
async fn a_channel_the_payer_is_leaving_can_be_closed(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    channel.request_close().await?;
    let answer = channel.close(300).await?;
    if answer.status >= 500 {
        return broken(format!("the seller broke down ({})", answer.status));
    }
    managed(&answer)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}
