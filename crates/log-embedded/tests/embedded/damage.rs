//! Bits that rot: found, named by position, never taken for the end of the log.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use plaudit_log::{Log, LogError, Position};
use plaudit_log_embedded::{EmbeddedLog, Options};

use crate::disks::Gate;
use crate::kit::{append, batch, copy, sealed, tiny, until, values};

/// Frames of a raw segment start here.
const FRAMES_START: u64 = 4096;

fn flip(path: &Path, offset: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 0x40], offset).unwrap();
}

/// A log of six groups of one record, left by a crash and by an orderly end, and where each group ends.
async fn two_ends(dir: &Path) -> (Vec<String>, Vec<u64>) {
    let log = EmbeddedLog::open(&dir.join("log"), tiny()).unwrap();
    let expected: Vec<String> = (0..6).map(|n| format!("{n}{}", "-".repeat(n * 20))).collect();
    let mut ends = Vec::new();
    for value in &expected {
        append(&log, value).await.unwrap();
        // 48 bytes of frame header, 8 of record prefix, 3 of key, 8 of header.
        let frame = (48 + 8 + 3 + 8 + value.len() as u64).next_multiple_of(8);
        ends.push(ends.last().unwrap_or(&FRAMES_START) + frame);
    }
    copy(&dir.join("log"), &dir.join("crashed"));
    log.close().await;
    copy(&dir.join("log"), &dir.join("closed"));
    (expected, ends)
}

/// Flips a byte and opens: the values, or the position that is damaged.
async fn flipped(from: &Path, offset: u64) -> Result<Vec<String>, u64> {
    let dir = from.with_file_name("flipped");
    copy(from, &dir);
    flip(&dir.join("0000000000.raw"), offset);
    match EmbeddedLog::open(&dir, tiny()) {
        Ok(log) => {
            append(&log, "new").await.unwrap();
            Ok(values(&log).await.unwrap())
        }
        Err(LogError::Damaged { position, .. }) => Err(position.0),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_damage_before_the_last_group_and_torn_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let (expected, ends) = two_ends(dir.path()).await;
    let padded = |offset| ends.iter().any(|end| (end - 8..*end).contains(&offset));
    for offset in (FRAMES_START..*ends.last().unwrap()).step_by(5).filter(|offset| !padded(*offset)) {
        let group = ends.partition_point(|end| *end <= offset);
        let found = flipped(&dir.path().join("crashed"), offset).await;
        if group < 5 {
            assert_eq!(found, Err(group as u64), "byte {offset}");
        } else {
            let mut kept = expected[..5].to_vec();
            kept.push("new".into());
            assert_eq!(found, Ok(kept), "byte {offset}");
        }
        assert_eq!(flipped(&dir.path().join("closed"), offset).await, Err(group as u64), "byte {offset}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_the_file_header_or_the_orderly_end_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut expected, ends) = two_ends(dir.path()).await;
    for offset in [0, 9, 20, 30, 47, 55] {
        assert_eq!(flipped(&dir.path().join("closed"), offset).await, Err(0), "byte {offset}");
    }
    expected.push("new".into());
    for offset in [0, 30, 47] {
        let found = flipped(&dir.path().join("closed"), ends.last().unwrap() + offset).await;
        assert_eq!(found, Ok(expected.clone()), "byte {offset} of the orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_followed_a_torn_frame_never_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Gate::default());
    let options = Options { disk: Arc::<Gate>::clone(&disk), ..tiny() };
    let log = EmbeddedLog::open(&dir.path().join("log"), options).unwrap();
    disk.shut(true);
    let first = log.append(batch(&["first".into()]));
    until("the first is being synced", async || disk.waiting()).await;
    let group: Vec<_> = (0..3).map(|n| log.append(batch(&[format!("lost{n}")]))).collect();
    disk.shut(false);
    first.await.unwrap();
    for confirmation in group {
        confirmation.await.unwrap();
    }
    // As if the power had failed in the last group, and its first frame had not reached the disk.
    let crashed = dir.path().join("crashed");
    copy(&dir.path().join("log"), &crashed);
    flip(&crashed.join("0000000000.raw"), FRAMES_START + 72 + 10);
    let log = EmbeddedLog::open(&crashed, tiny()).unwrap();
    append(&log, "again").await.unwrap();
    let again = dir.path().join("again");
    copy(&crashed, &again);
    let log = EmbeddedLog::open(&again, tiny()).unwrap();
    assert_eq!(values(&log).await.unwrap(), ["first", "again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_segment_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let (_, ends) = two_ends(dir.path()).await;
    for bytes in [0, 55, 56, FRAMES_START, ends[2], ends[5], (16 << 10) - 1] {
        let part = dir.path().join("part");
        copy(&dir.path().join("crashed"), &part);
        File::options().write(true).open(part.join("0000000000.raw")).unwrap().set_len(bytes).unwrap();
        let refused = EmbeddedLog::open(&part, tiny());
        assert!(matches!(refused, Err(LogError::Damaged { .. })), "{bytes} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_segment_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(&dir.path().join("log"), tiny()).unwrap();
    for n in 0..100 {
        append(&log, &format!("{n}{}", "m".repeat(500))).await.unwrap();
    }
    sealed(&log).await;
    log.close().await;
    let segments = log.describe().segments;
    assert!(segments.len() > 3);
    for segment in segments {
        let part = dir.path().join("part");
        copy(&dir.path().join("log"), &part);
        fs::remove_file(part.join(&segment.file)).unwrap();
        let refused = EmbeddedLog::open(&part, tiny());
        assert!(matches!(refused, Err(LogError::Damaged { .. })), "without {}", segment.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_a_sealed_block_is_reported_with_its_position_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), tiny()).unwrap();
    for n in 0..100 {
        append(&log, &format!("{n}{}", "s".repeat(500))).await.unwrap();
    }
    sealed(&log).await;
    let second = log.describe().segments[1].clone();
    let path = dir.path().join(&second.file);
    flip(&path, 70);
    let refused = log.read(0, Position(second.first.0 + 1), 1000).await.unwrap_err();
    assert!(matches!(refused, LogError::Damaged { partition: 0, position, .. } if position == second.first));
    assert!(refused.to_string().contains("0000000001.sealed at byte 56"), "{refused}");
    assert_eq!(log.read(0, second.next, 1000).await.unwrap().iter().next().unwrap().0, second.next);
    assert!(log.values(&[second.first.0]).await.is_err());
    let mut steps = Vec::new();
    let verified = log.verify(|step| steps.push(step.segments));
    assert_eq!(verified.damaged.len(), 1);
    assert_eq!(verified.records, 100 - (second.next.0 - second.first.0));
    assert_eq!(steps, (1..=log.describe().segments.len()).collect::<Vec<_>>());
    drop(log);
    let log = EmbeddedLog::open(dir.path(), tiny()).unwrap();
    assert_eq!(append(&log, "next").await.unwrap(), Position(100), "a damaged block does not stop the log");
    drop(log);
    flip(&path, fs::metadata(&path).unwrap().len() - 60);
    let refused = EmbeddedLog::open(dir.path(), tiny()).err().unwrap();
    assert!(refused.to_string().contains("the checksum of the index does not fit"), "{refused}");
}
