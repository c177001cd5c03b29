//! Quantiles of durations: exact while there are few, within 1 % when there are many.

use std::collections::BTreeMap;

use serde::Serialize;

/// Up to so many values the quantiles are exact; eight bytes each are kept for them.
pub const EXACT_MAX: usize = 100_000;

/// Half of the error that is promised, so that rounding does not use it up.
const RELATIVE_ERROR: f64 = 0.005;

/// Durations, as quantiles by nearest rank.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many durations there are; at least one.
    pub count: u64,
    /// How the quantiles were found.
    pub method: Method,
    /// Half of the durations are not longer.
    pub p50_seconds: f64,
    /// 90 % are not longer.
    pub p90_seconds: f64,
    /// 99 % are not longer.
    pub p99_seconds: f64,
}

/// How quantiles were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// From all values.
    Exact,
    /// From counts of values that lie within 1 % of one another.
    Sketch,
}

/// Takes in durations in microseconds.
#[derive(Clone, Debug)]
pub(super) enum Durations {
    Exact(Vec<i64>),
    Sketch(Sketch),
}

impl Default for Durations {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Durations {
    pub(super) fn add(&mut self, micros: i64) {
        match self {
            Self::Exact(values) => values.push(micros),
            Self::Sketch(sketch) => sketch.add(micros),
        }
        self.limit();
    }

    pub(super) fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Exact(mine), Self::Exact(theirs)) => mine.extend(theirs),
            (Self::Sketch(mine), Self::Exact(theirs)) => theirs.into_iter().for_each(|it| mine.add(it)),
            (Self::Sketch(mine), Self::Sketch(theirs)) => mine.merge(theirs),
            (Self::Exact(mine), Self::Sketch(mut theirs)) => {
                mine.iter().for_each(|it| theirs.add(*it));
                *self = Self::Sketch(theirs);
            }
        }
        self.limit();
    }

    fn limit(&mut self) {
        if let Self::Exact(values) = self
            && values.len() > EXACT_MAX
        {
            let mut sketch = Sketch::default();
            values.iter().for_each(|it| sketch.add(*it));
            *self = Self::Sketch(sketch);
        }
    }

    /// `None` if there are no durations.
    pub(super) fn finish(self) -> Option<Quantiles> {
        match self {
            Self::Exact(mut values) => {
                values.sort_unstable();
                let count = values.len() as u64;
                let at = |rank: u64| values[usize::try_from(rank - 1).expect("a rank is an index")] as f64;
                (count > 0).then(|| quantiles(count, Method::Exact, at))
            }
            Self::Sketch(sketch) => Some(quantiles(sketch.count(), Method::Sketch, |rank| sketch.at(rank))),
        }
    }
}

/// `at` gives the value of a rank, from 1, in microseconds.
fn quantiles(count: u64, method: Method, at: impl Fn(u64) -> f64) -> Quantiles {
    let seconds = |percent: u64| at((percent * count).div_ceil(100)) / 1_000_000.0;
    Quantiles { count, method, p50_seconds: seconds(50), p90_seconds: seconds(90), p99_seconds: seconds(99) }
}

/// Counts of values by the logarithm of their size.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    /// By bucket; buckets of negative values are mirrored. Ascending in the order of the values.
    counts: BTreeMap<i32, u64>,
}

/// More buckets than this lie on neither side of zero: the logarithm of the longest duration stays far below.
const ZERO_BUCKETS: i32 = 100_000;

impl Sketch {
    fn add(&mut self, micros: i64) {
        *self.counts.entry(bucket(micros)).or_default() += 1;
    }

    fn merge(&mut self, other: Self) {
        for (bucket, count) in other.counts {
            *self.counts.entry(bucket).or_default() += count;
        }
    }

    fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The value of a rank, from 1.
    fn at(&self, rank: u64) -> f64 {
        let mut seen = 0;
        let found = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        found.map_or(0.0, |(bucket, _)| middle(*bucket))
    }
}

fn base() -> f64 {
    (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR)
}

fn bucket(micros: i64) -> i32 {
    if micros == 0 {
        return 0;
    }
    let size = (micros.unsigned_abs() as f64).log(base()).ceil();
    #[expect(clippy::cast_possible_truncation, reason = "logarithms of 64-bit numbers are small")]
    let number = ZERO_BUCKETS + size as i32;
    if micros > 0 { number } else { -number }
}

/// The value that is nearest, relatively, to everything in the bucket.
fn middle(bucket: i32) -> f64 {
    if bucket == 0 {
        return 0.0;
    }
    let top = base().powi(bucket.abs() - ZERO_BUCKETS);
    f64::from(bucket.signum()) * 2.0 * top / (base() + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = i64>) -> Durations {
        let mut durations = Durations::default();
        values.into_iter().for_each(|it| durations.add(it * 1_000_000));
        durations
    }

    #[test]
    fn few_values_give_the_nearest_rank() {
        assert_eq!(of([]).finish(), None);
        let found = of([40, 15, 50, 20, 35]).finish().unwrap();
        assert_eq!((found.p50_seconds, found.p90_seconds, found.method), (35.0, 50.0, Method::Exact));
        let found = of(1..=100).finish().unwrap();
        assert_eq!((found.p50_seconds, found.p90_seconds, found.p99_seconds), (50.0, 90.0, 99.0));
        assert_eq!(of([7]).finish().unwrap().p50_seconds, 7.0);
    }

    #[test]
    fn many_values_stay_within_one_percent() {
        let all: Vec<i64> = (0..=EXACT_MAX as i64).map(|it| it * it % 9_999_991 - 50_000).collect();
        let mut sorted = all.clone();
        sorted.sort_unstable();
        let found = of(all.iter().copied()).finish().unwrap();
        assert_eq!((found.count, found.method), (all.len() as u64, Method::Sketch));
        for (percent, value) in [(50, found.p50_seconds), (90, found.p90_seconds), (99, found.p99_seconds)] {
            let exact = sorted[(percent * sorted.len()).div_ceil(100) - 1] as f64;
            assert!((value - exact).abs() <= exact.abs() * 0.01, "{percent}: {value} for {exact}");
        }
    }

    #[test]
    fn merging_gives_the_same_as_adding() {
        let values: Vec<i64> = (0..120_000).map(|it| it * 37 % 5_003 - 20).collect();
        let whole = of(values.iter().copied()).finish();
        for cut in [0, 10, 60_000, 110_000, 120_000] {
            let mut parts = of(values[..cut].iter().copied());
            parts.merge(of(values[cut..].iter().copied()));
            assert_eq!(parts.finish(), whole, "{cut}");
        }
    }
}
