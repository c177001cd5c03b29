//! A process that writes is killed, again and again; what it wrote is whole each time.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use plaudit_store::{Access, Column, Generation, Kind, Row, Store, Table, Write};
use plaudit_store_embedded::EmbeddedStore;

use crate::small_options;

const DIR: &str = "PLAUDIT_CRASH_DIR";
const ROUNDS: u64 = 6;
const ROWS_PER_BATCH: i64 = 7;
/// Rows are deleted again by a batch so many later.
const DELETED_AFTER: i64 = 150;
const GENERATION: Generation = Generation(3);

const NUMBER: Column = Column::new("number", Kind::Int, "Which.");
const BATCH: Column = Column::new("batch", Kind::Int, "The batch that wrote it.");

static ORDERED: Table = Table {
    name: "ordered",
    version: 1,
    doc: "Rows of a batch.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose.")],
    clustering_key: &[NUMBER],
    columns: &[BATCH],
};

static POINT: Table = Table {
    name: "point",
    version: 1,
    doc: "Rows of a batch, and one that each batch writes.",
    access: Access::Point,
    partition_key: &[NUMBER],
    clustering_key: &[],
    columns: &[BATCH],
};

static POSITION: Table = Table {
    name: "position",
    version: 1,
    doc: "The last batch.",
    access: Access::Ordered,
    partition_key: &[NUMBER],
    clustering_key: &[],
    columns: &[BATCH],
};

/// Key of the point row that each batch writes.
const SHARED: i64 = -1;

fn batch(batch: i64) -> Vec<Write> {
    let put = |table, row| Write::Put { table, generation: GENERATION, row };
    let delete = |table, key| Write::Delete { table, generation: GENERATION, key };
    let mut writes = Vec::new();
    for number in batch * ROWS_PER_BATCH..(batch + 1) * ROWS_PER_BATCH {
        writes.push(put(&POINT, vec![number.into(), batch.into()]));
        writes.push(put(&ORDERED, vec!["ada".into(), number.into(), batch.into()]));
        let old = number - DELETED_AFTER * ROWS_PER_BATCH;
        writes.push(delete(&POINT, vec![old.into()]));
        writes.push(delete(&ORDERED, vec!["ada".into(), old.into()]));
    }
    writes.push(put(&POINT, vec![SHARED.into(), batch.into()]));
    writes.push(put(&POSITION, vec![0.into(), batch.into()]));
    writes
}

async fn open(dir: &Path) -> EmbeddedStore {
    let store = EmbeddedStore::open(dir, small_options(), None).unwrap();
    store.create(&[&ORDERED, &POINT, &POSITION]).await.unwrap();
    store
}

async fn last_batch(store: &EmbeddedStore) -> i64 {
    let rows = store.get(&POSITION, GENERATION, &[vec![0.into()]]).await.unwrap();
    rows[0].as_ref().map_or(-1, |row| row[1].as_int().unwrap())
}

/// Writes batch after batch and says so, until it is killed. Does nothing unless another test starts it.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let store = open(Path::new(&dir)).await;
    for number in last_batch(&store).await + 1.. {
        store.write(batch(number)).await.unwrap();
        if number % 50 == 0 {
            store.scan(&POINT, GENERATION, None, 10).await.unwrap();
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "wrote {number}").unwrap();
        out.flush().unwrap();
    }
}

fn start(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_process_that_is_killed", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets the process write so many batches, kills it, and returns the last batch that it said it wrote.
fn write_and_kill(dir: &Path, batches: u64) -> i64 {
    let mut child = start(dir);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut wrote = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("wrote ")?.parse().ok());
    let _ = wrote.nth(batches as usize).expect("the process writes until it is killed");
    child.kill().unwrap();
    let last = wrote.last();
    child.wait().unwrap();
    last.unwrap_or(0)
}

async fn check(store: &EmbeddedStore) {
    let last = last_batch(store).await;
    let first_kept = (last - DELETED_AFTER + 1).max(0) * ROWS_PER_BATCH;
    let end = (last + 1) * ROWS_PER_BATCH;
    for number in 0..end + ROWS_PER_BATCH {
        let expected = (first_kept..end).contains(&number).then_some(number / ROWS_PER_BATCH);
        let point = store.get(&POINT, GENERATION, &[vec![number.into()]]).await.unwrap();
        let ordered = store.get(&ORDERED, GENERATION, &[vec!["ada".into(), number.into()]]).await.unwrap();
        let batch = |rows: Vec<Option<Row>>| rows[0].as_ref().and_then(|row| row.last()?.as_int());
        assert_eq!((batch(point), batch(ordered)), (expected, expected), "row {number} after batch {last}");
    }
    let shared = store.get(&POINT, GENERATION, &[vec![SHARED.into()]]).await.unwrap();
    assert_eq!(shared, [Some(vec![SHARED.into(), last.into()])]);
    let scanned = store.scan(&POINT, GENERATION, None, usize::MAX).await.unwrap();
    assert_eq!(scanned.rows.len() as i64, end - first_kept + 1);
}

#[tokio::test]
async fn rows_and_position_agree_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        // Another instant in each round.
        let said = write_and_kill(dir.path(), 40 + round * 67 % 100);
        let store = open(dir.path()).await;
        let last = last_batch(&store).await;
        assert!(last >= said, "batch {said} was written, the last is {last}");
        check(&store).await;
    }
}
