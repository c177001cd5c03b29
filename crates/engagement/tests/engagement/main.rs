//! Evaluation against a slow and obvious computation of the same, on random definitions and statements.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod generate;
mod model;
mod stories;
mod timeline;

use jiff::tz::TimeZone;
use plaudit_engagement::{Definitions, evaluate};
use proptest::prelude::*;
use serde_json::Value;

use generate::{Case, case};
use timeline::{LEARNER, entries};

/// At least so many cases; `PROPTEST_CASES` asks for more.
const CASES: u32 = 2_000;

fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(CASES), failure_persistence: None, ..config }
}

fn outcome(case: &Case) -> Value {
    let definitions = case.compile();
    serde_json::to_value(evaluate(&definitions, LEARNER, &entries(&definitions, &case.statements))).unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn evaluation_agrees_with_the_model(case in case()) {
        prop_assert_eq!(outcome(&case), model::outcome(&case));
    }

    #[test]
    fn neither_order_nor_repeats_matter(case in case(), seed in any::<u64>()) {
        let definitions = case.compile();
        let in_order = entries(&definitions, &case.statements);
        let mut shuffled = in_order.clone();
        shuffled.extend(in_order.iter().take(seed as usize % 5).cloned());
        shuffled.sort_by_key(|entry| entry.id.as_u128().wrapping_mul(u128::from(seed) << 1 | 1));
        prop_assert_eq!(evaluate(&definitions, LEARNER, &in_order), evaluate(&definitions, LEARNER, &shuffled));
    }
}

#[test]
fn the_defaults_compile() {
    let (funnels, achievements, recognition) = Definitions::defaults();
    Definitions::compile(&funnels, &achievements, &recognition, &TimeZone::UTC).unwrap();
}
