//! Bugs of readers of a challenge.

use conform402_wire::auth_params::AuthChallenge;
use conform402_wire::challenge::SCHEME;

use crate::cases::Cases;
use crate::mpp::challenge::{OPTIONAL, REQUIRED, encoded};
use crate::mpp::lenient::{
    by_regex, cut_at_commas, decoder_flags, keeping_backslashes, last_wins, mixed, reread,
    reread_params, taking_half_a_pair,
};
use crate::operation::Bug;

/// The bugs that misread a text with challenges in it.
pub(super) fn flags(cases: &mut Cases) {
    fn in_field(change: impl Fn(&str) -> String + Send + Sync + 'static) -> Bug {
        Bug::misreads_text("field", change)
    }
    decoder_flags(cases, |decoder| {
        in_field(move |field| {
            reread_params(field, &["request", "opaque"], |text| decoder.read(text))
        })
    });
    cases.flag(
        "TakesHalfAPair",
        "takes half of a surrogate pair for a character, as most readers of JSON do",
        in_field(|field| reread_params(field, &["request"], taking_half_a_pair)),
    );
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
        "UnescapesAsJson",
        "reads \\u and four digits in a quoted string as JSON does",
        in_field(|field| field.replace("\\u20ae", "₮")),
    );
    cases.flag(
        "StopsAtLineSeparators",
        "matches values with a regular expression whose dot, as in JavaScript, takes no U+2028",
        Bug::refuses(|input| {
            input["field"].as_str().is_some_and(|field| field.contains('\u{2028}'))
        }),
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
                    .map_or_else(|_| text.to_owned(), |object| encoded(&object))
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
