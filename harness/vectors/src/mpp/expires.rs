//! The expiry of a challenge. RFC 3339.

use conform402_wire::timestamp::{NoInstant, instant};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.expires.parse", evaluate: |input, _| parse(input), describe }]
}

fn parse(input: &Input<'_>) -> Result<Value, Refusal> {
    let instant = instant(input.text("text")?).map_err(|error| {
        Refusal::new(match error.cause {
            NoInstant::Form => "another-form",
            NoInstant::Date => "no-such-day",
            NoInstant::Time => "no-such-time",
            NoInstant::NoOffset => "no-offset",
            NoInstant::Offset => "no-such-offset",
        })
    })?;
    Ok(json!({ "epochSeconds": instant.seconds, "nanoseconds": instant.nanoseconds }))
}

/// Spellings by which every lenient reader means the same instant: no source
/// says that it must not.
const SAME_INSTANT: &[&str] = &[
    "no-seconds",
    "no-minutes",
    "no-separator",
    "basic-form",
    "comma",
    "no-digit-of-fraction",
    "offset-without-colon",
    "offset-of-hours",
    "offset-with-seconds",
    "bracketed-zone",
    "expanded-year",
    "one-digit-month",
    "one-digit-hour",
    "week-date",
    "ordinal-date",
    "slashes",
    "http-date",
    "space-in-front",
    "space-behind",
    "other-digits",
    "true-minus",
    "hour-24",
];

fn describe(cases: &mut Cases) {
    cases.summary("The instant at which a challenge expires.");
    cases.source(
        "Timestamp indicating when this challenge expires, formatted as an {{RFC3339}} date-time string (e.g., `\"2025-01-15T12:00:00Z\"`).",
        "draft-httpauth-payment-00, \"Optional Parameters\"",
    );
    cases.source(
        "time-numoffset  = (\"+\" / \"-\") time-hour \":\" time-minute",
        "RFC 3339, \"Internet Date/Time Format\"",
    );
    cases.source(
        "Per [ABNF] and ISO8601, the \"T\" and \"Z\" characters in this syntax may alternatively be lower case \"t\" or \"z\" respectively.",
        "RFC 3339, \"Internet Date/Time Format\"",
    );
    cases.rule("Taken is a date-time of RFC 3339 alone: four digits of year, seconds, and either Z or an offset of hours and minutes, at most 23:59.");
    cases.rule("`epochSeconds` are whole seconds since 1970 in UTC, `nanoseconds` those since that second; both are integers.");
    cases.rule("No case has a space for the T, more than nine digits of fraction, or a leap second that there may be.");
    flags(cases);
    let mut should = |name: &str, comment: &str, text: &str| {
        cases.valid(name, comment, json!({ "text": text })).should();
    };
    should("microseconds", "As Python writes it.", "2030-01-01T00:00:00.123456Z");
    should("nanoseconds", "As Go writes it.", "2030-01-01T00:00:00.123456789Z");
    should("a-nanosecond", "The least fraction.", "2030-01-01T00:00:00.000000001Z");
    should("lower-case", "T and Z may be lower case.", "2030-01-01t00:00:00z");
    let mut valid = |name: &str, comment: &str, text: &str| {
        cases.valid(name, comment, json!({ "text": text }));
    };
    valid("plain", "As most servers write it.", "2030-01-01T00:00:00Z");
    valid("milliseconds", "As JavaScript writes it.", "2030-01-01T00:00:00.123Z");
    valid("a-tenth", "One digit of a fraction.", "2030-01-01T00:00:00.5Z");
    valid("east", "A time zone east of Greenwich is ahead.", "2030-01-01T02:00:00+02:00");
    valid("west", "West of it, and in another year.", "2029-12-31T16:00:00-08:00");
    valid("half-an-hour", "Offsets have minutes.", "2030-01-01T05:45:00+05:45");
    valid("greatest-offset", "The greatest offset of all.", "2030-01-01T23:59:00+23:59");
    valid(
        "unknown-offset",
        "The local offset is unknown, the instant is not.",
        "2030-01-01T00:00:00-00:00",
    );
    valid("zero-offset", "Another spelling of Z.", "2030-01-01T00:00:00+00:00");
    valid(
        "fraction-and-offset",
        "As Python writes it for a time zone.",
        "2030-01-01T02:00:00.250+02:00",
    );
    valid("leap-day", "2028 has one.", "2028-02-29T23:59:59Z");
    valid("leap-day-of-a-century", "2000 has one: it divides by 400.", "2000-02-29T00:00:00Z");
    valid("past-32-bits", "2^31 seconds.", "2038-01-19T03:14:08Z");
    valid("end-of-time", "The last second that has a form.", "9999-12-31T23:59:59Z");
    let mut invalid = |name: &str, comment: &str, text: &str, reason: &str| {
        let case = cases.invalid(name, comment, json!({ "text": text }), reason);
        if SAME_INSTANT.contains(&name) {
            case.should();
        }
    };
    invalid(
        "no-offset",
        "It would expire when the reader's time zone says.",
        "2030-01-01T00:00:00",
        "no-offset",
    );
    invalid(
        "no-offset-with-fraction",
        "As Python writes a naive datetime.",
        "2030-01-01T00:00:00.123456",
        "no-offset",
    );
    for (name, comment, text) in [
        ("empty", "No text.", ""),
        ("date-only", "A day is no instant.", "2030-01-01"),
        ("no-seconds", "Seconds are not optional.", "2030-01-01T00:00Z"),
        ("no-minutes", "Minutes are not optional.", "2030-01-01T00Z"),
        ("no-separator", "The T is missing.", "2030-01-0100:00:00Z"),
        ("basic-form", "ISO 8601 without its separators.", "20300101T000000Z"),
        ("comma", "ISO 8601 has commas, RFC 3339 has not.", "2030-01-01T00:00:00,5Z"),
        ("no-digit-of-fraction", "A point needs a digit.", "2030-01-01T00:00:00.Z"),
        ("offset-without-colon", "As `date +%z` writes it.", "2030-01-01T02:00:00+0200"),
        ("offset-of-hours", "An offset has minutes.", "2030-01-01T02:00:00+02"),
        ("offset-with-seconds", "An offset has no seconds.", "2030-01-01T02:00:00+02:00:00"),
        ("z-and-offset", "Two offsets.", "2030-01-01T00:00:00Z+02:00"),
        ("named-zone", "An abbreviation means several offsets.", "2030-01-01T00:00:00 CST"),
        (
            "bracketed-zone",
            "RFC 9557 adds a zone, which the draft does not.",
            "2030-01-01T00:00:00Z[Asia/Hong_Kong]",
        ),
        ("two-digit-year", "A year has four digits.", "30-01-01T00:00:00Z"),
        ("expanded-year", "A year has four digits and no sign.", "+002030-01-01T00:00:00Z"),
        ("negative-year", "A year has no sign.", "-2030-01-01T00:00:00Z"),
        ("one-digit-month", "A month has two digits.", "2030-1-01T00:00:00Z"),
        ("one-digit-hour", "An hour has two digits.", "2030-01-01T0:00:00Z"),
        ("week-date", "A day of a week, as ISO 8601 has it.", "2030-W01-2T00:00:00Z"),
        ("ordinal-date", "A day of a year, as ISO 8601 has it.", "2030-001T00:00:00Z"),
        ("slashes", "Another separator.", "2030/01/01T00:00:00Z"),
        ("http-date", "As Retry-After has it.", "Tue, 01 Jan 2030 00:00:00 GMT"),
        ("seconds-since-1970", "A number.", "1893456000"),
        ("milliseconds-since-1970", "A number.", "1893456000000"),
        ("duration", "A time span.", "PT5M"),
        ("word", "A word.", "tomorrow"),
        ("space-in-front", "White space.", " 2030-01-01T00:00:00Z"),
        ("space-behind", "White space.", "2030-01-01T00:00:00Z "),
        ("other-digits", "Digits of another script.", "٢٠٣٠-01-01T00:00:00Z"),
        ("true-minus", "The minus sign of typographers.", "2030-01-01T00:00:00−08:00"),
    ] {
        invalid(name, comment, text, "another-form");
    }
    for (name, comment, text) in [
        ("month-13", "No such month.", "2030-13-01T00:00:00Z"),
        ("month-0", "No such month.", "2030-00-01T00:00:00Z"),
        ("day-0", "No such day.", "2030-01-00T00:00:00Z"),
        ("april-31", "April has 30 days.", "2030-04-31T00:00:00Z"),
        ("february-29", "2027 has no leap day.", "2027-02-29T00:00:00Z"),
        ("february-29-of-a-century", "2100 divides by 100, not by 400.", "2100-02-29T00:00:00Z"),
    ] {
        invalid(name, comment, text, "no-such-day");
    }
    for (name, comment, text) in [
        ("hour-24", "The end of a day is the start of the next.", "2030-01-01T24:00:00Z"),
        ("minute-60", "No such minute.", "2030-01-01T00:60:00Z"),
        ("second-61", "No minute has 62 seconds.", "2030-01-01T00:00:61Z"),
        ("leap-second-at-noon", "Leap seconds end a month.", "2030-01-01T12:00:60Z"),
    ] {
        invalid(name, comment, text, "no-such-time");
    }
    invalid(
        "offset-of-a-day",
        "Offsets end at 23:59.",
        "2030-01-01T00:00:00+24:00",
        "no-such-offset",
    );
    invalid(
        "offset-of-60-minutes",
        "Offsets have 59 minutes at most.",
        "2030-01-01T00:00:00+01:60",
        "no-such-offset",
    );
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "TakesLocalTime",
        "takes a time without offset for one of its own time zone, so that expired challenges live on for hours",
        Bug::forgets(&["no-offset"]),
    );
    cases.flag(
        "GeneralDateParser",
        "takes whatever a general parser of dates takes, and means another instant by it than other readers",
        Bug::forgets(&["another-form"]),
    );
    cases.flag(
        "DaysRollOver",
        "takes 29 February 2027 for 1 March",
        Bug::forgets(&["no-such-day"]),
    );
    cases.flag(
        "TimesRollOver",
        "takes 24:00 for the next day, or a sixtieth second for the next minute",
        Bug::forgets(&["no-such-time"]),
    );
    cases.flag(
        "OffsetUnchecked",
        "takes an offset of a day or more",
        Bug::forgets(&["no-such-offset"]),
    );
    cases.flag(
        "IgnoresOffset",
        "reads the time and drops the offset",
        Bug::misreads_text("text", |text| match text.get(19..).and_then(|t| t.find(['+', '-'])) {
            Some(at) => text[..19 + at].to_owned() + "Z",
            None => text.to_owned(),
        }),
    );
    cases.flag(
        "OffsetTheWrongWay",
        "adds an offset that is to be subtracted",
        Bug::misreads_text("text", |text| {
            let (time, offset) = text.split_at(text.len().min(19));
            let turned: String = offset
                .chars()
                .map(|c| match c {
                    '+' => '-',
                    '-' => '+',
                    c => c,
                })
                .collect();
            time.to_owned() + &turned
        }),
    );
    cases.flag(
        "OneLayout",
        "knows seconds and Z alone, and refuses fractions and offsets",
        Bug::refuses(|input| input["text"].as_str().is_some_and(|text| text.len() != 20)),
    );
    cases.flag(
        "CapitalsOnly",
        "refuses t and z",
        Bug::refuses(|input| input["text"].as_str().is_some_and(|text| text.contains(['t', 'z']))),
    );
    let rounds = |to: u64| {
        Bug::miswrites(move |output| {
            let nanoseconds = output["nanoseconds"].as_u64().unwrap_or_default();
            output["nanoseconds"] = (nanoseconds / to * to).into();
        })
    };
    cases.flag("WholeSeconds", "drops the fraction", rounds(1_000_000_000));
    cases.flag("Milliseconds", "drops what is less than a millisecond", rounds(1_000_000));
    cases.flag("Microseconds", "drops what is less than a microsecond", rounds(1_000));
    cases.flag(
        "FractionAsNumber",
        "takes .5 for 5 nanoseconds, without regard to its digits",
        Bug::differs(|input| {
            let mut output = parse(&Input::new(input))?;
            let text = input["text"].as_str().unwrap_or_default();
            let digits: String = text
                .split('.')
                .nth(1)
                .unwrap_or_default()
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            output["nanoseconds"] = digits.parse::<u64>().unwrap_or_default().into();
            Ok(output)
        }),
    );
    cases.flag(
        "ThirtyTwoBits",
        "counts seconds in 32 bits, whose end is in 2038",
        Bug::miswrites(|output| {
            let seconds = output["epochSeconds"].as_i64().unwrap_or_default();
            output["epochSeconds"] = seconds.clamp(0, i64::from(i32::MAX)).into();
        }),
    );
}
