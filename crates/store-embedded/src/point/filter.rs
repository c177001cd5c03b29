//! A blocked Bloom filter: says of most keys that are not there that they are not, by one look at 64 bytes.

use super::entry::Hash;

/// Bits per key. With [`PROBES`] bits set per key, a filter is wrong about one in a hundred keys.
const BITS_PER_KEY: usize = 10;
const PROBES: usize = 7;
const WORDS_PER_BLOCK: usize = 8;

/// Bytes of a block, which is all that a look-up touches.
pub(crate) const BLOCK_BYTES: usize = WORDS_PER_BLOCK * 8;

/// A filter that is in memory.
#[derive(Debug)]
pub(crate) struct Filter(Vec<u64>);

impl Filter {
    /// An empty filter for at most so many keys.
    pub(crate) fn for_keys(keys: usize) -> Self {
        let blocks = (keys * BITS_PER_KEY).div_ceil(BLOCK_BYTES * 8).max(1);
        Self(vec![0; blocks * WORDS_PER_BLOCK])
    }

    pub(crate) fn add(&mut self, hash: Hash) {
        let first = block_of(hash, self.blocks()) * WORDS_PER_BLOCK;
        for bit in bits(hash) {
            self.0[first + bit / 64] |= 1 << (bit % 64);
        }
    }

    /// `false` if the key was never added.
    pub(crate) fn may_have(&self, hash: Hash) -> bool {
        let first = block_of(hash, self.blocks()) * WORDS_PER_BLOCK;
        bits(hash).all(|bit| self.0[first + bit / 64] & (1 << (bit % 64)) != 0)
    }

    pub(crate) fn bytes(&self) -> impl Iterator<Item = [u8; 8]> {
        self.0.iter().map(|word| word.to_le_bytes())
    }

    /// The filter of these bytes, whose length is that of some filter.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let words =
            bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("chunks of 8")));
        Self(words.collect())
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.0.len() * 8
    }

    fn blocks(&self) -> usize {
        self.0.len() / WORDS_PER_BLOCK
    }
}

/// The number of the block that knows about the key.
pub(crate) fn block_of(hash: Hash, blocks: usize) -> usize {
    // The high half of the product maps the hash evenly to 0..blocks.
    ((u128::from(hash.filter) * blocks as u128) >> 64) as usize
}

/// [`Filter::may_have`] for one block.
pub(crate) fn block_may_have(block: &[u8; BLOCK_BYTES], hash: Hash) -> bool {
    bits(hash).all(|bit| block[bit / 8] & (1 << (bit % 8)) != 0)
}

/// The bits of the block that a key sets: nine bits of its hash name each.
fn bits(hash: Hash) -> impl Iterator<Item = usize> {
    (0..PROBES).map(move |probe| (hash.order >> (probe * 9)) as usize % (BLOCK_BYTES * 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(numbers: std::ops::Range<u32>) -> impl Iterator<Item = Hash> {
        numbers.map(|number| Hash::of(&number.to_le_bytes()))
    }

    #[test]
    fn it_has_all_that_was_added_and_little_else() {
        let mut filter = Filter::for_keys(10_000);
        hashes(0..10_000).for_each(|hash| filter.add(hash));
        assert!(hashes(0..10_000).all(|hash| filter.may_have(hash)));
        let wrong = hashes(10_000..110_000).filter(|hash| filter.may_have(*hash)).count();
        assert!(wrong < 2_000, "{wrong} of 100000");
    }

    #[test]
    fn a_block_on_disk_says_the_same() {
        let mut filter = Filter::for_keys(500);
        hashes(0..500).for_each(|hash| filter.add(hash));
        let bytes: Vec<u8> = filter.bytes().flatten().collect();
        assert_eq!(bytes.len(), filter.len_bytes());
        let blocks: Vec<&[u8; BLOCK_BYTES]> =
            bytes.chunks_exact(BLOCK_BYTES).map(|block| block.try_into().unwrap()).collect();
        let again = Filter::from_bytes(&bytes);
        for hash in hashes(0..5_000) {
            let says = filter.may_have(hash);
            assert_eq!(block_may_have(blocks[block_of(hash, blocks.len())], hash), says);
            assert_eq!(again.may_have(hash), says);
        }
    }
}
