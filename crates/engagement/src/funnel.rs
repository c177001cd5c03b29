//! Funnels: the longest and earliest chain of stages, on what evidence.

mod chain;

use std::collections::HashSet;

use plaudit_xapi::{StatementId, Timestamp};

use crate::cover::{Cover, value};
use crate::definition::Order;
use crate::definitions::{Condition, Funnel, Stage};
use crate::outcome::{Entered, FunnelOutcome};
use crate::timeline::{NEVER, Row, Timeline};

/// How far the learner has come; `None` if not even the first stage was entered.
pub(crate) fn evaluate_funnel(funnel: &Funnel, timeline: &Timeline<'_>) -> Option<FunnelOutcome> {
    let in_scope = |row: &&Row<'_>| row.counts(funnel.members, NEVER) && row.mark.accepted_by(funnel.scope);
    let rows: Vec<&Row<'_>> = timeline.rows.iter().filter(in_scope).collect();
    let last_in_scope = rows.last()?.time;
    let steps = match funnel.order {
        Order::Ordered | Order::Strict => chain::best(&funnel.stages, &rows),
        Order::Any => each_by_itself(&funnel.stages, &rows),
    };
    let current = steps.iter().max_by_key(|step| (step.entry, step.stage))?;
    Some(FunnelOutcome {
        funnel: funnel.id.clone(),
        stages: number(funnel.stages.len()),
        current: number(current.stage),
        entered: steps.iter().map(|step| entered(funnel, step, &rows)).collect(),
        last_in_scope,
        next_deadline: next_deadline(funnel, &steps, &rows),
        dormant_after: funnel.dormant_after.as_ref().map(|length| length.after(last_in_scope)),
    })
}

/// One stage entered: positions among the rows in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    stage: usize,
    /// From where it was counted.
    start: u32,
    /// The statement that fulfilled it.
    entry: u32,
}

fn each_by_itself(stages: &[Stage], rows: &[&Row<'_>]) -> Vec<Step> {
    let fulfilled = |(stage, it): (usize, &Stage)| {
        Some(Step { stage, start: 0, entry: first_fulfilled(&it.conditions, 0, rows)? })
    };
    stages.iter().enumerate().filter_map(fulfilled).collect()
}

/// The first position at which the statements from `start` on fulfil one of the conditions.
fn first_fulfilled(conditions: &[Condition], start: u32, rows: &[&Row<'_>]) -> Option<u32> {
    let mut covers: Vec<Cover> = conditions.iter().map(Cover::new).collect();
    (start..).zip(&rows[start as usize..]).find_map(|(position, row)| {
        let mut pairs = conditions.iter().zip(&mut covers);
        let fulfils = |(condition, cover): (&Condition, &mut Cover)| {
            row.mark.accepted_by(condition.matcher) && cover.push(position, row).is_some()
        };
        pairs.any(fulfils).then_some(position)
    })
}

fn entered(funnel: &Funnel, step: &Step, rows: &[&Row<'_>]) -> Entered {
    let stage = &funnel.stages[step.stage];
    let entry = rows[step.entry as usize];
    let counted = &rows[step.start as usize..=step.entry as usize];
    Entered {
        index: number(step.stage),
        stage: stage.id.clone(),
        statement: entry.id,
        time: entry.time,
        evidence: stage
            .conditions
            .iter()
            .find_map(|condition| evidence(condition, counted))
            .expect("a step ends where one of the conditions is fulfilled"),
    }
}

/// The matching statements, with `distinct` the first of each; `None` if they do not fulfil the condition.
fn evidence(condition: &Condition, rows: &[&Row<'_>]) -> Option<Vec<StatementId>> {
    let mut seen = HashSet::new();
    let is_new = |row: &&&Row<'_>| {
        let Some(distinct) = condition.distinct else { return true };
        value(distinct, row).is_some_and(|value| seen.insert(value))
    };
    let matching = rows.iter().filter(|row| row.mark.accepted_by(condition.matcher));
    let evidence: Vec<_> = matching.filter(is_new).map(|row| row.id).collect();
    (evidence.len() >= condition.count as usize).then_some(evidence)
}

fn next_deadline(funnel: &Funnel, steps: &[Step], rows: &[&Row<'_>]) -> Option<Timestamp> {
    let last = steps.last()?;
    let within = funnel.stages.get(last.stage + 1)?.within.as_ref()?;
    Some(within.after(rows[last.entry as usize].time))
}

fn number(index: usize) -> u16 {
    u16::try_from(index).expect("the number of stages is limited")
}
