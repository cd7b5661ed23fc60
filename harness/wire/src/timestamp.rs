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

    #[test]
    fn writes_milliseconds() {
        let instant = Timestamp::from_millisecond(1_893_456_000_007).unwrap();
        assert_eq!(format_millis(instant), "2030-01-01T00:00:00.007Z");
    }
}
