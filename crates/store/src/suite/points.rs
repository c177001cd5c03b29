//! Tables with point access.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::Factory;
use super::given::{Given, assert_mismatch, everything, fresh_generation};
use crate::{Access, Column, Kind, Order, Row, Store, Table, Value};

static PLACES: Table = Table {
    name: "suite_places",
    version: 1,
    doc: "Where a statement is.",
    access: Access::Point,
    partition_key: &[
        Column::new("tenant", Kind::Text, "Whose."),
        Column::new("id", Kind::Uuid, "Of the statement."),
    ],
    clustering_key: &[],
    columns: &[Column::new("at", Kind::Int, "Where."), Column::new("note", Kind::Text, "Seldom.")],
};

fn key(number: u32) -> Row {
    // Ids that are nowhere near each other.
    let id = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    vec![format!("tenant {}", number % 3).into(), Uuid::from_u128(id).into()]
}

fn place(number: u32, at: i64) -> Row {
    let note = if number.is_multiple_of(10) {
        Value::from("ten".repeat(number as usize % 100))
    } else {
        Value::Null
    };
    [key(number), vec![at.into(), note]].concat()
}

const PLACES_COUNT: u32 = 3000;

/// Put, get, replace, delete, with enough rows that some are no longer in memory.
pub async fn point_rows_are_put_replaced_and_deleted(factory: &impl Factory) {
    let given = Given::tables(factory, &[&PLACES]).await;
    given.put(&PLACES, (0..PLACES_COUNT).map(|number| place(number, 1))).await;
    given.put(&PLACES, (0..PLACES_COUNT).step_by(2).map(|number| place(number, 2))).await;
    given.delete(&PLACES, key(7)).await;
    given.delete(&PLACES, key(8)).await;
    given.delete(&PLACES, key(PLACES_COUNT)).await;
    given.put(&PLACES, [place(8, 3)]).await;
    let keys: Vec<Row> = (0..=PLACES_COUNT).chain([5, 5]).map(key).collect();
    let rows = given.store.get(&PLACES, given.generation, &keys).await.expect("rows are read");
    for (number, row) in (0..=PLACES_COUNT).chain([5, 5]).zip(rows) {
        let expected = match number {
            7 | PLACES_COUNT => None,
            8 => Some(place(8, 3)),
            _ => Some(place(number, if number.is_multiple_of(2) { 2 } else { 1 })),
        };
        assert_eq!(row, expected, "row {number}");
    }
}

/// Each row once, the newest of its key, and none that was deleted.
pub async fn point_rows_are_scanned(factory: &impl Factory) {
    let given = Given::tables(factory, &[&PLACES]).await;
    for round in 0..3 {
        given.put(&PLACES, (0..500).map(|number| place(number, round))).await;
    }
    given.delete(&PLACES, key(100)).await;
    for limit in [7, 499, 1000] {
        let rows = given.scan(&PLACES, limit).await;
        assert_eq!(rows.len(), 499, "pages of {limit}");
        let ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row[1].as_uuid()).collect();
        assert_eq!(ids.len(), 499, "pages of {limit}");
        assert!(rows.iter().all(|row| row[2] == 2.into()), "the newest rows");
    }
}

/// A slice needs an order.
pub async fn point_rows_are_not_sliced(factory: &impl Factory) {
    let given = Given::tables(factory, &[&PLACES]).await;
    let slice = everything(Order::Ascending);
    assert_mismatch(given.store.slice(&PLACES, given.generation, &key(1), slice).await);
}

/// Rows that were replaced and deleted before the store was closed stay so.
pub async fn point_rows_are_there_after_reopening(factory: &impl Factory) {
    let mut given = Given::tables(factory, &[&PLACES]).await;
    for round in 0..4_u32 {
        given.put(&PLACES, (0..200).map(|number| place(number, round.into()))).await;
        given.delete(&PLACES, key(round)).await;
        given.store.persist().await.expect("durable");
        given = given.reopened().await;
        assert_eq!(given.get(&PLACES, key(round)).await, None);
        assert_eq!(given.get(&PLACES, key(100)).await, Some(place(100, round.into())));
        assert_eq!(given.scan(&PLACES, 50).await.len(), 199);
    }
}

/// A dropped generation is gone, others stay.
pub async fn point_generations_are_dropped(factory: &impl Factory) {
    let given = Given::tables(factory, &[&PLACES]).await;
    let other = fresh_generation();
    given.put(&PLACES, (0..200).map(|number| place(number, 1))).await;
    let write = crate::Write::Put { table: &PLACES, generation: other, row: place(1, 2) };
    given.store.write(vec![write]).await.expect("rows are written");
    given.store.drop_generation(&PLACES, given.generation).await.expect("dropped");
    let given = given.reopened().await;
    assert_eq!(given.get(&PLACES, key(1)).await, None);
    assert_eq!(given.scan(&PLACES, 50).await, [] as [Row; 0]);
    let rows = given.store.get(&PLACES, other, &[key(1)]).await.expect("rows are read");
    assert_eq!(rows, [Some(place(1, 2))]);
}
