//! The digest that binds a challenge to a request body. RFC 9530.

use alloy::hex;
use conform402_wire::base64url;
use conform402_wire::digest::{self, WrongDigest};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "mpp.digest.rfc9530",
            evaluate: |input, steps| compute(input, steps, digest::rfc9530),
            describe: |cases| {
                cases.summary("The digest of a request body, in the form of RFC 9530.");
                cases.source(
                    "The digest value is computed per [RFC9530]",
                    "draft-httpauth-payment-00, \"Request Body Digest Binding\"",
                );
                cases
                    .rule("`digest` is sha-256= and the padded base64 of the hash between colons.");
                cases.flag(
                    "WithoutColons",
                    "writes no colons, so that a parser of structured fields refuses it",
                    miswrites(|digest| digest.replace(':', "")),
                );
                compute_cases(cases);
            },
        },
        Operation {
            name: "mpp.digest.without-colons",
            evaluate: |input, steps| compute(input, steps, digest::without_colons),
            describe: |cases| {
                cases.summary(
                    "The digest of a request body, in the form that the published SDKs write.",
                );
                cases.source(
                    "A digest string in the format `sha-256=base64hash`.",
                    "Machine Payments Protocol (seed 001), \"BodyDigest.compute\"",
                );
                cases.rule("`digest` is sha-256= and the padded base64 of the hash.");
                cases.flag(
                    "WithColons",
                    "writes colons, which who compares text does not expect",
                    miswrites(|digest| digest.replacen('=', "=:", 1) + ":"),
                );
                compute_cases(cases);
            },
        },
        Operation { name: "mpp.digest.verify", evaluate: verify, describe: verify_cases },
    ]
}

fn compute(
    input: &Input<'_>,
    steps: &mut Steps,
    form: fn(&[u8]) -> String,
) -> Result<Value, Refusal> {
    let body = input.bytes("body")?;
    record_hash(steps, &body);
    Ok(json!({ "digest": form(&body) }))
}

fn verify(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let claimed = input.text("digest")?;
    let body = input.bytes("body")?;
    record_hash(steps, &body);
    digest::verify(claimed, &body).map_err(|wrong| {
        Refusal::new(match wrong {
            WrongDigest::Algorithm => "no-sha-256",
            WrongDigest::Encoding => "no-base64",
            WrongDigest::Length(_) => "no-hash",
            WrongDigest::OtherBody => "other-body",
        })
    })?;
    Ok(json!({ "algorithm": "sha-256" }))
}

fn record_hash(steps: &mut Steps, body: &[u8]) {
    steps.record("sha256", hex::encode_prefixed(Sha256::digest(body)));
    let form = digest::without_colons(body);
    steps.record("base64", form.trim_start_matches("sha-256="));
}

fn miswrites(change: fn(&str) -> String) -> Bug {
    Bug::miswrites(move |output| {
        if let Some(Value::String(digest)) = output.get_mut("digest") {
            *digest = change(digest);
        }
    })
}

/// A bug that changes a body before it hashes it.
fn misreads(change: fn(&[u8]) -> Vec<u8>) -> Bug {
    Bug::misreads_text("body", move |body| match hex::decode(body) {
        Ok(bytes) if body.starts_with("0x") => hex::encode_prefixed(change(&bytes)),
        _ => body.to_owned(),
    })
}

/// What an implementation does to a body that it does not take for bytes.
fn body_flags(cases: &mut Cases) {
    cases.flag(
        "ReserializesJson",
        "hashes the JSON it read instead of the bytes that were sent, so that honest payers are refused",
        misreads(|body| match serde_json::from_slice::<Value>(body) {
            Ok(value) => value.to_string().into_bytes(),
            Err(_) => body.to_vec(),
        }),
    );
    cases.flag(
        "BodyAsText",
        "takes the body for UTF-8, so that bodies that are none share a digest",
        misreads(|body| String::from_utf8_lossy(body).into_owned().into_bytes()),
    );
    cases.flag(
        "TrimsBody",
        "hashes the body without the white space around it",
        misreads(|body| body.trim_ascii().to_vec()),
    );
    cases.flag(
        "UnixLines",
        "hashes the body with other line ends",
        misreads(|body| String::from_utf8_lossy(body).replace("\r\n", "\n").into_bytes()),
    );
    cases.flag(
        "DropsMark",
        "hashes the body without its byte order mark",
        misreads(|body| body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).to_vec()),
    );
    cases.flag(
        "ComposesText",
        "hashes text in another Unicode form",
        misreads(|body| String::from_utf8_lossy(body).replace("e\u{301}", "\u{e9}").into_bytes()),
    );
}

fn compute_cases(cases: &mut Cases) {
    cases.rule("`body` is 0x and the hexadecimal digits of the bytes as they were sent; anything else is refused.");
    body_flags(cases);
    cases.flag(
        "HexadecimalHash",
        "encodes the hash's hexadecimal digits",
        miswrites(|digest| {
            let (algorithm, form) = digest.split_at(8);
            let base64 = form.trim_matches(':').replace('+', "-").replace('/', "_");
            let hash = base64url::decode(&base64).unwrap_or_default();
            let digits = base64url::encode(hex::encode(hash)) + "==";
            if form.starts_with(':') {
                format!("{algorithm}:{digits}:")
            } else {
                format!("{algorithm}{digits}")
            }
        }),
    );
    cases.flag(
        "Base64Url",
        "writes base64url, as all else in the header is",
        miswrites(|digest| {
            let (algorithm, hash) = digest.split_at(8);
            algorithm.to_owned() + &hash.replace('+', "-").replace('/', "_")
        }),
    );
    cases.flag(
        "TakesMisfits",
        "hashes something for a body that is no bytes",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
    for (name, comment, body) in bodies() {
        cases.valid(name, comment, json!({ "body": hex::encode_prefixed(body) }));
    }
    for (name, comment, value) in [
        ("half-a-byte", "An odd number of digits.", json!("0x7b7")),
        ("unprefixed", "Without 0x.", json!("7b7d")),
        ("text", "JSON itself, not its bytes.", json!("{\"q\":1}")),
        ("object", "An object that nobody serialized: its bytes are unknown.", json!({ "q": 1 })),
    ] {
        cases.invalid(name, comment, json!({ "body": value }), "body-is-no-bytes");
    }
    cases.invalid("missing", "No body is not an empty one.", json!({}), "body-is-missing");
}

fn bodies() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("empty", "An empty body has a digest.", text("")),
        ("json", "JSON as most write it.", text(r#"{"q":1}"#)),
        ("spaced-json", "The same value in other bytes.", text(r#"{ "q": 1 }"#)),
        ("unsorted-json", "Bytes are hashed as they are, not sorted.", text(r#"{"b":1,"a":2}"#)),
        ("number", "A number in a form no serializer gives it.", text(r#"{"q":1.0e2}"#)),
        ("escaped-json", "Escapes are bytes like others.", text(r#"{"q":"\u20ae\/"}"#)),
        ("name-twice", "Whether it is good JSON does not matter.", text(r#"{"q":1,"q":2}"#)),
        ("line-feed", "A line feed at the end belongs to the body.", text("text\n")),
        ("line-ends", "Line ends stay as they are.", text("one\r\ntwo")),
        ("mark", "A byte order mark belongs to the body.", text("\u{feff}text")),
        ("past-ascii", "UTF-8.", text("Käse ₮ 🧀")),
        ("decomposed", "No other Unicode form.", text("Cafe\u{301}")),
        ("form", "No JSON at all.", text("q=1&r=2")),
        ("zero", "A byte of zero.", vec![0]),
        ("no-text", "Bytes that are no UTF-8.", vec![0x80, 0xff, 0xfe, 0xc3, 0x28]),
        (
            "compressed",
            "Compressed content is hashed as it is sent.",
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff],
        ),
        ("55-bytes", "The most that one block holds beside its padding.", vec![b'x'; 55]),
        ("64-bytes", "A whole block.", vec![b'x'; 64]),
    ]
}

fn verify_cases(cases: &mut Cases) {
    cases.summary("Whether a request body is the one a challenge was issued for.");
    cases.source(
        "Reject the credential if the digests do not match",
        "draft-httpauth-payment-00, \"Request Body Digest Binding\"",
    );
    cases.source(
        "These algorithms MAY be used to preserve integrity against corruption, but MUST NOT be used in a potentially adversarial setting",
        "RFC 9530, \"Hash Algorithm Considerations and Registration\"",
    );
    cases.source(
        "**Type:** `` `sha-256=${string}` `` The digest to verify.",
        "Machine Payments Protocol (seed 001), \"BodyDigest.verify\"",
    );
    cases.rule("Both forms are taken: sha-256=:base64: and sha-256=base64, with base64 of the 32 bytes of the hash. The text is that and nothing else.");
    cases.rule(
        "No case lacks padding, or sets unused bits of base64: RFC 8941 leaves both to the reader.",
    );
    body_flags(cases);
    cases.flag(
        "OtherBody",
        "does not compare: a payment for one body buys another",
        Bug::forgets(&["other-body"]),
    );
    cases.flag(
        "OtherAlgorithm",
        "takes a digest of an algorithm it does not know, or must not trust, for a good one",
        Bug::forgets(&["no-sha-256"]),
    );
    cases.flag(
        "BrokenEncoding",
        "takes a digest it cannot decode for one that binds nothing",
        Bug::forgets(&["no-base64"]),
    );
    cases.flag(
        "PartOfHash",
        "compares as many bytes as there are: an empty digest fits every body",
        Bug::forgets(&["no-hash"]),
    );
    cases.flag(
        "ColonsOnly",
        "refuses the form the published SDKs write",
        Bug::refuses(|input| input["digest"].as_str().is_some_and(|text| !text.ends_with(':'))),
    );
    cases.flag(
        "NoColons",
        "refuses the form of RFC 9530",
        Bug::refuses(|input| input["digest"].as_str().is_some_and(|text| text.ends_with(':'))),
    );
    let input = |digest: String, body: &[u8]| json!({ "digest": digest, "body": hex::encode_prefixed(body) });
    for (name, comment, body) in bodies() {
        if matches!(name, "empty" | "json" | "spaced-json" | "line-feed" | "decomposed" | "no-text")
        {
            cases.valid(name, comment, input(digest::rfc9530(&body), &body));
            let name = format!("{name}-without-colons");
            cases.valid(name, comment, input(digest::without_colons(&body), &body));
        }
    }
    let body = br#"{"q":1}"#;
    for (name, comment, other) in [
        ("other-body", "A dearer request.", &br#"{"q":2}"#[..]),
        ("other-spelling", "The same value in other bytes.", br#"{ "q": 1 }"#),
        ("line-feed-more", "A line feed more.", b"{\"q\":1}\n"),
        ("mark-more", "A byte order mark more.", b"\xef\xbb\xbf{\"q\":1}"),
        ("empty-body", "No body where there was one.", b""),
        ("zero-more", "A byte more.", b"{\"q\":1}\0"),
    ] {
        cases.invalid(name, comment, input(digest::rfc9530(body), other), "other-body");
        let name = format!("{name}-without-colons");
        cases.invalid(name, comment, input(digest::without_colons(body), other), "other-body");
    }
    cases.invalid(
        "other-line-ends",
        "Line ends that someone changed on the way.",
        input(digest::rfc9530(b"one\r\ntwo"), b"one\ntwo"),
        "other-body",
    );
    cases.invalid(
        "other-bytes-that-are-no-text",
        "Two bodies that look alike once they are read as UTF-8.",
        input(digest::rfc9530(&[0x80, 0xff]), &[0xff, 0x80]),
        "other-body",
    );
    cases.invalid(
        "other-unicode-form",
        "The same text, composed.",
        input(digest::rfc9530("Cafe\u{301}".as_bytes()), "Caf\u{e9}".as_bytes()),
        "other-body",
    );
    let right = digest::without_colons(body);
    let hash = right.trim_start_matches("sha-256=");
    for (name, comment, digest) in [
        ("no-digest", "Nothing binds nothing.", String::new()),
        ("no-algorithm", "A hash alone.", hash.to_owned()),
        ("sha-512-in-name", "Another algorithm than the hash is of.", format!("sha-512=:{hash}:")),
        ("unknown-algorithm", "An algorithm that does not exist.", format!("sha-257=:{hash}:")),
        (
            "other-name",
            "A name of the algorithm that RFC 9530 does not register.",
            format!("sha256=:{hash}:"),
        ),
        ("upper-case", "Keys of structured fields are lower case.", format!("SHA-256=:{hash}:")),
        ("space-in-the-name", "White space where there is none.", format!("sha-256 =:{hash}:")),
        ("md5", "The right digest, of an algorithm that protects from nobody.", MD5.to_owned()),
    ] {
        cases.invalid(name, comment, input(digest, body), "no-sha-256");
    }
    cases
        .invalid(
            "sha-512",
            "The right digest, of an algorithm that the published SDKs do not have.",
            input(SHA_512.to_owned(), body),
            "no-sha-256",
        )
        .should();
    for (name, comment, digest) in [
        ("base64url", "The other alphabet.", format!("sha-256=:{}:", hash.replace('+', "-"))),
        ("quoted", "A string, not bytes.", format!("sha-256=\"{hash}\"")),
        ("first-colon-only", "Half of one form.", format!("sha-256=:{hash}")),
        ("last-colon-only", "Half of the other.", format!("sha-256={hash}:")),
        (
            "space-within",
            "White space within base64.",
            format!("sha-256=:{} {}:", &hash[..20], &hash[20..]),
        ),
        (
            "junk-within",
            "A character that base64 does not have.",
            format!("sha-256=:{}!{}:", &hash[..20], &hash[20..]),
        ),
    ] {
        cases.invalid(name, comment, input(digest, body), "no-base64");
    }
    for (name, comment, digest) in [
        ("no-hash", "Nothing behind the algorithm.", "sha-256=".to_owned()),
        ("no-hash-between-colons", "Nothing between the colons.", "sha-256=::".to_owned()),
        (
            "half-a-hash",
            "The first 15 bytes of the right hash.",
            format!("sha-256=:{}:", &hash[..20]),
        ),
        (
            "hexadecimal",
            "The hash's digits, which are characters of base64, too.",
            format!("sha-256=:{}:", hex::encode(Sha256::digest(body))),
        ),
        (
            "hash-and-more",
            "The right hash, and four bytes more.",
            format!("sha-256=:{}AAAA:", hash.replace('=', "A")),
        ),
        (
            "hexadecimal-in-base64",
            "Base64 of the hash's hexadecimal digits.",
            format!("sha-256=:{}:", digits_in_base64(body)),
        ),
    ] {
        cases.invalid(name, comment, input(digest, body), "no-hash");
    }
}

/// Base64 of the hash's hexadecimal digits, which need neither of the
/// characters in which base64url differs.
fn digits_in_base64(body: &[u8]) -> String {
    base64url::encode(hex::encode(Sha256::digest(body))) + "=="
}

/// Of `{"q":1}`.
const MD5: &str = "md5=:63qNZhuM+U7DFKfFnYCgvw==:";

/// Of `{"q":1}`.
const SHA_512: &str = "sha-512=:b5vHmWTdmPPsL0M8xB2TLDsXVsxrzEQ2glwvHXZzaWdwPEMcDiuZm6TmnwxLrVyQWtG/pYO3wmLfTdYy74CiGQ==:";
