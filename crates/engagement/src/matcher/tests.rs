//! Each key of a matcher against statements, in tables.

use jiff::tz::TimeZone;
use plaudit_xapi::read_stored;
use serde_json::{Value, json};

use super::Matcher;
use crate::definition::{FunnelDefinition, MatcherDefinition};
use crate::definitions::Definitions;

const ONE: &str = "c3a7f0de-0b6f-4c1e-9f6a-1d2e3f405162";
const OTHER: &str = "d3a7f0de-0b6f-4c1e-9f6a-1d2e3f405162";

/// Whether each matcher accepts the statement, all of them compiled together.
fn accepted(statement: &Value, matchers: &[Value]) -> Vec<bool> {
    let stages: Vec<Value> = matchers
        .iter()
        .enumerate()
        .map(|(index, it)| json!({"id": format!("s{index}"), "match": it}))
        .collect();
    let funnels: Vec<FunnelDefinition> = stages
        .chunks(32)
        .enumerate()
        .map(|(index, stages)| json!({"id": format!("f{index}"), "stages": stages}))
        .map(|it| serde_json::from_value(it).unwrap())
        .collect();
    let definitions = Definitions::compile(&funnels, &[], &[], &TimeZone::UTC).unwrap();
    let bytes = serde_json::to_vec(statement).unwrap();
    let mark = definitions.mark(&read_stored(&bytes).unwrap());
    let stages = definitions.funnels.iter().flat_map(|funnel| &funnel.stages);
    stages.map(|stage| mark.accepted_by(stage.conditions[0].matcher)).collect()
}

/// `table` says for each matcher whether it accepts the statement. The opposite must hold of its negation.
#[track_caller]
fn check(statement: &Value, table: &[(bool, Value)]) {
    let (expected, matchers): (Vec<bool>, Vec<Value>) = table.iter().cloned().unzip();
    let negated: Vec<Value> = matchers.iter().map(|it| json!({"not": it})).collect();
    for (index, found) in accepted(statement, &matchers).into_iter().enumerate() {
        assert_eq!(found, expected[index], "{}", matchers[index]);
    }
    let bytes = serde_json::to_vec(statement).unwrap();
    for (expected, definition) in table {
        let alone = Matcher::new(&serde_json::from_value(definition.clone()).unwrap());
        assert_eq!(alone.accepts(&read_stored(&bytes).unwrap()), *expected, "{definition}");
    }
    for (index, found) in accepted(statement, &negated).into_iter().enumerate() {
        assert_eq!(found, !expected[index], "{}", negated[index]);
    }
}

fn full() -> Value {
    json!({
        "id": ONE, "stored": "2024-01-01T00:00:00Z", "timestamp": "2024-01-01T00:00:00Z",
        "actor": {"mbox": "mailto:ada@example.org", "name": "Ada"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"en": "passed"}},
        "object": {"id": "https://lms.example.com/course/7", "definition": {
            "type": "http://adlnet.gov/expapi/activities/course",
            "extensions": {"https://e.org/level": 3}}},
        "result": {"success": true, "completion": false, "score": {"scaled": 0.8},
            "extensions": {"https://e.org/x": {"level": "gold", "list": [1, 2.5, {"a/b": null}], "big": 1e3}}},
        "context": {"registration": ONE, "platform": "Moodle", "language": "en-GB",
            "contextActivities": {"parent": {"id": "https://e.org/p"},
                "grouping": [{"id": "https://e.org/g1"}, {"id": "https://e.org/g2"}]},
            "extensions": {"https://e.org/flag": true}},
    })
}

#[test]
fn keys_are_joined_by_and_values_by_or() {
    let passed = "http://adlnet.gov/expapi/verbs/passed";
    check(
        &full(),
        &[
            (true, json!({})),
            (true, json!({"verb": [passed]})),
            (true, json!({"verb": ["x:y", passed]})),
            (false, json!({"verb": ["x:y"]})),
            (false, json!({"verb": ["http://adlnet.gov/expapi/verbs/Passed"]})),
            (false, json!({"verb": ["passed"]})),
            (true, json!({"verb": [passed], "platform": ["Moodle"]})),
            (false, json!({"verb": [passed], "platform": ["moodle"]})),
            (true, json!({"any": [{"verb": ["x:y"]}, {"language": ["en-GB"]}]})),
            (false, json!({"any": [{"verb": ["x:y"]}, {"language": ["en"]}]})),
            (true, json!({"all": [{"verb": [passed]}, {}]})),
            (false, json!({"all": [{"verb": [passed]}, {"not": {}}]})),
            (false, json!({"any": [{}], "not": {"verb": [passed]}})),
            (true, json!({"not": {"not": {"not": {"verb": ["x:y"]}}}})),
        ],
    );
}

#[test]
fn activities_match_literally() {
    check(
        &full(),
        &[
            (true, json!({"activity": ["https://lms.example.com/course/7"]})),
            (false, json!({"activity": ["https://LMS.example.com/course/7"]})),
            (false, json!({"activity": ["https://lms.example.com/course/"]})),
            (true, json!({"activity_prefix": ["https://lms.example.com/course/"]})),
            (true, json!({"activity_prefix": ["https://lms.example.com/course/7", "z"]})),
            (false, json!({"activity_prefix": ["https://lms.example.com/course/77"]})),
            (false, json!({"activity_prefix": ["lms.example.com"]})),
            (true, json!({"activity_prefix": ["zz", "h"]})),
            (true, json!({"activity_type": ["http://adlnet.gov/expapi/activities/course"]})),
            (false, json!({"activity_type": ["https://lms.example.com/course/7"]})),
        ],
    );
}

#[test]
fn the_context_matches_by_place() {
    check(
        &full(),
        &[
            (true, json!({"context": {}})),
            (true, json!({"context": {"parent": ["https://e.org/p"]}})),
            (false, json!({"context": {"parent": ["https://e.org/g1"]}})),
            (
                true,
                json!({"context": {"grouping": ["https://e.org/g2"], "parent": ["x:y", "https://e.org/p"]}}),
            ),
            (false, json!({"context": {"grouping": ["https://e.org/g2"], "category": ["https://e.org/g2"]}})),
            (false, json!({"context": {"other": ["https://e.org/p"]}})),
            (true, json!({"registration": [ONE.to_uppercase()]})),
            (false, json!({"registration": [OTHER]})),
            (true, json!({"registration": [OTHER, ONE]})),
            (true, json!({"language": ["en-GB"]})),
            (false, json!({"language": ["en-gb"]})),
        ],
    );
}

#[test]
fn the_result_matches_exactly_and_within_ranges() {
    check(
        &full(),
        &[
            (true, json!({"result": {}})),
            (true, json!({"result": {"success": true, "completion": false}})),
            (false, json!({"result": {"success": true, "completion": true}})),
            (true, json!({"result": {"scaled": {"min": 0.8, "max": 0.8}}})),
            (true, json!({"result": {"scaled": {"min": -1}}})),
            (false, json!({"result": {"scaled": {"min": 0.81}}})),
            (false, json!({"result": {"scaled": {"max": 0.79}}})),
            (true, json!({"result": {"scaled": {}}})),
        ],
    );
}

#[test]
fn extensions_match_by_place_pointer_and_value() {
    let x = |pointer: &str, test: Value| {
        let mut condition = json!({"in": "result", "iri": "https://e.org/x", "pointer": pointer});
        condition.as_object_mut().unwrap().extend(test.as_object().unwrap().clone());
        json!({"extension": [condition]})
    };
    check(
        &full(),
        &[
            (true, json!({"extension": [{"in": "result", "iri": "https://e.org/x"}]})),
            (false, json!({"extension": [{"in": "context", "iri": "https://e.org/x"}]})),
            (true, json!({"extension": [{"in": "context", "iri": "https://e.org/flag", "equals": true}]})),
            (
                true,
                json!({"extension": [
                    {"in": "context", "iri": "https://e.org/flag", "equals": 1},
                    {"in": "context", "iri": "https://e.org/flag", "equals": true},
                ]}),
            ),
            (false, json!({"extension": [{"in": "context", "iri": "https://e.org/flag", "equals": 1}]})),
            (
                true,
                json!({"extension": [{"in": "object", "iri": "https://e.org/level", "min": 3, "max": 3}]}),
            ),
            (false, json!({"extension": [{"in": "object", "iri": "https://e.org/level", "min": 3.5}]})),
            (true, json!({"extension": [{"in": "object", "iri": "https://e.org/level", "equals": 3.0}]})),
            (true, x("/level", json!({"equals": "gold"}))),
            (false, x("/level", json!({"equals": "Gold"}))),
            (false, x("/level", json!({"min": 0}))),
            (false, x("/levels", json!({}))),
            (true, x("/list/1", json!({"equals": 2.5}))),
            (false, x("/list/01", json!({}))),
            (false, x("/list/-", json!({}))),
            (true, x("/list/2/a~1b", json!({"equals": null}))),
            (true, x("/list/2/a~1b", json!({}))),
            (true, x("/list", json!({"equals": [1.0, 2.5, {"a/b": null}]}))),
            (false, x("/list", json!({"equals": [2.5, 1, {"a/b": null}]}))),
            (true, x("/big", json!({"equals": 1000}))),
            (true, x("/big", json!({"min": 999.5}))),
        ],
    );
}

#[test]
fn a_condition_on_something_absent_is_false() {
    let bare = json!({
        "id": ONE, "stored": "2024-01-01T00:00:00Z", "timestamp": "2024-01-01T00:00:00Z",
        "actor": {"mbox": "mailto:ada@example.org"}, "verb": {"id": "v:a"},
        "object": {"objectType": "StatementRef", "id": OTHER},
    });
    check(
        &bare,
        &[
            (true, json!({"verb": ["v:a"]})),
            (false, json!({"activity": [OTHER]})),
            (false, json!({"activity_prefix": ["d"]})),
            (false, json!({"activity_type": ["x:y"]})),
            (true, json!({"context": {}})),
            (false, json!({"context": {"parent": ["x:y"]}})),
            (false, json!({"registration": [ONE]})),
            (false, json!({"platform": ["x"]})),
            (false, json!({"result": {"success": false}})),
            (false, json!({"result": {"completion": false}})),
            (false, json!({"result": {"scaled": {"max": 1}}})),
            (false, json!({"extension": [{"in": "result", "iri": "https://e.org/x"}]})),
            (false, json!({"extension": [{"in": "object", "iri": "https://e.org/x"}]})),
        ],
    );
}

#[test]
fn equal_matchers_share_one_bit() {
    let definitions = |matchers: &[&str]| {
        let stages: Vec<Value> = matchers
            .iter()
            .enumerate()
            .map(|(index, it)| json!({"id": index.to_string(), "match": serde_json::from_str::<Value>(it).unwrap()}))
            .collect();
        let funnel = serde_json::from_value(json!({"id": "f", "stages": stages})).unwrap();
        Definitions::compile(&[funnel], &[], &[], &TimeZone::UTC).unwrap()
    };
    let equal = definitions(&[
        r#"{"verb": ["a", "b"]}"#,
        r#"{"verb": ["b", "a", "b"]}"#,
        r#"{"all": [{"verb": ["a", "b"]}, {"verb": ["b", "a"]}]}"#,
        r#"{"any": [{"all": [{"verb": ["a", "b"]}]}]}"#,
    ]);
    let bits: Vec<u32> = equal.funnels[0].stages.iter().map(|stage| stage.conditions[0].matcher).collect();
    assert_eq!(bits[1..], [bits[0]; 3]);
    let different =
        definitions(&[r#"{"verb": ["a"]}"#, r#"{"platform": ["a"]}"#, r#"{"not": {"verb": ["a"]}}"#]);
    let mut bits: Vec<u32> =
        different.funnels[0].stages.iter().map(|stage| stage.conditions[0].matcher).collect();
    bits.dedup();
    assert_eq!(bits.len(), 3);
}

#[test]
fn an_empty_list_is_refused_since_it_would_accept_nothing() {
    let none = MatcherDefinition { verb: Some(Vec::new()), ..MatcherDefinition::default() };
    let funnel = serde_json::from_value(json!({"id": "f", "stages": [{"id": "s", "match": none}]})).unwrap();
    let error = Definitions::compile(&[funnel], &[], &[], &TimeZone::UTC).unwrap_err();
    assert_eq!(error.faults[0].pointer, "/stages/0/match/verb");
}
