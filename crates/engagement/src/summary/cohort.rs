//! Cohorts: the week or month in which something happened, in the tenant's time zone.

use jiff::tz::TimeZone;
use plaudit_xapi::Timestamp;
use serde::{Deserialize, Serialize};

use crate::duration::to_jiff;

/// How long a cohort is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CohortUnit {
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// The name of the cohort of an instant, such as `2026-W05` (ISO 8601) or `2026-01`. Names sort by time.
#[must_use]
pub fn cohort(time: Timestamp, unit: CohortUnit, zone: &TimeZone) -> String {
    let date = to_jiff(time).to_zoned(zone.clone()).date();
    match unit {
        CohortUnit::Month => format!("{:04}-{:02}", date.year(), date.month()),
        CohortUnit::Week => {
            let week = date.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(time: &str, unit: CohortUnit, zone: &str, expected: &str) {
        let time: jiff::Timestamp = time.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        assert_eq!(cohort(Timestamp::from_micros(time.as_microsecond()), unit, &zone), expected);
    }

    #[test]
    fn weeks_and_months_follow_the_zone_and_the_standard() {
        check("2026-01-31T23:30:00Z", CohortUnit::Month, "UTC", "2026-01");
        check("2026-01-31T23:30:00Z", CohortUnit::Month, "Europe/Vienna", "2026-02");
        check("2025-12-29T00:00:00Z", CohortUnit::Week, "UTC", "2026-W01");
        check("2025-12-29T00:00:00Z", CohortUnit::Week, "America/New_York", "2025-W52");
    }
}
