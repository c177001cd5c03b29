//! Learners that were touched lately, kept in memory within a limit.

use std::collections::HashMap;

use super::additions::LearnerKey;
use super::timeline::Learner;

/// Two generations of learners: when the younger one has grown to half of the limit, the older one goes.
pub(super) struct Cache {
    younger: HashMap<LearnerKey, Learner>,
    older: HashMap<LearnerKey, Learner>,
    younger_bytes: usize,
    bytes_max: usize,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { younger: HashMap::new(), older: HashMap::new(), younger_bytes: 0, bytes_max }
    }

    /// Takes the learner out, to be put back when it has changed.
    pub(super) fn take(&mut self, key: LearnerKey) -> Option<Learner> {
        if let Some(learner) = self.younger.remove(&key) {
            self.younger_bytes -= learner.bytes();
            return Some(learner);
        }
        self.older.remove(&key)
    }

    pub(super) fn put(&mut self, key: LearnerKey, learner: Learner) {
        self.younger_bytes += learner.bytes();
        self.younger.insert(key, learner);
        if self.younger_bytes > self.bytes_max / 2 {
            self.older = std::mem::take(&mut self.younger);
            self.younger_bytes = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.bytes_max);
    }
}
