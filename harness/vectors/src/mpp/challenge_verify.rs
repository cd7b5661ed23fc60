//! Verification of an echoed challenge. draft-httpauth-payment-00, "Challenge
//! Binding" and "Request Body Digest Binding".

use conform402_wire::challenge::Challenge;
use conform402_wire::json::canonical;
use conform402_wire::{base64url, digest, timestamp};
use serde_json::{Value, json};

use super::challenge::{bound, encoded, plain, request, with, without};
use crate::cases::Cases;
use crate::change::other_than;
use crate::deployment::Deployment;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.challenge.verify", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let secret = input.text("secret")?;
    if secret.is_empty() {
        return refuse("secret-is-empty");
    }
    let challenge = Challenge::from_json(input.object("challenge")?.value())?;
    steps.record("message", challenge.bound_message());
    let expected = challenge.bound_id(secret.as_bytes());
    steps.record("expectedId", expected.0.clone());
    if challenge.id != expected {
        return refuse("id-mismatch");
    }
    let instant = |name: &str, text: &str| {
        timestamp::parse(text).map_err(|_| Refusal::new(format!("{name}-is-no-instant")))
    };
    if let (Some(now), Some(expires)) = (input.optional_text("now")?, &challenge.expires)
        && instant("now", now)? > instant("expires", expires)?
    {
        return refuse("expired");
    }
    if let Some(bound) = &challenge.digest {
        let Some(body) = input.optional_text("body")? else { return refuse("body-is-missing") };
        steps.record("bodyDigest", digest::rfc9530(body.as_bytes()));
        if !digest::matches(bound, body.as_bytes()) {
            return refuse("digest-mismatch");
        }
    }
    Ok(json!({ "id": challenge.id.0 }))
}

fn describe(cases: &mut Cases) {
    cases.summary(
        "Whether an echoed challenge is one this server made, still lasts, and is for this body.",
    );
    cases.source(
        "Servers MUST verify that credentials present an `id` matching the expected binding.",
        "draft-httpauth-payment-00, \"Challenge Binding\"",
    );
    cases.source(
        "Reject the credential if the digests do not match",
        "draft-httpauth-payment-00, \"Request Body Digest Binding\"",
    );
    cases.source(
        "Verify the challenge has not expired",
        "Machine Payments Protocol (seed 001), \"Single-use credentials\"",
    );
    cases.source(
        "Timestamp in {{RFC3339}} format after which the challenge is no longer valid.",
        "draft-payment-transport-mcp-00, \"Challenge Structure\"",
    );
    cases.rule("`challenge` has the parameters as text, as they were on the wire. Its id must be, character for character, what mpp.challenge.id makes of the others with `secret`; here `request` and `opaque` are slots as they stand, without decoding. description is not bound.");
    cases.rule("With `now`, an RFC 3339 date-time, a challenge is refused if that lies after its expires, or if expires is no RFC 3339 date-time with an offset.");
    cases.rule("A challenge with a digest is refused unless there is a `body` with that digest: sha-256 of its UTF-8, as sha-256=:base64: or, as SDKs write it, sha-256=base64. Without a digest any body will do.");
    cases.rule("id, realm, method, intent and request are required, every parameter is text, and the secret is not empty. The output has the id.");
    cases.rule("Steps: bodyDigest is in the form with colons, whatever form the challenge has.");
    flags(cases);
    let at = cases.deployment.clone();
    cases.group(json!({ "secret": at.secret, "now": "2029-12-31T23:59:00Z" }));
    let plain = with(&plain(&at), "opaque", encoded(&json!({ "order": "42" })));
    let sound = bound(&plain, &at.secret);
    binding(cases, &at, &sound);
    ids(cases, &at, &plain);
    bodies(cases, &at, &plain);
    misfits(cases, &at, &plain);
    cases.group(json!({ "secret": at.secret }));
    expiry(cases, &at, &plain);
    cases.group(json!({ "secret": "" }));
    cases.invalid(
        "empty-secret",
        "Everyone knows the empty key.",
        json!({ "challenge": bound(&plain, "") }),
        "secret-is-empty",
    );
}

/// The challenge as an input.
fn echo(challenge: Value) -> Value {
    json!({ "challenge": challenge })
}

/// An id that is taken for the expected one if they are `alike`.
fn alike(alike: fn(&str, &str) -> bool) -> Bug {
    Bug::misreads(move |input| {
        let Ok(challenge) = Challenge::from_json(&input["challenge"]) else { return };
        let secret = input["secret"].as_str().unwrap_or_default();
        let expected = challenge.bound_id(secret.as_bytes()).0;
        if alike(&challenge.id.0, &expected) {
            input["challenge"]["id"] = expected.into();
        }
    })
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "TrustsTheEcho",
        "does not check the id: the payer chooses what to pay",
        Bug::forgets(&["id-mismatch"]),
    );
    cases.flag(
        "ComparesAPrefix",
        "compares as many characters as came, none if the id is empty",
        alike(|id, expected| expected.starts_with(id)),
    );
    cases.flag(
        "ComparesDecoded",
        "compares what the ids decode to: one challenge has many ids, and each is used once",
        alike(|id, expected| {
            let standard = id.trim_end_matches('=').replace('+', "-").replace('/', "_");
            // The last character of 43 has two bits that say nothing.
            standard.len() == expected.len() && standard.get(..42) == expected.get(..42)
        }),
    );
    cases.flag(
        "ComparesWithoutCase",
        "compares ids without regard to case, as if they were hexadecimal",
        alike(|id, expected| id.eq_ignore_ascii_case(expected)),
    );
    for (flag, member, hunts) in [
        (
            "IgnoresExpires",
            "expires",
            "does not bind the expiry: whoever holds a challenge prolongs it",
        ),
        ("IgnoresDigest", "digest", "does not bind the body's digest"),
        ("IgnoresOpaque", "opaque", "does not bind the server's correlation data"),
    ] {
        let bug = Bug::misreads(move |input| {
            input["challenge"] = without(&input["challenge"], member);
        });
        cases.flag(flag, hunts, bug);
    }
    cases.flag(
        "BindsTheDescription",
        "refuses another description, which no payer need echo",
        Bug::refuses(|input| input["challenge"].get("description").is_some()),
    );
    cases.flag("TakesExpired", "takes a challenge after its end", Bug::forgets(&["expired"]));
    cases.flag(
        "ComparesTimesAsText",
        "compares date-times letter by letter, whatever their offsets",
        Bug::differs(|input| {
            let outcome = evaluate(&Input::new(&without(input, "now")), &mut Steps::default())?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (now, expires) = (text(&input["now"]), text(&input["challenge"]["expires"]));
            if now > expires { refuse("expired") } else { Ok(outcome) }
        }),
    );
    cases.flag(
        "EndsAnInstantEarly",
        "refuses a challenge at the instant it expires, not after it",
        Bug::refuses(|input| {
            input["now"].is_string() && input["now"] == input["challenge"]["expires"]
        }),
    );
    cases.flag(
        "DropsFractions",
        "compares whole seconds",
        Bug::differs(|input| {
            let mut early = input.clone();
            if let Some(now) = input["now"].as_str().and_then(|now| now.split_once('.')) {
                early["now"] = format!("{}Z", now.0).into();
            }
            evaluate(&Input::new(&early), &mut Steps::default())
        }),
    );
    cases.flag(
        "TakesAnyExpiry",
        "takes a challenge that ends at no instant",
        Bug::forgets(&["expires-is-no-instant"]),
    );
    cases.flag(
        "SkipsTheDigest",
        "does not compare the body with the digest: a payment for one body buys another",
        Bug::forgets(&["digest-mismatch", "body-is-missing"]),
    );
    cases.flag(
        "SkipsTheDigestWithoutABody",
        "takes a body that is not there for the right one",
        Bug::forgets(&["body-is-missing"]),
    );
    cases.flag(
        "KnowsOneDigestForm",
        "refuses the digest that SDKs write, without colons",
        Bug::refuses(|input| {
            input["challenge"]["digest"].as_str().is_some_and(|digest| !digest.ends_with(':'))
        }),
    );
    cases.flag(
        "DigestsParsedJson",
        "digests what it parsed and wrote anew instead of the bytes",
        Bug::misreads_text("body", |body| {
            serde_json::from_str::<Value>(body)
                .ok()
                .and_then(|value| canonical(&value).ok())
                .unwrap_or_else(|| body.to_owned())
        }),
    );
    cases.flag(
        "TrimsTheBody",
        "digests the body without white space at its ends",
        Bug::misreads_text("body", |body| body.trim().to_owned()),
    );
    cases.flag(
        "TakesMisfits",
        "binds something for what is absent or of another type",
        Bug::forgets_all(|reason| {
            (reason.ends_with("-is-missing") && reason != "body-is-missing")
                || reason.ends_with("-is-no-text")
        }),
    );
    cases.flag("EmptySecret", "works without a secret", Bug::forgets(&["secret-is-empty"]));
}

fn binding(cases: &mut Cases, at: &Deployment, sound: &Value) {
    cases.valid("sound", "A challenge as it was made.", echo(sound.clone()));
    cases.valid(
        "described",
        "A description is for display; no id depends on it.",
        echo(with(sound, "description", "Anything at all")),
    );
    let cheap = with(&request(at), "amount", "1");
    for (slot, value) in [
        ("realm", json!(other_than(&&*at.realm, "cheap.example.com", "example.com"))),
        ("method", json!("tempo")),
        ("intent", json!("session")),
        ("request", json!(encoded(&cheap))),
        ("expires", json!("2040-01-01T00:00:00Z")),
        ("opaque", json!(encoded(&json!({ "order": "43" })))),
    ] {
        cases.invalid(
            format!("other-{slot}"),
            "A parameter was changed behind the server's back.",
            echo(with(sound, slot, value)),
            "id-mismatch",
        );
    }
    for slot in ["expires", "opaque"] {
        cases.invalid(
            format!("{slot}-dropped"),
            "A parameter was left out.",
            echo(without(sound, slot)),
            "id-mismatch",
        );
    }
    for slot in ["expires", "opaque"] {
        let bare = bound(&without(sound, slot), &at.secret);
        cases.invalid(
            format!("{slot}-added"),
            "A parameter was added that the server did not bind.",
            echo(with(&bare, slot, sound[slot].clone())),
            "id-mismatch",
        );
    }
    cases.invalid(
        "digest-added",
        "A digest was added that the server did not bind.",
        json!({ "challenge": with(sound, "digest", digest::rfc9530(b"")), "body": "" }),
        "id-mismatch",
    );
    cases.invalid(
        "opaque-as-digest",
        "A value was moved into the slot before.",
        json!({
            "challenge": with(&without(sound, "opaque"), "digest", sound["opaque"].clone()),
            "body": "",
        }),
        "id-mismatch",
    );
    cases.invalid(
        "realm-and-method-exchanged",
        "Two values changed places.",
        echo(with(
            &with(sound, "realm", sound["method"].clone()),
            "method",
            sound["realm"].clone(),
        )),
        "id-mismatch",
    );
}

fn ids(cases: &mut Cases, at: &Deployment, plain: &Value) {
    // An id with both characters in which the alphabets differ, whose case matters.
    let telling = |challenge: &Value| {
        let id = challenge["id"].as_str().unwrap_or_default();
        id.contains('-') && id.contains('_')
    };
    let sound = (0..)
        .map(|order: u32| with(plain, "opaque", encoded(&json!({ "order": order.to_string() }))))
        .map(|challenge| bound(&challenge, &at.secret))
        .find(telling)
        .unwrap_or_default();
    let id = sound["id"].as_str().unwrap_or_default();
    cases.valid("telling-id", "An id with a hyphen and an underscore.", echo(sound.clone()));
    let last_bits = base64url::decode(id).unwrap_or_default().last().map_or(0, |byte| byte & 15);
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
    let other_end = digits.get(usize::from(last_bits) * 4 + 1).copied().unwrap_or('B');
    for (name, comment, other) in [
        ("empty-id", "An empty id matches nothing.", String::new()),
        ("half-an-id", "The first characters only.", id[..21].to_owned()),
        ("longer-id", "A character too many.", format!("{id}A")),
        ("padded-id", "The same bytes, padded.", format!("{id}=")),
        (
            "standard-id",
            "The same bytes in the other alphabet.",
            id.replace('-', "+").replace('_', "/"),
        ),
        (
            "id-with-other-end",
            "The same bytes: the last two bits are none of them.",
            format!("{}{other_end}", &id[..42]),
        ),
        ("id-in-lower-case", "Another case is another id.", id.to_lowercase()),
    ] {
        cases.invalid(name, comment, echo(with(&sound, "id", other)), "id-mismatch");
    }
    cases.invalid(
        "other-secret",
        "An id that was made with another secret.",
        echo(bound(plain, &format!("{}2", at.secret))),
        "id-mismatch",
    );
    cases.invalid(
        "id-of-another-challenge",
        "A good id, of another challenge.",
        echo(with(plain, "id", id)),
        "id-mismatch",
    );
}

fn bodies(cases: &mut Cases, at: &Deployment, plain: &Value) {
    let body = "{ \"q\": 1 }\n";
    let bind = |digest: String| bound(&with(plain, "digest", digest), &at.secret);
    let of = |bound: &Value, body: &str| json!({ "challenge": bound, "body": body });
    let sound = bind(digest::rfc9530(body.as_bytes()));
    cases.valid("digest", "The body the challenge was made for.", of(&sound, body));
    cases.valid(
        "digest-without-colons",
        "The form that SDKs write.",
        of(&bind(digest::without_colons(body.as_bytes())), body),
    );
    cases.valid(
        "digest-of-nothing",
        "An empty body has a digest, too.",
        of(&bind(digest::rfc9530(b"")), ""),
    );
    cases.valid(
        "digest-past-ascii",
        "A body outside ASCII.",
        of(&bind(digest::rfc9530("{\"q\":\"₮\"}".as_bytes())), "{\"q\":\"₮\"}"),
    );
    cases.valid(
        "unbound-body",
        "A body that no digest speaks of.",
        of(&bound(plain, &at.secret), body),
    );
    cases.invalid(
        "no-body",
        "A digest, but no body to compare it with.",
        echo(sound.clone()),
        "body-is-missing",
    );
    let compact = bind(digest::rfc9530(b"{\"q\":1}"));
    for (name, comment, challenge, other) in [
        ("other-body", "Another body.", &sound, "{ \"q\": 2 }\n"),
        ("empty-body", "A body of no bytes.", &sound, ""),
        ("body-without-newline", "The last byte is missing.", &sound, "{ \"q\": 1 }"),
        ("same-json", "The same JSON in other bytes.", &compact, "{ \"q\": 1 }"),
    ] {
        cases.invalid(name, comment, of(challenge, other), "digest-mismatch");
    }
    cases.invalid(
        "other-algorithm",
        "A digest that is not the body's in any algorithm.",
        of(&bind(format!("sha-512=:{}:", "A".repeat(86) + "==")), body),
        "digest-mismatch",
    );
    cases.invalid(
        "digest-of-the-other-body",
        "Body and digest agree, but the server bound another digest.",
        json!({
            "challenge": with(&sound, "digest", digest::rfc9530(b"{}")),
            "body": "{}",
        }),
        "id-mismatch",
    );
}

fn expiry(cases: &mut Cases, at: &Deployment, plain: &Value) {
    let at_time = |expires: &str, now: &str| json!({ "challenge": bound(&with(plain, "expires", expires), &at.secret), "now": now });
    for (name, comment, expires, now) in [
        ("a-second-left", "It still lasts.", "2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z"),
        (
            "behind-utc",
            "Half an hour is left, though the text says otherwise.",
            "2029-12-31T23:00:00-02:00",
            "2030-01-01T00:30:00Z",
        ),
        ("microseconds", "Any precision.", "2030-01-01T00:00:00.123456Z", "2030-01-01T00:00:00Z"),
    ] {
        cases.valid(name, comment, at_time(expires, now));
    }
    cases
        .valid(
            "at-the-end",
            "The instant at which it expires is the last of its validity.",
            at_time("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        )
        .should();
    cases.valid(
        "no-time",
        "Without a time only the binding is looked at.",
        echo(bound(&with(plain, "expires", "2020-01-01T00:00:00Z"), &at.secret)),
    );
    for (name, comment, expires, now) in [
        ("a-second-late", "It has ended.", "2030-01-01T00:00:00Z", "2030-01-01T00:00:01Z"),
        (
            "ahead-of-utc",
            "It has ended, though the text says otherwise.",
            "2030-01-01T02:00:00+02:00",
            "2030-01-01T00:00:01Z",
        ),
    ] {
        cases.invalid(name, comment, at_time(expires, now), "expired");
    }
    cases
        .invalid(
            "a-millisecond-late",
            "It has just ended.",
            at_time("2030-01-01T00:00:00.000Z", "2030-01-01T00:00:00.001Z"),
            "expired",
        )
        .should();
    for (name, comment, expires) in [
        ("expires-local", "An end without an offset is no instant.", "2040-01-01T00:00:00"),
        ("expires-word", "An end that is no date.", "tomorrow"),
    ] {
        let input = at_time(expires, "2030-01-01T00:00:00Z");
        cases.invalid(name, comment, input, "expires-is-no-instant");
    }
}

fn misfits(cases: &mut Cases, at: &Deployment, plain: &Value) {
    for member in ["realm", "request"] {
        let lacking = without(&bound(&with(plain, member, ""), &at.secret), member);
        cases.invalid(
            format!("no-{member}"),
            "The id is right for an empty slot, but the parameter is required.",
            echo(lacking),
            format!("{member}-is-missing"),
        );
    }
    cases.invalid(
        "request-as-object",
        "The request is given decoded.",
        echo(with(&bound(plain, &at.secret), "request", request(at))),
        "request-is-no-text",
    );
}
