//! What a batch adds to the timelines of learners.

use std::collections::HashMap;

use plaudit_engagement::Entry;
use plaudit_event::{LearnerId, TenantId};
use plaudit_log::Position;

/// The entries that a batch adds, by learner, in the order in which learners are first touched.
#[derive(Default)]
pub(super) struct Additions {
    learners: Vec<Touched>,
    index: HashMap<LearnerKey, usize>,
}

/// A learner whom the batch touches.
pub(super) struct Touched {
    pub tenant: TenantId,
    pub learner: LearnerId,
    pub key: LearnerKey,
    /// By position, and at one position the learner's own first.
    pub entries: Vec<(Position, Entry)>,
}

/// A hash of tenant and learner: quicker to compare, and equal by chance once in 2^128.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LearnerKey(u128);

impl Additions {
    pub(super) fn add(&mut self, tenant: &TenantId, learner: &str, position: Position, entry: Entry) {
        let key = LearnerKey::of(tenant, learner);
        let at = *self.index.entry(key).or_insert_with(|| {
            let learner = LearnerId::from_canonical(learner);
            self.learners.push(Touched { tenant: tenant.clone(), learner, key, entries: Vec::new() });
            self.learners.len() - 1
        });
        self.learners[at].entries.push((position, entry));
    }

    /// The learners, each with entries in the order of the log.
    pub(super) fn into_learners(mut self) -> Vec<Touched> {
        // Entries that come by way of a reference were added after all others.
        for touched in &mut self.learners {
            touched.entries.sort_by_key(|(position, _)| *position);
        }
        self.learners
    }
}

impl LearnerKey {
    fn of(tenant: &TenantId, learner: &str) -> Self {
        let seed = xxhash_rust::xxh3::xxh3_64(tenant.as_str().as_bytes());
        Self(xxhash_rust::xxh3::xxh3_128_with_seed(learner.as_bytes(), seed))
    }
}
