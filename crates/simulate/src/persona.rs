//! Who learns: seven kinds of people, each with habits.

use crate::dice::Dice;

/// A kind of learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persona {
    /// A little on most weekdays, in the morning.
    Steady,
    /// Nothing for days, then a long evening.
    Sprinter,
    /// Watches and reads, seldom takes a test.
    Explorer,
    /// Begins and does not come back.
    Reluctant,
    /// Learns fast, then helps others.
    Mentor,
    /// Out in the field: works offline, and the device sends days later.
    Field,
    /// Looks in once and again, and never begins anything.
    Visitor,
}

/// What a persona does, in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Percent of weekdays with a session.
    pub weekday: u64,
    /// Percent of weekend days with a session.
    pub weekend: u64,
    /// First hour of a session, UTC.
    pub hour: u64,
    /// Activities in one session, at most.
    pub activities: u64,
    /// Percent of activities that are tests where one is due.
    pub tests: u64,
    /// Percent of tests passed.
    pub passes: u64,
    /// Percent of days on which something social happens.
    pub social: u64,
    /// Days after the first session when the learner stays away, if ever.
    pub gives_up_after: Option<u64>,
}

impl Persona {
    /// The persona of learner `index`.
    pub fn of(seed: u64, index: u32) -> Self {
        match Dice::new(seed, u64::from(index) ^ 0x7065_7273).below(100) {
            0..28 => Self::Steady,
            28..44 => Self::Sprinter,
            44..58 => Self::Explorer,
            58..74 => Self::Reluctant,
            74..82 => Self::Mentor,
            82..92 => Self::Field,
            _ => Self::Visitor,
        }
    }

    /// Its habits.
    pub fn habits(self) -> Habits {
        let habits = |weekday, weekend, hour, activities| Habits {
            weekday,
            weekend,
            hour,
            activities,
            tests: 80,
            passes: 75,
            social: 1,
            gives_up_after: None,
        };
        match self {
            Self::Steady => habits(60, 5, 7, 3),
            Self::Sprinter => Habits { passes: 65, ..habits(8, 30, 19, 12) },
            Self::Explorer => Habits { tests: 10, social: 4, ..habits(25, 25, 12, 5) },
            Self::Reluctant => Habits { passes: 40, gives_up_after: Some(9), ..habits(30, 0, 15, 2) },
            Self::Mentor => Habits { passes: 92, social: 22, ..habits(45, 10, 8, 4) },
            Self::Field => habits(35, 10, 5, 4),
            Self::Visitor => Habits { tests: 0, ..habits(4, 2, 11, 0) },
        }
    }
}
