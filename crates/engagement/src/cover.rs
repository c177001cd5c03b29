//! Counting: since where a condition is fulfilled, as statements come one after the other.

use std::collections::{HashMap, VecDeque};

use crate::definition::Distinct;
use crate::definitions::Condition;
use crate::timeline::Row;

/// Watches a sequence for `count` statements, different ones where that is asked for.
///
/// After each step it knows the latest position from which the condition is fulfilled by now. That position never
/// goes back, which is what keeps everything built on it linear.
#[derive(Debug)]
pub(crate) struct Cover {
    count: usize,
    distinct: Option<Distinct>,
    /// The statements counted since the latest start, with what must differ.
    window: VecDeque<(u32, u64)>,
    /// How often each value is in the window.
    held: HashMap<u64, u32>,
}

impl Cover {
    pub(crate) fn new(condition: &Condition) -> Self {
        Self {
            count: condition.count as usize,
            distinct: condition.distinct,
            window: VecDeque::new(),
            held: HashMap::new(),
        }
    }

    /// Takes in a matching statement. Returns the latest position from which the condition is fulfilled now.
    pub(crate) fn push(&mut self, position: u32, row: &Row<'_>) -> Option<u32> {
        if self.count == 1 && self.distinct != Some(Distinct::Activities) {
            return Some(position);
        }
        match self.distinct {
            None => self.push_any(position),
            Some(distinct) => match value(distinct, row) {
                Some(value) => self.push_distinct(position, value),
                None => self.start(self.held.len()),
            },
        }
    }

    fn push_any(&mut self, position: u32) -> Option<u32> {
        self.window.push_back((position, 0));
        if self.window.len() > self.count {
            self.window.pop_front();
        }
        self.start(self.window.len())
    }

    fn push_distinct(&mut self, position: u32, value: u64) -> Option<u32> {
        self.window.push_back((position, value));
        *self.held.entry(value).or_default() += 1;
        while self.held.len() >= self.count {
            let (_, oldest) = *self.window.front().expect("the window holds what was counted");
            let often = self.held.get_mut(&oldest).expect("every value in the window is held");
            if *often > 1 {
                *often -= 1;
            } else if self.held.len() > self.count {
                self.held.remove(&oldest);
            } else {
                break;
            }
            self.window.pop_front();
        }
        self.start(self.held.len())
    }

    fn start(&self, covered: usize) -> Option<u32> {
        if covered >= self.count { self.window.front().map(|(position, _)| *position) } else { None }
    }
}

/// What must differ: `None` if the statement has no such thing, and then it does not count.
pub(crate) fn value(distinct: Distinct, row: &Row<'_>) -> Option<u64> {
    match distinct {
        Distinct::Days => Some(row.day.cast_unsigned()),
        Distinct::Activities => row.mark.object,
    }
}
