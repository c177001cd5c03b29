//! Released bytes stay readable for ever: a log written by format version 1.

use std::path::{Path, PathBuf};

use plaudit_log::{Batch, Log, Position};
use plaudit_log_embedded::{EmbeddedLog, Options};

use crate::kit::{append, copy, sealed};

const RECORDS: u64 = 40;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/log-embedded-v1")
}

fn options() -> Options {
    Options { segment_bytes: 8 << 10, ..Options::default() }
}

/// The record at a position, the same whenever it is computed.
fn record(position: u64) -> (Vec<u8>, Vec<u8>) {
    let key = format!("tenant\0learner-{}", position % 3).into_bytes();
    let value = format!(r#"{{"n":{position},"text":"{}"}}"#, "golden ".repeat((position * 7 % 60) as usize));
    (key, value.into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn version_1_is_read_and_appended_to() {
    let dir = tempfile::tempdir().unwrap();
    copy(&golden(), dir.path());
    let log = EmbeddedLog::open(dir.path(), options()).unwrap();
    let segments = log.describe().segments;
    assert!(segments[0].sealed && !segments.last().unwrap().sealed);
    let mut at = Position(0);
    while at.0 < RECORDS {
        let records = log.read(0, at, 10_000).await.unwrap();
        for (position, found) in records.iter() {
            let (key, value) = record(position.0);
            assert_eq!((found.key, found.value), (&key[..], &value[..]));
            assert_eq!(found.headers.get("kind"), Some(&b"statement"[..]));
            assert_eq!(position, at);
            at.0 += 1;
        }
        assert_eq!(records.next(), at);
    }
    assert_eq!(log.head(0).await.unwrap(), Position(RECORDS));
    assert!(log.verify(|_| {}).damaged.is_empty());
    assert_eq!(append(&log, "goes on").await.unwrap(), Position(RECORDS));
}

/// Writes a log like the frozen one to `PLAUDIT_GOLDEN_DIR`. For a new format version only: the frozen log of a
/// released version never changes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes a new frozen log, by hand"]
async fn write() {
    let target = PathBuf::from(std::env::var("PLAUDIT_GOLDEN_DIR").unwrap());
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), options()).unwrap();
    for first in (0..RECORDS).step_by(2) {
        let mut batch = Batch::default();
        for (key, value) in [record(first), record(first + 1)] {
            batch.push(&key, &[("kind", b"statement")], |bytes| bytes.extend_from_slice(&value));
        }
        log.append(batch).await.unwrap();
    }
    sealed(&log).await;
    // Without an orderly end, as after a crash.
    copy(dir.path(), &target);
    for entry in std::fs::read_dir(&target).unwrap() {
        let path = entry.unwrap().path();
        let segment = path.extension().is_some_and(|extension| extension == "raw" || extension == "sealed");
        if !segment {
            std::fs::remove_file(path).unwrap();
        }
    }
}
