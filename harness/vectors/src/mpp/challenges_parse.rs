//! Reading all challenges of an answer. draft-httpauth-payment-00, "Challenge
//! (WWW-Authenticate)".

use conform402_wire::challenge::{Challenge, SCHEME};
use serde_json::{Value, json};

use super::challenge::{REQUIRED, field, full, output, plain, refusal, with, without};
use super::challenge_parse;
use super::lenient::{by_regex, cut_at_commas, last_wins, mixed, reread};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.challenges.parse", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let fields: Option<Vec<&str>> = input.array("fields")?.iter().map(Value::as_str).collect();
    let fields = fields.ok_or_else(|| Refusal::new("field-is-no-text"))?;
    let challenges = Challenge::read_all(fields).map_err(refusal)?;
    let requests: Vec<String> =
        challenges.iter().filter_map(|challenge| challenge.request.text().ok()).collect();
    steps.record("requestsJson", requests);
    for challenge in &challenges {
        challenge.check().map_err(refusal)?;
    }
    let outputs: Result<Vec<Value>, Refusal> = challenges.iter().map(output).collect();
    Ok(json!({ "challenges": outputs? }))
}

fn describe(cases: &mut Cases) {
    cases.summary(
        "The Payment challenges of an answer, from all its WWW-Authenticate field values.",
    );
    cases.source(
        "Clients choose which challenge to respond to.",
        "draft-httpauth-payment-00, \"Intent Negotiation\"",
    );
    cases.source(
        "Servers can offer multiple payment options in a single response",
        "Machine Payments Protocol (seed 001), \"Multiple challenges\"",
    );
    cases.source(
        "its value MUST be non-empty after `auth-param` parsing and `quoted-string` unescaping.",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.rule("Each of `fields` is a list of challenges, of any scheme. The output has those of the scheme Payment, in their order, as mpp.challenge.parse has one; others are passed over.");
    cases.rule("Parameters belong to the challenge they stand behind, and to no other: parameters of two challenges are never put together.");
    cases.rule("Steps: requestsJson are the texts the requests encode, as they stand.");
    cases.rule("An answer without a Payment challenge, or with broken ones only, is refused. Whether a broken one spoils a whole one beside it the sources do not say, and no case asks.");
    challenge_parse::rules(cases);
    flags(cases);
    let at = cases.deployment.clone();
    let one = plain(&at);
    let other = with(
        &with(&without(&full(&at), "expires"), "id", "x7Tg2pLqR9mKvNwY3hBcZa"),
        "intent",
        "session",
    );
    sound(cases, &one, &other);
    broken(cases, &one);
}

fn flags(cases: &mut Cases) {
    fn in_each(change: fn(&str) -> String) -> Bug {
        Bug::misreads(move |input| {
            for field in input["fields"].as_array_mut().into_iter().flatten() {
                *field = field.as_str().map(change).into();
            }
        })
    }
    fn in_all(change: fn(Vec<String>) -> Vec<String>) -> Bug {
        Bug::misreads(move |input| {
            let fields: Vec<String> =
                serde_json::from_value(input["fields"].clone()).unwrap_or_default();
            input["fields"] = change(fields).into();
        })
    }
    cases.flag(
        "MixesChallenges",
        "puts the parameters of a field's challenges into one, the last of a name winning: the payer signs one request under another challenge's id",
        in_each(mixed),
    );
    cases.flag(
        "MixesFields",
        "puts the parameters of all fields into one challenge",
        in_all(|fields| vec![mixed(&fields.join(", "))]),
    );
    cases.flag(
        "CarriesParametersOver",
        "takes a parameter that a challenge does not have from the one before it",
        in_all(|fields| vec![carried_over(&fields.join(", "))]),
    );
    cases.flag(
        "ReadsTheFirstFieldOnly",
        "does not see the challenges of further fields",
        in_all(|fields| fields.into_iter().take(1).collect()),
    );
    cases.flag(
        "ReadsTheLastFieldOnly",
        "keeps headers in a map, in which the last field of a name wins",
        in_all(|fields| fields.into_iter().next_back().into_iter().collect()),
    );
    cases.flag(
        "ReadsTheFirstOfAFieldOnly",
        "does not see further challenges in a field",
        in_each(|field| reread(field, |challenges| challenges.truncate(1))),
    );
    cases.flag(
        "SortsChallenges",
        "does not keep the order in which the server offers",
        Bug::miswrites(|output| {
            if let Some(challenges) = output["challenges"].as_array_mut() {
                challenges.sort_by_key(|challenge| challenge["id"].to_string());
            }
        }),
    );
    cases.flag(
        "CutsAtCommas",
        "takes every comma for the end of a parameter, even inside quotes",
        in_each(cut_at_commas),
    );
    cases.flag(
        "FindsByRegex",
        "collects every name=\"value\" of a field, whatever stands between",
        in_each(by_regex),
    );
    cases.flag(
        "LastWins",
        "takes the last of parameters called alike",
        in_each(|field| reread(field, last_wins)),
    );
    cases.flag(
        "MatchesSchemeByPrefix",
        "takes every scheme that begins with Payment for it",
        in_each(|field| {
            reread(field, |challenges| {
                for challenge in challenges {
                    if challenge.scheme.starts_with(SCHEME) {
                        SCHEME.clone_into(&mut challenge.scheme);
                    }
                }
            })
        }),
    );
    cases.flag(
        "TakesBroken",
        "offers a challenge that cannot be answered, or says nothing",
        Bug::forgets_all(|reason| {
            reason != "no-payment-challenge" && !reason.ends_with("-stands-twice")
        }),
    );
    cases.flag(
        "TakesNothing",
        "goes on without a challenge, as if nothing were to pay",
        Bug::forgets(&["no-payment-challenge"]),
    );
}

/// A field value in which a challenge has the parameters of the one before it,
/// unless it has its own.
fn carried_over(field: &str) -> String {
    reread(field, |challenges| {
        let mut before: Vec<(String, String)> = Vec::new();
        for challenge in challenges {
            before.retain(|(name, _)| challenge.params.iter().all(|(own, _)| own != name));
            challenge.params.append(&mut before);
            before.clone_from(&challenge.params);
        }
    })
}

fn fields<const N: usize>(fields: [&str; N]) -> Value {
    json!({ "fields": fields.as_slice() })
}

fn sound(cases: &mut Cases, one: &Value, other: &Value) {
    let (first, second) = (field(one), field(other));
    cases.valid("one", "A single offer.", fields([&first]));
    cases.valid("two-fields", "An offer a field.", fields([&first, &second]));
    cases.valid("other-order", "The same offers the other way round.", fields([&second, &first]));
    cases
        .valid(
            "two-in-a-field",
            "Both in one field, as HTTP libraries join them; refusing is better than mixing.",
            fields([&format!("{first}, {second}")]),
        )
        .should();
    cases
        .valid(
            "second-in-a-field-has-less",
            "The second challenge has no digest and no opaque, and takes none from the first.",
            fields([&format!("{second}, {first}")]),
        )
        .should();
    let third = field(&with(&with(one, "id", "k9"), "method", "tempo"));
    cases
        .valid(
            "fields-and-commas",
            "Two in one field, one in the next.",
            fields([&format!("{first},{second}"), &third]),
        )
        .should();
    cases.valid(
        "unknown-method",
        "A method nobody knows is an offer still, which the payer need not take.",
        fields([&field(&with(one, "method", "barter")), &second]),
    );
    cases.valid(
        "bearer-field-before",
        "Another scheme in a field of its own.",
        fields(["Bearer realm=\"other\"", &first]),
    );
    cases.valid(
        "bearer-field-between",
        "Another scheme between two offers.",
        fields([&first, "Basic realm=\"other\", charset=\"UTF-8\"", &second]),
    );
    cases
        .valid(
            "bearer-between-in-a-field",
            "Another scheme between two offers, all in one field.",
            fields([&format!("{first}, Bearer realm=\"other\", {second}")]),
        )
        .should();
    cases
        .valid(
            "token68-between-in-a-field",
            "A scheme with a token68 between two offers.",
            fields([&format!("{first}, Negotiate YII+/w==, {second}")]),
        )
        .should();
    let described = with(one, "description", "x, Payment id=\"evil\", realm=\"y\"");
    cases
        .valid(
            "challenge-in-a-value",
            "A challenge inside quotes is none.",
            fields([&field(&described), &second]),
        )
        .should();
}

fn broken(cases: &mut Cases, one: &Value) {
    let whole = field(one);
    cases.invalid("no-fields", "No field at all.", fields([]), "no-payment-challenge");
    for (name, comment, field) in [
        ("bearer-only", "Another scheme.", "Bearer realm=\"other\"".to_owned()),
        ("empty-field", "A field that says nothing.", String::new()),
        ("longer-scheme", "A scheme whose name is longer.", whole.replacen(SCHEME, "Payment2", 1)),
        ("all-of-it-in-bearer", "The parameters, but another scheme's.", whole.replacen(SCHEME, "Bearer", 1)),
        (
            "in-another-value",
            "A challenge inside another scheme's quotes is only text.",
            "Bearer error_description=\"x, Payment id=a, realm=r, method=evm, intent=charge, request=e30\"".to_owned(),
        ),
    ] {
        cases.invalid(name, comment, fields([&field]), "no-payment-challenge");
    }
    let alone = "Payment id=\"qB3wErTyU7iOpAsD9fGhJk\"";
    let rest = field(&without(one, "id"));
    cases.invalid(
        "halves-in-a-field",
        "Two challenges that are one only if mixed.",
        fields([&format!("{alone}, {rest}")]),
        "realm-is-missing",
    );
    cases.invalid(
        "halves-in-two-fields",
        "The same in two fields.",
        fields([alone, &rest]),
        "realm-is-missing",
    );
    cases.invalid(
        "realm-of-another-scheme",
        "The realm that is missing stands in another scheme's challenge.",
        fields(["Bearer realm=\"other\"", &field(&without(one, "realm"))]),
        "realm-is-missing",
    );
    cases.invalid(
        "realm-of-another-scheme-in-a-field",
        "The same in one field.",
        fields([&format!("Bearer realm=\"other\", {}", field(&without(one, "realm")))]),
        "realm-is-missing",
    );
    cases.invalid(
        "two-requests",
        "Two requests in one challenge.",
        fields([&format!("{whole}, request=\"e30\"")]),
        "request-stands-twice",
    );
    for name in REQUIRED {
        cases.invalid(
            format!("no-{name}"),
            "The only challenge lacks a required parameter.",
            fields([&field(&without(one, name))]),
            format!("{name}-is-missing"),
        );
    }
    for (name, comment, member, value, reason) in [
        ("method-capital", "Its method is none.", "method", "EVM", "method-is-no-identifier"),
        (
            "intent-underscore",
            "Its intent is none.",
            "intent",
            "charge_v2",
            "intent-is-no-identifier",
        ),
        (
            "expires-local",
            "It ends at no instant.",
            "expires",
            "2030-01-01T00:00:00",
            "expires-is-no-instant",
        ),
        ("request-list", "Its request is a list.", "request", "W10", "request-is-no-object"),
        ("opaque-list", "Its correlation data is a list.", "opaque", "W10", "opaque-is-no-object"),
    ] {
        cases.invalid(name, comment, fields([&field(&with(one, member, value))]), reason);
    }
    cases.invalid(
        "open-quote",
        "The last quote is missing.",
        fields([whole.trim_end_matches('"')]),
        "field-is-malformed",
    );
}
