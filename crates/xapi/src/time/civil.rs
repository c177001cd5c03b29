//! Days since 1970-01-01 to year, month and day in the proleptic Gregorian calendar, and back.

const DAYS_PER_ERA: i64 = 146_097;
/// From 0000-03-01, where the eras of 400 years begin, to 1970-01-01.
const EPOCH_SHIFT_DAYS: i64 = 719_468;

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Civil {
    /// The day, if there is one.
    pub(super) fn new(year: i64, month: u8, day: u8) -> Option<Self> {
        let longest = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap(year) => 29,
            2 => 28,
            _ => return None,
        };
        (1..=longest).contains(&day).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01. Years are counted from March, so that a leap day comes last.
    pub(super) fn days(self) -> i64 {
        let month = i64::from(self.month);
        let year = self.year - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        era * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_SHIFT_DAYS
    }

    /// The day that lies `days` days after 1970-01-01.
    pub(super) fn from_days(days: i64) -> Self {
        let shifted = days + EPOCH_SHIFT_DAYS;
        let (era, of_era) = (shifted.div_euclid(DAYS_PER_ERA), shifted.rem_euclid(DAYS_PER_ERA));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = (from_march + 2) % 12 + 1;
        Self { year: era * 400 + year + i64::from(month <= 2), month: month as u8, day: day as u8 }
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}
