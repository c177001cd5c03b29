//! What the tests share.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use plaudit_log::{Batch, Log, LogError, Position};
use plaudit_log_embedded::{EmbeddedLog, Options};

/// Segments that a handful of records fill.
pub fn tiny() -> Options {
    Options { segment_bytes: 16 << 10, ..Options::default() }
}

/// A batch of these values.
pub fn batch(values: &[String]) -> Batch {
    let mut batch = Batch::default();
    for value in values {
        batch.push(b"key", &[("kind", b"1")], |bytes| bytes.extend_from_slice(value.as_bytes()));
    }
    batch
}

/// Appends one value and waits for its position.
pub async fn append(log: &EmbeddedLog, value: &str) -> Result<Position, LogError> {
    let appended = log.append(batch(&[value.to_owned()])).await?;
    Ok(appended.spans[0].1)
}

/// All values, in order; their positions have no gaps.
pub async fn values(log: &EmbeddedLog) -> Result<Vec<String>, LogError> {
    let mut values: Vec<String> = Vec::new();
    loop {
        let records = log.read(0, Position(values.len() as u64), 100 << 10).await?;
        if records.is_empty() {
            return Ok(values);
        }
        for (position, record) in records.iter() {
            assert_eq!(position.0, values.len() as u64);
            values.push(String::from_utf8(record.value.to_vec()).unwrap());
        }
    }
}

/// Copies the files of a log, as a crash of the process would leave them.
pub fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Waits until `reached`, and fails the test when that takes far too long.
pub async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !reached().await {
        assert!(Instant::now() < deadline, "still waiting until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until all but the active segment are sealed.
pub async fn sealed(log: &EmbeddedLog) {
    until("all are sealed", async || {
        log.describe().segments.iter().rev().skip(1).all(|segment| segment.sealed)
    })
    .await;
}
