//! Columns whose value is in the log too.

use super::Factory;
use super::given::{Given, everything};
use crate::{Access, Column, Condition, Kind, Order, Row, Store, StoredRecord, Table, Value};

static STATEMENTS: Table = Table {
    name: "suite_statements",
    version: 1,
    doc: "Rows with two records, of which one may be missing.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose.")],
    clustering_key: &[Column::new("number", Kind::Int, "Which.")],
    columns: &[
        Column::new("statement", Kind::Record, "As it was sent."),
        Column::new("note", Kind::Text, "Between records."),
        Column::new("voided_by", Kind::Record, "If it was."),
    ],
};

fn row(number: i64, statement: StoredRecord, voided_by: Option<StoredRecord>) -> Row {
    vec!["ada".into(), number.into(), statement.into(), "note".into(), voided_by.into()]
}

/// Get, slice and scan give records with their bytes, in any order and more than once.
pub async fn records_come_back_with_their_bytes(factory: &impl Factory) {
    let given = Given::tables(factory, &[&STATEMENTS]).await;
    let empty = given.ledger.record(0, 0, b"");
    let one = given.ledger.record(1, 5, b"{\"one\":1}");
    let far = given.ledger.record(1023, 1 << 62, &[0xff; 3000]);
    let rows = vec![row(1, one.clone(), Some(far.clone())), row(2, empty, None), row(3, far, Some(one))];
    given.put(&STATEMENTS, rows.clone()).await;
    let key = |number: i64| -> Row { vec!["ada".into(), number.into()] };
    let found = given.store.get(&STATEMENTS, given.generation, &[key(3), key(9), key(1), key(3)]).await;
    let three = Some(rows[2].clone());
    assert_eq!(found.expect("rows are read"), [three.clone(), None, Some(rows[0].clone()), three]);
    assert_eq!(given.partition(&STATEMENTS, &["ada".into()]).await, rows);
    let newest_first = given.slice(&STATEMENTS, &["ada".into()], everything(Order::Descending)).await;
    assert!(newest_first.iter().eq(rows.iter().rev()), "{newest_first:?}");
    let given = given.reopened().await;
    let mut scanned = given.scan(&STATEMENTS, 2).await;
    scanned.sort_by_key(|row| row[1].as_int());
    assert_eq!(scanned, rows);
}

/// Records are found by their place alone, in the order asked and more than once.
pub async fn records_are_found_by_their_place(factory: &impl Factory) {
    let given = Given::tables(factory, &[&STATEMENTS]).await;
    let (one, two) = (given.ledger.record(0, 7, b"one"), given.ledger.record(3, 7, b"two"));
    given.put(&STATEMENTS, [row(1, one, None), row(2, two, None)]).await;
    let given = given.reopened().await;
    let found = given.store.records(&[(3, 7), (0, 7), (3, 7)]).await.expect("records are read");
    assert_eq!(found, [&b"two"[..], b"one", b"two"]);
    assert_eq!(given.store.records(&[]).await.expect("records are read"), [&b""[..]; 0]);
}

/// A record that a condition names is the same if it is at the same place of the log.
pub async fn records_are_compared(factory: &impl Factory) {
    let given = Given::tables(factory, &[&STATEMENTS]).await;
    let (one, two) = (given.ledger.record(0, 1, b"one"), given.ledger.record(0, 2, b"two"));
    let before = row(1, one.clone(), None);
    given.put(&STATEMENTS, [before.clone()]).await;
    let set = async |expected: StoredRecord, row| {
        let value = Value::Record(expected);
        let condition = Condition::Equals { column: "statement", value: &value };
        given.store.compare_and_set(&STATEMENTS, given.generation, row, condition).await.expect("asked")
    };
    let after = row(1, two.clone(), Some(one.clone()));
    assert_eq!(set(two.clone(), after.clone()).await, Err(Some(before)));
    assert_eq!(set(one, after.clone()).await, Ok(()));
    assert_eq!(given.partition(&STATEMENTS, &["ada".into()]).await, [after]);
}
