//! Measures small rows under random keys: `cargo run --release --example random_rows -- [rows] [point|ordered] [memtable MiB]`.

use std::path::Path;
use std::time::{Duration, Instant};

use plaudit_store::{Access, Column, Generation, Kind, Row, Store, Table, Write};
use plaudit_store_embedded::{EmbeddedStore, Options};
use uuid::Uuid;

static ORDERED: Table = Table {
    name: "ordered_places",
    version: 1,
    doc: "Where a statement is.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose."), Column::new("id", Kind::Uuid, "Which.")],
    clustering_key: &[],
    columns: &[
        Column::new("partition", Kind::Int, "Of the log."),
        Column::new("position", Kind::Int, "In it."),
    ],
};

static POINT: Table = Table { name: "point_places", access: Access::Point, ..ORDERED };

static POSITIONS: Table = Table {
    name: "positions",
    version: 1,
    doc: "How far a projection is.",
    access: Access::Ordered,
    partition_key: &[Column::new("partition", Kind::Int, "Of the log.")],
    clustering_key: &[],
    columns: &[Column::new("position", Kind::Int, "In it.")],
};

const GENERATION: Generation = Generation(1);
const ROWS_PER_BATCH: usize = 8_000;
const GETS: usize = 100_000;
const KEYS_PER_GET: usize = 50;

#[expect(clippy::print_stdout, reason = "a measurement is for the terminal")]
#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let rows: u64 = args.next().map_or(2_000_000, |rows| rows.parse().expect("a number of rows"));
    let table = if args.next().as_deref() == Some("point") { &POINT } else { &ORDERED };
    let memtable_bytes =
        args.next().map_or(Options::default().memtable_bytes, |mib| mib.parse::<u64>().expect("MiB") << 20);
    let options = || Options { memtable_bytes, ..Options::default() };
    let dir = tempfile::tempdir_in(".").expect("a directory");
    let store = EmbeddedStore::open(dir.path(), options(), None).expect("the store opens");
    store.create(&[table, &POSITIONS]).await.expect("tables are made");

    let mut in_store = Duration::ZERO;
    let mut longest = Duration::ZERO;
    for (number, first) in (0..rows).step_by(ROWS_PER_BATCH).enumerate() {
        let mut writes: Vec<Write> = (first..rows.min(first + ROWS_PER_BATCH as u64))
            .map(|number| Write::Put { table, generation: GENERATION, row: place(number) })
            .collect();
        let row = vec![0.into(), (number as i64).into()];
        writes.push(Write::Put { table: &POSITIONS, generation: GENERATION, row });
        let started = Instant::now();
        store.write(writes).await.expect("rows are written");
        in_store += started.elapsed();
        longest = longest.max(started.elapsed());
    }
    let rate = rows as f64 / in_store.as_secs_f64() / 1000.0;
    println!(
        "write: {rate:.0} k rows/s, longest batch {longest:.1?}, {} MB on disk, {} MB resident",
        mb(dir.path()),
        resident_mb()
    );

    println!("get of those that are there: {:.2?} each", gets(&store, table, |at| at * 7919 % rows).await);
    println!("get of others: {:.2?} each", gets(&store, table, |at| rows + at).await);
    let started = Instant::now();
    drop(store);
    println!("close: {:.1?}", started.elapsed());
    let started = Instant::now();
    let store = EmbeddedStore::open(dir.path(), options(), None).expect("the store opens");
    println!("open: {:.1?}, {} MB on disk, {} MB resident", started.elapsed(), mb(dir.path()), resident_mb());
    println!("get of those that are there: {:.2?} each", gets(&store, table, |at| at * 7919 % rows).await);
    let (started, mut after, mut scanned) = (Instant::now(), None, 0);
    loop {
        let page = store.scan(table, GENERATION, after.as_ref(), 10_000).await.expect("rows are read");
        scanned += page.rows.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    println!(
        "scan: {:.0} k rows/s, {scanned} rows",
        scanned as f64 / started.elapsed().as_secs_f64() / 1000.0
    );
}

/// The time of one get, in calls of several.
async fn gets(store: &EmbeddedStore, table: &'static Table, number: impl Fn(u64) -> u64) -> Duration {
    let mut took = Duration::ZERO;
    for first in (0..GETS as u64).step_by(KEYS_PER_GET) {
        let keys: Vec<Row> =
            (0..KEYS_PER_GET as u64).map(|at| place(number(first + at))[..2].to_vec()).collect();
        let started = Instant::now();
        store.get(table, GENERATION, &keys).await.expect("rows are read");
        took += started.elapsed();
    }
    took / GETS as u32
}

fn place(number: u64) -> Row {
    // Multiplication by an odd number gives every number another id, in no order.
    let id = (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let id = id ^ (id >> 61);
    vec![
        "university".into(),
        Uuid::from_u128(id).into(),
        ((number % 8) as i64).into(),
        (number as i64).into(),
    ]
}

fn mb(dir: &Path) -> u64 {
    fn bytes(dir: &Path) -> u64 {
        let entries = std::fs::read_dir(dir).expect("a directory").filter_map(Result::ok);
        let size = |entry: std::fs::DirEntry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        };
        entries.map(size).sum()
    }
    bytes(dir) / 1_000_000
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|kb| kb.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1000
}
