//! Achievements, by searching from every place.

use std::collections::BTreeMap;

use jiff::ToSpan;
use plaudit_engagement::AchievementDefinition;
use serde_json::{Value, json};

use super::{counted, day, ids, learners, limit, matching::accepts, place, time};
use crate::generate::Case;

/// The statement that completed it, and its evidence.
type Occurrence<'c> = (&'c Value, Vec<&'c Value>);

pub fn report(case: &Case, voids: &[&Value]) -> Vec<Value> {
    let mut report = Vec::new();
    for definition in &case.achievements {
        let now = occurrences(case, definition, voids);
        let before = occurrences(case, definition, &[]);
        for (index, occurrence) in now.iter().enumerate() {
            report.push(print(definition, index + 1, occurrence));
        }
        for number in now.len() + 1..=before.len() {
            let mut lost = print(definition, number, &before[number - 1]);
            let heeded = (1..=voids.len())
                .find(|heeded| occurrences(case, definition, &voids[..*heeded]).len() < number)
                .unwrap();
            let void = voids[heeded - 1];
            let (voided, by) = (void["object"]["id"].as_str().unwrap(), void["id"].as_str().unwrap());
            lost["revoked"] = json!({
                "time": time(void).to_string(), "voided_by": by, "voided": voided,
                "reason": format!("statement {voided} was voided by statement {by}"),
            });
            report.push(lost);
        }
    }
    report
}

fn print(definition: &AchievementDefinition, number: usize, (statement, evidence): &Occurrence<'_>) -> Value {
    json!({
        "achievement": definition.id, "occurrence": number, "time": time(statement).to_string(),
        "statement": statement["id"], "evidence": ids(evidence), "points": definition.points,
    })
}

fn occurrences<'c>(
    case: &'c Case,
    definition: &AchievementDefinition,
    voids: &[&Value],
) -> Vec<Occurrence<'c>> {
    let mut found: Vec<Occurrence<'_>> = Vec::new();
    while let Some(next) = next(case, definition, voids, found.last().map(|(statement, _)| *statement)) {
        found.push(next);
        if !definition.repeatable {
            break;
        }
    }
    found
}

/// The first occurrence after a statement.
fn next<'c>(
    case: &'c Case,
    definition: &AchievementDefinition,
    voids: &[&Value],
    after: Option<&Value>,
) -> Option<Occurrence<'c>> {
    if let Some(parts) = definition.all_of.as_ref().or(definition.any_of.as_ref()) {
        return combined(case, definition, parts, voids, after);
    }
    let mut statements = learners(case, definition.members, voids);
    if definition.streak.is_some() {
        statements.retain(|it| after.is_none_or(|after| day(case, it) > day(case, after)));
        return streak(case, definition, &statements);
    }
    statements.retain(|it| after.is_none_or(|after| place(it) > place(after)));
    counting(case, definition, &statements)
}

fn counting<'c>(
    case: &Case,
    definition: &AchievementDefinition,
    statements: &[&'c Value],
) -> Option<Occurrence<'c>> {
    for e in 0..statements.len() {
        for s in 0..=e {
            let fits = definition.within.as_ref().is_none_or(|within| {
                accepts(&definition.matcher, statements[s])
                    && time(statements[e]) <= limit(case, statements[s], within)
            });
            let evidence = counted(case, &statements[s..=e], &definition.matcher, definition.distinct);
            if fits && evidence.len() >= definition.count.unwrap() as usize {
                return Some((statements[e], evidence));
            }
        }
    }
    None
}

fn streak<'c>(
    case: &Case,
    definition: &AchievementDefinition,
    statements: &[&'c Value],
) -> Option<Occurrence<'c>> {
    let mut first_of_day = BTreeMap::new();
    for statement in statements.iter().filter(|it| accepts(&definition.matcher, it)) {
        first_of_day.entry(day(case, statement)).or_insert(*statement);
    }
    first_of_day.keys().find_map(|last| {
        let days = (0..i64::from(definition.streak.unwrap())).rev().map(|back| *last - back.days());
        let evidence: Option<Vec<&Value>> = days.map(|day| first_of_day.get(&day).copied()).collect();
        Some((first_of_day[last], evidence?))
    })
}

fn combined<'c>(
    case: &'c Case,
    definition: &AchievementDefinition,
    parts: &[String],
    voids: &[&Value],
    after: Option<&Value>,
) -> Option<Occurrence<'c>> {
    let firsts: Vec<Option<Occurrence<'_>>> = parts
        .iter()
        .map(|id| {
            let part = case.achievements.iter().find(|it| it.id == *id).unwrap();
            let all = occurrences(case, part, voids);
            all.into_iter().find(|(it, _)| after.is_none_or(|after| place(it) > place(after)))
        })
        .collect();
    if definition.any_of.is_some() {
        return firsts.into_iter().flatten().min_by_key(|(it, _)| place(it));
    }
    let firsts: Vec<Occurrence<'_>> = firsts.into_iter().collect::<Option<_>>()?;
    let (latest, _) = firsts.iter().max_by_key(|(it, _)| place(it))?;
    let mut evidence: Vec<&Value> = firsts.iter().flat_map(|(_, evidence)| evidence).copied().collect();
    evidence.sort_by_key(|it| place(it));
    evidence.dedup();
    Some((latest, evidence))
}
