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
///
/// # What the words are taken to mean
///
/// - **Every limit includes its last instant.** Something is late, dropped or dormant when `as_of` is *after* the
///   limit. A limit is the earlier event time plus the duration, added in the tenant's time zone.
/// - **`as_of` never hides a statement.** It decides about dropped, dormant and overdue, nothing else.
/// - **A voiding statement is a statement** of its actor like any other, and cannot be voided itself.
/// - **`or_later`** on a stage (ours; the default funnel needs it) makes the stage accept, beside its own
///   condition, what fulfils any later stage. Evidence is that of the first of these conditions that is fulfilled.
///   `strict` still looks at each stage's own `match`.
/// - **Object ids** (`"distinct": "activities"`) are those of activities and of statement references; agents and
///   sub-statements have none and never count as different.
/// - **Order `any`**: of stages entered by one statement, the later in the list is the current one; the funnel is
///   completed when the stage that is last in the list was entered.
/// - **A sliding window** starts at a counted statement; of several that fit, at the earliest.
/// - **`all_of` and `any_of`** look at the first of each other achievement's occurrences (when repeatable: the first
///   after the statement that earned them last). Evidence is the union, or that of the earliest.
/// - **Revoked**: an occurrence n is revoked when at least n are earned with the voided statements left in, but fewer
///   without them. It shows what the n-th was with them; its time is the event time of the voiding statement after
///   which, in order of event time, fewer than n were left.
/// - **Recognition** may come after the due date: then it is met, but late. *At or after the earning* compares
///   event times. An object that is an identified group counts as an agent with that identifier; with
///   `"members": true` on the rule, a group that is recognised counts for its members. A named achievement
///   (`urn:plaudit:achievement`) covers every open occurrence of it; a name that is not a string names nothing.
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
