//! What every session is judged by.

use conform402_runner::{Answer, Mounted, Outcome};

use crate::mpp::judge::{broken, is_problem, status_is, withheld};

/// A channel was opened, added to or closed. Some sellers answer with a body,
/// others without (WIRE.md, C-4.14).
pub fn managed(answer: &Answer) -> Outcome {
    match answer.status {
        200 | 204 => Ok(()),
        status => broken(format!("a valid request is answered {status} instead of 200 or 204")),
    }
}

/// A channel was managed, and nothing was sold.
pub fn managed_only(answer: &Answer, offer: &Mounted) -> Outcome {
    managed(answer)?;
    if answer.body.contains(offer.content()) {
        return broken("the content is delivered, although no voucher was presented");
    }
    Ok(())
}

/// Refused with 402, and the problem of this name.
pub fn refused_as(answer: &Answer, offer: &Mounted, suffix: &str) -> Outcome {
    withheld(answer, offer)?;
    status_is(answer, 402)?;
    is_problem(answer, suffix)
}
