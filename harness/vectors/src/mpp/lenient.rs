//! Bugs of readers that take too much, as published SDKs and standard libraries
//! have them.

use conform402_wire::auth_params::{self, AuthChallenge};
use conform402_wire::base64url;
use conform402_wire::challenge::SCHEME;
use conform402_wire::json::EncodedObject;
use serde_json::Value;

use crate::cases::Cases;
use crate::operation::Bug;

/// A lenient decoder: what it takes an encoded object for, encoded as it should
/// be.
#[derive(Clone, Copy)]
pub(crate) struct Decoder(fn(&str) -> String);

impl Decoder {
    /// What the decoder takes `text` for; what every decoder reads stays.
    pub(crate) fn read(self, text: &str) -> String {
        let is_sound = EncodedObject::from_wire(text).decode().is_ok();
        if is_sound { text.to_owned() } else { self.0(text) }
    }
}

/// Flags of the layers of an encoded object: base64url, UTF-8, JSON. `misread`
/// makes the bug of a decoder.
pub(crate) fn decoder_flags(cases: &mut Cases, misread: fn(Decoder) -> Bug) {
    let decoders: [(_, _, Decoder); 6] = [
        (
            "SkipsJunk",
            "skips characters that base64url does not have, as Python's decoders do",
            Decoder(|text| text.chars().filter(|c| is_base64url(*c)).collect()),
        ),
        (
            "TakesStandardBase64",
            "takes + and / as well, so that one value has several spellings",
            Decoder(|text| text.replace('+', "-").replace('/', "_")),
        ),
        (
            "ReplacesBrokenText",
            "replaces what is not UTF-8 instead of refusing it, as JavaScript's decoders do",
            Decoder(|text| again(text, |bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))),
        ),
        (
            "GuessesTheEncoding",
            "takes UTF-16 for JSON, as Python's json.loads does with bytes",
            Decoder(|text| again(text, from_utf16)),
        ),
        (
            "ReadsTheFirstValueOnly",
            "does not look behind the first JSON value, as Go's json.Decoder",
            Decoder(|text| again(text, first_value)),
        ),
        (
            "TakesNaN",
            "takes NaN for a number, as Python's json.loads does",
            Decoder(|text| again(text, without_nan)),
        ),
    ];
    for (flag, hunts, decoder) in decoders {
        cases.flag(flag, hunts, misread(decoder));
    }
}

fn is_base64url(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// Encodes what `decode` makes of the decoded bytes; what it cannot decode stays.
fn again(text: &str, decode: fn(Vec<u8>) -> Option<String>) -> String {
    let decoded = base64url::decode(text).ok().and_then(decode);
    decoded.map_or_else(|| text.to_owned(), base64url::encode)
}

fn from_utf16(bytes: Vec<u8>) -> Option<String> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
    String::from_utf16(&units).ok().filter(|text| text.starts_with('{'))
}

fn first_value(bytes: Vec<u8>) -> Option<String> {
    let mut values = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
    values.next()?.ok().map(|value| value.to_string())
}

fn without_nan(bytes: Vec<u8>) -> Option<String> {
    Some(String::from_utf8(bytes).ok()?.replace(":NaN", ":null"))
}

/// The text whose UTF-8 is taken for Latin-1, as JavaScript's `atob` gives it.
pub(crate) fn as_latin1(text: &str) -> String {
    again(text, |bytes| Some(bytes.into_iter().map(char::from).collect()))
}

/// The text in whose JSON half of the surrogate pair of U+1F9C0 is taken for a
/// character.
pub(crate) fn taking_half_a_pair(text: &str) -> String {
    again(text, |bytes| Some(String::from_utf8(bytes).ok()?.replace("\\ud83e", "\\ufffd")))
}

/// A field value after a faulty reading of its challenges, each of which
/// `change` gets; what is outside the grammar stays.
pub(crate) fn reread(field: &str, change: impl FnOnce(&mut Vec<AuthChallenge>)) -> String {
    let Ok(mut challenges) = auth_params::parse(field) else { return field.to_owned() };
    change(&mut challenges);
    reformatted(&challenges)
}

/// A field value in which the parameters called one of `names` say something else.
pub(crate) fn reread_params(
    field: &str,
    names: &[&str],
    change: impl Fn(&str) -> String,
) -> String {
    reread(field, |challenges| {
        for (name, value) in challenges.iter_mut().flat_map(|challenge| &mut challenge.params) {
            if names.contains(&&**name) {
                *value = change(value);
            }
        }
    })
}

/// All parameters of all challenges as those of one, the last of a name
/// winning: the payer signs a request under another challenge's id.
pub(crate) fn mixed(field: &str) -> String {
    reread(field, |challenges| {
        let params = challenges.drain(..).flat_map(|challenge| challenge.params).collect();
        challenges.push(AuthChallenge { scheme: SCHEME.to_owned(), params });
        last_wins(challenges);
    })
}

/// Of the parameters called alike, the last.
pub(crate) fn last_wins(challenges: &mut Vec<AuthChallenge>) {
    for challenge in challenges {
        let mut params: Vec<(String, String)> = Vec::new();
        for (name, value) in challenge.params.drain(..) {
            params.retain(|(earlier, _)| *earlier != name);
            params.push((name, value));
        }
        challenge.params = params;
    }
}

/// A field value in which backslashes stand for themselves.
pub(crate) fn keeping_backslashes(field: &str) -> String {
    let mut kept = String::new();
    let mut characters = field.chars();
    while let Some(c) = characters.next() {
        kept.push(c);
        if c == '\\' {
            kept.push_str("\\\\");
            kept.extend(characters.next());
        }
    }
    kept
}

/// A field value cut at every comma, even inside quotes.
pub(crate) fn cut_at_commas(field: &str) -> String {
    let mut challenges: Vec<AuthChallenge> = Vec::new();
    for piece in field.split(',').map(str::trim) {
        let (scheme, param) = match piece.split_once(' ') {
            Some((scheme, param)) if !scheme.contains('=') => (Some(scheme), param),
            _ => (None, piece),
        };
        if let Some(scheme) = scheme {
            challenges.push(AuthChallenge { scheme: scheme.to_owned(), params: Vec::new() });
        }
        if let (Some(challenge), Some((name, value))) =
            (challenges.last_mut(), param.split_once('='))
        {
            let value = value.trim_matches('"').replace("\\\"", "\"");
            challenge.params.push((name.to_owned(), value));
        }
    }
    reformatted(&challenges)
}

/// Every `name="value"` of a field value as a parameter of one challenge, as
/// the regular expression `(\w+)="([^"]*)"` finds them.
pub(crate) fn by_regex(field: &str) -> String {
    let mut params = Vec::new();
    let mut pieces = field.split('"');
    while let (Some(before), Some(value)) = (pieces.next(), pieces.next()) {
        let name = before.strip_suffix('=').unwrap_or_default();
        let start = name.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        if !name[start..].is_empty() {
            params.push((name[start..].to_owned(), value.to_owned()));
        }
    }
    let mut challenges = vec![AuthChallenge { scheme: SCHEME.to_owned(), params }];
    last_wins(&mut challenges);
    reformatted(&challenges)
}

fn reformatted(challenges: &[AuthChallenge]) -> String {
    let field = |challenge: &AuthChallenge| {
        let params: Vec<(&str, &str)> =
            challenge.params.iter().map(|(name, value)| (&**name, &**value)).collect();
        auth_params::format(&challenge.scheme, &params)
    };
    challenges.iter().map(field).collect::<Vec<_>>().join(", ")
}
