//! The log at work: appending, reading, sealing and looking up at once; opening, closing, describing.

use std::sync::Arc;
use std::time::Duration;

use plaudit_log::{Log, LogError, Position};
use plaudit_log_embedded::{EmbeddedLog, Options};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::disks::{Gate, Unsealing};
use crate::kit::{append, batch, copy, sealed, tiny, values};

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_the_same_while_segments_are_written_sealed_and_recycled() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(EmbeddedLog::open(dir.path(), tiny()).unwrap());
    let value = |position: u64| format!("{position}:{}", "v".repeat((position * 37 % 900) as usize));
    let readers: Vec<_> = (0..3)
        .map(|seed| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut random = StdRng::seed_from_u64(seed);
                let mut head = 0;
                while head < 2000 {
                    head = log.wait_past(0, Position(head), Duration::from_secs(30)).await.unwrap().0;
                    let from = random.random_range(0..head);
                    let bytes_max = random.random_range(0..100_000);
                    let records = log.read(0, Position(from), bytes_max).await.unwrap();
                    for (number, (position, record)) in records.iter().enumerate() {
                        assert_eq!(position.0, from + number as u64);
                        assert_eq!(record.value, value(position.0).as_bytes());
                    }
                    assert!(!records.is_empty());
                    let positions: Vec<u64> = (0..20).map(|_| random.random_range(0..head)).collect();
                    let found = log.values(&positions).await.unwrap();
                    let expected: Vec<String> = positions.into_iter().map(value).collect();
                    assert_eq!(found, expected);
                }
            })
        })
        .collect();
    let mut next = 0;
    while next < 2000 {
        let count = 1 + next % 9;
        let values: Vec<String> = (next..next + count).map(value).collect();
        let appended = log.append(batch(&values)).await.unwrap();
        assert_eq!(appended.spans, [(0, Position(next), Position(next + count))]);
        next += count;
    }
    for reader in readers {
        reader.await.unwrap();
    }
    sealed(&log).await;
    let description = log.describe();
    assert!(description.segments.len() > 20);
    assert!(description.segments.iter().rev().skip(1).all(|segment| segment.ratio > 2.0));
    assert_eq!(description.head, Position(next));
    assert_eq!(values(&log).await.unwrap(), (0..next).map(value).collect::<Vec<_>>());
    let spares = std::fs::read_dir(dir.path()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "spare")
    });
    assert!(spares.count() <= 2, "raw files are used again, not collected");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_positions_that_are_not_there_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), tiny()).unwrap();
    append(&log, "only").await.unwrap();
    assert_eq!(log.values(&[]).await.unwrap().len(), 0);
    assert_eq!(log.values(&[0, 0]).await.unwrap(), ["only", "only"]);
    let refused = log.values(&[0, 1]).await.unwrap_err();
    assert_eq!(refused.to_string(), "record at 0/1 is damaged: the log ends at 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_confirms_what_waits_refuses_what_comes_and_frees_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Gate::default());
    let options = Options { disk: Arc::<Gate>::clone(&disk), ..tiny() };
    let log = Arc::new(EmbeddedLog::open(dir.path(), options).unwrap());
    assert!(matches!(EmbeddedLog::open(dir.path(), tiny()), Err(LogError::InUse { .. })));
    disk.shut(true);
    let waiting: Vec<_> = (0..5).map(|n| log.append(batch(&[n.to_string()]))).collect();
    let closing = tokio::spawn({
        let log = Arc::clone(&log);
        async move { log.close().await }
    });
    disk.shut(false);
    for confirmation in waiting {
        confirmation.await.unwrap();
    }
    closing.await.unwrap();
    assert!(matches!(append(&log, "late").await, Err(LogError::Closed)));
    log.close().await;
    assert_eq!(values(&log).await.unwrap(), ["0", "1", "2", "3", "4"]);
    let again = EmbeddedLog::open(dir.path(), tiny()).unwrap();
    assert_eq!(values(&again).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_forms_of_a_segment_the_sealed_one_stays_if_it_can_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    let (raw, both) = (dir.path().join("raw"), dir.path().join("both"));
    let log = EmbeddedLog::open(&raw, Options { disk: Arc::new(Unsealing), ..tiny() }).unwrap();
    for n in 0..60 {
        append(&log, &format!("{n}{}", "b".repeat(500))).await.unwrap();
    }
    let expected = values(&log).await.unwrap();
    assert!(log.describe().segments.iter().all(|segment| !segment.sealed));
    log.close().await;
    copy(&raw, &both);
    let log = EmbeddedLog::open(&both, tiny()).unwrap();
    sealed(&log).await;
    log.close().await;
    assert!(!both.join("0000000000.raw").exists());

    std::fs::copy(raw.join("0000000000.raw"), both.join("0000000000.raw")).unwrap();
    std::fs::copy(raw.join("0000000001.raw"), both.join("0000000001.raw")).unwrap();
    let cut = std::fs::File::options().write(true).open(both.join("0000000001.sealed")).unwrap();
    cut.set_len(cut.metadata().unwrap().len() - 1).unwrap();
    let log = EmbeddedLog::open(&both, tiny()).unwrap();
    assert!(log.describe().segments[0].sealed);
    assert!(!both.join("0000000000.raw").exists());
    sealed(&log).await;
    assert_eq!(values(&log).await.unwrap(), expected);
    assert!(log.verify(|_| {}).damaged.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_may_be_larger_than_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), tiny()).unwrap();
    append(&log, "small").await.unwrap();
    let large: Vec<String> = (0..100).map(|n| format!("{n}{}", "l".repeat(2000))).collect();
    log.append(batch(&large)).await.unwrap();
    append(&log, "small").await.unwrap();
    sealed(&log).await;
    let found = values(&log).await.unwrap();
    assert_eq!(found.len(), 102);
    assert_eq!(found[1..101], large);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_is_small() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), Options::default()).unwrap();
    append(&log, "one").await.unwrap();
    drop(log);
    let bytes: u64 =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes <= 24 << 20, "{bytes} bytes");
}
