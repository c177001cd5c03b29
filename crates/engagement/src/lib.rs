//! Definitions of funnels, achievements and recognition, and their evaluation. Pure: no IO, no clock, no
//! randomness.
//!
//! A tenant's documents are checked by [`validate_funnel`], [`validate_achievement`] and
//! [`validate_recognition`] and compiled together into [`Definitions`]. Then there are two steps, so that the
//! bulk of the work is done once per statement and the rest is cheap enough to be done again and again:
//!
//! 1. [`Definitions::mark`] says in a few bytes what a statement means to the definitions. Its cost grows with
//!    the values that the statement has (verb, activity, …), hardly with the number of definitions.
//! 2. [`evaluate`] answers everything about one learner from the marks of that learner's statements. The answer
//!    is a function of the *set* of entries, so late, repeated, reordered and voided statements need no care.
//!
//! With n entries, evaluation takes O(n log n) to sort and to look up, and O(n) for each stage and for each
//! achievement; there is no input for which it is quadratic. To find out what revoked an achievement takes some more
//! evaluations of it, see [`REVOCATION_SEARCHES_MAX`].
//!
//! # What the words are taken to mean
//!
//! `engagement.md` is the definition. Where it leaves a choice, this crate chose:
//!
//! - **Every limit includes its last instant.** Something is late, dropped or dormant when `as_of` is *after* the
//!   limit. A limit is the earlier event time plus the duration, added in the tenant's time zone.
//! - **`as_of` never hides a statement.** It decides about dropped, dormant and overdue, nothing else.
//! - **A voiding statement is a statement** of its actor like any other, and cannot be voided itself.
//! - **`or_later`** on a stage (ours; the default funnel needs it) makes the stage accept, beside its own
//!   condition, what fulfils any later stage. Evidence is that of the first of these conditions that is fulfilled.
//!   `strict` still looks at each stage's own `match`.
//! - **Object ids** (`"distinct": "activities"`) are those of activities and of statement references; agents and
//!   sub-statements have none and never count as different.
//! - **Order `any`**: of stages entered by one statement, the later in the list is the current one; the funnel is
//!   completed when the stage that is last in the list was entered.
//! - **A sliding window** starts at a counted statement; of several that fit, at the earliest.
//! - **`all_of` and `any_of`** look at the first of each other achievement's occurrences (when repeatable: the first
//!   after the statement that earned them last). Evidence is the union, or that of the earliest.
//! - **Revoked**: an occurrence n is revoked when at least n are earned with the voided statements left in, but fewer
//!   without them. It shows what the n-th was with them; its time is the event time of the voiding statement after
//!   which, in order of event time, fewer than n were left.
//! - **Recognition** may come after the due date: then it is met, but late. *At or after the earning* compares
//!   event times. An object that is an identified group counts as an agent with that identifier; with
//!   `"members": true` on the rule, a group that is recognised counts for its members. A named achievement
//!   (`urn:plaudit:achievement`) covers every open occurrence of it; a name that is not a string names nothing.

mod achievement;
mod check;
mod cover;
mod defaults;
mod definition;
mod definitions;
mod duration;
mod entry;
mod error;
mod evaluate;
mod funnel;
mod mark;
mod matcher;
mod outcome;
mod recognition;
mod summary;
mod timeline;
mod validate;

pub use achievement::REVOCATION_SEARCHES_MAX;
pub use check::{
    ACHIEVEMENTS_MAX, COUNT_MAX, FUNNELS_MAX, MATCHER_DEPTH_MAX, MATCHER_PARTS_MAX, RULES_MAX, STAGES_MAX,
    VALUES_MAX,
};
pub use definition::{
    AchievementDefinition, ContextCondition, Distinct, ExtensionCondition, ExtensionPlace, FunnelDefinition,
    MatcherDefinition, Order, Range, RecognitionDefinition, ResultCondition, StageDefinition,
};
pub use definitions::{Definitions, MATCHERS_MAX};
pub use duration::Duration;
pub use entry::{
    ACHIEVEMENT_EXTENSION, Concerns, Entry, EntryKind, Recognition, RecognitionTarget, concerns,
};
pub use error::{DefinitionError, FAULTS_MAX, Fault};
pub use evaluate::evaluate;
pub use mark::Mark;
pub use matcher::Matcher;
pub use outcome::{
    Earned, Entered, Expectation, ExpectationStatus, FunnelOutcome, FunnelStatus, Met, Outcome, Revoked,
};
pub use summary::{
    CohortUnit, EXACT_MAX, FunnelCohorts, FunnelFigure, FunnelFigures, FunnelSummary, Method,
    OpenExpectation, Quantiles, RecognisedPair, RecognitionFigures, RecognitionLists, RecognitionSummary,
    StageFigures, cohort,
};
pub use validate::{
    DEFINITION_BYTES_MAX, validate_achievement, validate_funnel, validate_matcher, validate_recognition,
};
