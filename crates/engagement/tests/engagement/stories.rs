//! Examples that a person can follow.

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use plaudit_engagement::{
    Definitions, ExpectationStatus, FunnelStatus, Outcome, evaluate, validate_achievement, validate_funnel,
    validate_recognition,
};
use plaudit_xapi::Timestamp;
use serde_json::{Value, json};

use crate::timeline::{LEARNER, entries};

const ADL: &str = "http://adlnet.gov/expapi/verbs/";

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(instant.as_microsecond())
}

/// Statement `number` by somebody: `2024-03-01T09:00`, `passed`, what.
fn says(number: u128, who: &str, when: &str, verb: &str, object: Value) -> Value {
    json!({
        "id": uuid::Uuid::from_u128(number), "actor": {"mbox": format!("mailto:{who}@example.org")},
        "verb": {"id": format!("{ADL}{verb}")}, "object": object,
        "timestamp": format!("{when}:00Z"), "stored": "2025-01-01T00:00:00Z",
    })
}

fn ada(number: u128, when: &str, verb: &str) -> Value {
    says(number, "ada", when, verb, json!({"id": format!("https://e.org/{number}")}))
}

fn statement(number: u128) -> Value {
    json!({"objectType": "StatementRef", "id": uuid::Uuid::from_u128(number)})
}

fn default_outcome(statements: &[Value]) -> Outcome {
    let (funnels, achievements, rules) = Definitions::defaults();
    let definitions = Definitions::compile(&funnels, &achievements, &rules, &TimeZone::UTC).unwrap();
    evaluate(&definitions, LEARNER, &entries(&definitions, statements))
}

fn funnel_outcome(funnel: &str, statements: &[Value]) -> Outcome {
    let funnel = validate_funnel(funnel.as_bytes()).unwrap();
    let definitions = Definitions::compile(&[funnel], &[], &[], &TimeZone::UTC).unwrap();
    evaluate(&definitions, LEARNER, &entries(&definitions, statements))
}

fn short(id: uuid::Uuid) -> u128 {
    id.as_u128()
}

/// Stage, entering statement and evidence, by the numbers of the statements.
#[track_caller]
fn check_stages(outcome: &Outcome, expected: Expect) {
    let stages = outcome.funnels.iter().flat_map(|funnel| &funnel.entered).map(|it| {
        let evidence: Vec<u128> = it.evidence.iter().map(|id| short(*id)).collect();
        format!("{} {} {evidence:?}", it.stage, short(it.statement))
    });
    expected.assert_eq(&stages.collect::<Vec<_>>().join("\n"));
}

#[track_caller]
fn check_achievements(outcome: &Outcome, expected: Expect) {
    let earned = outcome.achievements.iter().map(|it| {
        let evidence: Vec<u128> = it.evidence.iter().map(|id| short(*id)).collect();
        let revoked = it.revoked.as_ref().map(|it| format!(" revoked by {}", short(it.voided_by)));
        format!("{} {} {evidence:?}{}", it.achievement, it.occurrence, revoked.unwrap_or_default())
    });
    expected.assert_eq(&earned.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_default_funnel_accepts_at_every_stage_what_proves_a_later_one() {
    let passed = ada(1, "2024-03-01T09:00", "passed");
    check_stages(
        &default_outcome(&[passed]),
        expect![[r#"
            aware 1 [1]
            interested 1 [1]
            engaged 1 [1]
            proficient 1 [1]"#]],
    );
}

#[test]
fn the_default_funnel_goes_step_by_step_where_learners_do() {
    let mut completed = ada(5, "2024-03-03T09:00", "completed");
    let steps = [
        ada(1, "2024-03-01T09:00", "experienced"),
        ada(2, "2024-03-01T10:00", "experienced"),
        ada(3, "2024-03-02T09:00", "experienced"),
        ada(4, "2024-03-02T10:00", "answered"),
        completed.clone(),
    ];
    let outcome = default_outcome(&steps);
    check_stages(&outcome, expect!["aware 1 [1]\ninterested 3 [1, 3]\nengaged 4 [4]"]);
    assert_eq!(outcome.funnels[0].status(at("2024-03-04T00:00:00Z")), FunnelStatus::InProgress);
    assert!(!outcome.funnels[0].dormant(at("2024-04-02T09:00:00Z")));
    assert!(outcome.funnels[0].dormant(at("2024-04-02T09:00:01Z")));
    completed["result"] = json!({"success": true});
    let steps = [&steps[..4], &[completed, ada(6, "2024-03-04T09:00", "shared")]].concat();
    let outcome = default_outcome(&steps);
    check_stages(
        &outcome,
        expect![[r#"
            aware 1 [1]
            interested 3 [1, 3]
            engaged 4 [4]
            proficient 5 [5]
            advocate 6 [6]"#]],
    );
    assert_eq!(outcome.funnels[0].status(at("2030-01-01T00:00:00Z")), FunnelStatus::Completed);
}

#[test]
fn a_later_start_wins_if_it_leads_further() {
    let funnel = r#"{"id": "f", "stages": [
        {"id": "began", "match": {"verb": ["http://adlnet.gov/expapi/verbs/attempted"]}},
        {"id": "done", "match": {"verb": ["http://adlnet.gov/expapi/verbs/passed"]}, "within": "P1D",
         "exclude": {"verb": ["http://adlnet.gov/expapi/verbs/abandoned"]}}]}"#;
    let steps = [
        ada(1, "2024-03-01T09:00", "attempted"),
        ada(2, "2024-03-05T08:00", "attempted"),
        ada(3, "2024-03-05T09:00", "abandoned"),
        ada(4, "2024-03-05T09:30", "attempted"),
        ada(5, "2024-03-05T09:40", "attempted"),
        ada(6, "2024-03-06T09:30", "passed"),
    ];
    check_stages(
        &funnel_outcome(funnel, &steps),
        expect![[r#"
            began 4 [4]
            done 6 [6]"#]],
    );
    let outcome = funnel_outcome(funnel, &steps[..5]);
    check_stages(&outcome, expect!["began 1 [1]"]);
    assert_eq!(outcome.funnels[0].status(at("2024-03-02T09:00:00Z")), FunnelStatus::InProgress);
    assert_eq!(outcome.funnels[0].status(at("2024-03-02T09:00:01Z")), FunnelStatus::Dropped);
}

#[test]
fn order_any_has_the_stage_entered_last_as_current() {
    let funnel = r#"{"id": "f", "order": "any", "stages": [
        {"id": "passed", "match": {"verb": ["http://adlnet.gov/expapi/verbs/passed"]}},
        {"id": "shared", "match": {"verb": ["http://adlnet.gov/expapi/verbs/shared"]}}]}"#;
    let steps = [ada(1, "2024-03-01T09:00", "shared"), ada(2, "2024-03-02T09:00", "passed")];
    let outcome = funnel_outcome(funnel, &steps);
    check_stages(&outcome, expect!["passed 2 [2]\nshared 1 [1]"]);
    assert_eq!(outcome.funnels[0].current, 0);
    assert_eq!(outcome.funnels[0].status(at("2024-03-03T00:00:00Z")), FunnelStatus::Completed);
}

fn counted(achievements: &[&str], statements: &[Value]) -> Outcome {
    let achievements: Vec<_> =
        achievements.iter().map(|it| validate_achievement(it.as_bytes()).unwrap()).collect();
    let rule = br#"{"id": "soon", "due_within": "PT24H",
        "match": {"verb": ["http://adlnet.gov/expapi/verbs/praised"]}}"#;
    let rule = validate_recognition(rule).unwrap();
    let definitions = Definitions::compile(&[], &achievements, &[rule], &TimeZone::UTC).unwrap();
    evaluate(&definitions, LEARNER, &entries(&definitions, statements))
}

const PASS: &str =
    r#"{"id": "pass", "match": {"verb": ["http://adlnet.gov/expapi/verbs/passed"]}, "count": 1}"#;
const PASSES: &str = r#"{"id": "passes", "match": {"verb": ["http://adlnet.gov/expapi/verbs/passed"]},
    "count": 2, "repeatable": true}"#;

#[test]
fn voided_evidence_moves_an_achievement_and_then_revokes_it() {
    let voids = |number, target| says(number, "admin", "2024-04-01T00:00", "voided", statement(target));
    let mut all = vec![ada(1, "2024-03-01T09:00", "passed"), ada(2, "2024-03-02T09:00", "passed")];
    check_achievements(&counted(&[PASS], &all), expect!["pass 1 [1]"]);
    all.push(voids(8, 1));
    check_achievements(&counted(&[PASS], &all), expect!["pass 1 [2]"]);
    all.push(voids(9, 2));
    let outcome = counted(&[PASS], &all);
    check_achievements(&outcome, expect!["pass 1 [1] revoked by 9"]);
    assert_eq!(outcome.expectations, []);
    all.push(ada(3, "2024-03-03T09:00", "passed"));
    check_achievements(&counted(&[PASS], &all), expect!["pass 1 [3]"]);
}

#[test]
fn repeatable_achievements_are_revoked_from_the_last() {
    let passed = |number| ada(number, &format!("2024-03-0{number}T09:00"), "passed");
    let mut all: Vec<Value> = (1..=5).map(passed).collect();
    check_achievements(&counted(&[PASSES], &all), expect!["passes 1 [1, 2]\npasses 2 [3, 4]"]);
    all.push(says(8, "admin", "2024-04-01T00:00", "voided", statement(1)));
    check_achievements(&counted(&[PASSES], &all), expect!["passes 1 [2, 3]\npasses 2 [4, 5]"]);
    all.push(says(9, "admin", "2024-04-01T00:00", "voided", statement(2)));
    check_achievements(&counted(&[PASSES], &all), expect!["passes 1 [3, 4]\npasses 2 [3, 4] revoked by 9"]);
}

#[test]
fn to_void_can_let_an_achievement_of_others_be_earned_once_more() {
    let either = r#"{"id": "either", "any_of": ["pass", "first"], "repeatable": true}"#;
    let first = r#"{"id": "first", "count": 1}"#;
    let mut all = vec![ada(1, "2024-03-01T09:00", "passed")];
    all.push(ada(2, "2024-03-02T09:00", "answered"));
    all.push(ada(3, "2024-03-03T09:00", "passed"));
    check_achievements(
        &counted(&[either, PASS, first], &all),
        expect!["either 1 [1]\npass 1 [1]\nfirst 1 [1]"],
    );
    all.extend(
        [3, 1, 2].map(|target| says(10 + target, "admin", "2024-04-01T00:00", "voided", statement(target))),
    );
    check_achievements(
        &counted(&[either, PASS, first], &all[..3]),
        expect!["either 1 [1]\npass 1 [1]\nfirst 1 [1]"],
    );
    let one = [&all[..3], &all[4..5]].concat();
    check_achievements(
        &counted(&[either, PASS, first], &one),
        expect!["either 1 [2]\neither 2 [3]\npass 1 [3]\nfirst 1 [2]"],
    );
    check_achievements(
        &counted(&[either, PASS, first], &all),
        expect!["either 1 [1] revoked by 13\npass 1 [1] revoked by 13\nfirst 1 [1] revoked by 13"],
    );
}

#[test]
fn recognition_comes_from_somebody_else_and_points_at_the_learner_or_the_evidence() {
    let passed = ada(1, "2024-03-01T09:00", "passed");
    let to_ada = json!({"objectType": "Agent", "mbox": LEARNER});
    let due = at("2024-03-02T09:00:00Z");
    let check = |others: &[Value], expected: Option<u128>| {
        let outcome = counted(&[PASS], &[std::slice::from_ref(&passed), others].concat());
        let [expectation] = &outcome.expectations[..] else { panic!("one expectation") };
        assert_eq!(expectation.due_at, due);
        assert_eq!(expectation.met.as_ref().map(|met| short(met.statement)), expected);
        let open = if expected.is_some() { ExpectationStatus::Met } else { ExpectationStatus::Open };
        assert_eq!(expectation.status(due), open);
    };
    let bob = |number, when, object: &Value| says(number, "bob", when, "praised", object.clone());
    check(&[], None);
    check(&[says(2, "ada", "2024-03-01T10:00", "praised", to_ada.clone())], None);
    check(&[says(2, "bob", "2024-03-01T10:00", "shared", to_ada.clone())], None);
    check(&[bob(2, "2024-03-01T08:59", &to_ada)], None);
    check(&[bob(2, "2024-03-01T09:00", &to_ada)], Some(2));
    check(&[bob(3, "2024-03-05T09:00", &to_ada), bob(2, "2024-03-05T09:00", &statement(1))], Some(2));
    check(&[bob(2, "2024-03-01T10:00", &statement(7))], None);
    let mut named = bob(2, "2024-03-01T10:00", &to_ada);
    named["context"] = json!({"extensions": {"urn:plaudit:achievement": "other"}});
    check(&[named.clone()], None);
    named["context"] = json!({"extensions": {"urn:plaudit:achievement": "pass"}});
    check(&[named.clone()], Some(2));
    let voids = says(9, "admin", "2024-04-01T00:00", "voided", statement(2));
    check(&[named, voids], None);
    let inside = json!({"objectType": "SubStatement", "actor": {"mbox": LEARNER}, "verb": {"id": "v:a"},
        "object": {"id": "x:y"}});
    check(&[bob(2, "2024-03-01T10:00", &inside)], Some(2));
}

#[test]
fn documents_that_do_not_fit_together_are_refused() {
    let refused = |achievements: &[&str], expected: Expect| {
        let achievements: Vec<_> =
            achievements.iter().map(|it| validate_achievement(it.as_bytes()).unwrap()).collect();
        let error = Definitions::compile(&[], &achievements, &[], &TimeZone::UTC).unwrap_err();
        expected.assert_eq(&error.to_string());
    };
    refused(
        &[r#"{"id": "a", "all_of": ["b"]}"#],
        expect!["the definition is refused: achievement `a` /all_of/0: there is no achievement `b`"],
    );
    refused(
        &[
            r#"{"id": "a", "all_of": ["b"]}"#,
            r#"{"id": "b", "any_of": ["c", "a"]}"#,
            r#"{"id": "c", "count": 1}"#,
        ],
        expect![
            "the definition is refused: achievement `a` /all_of: is made of itself, by way of others or directly; achievement `b` /any_of: is made of itself, by way of others or directly"
        ],
    );
    refused(
        &[PASS, PASS],
        expect!["the definition is refused: achievement `pass` /id: another achievement has the same id"],
    );
    let rule =
        validate_recognition(br#"{"id": "r", "due_within": "P1D", "achievements": ["*", "x"]}"#).unwrap();
    let error = Definitions::compile(&[], &[], &[rule], &TimeZone::UTC).unwrap_err();
    expect!["the definition is refused: recognition rule `r` /achievements/1: there is no achievement `x`"]
        .assert_eq(&error.to_string());
}
