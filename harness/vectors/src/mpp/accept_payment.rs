//! A client's preferences. draft-httpauth-payment-00, "Client Payment
//! Preferences".

use conform402_wire::accept_payment::{self, MalformedPreference, PaymentRange};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "mpp.accept-payment.parse",
            evaluate: |input, _| Ok(json!({ "ranges": written(&ranges(input.text("field")?)?) })),
            describe: parse_cases,
        },
        Operation { name: "mpp.accept-payment.rank", evaluate: rank, describe: rank_cases },
    ]
}

fn ranges(field: &str) -> Result<Vec<PaymentRange>, Refusal> {
    accept_payment::parse(field).map_err(|error| {
        Refusal::new(match error {
            MalformedPreference::NoRange(_) => "no-range",
            MalformedPreference::Method(_) => "no-method",
            MalformedPreference::Intent(_) => "no-intent",
            MalformedPreference::Weight(_) => "no-weight",
        })
    })
}

fn written(ranges: &[PaymentRange]) -> Value {
    let range = |r: &PaymentRange| json!({ "method": r.method, "intent": r.intent, "q": r.weight.thousandths() });
    ranges.iter().map(range).collect()
}

fn rank(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let offers = input.array("offers")?;
    let member = |offer: &Value, name| offer.get(name).is_some_and(Value::is_string);
    if !offers.iter().all(|offer| member(offer, "method") && member(offer, "intent")) {
        return refuse("offer-is-no-offer");
    }
    let Some(field) = input.optional_text("field")? else {
        return Ok(json!({ "offers": offers }));
    };
    let ranges = ranges(field)?;
    steps.record("ranges", written(&ranges));
    Ok(json!({ "offers": accept_payment::rank(&ranges, offers, kind) }))
}

fn kind<'a>(offer: &'a &Value) -> (&'a str, &'a str) {
    let member = |name| offer.get(name).and_then(Value::as_str).unwrap_or_default();
    (member("method"), member("intent"))
}

const ABNF: (&str, &str) = (
    "payment-range  = payment-token [ weight ]",
    "draft-httpauth-payment-00, \"Client Payment Preferences\"",
);

fn parse_cases(cases: &mut Cases) {
    cases.summary("The ranges of payments that a client accepts.");
    cases.source(ABNF.0, ABNF.1);
    cases.source(
        "If `Accept-Payment` is malformed, servers MAY ignore it.",
        "draft-httpauth-payment-00, \"Client Payment Preferences\"",
    );
    cases.source(
        "qvalue = ( \"0\" [ \".\" 0*3DIGIT ] ) / ( \"1\" [ \".\" 0*3(\"0\") ] )",
        "RFC 9110, \"Quality Values\"",
    );
    cases.rule("`ranges` are in the order of the field; a method or intent may be *, and `q` is an integer of thousandths, 1000 if absent.");
    cases.rule("A method is lower-case letters, an intent letters, digits and hyphens, with one slash and no white space between them. Behind them stands nothing, or a semicolon and q= (or Q=) with a weight. White space is space and tab, around commas and the semicolon; empty elements of the list are passed over.");
    let misreads = |change: fn(&str) -> String| Bug::misreads_text("field", change);
    cases.flag(
        "IgnoresWeights",
        "takes all ranges for equally good, even those a client does not want",
        Bug::miswrites(|output| {
            for range in output["ranges"].as_array_mut().into_iter().flatten() {
                range["q"] = 1000.into();
            }
        }),
    );
    cases.flag(
        "SmallQOnly",
        "passes over Q, though names of parameters are of either case",
        misreads(|field| field.replace(";Q=0.5", "")),
    );
    cases.flag(
        "KeepsSpace",
        "refuses white space around a separator",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            [" ;", "; ", " ,", "\t"].iter().any(|space| field.contains(space))
        }),
    );
    cases.flag(
        "CommaAndSpace",
        "divides the list at a comma and a space",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            field.replace(", ", "").contains(',')
        }),
    );
    cases.flag(
        "CountsEmptyElements",
        "fails on an empty element of the list",
        Bug::refuses(|input| {
            let field = input["field"].as_str().unwrap_or_default();
            field.split(',').any(|element| element.trim().is_empty())
        }),
    );
    cases.flag(
        "NoWildcards",
        "does not know *",
        Bug::refuses(|input| input["field"].as_str().is_some_and(|field| field.contains('*'))),
    );
    cases.flag(
        "FoldsCase",
        "takes a method in capitals for another in lower case",
        misreads(str::to_ascii_lowercase),
    );
    cases.flag(
        "NumberFromText",
        "reads a weight with a general parser of numbers: signs, exponents, more digits, more than one",
        Bug::forgets(&["no-weight"]),
    );
    cases.flag(
        "LooseRange",
        "takes part of a range for a whole",
        Bug::forgets(&["no-range", "no-method", "no-intent"]),
    );
    for (name, comment, field) in [
        ("plain", "One range.", "tempo/charge"),
        (
            "draft",
            "As the draft has it.",
            "tempo/charge, tempo/session, stripe/charge;q=0.5, solana/charge;q=0.3",
        ),
        (
            "wildcards",
            "Every intent, every method, everything.",
            "tempo/*, */session;q=0.3, */*;q=0.1",
        ),
        ("not-wanted", "A weight of zero.", "tempo/charge, tempo/session;q=0"),
        (
            "space-everywhere",
            "White space around every separator.",
            "tempo/charge \t;\tq=0.7 ,\tstripe/charge ; q=0.2",
        ),
        (
            "no-space",
            "A list without white space.",
            "tempo/charge;q=0.7,stripe/charge,solana/*;q=0.001",
        ),
        ("empty-elements", "A list that someone merged.", ", tempo/charge,, stripe/charge,"),
        ("capital-q", "Names of parameters are of either case.", "tempo/charge;Q=0.5"),
        ("point-only", "A point without digits.", "tempo/charge;q=0., stripe/charge;q=1."),
        (
            "three-decimals",
            "As many as there may be.",
            "tempo/charge;q=1.000, stripe/charge;q=0.999",
        ),
        ("intents", "Letters, digits and hyphens.", "tempo/charge-v2, tempo/402, tempo/Charge"),
        ("twice", "What stands twice is listed twice.", "tempo/charge;q=0.2, tempo/charge;q=0.2"),
    ] {
        cases.valid(name, comment, json!({ "field": field })).should();
    }
    for (name, comment, field, reason) in [
        ("no-slash", "A method alone.", "tempo", "no-range"),
        ("wildcard-alone", "No method and no intent.", "*", "no-range"),
        ("backslash", "Another slash.", "tempo\\charge", "no-range"),
        ("weight-alone", "Nothing that it weighs.", "tempo/charge, ;q=0.5", "no-range"),
        ("no-method", "An intent alone.", "/charge", "no-method"),
        ("no-intent", "A method and a slash.", "tempo/", "no-intent"),
        ("slash-alone", "Neither.", "tempo/charge, /", "no-method"),
        ("two-slashes", "A third part.", "tempo/charge/usd", "no-intent"),
        ("capitals", "Methods are lower case.", "TEMPO/charge", "no-method"),
        (
            "space-in-front-of-the-slash",
            "White space within a range.",
            "tempo /charge",
            "no-method",
        ),
        ("space-behind-the-slash", "White space within a range.", "tempo/ charge", "no-intent"),
        (
            "semicolon-list",
            "Another separator of lists.",
            "tempo/charge; stripe/charge",
            "no-weight",
        ),
        ("space-list", "White space for a separator.", "tempo/charge stripe/charge", "no-intent"),
        ("partial-wildcard", "A wildcard stands for a whole.", "tempo/ch*", "no-intent"),
        ("partial-wildcard-method", "A wildcard stands for a whole.", "t*/charge", "no-method"),
        ("past-ascii", "A letter that looks like another.", "tеmpo/charge", "no-method"),
        (
            "no-break-space",
            "White space that is none.",
            "tempo/charge,\u{a0}stripe/charge",
            "no-method",
        ),
        ("quoted", "A text where a range is due.", "\"tempo/charge\"", "no-method"),
        ("weight-two", "Above one.", "tempo/charge;q=2", "no-weight"),
        ("weight-past-one", "A little above one.", "tempo/charge;q=1.001", "no-weight"),
        ("weight-negative", "Below zero.", "tempo/charge;q=-0.5", "no-weight"),
        ("weight-with-plus", "A sign.", "tempo/charge;q=+0.5", "no-weight"),
        ("four-decimals", "More than three.", "tempo/charge;q=0.1234", "no-weight"),
        ("four-zeros", "More than three, though it is one.", "tempo/charge;q=1.0000", "no-weight"),
        (
            "no-digit-before-the-point",
            "A weight begins with zero or one.",
            "tempo/charge;q=.5",
            "no-weight",
        ),
        ("leading-zero", "Two digits before the point.", "tempo/charge;q=00.5", "no-weight"),
        ("exponent", "No exponent.", "tempo/charge;q=5e-1", "no-weight"),
        ("percent", "No unit.", "tempo/charge;q=50%", "no-weight"),
        ("nan", "No number.", "tempo/charge;q=NaN", "no-weight"),
        ("no-weight", "Nothing behind the sign.", "tempo/charge;q=", "no-weight"),
        ("no-sign", "A name alone.", "tempo/charge;q", "no-weight"),
        ("nothing-behind-the-semicolon", "A weight is due.", "tempo/charge;", "no-weight"),
        (
            "space-around-the-sign",
            "White space within a weight.",
            "tempo/charge;q = 0.5",
            "no-weight",
        ),
        ("quoted-weight", "A text where a number is due.", "tempo/charge;q=\"0.5\"", "no-weight"),
        ("other-parameter", "A range has no parameters.", "tempo/charge;amount=5", "no-weight"),
        (
            "parameter-behind",
            "A range has no parameters.",
            "tempo/charge;q=0.5;amount=5",
            "no-weight",
        ),
        (
            "comma-in-the-weight",
            "Half of it is an element of its own.",
            "tempo/charge;q=0,5",
            "no-range",
        ),
    ] {
        cases.invalid(name, comment, json!({ "field": field }), reason).should();
    }
}

fn rank_cases(cases: &mut Cases) {
    cases.summary("The offers of a server that a client accepts, best liked first.");
    cases.source(
        "Prefer the most specific matching range when multiple ranges match the same challenge",
        "draft-httpauth-payment-00, \"Client Payment Preferences\"",
    );
    cases.source(
        "Preserve server preference order when multiple matches have the same `q`",
        "draft-httpauth-payment-00, \"Client Payment Preferences\"",
    );
    cases.source(
        "If `Accept-Payment` is absent, servers MUST behave as though the client accepts any method and intent combination.",
        "draft-httpauth-payment-00, \"Client Payment Preferences\"",
    );
    cases.source(
        "omitted `q` values are equivalent to `q=1`, and `q=0` means \"do not use\"",
        "draft-httpauth-payment-00, \"Client Payment Preferences\"",
    );
    cases.rule("`offers` come in the server's order. Without a `field` all of them go out as they came. With one, an offer has the weight of the range that matches it and names most of it: method and intent, then one of them, then none.");
    cases.rule("Offers without a matching range, or with a weight of zero, are left out; the others are sorted by falling weight, those of equal weight staying in their order.");
    cases.rule("Steps: ranges are those mpp.accept-payment.parse reads.");
    cases.rule("No case has a malformed field or one that leaves no offer, which servers may ignore, or an offer that two equally specific ranges match.");
    rank_flags(cases);
    let all = ["tempo/session", "tempo/charge", "solana/charge", "stripe/charge"];
    cases.group(json!({ "offers": offers(&all) }));
    cases.valid("absent", "Who says nothing takes anything.", json!({}));
    let mut ranked = |name: &str, comment: &str, field: &str| {
        cases.valid(name, comment, json!({ "field": field })).should();
    };
    ranked("everything", "A wildcard for everything.", "*/*");
    ranked("one", "One range, one offer.", "solana/charge");
    ranked(
        "draft-order",
        "By falling weight.",
        "tempo/charge, tempo/session;q=0.9, stripe/charge;q=0.5, solana/charge;q=0.3",
    );
    ranked(
        "draft-wildcards",
        "As the draft has it.",
        "tempo/*, solana/*;q=0.6, stripe/charge;q=0.2",
    );
    ranked(
        "draft-not-wanted",
        "As the draft has it.",
        "tempo/charge, tempo/session;q=0, solana/charge;q=0.8, stripe/charge;q=0.4",
    );
    ranked(
        "equal-weights",
        "The server's order, not that of the field.",
        "stripe/charge, solana/charge, tempo/charge",
    );
    ranked(
        "equal-weights-below-one",
        "The server's order among those liked equally.",
        "stripe/charge;q=0.5, solana/charge;q=0.5, tempo/charge;q=0.500",
    );
    ranked(
        "least-last",
        "Last of the field, first of the list.",
        "tempo/charge;q=0.1, solana/charge;q=0.2, stripe/charge;q=0.3",
    );
    ranked(
        "by-number",
        "Weights are numbers: 0.9 is above 0.15.",
        "tempo/charge;q=0.15, stripe/charge;q=0.9",
    );
    ranked("thousandths", "A thousandth decides.", "tempo/charge;q=0.998, stripe/charge;q=0.999");
    ranked("not-wanted-of-all", "Everything but one.", "*/*, tempo/session;q=0");
    ranked("not-wanted-method", "Everything but a method.", "*/*;q=0.5, tempo/*;q=0");
    ranked("wanted-of-nothing", "Nothing but one.", "*/*;q=0, stripe/charge;q=0.1");
    ranked(
        "exact-below-wildcard",
        "The exact range counts, though it weighs less.",
        "tempo/charge;q=0.2, */*",
    );
    ranked(
        "wildcard-first",
        "The exact range counts wherever it stands.",
        "*/*;q=0.1, */charge;q=0.5, stripe/charge",
    );
    ranked("every-method", "A wildcard for the method.", "*/session, */charge;q=0.5");
    ranked(
        "three-closenesses",
        "Each offer by the range that names most of it.",
        "*/*;q=0.9, tempo/*;q=0.5, tempo/charge;q=0.7",
    );
    ranked(
        "others-too",
        "What the server does not have is passed over.",
        "lightning/charge, stripe/charge;q=0.5",
    );
    ranked("prefix", "A name is not a part of another.", "temp/charge, tempo/char, stripe/charge");
    cases.group(json!({ "offers": offers(&["stripe/charge", "tempo/charge", "stripe/charge"]) }));
    cases.valid("absent-with-twins", "Nothing is dropped or sorted.", json!({}));
    cases
        .valid(
            "twins",
            "Two offers of one kind stay two.",
            json!({ "field": "tempo/*, stripe/*;q=0.5" }),
        )
        .should();
}

fn offers(names: &[&str]) -> Value {
    let offer = |name: &&str| {
        let (method, intent) = name.split_once('/').unwrap_or_default();
        json!({ "method": method, "intent": intent })
    };
    names.iter().map(offer).collect()
}

/// A range that an offer matches.
#[derive(Clone, Copy)]
struct Match {
    /// In the field.
    index: i64,
    /// How many of method and intent it names.
    closeness: usize,
    weight: i64,
}

/// Ranks with a bug: `key` makes of an offer's matches what offers are sorted
/// by, the least first, or leaves the offer out.
fn reranked(input: &Value, key: fn(&[Match]) -> Option<i64>) -> Result<Value, Refusal> {
    let input = Input::new(input);
    let sound = rank(&input, &mut Steps::default())?;
    let Some(field) = input.optional_text("field")? else { return Ok(sound) };
    let ranges = ranges(field)?;
    let mut keyed: Vec<(i64, &Value)> = Vec::new();
    for offer in input.array("offers")? {
        let fits = |range: &str, member: &str| range == "*" || offer[member] == range;
        let matches: Vec<Match> = (0..)
            .zip(&ranges)
            .filter(|(_, r)| fits(&r.method, "method") && fits(&r.intent, "intent"))
            .map(|(index, range)| Match {
                index,
                closeness: usize::from(range.method != "*") + usize::from(range.intent != "*"),
                weight: range.weight.thousandths().into(),
            })
            .collect();
        keyed.extend(key(&matches).map(|key| (key, offer)));
    }
    keyed.sort_by_key(|(key, _)| *key);
    Ok(json!({ "offers": keyed.iter().map(|(_, offer)| *offer).collect::<Vec<_>>() }))
}

/// The match that counts, unless the client does not want it.
fn closest(matches: &[Match]) -> Option<Match> {
    matches.iter().copied().max_by_key(|m| m.closeness).filter(|m| m.weight > 0)
}

fn rank_flags(cases: &mut Cases) {
    cases.flag(
        "AbsentAsNothing",
        "takes a client that says nothing for one that accepts nothing",
        Bug::misreads(|input| {
            if input.get("field").is_none() {
                input["field"] = "".into();
            }
        }),
    );
    cases.flag(
        "IgnoresField",
        "returns all offers in its own order, whatever the client says",
        Bug::misreads(|input| {
            if let Some(members) = input.as_object_mut() {
                members.remove("field");
            }
        }),
    );
    cases.flag(
        "FirstRange",
        "goes by the first range that matches instead of the one that names most",
        Bug::differs(|input| {
            reranked(input, |m| m.first().filter(|m| m.weight > 0).map(|m| -m.weight))
        }),
    );
    cases.flag(
        "GreatestWeight",
        "goes by the greatest weight of all ranges that match, and offers what a client does not want",
        Bug::differs(|input| {
            reranked(input, |m| m.iter().map(|m| m.weight).max().filter(|w| *w > 0).map(|w| -w))
        }),
    );
    cases.flag(
        "ZeroIsLittle",
        "takes a weight of zero for a small one, and offers what a client does not want",
        Bug::differs(|input| {
            reranked(input, |m| m.iter().max_by_key(|m| m.closeness).map(|m| -m.weight))
        }),
    );
    cases.flag(
        "OrderOfTheField",
        "sorts equals by their place in the field",
        Bug::differs(|input| reranked(input, |m| closest(m).map(|m| m.index - 1000 * m.weight))),
    );
    cases.flag(
        "OrderOfTheFieldAlone",
        "sorts by the place in the field, and passes over weights",
        Bug::differs(|input| reranked(input, |m| closest(m).map(|m| m.index))),
    );
    cases.flag(
        "LeastFirst",
        "sorts by rising weight",
        Bug::differs(|input| reranked(input, |m| closest(m).map(|m| m.weight))),
    );
    cases.flag(
        "Hundredths",
        "drops the third decimal of a weight",
        Bug::differs(|input| reranked(input, |m| closest(m).map(|m| -(m.weight / 10)))),
    );
    cases.flag(
        "DecimalsAsNumber",
        "takes 0.15 for more than 0.9, as 15 is more than 9",
        Bug::differs(|input| {
            reranked(input, |m| {
                let mut weight = closest(m)?.weight;
                while weight % 10 == 0 && weight < 1000 {
                    weight /= 10;
                }
                Some(-weight)
            })
        }),
    );
    cases.flag(
        "OneOfAKind",
        "drops a second offer of the same method and intent",
        Bug::miswrites(|output| {
            if let Some(Value::Array(offers)) = output.get_mut("offers") {
                let mut seen = Vec::new();
                offers.retain(|offer| {
                    let new = !seen.contains(offer);
                    seen.push(offer.clone());
                    new
                });
            }
        }),
    );
}
