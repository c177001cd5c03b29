//! Reading timestamps (1.0.3 Data 4.5, IEEE 9274.1.1 4.2.7, RFC 3339 5.6).

use super::civil::Civil;
use super::{EARLIEST_MICROS, LATEST_MICROS, MICROS_PER_SECOND, Timestamp};

/// Why a text is not a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATimestamp {
    /// The general case.
    #[error("not an RFC 3339 timestamp such as 2026-11-22T14:38:00.123Z")]
    Form,
    /// A month, day, hour, minute, second or offset out of range.
    #[error("not a date and time that exists in the years 0000 to 9999")]
    Range,
    /// `-00`, `-0000`, `-00:00`.
    #[error("an offset of minus zero is not allowed, use Z")]
    MinusZero,
}

/// How the offset was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offset {
    /// `Z`, or an offset of zero, or none.
    Utc,
    /// Any other.
    Other,
}

/// An instant and how it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed {
    pub(crate) instant: Timestamp,
    pub(crate) offset: Offset,
}

pub(super) fn parse(text: &str, strict: bool) -> Result<Parsed, NotATimestamp> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.digits(4)?;
    rest.one_of(b"-")?;
    let month = rest.digits(2)?;
    rest.one_of(b"-")?;
    let day = rest.digits(2)?;
    rest.one_of(b"Tt")?;
    let hour = rest.digits(2)?;
    rest.one_of(b":")?;
    let minute = rest.digits(2)?;
    let (second, fraction_micros) = rest.seconds(strict)?;
    let (offset_minutes, offset) = rest.offset(strict)?;

    let date = Civil::new(year, month as u8, day as u8).ok_or(NotATimestamp::Range)?;
    // Second 60 is a leap second, counted as the first of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return Err(NotATimestamp::Range);
    }
    let seconds = date.days() * 86_400 + hour * 3_600 + (minute - offset_minutes) * 60 + second;
    let micros = seconds * MICROS_PER_SECOND + fraction_micros;
    if !(EARLIEST_MICROS..=LATEST_MICROS).contains(&micros) {
        return Err(NotATimestamp::Range);
    }
    Ok(Parsed { instant: Timestamp::from_micros(micros), offset })
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn digits(&mut self, count: usize) -> Result<i64, NotATimestamp> {
        let (digits, rest) = self.0.split_at_checked(count).ok_or(NotATimestamp::Form)?;
        let mut value = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return Err(NotATimestamp::Form);
            }
            value = value * 10 + i64::from(digit - b'0');
        }
        self.0 = rest;
        Ok(value)
    }

    fn one_of(&mut self, allowed: &[u8]) -> Result<u8, NotATimestamp> {
        match self.0.split_first() {
            Some((first, rest)) if allowed.contains(first) => {
                self.0 = rest;
                Ok(*first)
            }
            _ => Err(NotATimestamp::Form),
        }
    }

    /// Seconds and the microseconds of their fraction; both may be missing in 1.0.3.
    fn seconds(&mut self, strict: bool) -> Result<(i64, i64), NotATimestamp> {
        match self.one_of(b":") {
            Err(_) if !strict => return Ok((0, 0)),
            other => other?,
        };
        let second = self.digits(2)?;
        if self.one_of(if strict { b"." } else { b".," }).is_err() {
            return Ok((second, 0));
        }
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(NotATimestamp::Form);
        }
        let kept = self.0[..count].iter().chain([b'0'; 6].iter()).take(6);
        let micros = kept.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0'));
        self.0 = &self.0[count..];
        Ok((second, micros))
    }

    /// Minutes east of Greenwich.
    fn offset(&mut self, strict: bool) -> Result<(i64, Offset), NotATimestamp> {
        if self.0.is_empty() && !strict || matches!(self.0, b"Z" | b"z") {
            return Ok((0, Offset::Utc));
        }
        let sign = self.one_of(b"+-")?;
        let hours = self.digits(2)?;
        let minutes = match (self.0, strict) {
            ([], false) => 0,
            ([b':', ..], _) => self.one_of(b":").and_then(|_| self.digits(2))?,
            (_, false) => self.digits(2)?,
            (_, true) => return Err(NotATimestamp::Form),
        };
        if !self.0.is_empty() {
            return Err(NotATimestamp::Form);
        }
        if hours > 23 || minutes > 59 {
            return Err(NotATimestamp::Range);
        }
        match (sign, hours * 60 + minutes) {
            (b'-', 0) => Err(NotATimestamp::MinusZero),
            (_, 0) => Ok((0, Offset::Utc)),
            (b'-', east) => Ok((-east, Offset::Other)),
            (_, east) => Ok((east, Offset::Other)),
        }
    }
}
