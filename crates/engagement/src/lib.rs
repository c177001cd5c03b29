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
//! Where `engagement.md` leaves a choice, [`evaluate`] says what was chosen.

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
