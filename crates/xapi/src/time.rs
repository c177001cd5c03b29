//! Instants as xAPI writes them: RFC 3339 text in, microseconds since 1970 inside, UTC text out.

mod civil;
mod parse;

use std::fmt;

use crate::time::civil::Civil;

pub use crate::time::parse::NotATimestamp;
pub(crate) use crate::time::parse::{Offset, Parsed};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what four digits of a year can say.
const EARLIEST_MICROS: i64 = -719_528 * MICROS_PER_DAY;
const LATEST_MICROS: i64 = 2_932_897 * MICROS_PER_DAY - 1;

/// An instant in microseconds since 1970-01-01T00:00:00Z. Digits beyond microseconds are cut, never rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Bytes of the fixed-width text, `2026-11-22T14:38:00.123456Z`.
    pub const TEXT_BYTES: usize = 27;

    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads any form that xAPI 1.0.3 allows: RFC 3339, and ISO 8601 without offset (taken as UTC), without
    /// seconds, with a comma before the fraction, or with an offset like `+01` or `+0100`.
    ///
    /// # Errors
    ///
    /// If the text is none of these, or uses an offset of minus zero (1.0.3 Data 4.5).
    pub fn parse(text: &str) -> Result<Self, NotATimestamp> {
        parse::parse(text, false).map(|parsed| parsed.instant)
    }

    /// Reads RFC 3339, which xAPI 2.0 demands (IEEE 9274.1.1 4.2.7).
    ///
    /// # Errors
    ///
    /// If the text is not RFC 3339, or uses an offset of minus zero.
    pub fn parse_strict(text: &str) -> Result<Self, NotATimestamp> {
        parse::parse(text, true).map(|parsed| parsed.instant)
    }

    pub(crate) fn parse_with_offset(text: &str, strict: bool) -> Result<Parsed, NotATimestamp> {
        parse::parse(text, strict)
    }

    /// Writes the fixed-width UTC text. Instants outside the years 0000 to 9999 are moved to the nearest end.
    pub fn write_to(self, out: &mut [u8; Self::TEXT_BYTES]) {
        let micros = self.0.clamp(EARLIEST_MICROS, LATEST_MICROS);
        let (days, of_day) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
        let date = Civil::from_days(days);
        let seconds = of_day / MICROS_PER_SECOND;
        out.copy_from_slice(b"0000-00-00T00:00:00.000000Z");
        decimal(&mut out[0..4], date.year.unsigned_abs());
        decimal(&mut out[5..7], date.month.into());
        decimal(&mut out[8..10], date.day.into());
        decimal(&mut out[11..13], (seconds / 3600).unsigned_abs());
        decimal(&mut out[14..16], (seconds / 60 % 60).unsigned_abs());
        decimal(&mut out[17..19], (seconds % 60).unsigned_abs());
        decimal(&mut out[20..26], (of_day % MICROS_PER_SECOND).unsigned_abs());
    }

    /// The fixed-width UTC text as bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::TEXT_BYTES] {
        let mut out = [0; Self::TEXT_BYTES];
        self.write_to(&mut out);
        out
    }

    /// Appends the fixed-width UTC text.
    pub fn append_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.to_bytes();
        f.write_str(std::str::from_utf8(&bytes).expect("digits and punctuation are ASCII"))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Fills `out` with the last digits of `value`.
fn decimal(out: &mut [u8], mut value: u64) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, utc: &str) {
        assert_eq!(Timestamp::parse(text).unwrap().to_string(), utc, "{text}");
    }

    #[test]
    fn every_form_of_rfc_3339_reads_as_utc() {
        check("2008-09-15T15:53:00.601Z", "2008-09-15T15:53:00.601000Z");
        check("2008-09-15T15:53:00.601+00:00", "2008-09-15T15:53:00.601000Z");
        check("2023-05-04T12:00:00-05:00", "2023-05-04T17:00:00.000000Z");
        check("2024-02-29t23:59:59.1234567899z", "2024-02-29T23:59:59.123456Z");
        check("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
        check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z");
        check("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
        check("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z");
    }

    #[test]
    fn the_older_version_also_takes_other_iso_8601_forms() {
        for text in [
            "2008-09-15T15:53:00",
            "2008-09-15T15:53",
            "2008-09-15T15:53Z",
            "2008-09-15T15:53:00+00",
            "2008-09-15T16:53:00+0100",
            "2008-09-15T15:53:00,000Z",
        ] {
            check(text, "2008-09-15T15:53:00.000000Z");
            assert!(Timestamp::parse_strict(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "should fail",
            "01/011/2015",
            "2008-09-15T15:53:00.601-00",
            "2008-09-15T15:53:00.601-0000",
            "2008-09-15T15:53:00.601-00:00",
            "2008-09-15",
            "2008-09-15 15:53:00Z",
            "2008-13-15T15:53:00Z",
            "2008-00-15T15:53:00Z",
            "2023-02-29T00:00:00Z",
            "2008-09-15T24:00:00Z",
            "2008-09-15T15:60:00Z",
            "2008-09-15T15:53:61Z",
            "2008-09-15T15:53:00.Z",
            "2008-09-15T15:53:00+24:00",
            "2008-09-15T15:53:00+00:60",
            "2008-09-15T15:53:00ZZ",
            "2008-09-15T15:53:00Z ",
            "+2008-09-15T15:53:00Z",
            "2008-09-15T15:53:00+1:00",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "２008-09-15T15:53:00Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn text_and_instant_convert_both_ways() {
        for day in (-719_528..2_932_897).step_by(97) {
            let instant = Timestamp(day * MICROS_PER_DAY + 45_296_789_012);
            assert_eq!(Timestamp::parse(&instant.to_string()), Ok(instant));
        }
        assert_eq!(Timestamp(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp(i64::MIN).to_string(), "0000-01-01T00:00:00.000000Z");
    }
}
