//! Reading a challenge. draft-httpauth-payment-00, "Challenge
//! (WWW-Authenticate)".

use conform402_wire::auth_params::AuthChallenge;
use conform402_wire::base64url;
use conform402_wire::challenge::{Challenge, SCHEME};
use serde_json::{Value, json};

use super::challenge::{
    OPTIONAL, PLAIN_REALM, REQUIRED, field, full, output, params, plain, record_objects, refusal,
    request, with, without,
};
use super::lenient::{
    by_regex, cut_at_commas, decoder_flags, keeping_backslashes, last_wins, mixed, reread,
    reread_params,
};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.challenge.parse", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let challenge = Challenge::read(input.text("field")?).map_err(refusal)?;
    record_objects(steps, &challenge);
    challenge.check().map_err(refusal)?;
    Ok(json!({ "challenge": output(&challenge)? }))
}

fn describe(cases: &mut Cases) {
    cases.summary("The one Payment challenge of a WWW-Authenticate field value.");
    sources(cases);
    cases.rule("The field is a list of challenges, of any scheme; it must have exactly one of the scheme Payment, in any case. Parameters belong to the challenge they stand behind, and to no other.");
    cases.rule(
        "A challenge of another scheme has parameters, a token68, or nothing; it is passed over.",
    );
    rules(cases);
    cases.rule("The output has the parameters the challenge has, unescaped, and `request` and `opaque` as they stand on the wire. Unknown parameters are left out.");
    flags(cases);
    let at = cases.deployment.clone();
    let plain = plain(&at);
    grammar(cases, &plain, &full(&at));
    parameters(cases, &plain);
    encoded_objects(cases, &plain, &request(&at));
    other_challenges(cases, &plain);
}

fn sources(cases: &mut Cases) {
    cases.source(
        "its value MUST be non-empty after `auth-param` parsing and `quoted-string` unescaping.",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.source(
        "Clients MUST validate the returned challenge before authorizing payment.",
        "draft-httpauth-payment-00, \"Client Payment Preferences\"",
    );
    cases.source(
        "each parameter name MUST only occur once per challenge.",
        "RFC 9110, \"Authentication Parameters\"",
    );
    cases.source(
        "Recipients that process the value of a quoted-string MUST handle a quoted-pair as if it were replaced by the octet following the backslash.",
        "RFC 9110, \"Quoted Strings\"",
    );
    cases.source(
        "a recipient of CR, LF, or NUL within a field value MUST either reject the message or replace each of those characters with SP before further processing",
        "RFC 9110, \"Field Values\"",
    );
}

/// What must hold of every challenge that is read.
pub(crate) fn rules(cases: &mut Cases) {
    cases.rule("A parameter is a name, `=` with or without spaces or tabs around it, and a token or a quoted string, in which a backslash stands for the character behind it. Names are compared without regard to case; none may stand twice in a challenge.");
    cases.rule("id, realm, method, intent and request are required, and the id is not empty. method is one or more of a to z; intent one or more of a to z, A to Z, 0 to 9 and the hyphen; expires an RFC 3339 date-time with an offset. What digest and description say is not looked at.");
    cases.rule("request and opaque are base64url of the UTF-8 of a JSON object; the values of opaque are strings. Padding is tolerated, and the JSON need not be canonical.");
    cases.rule("A field value with CR, LF or NUL is refused.");
    cases.rule(
        "Steps: requestJson and opaqueJson are the texts these parameters encode, as they stand.",
    );
}

/// The bugs that misread a text with challenges in it.
fn flags(cases: &mut Cases) {
    fn in_field(change: impl Fn(&str) -> String + Send + Sync + 'static) -> Bug {
        Bug::misreads_text("field", change)
    }
    decoder_flags(cases, |decoder| {
        in_field(move |field| {
            reread_params(field, &["request", "opaque"], |text| decoder.read(text))
        })
    });
    cases.flag(
        "MixesChallenges",
        "puts the parameters of several challenges into one, the last of a name winning: the payer signs one request under another challenge's id",
        in_field(mixed),
    );
    cases.flag(
        "LastWins",
        "takes the last of parameters called alike, where someone else may take the first",
        in_field(|field| reread(field, last_wins)),
    );
    cases.flag(
        "CutsAtCommas",
        "takes every comma for the end of a parameter, even inside quotes",
        in_field(cut_at_commas),
    );
    cases.flag(
        "FindsByRegex",
        "collects every name=\"value\" up to the next quote, whatever stands between",
        in_field(by_regex),
    );
    cases.flag(
        "KeepsBackslashes",
        "does not unescape quoted strings",
        in_field(keeping_backslashes),
    );
    cases.flag(
        "MatchesSchemeExactly",
        "overlooks the scheme in another case",
        in_field(|field| renamed(field, |scheme| scheme == SCHEME)),
    );
    cases.flag(
        "MatchesSchemeByPrefix",
        "takes every scheme that begins with Payment for it",
        in_field(|field| {
            renamed(field, |scheme| {
                scheme.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
            })
        }),
    );
    cases.flag(
        "MatchesNamesExactly",
        "overlooks a parameter whose name has a capital",
        in_field(|field| {
            reread(field, |challenges| {
                for challenge in challenges {
                    challenge.params.retain(|(name, _)| !name.contains(char::is_uppercase));
                }
            })
        }),
    );
    cases.flag(
        "NeedsTightGrammar",
        "refuses white space that the grammar allows, and values without quotes",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            ["= ", " =", "\t", " ,", ",,", ",i", "Payment  "]
                .iter()
                .any(|space| field.contains(space))
                || field.contains("=evm")
        }),
    );
    cases.flag(
        "NeedsPaymentFirst",
        "refuses a field that begins with another scheme",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            !field.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
        }),
    );
    cases.flag(
        "NeedsOneOrder",
        "refuses parameters in another order than its own server's",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            let places: Vec<_> =
                REQUIRED.iter().filter_map(|name| field.rfind(&format!(" {name}=\""))).collect();
            !places.is_sorted()
        }),
    );
    cases.flag(
        "NeedsKnownParameters",
        "refuses parameters it does not know, so that no new one can be added",
        Bug::refuses(|input| {
            let mut known = true;
            reread(input["field"].as_str().unwrap_or_default(), |challenges| {
                known =
                    challenges.iter().flat_map(|challenge| &challenge.params).all(|(name, _)| {
                        REQUIRED
                            .iter()
                            .chain(&OPTIONAL)
                            .any(|known| name.eq_ignore_ascii_case(known))
                    });
            });
            !known
        }),
    );
    cases.flag(
        "NeedsShortFields",
        "refuses a field of 4096 bytes",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.len() > 4000)),
    );
    cases.flag(
        "NeedsAscii",
        "refuses or loses what is not ASCII",
        in_field(|field| field.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()),
    );
    cases.flag(
        "NeedsCanonicalRequest",
        "encodes the request anew, so that what it echoes is not what the server bound",
        in_field(|field| {
            reread_params(field, &["request"], |text| {
                conform402_wire::json::EncodedObject::from_wire(text)
                    .decode()
                    .map_or_else(|_| text.to_owned(), |object| super::challenge::encoded(&object))
            })
        }),
    );
    cases.flag(
        "TakesMissing",
        "takes a required parameter that is absent for an empty one",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing")),
    );
    cases.flag(
        "FoldsMethod",
        "brings a method into lower case instead of refusing it",
        in_field(|field| reread_params(field, &["method"], str::to_lowercase)),
    );
    cases.flag(
        "TrimsValues",
        "drops white space at the ends of quoted strings",
        in_field(|field| {
            reread_params(field, &["method", "intent"], |text| text.trim().to_owned())
        }),
    );
    cases.flag(
        "TakesAnyName",
        "takes any text for a method or an intent",
        Bug::forgets(&["method-is-no-identifier", "intent-is-no-identifier"]),
    );
    cases.flag(
        "TakesAnyExpiry",
        "takes any text for an expiry: the challenge never expires, or at a time nobody meant",
        Bug::forgets(&["expires-is-no-instant"]),
    );
    cases.flag(
        "AssumesUtc",
        "takes an expiry without an offset for UTC, where others take their own time",
        in_field(|field| {
            reread_params(field, &["expires"], |text| {
                let lacks_offset =
                    text.get(10..).is_some_and(|time| !time.contains(['Z', '+', '-']));
                if lacks_offset { format!("{text}Z") } else { text.to_owned() }
            })
        }),
    );
    cases.flag(
        "LeavesRequestUnread",
        "does not look into request and opaque until it has agreed to pay",
        Bug::forgets_all(|reason| {
            ["request-is-no-", "opaque-is-no-"].iter().any(|start| reason.starts_with(start))
        }),
    );
    cases.flag(
        "KeepsControlCharacters",
        "takes CR, LF or NUL into a value that it will write into a header or a log",
        Bug::forgets(&["control-character"]),
    );
    cases.flag(
        "ReadsOnAfterTheEnd",
        "takes the end of the field for the quote that is missing there",
        in_field(|field| {
            let breaks_off = conform402_wire::auth_params::parse(field).is_err();
            if breaks_off { format!("{field}\"") } else { field.to_owned() }
        }),
    );
}

/// The field, in which only schemes that `is_payment` likes are Payment.
fn renamed(field: &str, is_payment: impl Fn(&str) -> bool) -> String {
    reread(field, |challenges| {
        for AuthChallenge { scheme, .. } in challenges {
            *scheme = if is_payment(scheme) { SCHEME } else { "Other" }.to_owned();
        }
    })
}

/// The input with one field.
fn one(field: impl Into<String>) -> Value {
    json!({ "field": field.into() })
}

/// A challenge with a realm that needs no quotes, each parameter as `write` has
/// it, separated by `between`.
fn written(challenge: &Value, between: &str, write: impl Fn(&str, &str) -> String) -> String {
    let challenge = with(challenge, "realm", PLAIN_REALM);
    let params: Vec<String> =
        params(&challenge).into_iter().map(|(name, value)| write(name, value)).collect();
    format!("{SCHEME} {}", params.join(between))
}

fn grammar(cases: &mut Cases, plain: &Value, full: &Value) {
    let quoted = |name: &str, value: &str| format!("{name}=\"{value}\"");
    cases.valid("plain", "What is required, and an expiry.", one(field(plain)));
    cases.valid("full", "Every parameter.", one(field(full)));
    cases.valid("required-only", "An expiry is optional.", one(field(&without(plain, "expires"))));
    let mut reversed = params(full);
    reversed.reverse();
    cases.valid(
        "reversed",
        "The order of parameters means nothing.",
        one(conform402_wire::auth_params::format(SCHEME, &reversed)),
    );
    cases
        .valid(
            "tokens",
            "Values that are tokens need no quotes.",
            one(written(&without(plain, "expires"), ", ", |name, value| format!("{name}={value}"))),
        )
        .should();
    cases
        .valid(
            "space-around-equals",
            "Bad white space around the sign.",
            one(written(plain, ", ", |name, value| format!("{name} =\t\"{value}\""))),
        )
        .should();
    cases.valid(
        "space-around-commas",
        "White space around a comma is optional.",
        one(written(plain, ",", quoted).replacen(',', " \t,", 1)),
    );
    cases.valid(
        "spaces-behind-scheme",
        "One or more spaces follow the scheme.",
        one(field(plain).replacen(' ', "   ", 1)),
    );
    cases
        .valid(
            "scheme-in-lower-case",
            "A scheme has no case.",
            one(field(plain).replacen(SCHEME, "payment", 1)),
        )
        .should();
    cases
        .valid(
            "capital-names",
            "Names of parameters have no case, though servers write them small.",
            one(written(plain, ", ", |name, value| quoted(&name.to_uppercase(), value))),
        )
        .should();
    for (name, comment, description) in [
        ("escapes", "Quotes and backslashes are escaped.", "He said \"hi\" \\ ok"),
        ("comma-in-a-value", "A comma inside quotes separates nothing.", "one, two=\"2\", three"),
        ("empty-description", "An optional parameter may be empty.", ""),
    ] {
        cases.valid(name, comment, one(field(&with(plain, "description", description))));
    }
    cases.valid(
        "needless-escape",
        "A backslash may be before any character.",
        one(field(plain).replace("\"charge\"", "\"ch\\arge\"")),
    );
    cases
        .valid(
            "challenge-in-a-value",
            "A challenge inside quotes is none.",
            one(field(&with(plain, "description", "x, Payment id=\"evil\", realm=\"y\""))),
        )
        .should();
    cases
        .valid(
            "description-past-ascii",
            "Text is UTF-8.",
            one(field(&with(plain, "description", "Käse ₮ 支払い 🧀"))),
        )
        .should();
    cases.valid(
        "unknown-parameter",
        "What is not known is ignored.",
        one(format!("{}, version=\"2\"", field(plain))),
    );
    let room = 4096 - field(&with(plain, "description", "")).len();
    cases.valid(
        "four-kilobytes",
        "A field of 4096 bytes.",
        one(field(&with(plain, "description", "x".repeat(room)))),
    );
    cases.invalid(
        "open-quote",
        "The last quote is missing: something was cut off.",
        one(field(plain).trim_end_matches('"')),
        "field-is-malformed",
    );
    let request = plain["request"].as_str().unwrap_or_default();
    let broken = format!("{}\n{}", &request[..8], &request[8..]);
    cases.invalid(
        "newline-in-the-request",
        "Neither this character nor the space that may replace it is base64url.",
        one(field(&with(plain, "request", broken))),
        "control-character",
    );
    cases
        .invalid(
            "line-in-the-description",
            "It may be replaced by spaces, but refusing is safe.",
            one(field(&with(plain, "description", "one\r\nSet-Cookie: two"))),
            "control-character",
        )
        .should();
}

fn parameters(cases: &mut Cases, plain: &Value) {
    for name in REQUIRED {
        cases.invalid(
            format!("no-{name}"),
            "A required parameter is absent.",
            one(field(&without(plain, name))),
            format!("{name}-is-missing"),
        );
    }
    for name in ["id", "method"] {
        cases.invalid(
            format!("empty-{name}"),
            "A required parameter says nothing.",
            one(field(&with(plain, name, ""))),
            format!("{name}-is-missing"),
        );
    }
    cases.invalid(
        "realm-twice",
        "A name stands twice, if only with one value.",
        one(format!("{}, realm=\"{PLAIN_REALM}\"", field(&with(plain, "realm", PLAIN_REALM)))),
        "realm-stands-twice",
    );
    cases.invalid(
        "two-requests",
        "Two requests: what one reader shows, another may sign.",
        one(format!("{}, request=\"e30\"", field(plain))),
        "request-stands-twice",
    );
    cases
        .invalid(
            "id-twice-in-two-cases",
            "Names have no case, so this one stands twice.",
            one(format!("{}, ID=\"other\"", field(plain))),
            "id-stands-twice",
        )
        .should();
    for (name, comment, method, must) in [
        ("method-capital", "A method is in lower case.", "EVM", true),
        ("method-space", "A space belongs to no method.", " evm", true),
        ("method-past-ascii", "A small letter, but none of a to z.", "évm", true),
        ("method-digit", "A digit is no letter.", "evm2", false),
    ] {
        let case = cases.invalid(
            name,
            comment,
            one(field(&with(plain, "method", method))),
            "method-is-no-identifier",
        );
        if !must {
            case.should();
        }
    }
    cases.valid(
        "intent-with-hyphen",
        "An intent may have digits and hyphens.",
        one(field(&with(plain, "intent", "charge-v2"))),
    );
    for (name, intent) in [("underscore", "charge_v2"), ("comma", "charge,session")] {
        cases.invalid(
            format!("intent-{name}"),
            "An intent has letters, digits and hyphens only.",
            one(field(&with(plain, "intent", intent))),
            "intent-is-no-identifier",
        );
    }
    cases.valid(
        "expires-offset",
        "An instant may have an offset, and a fraction of a second.",
        one(field(&with(plain, "expires", "2030-01-01T02:00:00.5+02:00"))),
    );
    for (name, comment, expires) in [
        ("word", "No date.", "tomorrow"),
        ("local", "No offset, so no instant.", "2030-01-01T00:00:00"),
        ("unix", "Seconds since 1970.", "1893456000"),
        ("no-such-day", "February has no 30th.", "2030-02-30T00:00:00Z"),
    ] {
        cases.invalid(
            format!("expires-{name}"),
            comment,
            one(field(&with(plain, "expires", expires))),
            "expires-is-no-instant",
        );
    }
}

fn encoded_objects(cases: &mut Cases, plain: &Value, request: &Value) {
    let carrying =
        |name: &str, bytes: &[u8]| one(field(&with(plain, name, base64url::encode(bytes))));
    let text = request.to_string();
    cases
        .valid(
            "request-not-canonical",
            "Whether the server canonicalized is not for the payer to judge: it echoes what it got.",
            carrying("request", text.replace(':', ": ").as_bytes()),
        )
        .should();
    cases
        .valid(
            "request-padded",
            "No server may pad, but every reader known takes it; it stays in the output.",
            one(field(&with(
                plain,
                "request",
                format!("{}==", base64url::encode("{\"amount\":\"100\"}")),
            ))),
        )
        .should();
    cases.valid(
        "request-past-ascii",
        "JSON outside ASCII.",
        carrying("request", "{\"amount\":\"1\",\"description\":\"Käse ₮ 🧀\"}".as_bytes()),
    );
    let whole = plain["request"].as_str().unwrap_or_default();
    let spaced = format!("{} {}", &whole[..8], &whole[8..]);
    let standard =
        base64url::encode("{\"a\":\"~~~~~~??????\"}").replace('-', "+").replace('_', "/");
    for (name, comment, request, must) in [
        ("raw", "JSON that is not encoded at all.", text.clone(), true),
        (
            "length",
            "No bytes encode to 4n + 1 characters.",
            format!("{}A", base64url::encode("{} ")),
            true,
        ),
        ("space", "A space inside.", spaced, false),
        ("alphabet", "The other alphabet.", standard, false),
    ] {
        let case = cases.invalid(
            format!("request-{name}"),
            comment,
            one(field(&with(plain, "request", request))),
            "request-is-no-base64url",
        );
        if !must {
            case.should();
        }
    }
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, comment, bytes, kind) in [
        ("broken-utf8", "A byte that UTF-8 does not have.", &b"{\"amount\":\"1\xff\"}"[..], "utf8"),
        ("utf16", "Text in UTF-16.", &utf16, "json"),
        ("text", "No JSON.", b"amount=1", "json"),
        ("two-values", "Two objects.", b"{\"amount\":\"1\"}{\"amount\":\"2\"}", "json"),
        ("nan", "NaN is no number of JSON.", b"{\"amount\":NaN}", "json"),
        ("list", "A list.", b"[{\"amount\":\"1\"}]", "object"),
    ] {
        cases.invalid(
            format!("request-{name}"),
            comment,
            carrying("request", bytes),
            format!("request-is-no-{kind}"),
        );
    }
    for (name, comment, bytes, reason) in [
        ("list", "A list.", &b"[[\"order\",\"42\"]]"[..], "opaque-is-no-object"),
        ("number", "A value that is no string.", b"{\"order\":42}", "opaque-is-no-map-of-text"),
    ] {
        cases.invalid(format!("opaque-{name}"), comment, carrying("opaque", bytes), reason);
    }
    cases.invalid(
        "opaque-raw",
        "An object that is not encoded.",
        one(field(&with(plain, "opaque", "{\"order\":\"42\"}"))),
        "opaque-is-no-base64url",
    );
}

fn other_challenges(cases: &mut Cases, plain: &Value) {
    let payment = field(plain);
    for (name, comment, field) in [
        (
            "bearer-before",
            "Another scheme before it.",
            format!("Bearer realm=\"other\", {payment}"),
        ),
        ("bare-scheme-before", "A scheme without parameters.", format!("Negotiate, {payment}")),
        ("token68-before", "A scheme with a token68.", format!("Negotiate YII+/w==, {payment}")),
    ] {
        cases.valid(name, comment, one(field)).should();
    }
    for (name, comment, field) in [
        (
            "all-of-it-in-bearer",
            "The parameters, but another scheme's.",
            payment.replacen(SCHEME, "Bearer", 1),
        ),
        (
            "longer-scheme",
            "A scheme whose name is longer.",
            payment.replacen(SCHEME, "Payment2", 1),
        ),
        (
            "in-another-value",
            "A challenge inside another scheme's quotes is only text.",
            "Bearer error_description=\"x, Payment id=a, realm=r, method=evm, intent=charge, request=e30\"".to_owned(),
        ),
    ] {
        cases.invalid(name, comment, one(field), "no-payment-challenge");
    }
    for (missing, other, first) in
        [("realm", "Bearer realm=\"other\"", true), ("request", "Other request=\"e30\"", false)]
    {
        let lacking = field(&without(plain, missing));
        let place = if first { "before" } else { "behind" };
        let whole =
            if first { format!("{other}, {lacking}") } else { format!("{lacking}, {other}") };
        cases.invalid(
            format!("{missing}-of-the-challenge-{place}"),
            "A parameter of another challenge does not stand in for a missing one.",
            one(whole),
            format!("{missing}-is-missing"),
        );
    }
    cases.invalid(
        "token68",
        "The form of a credential.",
        one("Payment eyJpZCI6IngifQ=="),
        "id-is-missing",
    );
    let cheap = with(plain, "id", "aaaaaaaaaaaaaaaaaaaaaa");
    cases.invalid(
        "two-challenges",
        "Two challenges; who mixes them signs one under the id of the other.",
        one(format!("{}, {payment}", field(&cheap))),
        "several-payment-challenges",
    );
    cases.invalid(
        "two-halves",
        "Two challenges that are one only if mixed.",
        one(format!("Payment id=\"aaaaaaaaaaaaaaaaaaaaaa\", {}", field(&without(plain, "id")))),
        "several-payment-challenges",
    );
}
