//! Durations and calendar days in a tenant's time zone.

use jiff::tz::{Offset, TimeZone};
use jiff::{Span, SpanFieldwise, Unit};
use plaudit_xapi::Timestamp;
use serde::{Deserialize, Serialize};

/// An ISO 8601 duration that is not negative, such as `P1M` or `PT24H`, with the text that it was read from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration {
    text: String,
    span: SpanFieldwise,
}

impl PartialEq for Duration {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Duration {
    /// Reads `P…`; `None` if it is something else or negative.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let span: Span = text.starts_with('P').then(|| text.parse().ok())??;
        (!span.is_negative()).then(|| Self { text: text.to_owned(), span: span.fieldwise() })
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Duration {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an ISO 8601 duration")
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.text
    }
}

/// A duration made ready for one time zone.
#[derive(Clone, Debug)]
pub(crate) enum Length {
    /// Always the same number of microseconds there.
    Exact(i64),
    /// Depends on the day it starts.
    Calendar(Span, TimeZone),
}

impl Length {
    pub(crate) fn new(duration: &Duration, zone: &TimeZone) -> Self {
        let span = duration.span.0;
        let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
        let by_calendar = span.get_years() != 0 || span.get_months() != 0;
        if by_calendar || (days != 0 && zone.to_fixed_offset().is_err()) {
            return Self::Calendar(span, zone.clone());
        }
        let time = span.weeks(0).days(0).total(Unit::Nanosecond).map_or(f64::MAX, |nanos| nanos / 1000.0);
        // A span of hours fits into 2^53 microseconds unless it is longer than 285 years.
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as a limit that far away should")]
        Self::Exact((time as i64).saturating_add(days.saturating_mul(DAY_MICROS)))
    }

    /// The last instant that is not more than this long after `from`.
    pub(crate) fn after(&self, from: Timestamp) -> Timestamp {
        match self {
            Self::Exact(micros) => Timestamp::from_micros(from.as_micros().saturating_add(*micros)),
            Self::Calendar(span, zone) => to_jiff(from)
                .to_zoned(zone.clone())
                .checked_add(*span)
                .map_or(Timestamp::from_micros(i64::MAX), |end| {
                    Timestamp::from_micros(end.timestamp().as_microsecond())
                }),
        }
    }
}

const DAY_MICROS: i64 = 86_400_000_000;

/// The instant for the calendar library, which knows the years -9999 to 9999.
pub(crate) fn to_jiff(time: Timestamp) -> jiff::Timestamp {
    let nearest = if time.as_micros() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(time.as_micros()).unwrap_or(nearest)
}

/// Numbers the calendar days of a zone. Asking in the order of time is cheap: the offset from UTC is remembered
/// until the zone changes it.
#[derive(Debug)]
pub(crate) struct DayCounter<'z> {
    zone: &'z TimeZone,
    offset_micros: i64,
    from: i64,
    until: i64,
}

impl<'z> DayCounter<'z> {
    pub(crate) fn new(zone: &'z TimeZone) -> Self {
        let mut counter = Self { zone, offset_micros: 0, from: i64::MIN, until: i64::MAX };
        match zone.to_fixed_offset() {
            Ok(offset) => counter.offset_micros = micros(offset),
            Err(_) => counter.until = i64::MIN,
        }
        counter
    }

    /// Days since 1970-01-01 on the zone's calendar.
    pub(crate) fn day(&mut self, time: Timestamp) -> i64 {
        let at = time.as_micros();
        if at < self.from || at >= self.until {
            self.look_up(time);
        }
        at.saturating_add(self.offset_micros).div_euclid(DAY_MICROS)
    }

    fn look_up(&mut self, time: Timestamp) {
        let at = to_jiff(time);
        self.offset_micros = micros(self.zone.to_offset(at));
        self.from = time.as_micros();
        let change = self.zone.following(at).next();
        self.until = change.map_or(i64::MAX, |change| change.timestamp().as_microsecond());
    }
}

fn micros(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_micros(instant.as_microsecond())
    }

    #[track_caller]
    fn check_after(duration: &str, zone: &str, from: &str, expected: &str) {
        let zone = TimeZone::get(zone).unwrap();
        let length = Length::new(&Duration::parse(duration).unwrap(), &zone);
        assert_eq!(length.after(at(from)), at(expected));
    }

    #[test]
    fn months_and_days_follow_the_calendar_of_the_zone() {
        check_after("P1M", "UTC", "2024-01-31T12:00:00Z", "2024-02-29T12:00:00Z");
        check_after("P30D", "UTC", "2024-01-31T12:00:00Z", "2024-03-01T12:00:00Z");
        check_after("P2W", "UTC", "2024-01-01T00:00:00.5Z", "2024-01-15T00:00:00.5Z");
        check_after("P1D", "Europe/Vienna", "2024-03-30T12:00:00Z", "2024-03-31T11:00:00Z");
        check_after("PT24H", "Europe/Vienna", "2024-03-30T12:00:00Z", "2024-03-31T12:00:00Z");
        check_after("P1DT1.5S", "UTC", "2024-03-30T12:00:00Z", "2024-03-31T12:00:01.5Z");
    }

    #[test]
    fn a_duration_beyond_the_calendar_never_ends() {
        let length = Length::new(&Duration::parse("P19000Y").unwrap(), &TimeZone::UTC);
        assert_eq!(length.after(at("2024-01-31T12:00:00Z")), Timestamp::from_micros(i64::MAX));
    }

    #[test]
    fn only_iso_durations_that_are_not_negative_are_read() {
        for good in ["P1M", "PT24H", "P1Y2M3W4DT5H6M7.8S", "PT0S"] {
            assert_eq!(Duration::parse(good).map(String::from).as_deref(), Some(good));
        }
        for bad in ["", "P", "PT", "1 day", "-P1D", "p1d", "P1DT", "24h"] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_follow_the_zone_through_its_changes() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let mut counter = DayCounter::new(&zone);
        let mut hour = at("2023-12-25T00:30:00Z").as_micros();
        for _ in 0..24 * 400 {
            let time = Timestamp::from_micros(hour);
            let date = to_jiff(time).to_zoned(zone.clone()).date();
            let expected = date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24;
            assert_eq!(counter.day(time), expected);
            hour += 3_600_000_000;
        }
        assert_eq!(counter.day(at("2023-12-25T04:59:59Z")), counter.day(at("2023-12-24T05:00:00Z")));
    }
}
