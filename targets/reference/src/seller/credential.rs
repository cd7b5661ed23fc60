//! Judging credentials: read, ours, of this route, in time, of this body.

use conform402_wire::adapter::OfferInfo;
use conform402_wire::credential::MalformedCredential;
use conform402_wire::{Challenge, Credential, base64url, digest, timestamp};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Visit;
use super::refusal::Refusal;
use crate::challenge;
use crate::fault::fault;

impl Visit<'_> {
    /// Reads a credential from the field that carries it.
    pub(super) fn read(&self, field: &str, token: &str) -> Result<Credential, Refusal> {
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
    pub(super) fn accept(&self, credential: &Credential) -> Result<&OfferInfo, Refusal> {
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
        let foreign_intent =
            route.offers.iter().all(|offer| challenge::intent_of(route, offer) != echo.intent);
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
        let offers = route.offers.iter().take(sellable);
        let Some(offer) = offers.into_iter().find(|offer| self.is_asked_for(offer, &request))
        else {
            return Err(invalid("the request is not that of this route"));
        };
        self.in_time(&echo)?;
        self.of_this_body(&echo, offer)?;
        let redescribed = echo.description != offer.description;
        if redescribed && fault!(faults, "binds-the-description", "another description is refused")
        {
            return Err(invalid("another description"));
        }
        Ok(offer)
    }

    /// Reads a payload, of whatever intent.
    pub(super) fn payload<T: DeserializeOwned>(
        &self,
        credential: &Credential,
    ) -> Result<T, Refusal> {
        let payload = serde_json::from_value(Value::Object(credential.payload.clone()));
        payload.map_err(|error| {
            let faults = &self.route.faults;
            if fault!(faults, "crashes-on-foreign-payloads", "a payload of another shape is a 500")
            {
                Refusal::Crash
            } else {
                Refusal::because("malformed-credential", format!("payload: {error}"))
            }
        })
    }

    fn is_asked_for(&self, offer: &OfferInfo, request: &Value) -> bool {
        let faults = &self.route.faults;
        let mut own = challenge::request_of(self.route, offer);
        if fault!(faults, "overlooks-the-price", "a challenge of another price opens this route") {
            own["amount"] = request["amount"].clone();
        }
        if fault!(
            faults,
            "overlooks-the-recipient",
            "a challenge of another recipient opens this route"
        ) {
            own["recipient"] = request["recipient"].clone();
        }
        own == *request
    }

    /// The echoed challenge, which a seller with a fault reads from its own
    /// records where it should read the credential.
    fn as_this_seller_reads(&self, presented: &Challenge) -> Challenge {
        let faults = &self.route.faults;
        let mut echo = presented.clone();
        let Some(issued) = self.shop.issued(&presented.id) else { return echo };
        if fault!(
            faults,
            "fills-in-missing-parameters",
            "a parameter that is not echoed is taken from the record"
        ) {
            echo.expires = echo.expires.or_else(|| issued.expires.clone());
            echo.opaque = echo.opaque.or_else(|| issued.opaque.clone());
        }
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
        (
            "/payload",
            &[
                "type",
                "authorization",
                "hash",
                "action",
                "channelId",
                "salt",
                "authorizedSigner",
                "cumulativeAmount",
                "signature",
                "voucherSignature",
                "topUpSalt",
                "additionalDeposit",
                "deposit",
            ],
        ),
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
                "permitted",
                "deadline",
                "witness",
            ],
        ),
    ];
    known.iter().any(|(place, members)| {
        let object = credential.pointer(place).and_then(Value::as_object);
        object.is_some_and(|object| object.keys().any(|key| !members.contains(&key.as_str())))
    })
}
