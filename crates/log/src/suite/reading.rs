//! Promises about reading: from anywhere, as much as asked, up to the head.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::kit::{all, append, batch, keys};
use crate::{Log, Position};

/// Long enough for any backend, short enough for a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first record read is the first at or after the position, in and between batches.
pub(super) async fn starts_at_any_position(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    for n in 0..40 {
        let values: Vec<String> = (0..n % 7).map(|m| format!("{n}.{m}:{}", "x".repeat(n * 97))).collect();
        append(&*log, key, &values).await;
    }
    let found = all(&*log, 0).await;
    assert_eq!(found.len(), (0..40).map(|n| n % 7).sum::<usize>());
    let mut after = Position::default();
    for record in &found {
        // From the place after the last record too, which may be in a gap.
        for from in [after, record.position] {
            let records = log.read(0, from, 1).await.expect("reading");
            let (position, first) = records.iter().next().expect("at least one");
            assert_eq!((position, first.value), (record.position, &record.value[..]));
        }
        after = Position(record.position.0 + 1);
    }
}

/// Never more bytes than asked for, unless a single record is larger.
pub(super) async fn honours_bytes_max(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    let values: Vec<String> = (0..300).map(|n| format!("{n}:{}", "y".repeat(n * 13 % 900))).collect();
    append(&*log, key, &values).await;
    for bytes_max in [0, 1, 500, 2_000, 50_000, usize::MAX] {
        let mut at = Position::default();
        let mut count = 0;
        loop {
            let records = log.read(0, at, bytes_max).await.expect("reading");
            if records.is_empty() {
                break;
            }
            assert!(records.bytes_len() <= bytes_max || records.len() == 1, "{bytes_max} is honoured");
            count += records.len();
            at = records.next();
        }
        assert_eq!(count, values.len(), "reading on reaches everything with {bytes_max}");
    }
}

/// At the head there is nothing, and reading goes on where it was.
pub(super) async fn gives_nothing_at_the_head_and_past_it(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    for partition in 0..log.partitions() {
        let head = log.head(partition).await.expect("head");
        assert!(log.read(partition, head, 1000).await.expect("reading").is_empty(), "a new log is empty");
    }
    append(&*log, key, &["one"]).await;
    let head = log.head(0).await.expect("head");
    for from in [head, Position(head.0 + 1), Position(head.0 + 1_000_000)] {
        let records = log.read(0, from, 1000).await.expect("reading");
        assert!(records.is_empty(), "nothing at {from:?}, head {head:?}");
        assert_eq!(records.next(), from);
    }
    append(&*log, key, &["two"]).await;
    let records = log.read(0, head, 1000).await.expect("reading");
    let values: Vec<_> = records.iter().map(|(_, record)| record.value).collect();
    assert_eq!(values, [b"two"], "what the head named came next");
    assert!(log.head(0).await.expect("head") > head, "the head moves on");
}

/// Waiting ends with the append, or with patience.
pub(super) async fn waits_for_the_head_with_patience(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    let head = log.head(0).await.expect("head");
    let started = Instant::now();
    let waited = log.wait_past(0, head, Duration::from_millis(50)).await.expect("waiting");
    assert!(waited <= head, "nothing came");
    assert!(started.elapsed() >= Duration::from_millis(50), "it waited");

    let waiting = tokio::spawn({
        let log = Arc::clone(&log);
        async move { log.wait_past(0, head, PATIENCE).await.expect("waiting") }
    });
    tokio::task::yield_now().await;
    let started = Instant::now();
    append(&*log, key, &["news"]).await;
    assert!(waiting.await.expect("the waiter does not fail") > head);
    assert!(started.elapsed() < PATIENCE / 2, "the append woke the waiter");

    let started = Instant::now();
    assert!(log.wait_past(0, head, PATIENCE).await.expect("waiting") > head);
    assert!(started.elapsed() < PATIENCE / 2, "no waiting for what is past already");
}

/// Who got a confirmation finds the record at once; a reader never sees half a batch and then less.
pub(super) async fn sees_what_is_confirmed(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    for n in 0..50 {
        let appended = log.append(batch(key, &[format!("{n}")])).await.expect("the append is confirmed");
        let (partition, first, after) = appended.spans[0];
        let records = log.read(partition, first, usize::MAX).await.expect("reading");
        let last = records.iter().last().expect("the confirmed record").1.value;
        assert_eq!(last, n.to_string().as_bytes());
        assert!(log.head(partition).await.expect("head") >= after);
    }
}
