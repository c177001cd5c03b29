//! What the store finds in its directory, and leaves there.

use std::path::{Path, PathBuf};

use plaudit_store::{Access, Column, Generation, Kind, Store, StoreError, StoredRecord, Table, Value, Write};
use plaudit_store_embedded::{EmbeddedStore, Options};

use crate::small_options;

static POINT: Table = Table {
    name: "point",
    version: 1,
    doc: "Rows by key.",
    access: Access::Point,
    partition_key: &[Column::new("number", Kind::Int, "Which.")],
    clustering_key: &[],
    columns: &[Column::new("note", Kind::Text, "What."), Column::new("record", Kind::Record, "If any.")],
};

const GENERATION: Generation = Generation(1);

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(dir, small_options(), None).unwrap()
}

fn put(number: i64, record: Option<StoredRecord>) -> Write {
    let row = vec![number.into(), "what it says".into(), record.into()];
    Write::Put { table: &POINT, generation: GENERATION, row }
}

/// A store with rows in several runs, closed.
async fn filled(dir: &Path) {
    let store = open(dir);
    for round in 0..5 {
        store
            .write((round * 100..round * 100 + 100).map(|number| put(number, None)).collect())
            .await
            .unwrap();
    }
    store.scan(&POINT, GENERATION, None, 1).await.unwrap();
}

fn runs(dir: &Path) -> Vec<PathBuf> {
    let dir = std::fs::read_dir(dir.join("points/point_v1_g1"));
    dir.map_or_else(|_| Vec::new(), |files| files.map(|file| file.unwrap().path()).collect())
}

async fn rows(store: &EmbeddedStore) -> Result<usize, StoreError> {
    Ok(store.scan(&POINT, GENERATION, None, 10_000).await?.rows.len())
}

#[tokio::test]
async fn runs_that_were_never_finished_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let orphan = dir.path().join("points/point_v1_g1/900.run");
    std::fs::write(&orphan, "half a run").unwrap();
    let store = open(dir.path());
    assert_eq!(rows(&store).await.unwrap(), 500);
    assert!(!orphan.exists());
}

#[tokio::test]
async fn a_damaged_or_missing_run_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let run = runs(dir.path()).pop().unwrap();
    let mut bytes = std::fs::read(&run).unwrap();
    bytes[50] ^= 1;
    std::fs::write(&run, bytes).unwrap();
    assert!(matches!(rows(&open(dir.path())).await, Err(StoreError::Backend(_))));
    std::fs::remove_file(&run).unwrap();
    assert!(matches!(rows(&open(dir.path())).await, Err(StoreError::Backend(_))));
}

#[tokio::test]
async fn a_dropped_generation_leaves_no_files() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path());
    assert_eq!(rows(&store).await.unwrap(), 500);
    assert!(!runs(dir.path()).is_empty());
    store.drop_generation(&POINT, GENERATION).await.unwrap();
    assert!(runs(dir.path()).is_empty());
    // As after a crash between the two steps of dropping.
    drop(store);
    std::fs::create_dir_all(dir.path().join("points/point_v1_g1")).unwrap();
    let store = open(dir.path());
    assert!(!dir.path().join("points/point_v1_g1").exists());
    assert_eq!(rows(&store).await.unwrap(), 0);
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let full = Options { reserve_bytes: u64::MAX, ..small_options() };
    let store = EmbeddedStore::open(dir.path(), full, None).unwrap();
    store.create(&[&POINT]).await.unwrap();
    assert!(matches!(store.write(vec![put(1, None)]).await, Err(StoreError::Full)));
    assert!(store.get(&POINT, GENERATION, &[vec![1.into()]]).await.unwrap()[0].is_some());
    store.drop_generation(&POINT, GENERATION).await.unwrap();
}

#[tokio::test]
async fn a_second_store_in_the_same_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path());
    assert!(EmbeddedStore::open(dir.path(), Options::default(), None).is_err());
}

/// Without a log, a row has its records' bytes; they are still there when a log is at hand later.
#[tokio::test]
async fn records_are_whole_without_a_log_and_places_with_one() {
    struct Log;

    #[async_trait::async_trait]
    impl plaudit_store::RecordSource for Log {
        async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<bytes::Bytes>, StoreError> {
            Ok(places.iter().map(|(partition, position)| format!("{partition}/{position}").into()).collect())
        }
    }

    let dir = tempfile::tempdir().unwrap();
    let record = |bytes: &'static str| StoredRecord { partition: 3, position: 70, bytes: bytes.into() };
    let store = open(dir.path());
    store.write(vec![put(1, Some(record("kept")))]).await.unwrap();
    drop(store);
    let store = EmbeddedStore::open(dir.path(), small_options(), Some(std::sync::Arc::new(Log))).unwrap();
    store.write(vec![put(2, Some(record("not kept")))]).await.unwrap();
    let rows = store.get(&POINT, GENERATION, &[vec![1.into()], vec![2.into()]]).await.unwrap();
    let records: Vec<Value> = rows.into_iter().flatten().map(|mut row| row.remove(2)).collect();
    assert_eq!(records, [record("kept").into(), record("3/70").into()]);
    drop(store);
    let found = open(dir.path()).get(&POINT, GENERATION, &[vec![2.into()]]).await;
    assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
}

#[tokio::test]
async fn the_metrics_say_what_was_done_and_what_it_takes() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let store = open(dir.path());
    let registry = prometheus::Registry::new();
    store.register(&registry).unwrap();
    store.get(&POINT, GENERATION, &[vec![1.into()], vec![2.into()]]).await.unwrap();
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let value =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    assert_eq!(value(r#"plaudit_store_rows_total{operation="get",table="point"}"#), Some(2.0), "{text}");
    assert_eq!(value(r#"plaudit_store_operation_seconds_count{operation="get",table="point"}"#), Some(1.0));
    assert!(value(r#"plaudit_store_disk_bytes{of="runs"}"#) > Some(4096.0), "{text}");
    assert!(value("plaudit_store_disk_free_bytes") > Some(0.0), "{text}");
}

/// What is in `from` now, as a power failure would leave it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Writes batches, and damages the journal in the last of them.
async fn torn(dir: &Path, damage: impl Fn(&mut Vec<u8>, usize)) {
    let before = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(before.path(), Options::default(), None).unwrap();
    for number in 0..10 {
        store.write((0..100).map(|at| put(number * 100 + at, None)).collect()).await.unwrap();
    }
    copy(before.path(), dir);
    let path = dir.join("lsm/0.jnl");
    let mut journal = std::fs::read(&path).unwrap();
    let end = journal.iter().rposition(|byte| *byte != 0).unwrap();
    damage(&mut journal, end);
    std::fs::write(&path, journal).unwrap();
}

#[tokio::test]
async fn a_journal_with_a_torn_last_batch_is_cut_before_it() {
    let hole = |journal: &mut Vec<u8>, end: usize| journal[end - 1000..end - 500].fill(0);
    let short = |journal: &mut Vec<u8>, end: usize| journal[end - 1000..].fill(0);
    // The end that a short one lacks is noticed by fjall itself.
    for (damage, is_cut) in [(&hole as &dyn Fn(&mut Vec<u8>, usize), true), (&short, false)] {
        let dir = tempfile::tempdir().unwrap();
        torn(dir.path(), damage).await;
        let store = EmbeddedStore::open(dir.path(), Options::default(), None).unwrap();
        assert_eq!(rows(&store).await.unwrap(), 900);
        assert_eq!(dir.path().join("lsm/0.jnl.damaged").exists(), is_cut);
        store.write(vec![put(5000, None)]).await.unwrap();
        drop(store);
        assert_eq!(rows(&open(dir.path())).await.unwrap(), 901);
    }
}
