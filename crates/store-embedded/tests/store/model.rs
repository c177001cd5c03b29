//! Random calls give what a map in memory gives.

use std::collections::BTreeMap;
use std::ops::Bound;

use plaudit_store::{
    Access, Column, Condition, Generation, Kind, Order, Row, Slice, Store, Table, Value, Write,
};
use plaudit_store_embedded::EmbeddedStore;
use proptest::prelude::*;

use crate::small_options;

static ORDERED: Table = Table {
    name: "ordered",
    version: 1,
    doc: "Rows in order.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose.")],
    clustering_key: &[Column::new("number", Kind::Int, "Which.")],
    columns: &[Column::new("value", Kind::Int, "What.")],
};

static POINT: Table = Table {
    name: "point",
    version: 1,
    doc: "Rows by key.",
    access: Access::Point,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose."), Column::new("number", Kind::Int, "Which.")],
    clustering_key: &[],
    columns: &[Column::new("value", Kind::Int, "What.")],
};

type Key = (usize, u32, String, i64);

#[derive(Clone, Debug)]
enum Op {
    Write(Vec<(Key, Option<i64>)>),
    SetIfAbsent(Key, i64),
    SetIfEquals(Key, i64, i64),
    Get(Vec<Key>),
    Slice { generation: u32, tenant: String, from: i64, to: i64, order: Order, limit: usize },
    Scan { table: usize, generation: u32, limit: usize },
    DropGeneration { table: usize, generation: u32 },
    Persist,
    Reopen,
}

/// The rows, by table, generation, tenant and number.
type Model = BTreeMap<Key, i64>;

const TABLES: [&Table; 2] = [&ORDERED, &POINT];

fn key() -> impl Strategy<Value = Key> {
    (0..2_usize, 0..2_u32, "[a-b\0]{0,2}", -20..20_i64)
}

fn op() -> impl Strategy<Value = Op> {
    let change = (key(), proptest::option::weighted(0.8, 0..3_i64));
    let slice = (0..2_u32, "[a-b\0]{0,2}", -22..22_i64, -22..22_i64, any::<bool>(), 0..30_usize);
    prop_oneof![
        8 => proptest::collection::vec(change, 0..60).prop_map(Op::Write),
        2 => (key(), 0..3_i64).prop_map(|(key, value)| Op::SetIfAbsent(key, value)),
        2 => (key(), 0..3_i64, 0..3_i64).prop_map(|(key, before, value)| Op::SetIfEquals(key, before, value)),
        4 => proptest::collection::vec(key(), 0..20).prop_map(Op::Get),
        4 => slice.prop_map(|(generation, tenant, from, to, descends, limit)| {
            let order = if descends { Order::Descending } else { Order::Ascending };
            Op::Slice { generation, tenant, from, to, order, limit }
        }),
        2 => (0..2_usize, 0..2_u32, 1..30_usize)
            .prop_map(|(table, generation, limit)| Op::Scan { table, generation, limit }),
        1 => (0..2_usize, 0..2_u32).prop_map(|(table, generation)| Op::DropGeneration { table, generation }),
        1 => Just(Op::Persist),
        1 => Just(Op::Reopen),
    ]
}

fn row_of((_, _, tenant, number): &Key, value: i64) -> Row {
    vec![tenant.as_str().into(), (*number).into(), value.into()]
}

fn key_of((_, _, tenant, number): &Key) -> Row {
    vec![tenant.as_str().into(), (*number).into()]
}

fn target(key: &Key) -> (&'static Table, Generation) {
    (TABLES[key.0], Generation(key.1))
}

async fn run(store: &EmbeddedStore, model: &mut Model, op: Op) {
    match op {
        Op::Write(changes) => {
            let write = |(key, value): &(Key, Option<i64>)| {
                let (table, generation) = target(key);
                match value {
                    Some(value) => Write::Put { table, generation, row: row_of(key, *value) },
                    None => Write::Delete { table, generation, key: key_of(key) },
                }
            };
            store.write(changes.iter().map(write).collect()).await.unwrap();
            for (key, value) in changes {
                match value {
                    Some(value) => drop(model.insert(key, value)),
                    None => drop(model.remove(&key)),
                }
            }
        }
        Op::SetIfAbsent(key, value) => set(store, model, key, None, value).await,
        Op::SetIfEquals(key, before, value) => set(store, model, key, Some(before), value).await,
        Op::Get(keys) => {
            for key in keys {
                let (table, generation) = target(&key);
                let found = store.get(table, generation, &[key_of(&key)]).await.unwrap();
                assert_eq!(found, [model.get(&key).map(|value| row_of(&key, *value))], "{key:?}");
            }
        }
        Op::Slice { generation, tenant, from, to, order, limit } => {
            let mut expected: Vec<Row> = model
                .iter()
                .filter(|((table, of, whose, number), _)| {
                    *table == 0 && *of == generation && *whose == tenant && from <= *number && *number < to
                })
                .map(|(key, value)| row_of(key, *value))
                .collect();
            if order == Order::Descending {
                expected.reverse();
            }
            expected.truncate(limit);
            let (from, to) = ([from.into()], [to.into()]);
            let slice = Slice { from: Bound::Included(&from), to: Bound::Excluded(&to), order, limit };
            let found = store.slice(&ORDERED, Generation(generation), &[tenant.into()], slice).await;
            assert_eq!(found.unwrap(), expected);
        }
        Op::Scan { table, generation, limit } => check_scan(store, model, table, generation, limit).await,
        Op::DropGeneration { table, generation } => {
            store.drop_generation(TABLES[table], Generation(generation)).await.unwrap();
            model.retain(|key, _| (key.0, key.1) != (table, generation));
        }
        Op::Persist => store.persist().await.unwrap(),
        Op::Reopen => unreachable!("the caller reopens"),
    }
}

async fn set(store: &EmbeddedStore, model: &mut Model, key: Key, before: Option<i64>, value: i64) {
    let (table, generation) = target(&key);
    let expected = before.map(Value::Int);
    let condition = match &expected {
        Some(value) => Condition::Equals { column: "value", value },
        None => Condition::Absent,
    };
    let present = model.get(&key).copied();
    let answer = store.compare_and_set(table, generation, row_of(&key, value), condition).await.unwrap();
    if present == before {
        assert_eq!(answer, Ok(()));
        model.insert(key, value);
    } else {
        assert_eq!(answer, Err(present.map(|value| row_of(&key, value))));
    }
}

async fn check_scan(store: &EmbeddedStore, model: &Model, table: usize, generation: u32, limit: usize) {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.scan(TABLES[table], Generation(generation), after.as_ref(), limit).await.unwrap();
        found.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let text = |row: &Row| format!("{row:?}");
    let mut expected: Vec<Row> = model
        .iter()
        .filter(|(key, _)| (key.0, key.1) == (table, generation))
        .map(|(key, value)| row_of(key, *value))
        .collect();
    expected.sort_by_key(text);
    found.sort_by_key(text);
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn random_calls_give_what_a_map_gives(ops in proptest::collection::vec(op(), 1..80)) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let open = || EmbeddedStore::open(dir.path(), small_options(), None).unwrap();
            let mut store = Some(open());
            let mut model = Model::new();
            for op in ops {
                if matches!(op, Op::Reopen) {
                    drop(store.take());
                    store = Some(open());
                } else {
                    run(store.as_ref().unwrap(), &mut model, op).await;
                }
            }
            for (table, generation) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                check_scan(store.as_ref().unwrap(), &model, table, generation, 7).await;
            }
        });
    }
}
