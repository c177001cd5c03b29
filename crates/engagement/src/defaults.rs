//! What a tenant has before it defines anything.

use crate::definition::{
    AchievementDefinition, Distinct, FunnelDefinition, MatcherDefinition, Order, Range,
    RecognitionDefinition, ResultCondition, StageDefinition,
};
use crate::definitions::Definitions;
use crate::duration::Duration;

impl Definitions {
    /// The documents that there are before anyone writes one: a funnel and a recognition rule, both with the id
    /// `default`, and a few achievements.
    #[must_use]
    pub fn defaults() -> (Vec<FunnelDefinition>, Vec<AchievementDefinition>, Vec<RecognitionDefinition>) {
        (vec![default_funnel()], default_achievements(), vec![default_recognition()])
    }

    /// The documents that hold for a tenant that wrote these: each default stays until a document with its id is
    /// written.
    #[must_use]
    pub fn with_defaults(
        funnels: Vec<FunnelDefinition>,
        achievements: Vec<AchievementDefinition>,
        recognition: Vec<RecognitionDefinition>,
    ) -> (Vec<FunnelDefinition>, Vec<AchievementDefinition>, Vec<RecognitionDefinition>) {
        let (default_funnels, default_achievements, default_recognition) = Self::defaults();
        (
            completed(funnels, default_funnels, |it| &it.id),
            completed(achievements, default_achievements, |it| &it.id),
            completed(recognition, default_recognition, |it| &it.id),
        )
    }
}

/// What a tenant wrote, and the defaults whose ids it does not use.
fn completed<T>(mut written: Vec<T>, defaults: Vec<T>, id: impl Fn(&T) -> &String) -> Vec<T> {
    let missing = defaults.into_iter().filter(|default| !written.iter().any(|own| id(own) == id(default)));
    let missing: Vec<T> = missing.collect();
    written.extend(missing);
    written
}

/// A verb in the past tense, and as Activity Streams has it.
type Word = (&'static str, &'static str);

const ENGAGED: [Word; 4] = [
    ("attempted", "attempt"),
    ("progressed", "progress"),
    ("interacted", "interact"),
    ("answered", "answer"),
];
const MASTERED: [Word; 2] = [("passed", "pass"), ("mastered", "master")];
const COMPLETED: [Word; 1] = [("completed", "complete")];
const PRAISED: [Word; 2] = [("praised", "praise"), ("endorsed", "endorse")];
const ADVISED: [Word; 3] = [("recommended", "recommend"), ("liked", "like"), ("commented", "comment")];
const SHARED: [Word; 1] = [("shared", "share")];
const MENTORED: [Word; 1] = [("mentored", "mentor")];

/// The result that proves proficiency whatever the verb.
const PROFICIENT_SCALED: f64 = 0.8;

/// Statements with one of these verbs, in the vocabularies of ADL, `TinCan` and Activity Streams. Not every
/// combination is registered, but producers coin the missing ones alike.
fn did(words: &[&[Word]]) -> MatcherDefinition {
    let iris = words.iter().copied().flatten().flat_map(|(past, base)| {
        [
            format!("http://adlnet.gov/expapi/verbs/{past}"),
            format!("https://w3id.org/xapi/adl/verbs/{past}"),
            format!("http://id.tincanapi.com/verb/{past}"),
            format!("http://activitystrea.ms/schema/1.0/{base}"),
            format!("http://activitystrea.ms/schema/1.0/{past}"),
        ]
    });
    MatcherDefinition { verb: Some(iris.collect()), ..MatcherDefinition::default() }
}

fn default_funnel() -> FunnelDefinition {
    let stage = |id: &str, title: &str, matcher: MatcherDefinition| StageDefinition {
        id: id.to_owned(),
        title: title.to_owned(),
        matcher,
        count: 1,
        distinct: None,
        within: None,
        exclude: None,
        or_later: true,
    };
    let interested = stage("interested", "Interested", MatcherDefinition::default());
    FunnelDefinition {
        id: "default".to_owned(),
        title: "From aware to advocate".to_owned(),
        order: Order::Ordered,
        dormant_after: duration("P30D"),
        members: false,
        scope: MatcherDefinition::default(),
        stages: vec![
            stage("aware", "Aware", MatcherDefinition::default()),
            StageDefinition { count: 2, distinct: Some(Distinct::Days), ..interested },
            stage("engaged", "Engaged", did(&[&ENGAGED])),
            stage("proficient", "Proficient", proficient()),
            stage("advocate", "Advocate", did(&[&SHARED, &PRAISED, &ADVISED, &MENTORED])),
        ],
    }
}

/// Passed or mastered, or completed with success, or a high score.
fn proficient() -> MatcherDefinition {
    let success = ResultCondition { success: Some(true), ..ResultCondition::default() };
    let scaled = Range { min: Some(PROFICIENT_SCALED), max: None };
    let high_score = ResultCondition { scaled: Some(scaled), ..ResultCondition::default() };
    let any = vec![
        did(&[&MASTERED]),
        MatcherDefinition { result: Some(success), ..did(&[&COMPLETED]) },
        MatcherDefinition { result: Some(high_score), ..MatcherDefinition::default() },
    ];
    MatcherDefinition { any: Some(any), ..MatcherDefinition::default() }
}

fn default_achievements() -> Vec<AchievementDefinition> {
    let counted = |id: &str, title: &str, matcher: MatcherDefinition, points: u32| AchievementDefinition {
        id: id.to_owned(),
        title: title.to_owned(),
        matcher,
        count: Some(1),
        points,
        ..AchievementDefinition::default()
    };
    let activities = counted("five-activities", "Completed five activities", did(&[&COMPLETED]), 50);
    let streak = counted("week-streak", "Seven days in a row", MatcherDefinition::default(), 50);
    let mentor = counted("mentor", "Helped five times", did(&[&MENTORED]), 50);
    let both = counted("all-rounder", "Proficient and passing it on", MatcherDefinition::default(), 100);
    vec![
        counted("first-completion", "First completion", did(&[&COMPLETED]), 10),
        counted("first-pass", "First pass", did(&[&MASTERED]), 20),
        AchievementDefinition { count: Some(5), distinct: Some(Distinct::Activities), ..activities },
        AchievementDefinition { count: None, streak: Some(7), repeatable: true, ..streak },
        AchievementDefinition { count: Some(5), repeatable: true, ..mentor },
        counted("first-share", "First shared", did(&[&SHARED]), 10),
        AchievementDefinition { count: None, all_of: Some(ids(&["first-pass", "first-share"])), ..both },
    ]
}

fn default_recognition() -> RecognitionDefinition {
    RecognitionDefinition {
        id: "default".to_owned(),
        title: "Recognised within a day".to_owned(),
        due_within: duration("PT24H").expect("a constant that the tests read"),
        achievements: ids(&["*"]),
        matcher: did(&[&PRAISED]),
        members: false,
    }
}

fn duration(text: &str) -> Option<Duration> {
    Duration::parse(text)
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use plaudit_xapi::read_stored;
    use serde_json::json;

    use super::*;
    use crate::entry::{Entry, EntryKind};
    use crate::evaluate::evaluate;
    use crate::validate::{validate_achievement, validate_funnel, validate_recognition};

    #[test]
    fn the_defaults_are_documents_like_any_other() {
        let (funnels, achievements, rules) = Definitions::defaults();
        for funnel in &funnels {
            assert_eq!(validate_funnel(&serde_json::to_vec(funnel).unwrap()).as_ref(), Ok(funnel));
        }
        for achievement in &achievements {
            let bytes = serde_json::to_vec(achievement).unwrap();
            assert_eq!(validate_achievement(&bytes).as_ref(), Ok(achievement));
        }
        for rule in &rules {
            assert_eq!(validate_recognition(&serde_json::to_vec(rule).unwrap()).as_ref(), Ok(rule));
        }
    }

    /// The stage that a learner reaches with nothing but this statement.
    #[track_caller]
    fn check_stage(verb: &str, result: &serde_json::Value, expected: &str) {
        let (funnels, achievements, rules) = Definitions::defaults();
        let definitions = Definitions::compile(&funnels, &achievements, &rules, &TimeZone::UTC).unwrap();
        let statement = json!({
            "id": "c3a7f0de-0b6f-4c1e-9f6a-1d2e3f405162", "stored": "2024-01-01T00:00:00Z",
            "actor": {"mbox": "mailto:ada@example.org"}, "verb": {"id": verb},
            "object": {"id": "x:y"}, "result": result,
        });
        let bytes = serde_json::to_vec(&statement).unwrap();
        let statement = read_stored(&bytes).unwrap();
        let time = statement.stored.unwrap();
        let kind = EntryKind::Own(definitions.mark(&statement));
        let entry = Entry { time, stored: time, id: statement.id.unwrap(), kind };
        let outcome = evaluate(&definitions, "mailto:ada@example.org", &[entry]);
        assert_eq!(outcome.funnels[0].entered.last().map(|it| it.stage.as_str()), Some(expected), "{verb}");
    }

    #[test]
    fn one_statement_reaches_the_stage_that_it_proves() {
        let adl = |verb: &str| format!("http://adlnet.gov/expapi/verbs/{verb}");
        let none = json!({});
        for verb in ["experienced", "launched", "failed", "completed"] {
            check_stage(&adl(verb), &none, "aware");
        }
        for verb in ["attempted", "progressed", "interacted", "answered"] {
            check_stage(&adl(verb), &none, "engaged");
        }
        for verb in ["passed", "mastered"] {
            check_stage(&adl(verb), &none, "proficient");
        }
        check_stage(&adl("completed"), &json!({"success": true}), "proficient");
        check_stage(&adl("completed"), &json!({"success": false}), "aware");
        check_stage(&adl("experienced"), &json!({"success": true}), "aware");
        check_stage(&adl("experienced"), &json!({"score": {"scaled": 0.8}}), "proficient");
        check_stage(&adl("answered"), &json!({"score": {"scaled": 0.79}}), "engaged");
        for verb in ["shared", "recommended", "endorsed", "mentored", "praised", "liked", "commented"] {
            check_stage(&adl(verb), &none, "advocate");
            check_stage(&format!("http://id.tincanapi.com/verb/{verb}"), &none, "advocate");
        }
        for verb in ["share", "recommend", "like"] {
            check_stage(&format!("http://activitystrea.ms/schema/1.0/{verb}"), &none, "advocate");
        }
    }
}
