//! The challenge: `WWW-Authenticate: Payment …`.

use alloy::primitives::U256;
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, Request, check};
use conform402_wire::charge::{ChargeRequest, INTENT, METHOD};
use conform402_wire::json::canonical;
use conform402_wire::{BaseUnits, Challenge, base64url, digest, problem, timestamp};
use jiff::Timestamp;
use serde_json::Value;

use super::buyer::{Payment, challenge, challenge_for, present};
use super::judge::{
    broken, cache_control_has, delivered, not_asked, paid, problem, status_is, withheld,
};

/// What an unpaid GET and an unpaid HEAD are answered. A target that does not
/// answer HEAD with a challenge has a check of its own for that.
async fn unpaid_challenges(bed: &Bed, offer: &Mounted) -> Result<Vec<Challenge>, Broken> {
    let of_get = challenge(bed, offer).await?;
    let head = bed.send(Request::to(offer).method("HEAD")).await?;
    Ok(std::iter::once(of_get).chain(challenge_for(&head, offer)).collect())
}

/// The Payment challenges of an answer; rows that are broken have a check of
/// their own.
fn challenges(answer: &Answer) -> impl Iterator<Item = Challenge> {
    answer
        .headers_named("www-authenticate")
        .filter_map(|row| Challenge::parse_all([row]).ok())
        .flatten()
}

async fn unpaid(bed: &Bed, offer: &Mounted) -> Result<Answer, Broken> {
    bed.send(Request::to(offer)).await
}

fn request_of(challenge: &Challenge) -> Result<Value, Broken> {
    let decoded = challenge.request.decode();
    decoded.map_err(|error| Broken::promise(format!("`request`: {error}")))
}

/// > Servers MUST return 402 with a `WWW-Authenticate: Payment` header when
/// > payment is required
/// > — draft-httpauth-payment-00, "Status Codes"
/// > No Authorization → returns 402 + a WWW-Authenticate challenge
/// > — OKX Python SDK Reference (seed 000), "FastAPI (@mpp.pay() decorator)"
#[check(must, control, needs(Charge), killed_by(AnswersUnpaidWith401))]
async fn an_unpaid_request_is_answered_402(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = unpaid(bed, &offer).await?;
    status_is(&answer, 402)?;
    challenge_for(&answer, &offer).map(drop)
}

/// > Servers MUST NOT emit a Payment challenge with a missing or empty `id`
/// > — draft-httpauth-payment-00, "Required Parameters"
#[check(must, needs(Charge), killed_by(EmitsBrokenChallenge))]
async fn every_challenge_has_its_required_parameters(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = unpaid(bed, &offer).await?;
    let challenges = Challenge::parse_all(answer.headers_named("www-authenticate"));
    match challenges {
        Ok(challenges) if challenges.is_empty() => broken("no Payment challenge"),
        Ok(_) => Ok(()),
        Err(error) => broken(error.to_string()),
    }
}

/// > Servers MUST include this parameter to define the scope of the payment
/// > requirement.
/// > — draft-httpauth-payment-00, "Required Parameters" (`realm`)
#[check(must, needs(Charge), killed_by(NamesAnotherRealm))]
async fn the_realm_is_the_configured_one(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let realm = challenge(bed, &offer).await?.realm;
    if realm == bed.testbed().realm() { Ok(()) } else { broken(format!("realm is {realm:?}")) }
}

/// > Method identifiers are case-sensitive and MUST be lowercase.
/// > — draft-httpauth-payment-00, "Method Identifier Format"
#[check(must, needs(Charge), killed_by(ShoutsTheMethod))]
async fn the_method_is_lowercase(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let challenge = challenge(bed, &offer).await?;
    if challenge.method == METHOD && challenge.intent == INTENT {
        return Ok(());
    }
    broken(format!("method is {:?}, intent {:?}", challenge.method, challenge.intent))
}

/// > Parameters MUST use lowercase names
/// > — draft-httpauth-payment-00, "Custom Parameters"
#[check(must, needs(Charge), killed_by(ShoutsParameterNames))]
async fn parameter_names_are_lowercase(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = unpaid(bed, &offer).await?;
    for row in answer.headers_named("www-authenticate") {
        let parsed = conform402_wire::auth_params::parse(row);
        let parsed = parsed.map_err(|error| Broken::promise(error.to_string()))?;
        let names = parsed.iter().flat_map(|challenge| &challenge.params).map(|(name, _)| name);
        for name in names {
            if name.chars().any(char::is_uppercase) {
                return broken(format!("parameter {name}"));
            }
        }
    }
    Ok(())
}

/// Three prices give three lengths, of which two would need padding.
///
/// > Padding characters ("=") MUST NOT be included.
/// > — draft-httpauth-payment-00, "Required Parameters" (`request`)
#[check(must, needs(Charge), killed_by(PadsTheRequest))]
async fn the_request_is_unpadded_base64url(bed: &Bed) -> Outcome {
    for price in [100, 1_000, 10_000] {
        let offer = bed.offer(Offer::charge(price)).await?;
        let challenge = challenge(bed, &offer).await?;
        if let Err(error) = base64url::decode_unpadded(challenge.request.as_str()) {
            return broken(format!("`request`: {error}"));
        }
    }
    Ok(())
}

/// > The JSON MUST be serialized using JSON Canonicalization Scheme (JCS)
/// > — draft-httpauth-payment-00, "Required Parameters" (`request`)
#[check(must, needs(Charge), killed_by(WritesLooseJson))]
async fn the_request_is_canonical_json(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    for challenge in unpaid_challenges(bed, &offer).await? {
        let sent = base64url::decode(challenge.request.as_str());
        let sent = sent.map_err(|error| Broken::promise(error.to_string()))?;
        let expected = canonical(&request_of(&challenge)?);
        let expected = expected.map_err(|error| Broken::promise(error.to_string()))?;
        if sent != expected.as_bytes() {
            let sent = String::from_utf8_lossy(&sent).into_owned();
            return broken(format!("not canonical: {sent}"));
        }
    }
    Ok(())
}

/// The last price has 22 digits, which a program that counts in doubles writes
/// with an exponent.
///
/// > `amount` | string | Payment amount in base units (smallest denomination)
/// > — draft-payment-intent-charge-00, "Required Fields"
/// > amount: string // charge amount, base units, integer string
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Charge), killed_by(WritesLargeAmountsWithExponent))]
async fn the_request_asks_for_the_price_in_base_units(bed: &Bed) -> Outcome {
    let large = BaseUnits(U256::from(10).pow(U256::from(21)));
    for price in [BaseUnits::new(1), BaseUnits::new(100), large] {
        let offer = bed.offer(Offer::charge(0).costing(price)).await?;
        let answer = unpaid(bed, &offer).await?;
        let Some(challenge) = challenges(&answer).next() else { return broken("no challenge") };
        let request = request_of(&challenge)?;
        if request["amount"] != price.to_string() {
            return broken(format!("`amount` is {} for a price of {price}", request["amount"]));
        }
        let charge: Result<ChargeRequest, _> = serde_json::from_value(request);
        match charge {
            Ok(charge) if charge.currency != offer.currency() => {
                return broken("`currency` is another token");
            }
            Ok(charge) if charge.recipient != offer.recipient() => {
                return broken("`recipient` is somebody else");
            }
            Ok(_) => {}
            Err(error) => return broken(format!("`request`: {error}")),
        }
    }
    Ok(())
}

/// > chainId?: number // default 196 (X Layer)
/// > — OKX Node SDK Reference (seed 002), "Call Options"
/// > "methodDetails": { "chainId": 4217, "feePayer": true }
/// > — draft-payment-intent-charge-00, "Blockchain Payment (Tempo)"
#[check(must, needs(Charge), killed_by(AnswersHeadSloppily))]
async fn the_request_names_the_chain(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let get = unpaid(bed, &offer).await?;
    let head = bed.send(Request::to(&offer).method("HEAD")).await?;
    for answer in [get, head] {
        for challenge in challenges(&answer) {
            let named = request_of(&challenge)?["methodDetails"]["chainId"].clone();
            if named != offer.chain_id() {
                return broken(format!("`methodDetails.chainId` is {named}"));
            }
        }
    }
    Ok(())
}

/// > Servers SHOULD include this parameter.
/// > — draft-httpauth-payment-00, "Optional Parameters" (`expires`)
#[check(should, needs(Charge), killed_by(OmitsExpiry))]
async fn a_challenge_expires(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let challenge = challenge(bed, &offer).await?;
    if challenge.expires.is_some() { Ok(()) } else { broken("`expires` is absent") }
}

/// > Timestamp indicating when this challenge expires, formatted as an
/// > {{RFC3339}} date-time string
/// > — draft-httpauth-payment-00, "Optional Parameters" (`expires`)
#[check(must, needs(Charge), killed_by(AnswersHeadSloppily))]
async fn the_expiry_is_an_instant_to_come(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    for answer in [unpaid(bed, &offer).await?, bed.send(Request::to(&offer).method("HEAD")).await?]
    {
        for expires in challenges(&answer).filter_map(|challenge| challenge.expires) {
            match timestamp::parse(&expires) {
                Err(error) => return broken(error.to_string()),
                Ok(instant) if instant <= Timestamp::now() => {
                    return broken(format!("{expires} has passed"));
                }
                Ok(_) => {}
            }
        }
    }
    Ok(())
}

/// The seed's own tables list `expires` among the members of a request, so
/// this is no more than a SHOULD.
///
/// > Request objects MUST NOT duplicate the expiry value.
/// > — draft-payment-intent-charge-00, "Optional Fields"
#[check(should, needs(Charge), killed_by(RepeatsExpiryInRequest))]
async fn the_request_does_not_repeat_the_expiry(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let request = request_of(&challenge(bed, &offer).await?)?;
    if request["expires"].is_null() { Ok(()) } else { broken("`request` has `expires`") }
}

/// > Servers must send `Cache-Control: no-store` with `402` responses.
/// > — Machine Payments Protocol (seed 001), "Caching"
/// > Servers MUST send `Cache-Control: no-store` {{RFC9111}} with 402 responses
/// > — draft-httpauth-payment-00, "Caching"
#[check(must, needs(Charge), killed_by(StoresChallenges))]
async fn a_challenge_is_not_stored(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    cache_control_has(&unpaid(bed, &offer).await?, "no-store")
}

/// > Servers SHOULD return Problem Details {{RFC9457}} error bodies with 402
/// > responses
/// > — draft-httpauth-payment-00, "Error Response Format"
#[check(should, needs(Charge), killed_by(SendsPlainJsonProblems))]
async fn the_body_is_problem_details(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = unpaid(bed, &offer).await?;
    let media_type = answer.header("content-type").unwrap_or_default();
    if !media_type.starts_with(problem::MEDIA_TYPE) {
        return broken(format!("content-type is {media_type:?}"));
    }
    let problem = problem(&answer)?;
    if problem.suffix() == "payment-required" {
        return Ok(());
    }
    broken(format!("the problem's type is {:?}", problem.type_uri))
}

/// Judged only where the body is problem details at all.
///
/// > "type": "https://paymentauth.org/problems/payment-required",
/// > "title": "Payment Required", "status": 402
/// > — draft-httpauth-payment-00, "Error Response Format"
#[check(must, needs(Charge), killed_by(MisstatesTheStatus))]
async fn the_problem_states_the_status_of_the_answer(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = unpaid(bed, &offer).await?;
    match problem(&answer) {
        Ok(problem) if problem.status != answer.status => {
            broken(format!("status {} in the body of a {}", problem.status, answer.status))
        }
        _ => Ok(()),
    }
}

/// > The unpaid request that triggers a 402 challenge MUST NOT modify server
/// > state beyond recording the challenge itself.
/// > — draft-httpauth-payment-00, "Idempotency and Side Effects"
#[check(must, needs(Charge), killed_by(AsksFacilitatorUnpaid, PingsFacilitatorUnpaid))]
async fn an_unpaid_request_has_no_side_effect(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    unpaid(bed, &offer).await?;
    bed.send(Request::to(&offer).method("HEAD")).await?;
    not_asked(bed)?;
    if let Some(entry) = bed.asked_about_nobody().first() {
        return broken(format!("the facilitator was asked about nobody: {}", entry.endpoint));
    }
    bed.nothing_moved().await
}

/// > Servers MUST NOT return a `Payment-Receipt` header on error responses.
/// > — draft-httpauth-payment-00, "Receipt Status Semantics"
#[check(must, needs(Charge), killed_by(LeaksContentUnpaid, SendsReceiptUnpaid))]
async fn an_unpaid_request_gets_neither_content_nor_receipt(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    withheld(&unpaid(bed, &offer).await?, &offer)
}

/// RFC 9110 §9.3.2 asks a HEAD to be answered as a GET would be, without the
/// content.
///
/// > Servers MUST return 402 with a `WWW-Authenticate: Payment` header when
/// > payment is required
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(should, needs(Charge), killed_by(KnowsNoHead))]
async fn an_unpaid_head_is_answered_402(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = bed.send(Request::to(&offer).method("HEAD")).await?;
    status_is(&answer, 402)?;
    let has_challenge = answer.header("www-authenticate").is_some();
    if has_challenge { Ok(()) } else { broken("no challenge") }
}

/// > Servers MUST return 402 with a `WWW-Authenticate: Payment` header when
/// > payment is required
/// > — draft-httpauth-payment-00, "Status Codes"
#[check(must, needs(Charge), killed_by(ServesBodilessPostFree))]
async fn an_unpaid_post_is_answered_402(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).by_post()).await?;
    let answer = unpaid(bed, &offer).await?;
    withheld(&answer, &offer)?;
    status_is(&answer, 402)?;
    challenge_for(&answer, &offer).map(drop)
}

/// > **`id`**: Unique challenge identifier.
/// > — draft-httpauth-payment-00, "Required Parameters"
#[check(must, needs(Charge), killed_by(RepeatsChallengeIds))]
async fn each_challenge_has_an_id_of_its_own(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let (first, second) = (challenge(bed, &offer).await?, challenge(bed, &offer).await?);
    if first.id == second.id { broken(format!("twice the id {}", first.id)) } else { Ok(()) }
}

/// > Servers SHOULD keep challenges under 8KB.
/// > — draft-httpauth-payment-00, "Size Considerations"
#[check(should, needs(Charge), killed_by(BloatsChallenges))]
async fn a_challenge_stays_under_8_kb(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let answer = unpaid(bed, &offer).await?;
    let largest = answer.headers_named("www-authenticate").map(str::len).max().unwrap_or_default();
    if largest < 8 * 1024 { Ok(()) } else { broken(format!("a challenge of {largest} bytes")) }
}

/// > The value MUST be a JSON object whose values are strings (a flat
/// > string-to-string map).
/// > — draft-httpauth-payment-00, "Optional Parameters" (`opaque`)
#[check(must, needs(Charge), killed_by(NestsOpaqueData))]
async fn opaque_data_is_a_flat_map_of_strings(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100)).await?;
    let Some(opaque) = challenge(bed, &offer).await?.opaque else { return Ok(()) };
    let decoded = opaque.decode().map_err(|error| Broken::promise(format!("`opaque`: {error}")))?;
    let flat = decoded.as_object().is_some_and(|map| map.values().all(Value::is_string));
    if flat { Ok(()) } else { broken(format!("`opaque` is {decoded}")) }
}

/// > Servers MAY return multiple Payment challenges in a single 402 response,
/// > each with a different payment method or configuration
/// > — draft-httpauth-payment-00, "Multiple Payment Options"
#[check(must, needs(Charge, SeveralChallenges), killed_by(OffersOneAlternative))]
async fn every_alternative_is_offered(bed: &Bed) -> Outcome {
    let (_, second, answer) = alternatives(bed).await?;
    challenge_for(&answer, &second).map(drop)
}

/// > Clients choose which challenge to respond to.
/// > — draft-httpauth-payment-00, "Intent Negotiation"
#[check(
    must,
    needs(Charge, SeveralChallenges),
    killed_by(OffersOneAlternative, SellsOneAlternative, WithholdsPaidContent)
)]
async fn any_alternative_can_be_paid(bed: &Bed) -> Outcome {
    let (_, second, answer) = alternatives(bed).await?;
    let challenge = challenge_for(&answer, &second)?;
    let payment = Payment::answering(bed, &second, challenge)?;
    delivered(&present(bed, &second, &payment.sign()?).await?, &second)?;
    paid(bed, &second).await
}

async fn alternatives(bed: &Bed) -> Result<(Mounted, Mounted, Answer), Broken> {
    let offers = vec![Offer::charge(100), Offer::charge(200)];
    let mut mounted = bed.alternatives(offers).await?.into_iter().flatten();
    let (Some(first), Some(second)) = (mounted.next(), mounted.next()) else {
        return broken("the target refuses alternatives on one URL");
    };
    let answer = unpaid(bed, &first).await?;
    Ok((first, second, answer))
}

/// > feePayer?: boolean // true = server pays gas (transaction mode only)
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Charge, ChargeFeePayer), killed_by(HidesTheFeePayer))]
async fn the_request_says_that_the_seller_pays_gas(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).fee_payer(true)).await?;
    let request = request_of(&challenge(bed, &offer).await?)?;
    let stated = &request["methodDetails"]["feePayer"];
    if *stated == true { Ok(()) } else { broken(format!("`methodDetails.feePayer` is {stated}")) }
}

/// > description?: string // description, written into the challenge
/// > — OKX Node SDK Reference (seed 002), "Call Options"
#[check(must, needs(Charge, Description), killed_by(DropsTheDescription))]
async fn the_description_is_carried(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).described("One premium API call")).await?;
    let challenge = challenge(bed, &offer).await?;
    let in_request = request_of(&challenge)?["description"].clone();
    let carried = challenge.description.as_deref() == Some("One premium API call")
        || in_request == "One premium API call";
    if carried { Ok(()) } else { broken("the description is in neither place") }
}

/// > The `description` parameter may contain localized text.
/// > — draft-httpauth-payment-00, "Human-Readable Text"
/// > All string values use UTF-8 encoding
/// > — draft-httpauth-payment-00, "Character Encoding"
#[check(must, needs(Charge, Description), killed_by(ChokesOnForeignText))]
async fn a_localized_description_does_not_break_the_route(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::charge(100).described("报告 in USD₮0")).await?;
    let answer = unpaid(bed, &offer).await?;
    status_is(&answer, 402)?;
    challenge_for(&answer, &offer).map(drop)
}

/// > Servers SHOULD include the `digest` parameter when issuing challenges for
/// > requests with bodies.
/// > — draft-httpauth-payment-00, "Request Body Digest Binding"
#[check(should, needs(Charge, BodyDigest), killed_by(OmitsTheDigest))]
async fn a_request_with_a_body_gets_its_digest(bed: &Bed) -> Outcome {
    let body = r#"{"q":1}"#;
    match digest_for(bed, body).await? {
        Some(sent) if digest::matches(&sent, body.as_bytes()) => Ok(()),
        Some(sent) => broken(format!("{sent} is not the digest of the body")),
        None => broken("`digest` is absent"),
    }
}

/// The MPP documentation itself shows both spellings, so a sender without the
/// colons is only warned.
///
/// > The digest is computed per [RFC 9530] … Content-Digest header format.
/// > — Machine Payments Protocol (seed 001), "Request body binding"
#[check(should, needs(Charge, BodyDigest), killed_by(OmitsTheDigest, WritesDigestWithoutColons))]
async fn the_digest_is_spelled_as_in_rfc_9530(bed: &Bed) -> Outcome {
    let body = r#"{"q":1}"#;
    match digest_for(bed, body).await? {
        Some(sent) if sent == digest::rfc9530(body.as_bytes()) => Ok(()),
        Some(sent) => broken(format!("`digest` is {sent}")),
        None => broken("`digest` is absent"),
    }
}

async fn digest_for(bed: &Bed, body: &str) -> Result<Option<String>, Broken> {
    let offer = bed.offer(Offer::charge(100).binding_the_body()).await?;
    let answer = bed.send(Request::to(&offer).json_body(body)).await?;
    Ok(challenge_for(&answer, &offer)?.digest)
}
