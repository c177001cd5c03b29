//! Power fails at any instant: what was confirmed is there, once, in order, and nothing else but whole batches.

use std::path::Path;
use std::sync::Arc;

use plaudit_log::{Log, LogError};
use plaudit_log_embedded::{EmbeddedLog, Options};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::disks::FailingPower;
use crate::kit::{append, batch, tiny, values};

/// Enough to find every rule of recovery that was left out for a try, in a few seconds.
const SEEDS: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_power_failure_leaves_the_confirmed_records_and_whole_batches() {
    for seed in 0..SEEDS {
        let mut random = StdRng::seed_from_u64(seed);
        let dir = tempfile::tempdir().unwrap();
        let mut stored: Vec<String> = Vec::new();
        for life in 0..3 {
            stored =
                live_and_crash(dir.path(), &mut random, stored, &format!("seed {seed}, life {life}")).await;
        }
        let log = EmbeddedLog::open(dir.path(), tiny()).unwrap();
        append(&log, "the end").await.unwrap();
        stored.push("the end".into());
        assert_eq!(values(&log).await.unwrap(), stored, "seed {seed}");
        let verified = log.verify(|_| {});
        assert_eq!((verified.records, verified.damaged.len()), (stored.len() as u64, 0), "seed {seed}");
    }
}

/// Opens, appends until the power fails, and returns what is there afterwards.
async fn live_and_crash(dir: &Path, random: &mut StdRng, stored: Vec<String>, what: &str) -> Vec<String> {
    let disk = Arc::new(FailingPower::after(random.random_range(1..120)));
    let options = Options { disk: Arc::<FailingPower>::clone(&disk), ..tiny() };
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut confirmed = 0;
    if let Ok(log) = EmbeddedLog::open(dir, options) {
        assert_eq!(values(&log).await.unwrap(), stored, "{what} opens with what was there");
        for round in 0..60 {
            let group = random.random_range(1..5);
            let mut confirmations = Vec::new();
            for n in 0..group {
                let records = random.random_range(1..4_usize);
                let value = |m| format!("{what}, {round}.{n}.{m} {}", "x".repeat(300 * m));
                batches.push((0..records).map(value).collect());
                confirmations.push(log.append(batch(batches.last().unwrap())));
            }
            for confirmation in confirmations {
                match confirmation.await {
                    Ok(_) => confirmed += 1,
                    Err(cause) => assert!(matches!(cause, LogError::Unconfirmed(_) | LogError::Io(_))),
                }
            }
        }
    }
    let seen = if random.random_bool(0.5) { Some(look(dir, disk.handed_on(), random).await) } else { None };
    disk.lose(random);
    let log = EmbeddedLog::open(dir, tiny()).unwrap_or_else(|cause| panic!("{what}: {cause:?}"));
    let found = values(&log).await.unwrap();
    if let Some(seen) = seen {
        assert_eq!(found, seen, "{what}: what a reader has seen stays");
    }
    check(&found, &stored, &batches, confirmed, what);
    found
}

/// Only the process died: another one opens the log and reads, and then the power fails.
async fn look(dir: &Path, disk: FailingPower, random: &mut StdRng) -> Vec<String> {
    let disk = Arc::new(disk);
    let options = Options { disk: Arc::<FailingPower>::clone(&disk), ..tiny() };
    let log = EmbeddedLog::open(dir, options).unwrap();
    let seen = values(&log).await.unwrap();
    disk.fail_now();
    drop(log);
    disk.lose(random);
    seen
}

/// `found` is what was stored, the confirmed batches, and perhaps the next ones, whole.
fn check(found: &[String], stored: &[String], batches: &[Vec<String>], confirmed: usize, what: &str) {
    let mut possible: Vec<String> = stored.to_vec();
    for (n, batch) in batches.iter().enumerate() {
        if n >= confirmed && possible == found {
            return;
        }
        possible.extend(batch.iter().cloned());
    }
    assert_eq!(found, possible, "{what}: {confirmed} of {} batches were confirmed", batches.len());
}
