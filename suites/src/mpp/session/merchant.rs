//! What the merchant does of its own accord: settle, close, ask.

use conform402_chain::Holder;
use conform402_facilitator::Script;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::adapter::{Evaluation, MerchantAction};
use conform402_wire::sa::SaCode;

use super::judge::done;
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered, managed, withheld};
use crate::mpp::proposal::DEPOSIT;

async fn session(bed: &Bed, cumulative: u64) -> Result<Channel<'_>, Broken> {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    delivered(&channel.buy(cumulative).await?, &channel.offer)?;
    Ok(channel)
}

/// Has the merchant act while the settlement service refuses with `code`.
async fn refused(
    bed: &Bed,
    channel: &Channel<'_>,
    action: MerchantAction,
    code: SaCode,
) -> Outcome {
    bed.script(Script::Refuse(code));
    let told = bed.merchant(&channel.offer, action, channel.id).await?;
    bed.unscript();
    match told {
        Evaluation::Output(output) => {
            broken(format!("the service refused with {code}, and the merchant is told {output}"))
        }
        Evaluation::Crash(words) => broken(format!("the SDK crashes: {words}")),
        Evaluation::Refusal(_) => Ok(()),
    }
}

/// > Metered billing: open an escrow channel → submit vouchers at high frequency
/// > → seller settles / closes at will.
/// > — OKX Node SDK Reference (seed 002), "Session - Metered Payment"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_channel_sells(bed: &Bed) -> Outcome {
    session(bed, 300).await.map(drop)
}

/// > Settle the highest local voucher on-chain (channel stays open).
/// > — OKX Node SDK Reference (seed 002), "Extension methods: manual settle / status"
#[check(must, needs(SessionSettle), killed_by(SettlesNothing, ClosesWhenSettling))]
async fn the_highest_voucher_is_settled(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await
}

/// > (channel stays open)
/// > — OKX Node SDK Reference (seed 002), "Extension methods: manual settle / status"
#[check(
    must,
    needs(SessionSettle),
    killed_by(ForgetsSettledChannels, ClosesWhenSettling, ChargesTwice)
)]
async fn a_settled_channel_sells_on(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    delivered(&channel.buy(400).await?, &channel.offer)
}

/// What was sold before stays sold: settlement makes no voucher good again.
///
/// > highest_voucher_amount and spent are both monotonically non-decreasing
/// > — OKX Python SDK Reference (seed 000), "ChannelState"
#[check(
    must,
    needs(SessionSettle),
    killed_by(SettlingMakesVouchersGoodAgain, ChargesNothing, SellsBeyondVouchers)
)]
async fn a_settled_voucher_buys_no_more_than_before(bed: &Bed) -> Outcome {
    let channel = session(bed, 100).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    withheld(&channel.buy(100).await?, &channel.offer)
}

/// > if `cumulativeAmount <= channel.settled`
/// > — draft-evm-session-00, "settle"
#[check(must, needs(SessionSettle), killed_by(SettlesNothing, ClosesWhenSettling))]
async fn a_voucher_is_settled_once(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    // Whatever it says to the second wish, it pays nothing.
    bed.merchant(&channel.offer, MerchantAction::Settle, channel.id).await?;
    channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await
}

/// > highest_voucher_amount and spent are both monotonically non-decreasing
/// > — OKX Python SDK Reference (seed 000), "ChannelState"
#[check(
    must,
    needs(SessionSettle),
    killed_by(LowersTheHighestVoucher, SettlesNothing, ClosesWhenSettling)
)]
async fn a_lower_voucher_takes_nothing_back(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    // However it is answered, the payee is owed what was promised before.
    channel.buy(200).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await
}

/// > When settling, the contract computes
/// > — draft-evm-session-00, "Cumulative Semantics"
#[check(
    must,
    needs(SessionSettle),
    killed_by(SettlesNothing, ForgetsSettledChannels, ClosesWhenSettling)
)]
async fn only_what_was_not_settled_is_settled(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    delivered(&channel.buy(450).await?, &channel.offer)?;
    done(bed, &channel, MerchantAction::Settle).await?;
    channel.stands(DEPOSIT, DEPOSIT - 450, &[(channel.payee(), 450)]).await
}

/// > sum(bps) < 10000
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(
    must,
    needs(SessionSettle, SessionSplits),
    killed_by(SettlesNothing, ClosesWhenSettling, ForgetsTheShares)
)]
async fn those_who_share_get_their_part_of_a_settlement(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).shared(&[1_000, 500])).await?;
    let channel = Channel::open(bed, offer).await?;
    delivered(&channel.buy(200).await?, &channel.offer)?;
    done(bed, &channel, MerchantAction::Settle).await?;
    let recipients = channel.offer.shares().iter().map(|share| Holder::from(share.recipient));
    let mut paid: Vec<(Holder, u64)> = recipients.zip([20, 10]).collect();
    paid.push((channel.payee(), 170));
    channel.stands(DEPOSIT, DEPOSIT - 200, &paid).await
}

/// > settle_channel reads the highest voucher → signs a SettleAuthorization →
/// > calls SA settle
/// > — OKX Python SDK Reference (seed 000), "Interface and business methods"
#[check(must, needs(SessionSettle), killed_by(ClaimsToSettleUnknownChannels))]
async fn no_channel_is_not_settled(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    let nobodys = conform402_wire::session::channel::ChannelId(bed.nonce());
    match bed.merchant(&channel.offer, MerchantAction::Settle, nobodys).await? {
        Evaluation::Output(output) => broken(format!("a channel nobody opened settles: {output}")),
        Evaluation::Crash(words) => broken(format!("the SDK crashes: {words}")),
        Evaluation::Refusal(_) => Ok(()),
    }
}

/// > close_channel signs a CloseAuthorization → calls SA close → deletes the
/// > local store.
/// > — OKX Python SDK Reference (seed 000), "Interface and business methods"
#[check(must, needs(SessionClose), killed_by(ClosesNothing))]
async fn the_merchant_closes_with_the_highest_voucher(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Close).await?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > calls SA close → deletes the local store.
/// > — OKX Python SDK Reference (seed 000), "Interface and business methods"
#[check(must, needs(SessionClose), killed_by(LeavesClosedChannelsOpen))]
async fn nothing_is_sold_after_the_merchant_closed(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Close).await?;
    withheld(&channel.buy(400).await?, &channel.offer)
}

/// > delta = cumulativeAmount - settled
/// > — draft-evm-session-00, "Cumulative Semantics"
#[check(
    must,
    needs(SessionSettle, SessionClose),
    killed_by(ClosesNothing, ForgetsSettledChannels, ClosesWhenSettling)
)]
async fn a_settled_channel_is_closed_to_the_unit(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    delivered(&channel.buy(400).await?, &channel.offer)?;
    done(bed, &channel, MerchantAction::Close).await?;
    channel.stands(400, 0, &[(channel.payee(), 400)]).await
}

/// What was refused did not happen, and can be wished for again.
///
/// > Internally the SDK unpacks and throws the appropriate PaymentError subclass
/// > by code
/// > — OKX Node SDK Reference (seed 002), "SaApiClient"
#[check(
    must,
    needs(SessionSettle),
    killed_by(
        ClaimsRefusedWithdrawals,
        ForgetsUnclosedChannels,
        SettlesNothing,
        ClosesWhenSettling
    )
)]
#[case(_8000, SaCode::Internal)]
#[case(_70012, SaCode::PastDeposit)]
#[case(_70013, SaCode::DeltaTooSmall)]
async fn a_refused_settlement_settles_nothing(bed: &Bed, code: SaCode) -> Outcome {
    let channel = session(bed, 300).await?;
    refused(bed, &channel, MerchantAction::Settle, code).await?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await
}

/// What was refused did not happen, and can be wished for again.
///
/// > calls SA close → deletes the local store.
/// > — OKX Python SDK Reference (seed 000), "Interface and business methods"
#[check(
    must,
    needs(SessionClose),
    killed_by(ClaimsRefusedWithdrawals, ForgetsUnclosedChannels, ClosesNothing)
)]
#[case(_8000, SaCode::Internal)]
#[case(_70012, SaCode::PastDeposit)]
#[case(_70014, SaCode::ChannelClosing)]
async fn a_refused_closing_closes_nothing(bed: &Bed, code: SaCode) -> Outcome {
    let channel = session(bed, 300).await?;
    refused(bed, &channel, MerchantAction::Close, code).await?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await?;
    done(bed, &channel, MerchantAction::Close).await?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

/// > sessionStatus: 'OPEN' | 'CLOSING' | 'CLOSED'
/// > — OKX Node SDK Reference (seed 002), "Extension methods: manual settle / status"
#[check(must, needs(SessionStatus), killed_by(InventsAStatus))]
#[case(open, Wish::Nothing, "OPEN")]
#[case(closing, Wish::Leave, "CLOSING")]
#[case(closed, Wish::Close, "CLOSED")]
async fn a_status_is_told_of_a_channel_that_is(bed: &Bed, wish: Wish, expected: &str) -> Outcome {
    let channel = session(bed, 300).await?;
    match wish {
        Wish::Nothing => {}
        Wish::Leave => drop(channel.request_close().await?),
        Wish::Close => managed(&channel.close(300).await?)?,
    }
    let status = done(bed, &channel, MerchantAction::Status).await?;
    if status["sessionStatus"] == expected {
        return Ok(());
    }
    broken(format!("the status is {} instead of {expected}", status["sessionStatus"]))
}

/// What a payer does before its channel is asked for.
#[derive(Clone, Copy)]
enum Wish {
    Nothing,
    Leave,
    Close,
}

/// > settledOnChain: string // on-chain settled amount (updated only after settle)
/// > — OKX Node SDK Reference (seed 002), "Extension methods: manual settle / status"
#[check(must, needs(SessionStatus, SessionSettle), killed_by(InventsAStatus, SettlesNothing))]
async fn a_status_tells_what_is_deposited_and_what_was_settled(bed: &Bed) -> Outcome {
    let channel = session(bed, 300).await?;
    done(bed, &channel, MerchantAction::Settle).await?;
    let status = done(bed, &channel, MerchantAction::Status).await?;
    for (member, expected) in [("deposit", DEPOSIT.to_string()), ("settledOnChain", "300".into())] {
        if status[member] != expected {
            return broken(format!("`{member}` is {} instead of {expected}", status[member]));
        }
    }
    Ok(())
}
