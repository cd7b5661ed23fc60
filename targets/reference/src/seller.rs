//! Selling: challenge, credential, settlement, delivery.

mod credential;
mod delivery;
mod refusal;
mod session;

use std::sync::Arc;

use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use conform402_wire::adapter::OfferInfo;
use conform402_wire::charge::ChargePayload;
use conform402_wire::credential::token_of;
use conform402_wire::{Challenge, Credential, Profile, receipt};

use crate::answer::{Answer, crash};
use crate::challenge::{self, Asked};
use crate::fault::fault;
use crate::sa::{self, NotSettled, Settled};
use crate::shop::{Claim, Route, Shop};
pub use refusal::Refusal;
pub use session::act;

/// One request to one route.
struct Visit<'a> {
    shop: &'a Arc<Shop>,
    route: &'a Route,
    asked: Asked<'a>,
}

/// Answers a request to a paid route.
pub async fn serve(
    shop: &Arc<Shop>,
    route: &Route,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let faults = &route.faults;
    let Some(first) = route.offers.first() else { return crate::answer::not_found() };
    let by_head = method == Method::HEAD;
    let sold = first.methods.iter().any(|sold| sold == method.as_str());
    if !sold || (by_head && fault!(faults, "knows-no-head", "a HEAD is answered 405")) {
        return Answer::problem(405, "about:blank", "not sold by this method").send();
    }
    let idempotency_key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    let visit = Visit { shop, route, asked: Asked { by_head, idempotency_key, body } };
    let fields: Vec<&str> = headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    let case_sensitive = fault!(
        faults,
        "reads-scheme-case-sensitively",
        "only a scheme written `Payment` is recognised"
    );
    let tokens: Vec<&str> = fields
        .iter()
        .filter(|field| !case_sensitive || field.starts_with("Payment"))
        .filter_map(|field| token_of(field))
        .collect();
    match (tokens.as_slice(), fields.as_slice()) {
        ([], []) => visit.unpaid(method).await,
        ([], [..]) => {
            if fault!(faults, "sells-for-a-bearer-token", "credentials of another scheme count") {
                return visit.deliver(first, None, &Settled::default());
            }
            visit.refuse(None, Refusal::because("payment-required", "no Payment credential"))
        }
        ([token], _) => visit.redeem(fields[0], token).await,
        ([token, ..], _)
            if fault!(faults, "takes-the-first-of-two", "of two credentials the first counts") =>
        {
            visit.redeem(fields[0], token).await
        }
        ([first, second, ..], _)
            if fault!(faults, "takes-both-of-two", "of two credentials both are settled") =>
        {
            visit.redeem(fields[0], first).await;
            visit.redeem(fields[0], second).await
        }
        _ => {
            let detail = "more than one Payment credential";
            visit.refuse(None, Refusal::Status(400, "bad-request", detail.to_owned()))
        }
    }
}

impl Visit<'_> {
    fn challenges(&self) -> Vec<Challenge> {
        let one_only = fault!(
            self.route.faults,
            "offers-one-alternative",
            "of several offers on one URL only the first is shown"
        );
        let shown = if one_only { 1 } else { self.route.offers.len() };
        let offers = self.route.offers.iter().take(shown);
        offers.map(|offer| challenge::issue(self.shop, self.route, offer, self.asked)).collect()
    }

    async fn unpaid(&self, method: &Method) -> Response {
        let (route, faults) = (self.route, &self.route.faults);
        let offer = &route.offers[0];
        let by_get = method == Method::GET;
        if method == Method::POST
            && self.asked.body.is_empty()
            && fault!(faults, "serves-bodiless-post-free", "a POST without body costs nothing")
        {
            return self.deliver(offer, None, &Settled::default());
        }
        let foreign = offer.description.as_ref().is_some_and(|text| !text.is_ascii());
        if foreign
            && fault!(faults, "chokes-on-foreign-text", "a localized description breaks the route")
        {
            return crash();
        }
        let challenges = self.challenges();
        if self.asked.by_head
            && fault!(faults, "asks-facilitator-unpaid", "a HEAD reaches the facilitator")
        {
            route.sa.ask_in_vain(Some(&challenges[0])).await;
        }
        if self.asked.by_head
            && fault!(
                faults,
                "pings-facilitator-unpaid",
                "a HEAD makes the facilitator be asked for nothing"
            )
        {
            route.sa.ask_in_vain(None).await;
        }
        let status = if by_get
            && fault!(faults, "answers-unpaid-with-401", "an unpaid GET is answered 401")
        {
            401
        } else {
            402
        };
        let misstated = fault!(faults, "misstates-the-status", "the problem of a 402 says 400");
        let mut detail = "payment is required".to_owned();
        if by_get
            && fault!(faults, "leaks-content-unpaid", "the content stands in the unpaid answer")
        {
            detail.clone_from(&offer.content);
        }
        let body =
            Answer::problem(if misstated { 400 } else { status }, "payment-required", &detail);
        let mut answer =
            body.with_status(status).challenging(&challenge::fields(route, &challenges));
        if !fault!(faults, "stores-challenges", "an unpaid answer may be cached") {
            answer = answer.unstored();
        }
        if fault!(faults, "sends-plain-json-problems", "the unpaid body is not problem+json") {
            answer = answer.replacing(header::CONTENT_TYPE.as_str(), "application/json");
        }
        if by_get && fault!(faults, "sends-receipt-unpaid", "an unpaid answer carries a receipt") {
            answer = answer.with(receipt::HEADER, "e30");
        }
        answer.send()
    }

    /// Takes a credential to its end: content, or a refusal.
    async fn redeem(&self, field: &str, token: &str) -> Response {
        let credential = match self.read(field, token) {
            Ok(credential) => credential,
            Err(refusal) => return self.refuse(None, refusal),
        };
        let offer = match self.accept(&credential) {
            Ok(offer) => offer,
            Err(refusal) => return self.refuse(Some(&credential), refusal),
        };
        match &offer.session {
            None => self.charge(&credential, offer).await,
            Some(session) if offer.profile == Some(Profile::Ietf) => {
                self.ietf_session(&credential, offer, session).await
            }
            Some(session) => self.session(&credential, offer, session).await,
        }
    }

    async fn charge(&self, credential: &Credential, offer: &OfferInfo) -> Response {
        if credential.payload.contains_key("cumulativeAmount")
            && fault!(
                self.route.faults,
                "overlooks-the-intent",
                "a voucher buys what a charge does"
            )
        {
            return self.deliver(offer, None, &Settled::default());
        }
        let payload = match self.payload::<ChargePayload>(credential) {
            Ok(payload) => payload,
            Err(refusal) => return self.refuse(Some(credential), refusal),
        };
        if offer.splits.len() > 5
            && fault!(
                self.route.faults,
                "shares-among-five-at-most",
                "more than five splits are refused"
            )
        {
            let refusal = Refusal::because("invalid-payload", "too many splits");
            return self.refuse(Some(credential), refusal);
        }
        let reuses = fault!(
            self.route.faults,
            "reuses-challenges",
            "a challenge may be paid again and again"
        );
        match self.shop.claim(&credential.challenge) {
            Err(_) if reuses => {}
            Ok(()) => {}
            Err(Claim::Paid)
                if fault!(
                    self.route.faults,
                    "remembers-paid-challenges",
                    "a challenge once paid buys for ever"
                ) =>
            {
                return self.deliver(offer, None, &Settled::default());
            }
            Err(Claim::Settling)
                if fault!(
                    self.route.faults,
                    "delivers-while-settling",
                    "a copy that comes while the first is settled is served too"
                ) =>
            {
                return self.deliver(offer, None, &Settled::default());
            }
            Err(_) => {
                let refusal = Refusal::because("invalid-challenge", "this challenge was used");
                return self.refuse(Some(credential), refusal);
            }
        }
        self.settle(credential, offer, &payload).await
    }

    async fn settle(
        &self,
        credential: &Credential,
        offer: &OfferInfo,
        payload: &ChargePayload,
    ) -> Response {
        let (route, faults) = (self.route, &self.route.faults);
        let forwarded = sa::forwarded(faults, offer, payload);
        let settled = route.sa.settle(credential, &forwarded).await;
        if settled.is_ok()
            && fault!(faults, "asks-to-settle-twice", "each payment is settled twice over")
        {
            let _ = route.sa.settle(credential, &forwarded).await;
        }
        let source = credential.source.as_deref().unwrap_or_default();
        let settled = match settled {
            Ok(settled) => settled,
            Err(failure) => {
                // What may have been settled stays claimed: a retry could not
                // tell a payment from a replay.
                let claim = match failure {
                    NotSettled::Refused(_) => Claim::Free,
                    _ => Claim::Paid,
                };
                self.shop.conclude(&credential.challenge.id, claim);
                if self.delivers_all_the_same(failure, source) {
                    return self.deliver(offer, None, &Settled::default());
                }
                return self.refuse_unsettled(credential, offer, failure);
            }
        };
        self.shop.conclude(&credential.challenge.id, Claim::Paid);
        route.remember_payer(source);
        if offer.handler_fails {
            let failed = Answer::text(500, "text/plain", "the handler failed".to_owned());
            let acknowledges = fault!(
                faults,
                "sends-receipt-when-the-handler-fails",
                "an error after payment carries a receipt"
            );
            let receipt = self.receipt(credential, &settled).filter(|_| acknowledges);
            return receipt.iter().fold(failed, |a, r| a.with(receipt::HEADER, r)).send();
        }
        self.deliver(offer, Some(credential), &settled)
    }

    fn delivers_all_the_same(&self, failure: NotSettled, source: &str) -> bool {
        let faults = &self.route.faults;
        match failure {
            NotSettled::Refused(_) => {
                fault!(faults, "delivers-on-sa-refusal", "a refused payment buys")
                    || (self.route.was_paid_by(source)
                        && fault!(
                            faults,
                            "trusts-payers-who-paid",
                            "whoever paid once is served even if refused"
                        ))
            }
            NotSettled::Timeout => {
                fault!(faults, "delivers-on-timeout", "no answer in time counts as one")
            }
            NotSettled::Lost => {
                fault!(
                    faults,
                    "delivers-on-lost-connection",
                    "a broken connection counts as an answer"
                )
            }
            NotSettled::Unreadable => false,
        }
    }
}
