//! SA error codes that only a session meets, by script: what a payer sees of
//! each when its top-up is refused.

use conform402_facilitator::Script;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, Profile, check};
use conform402_wire::sa::SaCode;
use conform402_wire::sa::request::TOP_UP;

use crate::mpp::buyer::{challenge_for, present};
use crate::mpp::channel::Channel;
use crate::mpp::judge::{
    asked_during, broken, cache_control_has, delivered, managed, seen_as, status_is, withheld,
};
use crate::mpp::proposal::{DEPOSIT, Proposal};

/// Makes a check for each code that only a session can meet.
macro_rules! per_code {
    ($(#[$attribute:meta])* async fn $name:ident $arguments:tt -> $outcome:ty $body:block) => {
        $(#[$attribute])*
        #[case(_70008, SaCode::ChannelClosed)]
        #[case(_70010, SaCode::ChannelNotFound)]
        #[case(_70011, SaCode::GracePeriod)]
        #[case(_70012, SaCode::PastDeposit)]
        #[case(_70013, SaCode::DeltaTooSmall)]
        #[case(_70014, SaCode::ChannelClosing)]
        async fn $name $arguments -> $outcome $body
    };
}

async fn refused_with(bed: &Bed, code: SaCode, offer: Offer) -> Result<(Mounted, Answer), Broken> {
    let channel = Channel::open(bed, bed.offer(offer).await?).await?;
    bed.script(Script::Refuse(code));
    let (answer, asked) = asked_during(bed, channel.top_up(500)).await?;
    if asked.iter().any(|entry| entry.endpoint == TOP_UP && entry.code() == Some(code.number())) {
        return Ok((channel.offer, answer));
    }
    broken(format!("the facilitator was not asked, so it could not answer {code}"))
}

/// > Internally the SDK unpacks and throws the appropriate PaymentError subclass
/// > by code
/// > — OKX Node SDK Reference (seed 002), "SaApiClient"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent))]
async fn code_0_opens_and_sells(bed: &Bed) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    delivered(&channel.buy(100).await?, &channel.offer)
}

per_code! {
    /// > Internally the SDK unpacks and throws the appropriate PaymentError subclass
    /// > by code
    /// > — OKX Node SDK Reference (seed 002), "SaApiClient"
    #[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
    async fn a_refused_top_up_gives_nothing_away(bed: &Bed, code: SaCode) -> Outcome {
        let (offer, answer) = refused_with(bed, code, Offer::session(100)).await?;
        withheld(&answer, &offer)
    }
}

per_code! {
    /// > Internally the SDK unpacks and throws the appropriate PaymentError subclass
    /// > by code
    /// > — OKX Node SDK Reference (seed 002), "SaApiClient"
    #[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
    async fn a_refused_opening_opens_nothing(bed: &Bed, code: SaCode) -> Outcome {
        let offer = bed.offer(Offer::session(100)).await?;
        let proposal = Proposal::of(bed, &offer).await?;
        bed.script(Script::Refuse(code));
        withheld(&present(bed, &offer, &proposal.sign()?).await?, &offer)?;
        let channel = Channel::of(bed, offer, &proposal);
        withheld(&channel.buy(100).await?, &channel.offer)?;
        channel.stands(0, 0, &[]).await
    }
}

per_code! {
    /// > the server MUST NOT report the channel as closed
    /// > — draft-evm-session-00, "Cooperative Close"
    #[check(must, needs(Session), killed_by(CountsRefusedClosings))]
    async fn a_refused_closing_closes_nothing(bed: &Bed, code: SaCode) -> Outcome {
        let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
        delivered(&channel.buy(300).await?, &channel.offer)?;
        bed.script(Script::Refuse(code));
        withheld(&channel.close(300).await?, &channel.offer)?;
        channel.stands(DEPOSIT, DEPOSIT, &[]).await
    }
}

/// What was not closed is still open, with all that was promised. Of 70008 and
/// 70010 a seller may conclude that nothing is left to close.
///
/// > the server MUST NOT report the channel as closed
/// > — draft-evm-session-00, "Cooperative Close"
/// > calls SA close → deletes the local store.
/// > — OKX Python SDK Reference (seed 000), "Interface and business methods"
#[check(must, needs(Session), killed_by(CountsRefusedClosings, ForgetsUnclosedChannels))]
#[case(_8000, SaCode::Internal)]
#[case(_70011, SaCode::GracePeriod)]
#[case(_70012, SaCode::PastDeposit)]
#[case(_70013, SaCode::DeltaTooSmall)]
#[case(_70014, SaCode::ChannelClosing)]
async fn a_refused_closing_can_be_repeated(bed: &Bed, code: SaCode) -> Outcome {
    let channel = Channel::open(bed, bed.offer(Offer::session(100)).await?).await?;
    delivered(&channel.buy(300).await?, &channel.offer)?;
    bed.script(Script::Refuse(code));
    withheld(&channel.close(300).await?, &channel.offer)?;
    bed.unscript();
    managed(&channel.close(300).await?)?;
    channel.stands(300, 0, &[(channel.payee(), 300)]).await
}

per_code! {
    /// > mppx automatically translates them into RFC 9457 ProblemDetails responses.
    /// > — OKX Node SDK Reference (seed 002), "Error Handling"
    #[check(
        must,
        needs(Session),
        profile(OkxNode),
        killed_by(CountsRefusedDeposits, AnswersSaRefusalsWith401, LosesTheSaReason)
    )]
    async fn okx_node_sees(bed: &Bed, code: SaCode) -> Outcome {
        seen_in(bed, code, Profile::OkxNode).await
    }
}

per_code! {
    /// > mpp_evm.errors.map_sa_error(code, msg) maps an SA code to the
    /// > corresponding EvmPaymentError subclass
    /// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
    #[check(
        must,
        needs(Session),
        profile(OkxPython),
        killed_by(CountsRefusedDeposits, AnswersSaRefusalsWith401, LosesTheSaReason)
    )]
    async fn okx_python_sees(bed: &Bed, code: SaCode) -> Outcome {
        seen_in(bed, code, Profile::OkxPython).await
    }
}

per_code! {
    /// The table is that of the published crates.
    ///
    /// > mpp_evm.errors.map_sa_error(code, msg) maps an SA code to the
    /// > corresponding EvmPaymentError subclass
    /// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
    #[check(
        must,
        needs(Session),
        profile(OkxRust),
        killed_by(CountsRefusedDeposits, AnswersSaRefusalsWith401, LosesTheSaReason)
    )]
    async fn okx_rust_sees(bed: &Bed, code: SaCode) -> Outcome {
        seen_in(bed, code, Profile::OkxRust).await
    }
}

async fn seen_in(bed: &Bed, code: SaCode, profile: Profile) -> Outcome {
    let offer = Offer::session(100).in_profile(profile);
    let (_, answer) = refused_with(bed, code, offer).await?;
    seen_as(&answer, code, profile)
}

/// > Servers MUST NOT return 402 without including a `WWW-Authenticate` header
/// > containing at least one Payment challenge.
/// > — draft-httpauth-payment-00, "When NOT to Return 402"
#[check(
    must,
    needs(Session),
    killed_by(CountsRefusedDeposits, AnswersSaRefusalsWith401, AnswersSaRefusalsBare)
)]
async fn a_402_brings_a_challenge(bed: &Bed) -> Outcome {
    let (offer, answer) = refused_with(bed, SaCode::PastDeposit, Offer::session(100)).await?;
    status_is(&answer, 402)?;
    challenge_for(&answer, &offer).map(drop)
}

/// > Servers MUST send `Cache-Control: no-store` {{RFC9111}} with 402 responses
/// > — draft-httpauth-payment-00, "Caching"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits, AnswersSaRefusalsBare))]
async fn a_402_is_not_stored(bed: &Bed) -> Outcome {
    let (_, answer) = refused_with(bed, SaCode::PastDeposit, Offer::session(100)).await?;
    cache_control_has(&answer, "no-store")
}
