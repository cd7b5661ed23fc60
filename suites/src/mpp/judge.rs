//! What every payment is judged by: the answer, the facilitator's journal, and
//! the chain.

use alloy::primitives::{Address, I256};
use conform402_chain::Holder;
use conform402_facilitator::Entry;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, Profile};
use conform402_wire::BaseUnits;
use conform402_wire::problem::Problem;
use conform402_wire::receipt;
use conform402_wire::sa::SaCode;
use conform402_wire::sa::request::STATUS;
use serde_json::Value;

use super::buyer::{self, Payment};

/// The buyer got what it paid for.
pub fn delivered(answer: &Answer, offer: &Mounted) -> Outcome {
    if answer.status != 200 {
        return broken(format!("a valid payment is answered {} instead of 200", answer.status));
    }
    if !answer.body.contains(offer.content()) {
        return broken("a paid answer (200) does not carry the content");
    }
    Ok(())
}

/// A channel was opened, added to or closed. Some sellers answer with a body,
/// others without (WIRE.md, C-4.14).
pub fn managed(answer: &Answer) -> Outcome {
    match answer.status {
        200 | 204 => Ok(()),
        status => broken(format!("a valid request is answered {status} instead of 200 or 204")),
    }
}

/// A valid payment of `offer` is delivered, and paid to the unit.
pub async fn buys(bed: &Bed, offer: Offer) -> Outcome {
    let offer = bed.offer(offer).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    delivered(&buyer::present(bed, &offer, &credential).await?, &offer)?;
    paid(bed, &offer).await
}

/// The answer is an error that gives nothing away: neither content nor receipt.
pub fn withheld(answer: &Answer, offer: &Mounted) -> Outcome {
    if answer.body.contains(offer.content()) {
        return broken(format!("the content is given away ({})", answer.status));
    }
    if answer.status < 400 {
        return broken(format!("answered {} instead of an error", answer.status));
    }
    if answer.header(receipt::HEADER).is_some() {
        return broken(format!("an error ({}) carries a Payment-Receipt", answer.status));
    }
    Ok(())
}

/// Nothing was given away and nothing moved.
pub async fn refused(bed: &Bed, answer: &Answer, offer: &Mounted) -> Outcome {
    withheld(answer, offer)?;
    bed.nothing_moved().await
}

/// Refused for one reason, and nothing moved.
pub async fn refused_for(bed: &Bed, code: SaCode, answer: &Answer, offer: &Mounted) -> Outcome {
    withheld(answer, offer)?;
    reason_was(&bed.asked(), code, answer)?;
    bed.nothing_moved().await
}

/// What is done, and what the settlement service is asked meanwhile.
pub async fn asked_during<T>(
    bed: &Bed,
    act: impl Future<Output = Result<T, Broken>>,
) -> Result<(T, Vec<Entry>), Broken> {
    let before = bed.asked().len();
    let done = act.await?;
    Ok((done, bed.asked().split_off(before)))
}

/// What is presented is refused for one reason, whatever was asked and moved
/// before.
pub async fn act_refused_for(
    bed: &Bed,
    code: SaCode,
    act: impl Future<Output = Result<Answer, Broken>>,
    offer: &Mounted,
) -> Outcome {
    let (answer, asked) = asked_during(bed, act).await?;
    withheld(&answer, offer)?;
    reason_was(&asked, code, &answer)
}

/// The seller refused by itself, or because the settlement service answered
/// `code` to what it was to do; how a channel stands may be asked before and
/// after. Any other code would show that the case is not about what it says,
/// which is ours to mend.
fn reason_was(asked: &[Entry], code: SaCode, answer: &Answer) -> Outcome {
    match asked.iter().rfind(|entry| entry.endpoint != STATUS) {
        None if answer.status >= 500 => {
            broken(format!("the seller broke down ({}) before it asked", answer.status))
        }
        Some(entry) if entry.code() != Some(code.number()) => {
            let answered = &entry.answer;
            Err(Broken::Ours(format!("the facilitator was to answer {code}: {answered}")))
        }
        _ => Ok(()),
    }
}

/// Refused before the facilitator was troubled: right status, a challenge to
/// try again with, nothing given away, nothing asked, nothing moved.
pub async fn refused_at_the_door(bed: &Bed, answer: &Answer, offer: &Mounted) -> Outcome {
    withheld(answer, offer)?;
    status_is(answer, 402)?;
    buyer::challenge_for(answer, offer)?;
    not_asked(bed)?;
    bed.nothing_moved().await
}

/// The facilitator was not asked about any account of this check.
pub fn not_asked(bed: &Bed) -> Outcome {
    match bed.asked().first() {
        None => Ok(()),
        Some(entry) => broken(format!("the facilitator was asked: {}", entry.endpoint)),
    }
}

/// The seller refused, and did not break down.
pub fn not_broken_down(answer: &Answer) -> Outcome {
    match answer.status {
        500.. => broken(format!("the seller broke down ({})", answer.status)),
        _ => Ok(()),
    }
}

/// The HTTP status is this one.
pub fn status_is(answer: &Answer, status: u16) -> Outcome {
    if answer.status == status {
        Ok(())
    } else {
        broken(format!("answered {} instead of {status}", answer.status))
    }
}

/// The payer of the check paid this offer, once, to the unit.
pub async fn paid(bed: &Bed, offer: &Mounted) -> Outcome {
    bed.moved(&movements(bed.payer().address(), offer)).await
}

/// What moves when `payer` pays `offer`.
pub fn movements(payer: Address, offer: &Mounted) -> Vec<(Holder, I256)> {
    let mut left = offer.amount();
    let mut moved = Vec::new();
    for split in offer.splits() {
        moved.push((split.recipient.into(), delta(split.amount)));
        left = BaseUnits(left.0.saturating_sub(split.amount.0));
    }
    moved.push((offer.recipient().into(), delta(left)));
    moved.push((payer.into(), -delta(offer.amount())));
    moved
}

fn delta(amount: BaseUnits) -> I256 {
    I256::from_raw(amount.0)
}

/// The problem details of an answer.
pub fn problem(answer: &Answer) -> Result<Problem, Broken> {
    serde_json::from_str(&answer.body)
        .map_err(|error| Broken::promise(format!("the body is no problem details: {error}")))
}

/// The payer sees of a refusal of the settlement service what its seller's
/// dialect makes of the code.
pub fn seen_as(answer: &Answer, code: SaCode, profile: Profile) -> Outcome {
    let expected = code.seen(profile);
    let expected = expected.ok_or_else(|| Broken::Ours(format!("{profile} knows no {code}")))?;
    status_is(answer, expected.status)?;
    is_problem(answer, expected.problem)
}

/// Refused with this status, and the problem of this name.
pub fn refused_as(answer: &Answer, offer: &Mounted, status: u16, suffix: &str) -> Outcome {
    withheld(answer, offer)?;
    status_is(answer, status)?;
    is_problem(answer, suffix)
}

/// The problem is of this type, below the common base.
pub fn is_problem(answer: &Answer, suffix: &str) -> Outcome {
    let problem = problem(answer)?;
    if problem.suffix() == suffix {
        return Ok(());
    }
    broken(format!("the problem is {:?} instead of {suffix}", problem.type_uri))
}

/// Whether a directive stands in `Cache-Control`.
pub fn cache_control_has(answer: &Answer, directive: &str) -> Outcome {
    let has = answer
        .headers_named("cache-control")
        .flat_map(|field| field.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(directive));
    if has {
        return Ok(());
    }
    let found = answer.header("cache-control").unwrap_or("absent");
    broken(format!("Cache-Control is {found}, without {directive}"))
}

/// A member of a JSON object, by reference.
pub fn object_mut(value: &mut Value) -> Result<&mut serde_json::Map<String, Value>, Broken> {
    value.as_object_mut().ok_or_else(|| Broken::Ours("not a JSON object".to_owned()))
}

/// A broken promise.
pub fn broken<T>(reason: impl Into<String>) -> Result<T, Broken> {
    Err(Broken::promise(reason))
}

#[cfg(test)]
mod tests {
    use conform402_facilitator::Answer as Told;
    use conform402_wire::sa::request::{OPEN, TOP_UP};
    use rstest::rstest;

    use super::*;

    fn told(endpoint: &str, code: i64) -> Entry {
        Entry {
            endpoint: endpoint.to_owned(),
            request: Value::Null,
            signed: true,
            answer: Told::Http { status: 200, body: format!(r#"{{"code": {code}}}"#) },
            trouble: None,
            accounts: Vec::new(),
        }
    }

    #[rstest]
    #[case::the_seller_itself(&[], 402, "kept")]
    #[case::the_seller_after_a_look(&[(STATUS, 0)], 402, "kept")]
    #[case::the_service(&[(TOP_UP, 70003)], 402, "kept")]
    #[case::the_service_between_looks(&[(STATUS, 0), (TOP_UP, 70003), (STATUS, 0)], 402, "kept")]
    #[case::nobody_the_seller_broke_down(&[(STATUS, 0)], 500, "broken")]
    #[case::the_service_for_another_reason(&[(TOP_UP, 70004)], 402, "ours")]
    #[case::the_seller_after_it_was_done(&[(OPEN, 0)], 402, "ours")]
    fn who_refused(#[case] asked: &[(&str, i64)], #[case] status: u16, #[case] expected: &str) {
        let asked: Vec<Entry> = asked.iter().map(|(path, code)| told(path, *code)).collect();
        let answer = Answer { status, headers: Vec::new(), body: String::new() };
        let judged = match reason_was(&asked, SaCode::InvalidCredential, &answer) {
            Ok(()) => "kept",
            Err(Broken::Ours(_)) => "ours",
            Err(_) => "broken",
        };
        assert_eq!(judged, expected);
    }
}
