//! Broken answers of the settlement service to what a seller has done to a
//! channel: whoever cannot read a success must not see one. Receipts that say it
//! did not succeed are those of `finality`, except of settlements.
//!
//! Nothing is done behind these answers, so the seller that takes one for a
//! success has a channel without a deposit, or believes that it was paid.

use alloy::primitives::B256;
use conform402_facilitator::Script;
use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::adapter::{Evaluation, MerchantAction};
use conform402_wire::sa::request::{CLOSE, OPEN, SETTLE, TOP_UP};
use conform402_wire::sa::session::SessionReceipt;
use conform402_wire::session::channel::ChannelId;
use serde_json::{Value, json};

use crate::mpp::buyer::{in_seconds, present};
use crate::mpp::channel::Channel;
use crate::mpp::judge::{broken, delivered, managed, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal};

/// What a seller is answered, made of the receipt it would have got.
type Answered = fn(Value) -> (u16, String);

fn coded(code: Value, data: Value) -> (u16, String) {
    (200, json!({ "code": code, "data": data, "msg": "" }).to_string())
}

fn sound(data: Value) -> (u16, String) {
    coded(json!(0), data)
}

fn with_status(status: &str, mut data: Value) -> (u16, String) {
    data["status"] = json!(status);
    sound(data)
}

/// From now on answers all that is asked about the channel.
fn script(bed: &Bed, channel: ChannelId, deposit: u64, answered: Answered) {
    let (status, body) = answered(json!(SessionReceipt {
        method: "evm".to_owned(),
        intent: "session".to_owned(),
        status: "success".to_owned(),
        timestamp: in_seconds(0),
        channel_id: channel,
        chain_id: bed.testbed().chain.chain_id(),
        reference: Some(B256::repeat_byte(0x42).to_string()),
        deposit: Some(BaseUnits::new(deposit)),
    }));
    bed.script(Script::Answer { status, body });
}

/// Ends the script, which must have answered what was asked for.
fn unscript(bed: &Bed, endpoint: &str) -> Outcome {
    bed.unscript();
    if bed.asked().iter().any(|entry| entry.endpoint == endpoint) {
        return Ok(());
    }
    broken(format!("the settlement service was not asked for {endpoint}"))
}

/// A channel on which 300 was promised.
async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    Ok(channel)
}

/// Makes a check for each answer that is no success.
macro_rules! per_answer {
    ($(#[$attribute:meta])* async fn $name:ident $arguments:tt -> $outcome:ty $body:block) => {
        $(#[$attribute])*
        #[case(a_word_for_a_code, killed_by(ReadsTextCodesAsSuccess), |data| coded(json!("ERR"), data))]
        #[case(a_negative_code_as_text, killed_by(ReadsTextCodesAsSuccess), |data| coded(json!("-1"), data))]
        #[case(null_for_a_code, killed_by(ReadsMissingCodeAsSuccess), |data| coded(Value::Null, data))]
        #[case(a_negative_code, killed_by(ReadsNegativeCodesAsSuccess), |data| coded(json!(-1), data))]
        #[case(an_unknown_code, killed_by(ReadsUnknownCodesAsSuccess), |data| coded(json!(79_999), data))]
        #[case(null_for_data, killed_by(ReadsAnyDataAsReceipt), |_| sound(Value::Null))]
        #[case(empty_data, killed_by(ReadsAnyDataAsReceipt), |_| sound(json!({})))]
        #[case(nothing, killed_by(ReadsUnreadableAsSuccess), |_| (200, String::new()))]
        #[case(html, killed_by(ReadsUnreadableAsSuccess), |_| (200, "<html>Bad Gateway</html>".to_owned()))]
        #[case(an_http_error, killed_by(IgnoresHttpErrors), |data| (500, sound(data).1))]
        async fn $name $arguments -> $outcome $body
    };
}

/// Scripted like all others here, with nothing wrong: only so is it known that
/// the others are refused for what is wrong with them.
///
/// > OKX responses are wrapped in {"code": 0, "data": {...}, "msg": ""}, which
/// > the client unwraps automatically.
/// > — OKX Python SDK Reference (seed 000), "Endpoints called"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_sound_answer_opens_a_channel_that_sells(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    script(bed, proposal.channel, DEPOSIT, sound);
    let channel = Channel::opened_by(bed, offer, &proposal).await?;
    unscript(bed, OPEN)?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

per_answer! {
    /// > open | Verify payee → call SA session/open on-chain → write local store
    /// > — OKX Node SDK Reference (seed 002), "Invocation"
    /// > onError fires on HTTP non-2xx, JSON parse failure, or non-zero business
    /// > code
    /// > — OKX Node SDK Reference (seed 002), "SaApiClient"
    #[check(must, needs(Session), killed_by(CountsUnansweredDeposits))]
    async fn an_opening_opens_nothing_that_is_answered(bed: &Bed, answered: Answered) -> Outcome {
        let offer = bed.offer(Offer::session(100)).await?;
        let proposal = Proposal::of(bed, &offer).await?;
        script(bed, proposal.channel, DEPOSIT, answered);
        let answer = present(bed, &offer, &proposal.sign()?).await?;
        unscript(bed, OPEN)?;
        withheld(&answer, &offer)?;
        let channel = Channel::of(bed, offer, &proposal);
        withheld(&channel.buy(100).await?, &channel.offer)?;
        channel.stands(0, 0, &[]).await
    }
}

per_answer! {
    /// > topUp | Call SA session/topUp → accumulate local deposit
    /// > — OKX Node SDK Reference (seed 002), "Invocation"
    /// > onError fires on HTTP non-2xx, JSON parse failure, or non-zero business
    /// > code
    /// > — OKX Node SDK Reference (seed 002), "SaApiClient"
    #[check(
        must,
        needs(Session),
        killed_by(SellsBeyondTheDeposit, CountsUnansweredDeposits, ForgetsChannelsInTrouble)
    )]
    async fn a_top_up_adds_nothing_that_is_answered(bed: &Bed, answered: Answered) -> Outcome {
        let channel = session(bed).await?;
        script(bed, channel.id, DEPOSIT + 500, answered);
        let answer = channel.top_up(500).await?;
        unscript(bed, TOP_UP)?;
        withheld(&answer, &channel.offer)?;
        withheld(&channel.buy(DEPOSIT + 1).await?, &channel.offer)?;
        delivered(&channel.buy(400).await?, &channel.offer)?;
        channel.stands(DEPOSIT, DEPOSIT, &[]).await
    }
}

per_answer! {
    /// What was not closed can be closed again.
    ///
    /// > Seller signs CloseAuth → call SA session/close → delete local store
    /// > — OKX Node SDK Reference (seed 002), "Invocation"
    /// > onError fires on HTTP non-2xx, JSON parse failure, or non-zero business
    /// > code
    /// > — OKX Node SDK Reference (seed 002), "SaApiClient"
    #[check(
        must,
        needs(Session),
        killed_by(CountsUnansweredClosings, ForgetsChannelsInTrouble)
    )]
    async fn a_closing_closes_nothing_that_is_answered(bed: &Bed, answered: Answered) -> Outcome {
        let channel = session(bed).await?;
        script(bed, channel.id, DEPOSIT, answered);
        let answer = channel.close(300).await?;
        unscript(bed, CLOSE)?;
        withheld(&answer, &channel.offer)?;
        managed(&channel.close(300).await?)?;
        channel.stands(300, 0, &[(channel.payee(), 300)]).await
    }
}

per_answer! {
    /// What was not settled can be settled again.
    ///
    /// > onError fires on HTTP non-2xx, JSON parse failure, or non-zero business
    /// > code
    /// > — OKX Node SDK Reference (seed 002), "SaApiClient"
    #[check(
        must,
        needs(SessionSettle),
        killed_by(
            SettlesNothing,
            ClosesWhenSettling,
            ClaimsUnansweredWithdrawals,
            ForgetsChannelsInTrouble
        )
    )]
    #[case(the_status_failed, killed_by(IgnoresTheReceiptsStatus, ReadsAnyDataAsReceipt), |data| with_status("failed", data))]
    #[case(the_status_pending, killed_by(IgnoresTheReceiptsStatus, ReadsAnyDataAsReceipt), |data| with_status("pending", data))]
    async fn a_settlement_settles_nothing_that_is_answered(bed: &Bed, answered: Answered) -> Outcome {
        let channel = session(bed).await?;
        script(bed, channel.id, DEPOSIT, answered);
        let told = bed.merchant(&channel.offer, MerchantAction::Settle, channel.id).await?;
        unscript(bed, SETTLE)?;
        if let Evaluation::Output(output) = told {
            return broken(format!("nothing was settled, and the merchant is told {output}"));
        }
        bed.merchant(&channel.offer, MerchantAction::Settle, channel.id).await?;
        channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await
    }
}
