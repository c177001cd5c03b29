//! Blocks that were decompressed lately, so that lookups near each other pay once.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use parking_lot::Mutex;

/// Sequence of the segment and number of the block in it.
pub(crate) type BlockKey = (u64, usize);

/// The least recently used blocks go first when there are too many bytes.
pub(crate) struct BlockCache {
    kept: Mutex<Kept>,
    bytes_max: usize,
}

#[derive(Default)]
struct Kept {
    blocks: HashMap<BlockKey, (Bytes, u64)>,
    by_use: BTreeMap<u64, BlockKey>,
    uses: u64,
    bytes: usize,
}

impl BlockCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { kept: Mutex::default(), bytes_max }
    }

    pub(crate) fn get(&self, key: BlockKey) -> Option<Bytes> {
        let kept = &mut *self.kept.lock();
        let (block, used) = kept.blocks.get_mut(&key)?;
        kept.by_use.remove(used);
        kept.uses += 1;
        *used = kept.uses;
        kept.by_use.insert(kept.uses, key);
        Some(block.clone())
    }

    pub(crate) fn put(&self, key: BlockKey, block: &Bytes) {
        if block.len() > self.bytes_max {
            return;
        }
        let kept = &mut *self.kept.lock();
        kept.uses += 1;
        let earlier = kept.blocks.insert(key, (block.clone(), kept.uses));
        kept.by_use.insert(kept.uses, key);
        kept.bytes += block.len();
        if let Some((block, used)) = earlier {
            kept.by_use.remove(&used);
            kept.bytes -= block.len();
        }
        while kept.bytes > self.bytes_max {
            let (_, oldest) = kept.by_use.pop_first().expect("bytes belong to blocks");
            let (block, _) = kept.blocks.remove(&oldest).expect("every use is of a kept block");
            kept.bytes -= block.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = BlockCache::new(300);
        let block = |byte| Bytes::from(vec![byte; 100]);
        for number in 0..3 {
            cache.put((7, number), &block(1));
        }
        assert_eq!(cache.get((7, 0)), Some(block(1)));
        cache.put((8, 0), &block(2));
        assert_eq!(cache.get((7, 1)), None);
        assert_eq!(cache.get((7, 0)), Some(block(1)));
        assert_eq!(cache.get((8, 0)), Some(block(2)));
        cache.put((8, 0), &block(2));
        assert_eq!(cache.kept.lock().bytes, 300);
        cache.put((9, 0), &Bytes::from(vec![0; 301]));
        assert_eq!(cache.get((9, 0)), None);
        assert_eq!(cache.kept.lock().by_use.len(), 3);
    }
}
