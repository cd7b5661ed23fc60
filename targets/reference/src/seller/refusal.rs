//! Refusing: at the door, or because nothing was settled.

use axum::response::Response;
use conform402_wire::Profile;
use conform402_wire::adapter::OfferInfo;
use conform402_wire::{Challenge, Credential, receipt};

use super::Visit;
use crate::answer::{Answer, crash};
use crate::challenge;
use crate::fault::fault;
use crate::sa::{NotSettled, Settled};

/// Why a credential is refused before anything is settled.
pub enum Refusal {
    /// With this problem type.
    Because(&'static str, String),
    /// With this status and problem type, and no challenge.
    Status(u16, &'static str, String),
    /// The seller breaks down.
    Crash,
    /// Not refused at all: the content is given away.
    GiveAway,
}

impl Refusal {
    pub fn because(problem: &'static str, detail: impl ToString) -> Self {
        Self::Because(problem, detail.to_string())
    }
}

impl Visit<'_> {
    /// Refuses what the settlement service did not settle, as the offer's
    /// profile does.
    pub(super) fn refuse_unsettled(
        &self,
        credential: &Credential,
        offer: &OfferInfo,
        failure: NotSettled,
    ) -> Response {
        let (route, faults) = (self.route, &self.route.faults);
        let seen = failure.code().seen(offer.profile.unwrap_or(Profile::OkxNode));
        let Some(seen) = seen else { return crash() };
        let refused = matches!(failure, NotSettled::Refused(_));
        if refused
            && fault!(faults, "answers-sa-refusals-with-401", "whatever the SA refuses is a 401")
        {
            return Answer::problem(401, seen.problem, "not settled").unstored().send();
        }
        let loses_reason =
            fault!(faults, "loses-the-sa-reason", "an SA refusal has no problem type");
        let problem = if loses_reason { "payment-error" } else { seen.problem };
        let answer = Answer::problem(seen.status, problem, &failure.to_string());
        let bare = fault!(
            faults,
            "answers-sa-refusals-bare",
            "a 402 after an SA refusal has no challenge"
        );
        if seen.status != 402 || bare {
            return answer.send();
        }
        let challenges = if fault!(
            faults,
            "echoes-the-unsettled-challenge",
            "an SA refusal brings the challenge that was refused"
        ) {
            vec![credential.challenge.clone()]
        } else {
            self.challenges()
        };
        answer.challenging(&challenge::fields(route, &challenges)).unstored().send()
    }

    /// Refuses a credential, with a challenge to try again.
    pub(super) fn refuse(&self, credential: Option<&Credential>, refusal: Refusal) -> Response {
        let (route, faults) = (self.route, &self.route.faults);
        let (problem, detail) = match refusal {
            Refusal::Because(problem, detail) => (problem, detail),
            Refusal::Status(status, problem, detail) => {
                return Answer::problem(status, problem, &detail).unstored().send();
            }
            Refusal::Crash => return crash(),
            Refusal::GiveAway => return self.deliver(&route.offers[0], None, &Settled::default()),
        };
        let vague = fault!(faults, "gives-no-reason", "every refusal is called payment-required");
        let problem = if vague { "payment-required" } else { problem };
        let misstated =
            fault!(faults, "misstates-the-status-of-refusals", "the problem of a refusal says 400");
        let body = Answer::problem(if misstated { 400 } else { 402 }, problem, &detail);
        let old = credential.and_then(|credential| self.shop.issued(&credential.challenge.id));
        let mut challenges = match old.filter(|old| self.is_of_this_route(old)) {
            Some(old)
                if fault!(
                    faults,
                    "echoes-the-old-challenge",
                    "a refusal brings the challenge that was refused"
                ) =>
            {
                vec![old]
            }
            _ => self.challenges(),
        };
        if fault!(
            faults,
            "gives-unpayable-challenges",
            "a refusal's challenge is bound with another secret"
        ) {
            challenges = challenges.into_iter().map(|c| c.bind(b"another secret")).collect();
        }
        let mut answer = body.with_status(402).challenging(&challenge::fields(route, &challenges));
        if !fault!(faults, "stores-refusals", "a refusal may be cached") {
            answer = answer.unstored();
        }
        let unreadable = credential.is_none() && detail.starts_with("not base64url");
        if unreadable
            && fault!(faults, "sends-receipt-on-malformed", "a malformed credential gets a receipt")
        {
            answer = answer.with(receipt::HEADER, "e30");
        }
        answer.send()
    }

    fn is_of_this_route(&self, challenge: &Challenge) -> bool {
        let request = challenge.request.decode().unwrap_or_default();
        self.route.offers.iter().any(|offer| challenge::request_of(self.route, offer) == request)
    }
}
