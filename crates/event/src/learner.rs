//! Learners.

use std::fmt;
use std::sync::Arc;

use plaudit_xapi::Actor;

/// Longer identities keep their beginning and end in a hash: keys of the log and the store have to stay small.
const LEARNER_BYTES_MAX: usize = 1024;

/// Identity of a learner within a tenant: the canonical text of the actor's IFI, or the hash of an anonymous group's
/// members. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LearnerId(Arc<str>);

impl LearnerId {
    /// The learner that an actor is.
    #[must_use]
    pub fn of(actor: &Actor<'_>) -> Self {
        Self::from_canonical(&actor.learner())
    }

    /// The learner with this canonical identity.
    #[must_use]
    pub fn from_canonical(identity: &str) -> Self {
        if identity.len() <= LEARNER_BYTES_MAX {
            return Self(identity.into());
        }
        let mut end = LEARNER_BYTES_MAX - 33;
        while !identity.is_char_boundary(end) {
            end -= 1;
        }
        let hash = xxhash_rust::xxh3::xxh3_128(identity.as_bytes());
        Self(format!("{}#{hash:032x}", &identity[..end]).into())
    }

    /// The identity.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LearnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_identities_stay_different_and_get_short() {
        let long =
            |end: &str| LearnerId::from_canonical(&format!("openid:https://é{}{end}", "é".repeat(4000)));
        let (a, b) = (long("a"), long("b"));
        assert_ne!(a, b);
        assert!(a.as_str().len() <= LEARNER_BYTES_MAX && a.as_str().starts_with("openid:https://é"));
        assert_eq!(LearnerId::from_canonical("mailto:a@b.c").as_str(), "mailto:a@b.c");
    }
}
