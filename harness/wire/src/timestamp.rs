//! Instants on the wire.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

/// An instant as RFC 3339 can name it, up to the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Since 1970 in UTC, without leap seconds; below zero before.
    pub seconds: i64,
    /// Since that second.
    pub nanoseconds: u32,
}

/// Text that names no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 date-time with an offset: {cause}")]
pub struct NotAnInstant {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub cause: NoInstant,
}

/// What is wrong with a text that names no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoInstant {
    /// Another form.
    Form,
    /// No such day.
    Date,
    /// No such time of a day.
    Time,
    /// Without an offset, the text names an instant in each time zone.
    NoOffset,
    /// No such offset.
    Offset,
}

impl fmt::Display for NoInstant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "another form",
            Self::Date => "no such day",
            Self::Time => "no such time",
            Self::NoOffset => "no offset",
            Self::Offset => "no such offset",
        })
    }
}

/// Reads an RFC 3339 date-time of any precision; what is past nanoseconds is
/// cut. Two things that the RFC leaves to its users are refused: a space for
/// the `T`, and leap seconds.
///
/// # Errors
/// [`NotAnInstant`] quotes the text.
pub fn instant(text: &str) -> Result<Instant, NotAnInstant> {
    read(text.as_bytes()).map_err(|cause| NotAnInstant { text: text.to_owned(), cause })
}

/// As [`instant`]; the last day of the year 9999 is past what [`Timestamp`]
/// holds, and becomes its greatest.
///
/// # Errors
/// [`NotAnInstant`] quotes the text.
pub fn parse(text: &str) -> Result<Timestamp, NotAnInstant> {
    let instant = instant(text)?;
    let nanoseconds = i32::try_from(instant.nanoseconds).unwrap_or_default();
    Ok(Timestamp::new(instant.seconds, nanoseconds).unwrap_or(Timestamp::MAX))
}

/// Writes `instant` in UTC to the millisecond, as most SDKs do.
#[must_use]
pub fn format_millis(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

fn read(text: &[u8]) -> Result<Instant, NoInstant> {
    let mut reader = Reader(text);
    let year = i16::try_from(reader.number(4)?).map_err(|_| NoInstant::Form)?;
    reader.skip(b"-")?;
    let month = reader.two_digits()?;
    reader.skip(b"-")?;
    let day = reader.two_digits()?;
    reader.skip(b"Tt")?;
    let hour = reader.number(2)?;
    reader.skip(b":")?;
    let minute = reader.number(2)?;
    reader.skip(b":")?;
    let second = reader.number(2)?;
    let nanoseconds = reader.fraction()?;
    let offset = reader.offset()?;
    let date = Date::new(year, month, day).map_err(|_| NoInstant::Date)?;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(NoInstant::Time);
    }
    let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
    let local = days * 86_400 + hour * 3600 + minute * 60 + second;
    Ok(Instant { seconds: local - offset, nanoseconds })
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// The first byte, if it is one of `expected`.
    fn take(&mut self, expected: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        expected.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn skip(&mut self, expected: &[u8]) -> Result<(), NoInstant> {
        self.take(expected).map(drop).ok_or(NoInstant::Form)
    }

    fn digit(&mut self) -> Option<u8> {
        self.take(b"0123456789").map(|digit| digit - b'0')
    }

    fn number(&mut self, digits: usize) -> Result<i64, NoInstant> {
        (0..digits).try_fold(0, |number, _| {
            self.digit().map(|digit| number * 10 + i64::from(digit)).ok_or(NoInstant::Form)
        })
    }

    fn two_digits(&mut self) -> Result<i8, NoInstant> {
        i8::try_from(self.number(2)?).map_err(|_| NoInstant::Form)
    }

    fn fraction(&mut self) -> Result<u32, NoInstant> {
        if self.take(b".").is_none() {
            return Ok(0);
        }
        let mut nanoseconds = u32::from(self.digit().ok_or(NoInstant::Form)?) * 100_000_000;
        let mut place = 10_000_000;
        while let Some(digit) = self.digit() {
            nanoseconds += u32::from(digit) * place;
            place /= 10;
        }
        Ok(nanoseconds)
    }

    /// East of UTC, in seconds; the text ends behind it.
    fn offset(&mut self) -> Result<i64, NoInstant> {
        if self.0.is_empty() {
            return Err(NoInstant::NoOffset);
        }
        let mut offset = 0;
        if self.take(b"Zz").is_none() {
            let sign = if self.take(b"+-").ok_or(NoInstant::Form)? == b'-' { -1 } else { 1 };
            let hours = self.number(2)?;
            self.skip(b":")?;
            let minutes = self.number(2)?;
            if hours > 23 || minutes > 59 {
                return Err(NoInstant::Offset);
            }
            offset = sign * (hours * 3600 + minutes * 60);
        }
        if self.0.is_empty() { Ok(offset) } else { Err(NoInstant::Form) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2030-01-01T00:00:00Z")]
    #[case("2030-01-01T00:00:00.000Z")]
    #[case("2030-01-01T00:00:00.123456Z")]
    #[case("2030-01-01T00:00:00.1234567891Z")]
    #[case("2030-01-01T02:00:00+02:00")]
    #[case("2029-12-31T12:30:00-11:30")]
    #[case("2030-01-01t00:00:00z")]
    #[case("2030-01-01T00:00:00-00:00")]
    fn reads_every_precision_and_offset(#[case] text: &str) {
        assert_eq!(parse(text).unwrap().as_second(), 1_893_456_000);
    }

    #[rstest]
    #[case("0000-01-01T00:00:00Z", -62_167_219_200, 0)]
    #[case("1969-12-31T23:59:59.5Z", -1, 500_000_000)]
    #[case("1996-12-19T16:39:57-08:00", 851_042_397, 0)]
    #[case("2028-02-29T00:00:00.000000001Z", 1_835_395_200, 1)]
    #[case("9999-12-31T23:59:59Z", 253_402_300_799, 0)]
    fn counts_from_1970(#[case] text: &str, #[case] seconds: i64, #[case] nanoseconds: u32) {
        assert_eq!(instant(text), Ok(Instant { seconds, nanoseconds }));
    }

    #[rstest]
    #[case("2030-01-01T00:00:00", NoInstant::NoOffset)]
    #[case("2030-01-01", NoInstant::Form)]
    #[case("tomorrow", NoInstant::Form)]
    #[case("1893456000", NoInstant::Form)]
    #[case("2030-01-01T00:00Z", NoInstant::Form)]
    #[case("20300101T000000Z", NoInstant::Form)]
    #[case("+002030-01-01T00:00:00Z", NoInstant::Form)]
    #[case("2030-01-01 00:00:00Z", NoInstant::Form)]
    #[case("2030-01-01T00:00:00,5Z", NoInstant::Form)]
    #[case("2030-01-01T00:00:00.Z", NoInstant::Form)]
    #[case("2030-01-01T00:00:00+02", NoInstant::Form)]
    #[case("2030-01-01T00:00:00+0200", NoInstant::Form)]
    #[case("2030-01-01T00:00:00Z[Europe/Paris]", NoInstant::Form)]
    #[case("2027-02-29T00:00:00Z", NoInstant::Date)]
    #[case("2030-13-01T00:00:00Z", NoInstant::Date)]
    #[case("2030-01-01T24:00:00Z", NoInstant::Time)]
    #[case("2016-12-31T23:59:60Z", NoInstant::Time)]
    #[case("2030-01-01T00:00:00+24:00", NoInstant::Offset)]
    fn refuses_what_names_no_instant(#[case] text: &str, #[case] cause: NoInstant) {
        assert_eq!(instant(text).unwrap_err().cause, cause);
        assert!(parse(text).is_err());
    }

    #[test]
    fn writes_milliseconds() {
        let instant = Timestamp::from_millisecond(1_893_456_000_007).unwrap();
        assert_eq!(format_millis(instant), "2030-01-01T00:00:00.007Z");
    }

    #[test]
    fn a_day_past_the_range_is_the_last() {
        assert_eq!(parse("9999-12-31T23:59:59Z"), Ok(Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read(milliseconds in -62_167_219_200_000_i64..253_402_200_000_000) {
            let instant = Timestamp::from_millisecond(milliseconds).unwrap();
            prop_assert_eq!(parse(&format_millis(instant)).unwrap(), instant);
        }
    }
}
