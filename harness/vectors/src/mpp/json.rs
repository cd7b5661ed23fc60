//! Canonical JSON from text. RFC 8785.

use conform402_wire::json::{Ambiguous, canonical, parse_strict};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation {
        name: "mpp.json.canonicalize",
        evaluate: |input, _| canonicalize(input),
        describe,
    }]
}

fn canonicalize(input: &Input<'_>) -> Result<Value, Refusal> {
    let value = parse_strict(input.text("json")?).map_err(|error| {
        Refusal::new(match error {
            Ambiguous::NotJson(_) => "not-json",
            Ambiguous::Twice(_) => "name-twice",
            Ambiguous::NotIJson(_) => "not-i-json",
        })
    })?;
    written(&value)
}

fn written(value: &Value) -> Result<Value, Refusal> {
    let text = canonical(value).map_err(|_| Refusal::new("not-i-json"))?;
    Ok(json!({ "canonical": text }))
}

/// As [`canonicalize`], but text that `takes` accepts is never refused.
fn forgiving(input: &Value, takes: fn(&str) -> bool) -> Result<Value, Refusal> {
    let input = Input::new(input);
    let text = input.text("json")?;
    canonicalize(&input).or_else(|refusal| if takes(text) { Ok(Value::Null) } else { Err(refusal) })
}

/// What a reader may add to JSON (RFC 8259, "Parsers"), though what it signs is
/// then no longer what others read.
const EXTENSIONS: &[&str] = &[
    "trailing-comma-in-object",
    "trailing-comma-in-array",
    "undefined",
    "comment",
    "single-quotes",
    "unquoted-name",
    "leading-zero",
    "leading-plus",
    "hexadecimal",
    "no-digit-before-the-point",
    "no-digit-behind-the-point",
    "unknown-escape",
    "raw-line-break",
    "raw-zero",
    "other-space",
    "capital-literal",
];

fn describe(cases: &mut Cases) {
    cases.summary("The canonical form (JCS) of JSON given as text.");
    cases.source(
        "JSON objects MUST NOT exhibit duplicate property names.",
        "RFC 8785, \"Creation of Input Data\"",
    );
    cases.source(
        "occurrences of such data MUST cause a compliant JCS implementation to terminate with an appropriate error.",
        "RFC 8785, \"Serialization of Strings\"",
    );
    cases.source(
        "Since Not a Number (NaN) and Infinity are not permitted in JSON, occurrences of NaN or Infinity MUST cause a compliant JCS implementation to terminate with an appropriate error.",
        "RFC 8785, \"Serialization of Numbers\"",
    );
    cases.source(
        "The JSON MUST be serialized using JSON Canonicalization Scheme (JCS)",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.rule("The text is JSON by the grammar of RFC 8259 and nothing else; a value of any kind may stand at the top. RFC 8259 lets readers take more than its grammar, so that refusing what JavaScript and other languages write is a SHOULD.");
    cases.rule("Refused besides: a name that stands twice in an object, escapes resolved; half of a surrogate pair; a number past the range of a double.");
    cases.rule("Numbers have the form ECMAScript gives them, names the order of their UTF-16 units; only \\, \" and what is below U+0020 is escaped.");
    flags(cases);
    let mut valid = |name: &str, comment: &str, text: &str| {
        cases.valid(name, comment, json!({ "json": text }));
    };
    valid("spaced", "White space between tokens goes.", "\r\n{ \"a\" : [ 1 ,\t2 ] }\n");
    valid(
        "sorted",
        "Names are sorted at every depth, elements are not.",
        r#"{"b":[3,{"z":1,"y":2},1],"a":{"d":null,"c":true}}"#,
    );
    valid(
        "upper-case-first",
        "The order is of code units, not of a language.",
        r#"{"a":1,"B":2,"":3,"ä":4,"a b":5,"10":6,"9":7}"#,
    );
    valid(
        "names-past-the-plane",
        "U+10000 comes before U+E000: its first UTF-16 unit is U+D800.",
        "{\"\u{e000}\":1,\"\u{10000}\":2}",
    );
    valid(
        "escaped-names",
        "Names are sorted by what they say, not by how they are spelled.",
        r#"{"\u0062":1,"a":2}"#,
    );
    valid(
        "integers",
        "An integer has no fraction, exponent or sign of zero.",
        "[0,-0,-0.0,100.0,1E2,-1]",
    );
    valid(
        "turning-points",
        "From 1e21 up and below 1e-6 there is an exponent.",
        "[100000000000000000000,1e20,1e21,0.000001,0.0000001,1e-7]",
    );
    valid(
        "extremes",
        "The least and the greatest double.",
        "[4.9406564584124654e-324,1.7976931348623157e308,-1.7976931348623157E+308]",
    );
    valid(
        "shortest",
        "The fewest digits that name the double.",
        "[0.1,4.50,2e-3,333333333.33333329,9.999999999999997e22,1e23,1.0000000000000001e23]",
    );
    valid("round-to-even", "Between two shortest forms, the even one.", "1424953923781206.25");
    valid(
        "edge-of-integers",
        "2^53, up to which every integer is a double, and the next that is one.",
        "[9007199254740991,9007199254740992,9007199254740994,-9007199254740992]",
    );
    valid(
        "past-64-bits",
        "2^68 is a double, yet its shortest digits are others.",
        "295147905179352825856",
    );
    valid(
        "short-escapes",
        "Five control characters have short escapes.",
        r#""\u0008\u0009\u000a\u000c\u000d""#,
    );
    valid(
        "long-escapes",
        "The others have lower-case hexadecimal digits.",
        r#""\u0000\u000B\u001F""#,
    );
    valid(
        "needless-escapes",
        "What need not be escaped is not.",
        r#""\/\u0041\u20ac\u007f\u003c""#,
    );
    valid(
        "quote-and-backslash",
        "Two characters are escaped by themselves.",
        r#""\u0022\u005c\"\\""#,
    );
    valid(
        "raw",
        "Neither slash nor DEL nor line separators nor brackets of HTML are escaped.",
        "\"/\u{7f}\u{2028}\u{2029}<>&\u{feff}\"",
    );
    valid("surrogate-pair", "A pair is one character.", r#""\ud83E\uddC0""#);
    valid("decomposed", "No text is brought into another Unicode form.", "\"e\u{301} \u{e9}\"");
    valid("scalar", "A value of any kind may stand at the top.", "null");
    let mut invalid = |name: &str, comment: &str, text: &str, reason: &str| {
        let case = cases.invalid(name, comment, json!({ "json": text }), reason);
        if EXTENSIONS.contains(&name) {
            case.should();
        }
    };
    invalid(
        "name-twice",
        "Which one counts depends on the reader.",
        r#"{"amount":"1","amount":"1000000"}"#,
        "name-twice",
    );
    invalid("name-twice-alike", "Twice the same is twice.", r#"{"a":1,"a":1}"#, "name-twice");
    invalid(
        "name-twice-escaped",
        "The same name in another spelling.",
        r#"{"amount":"1","\u0061mount":"1000000"}"#,
        "name-twice",
    );
    invalid(
        "name-twice-deep",
        "Twice in an object within an array.",
        r#"{"a":[{"b":1,"c":2,"b":3}]}"#,
        "name-twice",
    );
    for (name, comment, text) in [
        ("high-surrogate", "Half of a pair.", r#"["\ud83e"]"#),
        ("low-surrogate", "Half of a pair.", r#"["\uDEAD"]"#),
        ("pair-the-wrong-way", "The halves the wrong way round.", r#"["\uddc0\ud83e"]"#),
        ("surrogate-and-letter", "Half of a pair, and something else.", r#"["\ud83e\u0041"]"#),
        ("surrogate-in-a-name", "Half of a pair in a name.", r#"{"\ud83e":1}"#),
        ("past-a-double", "Infinity, once it is read.", "1e400"),
        (
            "rounds-to-infinity",
            "Nearer to 2^1024 than to the greatest double.",
            "1.7976931348623159e308",
        ),
    ] {
        invalid(name, comment, text, "not-i-json");
    }
    for (name, comment, text) in [
        ("empty", "No value.", ""),
        ("cut-off", "The end is missing.", r#"{"a":1"#),
        ("trailing-text", "Something behind the value.", r#"{"a":1} x"#),
        ("two-values", "Two values.", r#"{"a":1}{"a":2}"#),
        ("trailing-comma-in-object", "A comma behind the last member.", r#"{"a":1,}"#),
        ("trailing-comma-in-array", "A comma behind the last element.", "[1,]"),
        ("nan", "No number.", r#"{"a":NaN}"#),
        ("infinity", "No number.", "[-Infinity]"),
        ("undefined", "A value of JavaScript.", r#"{"a":undefined}"#),
        ("comment", "JSON has none.", r#"{"a":1/*,"b":2*/}"#),
        ("single-quotes", "Text is between double quotes.", "{'a':1}"),
        ("unquoted-name", "A name is text.", "{a:1}"),
        ("leading-zero", "Eight in some languages, ten in others.", "[010]"),
        ("leading-plus", "No sign but minus.", "[+1]"),
        ("hexadecimal", "Numbers are decimal.", "[0x10]"),
        ("no-digit-before-the-point", "A fraction needs a digit before it.", "[.5]"),
        ("no-digit-behind-the-point", "A point needs a digit behind it.", "[5.]"),
        ("unknown-escape", "No such escape.", r#"["\x41"]"#),
        ("raw-line-break", "Control characters are escaped.", "[\"a\nb\"]"),
        ("raw-zero", "Control characters are escaped.", "[\"a\0b\"]"),
        ("other-space", "Only four characters are white space.", "{\"a\":\u{a0}1}"),
        ("capital-literal", "Literals are lower case.", "[True]"),
    ] {
        invalid(name, comment, text, "not-json");
    }
}

fn flags(cases: &mut Cases) {
    let miswrites = |change: fn(&str) -> String| {
        Bug::miswrites(move |output| {
            if let Some(Value::String(text)) = output.get_mut("canonical") {
                *text = change(text);
            }
        })
    };
    cases.flag(
        "LastNameWins",
        "takes the last of two members of one name, where another reader takes the first: a payer sees one amount and signs the other",
        Bug::differs(|input| {
            let value: Value = serde_json::from_str(Input::new(input).text("json")?)
                .map_err(|_| Refusal::new("not-json"))?;
            written(&value)
        }),
    );
    cases.flag(
        "OrdinarySerializer",
        "writes with an ordinary serializer: names by code point, numbers in a form of its own",
        Bug::differs(|input| {
            let input = Input::new(input);
            canonicalize(&input)?;
            let value = parse_strict(input.text("json")?).unwrap_or_default();
            Ok(json!({ "canonical": value.to_string() }))
        }),
    );
    cases.flag(
        "OnlyMinifies",
        "removes white space, and takes that for the canonical form",
        Bug::differs(|input| {
            let input = Input::new(input);
            canonicalize(&input)?;
            let minified: String = input.text("json")?.split_ascii_whitespace().collect();
            Ok(json!({ "canonical": minified }))
        }),
    );
    cases.flag(
        "EscapesPastAscii",
        "writes \\u for what is not ASCII",
        miswrites(|text| {
            text.chars()
                .map(|c| match c {
                    c if c.is_ascii() => c.to_string(),
                    c => {
                        c.encode_utf16(&mut [0; 2]).iter().map(|u| format!("\\u{u:04x}")).collect()
                    }
                })
                .collect()
        }),
    );
    cases.flag(
        "EscapesForHtml",
        "escapes <, >, & and the line separators, lest they end a script",
        miswrites(|text| {
            text.chars()
                .map(|c| match c {
                    '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", u32::from(c)),
                    c => c.to_string(),
                })
                .collect()
        }),
    );
    cases.flag(
        "EscapesSlash",
        "writes \\/ for a slash",
        miswrites(|text| text.replace('/', "\\/")),
    );
    cases.flag(
        "EscapesDel",
        "writes \\u007f for DEL, as a control character",
        miswrites(|text| text.replace('\u{7f}', "\\u007f")),
    );
    cases.flag(
        "LongEscapes",
        "writes \\u0008 and the like where short escapes are due",
        miswrites(|text| {
            [("\\b", "08"), ("\\t", "09"), ("\\n", "0a"), ("\\f", "0c"), ("\\r", "0d")]
                .iter()
                .fold(text.to_owned(), |text, (short, long)| {
                    text.replace(short, &format!("\\u00{long}"))
                })
        }),
    );
    cases.flag(
        "UpperCaseEscapes",
        "writes hexadecimal digits of escapes in upper case",
        miswrites(|text| text.replace("\\u000b", "\\u000B").replace("\\u001f", "\\u001F")),
    );
    cases.flag(
        "NormalizesText",
        "brings text into another Unicode form",
        miswrites(|text| text.replace("e\u{301}", "\u{e9}")),
    );
    cases.flag(
        "WritesHalfAPair",
        "writes U+FFFD, or bytes that are no UTF-8, for half of a surrogate pair: two texts get one signature",
        Bug::differs(|input| forgiving(input, |text| text.contains("\\ud") || text.contains("\\uD"))),
    );
    cases.flag(
        "WritesInfinity",
        "writes null or Infinity for a number that no double holds",
        Bug::differs(|input| {
            forgiving(input, |text| text.contains("e400") || text.contains("e308"))
        }),
    );
    cases.flag(
        "ReadsNan",
        "takes NaN and Infinity for numbers, as the JSON module of Python does",
        Bug::differs(|input| {
            forgiving(input, |text| text.contains("NaN") || text.contains("Infinity"))
        }),
    );
    cases.flag(
        "FirstValueOnly",
        "stops behind the first value, and passes over what follows",
        Bug::differs(|input| {
            let text = Input::new(input).text("json")?;
            match serde_json::Deserializer::from_str(text).into_iter::<Value>().next() {
                Some(Ok(value)) => written(&value),
                _ => Err(Refusal::new("not-json")),
            }
        }),
    );
    cases.flag(
        "EmptyAsNull",
        "takes no text for a value",
        Bug::misreads_text("json", |text| {
            if text.trim().is_empty() { "null".to_owned() } else { text.to_owned() }
        }),
    );
    cases.flag(
        "LenientReader",
        "reads with a parser that takes more than JSON: comments, commas behind the last element, other quotes and numbers, raw control characters",
        Bug::forgets(&["not-json"]),
    );
}
