//! Instants on the wire.

use jiff::Timestamp;

/// Text that names no instant: not RFC 3339, or without an offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 date-time with an offset")]
pub struct NotAnInstant(pub String);

/// Reads an RFC 3339 date-time of any precision; an offset is required, since
/// without one the text names no instant.
///
/// # Errors
/// [`NotAnInstant`] quotes the text.
pub fn parse(text: &str) -> Result<Timestamp, NotAnInstant> {
    let refuse = || NotAnInstant(text.to_owned());
    let has_date_and_time = text.as_bytes().get(10).is_some_and(|c| matches!(c, b'T' | b't'));
    if !has_date_and_time {
        return Err(refuse());
    }
    text.parse().map_err(|_| refuse())
}

/// Reads an RFC 3339 date-time to the letter, without the other forms of ISO
/// 8601 that [`parse`] takes. What is below a nanosecond is dropped.
///
/// # Errors
/// [`NotAnInstant`] quotes the text.
pub fn parse_exactly(text: &str) -> Result<Timestamp, NotAnInstant> {
    let refuse = || NotAnInstant(text.to_owned());
    let (whole, rest) = text.split_at_checked(19).ok_or_else(refuse)?;
    let fraction = match rest.strip_prefix('.') {
        None => "",
        Some(digits) => {
            let end = digits.bytes().take_while(u8::is_ascii_digit).count();
            if end == 0 {
                return Err(refuse());
            }
            &rest[..=end]
        }
    };
    let offset = &rest[fraction.len()..];
    let is_exact = has_shape(whole, "dddd-dd-ddTdd:dd:dd")
        && ["Z", "+dd:dd", "-dd:dd"].iter().any(|shape| has_shape(offset, shape));
    if !is_exact {
        return Err(refuse());
    }
    let fraction = &fraction[..fraction.len().min(".123456789".len())];
    parse(&format!("{whole}{fraction}{offset}")).map_err(|_| refuse())
}

/// Whether `text` is like `shape`, in which `d` is a digit and letters stand for
/// themselves in either case.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(c, expected)| match expected {
            b'd' => c.is_ascii_digit(),
            _ => c.eq_ignore_ascii_case(&expected),
        })
}

/// Writes `instant` in UTC to the millisecond, as most SDKs do.
#[must_use]
pub fn format_millis(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2030-01-01T00:00:00Z")]
    #[case("2030-01-01T00:00:00.000Z")]
    #[case("2030-01-01T00:00:00.123456Z")]
    #[case("2030-01-01T02:00:00+02:00")]
    fn reads_every_precision_and_offset(#[case] text: &str) {
        assert_eq!(parse(text).unwrap().as_second(), 1_893_456_000);
    }

    #[rstest]
    #[case("2030-01-01T00:00:00")]
    #[case("2030-01-01")]
    #[case("tomorrow")]
    #[case("1893456000")]
    fn refuses_what_names_no_instant(#[case] text: &str) {
        assert!(parse(text).is_err());
    }

    #[rstest]
    #[case("2030-01-01T00:00:00Z")]
    #[case("2030-01-01t00:00:00z")]
    #[case("2030-01-01T00:00:00.0000000000001Z")]
    #[case("2029-12-31T23:30:00-00:30")]
    fn reads_rfc_3339(#[case] text: &str) {
        assert_eq!(parse_exactly(text).unwrap().as_second(), 1_893_456_000);
    }

    #[rstest]
    #[case("2030-01-01T00:00:00")]
    #[case("2030-01-01T00:00Z")]
    #[case("2030-01-01T00:00:00+0000")]
    #[case("2030-01-01T00:00:00+00")]
    #[case("2030-01-01T00:00:00,5Z")]
    #[case("2030-01-01T00:00:00.Z")]
    #[case("2030-01-01T00:00:00Z[UTC]")]
    #[case("+002030-01-01T00:00:00Z")]
    #[case("20300101T000000Z")]
    #[case("2030-02-30T00:00:00Z")]
    #[case("2030-01-01T25:00:00Z")]
    #[case("2030-01-01T00:00:0\u{e9}Z")]
    #[case("")]
    fn refuses_other_forms(#[case] text: &str) {
        assert!(parse_exactly(text).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = parse_exactly(&text);
        }
    }

    #[test]
    fn writes_milliseconds() {
        let instant = Timestamp::from_millisecond(1_893_456_000_007).unwrap();
        assert_eq!(format_millis(instant), "2030-01-01T00:00:00.007Z");
    }
}
