//! Promises about what is kept: every byte, and over closing and opening.

use std::sync::Arc;

use super::kit::{Found, all, append, batch, keys, values};
use crate::{Batch, Log, LogError, partition_of};

/// Larger than any log takes in one batch.
const TOO_LARGE_BYTES: usize = 65 << 20;

/// Keys, headers and values come back as they went in, whatever bytes they are.
pub(super) async fn every_byte_survives(log: Arc<dyn Log>) {
    let every: Vec<u8> = (0..=255).collect();
    let headers: [&[(&str, &[u8])]; 4] =
        [&[], &[("tenant", b"t"), ("tenant", b"again")], &[("", &every)], &[("empty", b"")]];
    let values: [&[u8]; 4] = [b"", &every, b"{\"n\":1.0000000000000000000000001}", &[0; 5000]];
    let mut appended = Vec::new();
    for key in [&b""[..], b"key", &every] {
        for headers in headers {
            let mut batch = Batch::default();
            for value in values {
                batch.push(key, headers, |bytes| bytes.extend_from_slice(value));
                let headers = headers.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()));
                appended.push((key.to_vec(), headers.collect::<Vec<_>>(), value.to_vec()));
            }
            log.append(batch).await.expect("the append is confirmed");
        }
    }
    for partition in 0..log.partitions() {
        let found = all(&*log, partition).await.into_iter().map(|f| (f.key, f.headers, f.value));
        let expected = appended.iter().filter(|(key, ..)| partition_of(key, log.partitions()) == partition);
        assert_eq!(found.collect::<Vec<_>>(), expected.cloned().collect::<Vec<_>>());
    }
}

/// Thousands of records in one batch, then life goes on.
pub(super) async fn a_big_batch_survives(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    let big: Vec<String> = (0..5000).map(|n| format!("{n}:{}", "z".repeat(800))).collect();
    append(&*log, key, &["before"]).await;
    append(&*log, key, &big).await;
    append(&*log, key, &["after"]).await;
    let found = values(&*log).await.remove(&0).expect("partition 0");
    assert_eq!(found.len(), big.len() + 2);
    assert_eq!(found[1..=big.len()], big);
}

/// What does not fit is refused whole, by name, and the next append is taken.
pub(super) async fn too_large_a_batch_leaves_nothing(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    let mut large = batch(key, &["small"]);
    large.push(key, &[], |bytes| bytes.resize(bytes.len() + TOO_LARGE_BYTES, b' '));
    match log.append(large).await {
        Err(LogError::TooLarge { bytes, bytes_max }) => assert!(bytes > bytes_max),
        other => panic!("refused as too large, not {other:?}"),
    }
    append(&*log, key, &["next"]).await;
    assert_eq!(values(&*log).await[&0], ["next"]);
}

/// Closed and opened again: the same records at the same positions, and new ones after them.
pub(super) async fn a_reopened_log_goes_on<L: Log>(open: &impl AsyncFn(&str) -> Arc<L>) {
    let mut expected: Vec<Found> = Vec::new();
    for round in 0..4 {
        let log = open("reopened").await;
        let key = keys(&*log).remove(0);
        let found = all(&*log, 0).await;
        assert_eq!(found, expected, "round {round} finds what the others left");
        let head = log.head(0).await.expect("head");
        let appended = append(&*log, &key, &[format!("{round}a"), format!("{round}b")]).await;
        assert!(appended.spans[0].1 >= head, "positions go on");
        expected = all(&*log, 0).await;
        assert_eq!(expected.len(), found.len() + 2);
        assert_eq!(expected[..found.len()], found);
    }
}
