//! A settlement service that is down, slow, or answers nobody, in the middle of
//! whatever is done with a channel. Some of what was not heard was done all the
//! same; the escrow knows.

use std::time::Duration;

use conform402_facilitator::Script;
use conform402_runner::{Answer, Bed, Broken, Offer, Outcome, check};
use conform402_wire::adapter::{Evaluation, MerchantAction};
use conform402_wire::sa::Envelope;
use conform402_wire::session::SessionPayload;
use serde_json::json;

use super::judge::done;
use crate::mpp::buyer::{challenge, present};
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{broken, delivered, managed, not_broken_down, withheld};
use crate::mpp::proposal::{DEPOSIT, Proposal};

/// How long the target waits for a service that answers late: long enough for a
/// settlement on a busy machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the service answers that answers too late.
const LATE: Duration = Duration::from_millis(2_500);

const MORE: u64 = 500;

/// Makes a check for each way in which nothing is done and nothing heard.
macro_rules! where_nothing_was_done {
    ($(#[$attribute:meta])* async fn $name:ident $arguments:tt -> $outcome:ty $body:block) => {
        $(#[$attribute])*
        #[case(late, Script::Late(LATE))]
        #[case(cut_off, Script::Truncated { body: json!(Envelope::success(json!({}))).to_string() })]
        #[case(absent, Script::Reset)]
        async fn $name $arguments -> $outcome $body
    };
}

/// Makes a check for each way in which all is done and nothing heard.
macro_rules! where_it_was_done {
    ($(#[$attribute:meta])* async fn $name:ident $arguments:tt -> $outcome:ty $body:block) => {
        $(#[$attribute])*
        #[case(late, Script::Slowly(LATE))]
        #[case(lost, Script::Unheard)]
        async fn $name $arguments -> $outcome $body
    };
}

fn offer(script: &Script) -> Offer {
    match script {
        Script::Late(_) | Script::Slowly(_) => Offer::session(100).with_patience(PATIENCE),
        _ => Offer::session(100),
    }
}

/// A channel on which 300 was promised, and 100 of it spent, before the service
/// follows a script.
async fn session<'a>(bed: &'a Bed, script: &Script) -> Result<Channel<'a>, Broken> {
    let channel = Channel::open(bed, bed.offer(offer(script)).await?).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    Ok(channel)
}

/// Presents an opening while the service follows a script.
async fn open_unheard(
    bed: &Bed,
    script: Script,
) -> Result<(Proposal, Channel<'_>, Answer), Broken> {
    let offer = bed.offer(offer(&script)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    bed.script(script);
    let answer = present(bed, &offer, &proposal.sign()?).await?;
    was_asked(bed)?;
    bed.unscript();
    let channel = Channel::of(bed, offer, &proposal);
    Ok((proposal, channel, answer))
}

/// Presents a payload while the service follows a script.
async fn present_unheard(
    bed: &Bed,
    channel: &Channel<'_>,
    payload: &SessionPayload,
    script: Script,
) -> Result<Answer, Broken> {
    let asked = bed.asked().len();
    bed.script(script);
    let answer = channel.present(payload).await?;
    bed.unscript();
    match bed.asked().len() > asked {
        true => Ok(answer),
        false => broken("the facilitator was not asked"),
    }
}

fn was_asked(bed: &Bed) -> Outcome {
    if bed.asked().is_empty() { broken("the facilitator was not asked") } else { Ok(()) }
}

/// The same opening once more, for a fresh challenge.
async fn ask_again(bed: &Bed, proposal: Proposal, channel: &Channel<'_>) -> Result<Answer, Broken> {
    let challenge = challenge(bed, &channel.offer).await?;
    let again = proposal.with(|proposal| proposal.challenge = challenge);
    present(bed, &channel.offer, &again.sign()?).await
}

/// > open | Verify payee → call SA session/open on-chain → write local store
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn a_channel_opens_and_sells(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    delivered(&channel.buy(300).await?, &channel.offer)
}

/// > timeout: float = 30.0
/// > — OKX Python SDK Reference (seed 000), "OKXSAClient"
#[check(must, needs(Session), killed_by(WaitsHalfAsLong))]
#[case(an_opening, Slow::Opening)]
#[case(a_top_up, Slow::TopUp)]
#[case(a_closing, Slow::Closing)]
async fn a_slow_answer_is_waited_for(bed: &Bed, slow: Slow) -> Outcome {
    let patient = Offer::session(100).with_patience(Duration::from_secs(4));
    let slowly = Script::Slowly(Duration::from_millis(2_200));
    let offer = bed.offer(patient).await?;
    if let Slow::Opening = slow {
        bed.script(slowly);
        let channel = Channel::open(bed, offer).await?;
        return channel.stands(DEPOSIT, DEPOSIT, &[]).await;
    }
    let channel = Channel::open(bed, offer).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    bed.script(slowly);
    match slow {
        Slow::TopUp => {
            managed(&channel.top_up(MORE).await?)?;
            channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
        }
        _ => {
            managed(&channel.close(300).await?)?;
            channel.stands(300, 0, &[(channel.payee(), 300)]).await
        }
    }
}

/// What the service takes its time for.
#[derive(Clone, Copy)]
enum Slow {
    Opening,
    TopUp,
    Closing,
}

where_nothing_was_done! {
    /// > open | Verify payee → call SA session/open on-chain → write local store
    /// > — OKX Node SDK Reference (seed 002), "Invocation"
    #[check(must, needs(Session), killed_by(CountsUnansweredDeposits))]
    async fn an_opening_that_was_not_done_opens_nothing(bed: &Bed, script: Script) -> Outcome {
        let (_, channel, answer) = open_unheard(bed, script).await?;
        withheld(&answer, &channel.offer)?;
        withheld(&channel.buy(100).await?, &channel.offer)?;
        channel.stands(0, 0, &[]).await
    }
}

where_nothing_was_done! {
    /// The payer's authorization is as good as before.
    ///
    /// > open | Verify payee → call SA session/open on-chain → write local store
    /// > — OKX Node SDK Reference (seed 002), "Invocation"
    #[check(
        must,
        needs(Session),
        killed_by(CountsUnansweredDeposits, GivesUpUnansweredDeposits)
    )]
    async fn an_opening_that_was_not_done_is_done_when_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let (proposal, channel, _) = open_unheard(bed, script).await?;
        managed(&ask_again(bed, proposal, &channel).await?)?;
        delivered(&channel.buy(100).await?, &channel.offer)?;
        channel.stands(DEPOSIT, DEPOSIT, &[]).await
    }
}

where_it_was_done! {
    /// The money is in escrow, once, and for this payee: it cannot be asked for a
    /// second time, but looked for. A seller that finds it by itself need not be
    /// asked again. No source says what a seller does that heard nothing, so one
    /// that does not look is warned.
    ///
    /// > Query the escrow contract to verify channel state
    /// > — draft-evm-session-00, "Open Verification"
    #[check(
        should,
        needs(Session),
        killed_by(LooksForNothingUnheard, GivesUpUnansweredDeposits)
    )]
    async fn an_opening_that_was_done_is_open_when_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let (proposal, channel, answer) = open_unheard(bed, script).await?;
        if managed(&answer).is_err() {
            managed(&ask_again(bed, proposal, &channel).await?)?;
        }
        delivered(&channel.buy(100).await?, &channel.offer)?;
        channel.stands(DEPOSIT, DEPOSIT, &[]).await
    }
}

where_nothing_was_done! {
    /// > topUp | Call SA session/topUp → accumulate local deposit
    /// > — OKX Node SDK Reference (seed 002), "Invocation"
    #[check(must, needs(Session), killed_by(CountsUnansweredDeposits, SellsBeyondTheDeposit))]
    async fn a_top_up_that_was_not_done_adds_nothing(bed: &Bed, script: Script) -> Outcome {
        let channel = session(bed, &script).await?;
        let addition = Addition::of(&channel, MORE).await?.sign()?;
        let answer = present_unheard(bed, &channel, &addition, script).await?;
        withheld(&answer, &channel.offer)?;
        withheld(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
        channel.stands(DEPOSIT, DEPOSIT, &[]).await
    }
}

where_nothing_was_done! {
    /// > topUp | Call SA session/topUp → accumulate local deposit
    /// > — OKX Node SDK Reference (seed 002), "Invocation"
    #[check(
        must,
        needs(Session),
        killed_by(GivesUpUnansweredDeposits, ForgetsChannelsInTrouble, ForgetsTopUps)
    )]
    async fn a_top_up_that_was_not_done_is_done_when_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let channel = session(bed, &script).await?;
        let addition = Addition::of(&channel, MORE).await?.sign()?;
        present_unheard(bed, &channel, &addition, script).await?;
        managed(&channel.present(&addition).await?)?;
        delivered(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
        channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
    }
}

where_it_was_done! {
    /// Whatever became of the top-up, what was promised is still sold, and what
    /// was sold is not sold again.
    ///
    /// > highest_voucher_amount and spent are both monotonically non-decreasing
    /// > — OKX Python SDK Reference (seed 000), "ChannelState"
    #[check(
        must,
        needs(Session),
        killed_by(
            ForgetsChannelsInTrouble,
            ChargesNothing,
            ChargesHalf,
            ChargesTwice,
            SellsBeyondVouchers
        )
    )]
    async fn a_channel_is_not_lost_with_its_top_up(bed: &Bed, script: Script) -> Outcome {
        let channel = session(bed, &script).await?;
        let addition = Addition::of(&channel, MORE).await?.sign()?;
        present_unheard(bed, &channel, &addition, script).await?;
        delivered(&channel.buy(300).await?, &channel.offer)?;
        delivered(&channel.buy(300).await?, &channel.offer)?;
        withheld(&channel.buy(300).await?, &channel.offer)
    }
}

where_it_was_done! {
    /// No source says what a seller does that heard nothing of a top-up.
    ///
    /// > Query updated channel state
    /// > — draft-evm-session-00, "TopUp Verification"
    #[check(
        should,
        needs(Session),
        killed_by(
            LooksForNothingUnheard,
            GivesUpUnansweredDeposits,
            ForgetsChannelsInTrouble,
            ForgetsTopUps
        )
    )]
    async fn a_top_up_that_was_done_counts_when_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let channel = session(bed, &script).await?;
        let addition = Addition::of(&channel, MORE).await?.sign()?;
        if managed(&present_unheard(bed, &channel, &addition, script).await?).is_err() {
            managed(&channel.present(&addition).await?)?;
        }
        delivered(&channel.buy(DEPOSIT + 100).await?, &channel.offer)?;
        channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
    }
}

where_it_was_done! {
    /// > Verify the channel deposit increased by exactly `payload.additionalDeposit`
    /// > — draft-evm-session-00, "TopUp Verification"
    #[check(
        must,
        needs(Session),
        killed_by(CountsUnansweredDeposits, CountsTopUpsTwice, SellsBeyondTheDeposit)
    )]
    async fn a_top_up_that_was_done_counts_once_at_most(bed: &Bed, script: Script) -> Outcome {
        let channel = session(bed, &script).await?;
        let addition = Addition::of(&channel, MORE).await?.sign()?;
        present_unheard(bed, &channel, &addition, script).await?;
        channel.present(&addition).await?;
        withheld(&channel.buy(DEPOSIT + MORE + 1).await?, &channel.offer)?;
        channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
    }
}

where_nothing_was_done! {
    /// > the server MUST NOT report the channel as closed
    /// > — draft-evm-session-00, "Cooperative Close"
    #[check(
        must,
        needs(Session),
        killed_by(CountsUnansweredClosings, ForgetsChannelsInTrouble)
    )]
    async fn a_closing_that_was_not_done_is_done_when_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let channel = session(bed, &script).await?;
        let closing = SessionPayload::Close(channel.signed(300)?);
        let answer = present_unheard(bed, &channel, &closing, script).await?;
        withheld(&answer, &channel.offer)?;
        channel.stands(DEPOSIT, DEPOSIT, &[]).await?;
        managed(&channel.present(&closing).await?)?;
        channel.stands(300, 0, &[(channel.payee(), 300)]).await
    }
}

where_it_was_done! {
    /// Once it was told so, the seller knows that there is nothing left to sell
    /// for. It harms nobody but itself.
    ///
    /// > | 410 Gone | Channel finalized or not found |
    /// > — draft-evm-session-00, "Error Responses"
    #[check(should, needs(Session), killed_by(KeepsChannelsTheServiceCallsClosed))]
    async fn a_channel_that_was_closed_sells_no_more_once_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let channel = session(bed, &script).await?;
        let closing = SessionPayload::Close(channel.signed(300)?);
        present_unheard(bed, &channel, &closing, script).await?;
        not_broken_down(&channel.present(&closing).await?)?;
        withheld(&channel.buy(400).await?, &channel.offer)?;
        channel.stands(300, 0, &[(channel.payee(), 300)]).await
    }
}

/// Has the merchant act while the service follows a script.
async fn act_unheard(
    bed: &Bed,
    channel: &Channel<'_>,
    action: MerchantAction,
    script: Script,
) -> Result<Evaluation, Broken> {
    bed.script(script);
    let told = bed.merchant(&channel.offer, action, channel.id).await?;
    bed.unscript();
    Ok(told)
}

/// Nothing was done, and the merchant is not told otherwise.
fn not_claimed(told: Evaluation) -> Outcome {
    match told {
        Evaluation::Output(output) => broken(format!("what was not done is told done: {output}")),
        Evaluation::Crash(words) => broken(format!("the SDK crashes: {words}")),
        Evaluation::Refusal(_) => Ok(()),
    }
}

where_nothing_was_done! {
    /// > treat a reverted `0x0` as a definitive failure to settle (surface a typed
    /// > error and retry as appropriate), never as a pending result
    /// > — draft-evm-session-00, "Settlement Timing"
    #[check(
        must,
        needs(SessionSettle),
        killed_by(
            ClaimsUnansweredWithdrawals,
            ForgetsChannelsInTrouble,
            SettlesNothing,
            ClosesWhenSettling
        )
    )]
    async fn a_settlement_that_was_not_done_is_done_when_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let channel = session(bed, &script).await?;
        not_claimed(act_unheard(bed, &channel, MerchantAction::Settle, script).await?)?;
        done(bed, &channel, MerchantAction::Settle).await?;
        channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await
    }
}

where_it_was_done! {
    /// However the merchant's second wish is answered, it is paid once, and the
    /// channel sells on.
    ///
    /// > (channel stays open)
    /// > — OKX Node SDK Reference (seed 002), "Extension methods: manual settle / status"
    #[check(
        must,
        needs(SessionSettle),
        killed_by(
            ForgetsChannelsInTrouble,
            ForgetsUnclosedChannels,
            SettlesNothing,
            ClosesWhenSettling
        )
    )]
    async fn a_channel_is_not_lost_with_its_settlement(bed: &Bed, script: Script) -> Outcome {
        let channel = session(bed, &script).await?;
        act_unheard(bed, &channel, MerchantAction::Settle, script).await?;
        bed.merchant(&channel.offer, MerchantAction::Settle, channel.id).await?;
        channel.stands(DEPOSIT, DEPOSIT - 300, &[(channel.payee(), 300)]).await?;
        delivered(&channel.buy(400).await?, &channel.offer)
    }
}

where_nothing_was_done! {
    /// > A valid voucher is an irrevocable on-chain claim.
    /// > — draft-evm-session-00, "Escrow Guarantees"
    #[check(
        must,
        needs(SessionClose),
        killed_by(ClaimsUnansweredWithdrawals, ForgetsChannelsInTrouble, ClosesNothing)
    )]
    async fn the_merchants_closing_that_was_not_done_is_done_when_asked_again(
        bed: &Bed,
        script: Script,
    ) -> Outcome {
        let channel = session(bed, &script).await?;
        not_claimed(act_unheard(bed, &channel, MerchantAction::Close, script).await?)?;
        done(bed, &channel, MerchantAction::Close).await?;
        channel.stands(300, 0, &[(channel.payee(), 300)]).await
    }
}
