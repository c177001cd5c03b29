//! The longest chain of stages, and the earliest among the longest.
//!
//! A stage is fulfilled at e from some start at or after p if and only if p ≤ B(e) and B(e) > B(e−1), where B(e) is the
//! latest start from which it is fulfilled by e. B never goes back, so one pointer that moves forward
//! answers for all p. What `within`, `exclude` and `strict` forbid is everything after some ceiling u(p). So whether
//! e may follow p is p ≤ B(e) and e ≤ u(p), and each stage takes three passes over the rows.

use std::ops::ControlFlow;

use super::{Step, first_fulfilled};
use crate::cover::Cover;
use crate::definitions::{Condition, Stage};
use crate::timeline::Row;

/// The best chain, from the first stage on; it may be empty.
pub(super) fn best(stages: &[Stage], rows: &[&Row<'_>]) -> Vec<Step> {
    match greedy(stages, rows) {
        ControlFlow::Continue(chain) => chain,
        ControlFlow::Break(()) => thorough(stages, rows),
    }
}

/// Enters each stage as early as possible. No chain can do better as long as nothing forbids a step, for to enter
/// a stage earlier never makes a later one come later. Breaks off at the first forbidden step.
fn greedy(stages: &[Stage], rows: &[&Row<'_>]) -> ControlFlow<(), Vec<Step>> {
    let mut chain: Vec<Step> = Vec::with_capacity(stages.len());
    for (index, stage) in stages.iter().enumerate() {
        let start = chain.last().map_or(0, |step| step.entry);
        let Some(entry) = first_fulfilled(&stage.conditions, start, rows) else { break };
        if index > 0 && !may_follow(stage, start, entry, rows) {
            return ControlFlow::Break(());
        }
        chain.push(Step { stage: index, start, entry });
    }
    ControlFlow::Continue(chain)
}

fn may_follow(stage: &Stage, before: u32, entry: u32, rows: &[&Row<'_>]) -> bool {
    let (from, to) = (before as usize, entry as usize);
    let in_time = stage.within.as_ref().is_none_or(|within| rows[to].time <= within.after(rows[from].time));
    in_time && !rows[to.min(from + 1)..to].iter().any(|row| is_blocker(stage, row))
}

fn is_blocker(stage: &Stage, row: &Row<'_>) -> bool {
    stage.blockers.iter().any(|matcher| row.mark.accepted_by(*matcher))
}

/// Finds every position at which each stage can be entered by a chain, then which of them lead on to the end of
/// a longest chain, and then walks along the earliest.
fn thorough(stages: &[Stage], rows: &[&Row<'_>]) -> Vec<Step> {
    let mut levels: Vec<Vec<Entry>> = Vec::with_capacity(stages.len());
    for stage in stages {
        let mut level = fulfilments(&stage.conditions, rows);
        if let Some(before) = levels.last_mut() {
            set_ceilings(stage, rows, before);
            keep_reachable(&mut level, before);
        }
        if level.is_empty() {
            break;
        }
        levels.push(level);
    }
    for index in (1..levels.len()).rev() {
        let (before, after) = levels.split_at_mut(index);
        keep_what_leads_on(&mut before[index - 1], &after[0]);
    }
    walk(&levels)
}

/// A position at which a stage can be entered.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u32,
    /// The earliest start from which the stage is fulfilled here and not before.
    first_start: u32,
    /// The latest start from which it is fulfilled here: B.
    last_start: u32,
    /// The last position at which the next stage may be entered.
    ceiling: u32,
}

/// Every position at which the conditions are fulfilled from some start.
fn fulfilments(conditions: &[Condition], rows: &[&Row<'_>]) -> Vec<Entry> {
    let mut covers: Vec<Cover> = conditions.iter().map(Cover::new).collect();
    let mut found = Vec::new();
    // One more than the latest start so far, so that zero means none.
    let mut covered = 0;
    for (at, row) in (0..).zip(rows) {
        let matching = conditions.iter().zip(&mut covers).filter(|(it, _)| row.mark.accepted_by(it.matcher));
        let starts = matching.filter_map(|(_, cover)| cover.push(at, row));
        // Every cover must see every row, so this is a maximum and not a search.
        let latest = starts.max().map_or(0, |start| start + 1);
        if latest > covered {
            found.push(Entry { at, first_start: covered, last_start: latest - 1, ceiling: u32::MAX });
            covered = latest;
        }
    }
    found
}

/// Says for each entry how far away the entry of `stage`, the next one, may be.
fn set_ceilings(stage: &Stage, rows: &[&Row<'_>], entries: &mut [Entry]) {
    let mut next_blocker = u32::MAX;
    let mut unseen = rows.len();
    for entry in entries.iter_mut().rev() {
        let from = entry.at as usize;
        if !stage.blockers.is_empty() {
            for position in (from + 1..unseen).rev() {
                if is_blocker(stage, rows[position]) {
                    next_blocker = position_number(position);
                }
            }
            unseen = unseen.min(from + 1);
        }
        let in_time = stage.within.as_ref().map_or(rows.len(), |within| {
            let limit = within.after(rows[from].time);
            rows.partition_point(|row| row.time <= limit)
        });
        // Its own position is always in time.
        entry.ceiling = next_blocker.min(position_number(in_time.saturating_sub(1)));
    }
}

/// Keeps the entries that may follow some entry of the level before.
fn keep_reachable(level: &mut Vec<Entry>, before: &[Entry]) {
    let mut before = before.iter().peekable();
    let mut highest = None;
    level.retain(|entry| {
        while let Some(earlier) = before.next_if(|earlier| earlier.at <= entry.last_start) {
            highest = highest.max(Some(earlier.ceiling));
        }
        highest.is_some_and(|ceiling| entry.at <= ceiling)
    });
}

/// Keeps the entries that some entry of the level after may follow. If any may, the first with p ≤ B may.
fn keep_what_leads_on(level: &mut Vec<Entry>, after: &[Entry]) {
    let mut after = after.iter().peekable();
    level.retain(|entry| {
        while after.next_if(|later| later.last_start < entry.at).is_some() {}
        after.peek().is_some_and(|later| later.at <= entry.ceiling)
    });
}

fn walk(levels: &[Vec<Entry>]) -> Vec<Step> {
    let mut from = 0;
    let mut chain = Vec::with_capacity(levels.len());
    for (stage, level) in levels.iter().enumerate() {
        let first = level.partition_point(|entry| entry.last_start < from);
        let entry = level[first];
        chain.push(Step { stage, start: entry.first_start.max(from), entry: entry.at });
        from = entry.at;
    }
    chain
}

fn position_number(position: usize) -> u32 {
    u32::try_from(position).expect("a timeline has fewer than four thousand million entries")
}
