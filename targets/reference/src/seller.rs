//! Selling: challenge, credential, settlement, delivery.

use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use conform402_wire::adapter::OfferInfo;
use conform402_wire::charge::{ChargePayload, INTENT};
use conform402_wire::credential::{MalformedCredential, token_of};
use conform402_wire::sa::code::Profile;
use conform402_wire::{Challenge, Credential, Receipt, base64url, digest, receipt, timestamp};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::{Answer, crash};
use crate::challenge::{self, Asked};
use crate::fault::fault;
use crate::sa::{self, NotSettled, Settled};
use crate::shop::{Claim, Route, Shop};

/// Why a credential is refused before anything is settled.
enum Refusal {
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
    fn because(problem: &'static str, detail: impl ToString) -> Self {
        Self::Because(problem, detail.to_string())
    }
}

/// One request to one route.
struct Visit<'a> {
    shop: &'a Shop,
    route: &'a Route,
    asked: Asked<'a>,
}

/// Answers a request to a paid route.
pub async fn serve(
    shop: &Shop,
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
    let visit = Visit { shop, route, asked: Asked { by_head, body } };
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
            route.sa.ask_in_vain(&challenges[0]).await;
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
        let (offer, payload) = match self.accept(&credential) {
            Ok(accepted) => accepted,
            Err(refusal) => return self.refuse(Some(&credential), refusal),
        };
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
                return self.refuse(Some(&credential), refusal);
            }
        }
        self.settle(&credential, offer, &payload).await
    }

    /// Reads a credential from the field that carries it.
    fn read(&self, field: &str, token: &str) -> Result<Credential, Refusal> {
        let faults = &self.route.faults;
        let malformed = |detail: &str| Refusal::because("malformed-credential", detail);
        if token.is_empty() && fault!(faults, "sells-for-an-empty-token", "an empty token buys") {
            return Err(Refusal::GiveAway);
        }
        let exact = field.split_once(' ').is_some_and(|(_, rest)| rest == token);
        if !exact
            && fault!(
                faults,
                "reads-one-space-only",
                "several spaces behind the scheme are refused"
            )
        {
            return Err(malformed("more than one space"));
        }
        if token.len() > 4_000
            && fault!(faults, "reads-small-credentials-only", "4 KB are too much")
        {
            return Err(malformed("too large"));
        }
        if token.contains('=') && fault!(faults, "refuses-padding", "padded base64url is refused") {
            return Err(malformed("padded"));
        }
        let credential = Credential::parse(token).map_err(|error| {
            let crashes = match &error {
                MalformedCredential::Base64(_) => {
                    fault!(
                        faults,
                        "crashes-on-bad-base-64",
                        "a token that is not base64url is a 500"
                    )
                }
                MalformedCredential::Json(_) => {
                    fault!(faults, "crashes-on-bad-json", "a token that is not JSON is a 500")
                }
                MalformedCredential::NotObject => {
                    fault!(faults, "crashes-on-other-json", "JSON that is no object is a 500")
                }
                MalformedCredential::Member { reason, .. } if reason.contains("missing") => {
                    fault!(
                        faults,
                        "crashes-on-missing-members",
                        "a credential without a member is a 500"
                    )
                }
                MalformedCredential::Member { .. } => {
                    fault!(faults, "crashes-on-wrong-types", "a member of another type is a 500")
                }
            };
            if crashes { Refusal::Crash } else { malformed(&error.to_string()) }
        })?;
        let plain: Value = base64url::decode(token)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        if has_unknown_members(&plain)
            && fault!(faults, "refuses-unknown-members", "unknown members are refused")
        {
            return Err(malformed("unknown member"));
        }
        let has_null =
            plain["challenge"].as_object().is_some_and(|c| c.values().any(Value::is_null));
        if has_null && fault!(faults, "refuses-null-members", "a null is not taken for absent") {
            return Err(malformed("null member"));
        }
        Ok(credential)
    }

    /// Judges a credential by its challenge: ours, of this route, in time.
    fn accept(&self, credential: &Credential) -> Result<(&OfferInfo, ChargePayload), Refusal> {
        let (route, faults) = (self.route, &self.route.faults);
        let invalid = |detail: &str| Refusal::because("invalid-challenge", detail);
        let echo = self.as_this_seller_reads(&credential.challenge);
        let bound = echo.bound_id(route.testbed.secret_key.as_bytes()) == echo.id;
        if !bound && !fault!(faults, "ignores-the-id", "any challenge id is taken") {
            return Err(invalid("this challenge was not given out here"));
        }
        if echo.realm != challenge::realm(route) {
            return Err(invalid("another realm"));
        }
        let foreign_method = echo.method != challenge::method(route);
        if foreign_method
            && !fault!(faults, "accepts-foreign-methods", "the echoed method is not compared")
        {
            let detail = format!("{} is not accepted", echo.method);
            return Err(Refusal::Status(400, "method-unsupported", detail));
        }
        let foreign_intent = echo.intent != INTENT;
        if foreign_intent
            && !fault!(faults, "accepts-foreign-intents", "the echoed intent is not compared")
        {
            return Err(invalid("another intent"));
        }
        let request = echo.request.decode().map_err(|error| invalid(&error.to_string()))?;
        let sellable = if fault!(
            faults,
            "sells-one-alternative",
            "of several offers only the first is sold"
        ) {
            1
        } else {
            route.offers.len()
        };
        let asked_for = route
            .offers
            .iter()
            .take(sellable)
            .find(|offer| challenge::request_of(route, offer) == request);
        let offer = match asked_for {
            Some(offer) => offer,
            None if fault!(
                faults,
                "fits-one-credential-to-all-routes",
                "a challenge of another route opens this one"
            ) =>
            {
                &route.offers[0]
            }
            None => return Err(invalid("the request is not that of this route")),
        };
        self.in_time(&echo)?;
        self.of_this_body(&echo, offer)?;
        let redescribed = echo.description != offer.description;
        if redescribed && fault!(faults, "binds-the-description", "another description is refused")
        {
            return Err(invalid("another description"));
        }
        let payload: Result<ChargePayload, _> =
            serde_json::from_value(Value::Object(credential.payload.clone()));
        let payload = payload.map_err(|error| {
            if fault!(faults, "crashes-on-foreign-payloads", "a payload of another shape is a 500")
            {
                Refusal::Crash
            } else {
                Refusal::because("malformed-credential", format!("payload: {error}"))
            }
        })?;
        if offer.splits.len() > 5
            && fault!(faults, "shares-among-five-at-most", "more than five splits are refused")
        {
            return Err(Refusal::because("invalid-payload", "too many splits"));
        }
        Ok((offer, payload))
    }

    /// The echoed challenge, which a seller with a fault reads from its own
    /// records where it should read the credential.
    fn as_this_seller_reads(&self, presented: &Challenge) -> Challenge {
        let faults = &self.route.faults;
        let mut echo = presented.clone();
        let Some(issued) = self.shop.issued(&presented.id) else { return echo };
        if fault!(faults, "ignores-the-echoed-realm", "a tampered realm goes unnoticed") {
            echo.realm = issued.realm;
        }
        if fault!(faults, "ignores-the-echoed-method", "a tampered method goes unnoticed") {
            echo.method = issued.method;
        }
        if fault!(faults, "ignores-the-echoed-intent", "a tampered intent goes unnoticed") {
            echo.intent = issued.intent;
        }
        if fault!(faults, "ignores-the-echoed-request", "a tampered request goes unnoticed") {
            echo.request = issued.request;
        }
        if fault!(faults, "ignores-the-echoed-expiry", "a tampered expiry goes unnoticed") {
            echo.expires = issued.expires;
        }
        if fault!(faults, "ignores-the-echoed-digest", "a tampered digest goes unnoticed") {
            echo.digest = issued.digest;
        }
        if fault!(faults, "ignores-the-echoed-opaque-data", "tampered opaque data go unnoticed") {
            echo.opaque = issued.opaque;
        }
        echo
    }

    fn in_time(&self, echo: &Challenge) -> Result<(), Refusal> {
        let faults = &self.route.faults;
        let expired = |detail: &str| Err(Refusal::because("invalid-challenge", detail));
        let Some(expires) = &echo.expires else {
            // Only a seller that leaves the expiry out, by a fault declared where
            // challenges are issued, takes a credential without one.
            return if faults.has("omits-expiry") { Ok(()) } else { expired("no expiry") };
        };
        match timestamp::parse(expires) {
            Err(_)
                if fault!(
                    faults,
                    "accepts-offsetless-expiry",
                    "an expiry without offset is not judged"
                ) =>
            {
                Ok(())
            }
            Err(error) => expired(&error.to_string()),
            Ok(instant) if instant > Timestamp::now() => Ok(()),
            Ok(_)
                if fault!(
                    faults,
                    "accepts-expired-challenges",
                    "an expired challenge still buys"
                ) =>
            {
                Ok(())
            }
            Ok(_) => expired("this challenge has expired"),
        }
    }

    fn of_this_body(&self, echo: &Challenge, offer: &OfferInfo) -> Result<(), Refusal> {
        let faults = &self.route.faults;
        let body =
            if fault!(faults, "loses-the-body", "the body of a paid request is read as empty") {
                &[]
            } else {
                self.asked.body
            };
        // Declared where challenges are issued: such a seller compares nothing.
        let bound = offer.bind_body && !faults.has("omits-the-digest");
        let fits = match &echo.digest {
            None => !bound,
            Some(sent) => bound && digest::matches(sent, body),
        };
        if fits || (bound && fault!(faults, "ignores-the-body", "a changed body goes unnoticed")) {
            return Ok(());
        }
        Err(Refusal::because("invalid-challenge", "the body is not the one the challenge is for"))
    }

    async fn settle(
        &self,
        credential: &Credential,
        offer: &OfferInfo,
        payload: &ChargePayload,
    ) -> Response {
        let (route, faults) = (self.route, &self.route.faults);
        let forwarded = sa::forwarded(faults, payload);
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
                return self.refuse_unsettled(offer, failure);
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

    /// Gives the buyer what it paid for.
    fn deliver(
        &self,
        offer: &OfferInfo,
        credential: Option<&Credential>,
        settled: &Settled,
    ) -> Response {
        let faults = &self.route.faults;
        let withheld = credential.is_some()
            && fault!(faults, "withholds-paid-content", "a paid answer is empty");
        let content = if withheld { "" } else { offer.content.as_str() };
        let body = json!({ "content": content }).to_string();
        let mut answer = Answer::text(200, "application/json", body);
        let receipt = credential.and_then(|credential| self.receipt(credential, settled));
        if let Some(receipt) = receipt
            && !fault!(faults, "omits-the-receipt", "a paid answer has no receipt")
        {
            answer = answer.with(receipt::HEADER, &receipt);
            if !fault!(faults, "shares-receipts", "an answer with a receipt may be cached by all") {
                answer = answer.with(header::CACHE_CONTROL.as_str(), "private");
            }
        }
        answer.send()
    }

    fn receipt(&self, credential: &Credential, settled: &Settled) -> Option<String> {
        let faults = &self.route.faults;
        let forgets_order = fault!(faults, "forgets-the-order", "externalId is not echoed");
        let mut receipt = Receipt {
            status: "success".to_owned(),
            method: "evm".to_owned(),
            timestamp: timestamp::format_millis(Timestamp::now()),
            reference: settled.reference.clone(),
            external_id: settled.external_id.clone().filter(|_| !forgets_order),
        };
        if fault!(faults, "calls-the-receipt-paid", "a receipt's status is `paid`") {
            "paid".clone_into(&mut receipt.status);
        }
        if fault!(faults, "names-another-method-on-the-receipt", "a receipt's method is `tempo`") {
            "tempo".clone_into(&mut receipt.method);
        }
        if fault!(
            faults,
            "refers-to-the-challenge",
            "a receipt refers to the challenge, not the payment"
        ) {
            receipt.reference.clone_from(&credential.challenge.id.0);
        }
        let mut plain = serde_json::to_value(&receipt).ok()?;
        if fault!(faults, "dates-receipts-in-seconds", "a receipt's timestamp is a number") {
            plain["timestamp"] = json!(Timestamp::now().as_second());
        }
        let mut text = plain.to_string();
        if !fault!(faults, "pads-the-receipt", "the receipt's base64url is padded") {
            return Some(base64url::encode(text));
        }
        while text.len() % 3 != 1 {
            text.push(' ');
        }
        Some(base64url::encode(text) + "==")
    }

    /// Refuses what the settlement service did not settle, as the offer's
    /// profile does.
    fn refuse_unsettled(&self, offer: &OfferInfo, failure: NotSettled) -> Response {
        let (route, faults) = (self.route, &self.route.faults);
        let seen = failure.code().seen(offer.profile.unwrap_or(Profile::OkxNode));
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
        answer.challenging(&challenge::fields(route, &self.challenges())).unstored().send()
    }

    /// Refuses a credential, with a challenge to try again.
    fn refuse(&self, credential: Option<&Credential>, refusal: Refusal) -> Response {
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
        let challenges = match credential.map(|credential| &credential.challenge) {
            Some(old)
                if self.is_of_this_route(old)
                    && fault!(
                        faults,
                        "echoes-the-old-challenge",
                        "a refusal brings the old challenge"
                    ) =>
            {
                vec![old.clone()]
            }
            _ => self.challenges(),
        };
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

fn has_unknown_members(credential: &Value) -> bool {
    let known: [(&str, &[&str]); 4] = [
        ("", &["challenge", "payload", "source"]),
        (
            "/challenge",
            &[
                "id",
                "realm",
                "method",
                "intent",
                "request",
                "expires",
                "digest",
                "description",
                "opaque",
            ],
        ),
        ("/payload", &["type", "authorization", "hash"]),
        (
            "/payload/authorization",
            &[
                "type",
                "from",
                "to",
                "value",
                "validAfter",
                "validBefore",
                "nonce",
                "signature",
                "splits",
            ],
        ),
    ];
    known.iter().any(|(place, members)| {
        let object = credential.pointer(place).and_then(Value::as_object);
        object.is_some_and(|object| object.keys().any(|key| !members.contains(&key.as_str())))
    })
}
