//! Recognition: what is expected for every achievement, and what met it.

use std::collections::HashMap;

use plaudit_xapi::{StatementId, Timestamp};

use crate::definitions::{Definitions, Rule};
use crate::entry::RecognitionTarget;
use crate::outcome::{Earned, Expectation, Met};
use crate::timeline::{Candidate, Timeline};

/// What each rule expects for what was earned and not revoked.
pub(crate) fn evaluate_recognition(
    definitions: &Definitions,
    timeline: &Timeline<'_>,
    earned: &[Earned],
) -> Vec<Expectation> {
    let place: HashMap<&str, usize> =
        (definitions.achievements.iter().map(|it| it.id.as_str())).zip(0..).collect();
    let mut expectations = Vec::new();
    for rule in &definitions.rules {
        let accepted = Accepted::new(rule, timeline);
        let covered = |it: &&Earned| it.revoked.is_none() && rule.covers[place[it.achievement.as_str()]];
        expectations.extend(earned.iter().filter(covered).map(|it| expectation(rule, it, &accepted)));
    }
    expectations
}

fn expectation(rule: &Rule, earned: &Earned, accepted: &Accepted<'_>) -> Expectation {
    Expectation {
        rule: rule.id.clone(),
        achievement: earned.achievement.clone(),
        occurrence: earned.occurrence,
        earned_at: earned.time,
        due_at: rule.due_within.after(earned.time),
        met: accepted.first_for(earned).map(|it| Met {
            by: it.recognition.by.clone(),
            time: it.time,
            statement: it.id,
        }),
    }
}

/// The statements that a rule accepts, by what they point to. Each list is in order.
#[derive(Default)]
struct Accepted<'t> {
    everything: Vec<Numbered<'t>>,
    by_achievement: HashMap<&'t str, Vec<Numbered<'t>>>,
    by_evidence: HashMap<StatementId, Vec<Numbered<'t>>>,
}

/// A candidate with its place in the order of all.
type Numbered<'t> = (usize, &'t Candidate<'t>);

impl<'t> Accepted<'t> {
    fn new(rule: &Rule, timeline: &'t Timeline<'t>) -> Self {
        let mut accepted = Self::default();
        for (number, candidate) in timeline.recognitions.iter().enumerate() {
            let recognition = candidate.recognition;
            if !recognition.mark.accepted_by(rule.matcher) {
                continue;
            }
            let list = match (recognition.via, &recognition.named) {
                (RecognitionTarget::Evidence(id), _) => accepted.by_evidence.entry(id).or_default(),
                (RecognitionTarget::Member, _) if !rule.members => continue,
                (_, None) => &mut accepted.everything,
                (_, Some(name)) => accepted.by_achievement.entry(name).or_default(),
            };
            list.push((number, candidate));
        }
        accepted
    }

    /// The first statement at or after the earning that meets the expectation.
    fn first_for(&self, earned: &Earned) -> Option<&'t Candidate<'t>> {
        let named = self.by_achievement.get(earned.achievement.as_str());
        let refers = earned.evidence.iter().filter_map(|id| self.by_evidence.get(id));
        let lists = std::iter::once(&self.everything).chain(named).chain(refers);
        let first = lists.filter_map(|list| first_since(list, earned.time)).min_by_key(|(number, _)| *number);
        first.map(|(_, candidate)| candidate)
    }
}

fn first_since<'t>(list: &[Numbered<'t>], since: Timestamp) -> Option<Numbered<'t>> {
    list.get(list.partition_point(|(_, candidate)| candidate.time < since)).copied()
}
