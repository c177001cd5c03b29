//! Seeded randomness that stays the same with every version of every library.

use uuid::Uuid;

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A SplitMix64 generator (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same for the same seed and stream.
    pub fn new(seed: u64, stream: u64) -> Self {
        // States of neighbours must not be steps of one sequence, so the stream is mixed first.
        Self(mix(seed ^ mix(stream.wrapping_add(STEP))))
    }

    /// 64 random bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 to `below` − 1.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Whether something of that probability in percent happens.
    pub fn percent(&mut self, probability: u64) -> bool {
        self.below(100) < probability
    }

    /// Whether something of that probability in a thousand happens.
    pub fn permille(&mut self, probability: u64) -> bool {
        self.below(1000) < probability
    }

    /// One of `options`.
    pub fn pick<'a, T>(&mut self, options: &'a [T]) -> &'a T {
        let index = self.below(options.len() as u64);
        &options[usize::try_from(index).expect("smaller than a length")]
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
