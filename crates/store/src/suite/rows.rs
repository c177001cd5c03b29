//! Rows by key.

use bytes::Bytes;
use uuid::Uuid;

use super::Factory;
use super::given::{Given, assert_mismatch, fresh_generation};
use crate::{Access, Column, Generation, Kind, Row, Store, Table, Value, Write};

/// A column of every kind that is no record.
static NOTES: Table = Table {
    name: "suite_notes",
    version: 1,
    doc: "Notes of a tenant.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose.")],
    clustering_key: &[Column::new("number", Kind::Int, "Which.")],
    columns: &[
        Column::new("title", Kind::Text, "Of any language."),
        Column::new("author", Kind::Uuid, "Who wrote it."),
        Column::new("likes", Kind::Int, "How many."),
        Column::new("at", Kind::Timestamp, "When."),
        Column::new("done", Kind::Bool, "Whether it is."),
        Column::new("score", Kind::Float, "How good."),
        Column::new("body", Kind::Blob, "What it says."),
    ],
};

fn key(number: i64) -> Row {
    vec!["ada".into(), number.into()]
}

fn note(number: i64, title: &str) -> Row {
    let others = [title.into(), Value::Null, 7.into(), Value::Null, true.into(), Value::Null, Value::Null];
    [key(number), others.to_vec()].concat()
}

/// Creating tables that are there changes nothing.
pub async fn tables_are_created_twice(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    given.put(&NOTES, [note(1, "kept")]).await;
    given.store.create(&[&NOTES]).await.expect("a second time");
    assert_eq!(given.get(&NOTES, key(1)).await, Some(note(1, "kept")));
}

/// A table whose columns changed is refused under the old version.
pub async fn a_changed_declaration_needs_a_new_version(factory: &impl Factory) {
    static BEFORE: Table = Table { name: "suite_changing", columns: &[], ..NOTES };
    static AFTER: Table =
        Table { name: "suite_changing", columns: &[Column::new("title", Kind::Text, "")], ..NOTES };
    static NEXT: Table = Table { version: 2, ..AFTER };
    let given = Given::tables(factory, &[&BEFORE]).await;
    assert_mismatch(given.store.create(&[&AFTER]).await);
    given.store.create(&[&NEXT]).await.expect("a new version is a new table");
}

/// Put, get, replace, delete.
pub async fn a_row_is_put_replaced_and_deleted(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    assert_eq!(given.get(&NOTES, key(1)).await, None);
    given.put(&NOTES, [note(1, "first")]).await;
    assert_eq!(given.get(&NOTES, key(1)).await, Some(note(1, "first")));
    given.put(&NOTES, [note(1, "second")]).await;
    assert_eq!(given.get(&NOTES, key(1)).await, Some(note(1, "second")));
    given.delete(&NOTES, key(1)).await;
    assert_eq!(given.get(&NOTES, key(1)).await, None);
    given.delete(&NOTES, key(1)).await;
    given.put(&NOTES, [note(1, "third")]).await;
    assert_eq!(given.get(&NOTES, key(1)).await, Some(note(1, "third")));
}

/// A get of many keys, some missing and some repeated.
pub async fn rows_come_in_the_order_asked(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    given.put(&NOTES, [note(1, "one"), note(2, "two"), note(-3, "three")]).await;
    let keys = [key(2), key(9), key(-3), key(2), key(1), key(9)];
    let rows = given.store.get(&NOTES, given.generation, &keys).await.expect("rows are read");
    let (one, two, three) = (note(1, "one"), note(2, "two"), note(-3, "three"));
    assert_eq!(rows, [Some(two.clone()), None, Some(three), Some(two), Some(one), None]);
    let rows = given.store.get(&NOTES, given.generation, &[]).await.expect("no rows are read");
    assert_eq!(rows, []);
}

/// Values of every kind, at their limits, and none.
pub async fn every_kind_of_column_comes_back(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    let common = |title: &str, uuid: u128, likes: i64, at: i64, score: f64, body: &'static [u8]| -> Row {
        let uuid = Uuid::from_u128(uuid);
        let body = Bytes::from_static(body);
        vec![
            title.into(),
            uuid.into(),
            likes.into(),
            Value::Timestamp(at),
            (likes > 0).into(),
            score.into(),
            body.into(),
        ]
    };
    let others = [
        vec![Value::Null; 7],
        common("", 0, 0, 0, 0.0, b""),
        common("a\0b", u128::MAX, i64::MAX, i64::MAX, f64::INFINITY, b"\0\xff\0"),
        common("Grüße, 学习 🎓", 1, i64::MIN, i64::MIN, -1.5e-300, b"\xff"),
        common("'; DROP TABLE", 1 << 64, -1, 1_700_000_000_123_456, f64::MIN, b"null"),
    ];
    let numbers = [0, 1, i64::MAX, i64::MIN, -1];
    let rows: Vec<Row> =
        numbers.iter().zip(others).map(|(number, others)| [key(*number), others].concat()).collect();
    given.put(&NOTES, rows.clone()).await;
    for (number, row) in numbers.into_iter().zip(rows) {
        assert_eq!(given.get(&NOTES, key(number)).await, Some(row));
    }
}

/// Values of a megabyte.
pub async fn large_values_come_back(factory: &impl Factory) {
    const LARGE_BYTES: usize = 1024 * 1024;
    let given = Given::tables(factory, &[&NOTES]).await;
    let mut row = note(1, &"wide ".repeat(LARGE_BYTES / 5));
    let last = row.len() - 1;
    let body: Vec<u8> =
        (0..LARGE_BYTES as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    row[last] = Bytes::from(body).into();
    given.put(&NOTES, [row.clone()]).await;
    assert!(given.get(&NOTES, key(1)).await == Some(row), "the large row comes back");
}

/// Changes of one key in one call are made in order.
pub async fn the_last_change_of_a_key_in_a_call_wins(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    given.put(&NOTES, [note(3, "before")]).await;
    let writes = vec![
        given.put_of(&NOTES, note(1, "first")),
        given.put_of(&NOTES, note(1, "second")),
        given.put_of(&NOTES, note(2, "first")),
        given.delete_of(&NOTES, key(2)),
        given.delete_of(&NOTES, key(3)),
        given.put_of(&NOTES, note(3, "after")),
    ];
    given.store.write(writes).await.expect("rows are written");
    assert_eq!(given.partition(&NOTES, &["ada".into()]).await, [note(1, "second"), note(3, "after")]);
}

/// Each of many calls is seen by the reads after it, and so are all changes of one.
pub async fn a_write_is_seen_by_later_reads(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    for round in 0..50 {
        let title = format!("round {round}");
        let rows = [note(round, &title), note(round - 1, &title)];
        given.put(&NOTES, rows.clone()).await;
        let keys = [key(round), key(round - 1)];
        let read = given.store.get(&NOTES, given.generation, &keys).await.expect("rows are read");
        assert_eq!(read, rows.map(Some));
    }
    assert_eq!(given.partition(&NOTES, &["ada".into()]).await.len(), 51);
}

/// Rows and keys that do not fit the declaration change nothing, nor does what was written with them.
pub async fn rows_that_do_not_fit_are_refused(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    let mut misfit = note(2, "two");
    misfit[2] = 5.into();
    let writes = vec![given.put_of(&NOTES, note(1, "one")), given.put_of(&NOTES, misfit)];
    assert_mismatch(given.store.write(writes).await);
    assert_eq!(given.get(&NOTES, key(1)).await, None);
    assert_mismatch(given.store.write(vec![given.delete_of(&NOTES, vec!["ada".into()])]).await);
    assert_mismatch(given.store.get(&NOTES, given.generation, &[vec![1.into(), 1.into()]]).await);
    let null_in_key = vec![Value::Null, 1.into()];
    assert_mismatch(given.store.get(&NOTES, given.generation, &[null_in_key]).await);
}

/// One key in two generations is two rows.
pub async fn generations_are_apart(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    let other = fresh_generation();
    given.put(&NOTES, [note(1, "old"), note(2, "old only")]).await;
    put_into(&given, other, note(1, "new")).await;
    assert_eq!(given.partition(&NOTES, &["ada".into()]).await, [note(1, "old"), note(2, "old only")]);
    let rows = given.store.get(&NOTES, other, &[key(1), key(2)]).await.expect("rows are read");
    assert_eq!(rows, [Some(note(1, "new")), None]);
    let scan = given.store.scan(&NOTES, other, None, 10).await.expect("rows are read");
    assert_eq!(scan.rows, [note(1, "new")]);
}

/// Dropping one generation leaves the others; the dropped one can be filled again.
pub async fn a_dropped_generation_is_gone(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    let other = fresh_generation();
    given.put(&NOTES, (0..100).map(|number| note(number, "old"))).await;
    put_into(&given, other, note(1, "new")).await;
    given.store.drop_generation(&NOTES, given.generation).await.expect("dropped");
    assert_eq!(given.scan(&NOTES, 10).await, [] as [Row; 0]);
    assert_eq!(given.get(&NOTES, key(1)).await, None);
    let rows = given.store.get(&NOTES, other, &[key(1)]).await.expect("rows are read");
    assert_eq!(rows, [Some(note(1, "new"))]);
    given.store.drop_generation(&NOTES, given.generation).await.expect("nothing is left to drop");
    given.put(&NOTES, [note(5, "again")]).await;
    assert_eq!(given.scan(&NOTES, 10).await, [note(5, "again")]);
    let given = given.reopened().await;
    assert_eq!(given.scan(&NOTES, 10).await, [note(5, "again")]);
}

/// What was made durable is there when the store is opened again, and so is what was deleted.
pub async fn rows_are_there_after_reopening(factory: &impl Factory) {
    let given = Given::tables(factory, &[&NOTES]).await;
    given.put(&NOTES, (0..100).map(|number| note(number, "kept"))).await;
    given.delete(&NOTES, key(50)).await;
    given.store.persist().await.expect("durable");
    let given = given.reopened().await;
    given.store.create(&[&NOTES]).await.expect("created again");
    assert_eq!(given.scan(&NOTES, 7).await.len(), 99);
    assert_eq!(given.get(&NOTES, key(50)).await, None);
    assert_eq!(given.get(&NOTES, key(51)).await, Some(note(51, "kept")));
}

async fn put_into(given: &Given<'_, impl Factory>, generation: Generation, row: Row) {
    let write = Write::Put { table: &NOTES, generation, row };
    given.store.write(vec![write]).await.expect("rows are written");
}
