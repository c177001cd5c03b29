//! Full and broken disks: what is refused stays refused, what is confirmed stays, reads go on.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use plaudit_log::{Log, LogError};
use plaudit_log_embedded::{EmbeddedLog, Metrics, Options};

use crate::disks::{Breaking, Filling, Gate, Remembering};
use crate::kit::{append, batch, copy, tiny, until, values};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_appends_until_there_is_space_and_reads_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Filling::default());
    let registry = prometheus::Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    let options = Options { disk: Arc::<Filling>::clone(&disk), metrics, ..tiny() };
    let log = EmbeddedLog::open(dir.path(), options).unwrap();
    let mut confirmed = Vec::new();
    let value = |n: usize| format!("{n}{}", "f".repeat(1500));
    for n in 0..20 {
        append(&log, &value(n)).await.unwrap();
        confirmed.push(value(n));
    }
    disk.full.store(true, Ordering::SeqCst);
    let mut refused = 0;
    for n in 20..120 {
        match append(&log, &value(n)).await {
            Ok(_) => confirmed.push(value(n)),
            Err(LogError::Full(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 50, "the spares are used up");
    assert_eq!(values(&log).await.unwrap(), confirmed);
    let full =
        registry.gather().into_iter().find(|family| family.name() == "plaudit_log_full_total").unwrap();
    assert_eq!(full.get_metric()[0].get_counter().get_value(), f64::from(refused));

    disk.full.store(false, Ordering::SeqCst);
    until("there is space", async || append(&log, "space").await.is_ok()).await;
    confirmed.push("space".into());
    assert_eq!(values(&log).await.unwrap(), confirmed);
    drop(log);
    assert_eq!(values(&EmbeddedLog::open(dir.path(), tiny()).unwrap()).await.unwrap(), confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_write_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Breaking::default());
    let options = Options { disk: Arc::<Breaking>::clone(&disk), ..tiny() };
    let log = EmbeddedLog::open(&dir.path().join("log"), options).unwrap();
    disk.gate.shut(true);
    let first = log.append(batch(&["first".into()]));
    until("the first is being synced", async || disk.gate.waiting()).await;
    let refused: Vec<_> = (0..8).map(|_| log.append(batch(&["never".into()]))).collect();
    disk.writes_fail.store(true, Ordering::SeqCst);
    disk.gate.shut(false);
    first.await.unwrap();
    for refused in refused {
        assert!(matches!(refused.await, Err(LogError::Io(_))));
    }
    disk.writes_fail.store(false, Ordering::SeqCst);
    // As long as one that was refused, so frames of those behind it would follow right after.
    assert_eq!(append(&log, "again").await.unwrap().0, 1);
    assert_eq!(values(&log).await.unwrap(), ["first", "again"]);
    let crashed = dir.path().join("crashed");
    copy(&dir.path().join("log"), &crashed);
    assert_eq!(values(&EmbeddedLog::open(&crashed, tiny()).unwrap()).await.unwrap(), ["first", "again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_ends_appending_until_the_log_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Breaking::default());
    let options = Options { disk: Arc::<Breaking>::clone(&disk), ..tiny() };
    let log = EmbeddedLog::open(dir.path(), options).unwrap();
    append(&log, "first").await.unwrap();
    disk.syncs_fail.store(true, Ordering::SeqCst);
    assert!(matches!(append(&log, "unknown").await, Err(LogError::Unconfirmed(Some(_)))));
    disk.syncs_fail.store(false, Ordering::SeqCst);
    let Err(LogError::Io(cause)) = append(&log, "refused").await else { panic!("refused") };
    assert!(cause.to_string().contains("until the log is opened again"), "{cause}");
    assert_eq!(values(&log).await.unwrap(), ["first"]);
    drop(log);
    let disk = Arc::new(Remembering::default());
    let options = Options { disk: Arc::<Remembering>::clone(&disk), ..tiny() };
    let log = EmbeddedLog::open(dir.path(), options).unwrap();
    // Pages that a sync failed on look clean, so only writing them anew brings them to the disk.
    assert!(disk.written.lock().windows(7).any(|bytes| bytes == b"unknown"));
    append(&log, "after").await.unwrap();
    // The bytes of the unknown one were in the file, so it is there. It could as well not be.
    assert_eq!(values(&log).await.unwrap(), ["first", "unknown", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committer_that_panics_leaves_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Breaking::default());
    let options = Options { disk: Arc::<Breaking>::clone(&disk), ..tiny() };
    let log = EmbeddedLog::open(dir.path(), options).unwrap();
    append(&log, "first").await.unwrap();
    disk.gate.shut(true);
    let second = log.append(batch(&["second".into()]));
    until("the second is being synced", async || disk.gate.waiting()).await;
    let third = log.append(batch(&["third".into()]));
    disk.syncs_panic.store(true, Ordering::SeqCst);
    disk.gate.shut(false);
    second.await.unwrap();
    assert!(matches!(third.await, Err(LogError::Unconfirmed(None))));
    until("the log is closed", async || matches!(append(&log, "late").await, Err(LogError::Closed))).await;
    assert_eq!(values(&log).await.unwrap(), ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_waiting_is_refused_and_the_rest_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Gate::default());
    let options = Options { disk: Arc::<Gate>::clone(&disk), queue_bytes_max: 10_000, ..tiny() };
    let log = EmbeddedLog::open(dir.path(), options).unwrap();
    disk.shut(true);
    let mut waiting = Vec::new();
    let mut refused = 0;
    for n in 0..30 {
        let mut confirmation = log.append(batch(&[format!("{n}{}", "o".repeat(990))]));
        match at_once(&mut confirmation).await {
            Some(Err(LogError::Overloaded { bytes })) => {
                assert!(bytes > 9_000);
                refused += 1;
            }
            Some(other) => panic!("{other:?}"),
            None => waiting.push((n, confirmation)),
        }
    }
    assert_eq!((waiting.len(), refused), (9, 21));
    disk.shut(false);
    let mut expected = Vec::new();
    for (n, confirmation) in waiting {
        confirmation.await.unwrap();
        expected.push(format!("{n}{}", "o".repeat(990)));
    }
    assert_eq!(values(&log).await.unwrap(), expected);
    append(&log, "later").await.unwrap();
}

/// The result, if it is there already.
async fn at_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    tokio::select! {
        biased;
        result = future => Some(result),
        () = std::future::ready(()) => None,
    }
}
