//! Operations of the golden vectors that are public functions of `mpp`.

use std::error::Error;

use mpp::server::compose;
use mpp::{
    Base64UrlJson, PaymentChallenge, PaymentCredential, Receipt, accept_payment, base64url_decode,
    base64url_encode, body_digest, compute_challenge_id, compute_challenge_id_with_header,
    format_authorization, format_receipt, format_www_authenticate, mcp, parse_authorization,
    parse_receipt, parse_units, parse_www_authenticate, parse_www_authenticate_all,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

pub type Operation = fn(Value) -> Result<Value, Refusal>;
type Refusal = Box<dyn Error>;

pub const OPERATIONS: &[(&str, Operation)] = &[
    ("amount.to-base-units", to_base_units),
    ("mpp.accept-payment.parse", accept_payment_parse),
    ("mpp.accept-payment.rank", accept_payment_rank),
    ("mpp.base64url.decode", base64url_decoding),
    ("mpp.base64url.encode", base64url_encoding),
    ("mpp.challenge.format", challenge_format),
    ("mpp.challenge.id", challenge_id),
    ("mpp.challenge.id-with-header", challenge_id_with_header),
    ("mpp.challenge.parse", challenge_parse),
    ("mpp.challenges.parse", challenges_parse),
    ("mpp.credential.format", credential_format),
    ("mpp.credential.parse", credential_parse),
    ("mpp.digest.verify", digest_verify),
    ("mpp.digest.without-colons", digest_compute),
    ("mpp.expires.parse", expires_parse),
    ("mpp.mcp.credential.parse", mcp_credential_parse),
    ("mpp.mcp.error.parse", mcp_error_parse),
    ("mpp.mcp.receipt.parse", mcp_receipt_parse),
    ("mpp.receipt.format", receipt_format),
    ("mpp.receipt.parse", receipt_parse),
];

const MCP_CHALLENGE: &[&str] =
    &["id", "realm", "method", "intent", "request", "expires", "description"];
const MCP_RECEIPT: &[&str] = &["status", "method", "timestamp", "challengeId", "reference"];
const RECEIPT: &[&str] = &["status", "method", "timestamp", "reference"];

fn challenge_parse(given: Value) -> Result<Value, Refusal> {
    let field: String = member(&given, "field")?;
    Ok(json!({ "challenge": parse_www_authenticate(&field)? }))
}

fn challenges_parse(given: Value) -> Result<Value, Refusal> {
    let fields: Vec<String> = member(&given, "fields")?;
    let challenges = parse_www_authenticate_all(fields.iter().map(String::as_str))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    if challenges.is_empty() {
        return Err("parse_www_authenticate_all() is empty".into());
    }
    Ok(json!({ "challenges": challenges }))
}

fn challenge_format(given: Value) -> Result<Value, Refusal> {
    let challenge: PaymentChallenge = member(&given, "challenge")?;
    Ok(json!({ "field": format_www_authenticate(&challenge)? }))
}

#[derive(Deserialize)]
struct Bound {
    secret: String,
    realm: String,
    method: String,
    intent: String,
    request: Value,
    expires: Option<String>,
    digest: Option<String>,
    opaque: Option<Value>,
    header: Option<String>,
}

impl Bound {
    /// `request` and `opaque` as the SDK puts them into a challenge.
    fn encoded(&self) -> Result<(Base64UrlJson, Option<Base64UrlJson>), Refusal> {
        let opaque = self.opaque.as_ref().map(Base64UrlJson::from_value).transpose()?;
        Ok((Base64UrlJson::from_value(&self.request)?, opaque))
    }
}

fn challenge_id(given: Value) -> Result<Value, Refusal> {
    let bound: Bound = from_value(given)?;
    let (request, opaque) = bound.encoded()?;
    let id = compute_challenge_id(
        &bound.secret,
        &bound.realm,
        &bound.method,
        &bound.intent,
        request.raw(),
        bound.expires.as_deref(),
        bound.digest.as_deref(),
        opaque.as_ref().map(Base64UrlJson::raw),
    );
    Ok(json!({ "id": id }))
}

fn challenge_id_with_header(given: Value) -> Result<Value, Refusal> {
    let bound: Bound = from_value(given)?;
    let (request, opaque) = bound.encoded()?;
    let id = compute_challenge_id_with_header(
        &bound.secret,
        &bound.realm,
        &bound.method,
        &bound.intent,
        request.raw(),
        bound.expires.as_deref(),
        bound.digest.as_deref(),
        opaque.as_ref().map(Base64UrlJson::raw),
        bound.header.as_deref(),
    );
    Ok(json!({ "id": id }))
}

fn credential_parse(given: Value) -> Result<Value, Refusal> {
    let field: String = member(&given, "field")?;
    Ok(to_value(parse_authorization(&field)?)?)
}

fn credential_format(given: Value) -> Result<Value, Refusal> {
    let credential: PaymentCredential = member(&given, "credential")?;
    Ok(json!({ "field": format_authorization(&credential)? }))
}

fn receipt_parse(given: Value) -> Result<Value, Refusal> {
    let field: String = member(&given, "field")?;
    let receipt = to_value(parse_receipt(&field)?)?;
    Ok(json!({ "receipt": pick(receipt, RECEIPT) }))
}

fn receipt_format(given: Value) -> Result<Value, Refusal> {
    let receipt: Receipt = member(&given, "receipt")?;
    Ok(json!({ "field": format_receipt(&receipt)? }))
}

fn base64url_encoding(given: Value) -> Result<Value, Refusal> {
    Ok(json!({ "text": base64url_encode(&bytes(&given, "bytes")?) }))
}

fn base64url_decoding(given: Value) -> Result<Value, Refusal> {
    let text: String = member(&given, "text")?;
    Ok(json!({ "bytes": format!("0x{}", hex::encode(base64url_decode(&text)?)) }))
}

fn digest_compute(given: Value) -> Result<Value, Refusal> {
    Ok(json!({ "digest": body_digest::compute(&bytes(&given, "body")?) }))
}

fn digest_verify(given: Value) -> Result<Value, Refusal> {
    let digest: String = member(&given, "digest")?;
    if !body_digest::verify(&digest, &bytes(&given, "body")?) {
        return Err("body_digest::verify() is false".into());
    }
    Ok(json!({ "algorithm": "sha-256" }))
}

fn expires_parse(given: Value) -> Result<Value, Refusal> {
    let text: String = member(&given, "text")?;
    // The SDK reads the time of a challenge only; all else of it is of no account.
    let challenge = challenge("tempo", "charge").with_expires(text);
    let expires = challenge.expires_at().ok_or("expires_at() is None")?;
    Ok(json!({
        "epochSeconds": expires.unix_timestamp(),
        "nanoseconds": expires.nanosecond(),
    }))
}

fn accept_payment_parse(given: Value) -> Result<Value, Refusal> {
    let field: String = member(&given, "field")?;
    let ranges: Vec<_> = accept_payment::parse(&field)?
        .into_iter()
        .map(|range| {
            let thousandths = (range.q * 1000.0).round() as u32;
            json!({ "method": range.method, "intent": range.intent, "q": thousandths })
        })
        .collect();
    Ok(json!({ "ranges": ranges }))
}

#[derive(Deserialize)]
struct Offer {
    method: String,
    intent: String,
}

fn accept_payment_rank(given: Value) -> Result<Value, Refusal> {
    let offers: Vec<Offer> = member(&given, "offers")?;
    let field: Option<String> = member(&given, "field")?;
    // The SDK's offers are challenges; all else of them is of no account.
    let offers = offers.into_iter().map(|offer| challenge(&offer.method, &offer.intent)).collect();
    let ranked: Vec<_> = compose(offers, field.as_deref())
        .into_iter()
        .map(|offer| json!({ "method": offer.method, "intent": offer.intent }))
        .collect();
    Ok(json!({ "offers": ranked }))
}

// What the SDK's documentation tells a client to ask, one after the other.
fn mcp_error_parse(given: Value) -> Result<Value, Refusal> {
    let error = &given["error"];
    if !mcp::is_payment_required(error) {
        return Err("is_payment_required() is false".into());
    }
    let mut challenges = Vec::new();
    for challenge in mcp::extract_challenges(error).ok_or("extract_challenges() is None")? {
        let mut value = to_value(&challenge)?;
        value["request"] = challenge.request.decode_value()?;
        challenges.push(pick(value, MCP_CHALLENGE));
    }
    Ok(json!({ "code": error["code"], "challenges": challenges }))
}

fn mcp_credential_parse(given: Value) -> Result<Value, Refusal> {
    let meta = &given["message"]["params"]["_meta"];
    let credential = mcp::extract_credential(meta).ok_or("extract_credential() is None")?;
    let mut value = mcp::credential_value(&credential)?;
    value["challenge"] = pick(value["challenge"].take(), MCP_CHALLENGE);
    Ok(value)
}

fn mcp_receipt_parse(given: Value) -> Result<Value, Refusal> {
    let meta = &given["message"]["result"]["_meta"];
    let receipt = mcp::extract_receipt(meta).ok_or("extract_receipt() is None")?;
    Ok(json!({ "receipt": pick(to_value(receipt)?, MCP_RECEIPT) }))
}

fn to_base_units(given: Value) -> Result<Value, Refusal> {
    let decimal: String = member(&given, "decimal")?;
    Ok(json!({ "amount": parse_units(&decimal, member(&given, "decimals")?)? }))
}

fn challenge(method: &str, intent: &str) -> PaymentChallenge {
    PaymentChallenge::new("id", "realm", method, intent, Base64UrlJson::default())
}

/// A member as the type the SDK demands; one that is not there is null.
fn member<T: DeserializeOwned>(given: &Value, name: &str) -> Result<T, Refusal> {
    Ok(from_value(given[name].clone())?)
}

fn bytes(given: &Value, name: &str) -> Result<Vec<u8>, Refusal> {
    let text: String = member(given, name)?;
    Ok(hex::decode(text.strip_prefix("0x").ok_or("bytes are written with 0x")?)?)
}

fn pick(mut value: Value, names: &[&str]) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| names.contains(&name.as_str()));
    }
    value
}
