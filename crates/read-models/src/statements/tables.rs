//! Tables of the read model `statements`.

use plaudit_store::{Access, Column, Kind, Table};

const TENANT: Column = Column::new("tenant", Kind::Text, "Whose.");
const PARTITION: Column = Column::new("partition", Kind::Int, "Partition of the log.");
const CHUNK: Column = Column::new("chunk", Kind::Int, "Position in the log, shifted right by 16 bits.");

/// Statements by id.
pub static STATEMENTS: Table = Table {
    name: "statements",
    version: 1,
    doc: "Every stored statement by its id.",
    access: Access::Point,
    partition_key: &[TENANT, Column::new("id", Kind::Uuid, "Its id.")],
    clustering_key: &[],
    columns: &[
        Column::new("fingerprint", Kind::Blob, "What it means: 16 bytes, little endian."),
        Column::new("stored", Kind::Timestamp, "When it was stored."),
        Column::new("body", Kind::Record, "The statement as it is served."),
    ],
};

/// Inverted index.
pub static POSTINGS: Table = Table {
    name: "postings",
    version: 1,
    doc: "Where the statements of a term are: an inverted index. A row has at most 256 of them, all of one chunk of the log, in the \
          order in which they came to belong to the term.",
    access: Access::Ordered,
    partition_key: &[
        TENANT,
        Column::new(
            "term",
            Kind::Blob,
            "Kind of the term, plus 128 for what it got later than in the order of the log: 1 byte. Hash of its text: 16 bytes.",
        ),
    ],
    clustering_key: &[
        PARTITION,
        CHUNK,
        Column::new(
            "part",
            Kind::Int,
            "The lower 16 bits of the first position in the row; where they came later, a number from 0.",
        ),
    ],
    columns: &[Column::new(
        "entries",
        Kind::Blob,
        "The lower 16 bits of each position: 2 bytes, little endian.",
    )],
};

/// When the records of the log were stored.
pub static TIMES: Table = Table {
    name: "times",
    version: 1,
    doc: "When the statement at each position of the log was stored, of all tenants.",
    access: Access::Ordered,
    partition_key: &[PARTITION],
    clustering_key: &[
        CHUNK,
        Column::new("part", Kind::Int, "The lower 16 bits of the first position in the row."),
    ],
    columns: &[Column::new(
        "entries",
        Kind::Blob,
        "Position and microseconds, each as the difference to the one before, as varints; times in zigzag.",
    )],
};

/// Chunks of the log.
pub static CHUNKS: Table = Table {
    name: "chunks",
    version: 1,
    doc: "Over which time the statements in each chunk of the log were stored, of all tenants.",
    access: Access::Ordered,
    partition_key: &[PARTITION],
    clustering_key: &[CHUNK],
    columns: &[
        Column::new("min_stored", Kind::Timestamp, "When the earliest was stored."),
        Column::new("max_stored", Kind::Timestamp, "When the latest was stored."),
        Column::new("sorted", Kind::Bool, "Whether none of them was stored before one at a lower position."),
    ],
};

/// Statements that refer to others.
pub static REFERENCES: Table = Table {
    name: "references",
    version: 1,
    doc: "Which statements have a StatementRef as their object, by its target.",
    access: Access::Ordered,
    partition_key: &[TENANT, Column::new("target", Kind::Uuid, "The id that is referred to.")],
    clustering_key: &[Column::new("referrer", Kind::Uuid, "The statement that refers to it.")],
    columns: &[
        PARTITION,
        Column::new("position", Kind::Int, "Position of the referrer."),
        Column::new("voiding", Kind::Bool, "Whether the referrer is a voiding statement."),
    ],
};

/// Targets that are not there yet.
pub static AWAITED: Table = Table {
    name: "awaited_statements",
    version: 1,
    doc: "Ids that were referred to, of statements that are not stored yet.",
    access: Access::Ordered,
    partition_key: &[TENANT, Column::new("target", Kind::Uuid, "The id that is referred to.")],
    clustering_key: &[],
    columns: &[],
};

/// Voided statements.
pub static VOIDED: Table = Table {
    name: "voided",
    version: 1,
    doc: "Statements that are voided.",
    access: Access::Ordered,
    partition_key: &[TENANT, Column::new("id", Kind::Uuid, "Its id.")],
    clustering_key: &[],
    columns: &[Column::new("by", Kind::Uuid, "The voiding statement that came first in the log.")],
};

/// Records whose id was taken.
pub static DUPLICATES: Table = Table {
    name: "duplicates",
    version: 1,
    doc: "Records of the log that count for nothing, because an earlier one has the same statement id.",
    access: Access::Ordered,
    partition_key: &[PARTITION],
    clustering_key: &[Column::new("position", Kind::Int, "Position in the log.")],
    columns: &[TENANT, Column::new("id", Kind::Uuid, "The id that they share.")],
};
