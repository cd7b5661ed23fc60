//! Transactions that are not what they seem: not mined yet, reverted, or mined
//! and then reorganised away. Each is told from success.

use alloy::primitives::TxHash;
use alloy::sol_types::SolCall as _;
use conform402_chain::{EscrowContract, Token};
use conform402_facilitator::Script;
use conform402_runner::{Bed, Broken, Mounted, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::adapter::{Evaluation, MerchantAction};
use conform402_wire::sa::session::SessionReceipt;
use conform402_wire::sa::{Envelope, SaCode};
use conform402_wire::session::SessionPayload;
use conform402_wire::session::channel::ChannelId;
use serde_json::json;

use crate::mpp::buyer::{in_seconds, present};
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{act_refused_for, broken, delivered, managed, refused_for, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal};

const MORE: u64 = 500;

fn offer() -> Offer {
    Offer::session(100).fee_payer(false)
}

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    let channel = Channel::open(bed, bed.offer(offer()).await?).await?;
    delivered(&channel.buy(100).await?, &channel.offer)?;
    Ok(channel)
}

/// > `status == 0x1` (success): the call's on-chain effects occurred; proceed to
/// > verify channel state.
/// > — draft-evm-session-00, "Transaction Outcome Checks"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_channel_opens_and_sells(bed: &Bed) -> Outcome {
    session(bed).await.map(drop)
}

/// > If a chain reorganization removes a confirmed `open()` or `topUp()`
/// > transaction, the server loses its escrow guarantee.
/// > — draft-evm-session-00, "Chain Reorganization"
#[check(must, own_chain, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn an_opening_that_was_reorganised_away_opens_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(offer()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    bed.testbed().chain.reorganize(1).await?;
    let answer = present(bed, &offer, &proposal.with_hash(hash)?).await?;
    refused_for(bed, SaCode::NotConfirmed, &answer, &offer).await?;
    withheld(&Channel::of(bed, offer.clone(), &proposal).buy(100).await?, &offer)
}

/// Refused once, it is not refused for good.
///
/// > No receipt yet (not mined): distinct from a revert; the server MAY await or
/// > retry up to a bounded timeout.
/// > — draft-evm-session-00, "Transaction Outcome Checks"
#[check(must, own_chain, needs(SessionHash), killed_by(CountsRefusedDeposits, LooksAtAHashOnce))]
async fn an_opening_that_is_mined_again_opens(bed: &Bed) -> Outcome {
    let offer = bed.offer(offer()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let hash = proposal.broadcast(bed).await?;
    let chain = &bed.testbed().chain;
    let undone = chain.reorganize(1).await?;
    withheld(&present(bed, &offer, &proposal.with_hash(hash)?).await?, &offer)?;
    chain.send_again(&undone).await?;
    opens(bed, offer, &proposal, hash).await
}

/// > No receipt yet (not mined): distinct from a revert; the server MAY await or
/// > retry up to a bounded timeout.
/// > — draft-evm-session-00, "Transaction Outcome Checks"
#[check(must, own_chain, needs(SessionHash), killed_by(CountsRefusedDeposits, LooksAtAHashOnce))]
async fn an_opening_that_was_pending_opens_once_it_is_mined(bed: &Bed) -> Outcome {
    let offer = bed.offer(offer()).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let chain = &bed.testbed().chain;
    let (payer, escrow) = (bed.payer(), chain.escrow().contract);
    let hash = chain.leave_pending(payer, escrow, proposal.call()).await?;
    withheld(&present(bed, &offer, &proposal.with_hash(hash)?).await?, &offer)?;
    // The transaction that it waits for.
    let approve = Token::approveCall { spender: escrow, value: proposal.receive.value.0 };
    chain.transact(payer, proposal.terms.token, approve.abi_encode()).await?;
    chain.mine().await?;
    opens(bed, offer, &proposal, hash).await
}

/// The transaction opens the channel now, whatever it did not do before.
async fn opens(bed: &Bed, offer: Mounted, proposal: &Proposal, hash: TxHash) -> Outcome {
    managed(&present(bed, &offer, &proposal.with_hash(hash)?).await?)?;
    let channel = Channel::of(bed, offer, proposal);
    delivered(&channel.buy(100).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// What was sold on it is lost to the seller, and the payer is not told that it
/// was settled.
///
/// > If a chain reorganization removes a confirmed `open()` or `topUp()`
/// > transaction, the server loses its escrow guarantee.
/// > — draft-evm-session-00, "Chain Reorganization"
/// > the server MUST NOT report the channel as closed
/// > — draft-evm-session-00, "Cooperative Close"
#[check(must, own_chain, needs(Session), killed_by(CountsRefusedClosings))]
async fn a_channel_that_was_reorganised_away_is_not_closed(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    bed.testbed().chain.reorganize(1).await?;
    act_refused_for(bed, SaCode::ChannelNotFound, channel.close(100), &channel.offer).await?;
    channel.stands(0, 0, &[]).await
}

/// > If a chain reorganization removes a confirmed `open()` or `topUp()`
/// > transaction, the server loses its escrow guarantee.
/// > — draft-evm-session-00, "Chain Reorganization"
#[check(must, own_chain, needs(SessionSettle), killed_by(SettlesNothing, ClaimsRefusedWithdrawals))]
async fn a_channel_that_was_reorganised_away_is_not_settled(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    bed.testbed().chain.reorganize(1).await?;
    match bed.merchant(&channel.offer, MerchantAction::Settle, channel.id).await? {
        Evaluation::Output(output) => broken(format!("what is not there settles: {output}")),
        Evaluation::Crash(words) => broken(format!("the SDK crashes: {words}")),
        Evaluation::Refusal(_) => channel.stands(0, 0, &[]).await,
    }
}

/// What became of a payer's transaction that adds to its channel.
#[derive(Clone, Copy)]
enum Fate {
    Unknown,
    Pending,
    Reverted,
    Undone,
}

async fn top_up(bed: &Bed, channel: &Channel<'_>, fate: Fate) -> Result<TxHash, Broken> {
    let chain = &bed.testbed().chain;
    let addition = Addition::of(channel, MORE).await?;
    let call = EscrowContract::topUpCall {
        channelId: channel.id.0,
        additionalDeposit: addition.additional.0.to(),
    };
    let (payer, escrow) = (bed.payer(), channel.escrow.contract);
    Ok(match fate {
        Fate::Unknown => bed.nonce(),
        Fate::Pending => chain.leave_pending(payer, escrow, call.abi_encode()).await?,
        Fate::Reverted => {
            chain.transact_in_vain(payer, escrow, call.abi_encode()).await?.transaction_hash
        }
        Fate::Undone => {
            let hash = addition.broadcast(channel).await?;
            chain.reorganize(1).await?;
            hash
        }
    })
}

/// The transaction is refused for its fate, and adds nothing; what is promised
/// within the old deposit still buys.
async fn adds_nothing(bed: &Bed, fate: Fate, code: SaCode) -> Outcome {
    let channel = session(bed).await?;
    let hash = top_up(bed, &channel, fate).await?;
    let addition = Addition::of(&channel, MORE).await?;
    act_refused_for(bed, code, channel.present(addition.with_hash(hash)), &channel.offer).await?;
    withheld(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > a reverted `0x0` MUST be rejected immediately, not awaited
/// > — draft-evm-session-00, "Open Verification"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits, SellsBeyondTheDeposit))]
#[case(not_known, Fate::Unknown, SaCode::NotConfirmed)]
#[case(pending, Fate::Pending, SaCode::NotConfirmed)]
#[case(reverted, Fate::Reverted, SaCode::InvalidCredential)]
async fn a_top_up_adds_nothing_that_is(bed: &Bed, fate: Fate, code: SaCode) -> Outcome {
    adds_nothing(bed, fate, code).await
}

/// > If a chain reorganization removes a confirmed `open()` or `topUp()`
/// > transaction, the server loses its escrow guarantee.
/// > — draft-evm-session-00, "Chain Reorganization"
#[check(
    must,
    own_chain,
    needs(SessionHash),
    killed_by(CountsRefusedDeposits, SellsBeyondTheDeposit)
)]
async fn a_top_up_that_was_reorganised_away_adds_nothing(bed: &Bed) -> Outcome {
    adds_nothing(bed, Fate::Undone, SaCode::NotConfirmed).await
}

/// A script by which the service answers with a receipt for a channel that is
/// complete, but for its status.
fn receipt(bed: &Bed, channel: ChannelId, deposit: u64, status: &str) -> Script {
    let receipt = SessionReceipt {
        method: "evm".to_owned(),
        intent: "session".to_owned(),
        status: status.to_owned(),
        timestamp: in_seconds(0),
        channel_id: channel,
        chain_id: bed.testbed().chain.chain_id(),
        reference: Some(bed.nonce().to_string()),
        deposit: Some(BaseUnits::new(deposit)),
    };
    Script::Answer { status: 200, body: json!(Envelope::success(json!(receipt))).to_string() }
}

/// Makes a check for each status of a receipt that is no success.
macro_rules! per_status {
    ($(#[$attribute:meta])* async fn $name:ident $arguments:tt -> $outcome:ty $body:block) => {
        $(#[$attribute])*
        #[case(failed, "failed")]
        #[case(pending, "pending")]
        async fn $name $arguments -> $outcome $body
    };
}

per_status! {
    /// > status: Literal["success"]
    /// > — OKX Python SDK Reference (seed 000), "Challenge / Credential / Receipt"
    /// > MUST NOT treat the transaction as effective on `status` alone being present
    /// > — draft-evm-session-00, "Transaction Outcome Checks"
    #[check(must, needs(Session), killed_by(IgnoresTheReceiptsStatus, ReadsAnyDataAsReceipt, CountsUnansweredDeposits))]
    async fn a_receipt_opens_nothing_whose_status_is(bed: &Bed, status: &str) -> Outcome {
        let offer = bed.offer(offer()).await?;
        let proposal = Proposal::of(bed, &offer).await?;
        bed.script(receipt(bed, proposal.channel, DEPOSIT, status));
        let answer = present(bed, &offer, &proposal.sign()?).await?;
        bed.unscript();
        withheld(&answer, &offer)?;
        let channel = Channel::of(bed, offer, &proposal);
        withheld(&channel.buy(100).await?, &channel.offer)
    }
}

per_status! {
    /// > status: Literal["success"]
    /// > — OKX Python SDK Reference (seed 000), "Challenge / Credential / Receipt"
    /// > MUST NOT treat the transaction as effective on `status` alone being present
    /// > — draft-evm-session-00, "Transaction Outcome Checks"
    #[check(
        must,
        needs(Session),
        killed_by(IgnoresTheReceiptsStatus, ReadsAnyDataAsReceipt, CountsUnansweredDeposits, SellsBeyondTheDeposit)
    )]
    async fn a_receipt_adds_nothing_whose_status_is(bed: &Bed, status: &str) -> Outcome {
        let channel = session(bed).await?;
        let addition = Addition::of(&channel, MORE).await?.sign()?;
        bed.script(receipt(bed, channel.id, DEPOSIT + MORE, status));
        let answer = channel.present(addition).await?;
        bed.unscript();
        withheld(&answer, &channel.offer)?;
        withheld(&channel.buy(DEPOSIT + 100).await?, &channel.offer)
    }
}

per_status! {
    /// > the server MUST NOT report the channel as closed
    /// > — draft-evm-session-00, "Cooperative Close"
    #[check(must, needs(Session), killed_by(IgnoresTheReceiptsStatus, ReadsAnyDataAsReceipt, CountsUnansweredClosings))]
    async fn a_receipt_closes_nothing_whose_status_is(bed: &Bed, status: &str) -> Outcome {
        let channel = session(bed).await?;
        let closing = SessionPayload::Close(channel.signed(100)?);
        bed.script(receipt(bed, channel.id, DEPOSIT, status));
        let answer = channel.present(&closing).await?;
        bed.unscript();
        withheld(&answer, &channel.offer)?;
        channel.stands(DEPOSIT, DEPOSIT, &[]).await
    }
}
