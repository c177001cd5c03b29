//! Achievements: what was earned when, on what evidence, and what was lost to voiding.

mod count;
mod revocation;

use plaudit_xapi::StatementId;

use crate::definitions::{Achievement, Definitions, Way};
use crate::outcome::Earned;
use crate::timeline::{NEVER, Row, Timeline};

pub use revocation::REVOCATION_SEARCHES_MAX;

/// Everything that was earned, and behind it, per achievement, what is revoked.
pub(crate) fn evaluate_achievements(definitions: &Definitions, timeline: &Timeline<'_>) -> Vec<Hits> {
    let mut earned = vec![Hits::default(); definitions.achievements.len()];
    for index in &definitions.bottom_up {
        earned[*index] = occurrences(&definitions.achievements[*index], &earned, timeline, NEVER);
    }
    earned
}

/// The occurrences of one achievement, in order.
pub(crate) type Hits = Vec<Hit>;

/// One occurrence: rows of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The statement that completed it.
    pub row: u32,
    /// The statements that were counted, ascending.
    pub evidence: Vec<u32>,
}

/// How often and by what an achievement was earned, once the first `voids` voiding entries have been heeded.
/// Those of its parts are in `earned`.
fn occurrences(achievement: &Achievement, earned: &[Hits], timeline: &Timeline<'_>, voids: usize) -> Hits {
    let repeatable = achievement.repeatable;
    let matching = |matcher: u32| {
        let counts =
            move |row: &Row<'_>| row.counts(achievement.members, voids) && row.mark.accepted_by(matcher);
        (0..).zip(&timeline.rows).filter(move |(_, row)| counts(row))
    };
    match &achievement.way {
        Way::Count(condition, within) => {
            count::counted(matching(condition.matcher), condition, within.as_ref(), repeatable)
        }
        Way::Streak { matcher, days } => streaks(matching(*matcher), *days, repeatable),
        Way::AllOf(parts) => combined(parts, earned, repeatable, all_of),
        Way::AnyOf(parts) => combined(parts, earned, repeatable, any_of),
    }
}

/// Runs of consecutive days, each day with its first matching statement.
fn streaks<'r>(matching: impl Iterator<Item = (u32, &'r Row<'r>)>, length: u32, repeatable: bool) -> Hits {
    let mut days: Vec<(i64, u32)> = matching.map(|(index, row)| (row.day, index)).collect();
    // In order already, unless the zone once turned its clocks back over midnight.
    days.sort_by_key(|(day, _)| *day);
    days.dedup_by_key(|(day, _)| *day);
    let mut hits = Hits::new();
    let mut run: Vec<u32> = Vec::new();
    let mut yesterday = None;
    for (day, row) in days {
        if yesterday.replace(day) != Some(day - 1) {
            run.clear();
        }
        run.push(row);
        if run.len() == length as usize {
            hits.push(Hit { row, evidence: std::mem::take(&mut run) });
            if !repeatable {
                break;
            }
        }
    }
    hits
}

/// Occurrences that are made of those of other achievements, each after the one before.
fn combined(
    parts: &[usize],
    earned: &[Hits],
    repeatable: bool,
    combine: impl Fn(&[&Hit], usize) -> Option<Hit>,
) -> Hits {
    let mut hits = Hits::new();
    let mut rest: Vec<&[Hit]> = parts.iter().map(|part| earned[*part].as_slice()).collect();
    loop {
        let next: Vec<&Hit> = rest.iter().filter_map(|part| part.first()).collect();
        let Some(hit) = combine(&next, parts.len()) else { break };
        for part in &mut rest {
            *part = &part[part.iter().take_while(|earlier| earlier.row <= hit.row).count()..];
        }
        hits.push(hit);
        if !repeatable {
            break;
        }
    }
    hits
}

fn all_of(next: &[&Hit], parts: usize) -> Option<Hit> {
    let row = next.iter().map(|hit| hit.row).max().filter(|_| next.len() == parts)?;
    let mut evidence: Vec<u32> = next.iter().flat_map(|hit| &hit.evidence).copied().collect();
    evidence.sort_unstable();
    evidence.dedup();
    Some(Hit { row, evidence })
}

fn any_of(next: &[&Hit], _: usize) -> Option<Hit> {
    next.iter().min_by_key(|hit| hit.row).map(|hit| (*hit).clone())
}

/// The outcome for the API: what is earned and what is revoked.
pub(crate) fn report(definitions: &Definitions, timeline: &Timeline<'_>, earned: &[Hits]) -> Vec<Earned> {
    let mut report: Vec<Earned> = Vec::with_capacity(earned.iter().map(Vec::len).sum());
    for (achievement, hits) in definitions.achievements.iter().zip(earned) {
        report.extend((1..).zip(hits).map(|(number, hit)| describe(achievement, number, hit, timeline)));
    }
    if timeline.has_voided() {
        report.extend(revocation::revoked(definitions, timeline, earned));
        let place = |id: &str| definitions.achievements.iter().position(|it| it.id == id);
        report.sort_by_cached_key(|it| (place(&it.achievement), it.occurrence));
    }
    report
}

fn describe(achievement: &Achievement, occurrence: u32, hit: &Hit, timeline: &Timeline<'_>) -> Earned {
    let row = |index: u32| &timeline.rows[index as usize];
    let evidence: Vec<StatementId> = hit.evidence.iter().map(|index| row(*index).id).collect();
    Earned {
        achievement: achievement.id.clone(),
        occurrence,
        time: row(hit.row).time,
        statement: row(hit.row).id,
        evidence,
        points: achievement.points,
        revoked: None,
    }
}
