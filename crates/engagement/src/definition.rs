//! The documents that a tenant writes: funnels, achievements, recognition rules and the matchers inside them.
//!
//! These are the shapes on the wire, as the schemas in `schemas/engagement/` describe them. A missing `match` or
//! `scope` is an empty matcher and accepts every statement.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::duration::Duration;

/// How far learners come, stage by stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunnelDefinition {
    /// Names the funnel within the tenant.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// How stages follow one another.
    #[serde(default)]
    pub order: Order,
    /// After how long without a statement in scope a learner counts as dormant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dormant_after: Option<Duration>,
    /// Whether statements of a group count for its identified members.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members: bool,
    /// Which statements are looked at.
    #[serde(default)]
    pub scope: MatcherDefinition,
    /// From the first to the last.
    pub stages: Vec<StageDefinition>,
}

/// How the stages of a funnel follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Each from the entry of the one before.
    #[default]
    Ordered,
    /// The same, with nothing in between that matches another stage.
    Strict,
    /// Each by itself.
    Any,
}

/// One stage of a funnel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageDefinition {
    /// Names the stage within the funnel.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Which statements count.
    #[serde(default, rename = "match")]
    pub matcher: MatcherDefinition,
    /// How many of them it takes.
    #[serde(default = "one")]
    pub count: u32,
    /// In what the counted ones must differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Distinct>,
    /// How long after the stage before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// What must not happen since the stage before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<MatcherDefinition>,
    /// Whether what fulfils a later stage fulfils this one, too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub or_later: bool,
}

/// In what counted statements must differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distinct {
    /// Calendar days in the tenant's time zone.
    Days,
    /// Ids of their objects.
    Activities,
}

/// Something worth having done. Exactly one of `count`, `streak`, `all_of`, `any_of`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AchievementDefinition {
    /// Names the achievement within the tenant.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Which statements count, for `count` and `streak`.
    #[serde(default, rename = "match", skip_serializing_if = "MatcherDefinition::is_empty")]
    pub matcher: MatcherDefinition,
    /// How many matching statements it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// In what the counted ones must differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Distinct>,
    /// How long the counted ones may spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// How many consecutive days with a matching statement it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streak: Option<u32>,
    /// The achievements that it takes all of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_of: Option<Vec<String>>,
    /// The achievements that it takes one of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<Vec<String>>,
    /// What it is worth, each time.
    #[serde(default)]
    pub points: u32,
    /// Whether it can be earned again.
    #[serde(default)]
    pub repeatable: bool,
    /// Whether statements of a group count for its identified members.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members: bool,
}

/// Who should be recognised for what, how soon, and what counts as recognition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecognitionDefinition {
    /// Names the rule within the tenant.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// How soon.
    pub due_within: Duration,
    /// Ids of achievements, or `*` for every one.
    #[serde(default = "every_achievement")]
    pub achievements: Vec<String>,
    /// Which statements recognise.
    #[serde(default, rename = "match")]
    pub matcher: MatcherDefinition,
    /// Whether recognising a group counts for its identified members.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members: bool,
}

/// A condition on one statement: keys are joined by "and", the values of a list by "or".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatcherDefinition {
    /// IRI of the verb.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<Vec<String>>,
    /// Id of the object, if it is an activity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<Vec<String>>,
    /// How that id begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_prefix: Option<Vec<String>>,
    /// Type in the activity's definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_type: Option<Vec<String>>,
    /// Activities in the context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextCondition>,
    /// Registration in the context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<Vec<Uuid>>,
    /// Platform in the context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Vec<String>>,
    /// Language in the context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Vec<String>>,
    /// Parts of the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultCondition>,
    /// At least one of these extensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<Vec<ExtensionCondition>>,
    /// At least one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<MatcherDefinition>>,
    /// Each of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<MatcherDefinition>>,
    /// Not this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<MatcherDefinition>>,
}

impl MatcherDefinition {
    /// Whether it has no condition and so accepts every statement.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Ids of activities in `contextActivities`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContextCondition {
    /// One of the parents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Vec<String>>,
    /// One of the groupings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grouping: Option<Vec<String>>,
    /// One of the categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Vec<String>>,
    /// One of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Vec<String>>,
}

/// Parts of the result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResultCondition {
    /// `success` is exactly this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// `completion` is exactly this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<bool>,
    /// `score.scaled` lies here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled: Option<Range>,
}

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Range {
    /// At least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// At most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// A condition on one extension; without `equals`, `min` and `max`: that it is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionCondition {
    /// Whose extensions.
    #[serde(rename = "in")]
    pub place: ExtensionPlace,
    /// Key of the extension.
    pub iri: String,
    /// Where in its value to look (RFC 6901); empty for the value itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    /// The value there is equal; numbers are equal if they are the same number.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// The value there is a number, at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The value there is a number, at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Where extensions stand in a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtensionPlace {
    /// `result.extensions`.
    Result,
    /// `context.extensions`.
    Context,
    /// `object.definition.extensions` of an activity.
    Object,
}

const fn one() -> u32 {
    1
}

fn every_achievement() -> Vec<String> {
    vec!["*".to_owned()]
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Keeps `"equals": null` apart from no `equals`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}
