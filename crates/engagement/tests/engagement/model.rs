//! The slow and obvious computation, written from `engagement.md` sentence by sentence.

mod achievements;
mod funnel;
mod matching;
mod recognition;

use std::collections::HashSet;

use jiff::{Timestamp, Zoned};
use plaudit_engagement::{Distinct, Duration, MatcherDefinition};
use serde_json::{Value, json};

use crate::generate::Case;

/// Everything about the learner, as the API would print it.
pub fn outcome(case: &Case) -> Value {
    let voids = void_order(case);
    let earned = achievements::report(case, &voids);
    json!({
        "funnels": case.funnels.iter().filter_map(|it| funnel::outcome(case, it, &voids)).collect::<Vec<_>>(),
        "expectations": recognition::expectations(case, &earned, &voids),
        "achievements": earned,
    })
}

/// The voiding statements by (event time, stored, id).
fn void_order(case: &Case) -> Vec<&Value> {
    let mut voids: Vec<&Value> = case.statements.iter().filter(|it| is_voiding(it)).collect();
    voids.sort_by_key(|it| place(it));
    voids
}

fn is_voiding(statement: &Value) -> bool {
    statement["verb"]["id"] == plaudit_xapi::VOIDED && statement["object"]["objectType"] == "StatementRef"
}

fn is_voided(statement: &Value, voids: &[&Value]) -> bool {
    !is_voiding(statement) && voids.iter().any(|void| void["object"]["id"] == statement["id"])
}

/// What statements are ordered by.
fn place(statement: &Value) -> (Timestamp, Timestamp, String) {
    (time(statement), statement["stored"].as_str().unwrap().parse().unwrap(), text(&statement["id"]))
}

fn time(statement: &Value) -> Timestamp {
    statement["timestamp"].as_str().unwrap().parse().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The learner's statements that are not voided, in order.
fn learners<'c>(case: &'c Case, members: bool, voids: &[&Value]) -> Vec<&'c Value> {
    let is_theirs = |actor: &Value| {
        let ada = "mailto:ada@example.org";
        let in_group = actor["member"].as_array().is_some_and(|all| all.iter().any(|it| it["mbox"] == ada));
        actor["mbox"] == ada || (members && in_group)
    };
    let mut all: Vec<&Value> =
        case.statements.iter().filter(|it| is_theirs(&it["actor"]) && !is_voided(it, voids)).collect();
    all.sort_by_key(|it| place(it));
    all
}

fn zoned(case: &Case, time: Timestamp) -> Zoned {
    time.to_zoned(case.zone())
}

fn limit(case: &Case, from: &Value, duration: &Duration) -> Timestamp {
    let span: jiff::Span = duration.as_str().parse().unwrap();
    (zoned(case, time(from)) + span).timestamp()
}

fn day(case: &Case, statement: &Value) -> jiff::civil::Date {
    zoned(case, time(statement)).date()
}

/// The statements that count among `statements`: those that match, with `distinct` the first of each.
fn counted<'s>(
    case: &Case,
    statements: &[&'s Value],
    matcher: &MatcherDefinition,
    distinct: Option<Distinct>,
) -> Vec<&'s Value> {
    let mut seen = HashSet::new();
    let mut is_first = |it: &Value| match distinct {
        None => true,
        Some(Distinct::Days) => seen.insert(day(case, it).to_string()),
        Some(Distinct::Activities) => {
            let id = it["object"]["id"].as_str();
            id.is_some_and(|id| seen.insert(id.to_owned()))
        }
    };
    let matching = statements.iter().filter(|it| matching::accepts(matcher, it));
    matching.filter(|it| is_first(it)).copied().collect()
}

fn ids(statements: &[&Value]) -> Vec<Value> {
    statements.iter().map(|it| it["id"].clone()).collect()
}
