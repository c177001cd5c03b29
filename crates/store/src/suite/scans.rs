//! Whole tables.

use std::collections::BTreeSet;

use super::Factory;
use super::given::Given;
use crate::{Access, Column, Kind, Row, Table};

static VISITS: Table = Table {
    name: "suite_visits",
    version: 1,
    doc: "Rows in several partitions.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose.")],
    clustering_key: &[Column::new("number", Kind::Int, "Which.")],
    columns: &[Column::new("note", Kind::Text, "What.")],
};

fn visit(tenant: i64, number: i64) -> Row {
    vec![format!("tenant {tenant}").into(), number.into(), format!("{tenant}/{number}").into()]
}

/// Pages of any size give each row once.
pub async fn a_scan_gives_each_row_once(factory: &impl Factory) {
    let given = Given::tables(factory, &[&VISITS]).await;
    let rows: Vec<Row> = (0..7).flat_map(|tenant| (0..20).map(move |number| visit(tenant, number))).collect();
    given.put(&VISITS, rows.clone()).await;
    let notes = |rows: &[Row]| -> BTreeSet<String> {
        rows.iter().filter_map(|row| row[2].as_text()).map(str::to_owned).collect()
    };
    for limit in [1, 7, 139, 140, 141, 1000] {
        let found = given.scan(&VISITS, limit).await;
        assert_eq!(found.len(), rows.len(), "pages of {limit}");
        assert_eq!(notes(&found), notes(&rows), "pages of {limit}");
    }
}

/// A table without rows, and one whose rows were deleted.
pub async fn a_scan_of_nothing_ends(factory: &impl Factory) {
    let given = Given::tables(factory, &[&VISITS]).await;
    assert_eq!(given.scan(&VISITS, 10).await, [] as [Row; 0]);
    given.put(&VISITS, [visit(1, 1)]).await;
    given.delete(&VISITS, visit(1, 1)[..2].to_vec()).await;
    assert_eq!(given.scan(&VISITS, 10).await, [] as [Row; 0]);
}
