//! Recognition, by looking at every statement for every expectation.

use plaudit_engagement::RecognitionDefinition;
use serde_json::{Value, json};

use super::{is_voided, matching::accepts, place, time};
use crate::generate::Case;

const ADA: &str = "mailto:ada@example.org";

pub fn expectations(case: &Case, earned: &[Value], voids: &[&Value]) -> Vec<Value> {
    let mut all: Vec<&Value> = case.statements.iter().filter(|it| !is_voided(it, voids)).collect();
    all.sort_by_key(|it| place(it));
    let mut expectations = Vec::new();
    for rule in &case.rules {
        for achievement in earned.iter().filter(|it| it.get("revoked").is_none()) {
            let at: jiff::Timestamp = achievement["time"].as_str().unwrap().parse().unwrap();
            let span: jiff::Span = rule.due_within.as_str().parse().unwrap();
            let due = (at.to_zoned(case.zone()) + span).timestamp();
            let mut expectation = json!({
                "rule": rule.id, "achievement": achievement["achievement"],
                "occurrence": achievement["occurrence"], "earned_at": at.to_string(), "due_at": due.to_string(),
            });
            if let Some(met) = all.iter().find(|it| time(it) >= at && meets(rule, achievement, it)) {
                expectation["met"] =
                    json!({"by": by(met), "time": time(met).to_string(), "statement": met["id"]});
            }
            expectations.push(expectation);
        }
    }
    expectations
}

fn meets(rule: &RecognitionDefinition, achievement: &Value, statement: &Value) -> bool {
    if statement["actor"]["mbox"] == ADA || !accepts(&rule.matcher, statement) {
        return false;
    }
    let object = &statement["object"];
    let named = &statement["context"]["extensions"]["urn:plaudit:achievement"];
    let is_named = named.is_null() || *named == achievement["achievement"];
    match object["objectType"].as_str() {
        Some("StatementRef") => achievement["evidence"].as_array().unwrap().contains(&object["id"]),
        Some("SubStatement") => is_named && is_ada(rule, &object["actor"]),
        Some("Agent" | "Group") => is_named && is_ada(rule, object),
        _ => false,
    }
}

fn is_ada(rule: &RecognitionDefinition, who: &Value) -> bool {
    let in_group = who["member"].as_array().is_some_and(|all| all.iter().any(|it| it["mbox"] == ADA));
    who["mbox"] == ADA || (rule.members && in_group)
}

/// The anonymous group of the generator has no identifier, but a hash that must not depend on anything else.
fn by(statement: &Value) -> String {
    let whole =
        json!({"actor": statement["actor"], "verb": {"id": "v:a"}, "object": {"id": "o:x"}}).to_string();
    let parsed = plaudit_xapi::parse_statement(whole.as_bytes(), plaudit_xapi::Version::V1_0_3);
    parsed.unwrap().actor.learner().into_owned()
}
