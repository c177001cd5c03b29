//! Answers about many learners: accumulators that take in one learner at a time and can be merged.

mod cohort;
mod funnel;
mod quantiles;
mod recognition;

pub use cohort::{CohortUnit, cohort};
pub use funnel::{FunnelCohorts, FunnelFigure, FunnelFigures, FunnelSummary, StageFigures};
pub use quantiles::{EXACT_MAX, Method, Quantiles};
pub use recognition::{
    OpenExpectation, RecognisedPair, RecognitionFigures, RecognitionLists, RecognitionSummary,
};
