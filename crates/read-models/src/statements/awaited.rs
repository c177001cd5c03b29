//! Which statements were referred to and are not there yet: a cheap question for each that comes.

use std::collections::HashSet;

use plaudit_store::{Generation, Store, StoreError, Value};
use plaudit_xapi::StatementId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::tables::AWAITED;

/// Rows of a page of the scan at start.
const ROWS_PER_SCAN: usize = 10_000;

/// Hashes of (tenant, id); what it has by chance is found out by looking for the rows.
#[derive(Default)]
pub(super) struct Awaited {
    hashes: Option<HashSet<u64>>,
}

impl Awaited {
    /// Reads what the store has, unless that is known.
    pub(super) async fn load(&mut self, store: &dyn Store, generation: Generation) -> Result<(), StoreError> {
        if self.hashes.is_some() {
            return Ok(());
        }
        let (mut hashes, mut after) = (HashSet::new(), None);
        loop {
            let scan = store.scan(&AWAITED, generation, after.as_ref(), ROWS_PER_SCAN).await?;
            for row in &scan.rows {
                if let [Value::Text(tenant), Value::Uuid(id), ..] = row.as_slice() {
                    hashes.insert(hash(tenant, *id));
                }
            }
            after = scan.next;
            if after.is_none() {
                self.hashes = Some(hashes);
                return Ok(());
            }
        }
    }

    pub(super) fn insert(&mut self, tenant: &str, id: StatementId) {
        if let Some(hashes) = &mut self.hashes {
            hashes.insert(hash(tenant, id));
        }
    }

    pub(super) fn remove(&mut self, tenant: &str, id: StatementId) {
        if let Some(hashes) = &mut self.hashes {
            hashes.remove(&hash(tenant, id));
        }
    }

    /// Whether somebody may be waiting for it.
    pub(super) fn may_have(&self, tenant: &str, id: StatementId) -> bool {
        self.hashes.as_ref().is_none_or(|hashes| !hashes.is_empty() && hashes.contains(&hash(tenant, id)))
    }
}

fn hash(tenant: &str, id: StatementId) -> u64 {
    let [low, high] = [id.as_u128() as u64, (id.as_u128() >> 64) as u64];
    xxh3_64_with_seed(tenant.as_bytes(), low ^ high.rotate_left(31))
}
