//! SA error codes, by script: what a buyer sees of each.

use conform402_facilitator::Script;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, Profile, check};
use conform402_wire::sa::SaCode;

use crate::mpp::buyer::{Payment, challenge_for, present};
use crate::mpp::judge::{broken, buys, cache_control_has, refused, seen_as, status_is};

/// Makes a check for each code a charge can meet.
macro_rules! per_code {
    ($(#[$attribute:meta])* async fn $name:ident $arguments:tt -> $outcome:ty $body:block) => {
        $(#[$attribute])*
        #[case(_8000, SaCode::Internal)]
        #[case(_70000, SaCode::InvalidParameter)]
        #[case(_70001, SaCode::UnsupportedChain)]
        #[case(_70002, SaCode::PayerBlocked)]
        #[case(_70003, SaCode::InvalidCredential)]
        #[case(_70004, SaCode::InvalidSignature)]
        #[case(_70005, SaCode::SplitSum)]
        #[case(_70006, SaCode::SplitCount)]
        #[case(_70007, SaCode::NotConfirmed)]
        #[case(_70008, SaCode::ChannelClosed)]
        #[case(_70009, SaCode::InvalidChallenge)]
        async fn $name $arguments -> $outcome $body
    };
}

async fn refused_with(bed: &Bed, code: SaCode, offer: Offer) -> Result<(Mounted, Answer), Broken> {
    let offer = bed.offer(offer).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    bed.script(Script::Refuse(code));
    let answer = present(bed, &offer, &credential).await?;
    if bed.asked().iter().any(|entry| entry.code() == Some(code.number())) {
        Ok((offer, answer))
    } else {
        broken(format!("the facilitator was not asked, so it could not answer {code}"))
    }
}

/// > OKX responses are wrapped in {"code": 0, "data": {...}, "msg": ""}, which
/// > the client unwraps automatically.
/// > — OKX Python SDK Reference (seed 000), "Endpoints called"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn code_0_buys(bed: &Bed) -> Outcome {
    buys(bed, Offer::charge(100)).await
}

per_code! {
    /// Whatever the profile, an error gives nothing away.
    ///
    /// > mpp_evm.errors.map_sa_error(code, msg) maps an SA code to the
    /// > corresponding EvmPaymentError subclass
    /// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
    /// > Internally the SDK unpacks and throws the appropriate PaymentError subclass
    /// > by code
    /// > — OKX Node SDK Reference (seed 002), "SaApiClient"
    #[check(must, needs(Charge), killed_by(DeliversOnSaRefusal))]
    async fn a_refusal_buys_nothing(bed: &Bed, code: SaCode) -> Outcome {
        let (offer, answer) = refused_with(bed, code, Offer::charge(100)).await?;
        refused(bed, &answer, &offer).await
    }
}

per_code! {
    /// > mppx automatically translates them into RFC 9457 ProblemDetails responses.
    /// > — OKX Node SDK Reference (seed 002), "Error Handling"
    #[check(
        must,
        needs(Charge),
        profile(OkxNode),
        killed_by(DeliversOnSaRefusal, AnswersSaRefusalsWith401, LosesTheSaReason)
    )]
    async fn okx_node_sees(bed: &Bed, code: SaCode) -> Outcome {
        seen_in(bed, code, Profile::OkxNode).await
    }
}

per_code! {
    /// > On failure → the corresponding HTTP error code
    /// > — OKX Python SDK Reference (seed 000), "FastAPI (@mpp.pay() decorator)"
    /// > SA code | Meaning | Exception type
    /// > — OKX Python SDK Reference (seed 000), "SA-API error code mapping"
    #[check(
        must,
        needs(Charge),
        profile(OkxPython),
        killed_by(DeliversOnSaRefusal, AnswersSaRefusalsWith401, LosesTheSaReason)
    )]
    async fn okx_python_sees(bed: &Bed, code: SaCode) -> Outcome {
        seen_in(bed, code, Profile::OkxPython).await
    }
}

per_code! {
    /// The table is that of the published crates. It answers 70009 with 401, which
    /// the draft reserves for authentication, so 402 is asked for there.
    ///
    /// > **401** is reserved for authentication failures unrelated to payment
    /// > — draft-httpauth-payment-00, "Relationship to 401 Unauthorized"
    #[check(
        must,
        needs(Charge),
        profile(OkxRust),
        killed_by(DeliversOnSaRefusal, AnswersSaRefusalsWith401, LosesTheSaReason)
    )]
    async fn okx_rust_sees(bed: &Bed, code: SaCode) -> Outcome {
        seen_in(bed, code, Profile::OkxRust).await
    }
}

async fn seen_in(bed: &Bed, code: SaCode, profile: Profile) -> Outcome {
    let offer = Offer::charge(100).in_profile(profile);
    let (_, answer) = refused_with(bed, code, offer).await?;
    seen_as(&answer, code, profile)
}

/// > Servers MUST NOT return 402 without including a `WWW-Authenticate` header
/// > containing at least one Payment challenge.
/// > — draft-httpauth-payment-00, "When NOT to Return 402"
#[check(
    must,
    needs(Charge),
    killed_by(
        DeliversOnSaRefusal,
        AnswersSaRefusalsWith401,
        AnswersSaRefusalsBare,
        EchoesTheUnsettledChallenge,
        RepeatsChallengeIds
    )
)]
async fn a_402_brings_a_fresh_challenge(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let payment = Payment::of(bed, &offer).await?;
    bed.script(Script::Refuse(SaCode::InvalidSignature));
    let answer = present(bed, &offer, &payment.sign()?).await?;
    status_is(&answer, 402)?;
    let fresh = challenge_for(&answer, &offer)?;
    if fresh.id == payment.challenge.id {
        broken("the challenge that was refused is given again")
    } else {
        Ok(())
    }
}

/// > Servers MUST send `Cache-Control: no-store` {{RFC9111}} with 402 responses
/// > — draft-httpauth-payment-00, "Caching"
#[check(must, needs(Charge), killed_by(DeliversOnSaRefusal, AnswersSaRefusalsBare))]
async fn a_402_is_not_stored(bed: &Bed) -> Outcome {
    let (_, answer) = refused_with(bed, SaCode::InvalidSignature, Offer::charge(100)).await?;
    cache_control_has(&answer, "no-store")
}

/// > **401** is reserved for authentication failures unrelated to payment
/// > — draft-httpauth-payment-00, "Relationship to 401 Unauthorized"
#[check(must, needs(Charge), killed_by(AnswersSaRefusalsWith401))]
async fn an_expired_challenge_is_not_answered_401(bed: &Bed) -> Outcome {
    let (_, answer) = refused_with(bed, SaCode::InvalidChallenge, Offer::charge(100)).await?;
    if answer.status == 401 { broken("answered 401") } else { Ok(()) }
}
