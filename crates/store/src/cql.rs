//! The CQL of a declared table, for the backends and dashboards that speak it.

use crate::table::GENERATION_COLUMN;
use crate::{Column, Kind, Table};

/// The statement that creates the table of this declaration.
///
/// Text, int, bool, float and blob columns are what CQL has for them. Where CQL differs from the contract, the contract wins:
///
/// * A timestamp is a `bigint` of microseconds, because CQL's `timestamp` ends at milliseconds.
/// * A UUID in the clustering key is a `blob` of its 16 bytes, because CQL orders `uuid` by version and time first, and the
///   contract orders by bytes. Elsewhere it is a `uuid`.
/// * A record is three columns: its place in the log (`<name>_partition`, `<name>_position`) and its value (`<name>`).
#[must_use]
pub fn create_table(table: &Table) -> String {
    let mut lines = comment("", table.doc);
    lines.push(format!("CREATE TABLE IF NOT EXISTS {} (", table_name(table)));
    lines.extend(comment(INDENT, "Which build of the read model the row belongs to."));
    lines.push(format!("{INDENT}{GENERATION_COLUMN} int,"));
    for (at, column) in table.all_columns().enumerate() {
        let clusters = (table.partition_key.len()..table.key_len()).contains(&at);
        lines.extend(comment(INDENT, column.doc));
        lines.extend(definitions(column, clusters).map(|definition| format!("{INDENT}{definition},")));
    }
    lines.push(format!("{INDENT}PRIMARY KEY ({})", primary_key(table)));
    lines.push(");".to_owned());
    lines.join("\n") + "\n"
}

/// The name of the table in CQL: that of the declaration with its version.
#[must_use]
pub fn table_name(table: &Table) -> String {
    format!("{}_v{}", table.name, table.version)
}

/// The name of a column in CQL: its own, in quotes where CQL reserves it.
#[must_use]
pub fn column_name(name: &str) -> String {
    if RESERVED.binary_search(&name).is_ok() { format!("\"{name}\"") } else { name.to_owned() }
}

const INDENT: &str = "    ";

/// The words that CQL does not take as a name without quotes.
const RESERVED: &[&str] = &[
    "add",
    "allow",
    "alter",
    "and",
    "apply",
    "asc",
    "authorize",
    "batch",
    "begin",
    "by",
    "columnfamily",
    "create",
    "default",
    "delete",
    "desc",
    "describe",
    "drop",
    "entries",
    "execute",
    "from",
    "full",
    "grant",
    "if",
    "in",
    "index",
    "infinity",
    "insert",
    "into",
    "is",
    "keyspace",
    "limit",
    "materialized",
    "mbean",
    "mbeans",
    "modify",
    "nan",
    "norecursive",
    "not",
    "null",
    "of",
    "on",
    "or",
    "order",
    "primary",
    "rename",
    "replace",
    "revoke",
    "schema",
    "select",
    "set",
    "table",
    "to",
    "token",
    "truncate",
    "unlogged",
    "unset",
    "update",
    "use",
    "using",
    "view",
    "where",
    "with",
];

fn comment(indent: &str, doc: &str) -> Vec<String> {
    doc.lines().map(|line| format!("{indent}-- {line}").trim_end().to_owned()).collect()
}

fn definitions(column: &Column, clusters: bool) -> impl Iterator<Item = String> {
    let own = format!("{} {}", column_name(column.name), type_of(column.kind, clusters));
    let place = (column.kind == Kind::Record)
        .then(|| [format!("{}_partition int", column.name), format!("{}_position bigint", column.name)]);
    place.into_iter().flatten().chain([own])
}

fn type_of(kind: Kind, clusters: bool) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Uuid if clusters => "blob",
        Kind::Uuid => "uuid",
        Kind::Int | Kind::Timestamp => "bigint",
        Kind::Bool => "boolean",
        Kind::Float => "double",
        Kind::Blob | Kind::Record => "blob",
    }
}

fn primary_key(table: &Table) -> String {
    let names =
        |columns: &[Column]| columns.iter().map(|column| column_name(column.name)).collect::<Vec<_>>();
    let partition = [vec![GENERATION_COLUMN.to_owned()], names(table.partition_key)].concat().join(", ");
    [vec![format!("({partition})")], names(table.clustering_key)].concat().join(", ")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::Access;

    const TABLE: Table = Table {
        name: "things",
        version: 3,
        doc: "One row per thing.\nOf a tenant.",
        access: Access::Ordered,
        partition_key: &[
            Column::new("tenant", Kind::Text, "Whose."),
            Column::new("owner", Kind::Uuid, "Of whom."),
        ],
        clustering_key: &[
            Column::new("stored", Kind::Timestamp, "Microseconds."),
            Column::new("id", Kind::Uuid, "Which."),
        ],
        columns: &[
            Column::new("order", Kind::Int, "How many."),
            Column::new("done", Kind::Bool, ""),
            Column::new("score", Kind::Float, ""),
            Column::new("hash", Kind::Blob, ""),
            Column::new("statement", Kind::Record, "As the client sent it."),
        ],
    };

    #[test]
    fn every_kind_has_its_type() {
        expect![[r#"
            -- One row per thing.
            -- Of a tenant.
            CREATE TABLE IF NOT EXISTS things_v3 (
                -- Which build of the read model the row belongs to.
                generation int,
                -- Whose.
                tenant text,
                -- Of whom.
                owner uuid,
                -- Microseconds.
                stored bigint,
                -- Which.
                id blob,
                -- How many.
                "order" bigint,
                done boolean,
                score double,
                hash blob,
                -- As the client sent it.
                statement_partition int,
                statement_position bigint,
                statement blob,
                PRIMARY KEY ((generation, tenant, owner), stored, id)
            );
        "#]]
        .assert_eq(&create_table(&TABLE));
    }

    #[test]
    fn reserved_words_can_be_searched() {
        assert!(RESERVED.is_sorted());
    }
}
