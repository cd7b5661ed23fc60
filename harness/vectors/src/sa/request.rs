//! The signature of a request to the SA.

use alloy::hex;
use conform402_wire::challenge::hmac_sha256;
use conform402_wire::sa::auth;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::change::{with, without};
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "sa.request.sign",
            evaluate: |input, steps| {
                let mac = mac(input, steps, str::as_bytes, |parts| parts.concat())?;
                Ok(json!({ "signature": auth::encode(&mac) }))
            },
            describe: describe_sign,
        },
        Operation {
            name: "sa.request.verify",
            evaluate: |input, steps| verify(input, steps, |expected, given| expected == given),
            describe: describe_verify,
        },
    ]
}

/// The code over a request; bugs take another key, or join the parts otherwise.
fn mac(
    input: &Input<'_>,
    steps: &mut Steps,
    key: fn(&str) -> &[u8],
    join: fn(&[&str; 4]) -> String,
) -> Result<Vec<u8>, Refusal> {
    let secret = input.text("secret")?;
    let parts =
        [input.text("timestamp")?, input.text("method")?, input.text("path")?, input.text("body")?];
    let message = join(&parts);
    steps.record("message", message.clone());
    let mac = hmac_sha256(key(secret), message.as_bytes());
    steps.record("mac", hex::encode_prefixed(mac));
    Ok(mac.to_vec())
}

/// Verification; bugs compare otherwise.
fn verify(
    input: &Input<'_>,
    steps: &mut Steps,
    same: fn(&str, &str) -> bool,
) -> Result<Value, Refusal> {
    let given = input.text("signature")?;
    let expected = auth::encode(&mac(input, steps, str::as_bytes, |parts| parts.concat())?);
    steps.record("expected", expected.clone());
    if same(&expected, given) { Ok(json!({ "valid": true })) } else { refuse("signature-mismatch") }
}

const SECRET: &str = "22582BD0CFF14C41EDBF1AB98506286D";

fn about(cases: &mut Cases) {
    cases.source(
        "signature = Base64(HMAC-SHA256(secretKey, timestamp + METHOD + requestPath + body))",
        "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
    );
    cases.rule("The message is timestamp, method, path and body, one behind the other with nothing between; key and message are UTF-8.");
    cases.rule("The timestamp enters as it is sent, the path with its query and as it is escaped, the body byte for byte as it is sent. The body of a GET is empty.");
    cases.rule("Base64 is that of RFC 4648, section 4: the alphabet with + and /, padded with =.");
    for (flag, hunts, bug) in [
        (
            "LowerMethod",
            "takes the method in lower case",
            Bug::misreads_text("method", str::to_lowercase),
        ),
        (
            "PathWithoutQuery",
            "leaves the query out of the message, so that one signature reads every channel",
            Bug::misreads_text("path", |path| {
                path.split_once('?').map_or(path, |(path, _)| path).to_owned()
            }),
        ),
        (
            "UnescapesPath",
            "unescapes the path before it is signed",
            Bug::misreads_text("path", |path| path.replace("%20", " ")),
        ),
        (
            "BodyWrittenAnew",
            "signs the body's JSON written anew, not the bytes that are sent",
            Bug::misreads_text("body", |body| {
                serde_json::from_str::<Value>(body)
                    .map_or_else(|_| body.to_owned(), |value| value.to_string())
            }),
        ),
        (
            "EscapesPastAscii",
            "signs a body whose characters outside ASCII are escaped, and sends another",
            Bug::misreads_text("body", |body| {
                let escape = |c: char| match c {
                    c if c.is_ascii() => c.to_string(),
                    c => c
                        .encode_utf16(&mut [0; 2])
                        .iter()
                        .map(|unit| format!("\\u{unit:04x}"))
                        .collect(),
                };
                body.chars().map(escape).collect()
            }),
        ),
        (
            "IgnoresBody",
            "leaves the body out of the message, so that a signature holds for every body",
            Bug::misreads_text("body", |_| String::new()),
        ),
        (
            "NormalizesTimestamp",
            "signs the timestamp in another form than it is sent in",
            Bug::misreads_text("timestamp", |text| {
                conform402_wire::timestamp::parse(text)
                    .map_or_else(|_| text.to_owned(), conform402_wire::timestamp::format_millis)
            }),
        ),
        (
            "ConstantSecret",
            "signs with a secret of its own",
            Bug::misreads_text("secret", |_| "secret".to_owned()),
        ),
        (
            "TakesMisfits",
            "signs something for what is absent or no text",
            Bug::forgets_all(|reason| {
                reason.ends_with("-is-missing") || reason.ends_with("-is-no-text")
            }),
        ),
    ] {
        cases.flag(flag, hunts, bug);
    }
}

/// Requests, each with the name and comment of its case.
fn requests() -> Vec<(&'static str, &'static str, Value)> {
    let channel = format!("0x{}", "c1".repeat(32));
    let settle = json!({
        "payload": {
            "action": "settle",
            "channelId": channel,
            "cumulativeAmount": "250000",
            "nonce": "7",
            "deadline": "1893456000",
        },
    });
    let status = format!("/api/v6/pay/mpp/session/status?channelId={channel}");
    let post = |timestamp: &str, body: &str| {
        json!({
            "timestamp": timestamp,
            "method": "POST",
            "path": "/api/v6/pay/mpp/session/settle",
            "body": body,
        })
    };
    let seconds = "2030-01-01T00:00:00Z";
    let get =
        |path: &str| json!({ "timestamp": seconds, "method": "GET", "path": path, "body": "" });
    vec![
        ("seconds", "A timestamp in seconds.", post(seconds, &settle.to_string())),
        (
            "milliseconds",
            "A timestamp in milliseconds.",
            post("2030-01-01T00:00:00.123Z", &settle.to_string()),
        ),
        (
            "no-milliseconds",
            "Three zeros are not left out.",
            post("2030-01-01T00:00:00.000Z", &settle.to_string()),
        ),
        ("get", "A GET: the query belongs to the path, and the body is empty.", get(&status)),
        ("get-without-query", "A GET without a query.", get("/api/v6/pay/x402/supported")),
        (
            "escaped-query",
            "A query enters as it is escaped.",
            get(&format!("{status}&note=two%20words")),
        ),
        (
            "spaced-body",
            "A body with spaces behind its colons and commas, as Python writes it.",
            post(seconds, r#"{"payload": {"action": "close", "nonce": "7"}}"#),
        ),
        (
            "pretty-body",
            "A body on several lines.",
            post(seconds, "{\n  \"payload\": {\n    \"action\": \"close\"\n  }\n}\n"),
        ),
        (
            "unsorted-body",
            "A body whose members are in no order.",
            post(seconds, r#"{"payload":{"nonce":"7","action":"close"},"challenge":null}"#),
        ),
        (
            "body-past-ascii",
            "A body outside ASCII.",
            post(seconds, r#"{"payload":{"memo":"Käse ₮ 🧀"}}"#),
        ),
        (
            "escaped-body",
            "The same body, escaped: other bytes, another signature.",
            post(seconds, r#"{"payload":{"memo":"K\u00e4se \u20ae \ud83e\uddc0"}}"#),
        ),
        (
            "html-in-the-body",
            "Signs that some serializers escape.",
            post(seconds, r#"{"payload":{"memo":"<a>&b</a>"}}"#),
        ),
        ("empty-object", "A body of two bytes.", post(seconds, "{}")),
        ("empty-body", "A POST without a body.", post(seconds, "")),
        (
            "long-body",
            "A body of several kilobytes.",
            post(seconds, &json!({ "memo": "charge ".repeat(600) }).to_string()),
        ),
    ]
}

/// A request whose signature has both characters by which base64 and base64url
/// differ.
fn both_alphabets() -> Value {
    let request = |index: u64| {
        json!({
            "timestamp": "2030-01-01T00:00:00Z",
            "method": "POST",
            "path": "/api/v6/pay/mpp/session/close",
            "body": json!({ "nonce": index.to_string() }).to_string(),
        })
    };
    (0..1000)
        .map(request)
        .find(|request| {
            let signature = signed(SECRET, request);
            signature.contains('+') && signature.contains('/') && !signature.starts_with('+')
        })
        .unwrap_or_default()
}

fn signed(secret: &str, request: &Value) -> String {
    let part = |name: &str| request[name].as_str().unwrap_or_default();
    auth::sign(secret, part("timestamp"), part("method"), part("path"), part("body").as_bytes())
}

fn misfits(cases: &mut Cases, request: &Value) {
    for member in ["timestamp", "method", "path", "body"] {
        cases.invalid(
            format!("no-{member}"),
            "Part of the message is absent; nothing may stand in for it.",
            without(request, member),
            format!("{member}-is-missing"),
        );
    }
    for (member, name, value) in [
        ("timestamp", "timestamp-as-number", json!(1_893_456_000)),
        ("body", "body-as-object", json!({ "payload": {} })),
        ("path", "path-as-list", json!(["/api"])),
    ] {
        cases.invalid(
            name,
            "Part of the message is no text.",
            with(request, member, value),
            format!("{member}-is-no-text"),
        );
    }
}

fn describe_sign(cases: &mut Cases) {
    cases.summary("The value of OK-ACCESS-SIGN for a request to the SA.");
    about(cases);
    cases.flag(
        "JoinsWithLines",
        "puts a line break between the parts",
        Bug::differs(|input| {
            let join: fn(&[&str; 4]) -> String = |parts| parts.join("\n");
            let mac = mac(&Input::new(input), &mut Steps::default(), str::as_bytes, join)?;
            Ok(json!({ "signature": auth::encode(&mac) }))
        }),
    );
    cases.flag(
        "Hexadecimal",
        "writes the code in hexadecimal",
        Bug::differs(|input| {
            let input = Input::new(input);
            let mac = mac(&input, &mut Steps::default(), str::as_bytes, |parts| parts.concat())?;
            Ok(json!({ "signature": hex::encode(mac) }))
        }),
    );
    cases.flag(
        "UrlAlphabet",
        "writes the code in base64url, whose alphabet most signatures show",
        Bug::miswrites(|output| {
            if let Some(Value::String(text)) = output.get_mut("signature") {
                *text = text.replace('+', "-").replace('/', "_");
            }
        }),
    );
    cases.flag(
        "Unpadded",
        "leaves out the padding",
        Bug::miswrites(|output| {
            if let Some(Value::String(text)) = output.get_mut("signature") {
                *text = text.trim_end_matches('=').to_owned();
            }
        }),
    );
    cases.group(json!({ "secret": SECRET }));
    let requests = requests();
    for (name, comment, request) in &requests {
        cases.valid(*name, *comment, request.clone());
    }
    cases.valid(
        "both-alphabets",
        "The signature has the two characters by which base64 and base64url differ.",
        both_alphabets(),
    );
    let plain = &requests[0].2;
    misfits(cases, plain);
    for (name, secret, comment) in [
        ("secret-past-ascii", "Schlüssel ₮".to_owned(), "The key is the secret's UTF-8."),
        (
            "secret-in-base64",
            "c2VjcmV0IGtleQ==".to_owned(),
            "A secret that could be decoded, and is not.",
        ),
        ("secret-in-hexadecimal", "00ff".repeat(16), "A secret that could be decoded, and is not."),
        ("secret-past-a-block", "k".repeat(65), "HMAC hashes a key of more than 64 bytes."),
    ] {
        cases.group(json!({ "secret": secret }));
        cases.valid(name, comment, plain.clone());
    }
}

fn describe_verify(cases: &mut Cases) {
    cases.summary("Verifies the OK-ACCESS-SIGN of a request to the SA.");
    about(cases);
    cases.source(
        "Implementations MUST reject the encoded data if it contains characters outside the base alphabet when interpreting base-encoded data, unless the specification referring to this document explicitly states otherwise.",
        "RFC 4648, \"Interpretation of Non-Alphabet Characters in Encoded Data\"",
    );
    cases
        .rule("The output is {\"valid\": true}; whatever is not exactly the signature is refused.");
    for (flag, hunts, bug) in [
        ("AnySignature", "does not compare the signature", Bug::forgets(&["signature-mismatch"])),
        (
            "IgnoresCase",
            "compares without regard to case, which leaves an attacker far fewer to guess",
            Bug::differs(|input| {
                verify(&Input::new(input), &mut Steps::default(), |expected, given| {
                    expected.eq_ignore_ascii_case(given)
                })
            }),
        ),
        (
            "PrefixIsEnough",
            "compares as many characters as it is given",
            Bug::differs(|input| {
                verify(&Input::new(input), &mut Steps::default(), |expected, given| {
                    expected.starts_with(given)
                })
            }),
        ),
        (
            "AnyEncoding",
            "takes hexadecimal, base64url, and base64 with whitespace or without padding",
            Bug::misreads_text("signature", |text| {
                let plain: String = text.split_whitespace().collect();
                if let Ok(bytes) = hex::decode(&plain) {
                    return auth::encode(&bytes);
                }
                let unpadded = plain.trim_end_matches('=').replace('-', "+").replace('_', "/");
                unpadded + "="
            }),
        ),
    ] {
        cases.flag(flag, hunts, bug);
    }
    cases.group(json!({ "secret": SECRET }));
    let with_signature = |request: &Value, signature: String| with(request, "signature", signature);
    for (name, comment, request) in requests() {
        let signature = signed(SECRET, &request);
        cases.valid(name, comment, with_signature(&request, signature));
    }
    let request = both_alphabets();
    let good = signed(SECRET, &request);
    cases.valid(
        "both-alphabets",
        "The signature has the two characters by which base64 and base64url differ.",
        with_signature(&request, good.clone()),
    );
    signed_for_others(cases);
    let middle = good.len() / 2;
    let spoiled = {
        let first = if good.starts_with('A') { "B" } else { "A" };
        format!("{first}{}", &good[1..])
    };
    let decoded = signed_in_hexadecimal(&request);
    for (name, comment, signature) in [
        ("one-character-off", "Another first character.", spoiled),
        ("upper-case", "In capitals.", good.to_uppercase()),
        ("first-half", "The first half.", good[..middle].to_owned()),
        ("empty", "No characters.", String::new()),
        ("hexadecimal", "The right code, in hexadecimal.", decoded),
        ("base64url", "The right code, in base64url.", good.replace('+', "-").replace('/', "_")),
        ("unpadded", "Without the padding.", good.trim_end_matches('=').to_owned()),
        ("space-behind", "A space behind it.", format!("{good} ")),
        ("line-behind", "A line break behind it.", format!("{good}\n")),
        ("space-inside", "A space inside.", format!("{} {}", &good[..middle], &good[middle..])),
    ] {
        cases.invalid(name, comment, with_signature(&request, signature), "signature-mismatch");
    }
    cases.invalid(
        "no-signature",
        "The signature is absent.",
        request.clone(),
        "signature-is-missing",
    );
    let plain = with_signature(&request, good);
    misfits(cases, &plain);
}

fn signed_in_hexadecimal(request: &Value) -> String {
    let input = with(request, "secret", SECRET);
    let mac =
        mac(&Input::new(&input), &mut Steps::default(), str::as_bytes, |parts| parts.concat());
    hex::encode(mac.unwrap_or_default())
}

/// Good signatures, each of a request that differs in one part.
fn signed_for_others(cases: &mut Cases) {
    let requests = requests();
    let named = |wanted: &str| {
        let found = requests.iter().find(|(name, ..)| *name == wanted);
        found.map(|(_, _, request)| request.clone()).unwrap_or_default()
    };
    let (post, get) = (&named("seconds"), &named("get"));
    let (spaced, past_ascii) = (&named("spaced-body"), &named("body-past-ascii"));
    let body = |request: &Value| request["body"].as_str().unwrap_or_default().to_owned();
    let path = get["path"].as_str().unwrap_or_default();
    let plain_path = path.split('?').next().unwrap_or_default();
    let compact = serde_json::from_str::<Value>(&body(spaced)).unwrap_or_default().to_string();
    for (name, comment, request, other) in [
        (
            "another-timestamp",
            "Signed a second earlier.",
            post,
            with(post, "timestamp", "2029-12-31T23:59:59Z"),
        ),
        (
            "same-instant",
            "Signed with the same instant in another spelling.",
            post,
            with(post, "timestamp", "2030-01-01T00:00:00.000Z"),
        ),
        (
            "lower-method",
            "Signed with the method in lower case.",
            post,
            with(post, "method", "post"),
        ),
        (
            "another-path",
            "Signed for another endpoint.",
            post,
            with(post, "path", "/api/v6/pay/mpp/session/close"),
        ),
        ("without-query", "Signed without the query.", get, with(get, "path", plain_path)),
        (
            "another-query",
            "Signed for another channel.",
            get,
            with(get, "path", path.replace("c1", "c2")),
        ),
        (
            "another-amount",
            "Signed with another amount in the body.",
            post,
            with(post, "body", body(post).replace("250000", "250001")),
        ),
        ("without-body", "Signed without the body.", post, with(post, "body", "")),
        (
            "body-written-anew",
            "Signed over the same JSON without its spaces.",
            spaced,
            with(spaced, "body", compact),
        ),
        (
            "body-escaped",
            "Signed over the same JSON, escaped.",
            past_ascii,
            with(past_ascii, "body", r#"{"payload":{"memo":"K\u00e4se \u20ae \ud83e\uddc0"}}"#),
        ),
    ] {
        let input = with(request, "signature", signed(SECRET, &other));
        cases.invalid(name, comment, input, "signature-mismatch");
    }
    cases.invalid(
        "another-secret",
        "Signed with another secret.",
        with(post, "signature", signed("secret", post)),
        "signature-mismatch",
    );
}
