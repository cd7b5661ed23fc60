//! Base64url, in which all JSON of MPP's headers travels. RFC 4648, "Base 64
//! Encoding with URL and Filename Safe Alphabet".

use alloy::hex;
use conform402_wire::base64url::{self, NotBase64Url};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "mpp.base64url.encode", evaluate: encode, describe: encode_cases },
        Operation { name: "mpp.base64url.decode", evaluate: decode, describe: decode_cases },
    ]
}

fn encode(input: &Input<'_>, _: &mut Steps) -> Result<Value, Refusal> {
    Ok(json!({ "text": base64url::encode(input.bytes("bytes")?) }))
}

fn decode(input: &Input<'_>, _: &mut Steps) -> Result<Value, Refusal> {
    let bytes = base64url::decode(input.text("text")?).map_err(|error| {
        Refusal::new(match error {
            NotBase64Url::Alphabet(_) => "outside-the-alphabet",
            NotBase64Url::Length(_) => "no-such-length",
            NotBase64Url::TrailingBits => "bits-behind-the-last-byte",
            NotBase64Url::Padding => "padding-out-of-place",
        })
    })?;
    Ok(json!({ "bytes": hex::encode_prefixed(bytes) }))
}

fn encode_cases(cases: &mut Cases) {
    cases.summary("Base64url without padding, as every header of MPP carries its JSON.");
    cases.source(
        "Padding characters (\"=\") MUST NOT be included.",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.source(
        "base64url-nopad = 1*( ALPHA / DIGIT / \"-\" / \"_\" )",
        "draft-httpauth-payment-00, \"Credentials (Authorization)\"",
    );
    cases.rule("`bytes` is 0x and an even number of hexadecimal digits; anything else is refused.");
    cases.rule(
        "The alphabet is A-Z, a-z, 0-9, - and _; unused bits of the last character are zero.",
    );
    let miswrites = |change: fn(&str) -> String| {
        Bug::miswrites(move |output| {
            if let Some(Value::String(text)) = output.get_mut("text") {
                *text = change(text);
            }
        })
    };
    cases.flag(
        "Padded",
        "pads with =, which is no token of a header",
        miswrites(|text| {
            let missing = text.len().next_multiple_of(4) - text.len();
            text.to_owned() + &"=".repeat(missing)
        }),
    );
    cases.flag(
        "OtherAlphabet",
        "writes + and /, as base64 does",
        miswrites(|text| text.replace('-', "+").replace('_', "/")),
    );
    cases.flag(
        "CutsPadding",
        "drops what the last, incomplete group encodes",
        miswrites(|text| text[..text.len() / 4 * 4].to_owned()),
    );
    cases.flag(
        "WrapsLines",
        "breaks the line after 76 characters, as MIME does",
        miswrites(|text| {
            let chars: Vec<char> = text.chars().collect();
            let lines: Vec<String> = chars.chunks(76).map(|line| line.iter().collect()).collect();
            lines.join("\r\n")
        }),
    );
    cases.flag(
        "BytesAsText",
        "takes bytes for UTF-8 first, and loses those that are none",
        Bug::misreads_text("bytes", |text| {
            let bytes = hex::decode(text).unwrap_or_default();
            hex::encode_prefixed(String::from_utf8_lossy(&bytes).as_bytes())
        }),
    );
    cases.flag(
        "ZeroEndsText",
        "stops at a byte of zero",
        Bug::misreads_text("bytes", |text| {
            let bytes = hex::decode(text).unwrap_or_default();
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            hex::encode_prefixed(&bytes[..end])
        }),
    );
    cases.flag(
        "TakesMisfits",
        "encodes something for an input that is no bytes",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
    let input = |bytes: &[u8]| json!({ "bytes": hex::encode_prefixed(bytes) });
    for (name, comment, bytes) in [
        ("empty", "No bytes are no characters.", &b""[..]),
        ("one-byte", "Two characters, and two that would pad.", b"f"),
        ("two-bytes", "Three characters, and one that would pad.", b"fo"),
        ("three-bytes", "A whole group.", b"foo"),
        ("four-bytes", "A group, and two characters.", b"foob"),
        ("five-bytes", "A group, and three characters.", b"fooba"),
        ("six-bytes", "Two groups.", b"foobar"),
        ("empty-object", "The shortest JSON object.", b"{}"),
        ("zero", "A byte of zero is a byte.", b"\0"),
        ("zero-within", "A byte of zero ends nothing.", b"a\0b"),
        ("minus", "Only characters that base64 writes as plus.", &[0xfb, 0xef, 0xbe]),
        ("underscore", "Only characters that base64 writes as slash.", &[0xff; 3]),
        ("minus-at-the-end", "The other alphabet in an incomplete group.", &[0xfb]),
        ("no-text", "Bytes that are no UTF-8.", &[0x80, 0xfe, 0xc3, 0x28, 0x00]),
        ("past-ascii", "UTF-8 of JSON outside ASCII.", "{\"d\":\"Käse ₮ 🧀\"}".as_bytes()),
    ] {
        cases.valid(name, comment, input(bytes));
    }
    cases.valid(
        "mac",
        "As long as the HMAC of a challenge id: 43 characters.",
        input(&(0xe0..=0xff).collect::<Vec<u8>>()),
    );
    cases.valid("every-byte", "Every byte once.", input(&(0..=255).collect::<Vec<u8>>()));
    cases.valid("a-line", "As much as a line of MIME holds.", input(&[b'x'; 57]));
    cases.valid("past-a-line", "A byte more than a line of MIME holds.", input(&[b'x'; 58]));
    for (name, comment, value) in [
        ("half-a-byte", "An odd number of digits.", json!("0x7b7")),
        ("unprefixed", "Without 0x.", json!("7b7d")),
        ("no-digit", "A digit that is none.", json!("0x7b7g")),
        ("text", "JSON itself, not its bytes.", json!("{}")),
        ("object", "An object that nobody serialized.", json!({})),
        ("number", "A number.", json!(123)),
    ] {
        cases.invalid(name, comment, json!({ "bytes": value }), "bytes-is-no-bytes");
    }
    cases.invalid("missing", "Nothing to encode.", json!({}), "bytes-is-missing");
}

fn decode_cases(cases: &mut Cases) {
    cases.summary("The bytes that a base64url value of a header carries.");
    cases.source(
        "Implementations MUST reject the encoded data if it contains characters outside the base alphabet when interpreting base-encoded data, unless the specification referring to this document explicitly states otherwise.",
        "RFC 4648, \"Interpretation of Non-Alphabet Characters in Encoded Data\"",
    );
    cases.source(
        "base64url-nopad = 1*( ALPHA / DIGIT / \"-\" / \"_\" )",
        "draft-httpauth-payment-00, \"Credentials (Authorization)\"",
    );
    cases.rule("Refused: characters outside A-Z, a-z, 0-9, - and _, and lengths of one more than a multiple of four.");
    cases.rule("Whether padding behind the last character is taken is up to the reader, and so is whether unused bits must be zero; no case has either.");
    cases.rule("RFC 4648 says MUST of characters outside the alphabet. Published readers of headers pass over some of them, so that these cases are a SHOULD; that a value cut off in the middle of a byte is refused is a MUST.");
    let misreads = |change: fn(&str) -> String| Bug::misreads_text("text", change);
    cases.flag(
        "EitherAlphabet",
        "takes + and / of base64, too, so that one value has several spellings",
        misreads(|text| text.replace('+', "-").replace('/', "_")),
    );
    cases.flag(
        "Trims",
        "removes white space around the value",
        misreads(|text| text.trim().to_owned()),
    );
    cases.flag(
        "DropsJunk",
        "passes over characters outside the alphabet, so that anything can be hidden in a value",
        misreads(|text| {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
        }),
    );
    cases.flag(
        "StopsAtJunk",
        "takes what stands before the first character outside the alphabet for the whole",
        misreads(|text| {
            let inside = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let whole: String = text.chars().take_while(inside).collect();
            if whole.len() % 4 == 1 { whole[1..].to_owned() } else { whole }
        }),
    );
    cases.flag(
        "UnescapesFirst",
        "takes percent signs for escapes of a URL",
        misreads(|text| text.replace("%2D", "-").replace("%5F", "_")),
    );
    cases.flag(
        "CutOff",
        "drops a last character that completes no byte, so that a value cut off on its way passes",
        Bug::forgets(&["no-such-length"]),
    );
    cases.flag(
        "Base64Only",
        "knows base64 alone, and refuses the two characters in which base64url differs",
        Bug::refuses(|input| input["text"].as_str().is_some_and(|text| text.contains(['-', '_']))),
    );
    cases.flag(
        "WantsPadding",
        "refuses a value without the padding that no sender may write",
        Bug::refuses(|input| input["text"].as_str().is_some_and(|text| text.len() % 4 > 0)),
    );
    let input = |text: &str| json!({ "text": text });
    for (name, comment, text) in [
        ("object", "A whole group, and an incomplete one.", "eyJhIjoxfQ"),
        ("one-byte", "The shortest.", "Zg"),
        ("two-bytes", "Three characters.", "Zm8"),
        ("three-bytes", "A whole group.", "Zm9v"),
        ("minus", "A character of base64url alone.", "--__"),
        ("underscore", "The other one.", "_w"),
        ("zero", "A byte of zero.", "AA"),
        ("mac", "As long as a challenge id.", "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk"),
        ("no-text", "Bytes that are no UTF-8 are bytes all the same.", "gP7DKAA"),
        ("past-ascii", "UTF-8 outside ASCII.", "eyJkIjoiS8Okc2Ug4oKuIPCfp4AifQ"),
    ] {
        cases.valid(name, comment, input(text));
    }
    for (name, comment, text) in [
        ("plus", "The other alphabet.", "++__"),
        ("slash", "The other alphabet.", "--//"),
        ("plus-at-the-end", "The other alphabet, in an incomplete group.", "eyJhIjoiYX4+In0"),
        ("slash-within", "The other alphabet, where four bytes are whole.", "eyJhIjoiPz8/In0x"),
        ("space-in-front", "White space.", " eyJhIjoxfQ"),
        ("space-behind", "White space.", "eyJhIjoxfQ "),
        ("space-within", "White space.", "eyJh IjoxfQ"),
        ("tab-behind", "White space.", "eyJhIjoxfQ\t"),
        ("line-break-behind", "As `base64` of a shell leaves it.", "eyJhIjoxfQ\n"),
        ("line-break-within", "As MIME folds it.", "eyJh\r\nIjoxfQ"),
        ("zero-behind", "A byte of zero behind the value.", "eyJhIjoxfQ\0"),
        ("comma", "Two values of one header.", "eyJhIjoxfQ,eyJhIjoyfQ"),
        ("dot", "A part of a JWT.", "eyJhIjoxfQ.eyJhIjoyfQ"),
        ("quoted", "With the quotes of the header.", "\"eyJhIjoxfQ\""),
        ("percent", "Escaped for a URL.", "%2D%2D%5F%5F"),
        ("padding-within", "Two padded values in a row.", "Zg==Zg=="),
        ("look-alike", "A letter that looks like one of the alphabet.", "еyJhIjoxfQ"),
        ("json", "JSON that nobody encoded.", "{\"a\":1}"),
    ] {
        cases.invalid(name, comment, input(text), "outside-the-alphabet").should();
    }
    for (name, comment, text) in [
        ("a-character", "Six bits are no byte.", "e"),
        ("cut-off", "The last character of a value is lost.", "eyJhIjoxf"),
        ("a-character-too-many", "One behind whole groups.", "Zm9vYmFyZ"),
        ("mac-cut-off", "A challenge id cut off.", "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9"),
    ] {
        cases.invalid(name, comment, input(text), "no-such-length");
    }
}
