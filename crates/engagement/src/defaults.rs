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
const PRAISE: [Word; 6] = [
    ("recommended", "recommend"),
    ("endorsed", "endorse"),
    ("mentored", "mentor"),
    ("praised", "praise"),
    ("liked", "like"),
    ("commented", "comment"),
];
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
            stage("advocate", "Advocate", did(&[&SHARED, &PRAISE])),
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
        matcher: did(&[&PRAISE]),
        members: false,
    }
}

fn duration(text: &str) -> Option<Duration> {
    Duration::parse(text)
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}
