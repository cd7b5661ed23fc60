//! Writing challenges.

use conform402_wire::adapter::{OfferInfo, SessionInfo};
use conform402_wire::charge::{self, ChargeRequest, METHOD, MethodDetails};
use conform402_wire::json::EncodedObject;
use conform402_wire::session::{self, SessionRequest};
use conform402_wire::{BaseUnits, Challenge, ChallengeId, base64url, digest, timestamp};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::fault::fault;
use crate::shop::{Route, Shop};

/// How long a challenge can be paid.
const LIFETIME_MINUTES: i64 = 5;

/// What a challenge is asked for by.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whether by a HEAD.
    pub by_head: bool,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<&'a str>,
    /// The request's body.
    pub body: &'a [u8],
}

/// The realm of a route.
pub fn realm(route: &Route) -> String {
    if fault!(route.faults, "names-another-realm", "the realm is not the configured one") {
        return "elsewhere.test".to_owned();
    }
    route.testbed.realm.clone()
}

/// The method of a route.
pub fn method(route: &Route) -> &'static str {
    if fault!(route.faults, "shouts-the-method", "the method is written EVM") {
        "EVM"
    } else {
        METHOD
    }
}

/// The decoded `request` of an offer.
pub fn request_of(route: &Route, offer: &OfferInfo) -> Value {
    let faults = &route.faults;
    let mut request = match &offer.session {
        None => charge_request(route, offer),
        Some(session) => session_request(route, offer, session),
    };
    if fault!(faults, "repeats-expiry-in-request", "the request has an `expires` of its own") {
        request["expires"] = json!("2030-01-01T00:00:00Z");
    }
    let large = offer.amount >= BaseUnits::new(1_000_000_000_000_000_000);
    if large
        && fault!(
            faults,
            "writes-large-amounts-with-exponent",
            "an amount from 10^18 up is written as a floating-point program would"
        )
    {
        request["amount"] = json!(exponential(offer.amount));
    }
    request
}

fn charge_request(route: &Route, offer: &OfferInfo) -> Value {
    let faults = &route.faults;
    let mut splits = offer.splits.clone();
    if fault!(faults, "drops-the-memo", "splits are listed without their memo") {
        splits.iter_mut().for_each(|split| split.memo = None);
    }
    let hides_fee_payer =
        fault!(faults, "hides-the-fee-payer", "feePayer is left out of the challenge");
    let drops_description =
        fault!(faults, "drops-the-description", "the description is in no part of the challenge");
    json!(ChargeRequest {
        amount: offer.amount,
        currency: offer.currency,
        recipient: offer.recipient,
        description: offer.description.clone().filter(|_| !drops_description),
        external_id: offer.external_id.clone(),
        method_details: MethodDetails {
            chain_id: offer.chain_id,
            fee_payer: offer.fee_payer.filter(|_| !hides_fee_payer),
            splits,
        },
    })
}

fn session_request(route: &Route, offer: &OfferInfo, session: &SessionInfo) -> Value {
    let faults = &route.faults;
    let lists_no_types =
        fault!(faults, "lists-no-credential-types", "a session does not say how to deposit");
    let forgets_suggestion =
        fault!(faults, "forgets-the-suggestion", "a session suggests no deposit");
    let forgets_shares = fault!(faults, "forgets-the-shares", "nobody but the payee is paid");
    // Declared where charges are written.
    let hides_fee_payer = faults.has("hides-the-fee-payer");
    let mut request = json!(SessionRequest {
        amount: offer.amount,
        currency: offer.currency,
        recipient: offer.recipient,
        unit_type: session.unit_type.clone(),
        suggested_deposit: session.suggested_deposit.filter(|_| !forgets_suggestion),
        description: offer.description.clone(),
        external_id: offer.external_id.clone(),
        method_details: session::MethodDetails {
            chain_id: offer.chain_id,
            escrow_contract: session.escrow,
            channel_id: None,
            min_voucher_delta: session.min_voucher_delta,
            fee_payer: offer.fee_payer.filter(|_| !hides_fee_payer),
            splits: if forgets_shares { Vec::new() } else { session.shares.clone() },
            credential_types: if lists_no_types {
                Vec::new()
            } else {
                session.credential_types.clone()
            },
            permit2_contract: None,
        },
    });
    // These would keep every channel from being opened, so they show only in
    // offers that suggest a deposit, which is where checks look for them.
    let Some(suggested) = session.suggested_deposit else { return request };
    if fault!(faults, "names-the-deposit-as-the-price", "`amount` is the suggested deposit") {
        request["amount"] = json!(suggested);
    }
    let details = &mut request["methodDetails"];
    if fault!(faults, "hides-the-chain", "a session does not say on which chain it is") {
        details["chainId"] = Value::Null;
    }
    if fault!(faults, "hides-the-escrow", "a session does not say where to deposit") {
        details["escrowContract"] = Value::Null;
    }
    if fault!(faults, "writes-amounts-as-numbers", "`minVoucherDelta` is a JSON number") {
        details["minVoucherDelta"] = json!(50);
    }
    request
}

fn exponential(amount: BaseUnits) -> String {
    let digits = amount.to_string();
    format!("{}e+{}", &digits[..1], digits.len() - 1)
}

/// A new challenge for an offer, recorded.
pub fn issue(shop: &Shop, route: &Route, offer: &OfferInfo, asked: Asked<'_>) -> Challenge {
    let faults = &route.faults;
    let repeats =
        fault!(faults, "repeats-challenge-ids", "all challenges of an offer are one and the same");
    let serial = if repeats { 0 } else { shop.next_serial() };
    let mut opaque = json!({"serial": serial.to_string()});
    if fault!(faults, "nests-opaque-data", "`opaque` holds an object in an object") {
        opaque["route"] = json!({"path": offer.path});
    }
    let born = if repeats { far_future() } else { Timestamp::now() };
    let expires = born.checked_add(LIFETIME_MINUTES.minutes()).unwrap_or(born);
    let mut expires = Some(timestamp::format_millis(expires));
    if fault!(faults, "omits-expiry", "challenges never expire") {
        expires = None;
    }
    let mut request = request_of(route, offer);
    if asked.by_head
        && fault!(
            faults,
            "answers-head-sloppily",
            "a HEAD gets a challenge without chain id, whose expiry has no offset"
        )
    {
        if let Some(details) = request["methodDetails"].as_object_mut() {
            details.remove("chainId");
        }
        expires = expires.map(|text| text.trim_end_matches('Z').to_owned());
    }
    let challenge = Challenge {
        id: ChallengeId(String::new()),
        realm: realm(route),
        method: method(route).to_owned(),
        intent: intent_of(route, offer),
        request: encode(route, &request),
        expires,
        digest: digest_of(route, offer, asked.body),
        description: description_of(route, offer),
        opaque: EncodedObject::encode(&opaque).ok(),
    };
    let challenge = challenge.bind(route.testbed.secret_key.as_bytes());
    shop.issue(&challenge);
    challenge
}

/// The intent of an offer.
pub fn intent_of(route: &Route, offer: &OfferInfo) -> String {
    let misnamed = offer.session.is_some()
        && fault!(route.faults, "calls-sessions-charges", "the intent of a session is `charge`");
    if misnamed { charge::INTENT.to_owned() } else { offer.intent.clone() }
}

fn far_future() -> Timestamp {
    "2030-01-01T00:00:00Z".parse().unwrap_or_else(|_| Timestamp::now())
}

fn encode(route: &Route, request: &Value) -> EncodedObject {
    let faults = &route.faults;
    if fault!(faults, "writes-loose-json", "the request is JSON, but not canonical") {
        return EncodedObject::from_wire(base64url::encode(format!(" {request}")));
    }
    let encoded = EncodedObject::encode(request).unwrap_or_else(|_| EncodedObject::from_wire(""));
    if fault!(faults, "pads-the-request", "the request's base64url is padded") {
        let padding = (4 - encoded.as_str().len() % 4) % 4;
        return EncodedObject::from_wire(encoded.as_str().to_owned() + &"=".repeat(padding));
    }
    encoded
}

fn digest_of(route: &Route, offer: &OfferInfo, body: &[u8]) -> Option<String> {
    let faults = &route.faults;
    let omits = fault!(faults, "omits-the-digest", "a body is neither digested nor compared");
    if !offer.bind_body || omits {
        return None;
    }
    if fault!(faults, "writes-digest-without-colons", "the digest is not spelled as in RFC 9530") {
        return Some(digest::without_colons(body));
    }
    Some(digest::rfc9530(body))
}

fn description_of(route: &Route, offer: &OfferInfo) -> Option<String> {
    let faults = &route.faults;
    if fault!(faults, "bloats-challenges", "a challenge exceeds 8 KB") {
        return Some("x".repeat(9_000));
    }
    // Declared in `request_of`, which leaves it out of the request too.
    offer.description.clone().filter(|_| !faults.has("drops-the-description"))
}

/// The `WWW-Authenticate` fields of an answer.
pub fn fields(route: &Route, challenges: &[Challenge]) -> Vec<String> {
    let faults = &route.faults;
    let mut fields: Vec<String> = challenges.iter().map(Challenge::to_field).collect();
    if fault!(faults, "shouts-parameter-names", "a parameter name is in upper case") {
        fields.iter_mut().for_each(|field| *field = field.replace("realm=", "REALM="));
    }
    if fault!(faults, "emits-broken-challenge", "one more challenge is given, without an id") {
        fields
            .push("Payment realm=\"x\", method=\"evm\", intent=\"charge\", request=\"e30\"".into());
    }
    fields
}
