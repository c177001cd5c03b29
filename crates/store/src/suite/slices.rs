//! Rows of a partition in order.

use std::cmp::Ordering;
use std::ops::Bound;

use bytes::Bytes;
use uuid::Uuid;

use super::Factory;
use super::given::{Given, assert_mismatch, everything};
use crate::{Access, Column, Kind, Order, Row, Slice, Store, Table, Value};

const TENANT: &[Column] = &[Column::new("tenant", Kind::Text, "Whose.")];

/// A table whose rows are in order of `clustering_key`.
const fn ordered(name: &'static str, clustering_key: &'static [Column]) -> Table {
    Table {
        name,
        version: 1,
        doc: "Rows in order.",
        access: Access::Ordered,
        partition_key: TENANT,
        clustering_key,
        columns: &[],
    }
}

static BY_INT: Table = ordered("suite_by_int", &[Column::new("number", Kind::Int, "")]);
static BY_TIMESTAMP: Table = ordered("suite_by_timestamp", &[Column::new("at", Kind::Timestamp, "")]);
static BY_TEXT: Table = ordered("suite_by_text", &[Column::new("name", Kind::Text, "")]);
static BY_BLOB: Table = ordered("suite_by_blob", &[Column::new("hash", Kind::Blob, "")]);
static BY_UUID: Table = ordered("suite_by_uuid", &[Column::new("id", Kind::Uuid, "")]);
static BY_SEVERAL: Table = ordered(
    "suite_by_several",
    &[
        Column::new("name", Kind::Text, ""),
        Column::new("number", Kind::Int, ""),
        Column::new("id", Kind::Uuid, ""),
    ],
);

/// Partition and clustering keys of two texts each.
static PAIRS: Table = Table {
    name: "suite_pairs",
    version: 1,
    doc: "Rows whose keys could be taken for each other's.",
    access: Access::Ordered,
    partition_key: &[Column::new("one", Kind::Text, ""), Column::new("two", Kind::Text, "")],
    clustering_key: &[Column::new("three", Kind::Text, ""), Column::new("four", Kind::Blob, "")],
    columns: &[Column::new("number", Kind::Int, "")],
};

/// By value, negative ones first.
pub async fn numbers_are_sliced_in_order(factory: &impl Factory) {
    check(factory, &BY_INT, [i64::MIN, -256, -1, 0, 1, 255, 256, i64::MAX].map(|int| vec![int.into()])).await;
}

/// By value, those before 1970 first.
pub async fn timestamps_are_sliced_in_order(factory: &impl Factory) {
    let at = [-1_000_001, -1, 0, 1, 1_700_000_000_000_000, 1_700_000_000_000_001];
    check(factory, &BY_TIMESTAMP, at.map(|micros| vec![Value::Timestamp(micros)])).await;
}

/// By bytes, also with zeros and beyond ASCII.
pub async fn texts_are_sliced_in_order(factory: &impl Factory) {
    let names = ["", "\0", "\0\0", "\u{1}", "a", "a\0", "a\0b", "a\u{1}", "aa", "b", "é", "学", "🎓"];
    check(factory, &BY_TEXT, names.map(|name| vec![name.into()])).await;
}

/// By bytes.
pub async fn blobs_are_sliced_in_order(factory: &impl Factory) {
    let blobs: [&[u8]; 9] = [b"", b"\0", b"\0\0", b"\0\xff", b"\x01", b"a", b"a\0", b"\xff", b"\xff\xff"];
    check(factory, &BY_BLOB, blobs.map(|blob| vec![Bytes::from_static(blob).into()])).await;
}

/// By bytes, whatever version and time the UUIDs have.
pub async fn uuids_are_sliced_in_order(factory: &impl Factory) {
    let uuids = [
        0,
        1,
        0x0000_0001_0000_1000_8000_0000_0000_0000,
        0x0000_0002_0000_1000_0000_0000_0000_0000,
        0x7fff_ffff_0000_4000_8000_0000_0000_0000,
        0x8000_0000_0000_1000_8000_0000_0000_0001,
        u128::MAX,
    ];
    check(factory, &BY_UUID, uuids.map(|uuid| vec![Uuid::from_u128(uuid).into()])).await;
}

/// Column by column, with bounds on one, two or all of them.
pub async fn several_columns_are_sliced_in_order(factory: &impl Factory) {
    let keys = [("", 0, 1), ("a", -5, 1), ("a", -5, 2), ("a", 3, 0), ("a\0", -9, 9), ("b", 0, 0)];
    let key = |(name, int, id): (&str, i64, u128)| vec![name.into(), int.into(), Uuid::from_u128(id).into()];
    check(factory, &BY_SEVERAL, keys.map(key)).await;
}

/// Limits cut off the end that the order says, and may be none or more than there is.
pub async fn slices_have_a_limit(factory: &impl Factory) {
    let given = Given::tables(factory, &[&BY_INT]).await;
    let row = |number: i64| -> Row { vec!["ada".into(), number.into()] };
    given.put(&BY_INT, (0..10).map(row)).await;
    for limit in [0, 1, 9, 10, 11, 1_000_000] {
        let ada = ["ada".into()];
        let ascending = given.slice(&BY_INT, &ada, Slice { limit, ..everything(Order::Ascending) }).await;
        assert_eq!(ascending, (0..10).take(limit).map(row).collect::<Vec<_>>());
        let descending = given.slice(&BY_INT, &ada, Slice { limit, ..everything(Order::Descending) }).await;
        assert_eq!(descending, (0..10).rev().take(limit).map(row).collect::<Vec<_>>());
    }
    let (ada, five) = (["ada".into()], ["five".into()]);
    let misfit = Slice { from: Bound::Included(&five), ..everything(Order::Ascending) };
    assert_mismatch(given.store.slice(&BY_INT, given.generation, &ada, misfit).await);
    let too_long = [1.into(), 2.into()];
    let misfit = Slice { to: Bound::Excluded(&too_long), ..everything(Order::Ascending) };
    assert_mismatch(given.store.slice(&BY_INT, given.generation, &ada, misfit).await);
    assert_mismatch(given.store.slice(&BY_INT, given.generation, &[], everything(Order::Ascending)).await);
}

/// Keys whose columns run into each other stay apart, and a slice ends with its partition.
pub async fn partitions_do_not_leak(factory: &impl Factory) {
    let given = Given::tables(factory, &[&PAIRS]).await;
    let parts = ["", "\0", "a", "a\0", "ab", "b", "bc", "abc", "\u{10ffff}"];
    let pairs: Vec<(&str, &str)> =
        parts.iter().flat_map(|one| parts.iter().map(move |two| (*one, *two))).collect();
    let mut rows = Vec::new();
    for (number, (one, two)) in pairs.iter().enumerate() {
        for (three, four) in [("", "a"), ("a", ""), ("ab", "c"), ("a", "bc")] {
            let four = Bytes::from_static(four.as_bytes());
            let number = i64::try_from(number).expect("few pairs");
            rows.push(vec![(*one).into(), (*two).into(), three.into(), four.into(), number.into()]);
        }
    }
    given.put(&PAIRS, rows.clone()).await;
    for (one, two) in pairs {
        let partition = [one.into(), two.into()];
        let mut expected: Vec<Row> = rows.iter().filter(|row| row[..2] == partition).cloned().collect();
        expected.sort_by(|one, other| compare(&one[2..4], &other[2..4]));
        assert_eq!(given.partition(&PAIRS, &partition).await, expected, "partition {one:?} {two:?}");
    }
}

/// Slices by all bounds that the keys and their beginnings make, and compares with a filter over all rows.
async fn check<const N: usize>(factory: &impl Factory, table: &'static Table, keys: [Row; N]) {
    let given = Given::tables(factory, &[table]).await;
    let row = |key: &Row| [vec!["ada".into()], key.clone()].concat();
    // Neighbours of both sides, which must not get into the answer, and an order of writing that is not the order of keys.
    let neighbours = ["", "ad", "adb", "ada\0", "adaa"];
    let near = neighbours
        .iter()
        .flat_map(|tenant| keys.iter().map(|key| [vec![(*tenant).into()], key.clone()].concat()));
    given.put(table, near.chain(keys.iter().rev().map(row))).await;
    let mut bounds = vec![Bound::Unbounded];
    for key in &keys {
        for len in 1..=key.len() {
            bounds.extend([Bound::Included(&key[..len]), Bound::Excluded(&key[..len])]);
        }
    }
    for from in &bounds {
        for to in &bounds {
            let mut expected: Vec<Row> = keys.iter().filter(|key| within(key, *from, *to)).map(row).collect();
            let slice = Slice { from: *from, to: *to, ..everything(Order::Ascending) };
            assert_eq!(given.slice(table, &["ada".into()], slice).await, expected, "{slice:?}");
            expected.reverse();
            let slice = Slice { order: Order::Descending, ..slice };
            assert_eq!(given.slice(table, &["ada".into()], slice).await, expected, "{slice:?}");
        }
    }
}

fn within(key: &[Value], from: Bound<&[Value]>, to: Bound<&[Value]>) -> bool {
    let beginning = |bound: &[Value]| compare(&key[..bound.len()], bound);
    let after = match from {
        Bound::Unbounded => true,
        Bound::Included(bound) => beginning(bound).is_ge(),
        Bound::Excluded(bound) => beginning(bound).is_gt(),
    };
    let before = match to {
        Bound::Unbounded => true,
        Bound::Included(bound) => beginning(bound).is_le(),
        Bound::Excluded(bound) => beginning(bound).is_lt(),
    };
    after && before
}

/// The order of the contract.
fn compare(one: &[Value], other: &[Value]) -> Ordering {
    let orders = one.iter().zip(other).map(|values| match values {
        (Value::Text(one), Value::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
        (Value::Blob(one), Value::Blob(other)) => one.cmp(other),
        (Value::Uuid(one), Value::Uuid(other)) => one.as_bytes().cmp(other.as_bytes()),
        (Value::Int(one), Value::Int(other)) | (Value::Timestamp(one), Value::Timestamp(other)) => {
            one.cmp(other)
        }
        misfit => panic!("not key values of one kind: {misfit:?}"),
    });
    orders.fold(Ordering::Equal, Ordering::then)
}
