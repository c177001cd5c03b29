//! An id within a tenant, small and quick to hash: millions may be remembered.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use plaudit_xapi::StatementId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A statement id, and the number of its tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    tenant: u32,
    id: [u8; 16],
}

/// Hashes a key in one step, with a seed that clients cannot know.
#[derive(Clone)]
pub(super) struct Seed(u64);

pub(super) struct KeyHasher {
    seed: u64,
    hash: u64,
}

impl Key {
    pub(super) fn new(tenant: u32, id: StatementId) -> Self {
        Self { tenant, id: id.into_bytes() }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&self.tenant.to_le_bytes());
        bytes[4..].copy_from_slice(&self.id);
        hasher.write(&bytes);
    }
}

impl Default for Seed {
    fn default() -> Self {
        // Decides about the order in memory only, so it need not be replayed.
        Self(RandomState::new().hash_one(0_u8))
    }
}

impl BuildHasher for Seed {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { seed: self.0, hash: 0 }
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.hash = xxh3_64_with_seed(bytes, self.seed ^ self.hash);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}
