//! Buying with vouchers: what is charged, and what is refused.

use conform402_runner::{Bed, Offer, Outcome, check};
use conform402_wire::session::SessionPayload;
use serde_json::{Value, json};

use crate::mpp::channel::Channel;
use crate::mpp::judge::{
    asked_during, broken, delivered, not_broken_down, refused_as, status_is, withheld,
};
use crate::mpp::proposal::DEPOSIT;

async fn session(bed: &Bed, offer: Offer) -> Result<Channel<'_>, conform402_runner::Broken> {
    Channel::open(bed, bed.offer(offer).await?).await
}

/// > voucher | Local EIP-712 verify → raise highest voucher → atomic charge
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_voucher_buys(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

/// > This enables high-frequency, low-cost payments by batching many off-chain
/// > voucher signatures into periodic on-chain settlements.
/// > — draft-evm-session-00, "Introduction"
#[check(must, needs(Session), killed_by(ChargesTwice))]
async fn each_voucher_buys_and_moves_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    for cumulative in [100, 200, 300] {
        delivered(&channel.buy(cumulative).await?, &channel.offer)?;
    }
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// Only a look at the channel shows a seller that its payer is leaving, and the
/// draft wants one for every voucher; so whoever looks is only warned.
///
/// > voucher | Local EIP-712 verify → raise highest voucher → atomic charge (no
/// > SA API call, purely local)
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(should, needs(Session), killed_by(AsksAboutVouchers))]
async fn a_voucher_is_verified_without_the_settlement_service(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    let (answer, asked) = asked_during(bed, channel.buy(100)).await?;
    delivered(&answer, &channel.offer)?;
    match asked.first() {
        None => Ok(()),
        Some(entry) => broken(format!("the settlement service was asked: {}", entry.endpoint)),
    }
}

/// A voucher of three prices buys thrice and not four times: what is charged is
/// what was advertised.
///
/// > amount: string // unit price, base units
/// > — OKX Node SDK Reference (seed 002), "Call Options"
/// > if highestVoucherAmount - spent < amount it throws
/// > Errors.InsufficientBalanceError
/// > — OKX Node SDK Reference (seed 002), "Session voucher insufficient balance"
#[check(
    must,
    needs(Session),
    killed_by(ChargesNothing, ChargesHalf, ChargesTwice, SellsBeyondVouchers)
)]
async fn a_voucher_of_three_prices_buys_thrice(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    for _ in 0..3 {
        delivered(&channel.buy(300).await?, &channel.offer)?;
    }
    withheld(&channel.buy(300).await?, &channel.offer)
}

/// > **Balance check**: If `available < cost`, return 402
/// > — draft-evm-session-00, "Per-Request Processing"
#[check(must, needs(Session), killed_by(SellsBeyondVouchers, GivesNoReason))]
async fn a_voucher_below_the_price_is_answered_insufficient_balance(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    refused_as(&channel.buy(99).await?, &channel.offer, 402, "session/insufficient-balance")
}

/// What a voucher allows beyond the price is not lost.
///
/// > with available = highest_voucher_amount - spent
/// > — OKX Python SDK Reference (seed 000), "ChannelState"
#[check(must, needs(Session), killed_by(ForgetsChange, ChargesTwice))]
async fn change_is_kept_for_the_next_request(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    delivered(&channel.buy(150).await?, &channel.offer)?;
    delivered(&channel.buy(200).await?, &channel.offer)
}

/// Published SDKs refuse it; the draft would have it answered 200, and change
/// nothing.
///
/// > Server MUST only accept strictly increasing `cumulativeAmount`
/// > — draft-evm-session-00, "Rollback Prevention"
#[check(should, needs(Session), killed_by(SellsForLowerVouchers, GivesToLowerVouchers))]
async fn a_lower_voucher_buys_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    withheld(&channel.buy(200).await?, &channel.offer)
}

/// However lower vouchers are answered, all that is sold is what the highest
/// allows.
///
/// > `spent` | uint128 | Cumulative amount charged for delivered service
/// > (monotonically increasing)
/// > — draft-evm-session-00, "Server-Side Accounting"
/// > highest_voucher_amount and spent are both monotonically non-decreasing
/// > — OKX Python SDK Reference (seed 000), "ChannelState"
#[check(must, needs(Session), killed_by(GivesToLowerVouchers))]
async fn lower_vouchers_sell_no_more_than_the_highest(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    let mut sold = 0;
    for cumulative in [300, 200, 200, 100, 300, 300] {
        let answer = channel.buy(cumulative).await?;
        sold += u64::from(answer.body.contains(channel.offer.content()));
    }
    match sold {
        ..=3 => Ok(()),
        sold => broken(format!("{sold} units were sold for a voucher of 3")),
    }
}

/// > 70013 | Voucher delta < minVoucherDelta
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(IgnoresTheDelta, DemandsMoreThanTheDelta, GivesNoReason))]
async fn a_voucher_that_adds_too_little_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(10).with_min_delta(100)).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    refused_as(&channel.buy(199).await?, &channel.offer, 402, "session/delta-too-small")
}

/// > minVoucherDelta?: string // throttle: minimum voucher increment
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Session), killed_by(DemandsMoreThanTheDelta))]
async fn a_voucher_that_adds_just_enough_buys(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(10).with_min_delta(100)).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    delivered(&channel.buy(200).await?, &channel.offer)
}

/// > 70012 | cumulativeAmount > deposit
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(SellsBeyondTheDeposit, GivesNoReason))]
async fn a_voucher_past_the_deposit_is_refused(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    let answer = channel.buy(DEPOSIT + 1).await?;
    refused_as(&answer, &channel.offer, 402, "session/amount-exceeds-deposit")
}

/// > Server MUST verify `cumulativeAmount <= channel.deposit`.
/// > — draft-evm-session-00, "Deposit Cap"
#[check(must, needs(Session), killed_by(StopsShortOfTheDeposit))]
async fn a_voucher_for_the_whole_deposit_buys(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    delivered(&channel.buy(DEPOSIT).await?, &channel.offer)
}

/// > 70010 | channelId does not exist
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(SellsOnUnknownChannels))]
async fn a_voucher_on_no_channel_buys_nothing(bed: &Bed) -> Outcome {
    let mut channel = session(bed, Offer::session(100)).await?;
    channel.id.0 = bed.nonce();
    withheld(&channel.buy(100).await?, &channel.offer)
}

/// > if the channel doesn't exist it throws Errors.ChannelNotFoundError
/// > — OKX Node SDK Reference (seed 002), "Session voucher insufficient balance"
/// > | 410 Gone | Channel finalized or not found |
/// > — draft-evm-session-00, "Error Responses"
#[check(should, needs(Session), killed_by(SellsOnUnknownChannels, AnswersUnknownChannelsWith402))]
async fn a_voucher_on_no_channel_is_answered_410(bed: &Bed) -> Outcome {
    let mut channel = session(bed, Offer::session(100)).await?;
    channel.id.0 = bed.nonce();
    status_is(&channel.buy(100).await?, 410)
}

/// Two merchants of one SDK: what is promised to one buys nothing of the other.
///
/// > A payment relationship between a payer and payee, identified by a unique
/// > `channelId`.
/// > — draft-evm-session-00, "Terminology"
#[check(must, needs(Session), killed_by(SharesChannelsAmongPayees))]
async fn a_channel_to_another_payee_buys_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    let other = bed.offer(Offer::session(100)).await?;
    let voucher = SessionPayload::Voucher(channel.signed(100)?);
    withheld(&channel.present_at(&other, voucher).await?, &other)
}

/// One merchant, two prices: the price is the route's, whichever the channel was
/// opened for.
///
/// > a single session may voucher over multiple URLs
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(
    must,
    needs(Session),
    killed_by(ChargesHalf, ChargesTwice, ChargesNothing, SellsBeyondVouchers)
)]
async fn the_price_is_that_of_the_route(bed: &Bed) -> Outcome {
    let cheap = bed.offer(Offer::session(100)).await?;
    let dear = bed.offer(Offer::session(250).paid_to(&cheap)).await?;
    let channel = Channel::open(bed, cheap).await?;
    delivered(&channel.buy(350).await?, &channel.offer)?;
    let voucher = SessionPayload::Voucher(channel.signed(350)?);
    delivered(&channel.present_at(&dear, &voucher).await?, &dear)?;
    withheld(&channel.buy(350).await?, &channel.offer)
}

/// A merchant has a route that works, and one whose handler fails. No source
/// says whether the failure was bought; what was sold before stays sold.
///
/// > highest_voucher_amount and spent are both monotonically non-decreasing
/// > — OKX Python SDK Reference (seed 000), "ChannelState"
#[check(
    must,
    needs(Session),
    killed_by(ForgivesAllWhenTheHandlerFails, ChargesNothing, SellsBeyondVouchers)
)]
async fn a_failed_handler_makes_no_voucher_good_again(bed: &Bed) -> Outcome {
    let works = bed.offer(Offer::session(100)).await?;
    let fails = bed.offer(Offer::session(100).paid_to(&works).whose_handler_fails()).await?;
    let channel = Channel::open(bed, works).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    let voucher = SessionPayload::Voucher(channel.signed(200)?);
    channel.present_at(&fails, &voucher).await?;
    let mut sold = 1;
    for _ in 0..2 {
        let answer = channel.present(&voucher).await?;
        sold += u64::from(answer.body.contains(channel.offer.content()));
    }
    match sold {
        ..=2 => Ok(()),
        sold => broken(format!("{sold} units were sold for a voucher of 2")),
    }
}

/// The same bytes are the same voucher, however they are written.
///
/// > Servers MUST treat voucher submissions idempotently
/// > — draft-evm-session-00, "Idempotency"
#[check(should, needs(Session), killed_by(ReadsSmallLettersOnly))]
#[case(the_signature, "signature")]
#[case(the_channel, "channelId")]
async fn capital_letters_change_nothing_in(bed: &Bed, member: &str) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    delivered(&channel.buy(400).await?, &channel.offer)?;
    let mut payload = json!(SessionPayload::Voucher(channel.signed(400)?));
    let text = payload[member].as_str().unwrap_or_default().to_uppercase().replace("0X", "0x");
    payload[member] = json!(text);
    delivered(&channel.present(payload).await?, &channel.offer)
}

/// > | 400 Bad Request | Malformed payload or missing fields |
/// > — draft-evm-session-00, "Error Responses"
#[check(must, needs(Session), killed_by(CrashesOnForeignPayloads))]
#[case(no_amount, "cumulativeAmount", json!(null))]
#[case(an_empty_amount, "cumulativeAmount", json!(""))]
#[case(a_negative_amount, "cumulativeAmount", json!("-100"))]
#[case(a_fraction, "cumulativeAmount", json!("100.0"))]
#[case(an_exponent, "cumulativeAmount", json!("1e2"))]
#[case(hexadecimal_digits, "cumulativeAmount", json!("0x64"))]
#[case(an_amount_as_list, "cumulativeAmount", json!(["100"]))]
#[case(no_channel, "channelId", json!(null))]
#[case(a_short_channel, "channelId", json!("0xc1"))]
#[case(a_path_for_a_channel, "channelId", json!("../../etc/passwd"))]
#[case(no_signature, "signature", json!(null))]
#[case(a_signature_as_object, "signature", json!({}))]
#[case(no_hexadecimal_signature, "signature", json!("0xzz"))]
async fn a_voucher_buys_nothing_with(bed: &Bed, member: &str, value: Value) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    let mut payload = json!(SessionPayload::Voucher(channel.signed(100)?));
    payload[member] = value;
    let answer = channel.present(payload).await?;
    withheld(&answer, &channel.offer)?;
    not_broken_down(&answer)
}

/// Harmless where it is read as what it says, and another amount to the next
/// reader.
///
/// > Integer values (amounts, timestamps) are encoded as decimal strings
/// > — draft-evm-session-00, "Numeric Values"
#[check(should, needs(Session), killed_by(ReadsLooseAmounts))]
#[case(a_space, " 100")]
#[case(leading_zeros, "0100")]
#[case(a_sign, "+100")]
#[case(a_separator, "1_00")]
async fn an_amount_is_refused_with(bed: &Bed, amount: &str) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    let mut payload = json!(SessionPayload::Voucher(channel.signed(100)?));
    payload["cumulativeAmount"] = json!(amount);
    withheld(&channel.present(payload).await?, &channel.offer)
}

/// Past 128 bits, and what is signed is what the low bits say: a seller that
/// drops the high ones sells.
///
/// > Vouchers exceeding this MUST be rejected.
/// > — draft-evm-session-00, "Cumulative Semantics"
#[check(must, needs(Session))]
#[case(
    past_128_bits,
    killed_by(CrashesOnLargeVouchers, WrapsLargeAmounts),
    "340282366920938463463374607431768211556"
)]
#[case(
    past_256_bits,
    killed_by(CrashesOnForeignPayloads, WrapsLargeAmounts),
    "115792089237316195423570985008687907853269984665640564039457584007913129640036"
)]
async fn a_voucher_buys_nothing_that_is(bed: &Bed, amount: &str) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    let mut payload = json!(SessionPayload::Voucher(channel.signed(100)?));
    payload["cumulativeAmount"] = json!(amount);
    let answer = channel.present(payload).await?;
    withheld(&answer, &channel.offer)?;
    not_broken_down(&answer)
}

/// The payer is not the merchant: it may ask to close, not to settle.
///
/// > One of `"open"`, `"topUp"`, `"voucher"`, `"close"`
/// > — draft-evm-session-00, "Payload Actions"
#[check(should, needs(Session), killed_by(SettlesAtThePayersWish))]
async fn a_payer_cannot_have_it_settled(bed: &Bed) -> Outcome {
    let channel = session(bed, Offer::session(100)).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    let payload = json!({ "action": "settle", "channelId": channel.id });
    withheld(&channel.present(payload).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}
