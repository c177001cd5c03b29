//! Achievements by count: so many matching statements, different ones if asked, close together if asked.

use std::collections::HashSet;

use plaudit_xapi::Timestamp;

use super::{Hit, Hits};
use crate::cover::{Cover, value};
use crate::definitions::Condition;
use crate::duration::Length;
use crate::timeline::Row;

/// Every occurrence among the matching rows; without `repeatable`, the first.
pub(super) fn counted<'r>(
    matching: impl Iterator<Item = (u32, &'r Row<'r>)>,
    condition: &Condition,
    within: Option<&Length>,
    repeatable: bool,
) -> Hits {
    let mut hits = Hits::new();
    let mut search = Search::new(condition, within);
    for (index, row) in matching {
        if let Some(evidence) = search.push(index, row) {
            hits.push(Hit { row: index, evidence });
            if !repeatable {
                break;
            }
            search = Search::new(condition, within);
        }
    }
    hits
}

/// The search for one occurrence.
struct Search<'d, 'r> {
    condition: &'d Condition,
    within: Option<&'d Length>,
    cover: Cover,
    /// The matching rows so far.
    rows: Vec<(u32, &'r Row<'r>)>,
    /// Until when a window that starts at each of the first of them lasts. Calendar months make this go back at times.
    ends: Vec<Timestamp>,
    latest_end: Timestamp,
}

impl<'d, 'r> Search<'d, 'r> {
    fn new(condition: &'d Condition, within: Option<&'d Length>) -> Self {
        Self {
            condition,
            within,
            cover: Cover::new(condition),
            rows: Vec::new(),
            ends: Vec::new(),
            latest_end: Timestamp::from_micros(i64::MIN),
        }
    }

    /// Takes in a matching row; returns the evidence if it completes an occurrence.
    fn push(&mut self, index: u32, row: &'r Row<'r>) -> Option<Vec<u32>> {
        let position = u32::try_from(self.rows.len()).expect("rows are numbered with 32 bits");
        self.rows.push((index, row));
        let latest_start = self.cover.push(position, row)?;
        let start = match self.within {
            None => 0,
            Some(within) => self.window(within, latest_start as usize, row.time)?,
        };
        Some(self.evidence(start))
    }

    /// The earliest start, up to the latest from which enough is counted, of a window that lasts until `now`.
    fn window(&mut self, within: &Length, latest_start: usize, now: Timestamp) -> Option<usize> {
        for (_, row) in &self.rows[self.ends.len()..=latest_start.max(self.ends.len())] {
            if self.ends.len() <= latest_start {
                let end = within.after(row.time);
                self.ends.push(end);
                self.latest_end = self.latest_end.max(end);
            }
        }
        if self.latest_end < now {
            return None;
        }
        self.ends.iter().position(|end| *end >= now)
    }

    /// The rows from `start` on, with `distinct` the first of each.
    fn evidence(&self, start: usize) -> Vec<u32> {
        let mut seen = HashSet::new();
        let mut is_new = |row: &Row<'_>| {
            let Some(distinct) = self.condition.distinct else { return true };
            value(distinct, row).is_some_and(|value| seen.insert(value))
        };
        self.rows[start..].iter().filter(|(_, row)| is_new(row)).map(|(index, _)| *index).collect()
    }
}
