//! Promises about appending: order, atomicity, exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kit::{all, append, batch, keys, values};
use crate::{Appended, Batch, Log, partition_of};

/// The line is joined during the call, not when the confirmation is polled.
pub(super) async fn calls_in_order_are_records_in_order(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    let mut confirmations: Vec<_> =
        (0..200).map(|n| log.append(batch(key, &[format!("{n}a"), format!("{n}b")]))).collect();
    // Awaited backwards: who waits first does not come first.
    while let Some(confirmation) = confirmations.pop() {
        confirmation.await.expect("the append is confirmed");
    }
    let expected: Vec<String> = (0..200).flat_map(|n| [format!("{n}a"), format!("{n}b")]).collect();
    assert_eq!(values(&*log).await[&0], expected);
}

/// Many writers at once: nothing lost, nothing twice, each writer's records in its order.
pub(super) async fn concurrent_appends_are_there_once_each_in_its_task_s_order(log: Arc<dyn Log>) {
    const TASKS: usize = 16;
    const APPENDS: usize = 25;
    let keys = keys(&*log);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (log, key) = (Arc::clone(&log), keys[task % keys.len()].clone());
            tokio::spawn(async move {
                for n in 0..APPENDS {
                    append(&*log, &key, &[format!("{task}:{n}:a"), format!("{task}:{n}:b")]).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the writer does not fail");
    }
    let mut by_task: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for value in values(&*log).await.into_values().flatten() {
        let task = value.split(':').next().expect("has a task").to_owned();
        by_task.entry(task).or_default().push(value);
    }
    assert_eq!(by_task.len(), TASKS);
    for (task, found) in by_task {
        let expected: Vec<String> =
            (0..APPENDS).flat_map(|n| [format!("{task}:{n}:a"), format!("{task}:{n}:b")]).collect();
        assert_eq!(found, expected);
    }
}

/// A batch over all partitions is there whole, where its confirmation says.
pub(super) async fn a_batch_spans_partitions_and_says_where(log: Arc<dyn Log>) {
    let keys = keys(&*log);
    append(&*log, &keys[0], &["before"]).await;
    let mut batch = Batch::default();
    for round in 0..3 {
        for (partition, key) in keys.iter().enumerate() {
            let value = format!("{partition}:{round}");
            batch.push(key, &[], |bytes| bytes.extend_from_slice(value.as_bytes()));
        }
    }
    let appended = log.append(batch).await.expect("the append is confirmed");
    assert_eq!(appended.spans.len(), keys.len(), "one span for each partition");
    for (partition, first, after) in appended.spans {
        let found = all(&*log, partition).await;
        let inside = found.iter().filter(|found| found.position >= first && found.position < after);
        let values: Vec<_> = inside.map(|found| String::from_utf8_lossy(&found.value).into_owned()).collect();
        assert_eq!(values, (0..3).map(|round| format!("{partition}:{round}")).collect::<Vec<_>>());
        assert!(log.head(partition).await.expect("head") >= after, "what is confirmed is before the head");
    }
}

/// Nothing to do is done.
pub(super) async fn an_empty_batch_is_confirmed_and_leaves_nothing(log: Arc<dyn Log>) {
    let appended = log.append(Batch::default()).await.expect("the append is confirmed");
    assert_eq!(appended, Appended::default());
    assert!(values(&*log).await.into_values().all(|values| values.is_empty()));
}

/// Clients hang up; what they sent stays.
pub(super) async fn a_dropped_confirmation_takes_nothing_back(log: Arc<dyn Log>) {
    let key = &keys(&*log)[0];
    for n in 0..20 {
        drop(log.append(batch(key, &[format!("{n}")])));
    }
    append(&*log, key, &["last"]).await;
    let mut expected: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    expected.push("last".into());
    assert_eq!(values(&*log).await[&partition_of(key, log.partitions())], expected);
}
