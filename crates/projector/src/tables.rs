//! The projector's own tables: which projections there are, how far they have come, and what is parked.
//!
//! Their rows are of generation 0. [`POSITIONS`] are written in the same call as the rows they speak of.

use plaudit_store::{Access, Column, Generation, Kind, Table};

/// The generation of the projector's own rows.
pub(crate) const OWN: Generation = Generation(0);

/// Every projection that has rows.
pub static PROJECTIONS: Table = Table {
    name: "projections",
    version: 1,
    doc: "One build of a read model: what it is for and whether it serves.",
    access: Access::Ordered,
    partition_key: &[Column::new("model", Kind::Text, "Name of the read model.")],
    clustering_key: &[Column::new("number", Kind::Int, "Generation of its rows.")],
    columns: &[
        Column::new("tenant", Kind::Text, "The tenant it was built for; nothing: all tenants."),
        Column::new("state", Kind::Text, "`building`, `serving` or `retired`."),
        Column::new("model_version", Kind::Int, "Version of the read model that writes it."),
        Column::new("layout", Kind::Text, "Names and versions of its tables."),
        Column::new("created_at", Kind::Timestamp, "When it was begun."),
    ],
};

/// How far every projection has come.
pub static POSITIONS: Table = Table {
    name: "positions",
    version: 1,
    doc: "What the rows of one projection have absorbed of one partition of the log.",
    access: Access::Ordered,
    partition_key: &[
        Column::new("model", Kind::Text, "Name of the read model."),
        Column::new("number", Kind::Int, "Generation of its rows."),
    ],
    clustering_key: &[Column::new("log_partition", Kind::Int, "Partition of the log.")],
    columns: &[
        Column::new("next", Kind::Int, "Every record before this position is absorbed."),
        Column::new("stored", Kind::Timestamp, "The latest `stored` among the absorbed statements."),
        Column::new("events", Kind::Int, "How many records were absorbed."),
    ],
};

/// Records that could not be applied, and what followed of the same learners.
pub static DEAD_LETTERS: Table = Table {
    name: "dead_letters",
    version: 1,
    doc: "A record that a projection has not applied.",
    access: Access::Ordered,
    partition_key: &[
        Column::new("model", Kind::Text, "Name of the read model."),
        Column::new("number", Kind::Int, "Generation of its rows."),
    ],
    clustering_key: &[
        Column::new("log_partition", Kind::Int, "Partition of the log."),
        Column::new("position", Kind::Int, "Position of the record."),
    ],
    columns: &[
        Column::new("record_key", Kind::Blob, "The record's key."),
        Column::new(
            "reason",
            Kind::Text,
            "Why it could not be applied; nothing: it follows one that could not.",
        ),
        Column::new("skipped", Kind::Bool, "Whether it is left out for good, by command."),
        Column::new("parked_at", Kind::Timestamp, "When it was parked."),
    ],
};
