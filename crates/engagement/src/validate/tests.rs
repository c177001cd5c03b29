//! What definitions are refused for, and where the answer points.

use expect_test::{Expect, expect};

use super::*;
use crate::check;

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DefinitionError>, expected: Expect) {
    let faults = result.expect_err("refused").faults;
    expected.assert_eq(&faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_examples_of_the_model_are_read() {
    let funnel = validate_funnel(
        br#"{ "id": "onboarding", "title": "Onboarding", "order": "ordered", "dormant_after": "P30D",
        "scope": { "activity_prefix": ["https://lms.example.com/programme/onboarding/"] },
        "stages": [
          { "id": "aware",      "title": "Aware",      "match": {} },
          { "id": "interested", "title": "Interested", "match": {}, "distinct": "days", "count": 2 },
          { "id": "proficient", "title": "Proficient", "match": { "result": { "success": true } }, "within": "P60D",
            "exclude": { "verb": ["http://adlnet.gov/expapi/verbs/abandoned"] } } ] }"#,
    );
    assert_eq!(funnel.unwrap().stages[2].within.as_ref().map(Duration::as_str), Some("P60D"));
    let achievement = validate_achievement(
        br#"{ "id": "week-streak", "title": "Seven days in a row", "match": {}, "streak": 7, "points": 50, "repeatable": true }"#,
    );
    assert_eq!(achievement.unwrap().streak, Some(7));
    let rule = validate_recognition(
        br#"{ "id": "default", "due_within": "PT24H", "achievements": ["*"], "match": { "verb": ["https://e.org/praised"] } }"#,
    );
    assert_eq!(rule.unwrap().achievements, ["*"]);
    let matcher = validate_matcher(
        br#"{ "verb": ["http://adlnet.gov/expapi/verbs/passed"],
        "activity": ["https://lms.example.com/course/7"],
        "activity_prefix": ["https://lms.example.com/programme/onboarding/"],
        "activity_type": ["http://adlnet.gov/expapi/activities/course"],
        "context": { "parent": ["a:b"], "grouping": ["a:b"], "category": ["a:b"], "other": ["a:b"] },
        "registration": ["6E0D1B52-9DB8-4C3B-8F5A-52DD8F4C1D2A"], "platform": ["x"], "language": ["en"],
        "result": { "success": true, "completion": true, "scaled": { "min": 0.8, "max": 1.0 } },
        "extension": [{ "in": "result", "iri": "https://e.org/x", "pointer": "/level", "equals": "gold" }],
        "any": [ {}, {} ], "all": [ {} ], "not": {} }"#,
    );
    assert_eq!(matcher.unwrap().any.map(|any| any.len()), Some(2));
}

#[test]
fn a_funnel_says_what_is_wrong_and_where() {
    refused(
        validate_funnel(
            br#"{"id": "x y", "order": "loose", "colour": 1, "stages": [
            {"id": "a", "within": "P1D"},
            {"title": "b", "count": 0, "distinct": "weeks"},
            {"id": "c", "within": "1 day", "match": {"verbs": ["x"], "verb": "x", "any": []}}]}"#,
        ),
        expect![[r#"
            /id: an id is 1 to 100 letters, digits, `.`, `_`, `:` and `-`, and begins with a letter or digit
            /order: must be one of ["ordered","strict","any"]
            /stages/1/count: must be at least 1
            /stages/1/distinct: must be one of ["days","activities"]
            /stages/1: `id` is missing
            /stages/2/match/any: must have at least 1 of them
            /stages/2/match/verb: must be of type array
            /stages/2/match/verbs: unknown key
            /stages/2/within: not an ISO 8601 duration
            /colour: unknown key"#]],
    );
    refused(
        validate_funnel(
            br#"{"id": "x", "stages": [{"id": "a", "within": "P1D"}, {"id": "a", "exclude": {}}]}"#,
        ),
        expect![[r#"
            /stages/0/within: not allowed on the first stage, there is none before it
            /stages/1/id: another stage has the id `a`, too"#]],
    );
    refused(
        validate_funnel(
            br#"{"id": "x", "order": "any", "stages": [{"id": "a"}, {"id": "b", "exclude": {}}]}"#,
        ),
        expect![
            "/stages/1/exclude: not allowed in a funnel of order `any`, whose stages do not follow one another"
        ],
    );
    refused(
        validate_funnel(br#"{"id": "x", "stages": []}"#),
        expect!["/stages: must have at least 1 of them"],
    );
    refused(
        validate_funnel(br#"{"id": "x", "id": "y", "stages": [{"id": "a"}]}"#),
        expect!["duplicate field `id` at line 1 column 16"],
    );
    refused(validate_funnel(b"{"), expect!["not JSON: EOF while parsing an object at line 1 column 1"]);
    refused(validate_funnel(b"[]"), expect!["must be of type object"]);
}

#[test]
fn a_matcher_says_what_is_wrong_and_where() {
    refused(
        validate_matcher(
            br#"{"registration": ["x"], "result": {"scaled": {"min": "1"}}, "verb": [], "platform": [""],
            "extension": [{"in": "verb", "pointer": "level"}], "all": [{"not": {"a/b": 1}}]}"#,
        ),
        expect![[r#"
            /all/0/not/a~1b: unknown key
            /extension/0: `iri` is missing
            /extension/0/in: must be one of ["result","context","object"]
            /extension/0/pointer: not a JSON pointer (RFC 6901)
            /platform/0: "" is shorter than 1 character
            /registration/0: not a UUID
            /result/scaled/min: must be of type number
            /verb: must have at least 1 of them"#]],
    );
    refused(
        validate_matcher(
            br#"{"result": {"scaled": {"min": 1, "max": 0}},
            "any": [{"extension": [{"in": "result", "iri": "x:y", "equals": null, "min": 1}]}]}"#,
        ),
        expect![[r#"
            /result/scaled: `min` is greater than `max`
            /any/0/extension/0: has either `equals` or `min` and `max`"#]],
    );
    let deep = |levels: usize| format!("{}{}{}", r#"{"not":"#.repeat(levels), "{}", "}".repeat(levels));
    assert!(validate_matcher(deep(7).as_bytes()).is_ok());
    refused(
        validate_matcher(deep(8).as_bytes()),
        expect!["/not/not/not/not/not/not/not/not: is nested deeper than 8 levels"],
    );
    refused(
        validate_matcher(deep(500).as_bytes()),
        expect!["not JSON: recursion limit exceeded at line 1 column 890"],
    );
    let wide = |parts: usize| format!(r#"{{"all":[{{"any":[{}]}}]}}"#, vec!["{}"; parts].join(","));
    refused(validate_matcher(wide(255).as_bytes()), expect!["has 257 matchers inside, at most 256"]);
    assert!(validate_matcher(wide(254).as_bytes()).is_ok());
    refused(validate_matcher(&vec![b' '; DEFINITION_BYTES_MAX + 1]), expect!["is longer than 262144 bytes"]);
}

#[test]
fn an_achievement_says_what_is_wrong_and_where() {
    refused(
        validate_achievement(br#"{"id": "a"}"#),
        expect!["give exactly one of `count`, `streak`, `all_of`, `any_of`"],
    );
    refused(
        validate_achievement(br#"{"id": "a", "count": 1, "streak": 2}"#),
        expect!["give exactly one of `count`, `streak`, `all_of`, `any_of`"],
    );
    refused(
        validate_achievement(br#"{"id": "a", "streak": 2, "within": "P1D"}"#),
        expect!["`count` is missing"],
    );
    refused(
        validate_achievement(br#"{"id": "a", "all_of": ["*"], "points": -1}"#),
        expect![[r#"
            /all_of/0: an id is 1 to 100 letters, digits, `.`, `_`, `:` and `-`, and begins with a letter or digit
            /points: must be at least 0"#]],
    );
    refused(
        validate_achievement(br#"{"id": "a", "any_of": ["b"], "match": {"verb": ["x"]}}"#),
        expect!["/match: only with `count` or `streak`"],
    );
    refused(
        validate_achievement(br#"{"id": "a", "count": 10001}"#),
        expect!["/count: must be at most 10000"],
    );
    refused(
        validate_achievement(br#"{"id": "a", "count": 1.5}"#),
        expect!["/count: must be of type integer"],
    );
}

#[test]
fn a_recognition_rule_says_what_is_wrong_and_where() {
    refused(
        validate_recognition(br#"{"id": "a", "achievements": []}"#),
        expect![[r#"
            `due_within` is missing
            /achievements: must have at least 1 of them"#]],
    );
    refused(
        validate_recognition(br#"{"id": "a", "due_within": "-PT1H", "achievements": ["*", "**"]}"#),
        expect![[r#"
            /achievements/1: an id is 1 to 100 letters, digits, `.`, `_`, `:` and `-`, and begins with a letter or digit
            /due_within: not an ISO 8601 duration"#]],
    );
}

#[test]
fn the_schemas_name_the_same_limits() {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let funnel = read(include_str!("../../../../schemas/engagement/funnel.schema.json"));
    let achievement = read(include_str!("../../../../schemas/engagement/achievement.schema.json"));
    let recognition = read(include_str!("../../../../schemas/engagement/recognition.schema.json"));
    let matcher = read(include_str!("../../../../schemas/engagement/matcher.schema.json"));
    assert_eq!(funnel["properties"]["stages"]["maxItems"], check::STAGES_MAX);
    assert_eq!(funnel["$defs"]["stage"]["properties"]["count"]["maximum"], check::COUNT_MAX);
    assert_eq!(achievement["properties"]["count"]["maximum"], check::COUNT_MAX);
    assert_eq!(achievement["properties"]["streak"]["maximum"], check::COUNT_MAX);
    assert_eq!(achievement["properties"]["all_of"]["maxItems"], check::ACHIEVEMENTS_MAX);
    assert_eq!(achievement["properties"]["any_of"]["maxItems"], check::ACHIEVEMENTS_MAX);
    assert_eq!(recognition["properties"]["achievements"]["maxItems"], check::ACHIEVEMENTS_MAX);
    assert_eq!(matcher["$defs"]["texts"]["maxItems"], check::VALUES_MAX);
    assert_eq!(matcher["properties"]["registration"]["maxItems"], check::VALUES_MAX);
    assert_eq!(matcher["$defs"]["matchers"]["maxItems"], check::MATCHER_PARTS_MAX);
}
