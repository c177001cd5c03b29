//! A learner's entries made ready: sorted, each once, and with what was voided by what.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use plaudit_xapi::{StatementId, Timestamp};

use crate::duration::DayCounter;
use crate::entry::{Entry, EntryKind, Recognition};
use crate::mark::Mark;

/// What evaluation reads.
#[derive(Debug)]
pub(crate) struct Timeline<'e> {
    /// The learner's statements, voided ones included, by (event time, stored, id).
    pub rows: Vec<Row<'e>>,
    /// Statements of others that may recognise the learner and are not voided, in the same order.
    pub recognitions: Vec<Candidate<'e>>,
    /// What voids a row, in the same order.
    pub voids: Vec<VoidEntry>,
}

/// A statement of the learner.
#[derive(Debug)]
pub(crate) struct Row<'e> {
    pub time: Timestamp,
    pub id: StatementId,
    pub mark: &'e Mark,
    pub is_member: bool,
    /// Calendar day of the event.
    pub day: i64,
    /// Index of the first entry that voids it; `NEVER` if none does.
    pub voided_by: usize,
}

pub(crate) const NEVER: usize = usize::MAX;

#[derive(Debug)]
pub(crate) struct Candidate<'e> {
    pub time: Timestamp,
    pub id: StatementId,
    pub recognition: &'e Recognition,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VoidEntry {
    pub time: Timestamp,
    pub stored: Timestamp,
    pub id: StatementId,
    pub target: StatementId,
}

impl<'e> Timeline<'e> {
    pub(crate) fn new(learner: &str, entries: &'e [Entry], zone: &TimeZone) -> Self {
        let mut sorted: Vec<&Entry> = entries.iter().collect();
        // Entries usually come almost in order, which this sort is quick with.
        sorted.sort_by_key(|entry| (entry.time, entry.stored, entry.id, way(&entry.kind)));
        sorted.dedup_by_key(|entry| (entry.id, way(&entry.kind).0));
        let voids: Vec<VoidEntry> = sorted.iter().filter_map(|entry| void_entry(entry)).collect();
        let mut first_void = HashMap::with_capacity(voids.len());
        for (index, void) in voids.iter().enumerate() {
            first_void.entry(void.target).or_insert(index);
        }
        let voided_by = |entry: &Entry, mark: &Mark| match first_void.get(&entry.id) {
            Some(index) if !mark.voiding => *index,
            _ => NEVER,
        };
        let mut timeline = Self { rows: Vec::with_capacity(sorted.len()), recognitions: Vec::new(), voids };
        let mut days = DayCounter::new(zone);
        for entry in sorted {
            match &entry.kind {
                EntryKind::Own(mark) | EntryKind::Member(mark) => {
                    timeline.add_row(entry, mark, days.day(entry.time), voided_by(entry, mark));
                }
                EntryKind::Recognition(it) if it.by != learner && voided_by(entry, &it.mark) == NEVER => {
                    let candidate = Candidate { time: entry.time, id: entry.id, recognition: it };
                    timeline.recognitions.push(candidate);
                }
                EntryKind::Recognition(_) | EntryKind::Void { .. } => {}
            }
        }
        timeline
    }

    fn add_row(&mut self, entry: &Entry, mark: &'e Mark, day: i64, voided_by: usize) {
        // Whoever acts as a group that they are a member of acts once, as themselves.
        if self.rows.last().is_some_and(|row| row.id == entry.id) {
            return;
        }
        let is_member = matches!(entry.kind, EntryKind::Member(_));
        self.rows.push(Row { time: entry.time, id: entry.id, mark, is_member, day, voided_by });
    }

    /// Whether any of the learner's statements is voided.
    pub(crate) fn has_voided(&self) -> bool {
        self.rows.iter().any(|row| row.voided_by != NEVER)
    }
}

impl Row<'_> {
    /// Whether the row counts where members do or do not, once the first `voids` voiding entries have been
    /// heeded.
    pub(crate) fn counts(&self, members: bool, voids: usize) -> bool {
        self.voided_by >= voids && (members || !self.is_member)
    }
}

/// A number for the kind of entry, the learner's own first, and what tells two recognitions by one statement apart.
fn way(kind: &EntryKind) -> (u8, Option<crate::entry::RecognitionTarget>) {
    match kind {
        EntryKind::Own(_) => (0, None),
        EntryKind::Member(_) => (1, None),
        EntryKind::Recognition(recognition) => (2, Some(recognition.via)),
        EntryKind::Void { .. } => (3, None),
    }
}

fn void_entry(entry: &Entry) -> Option<VoidEntry> {
    let EntryKind::Void { target } = entry.kind else { return None };
    Some(VoidEntry { time: entry.time, stored: entry.stored, id: entry.id, target })
}
