//! Evaluation: everything about one learner, from the entries of that learner's timeline.

use crate::achievement::{evaluate_achievements, report};
use crate::definitions::Definitions;
use crate::entry::Entry;
use crate::funnel::evaluate_funnel;
use crate::outcome::Outcome;
use crate::recognition::evaluate_recognition;
use crate::timeline::Timeline;

/// What the entries say about the learner, whose canonical text is `learner`. Neither the order of the entries nor
/// repeats of them make a difference. Their marks must have been made by the same definitions.
///
/// Voided statements must stay among the entries, with their [`crate::EntryKind::Void`]: that is how it is known what
/// is revoked.
#[must_use]
pub fn evaluate(definitions: &Definitions, learner: &str, entries: &[Entry]) -> Outcome {
    let timeline = Timeline::new(learner, entries, definitions.zone());
    let earned = evaluate_achievements(definitions, &timeline);
    let achievements = report(definitions, &timeline, &earned);
    Outcome {
        funnels: definitions.funnels.iter().filter_map(|it| evaluate_funnel(it, &timeline)).collect(),
        expectations: evaluate_recognition(definitions, &timeline, &achievements),
        achievements,
    }
}
