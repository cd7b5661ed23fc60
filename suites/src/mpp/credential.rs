//! The credential: `Authorization: Payment …`.

use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, Request, check};
use conform402_wire::challenge::ChallengeId;
use conform402_wire::json::EncodedObject;
use conform402_wire::{Challenge, base64url, credential, digest, problem};
use serde_json::{Value, json};

use super::buyer::{
    Payment, challenge, challenge_for, in_seconds, present, present_field, reissue,
};
use super::judge::{
    broken, buys, cache_control_has, delivered, not_asked, object_mut, paid, problem,
    refused_at_the_door, status_is, withheld,
};

/// > With Authorization → verify; on success, inject credential / receipt and
/// > execute the handler
/// > — OKX Python SDK Reference (seed 000), "FastAPI (@mpp.pay() decorator)"
/// > Payment verified, access granted | 200 | Resource
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(must, control, needs(Charge), killed_by(WithholdsPaidContent))]
async fn a_valid_credential_buys(bed: &Bed) -> Outcome {
    buys(bed, Offer::charge(100)).await
}

/// RFC 9110 §11.1 compares schemes without regard to case.
///
/// > The scheme extends HTTP Authentication
/// > — draft-httpauth-payment-00, abstract: "HTTP Authentication"
#[check(must, needs(Charge), killed_by(ReadsSchemeCaseSensitively))]
#[case(lower, "payment")]
#[case(upper, "PAYMENT")]
async fn the_scheme_is_read_in_any_case(bed: &Bed, scheme: &str) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    let field = credential::to_field(&credential).replacen("Payment", scheme, 1);
    delivered(&present_field(bed, &offer, field).await?, &offer)?;
    paid(bed, &offer).await
}

/// > credentials = "Payment" 1*SP base64url-nopad
/// > — draft-httpauth-payment-00, "Credentials (Authorization)"
#[check(must, needs(Charge), killed_by(ReadsOneSpaceOnly))]
async fn several_spaces_may_follow_the_scheme(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let credential = Payment::of(bed, &offer).await?.sign()?;
    let field = credential::to_field(&credential).replacen(' ', "   ", 1);
    delivered(&present_field(bed, &offer, field).await?, &offer)?;
    paid(bed, &offer).await
}

/// The grammar has no padding, but every published SDK reads it.
///
/// > The Payment credential is sent in the `Authorization` header using
/// > base64url encoding without padding
/// > — draft-httpauth-payment-00, "Credentials (Authorization)"
#[check(should, needs(Charge), killed_by(RefusesPadding))]
async fn padding_is_tolerated(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut text = Payment::of(bed, &offer).await?.sign()?.to_string();
    // Space behind the JSON, until its encoding needs padding.
    while text.len().is_multiple_of(3) {
        text.push(' ');
    }
    let padding = "=".repeat(3 - text.len() % 3);
    let field = format!("Payment {}{padding}", base64url::encode(text));
    delivered(&present_field(bed, &offer, field).await?, &offer)?;
    paid(bed, &offer).await
}

/// > Evolution happens through adding optional parameters and fields;
/// > implementations MUST ignore unknown parameters and fields.
/// > — draft-httpauth-payment-00, "Core Protocol"
#[check(must, needs(Charge), killed_by(RefusesUnknownMembers))]
#[case(beside_the_challenge, "")]
#[case(inside_the_challenge, "/challenge")]
#[case(inside_the_payload, "/payload")]
#[case(inside_the_authorization, "/payload/authorization")]
async fn unknown_members_are_ignored(bed: &Bed, place: &str) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut credential = Payment::of(bed, &offer).await?.sign()?;
    let object = credential.pointer_mut(place);
    let object = object.ok_or_else(|| Broken::Ours(format!("no member {place}")))?;
    object["conform402"] = json!({"unknown": [1, "two"]});
    delivered(&present(bed, &offer, &credential).await?, &offer)?;
    paid(bed, &offer).await
}

/// Some buyers write absent members as null.
///
/// > `source` | string | No
/// > — draft-httpauth-payment-00, "Credentials (Authorization)"
#[check(should, needs(Charge), killed_by(RefusesNullMembers))]
async fn a_null_member_is_an_absent_one(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut credential = Payment::of(bed, &offer).await?.sign()?;
    credential["challenge"]["description"] = Value::Null;
    delivered(&present(bed, &offer, &credential).await?, &offer)?;
    paid(bed, &offer).await
}

/// > Servers MUST be able to handle credentials of at least 4KB.
/// > — draft-httpauth-payment-00, "Size Considerations"
#[check(must, needs(Charge), killed_by(ReadsSmallCredentialsOnly))]
async fn a_credential_of_4_kb_is_read(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let text = Payment::of(bed, &offer).await?.sign()?.to_string();
    // Space behind the JSON; four characters on the wire carry three of it.
    const WIDTH: usize = 3 * 1024 + 64;
    let field = format!("Payment {}", base64url::encode(format!("{text:WIDTH$}")));
    delivered(&present_field(bed, &offer, field).await?, &offer)?;
    paid(bed, &offer).await
}

/// > This parameter is for display purposes only and MUST NOT be relied upon
/// > for payment verification
/// > — draft-httpauth-payment-00, "Optional Parameters" (`description`)
#[check(must, needs(Charge, Description), killed_by(BindsTheDescription))]
async fn the_echoed_description_decides_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).described("One premium API call")).await?;
    let payment = Payment::of(bed, &offer).await?;
    let payment = payment.with(|p| p.challenge.description = Some("Costs nothing".to_owned()));
    delivered(&present(bed, &offer, &payment.sign()?).await?, &offer)?;
    paid(bed, &offer).await
}

/// > Malformed credential (invalid base64url, bad JSON) | 402 | Fresh
/// > challenge + `malformed-credential` problem
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(must, needs(Charge))]
#[case(not_base64url, killed_by(CrashesOnBadBase64, SendsReceiptOnMalformed), "!!!%%%".to_owned())]
#[case(not_json, killed_by(CrashesOnBadJson), base64url::encode("{\"challenge\":"))]
#[case(json_array, killed_by(CrashesOnOtherJson), base64url::encode("[]"))]
#[case(json_number, killed_by(CrashesOnOtherJson), base64url::encode("402"))]
#[case(empty, killed_by(SellsForAnEmptyToken, CrashesOnBadJson), String::new())]
async fn a_token_that_is_no_json_object_is_refused(bed: &Bed, token: String) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = present_field(bed, &offer, format!("Payment {token}")).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// > `challenge` | object | Yes | Echoed challenge parameters
/// > — draft-httpauth-payment-00, "Credentials (Authorization)"
/// > Servers MUST return 402 with a `WWW-Authenticate: Payment` header when
/// > payment is required or when a payment credential fails validation
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(must, needs(Charge), killed_by(CrashesOnMissingMembers))]
#[case(challenge, "", "challenge")]
#[case(payload, "", "payload")]
#[case(id, "/challenge", "id")]
#[case(realm, "/challenge", "realm")]
#[case(method, "/challenge", "method")]
#[case(intent, "/challenge", "intent")]
#[case(request, "/challenge", "request")]
async fn a_missing_member_is_refused(bed: &Bed, place: &str, member: &str) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut credential = Payment::of(bed, &offer).await?.sign()?;
    let object = credential.pointer_mut(place);
    object_mut(object.ok_or_else(|| Broken::Ours(format!("no member {place}")))?)?.remove(member);
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// > `payload` | object | Yes | Method-specific payment proof
/// > — draft-httpauth-payment-00, "Credentials (Authorization)"
/// > Servers MUST return 402 with a `WWW-Authenticate: Payment` header when
/// > payment is required or when a payment credential fails validation
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(must, needs(Charge), killed_by(CrashesOnWrongTypes))]
#[case(challenge_as_text, "/challenge", json!("x"))]
#[case(payload_as_text, "/payload", json!("x"))]
#[case(payload_as_array, "/payload", json!([]))]
#[case(id_as_number, "/challenge/id", json!(402))]
#[case(request_as_object, "/challenge/request", json!({"amount": "1"}))]
async fn a_member_of_another_type_is_refused(bed: &Bed, place: &str, value: Value) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut credential = Payment::of(bed, &offer).await?.sign()?;
    let member = credential.pointer_mut(place);
    *member.ok_or_else(|| Broken::Ours(format!("no member {place}")))? = value;
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// The payment itself is signed for the tampered challenge, so that nothing
/// but the binding can refuse it.
///
/// > Servers MUST verify that credentials present an `id` matching the expected
/// > binding.
/// > — draft-httpauth-payment-00, "Challenge Binding"
/// > Unknown, expired, or already-used challenge `id` | 402 | Fresh challenge
/// > + `invalid-challenge` problem
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(must, needs(Charge))]
#[case(realm, killed_by(IgnoresTheEchoedRealm), |c| c.realm.push_str(".example"))]
#[case(intent, killed_by(IgnoresTheEchoedIntent), |c| c.intent = "session".to_owned())]
#[case(expires, killed_by(IgnoresTheEchoedExpiry, IgnoresTheId), |c| c.expires = Some(in_seconds(3000)))]
#[case(digest, killed_by(IgnoresTheEchoedDigest), |c| c.digest = Some(digest::rfc9530(b"")))]
#[case(opaque, killed_by(IgnoresTheEchoedOpaqueData, IgnoresTheId), |c| {
    c.opaque = Some(EncodedObject::from_wire(base64url::encode(r#"{"order":"43"}"#)));
})]
async fn a_tampered_parameter_is_refused(bed: &Bed, tamper: fn(&mut Challenge)) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut challenge = challenge(bed, &offer).await?;
    tamper(&mut challenge);
    let credential = Payment::answering(bed, &offer, challenge)?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// A seller may look at the method before the binding, and answer 400.
///
/// > Servers MUST verify that credentials present an `id` matching the expected
/// > binding.
/// > — draft-httpauth-payment-00, "Challenge Binding"
#[check(must, needs(Charge), killed_by(IgnoresTheEchoedMethod))]
async fn a_tampered_method_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut challenge = challenge(bed, &offer).await?;
    "demo".clone_into(&mut challenge.method);
    let credential = Payment::answering(bed, &offer, challenge)?.sign()?;
    not_sold(bed, &present(bed, &offer, &credential).await?, &offer).await
}

/// A parameter the server gave out is missing from the echo.
///
/// > Clients MUST return this parameter unchanged in the credential and MUST NOT
/// > modify it.
/// > — draft-httpauth-payment-00, "Optional Parameters" (`opaque`)
/// > Servers MUST verify that credentials present an `id` matching the expected
/// > binding.
/// > — draft-httpauth-payment-00, "Challenge Binding"
#[check(must, needs(Charge), killed_by(FillsInMissingParameters))]
#[case(expires, killed_by(IgnoresTheEchoedExpiry), |c| c.expires.take().is_some())]
#[case(
    opaque,
    killed_by(IgnoresTheEchoedOpaqueData, IgnoresTheId),
    |c| c.opaque.take().is_some()
)]
async fn a_removed_parameter_is_refused(bed: &Bed, remove: fn(&mut Challenge) -> bool) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut challenge = challenge(bed, &offer).await?;
    if !remove(&mut challenge) {
        return Err(Broken::NotApplicable("the challenge has no such parameter".to_owned()));
    }
    let credential = Payment::answering(bed, &offer, challenge)?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// The buyer changes what the challenge asks for, and pays what it then says.
///
/// > request integrity attacks where a client could sign or submit a payment
/// > different from what the server intended
/// > — draft-httpauth-payment-00, "Challenge Binding"
#[check(must, needs(Charge), killed_by(IgnoresTheEchoedRequest))]
#[case(amount, |_, request| request["amount"] = json!("1"))]
#[case(recipient, |bed, request| request["recipient"] = json!(bed.stranger()))]
#[case(currency, |bed, request| {
    request["currency"] = json!(bed.testbed().chain.other_token().domain.contract);
})]
#[case(chain, |_, request| request["methodDetails"]["chainId"] = json!(1))]
#[case(fee_payer, |_, request| request["methodDetails"]["feePayer"] = json!(true))]
#[case(splits, |bed, request| {
    request["methodDetails"]["splits"] = json!([{"amount": "99", "recipient": bed.stranger()}]);
})]
async fn a_tampered_request_is_refused(bed: &Bed, tamper: fn(&Bed, &mut Value)) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut challenge = challenge(bed, &offer).await?;
    let mut request = challenge.request.decode().map_err(|e| Broken::promise(e.to_string()))?;
    tamper(bed, &mut request);
    challenge.request =
        EncodedObject::encode(&request).map_err(|error| Broken::Ours(error.to_string()))?;
    let credential = Payment::answering(bed, &offer, challenge)?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// > Servers MUST verify that credentials present an `id` matching the expected
/// > binding.
/// > — draft-httpauth-payment-00, "Challenge Binding"
#[check(must, needs(Charge), killed_by(IgnoresTheId))]
#[case(under_another_secret, |_, c| c.clone().bind(b"somebody else's secret, 32 bytes long").id)]
#[case(cut_short, |_, c| ChallengeId(c.id.0.chars().take(c.id.0.len() - 1).collect()))]
#[case(invented, |bed, _| invented_id(bed))]
async fn an_id_the_server_did_not_give_is_refused(
    bed: &Bed,
    forge: fn(&Bed, &Challenge) -> ChallengeId,
) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut challenge = challenge(bed, &offer).await?;
    challenge.id = forge(bed, &challenge);
    let credential = Payment::answering(bed, &offer, challenge)?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// > Unknown, expired, or already-used challenge `id` | 402 | Fresh challenge
/// > + `invalid-challenge` problem
/// > — draft-httpauth-payment-00, "Status Codes"
/// > Verify the challenge has not expired
/// > — draft-payment-intent-charge-00, "Server Responsibilities"
#[check(must, needs(Charge))]
#[case(a_second_ago, killed_by(AcceptsExpiredChallenges), in_seconds(-1))]
#[case(long_ago, killed_by(AcceptsExpiredChallenges), "2025-01-15T12:05:00Z".to_owned())]
async fn an_expired_challenge_is_refused(bed: &Bed, expires: String) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let challenge = challenge(bed, &offer).await?;
    let expired = reissue(bed, &challenge, |challenge| challenge.expires = Some(expires))?;
    let credential = Payment::answering(bed, &offer, expired)?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// Without an offset the text names no instant.
///
/// > formatted as an {{RFC3339}} date-time string
/// > — draft-httpauth-payment-00, "Optional Parameters" (`expires`)
#[check(must, needs(Charge), killed_by(AcceptsOffsetlessExpiry))]
async fn an_expiry_without_offset_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let challenge = challenge(bed, &offer).await?;
    let payment = Payment::answering(bed, &offer, challenge.clone())?;
    let local = in_seconds(300).trim_end_matches('Z').to_owned();
    let without_offset = reissue(bed, &challenge, |challenge| challenge.expires = Some(local))?;
    let credential = payment.with(|p| p.challenge = without_offset).sign()?;
    let answer = present(bed, &offer, &credential).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

/// > `method-unsupported` | 400 | Method not accepted
/// > — draft-httpauth-payment-00, "Error Codes"
#[check(must, needs(Charge))]
#[case(method, killed_by(AcceptsForeignMethods), |c| c.method = "demo".to_owned())]
#[case(intent, killed_by(AcceptsForeignIntents), |c| c.intent = "authorize".to_owned())]
async fn what_the_route_does_not_sell_is_refused(bed: &Bed, change: fn(&mut Challenge)) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let challenge = reissue(bed, &challenge(bed, &offer).await?, change)?;
    let credential = Payment::answering(bed, &offer, challenge)?.sign()?;
    not_sold(bed, &present(bed, &offer, &credential).await?, &offer).await
}

/// Refused as unsupported (400) or as unpaid (402), without asking anybody.
async fn not_sold(bed: &Bed, answer: &Answer, offer: &Mounted) -> Outcome {
    withheld(answer, offer)?;
    if !matches!(answer.status, 400 | 402) {
        return broken(format!("answered {} instead of 400 or 402", answer.status));
    }
    not_asked(bed)?;
    bed.nothing_moved().await
}

/// > Servers MUST return 402 with a `WWW-Authenticate: Payment` header when
/// > payment is required or when a payment credential fails validation
/// > — draft-httpauth-payment-00, "Status Codes"
/// > payload["type"] routing: … SAClient.settle … SAClient.verify_hash
/// > — OKX Python SDK Reference (seed 000), "Charge — ChargeIntent"
#[check(must, needs(Charge), killed_by(CrashesOnForeignPayloads))]
#[case(another_type, |p| p["type"] = json!("permit2"))]
#[case(no_type, |p| { p.as_object_mut().map(|p| p.remove("type")); })]
#[case(raw_transaction, |p| *p = json!({"type": "transaction", "signature": "0x02f86b"}))]
#[case(no_hash, |p| *p = json!({"type": "hash"}))]
#[case(authorization_as_text, |p| p["authorization"] = json!("0x00"))]
#[case(authorization_from_number, |p| p["authorization"]["from"] = json!(1))]
#[case(split_as_text, |p| p["authorization"]["splits"] = json!(["x"]))]
async fn a_payload_of_another_shape_is_refused(bed: &Bed, change: fn(&mut Value)) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut credential = Payment::of(bed, &offer).await?.sign()?;
    change(&mut credential["payload"]);
    let answer = present(bed, &offer, &credential).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 402)?;
    challenge_for(&answer, &offer)?;
    bed.nothing_moved().await
}

/// > **401** is reserved … for authentication failures unrelated to payment
/// > — draft-httpauth-payment-00, "Relationship to 401 Unauthorized"
/// > No Authorization → returns 402 + a WWW-Authenticate challenge
/// > — OKX Python SDK Reference (seed 000), "FastAPI (@mpp.pay() decorator)"
#[check(must, needs(Charge), killed_by(SellsForABearerToken))]
#[case(bearer, "Bearer eyJhbGciOiJub25lIn0.e30.")]
#[case(basic, "Basic YTpi")]
async fn another_scheme_pays_nothing(bed: &Bed, field: &str) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = present_field(bed, &offer, field).await?;
    refused_at_the_door(bed, &answer, &offer).await
}

async fn two_credentials(bed: &Bed) -> Result<(Mounted, Answer), Broken> {
    let offer = bed.offer(Offer::charge(100)).await?;
    let (first, second) = (Payment::of(bed, &offer).await?, Payment::of(bed, &offer).await?);
    let request = Request::to(&offer)
        .header("authorization", credential::to_field(&first.sign()?))
        .header("authorization", credential::to_field(&second.sign()?));
    let answer = bed.send(request).await?;
    Ok((offer, answer))
}

/// > Servers receiving multiple Payment credentials in a single request SHOULD
/// > reject with 400 (Bad Request).
/// > — draft-httpauth-payment-00, "Multiple Payment Options"
#[check(should, needs(Charge), killed_by(TakesTheFirstOfTwo, TakesBothOfTwo))]
async fn two_credentials_are_answered_400(bed: &Bed) -> Outcome {
    let (offer, answer) = two_credentials(bed).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 400)
}

/// > Clients MUST send only one `Authorization: Payment` header in the
/// > subsequent request
/// > — draft-httpauth-payment-00, "Multiple Payment Options"
/// > at most one successful payment settlement and one resource delivery
/// > — draft-httpauth-payment-00, "Concurrent Request Handling"
#[check(must, needs(Charge), killed_by(TakesBothOfTwo))]
async fn two_credentials_are_never_both_settled(bed: &Bed) -> Outcome {
    let (offer, answer) = two_credentials(bed).await?;
    if answer.status < 400 { paid(bed, &offer).await } else { bed.nothing_moved().await }
}

/// An id of the usual length that nobody gave out.
fn invented_id(bed: &Bed) -> ChallengeId {
    ChallengeId(base64url::encode(bed.nonce()))
}

async fn refusal(bed: &Bed) -> Result<(Mounted, Answer), Broken> {
    let offer = bed.offer(Offer::charge(100)).await?;
    let mut forged = challenge(bed, &offer).await?;
    forged.id = invented_id(bed);
    let credential = Payment::answering(bed, &offer, forged)?.sign()?;
    let answer = present(bed, &offer, &credential).await?;
    Ok((offer, answer))
}

/// The refused credential echoes a challenge of this server's own, with another
/// realm, so that there is one to bring again.
///
/// > The server returns 402 with a fresh challenge, allowing the client to
/// > retry with a new payment credential.
/// > — draft-httpauth-payment-00, "Failed Payment Verification"
#[check(
    must,
    needs(Charge),
    killed_by(EchoesTheOldChallenge, IgnoresTheEchoedRealm, RepeatsChallengeIds)
)]
async fn a_refusal_brings_a_fresh_challenge(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let old = challenge(bed, &offer).await?;
    let mut tampered = old.clone();
    tampered.realm.push_str(".example");
    let credential = Payment::answering(bed, &offer, tampered)?.sign()?;
    let fresh = challenge_for(&present(bed, &offer, &credential).await?, &offer)?;
    if fresh.id == old.id {
        broken("the challenge that was refused is given again")
    } else {
        Ok(())
    }
}

/// > The server returns 402 with a fresh challenge, allowing the client to
/// > retry with a new payment credential.
/// > — draft-httpauth-payment-00, "Failed Payment Verification"
#[check(must, needs(Charge), killed_by(IgnoresTheId, GivesUnpayableChallenges))]
async fn a_refusal_brings_a_challenge_that_can_be_paid(bed: &Bed) -> Outcome {
    let (offer, answer) = refusal(bed).await?;
    let fresh = challenge_for(&answer, &offer)?;
    let credential = Payment::answering(bed, &offer, fresh)?.sign()?;
    delivered(&present(bed, &offer, &credential).await?, &offer)?;
    paid(bed, &offer).await
}

/// > Payment challenges contain unique identifiers and time-sensitive payment
/// > data that MUST NOT be cached or reused.
/// > — draft-httpauth-payment-00, "Caching"
#[check(must, needs(Charge), killed_by(StoresRefusals, IgnoresTheId))]
async fn a_refusal_is_not_stored(bed: &Bed) -> Outcome {
    let (_, answer) = refusal(bed).await?;
    cache_control_has(&answer, "no-store")
}

/// > Servers MUST return 402 with a fresh challenge and appropriate problem
/// > type when payment verification fails.
/// > — draft-httpauth-payment-00, "Receipt Status Semantics"
#[check(should, needs(Charge), killed_by(GivesNoReason, IgnoresTheId, CrashesOnMissingMembers))]
async fn a_refusal_says_why(bed: &Bed) -> Outcome {
    let (offer, answer) = refusal(bed).await?;
    let media_type = answer.header("content-type").unwrap_or_default();
    if !media_type.starts_with(problem::MEDIA_TYPE) {
        return broken(format!("content-type is {media_type:?}"));
    }
    let of_challenge = problem(&answer)?;
    let malformed = present_field(bed, &offer, "Payment e30").await?;
    let of_token = problem(&malformed)?;
    match (of_challenge.suffix(), of_token.suffix()) {
        ("invalid-challenge", "malformed-credential") => Ok(()),
        (of_challenge, of_token) => broken(format!(
            "a forged id is called {of_challenge:?}, an empty credential {of_token:?}"
        )),
    }
}

/// > "title": "Payment Verification Failed", "status": 402
/// > — draft-httpauth-payment-00, "Failed Payment Verification"
#[check(must, needs(Charge), killed_by(MisstatesTheStatusOfRefusals))]
async fn a_refusal_states_the_status_of_the_answer(bed: &Bed) -> Outcome {
    let (_, answer) = refusal(bed).await?;
    match problem(&answer) {
        Ok(problem) if problem.status != answer.status => {
            broken(format!("status {} in the body of a {}", problem.status, answer.status))
        }
        _ => Ok(()),
    }
}
