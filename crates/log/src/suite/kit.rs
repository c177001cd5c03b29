//! What the promises share.

use std::collections::BTreeMap;

use crate::{Appended, Batch, Log, Partition, Position, partition_of};

/// Small enough that reading all takes several reads.
const READ_BYTES: usize = 64 << 10;

/// A record as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) position: Position,
    pub(super) key: Vec<u8>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) value: Vec<u8>,
}

/// All records of one partition, from the start to the head, checked for ascending positions.
pub(super) async fn all(log: &dyn Log, partition: Partition) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut at = Position::default();
    loop {
        let records = log.read(partition, at, READ_BYTES).await.expect("reading");
        if records.is_empty() {
            let head = log.head(partition).await.expect("head");
            assert!(found.last().is_none_or(|last| last.position < head), "every record is before the head");
            return found;
        }
        for (position, record) in records.iter() {
            assert!(position >= at, "position {position:?} is before {at:?}");
            assert!(found.last().is_none_or(|last| last.position < position), "positions ascend");
            assert_eq!(
                partition_of(record.key, log.partitions()),
                partition,
                "the key decides the partition"
            );
            let headers =
                record.headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            let (key, value) = (record.key.to_vec(), record.value.to_vec());
            found.push(Found { position, key, headers, value });
        }
        let last = found.last().expect("not empty").position;
        assert!(records.next() > last, "reading goes on after the last record");
        at = records.next();
    }
}

/// The values of all records, by partition.
pub(super) async fn values(log: &dyn Log) -> BTreeMap<Partition, Vec<String>> {
    let mut values = BTreeMap::new();
    for partition in 0..log.partitions() {
        let found = all(log, partition).await;
        let texts = found.into_iter().map(|found| String::from_utf8(found.value).expect("text was appended"));
        values.insert(partition, texts.collect());
    }
    values
}

/// One key for each partition.
pub(super) fn keys(log: &dyn Log) -> Vec<Vec<u8>> {
    (0..log.partitions())
        .map(|partition| {
            let mut names = (0_u32..).map(|n| format!("learner-{n}").into_bytes());
            names.find(|key| partition_of(key, log.partitions()) == partition).expect("hashes reach all")
        })
        .collect()
}

/// A batch of these values under one key.
pub(super) fn batch(key: &[u8], values: &[impl AsRef<[u8]>]) -> Batch {
    let mut batch = Batch::default();
    for value in values {
        batch.push(key, &[], |bytes| bytes.extend_from_slice(value.as_ref()));
    }
    batch
}

/// Appends and waits for the confirmation.
pub(super) async fn append(log: &dyn Log, key: &[u8], values: &[impl AsRef<[u8]>]) -> Appended {
    log.append(batch(key, values)).await.expect("the append is confirmed")
}
