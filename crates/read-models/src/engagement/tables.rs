//! The tables of the engagement read model.

use plaudit_store::{Access, Column, Kind, Table};

const TENANT: Column = Column::new("tenant", Kind::Text, "Whose row.");
const LEARNER: Column = Column::new("learner", Kind::Text, "Canonical identity of the learner.");
const OCCURRENCE: Column =
    Column::new("occurrence", Kind::Int, "1 for the first time it was earned, 2 for …");
const BUCKET: Column = Column::new("bucket", Kind::Int, "Hash of the learner modulo 16.");

/// The definitions that the rows of this generation were made by.
pub(super) static SETS: Table = Table {
    name: "engagement_sets",
    version: 1,
    doc: "The definitions by which the rows of a tenant were made.",
    access: Access::Point,
    partition_key: &[TENANT],
    clustering_key: &[],
    columns: &[Column::new("documents", Kind::Text, "Time zone, and every document with its version; JSON.")],
};

/// What touched a learner, in the order of the log.
pub(super) static TIMELINE: Table = Table {
    name: "engagement_timeline",
    version: 1,
    doc: "64 statements that touch a learner, with what they mean to the definitions; the latest are in the row of the learner.",
    access: Access::Ordered,
    partition_key: &[TENANT, LEARNER],
    clustering_key: &[Column::new("block", Kind::Int, "0 for the first 64, 1 for the next, …")],
    columns: &[Column::new("entries", Kind::Blob, "Encoded entries.")],
};

/// How far the timeline of a learner has come, and what follows from it.
pub(super) static LEARNERS: Table = Table {
    name: "engagement_learners",
    version: 1,
    doc: "Everything that is known about the engagement of one learner.",
    access: Access::Point,
    partition_key: &[TENANT, LEARNER],
    clustering_key: &[],
    columns: &[
        Column::new("next_position", Kind::Int, "Every record before this position is absorbed."),
        Column::new("blocks", Kind::Int, "How many blocks of the timeline count."),
        Column::new("entries", Kind::Blob, "The entries of the timeline after those of the blocks; encoded."),
        Column::new("last_statement", Kind::Timestamp, "Event time of the learner's latest own statement."),
        Column::new("outcome", Kind::Blob, "Encoded outcome, from which the other rows follow."),
    ],
};

/// Statements that refer to others.
pub(super) static REFERRERS: Table = Table {
    name: "engagement_referrers",
    version: 1,
    doc: "A statement that voids or refers to another one which was not there, or may reach further learners.",
    access: Access::Ordered,
    partition_key: &[TENANT, Column::new("target", Kind::Uuid, "The statement that is referred to.")],
    clustering_key: &[Column::new("position", Kind::Int, "Where the log has the referring statement.")],
    columns: &[
        Column::new("entry", Kind::Blob, "What it adds to the timelines of those whom the target concerns."),
        Column::new("awaited", Kind::Bool, "Whether the target was not there yet."),
    ],
};

/// How far each learner has come.
pub(super) static FUNNEL: Table = Table {
    name: "funnel",
    version: 1,
    doc: "How far a learner has come in a funnel.",
    access: Access::Ordered,
    partition_key: &[TENANT, Column::new("funnel", Kind::Text, "Id of the funnel."), BUCKET],
    clustering_key: &[LEARNER],
    columns: &[
        Column::new("stage", Kind::Int, "Index of the stage entered last, from 0."),
        Column::new("stage_id", Kind::Text, "Id of that stage."),
        Column::new("first_entered", Kind::Timestamp, "When the first stage was entered."),
        Column::new("last_entered", Kind::Timestamp, "When that stage was entered."),
        Column::new("last_activity", Kind::Timestamp, "Event time of the last statement in scope."),
        Column::new("next_deadline", Kind::Timestamp, "Until when the next stage can still be entered."),
        Column::new("dormant_after", Kind::Timestamp, "After when the learner counts as dormant."),
        Column::new("entered", Kind::Blob, "The stages entered, with times and evidence; encoded."),
    ],
};

/// What each learner has achieved.
pub(super) static ACHIEVEMENTS: Table = Table {
    name: "achievements",
    version: 1,
    doc: "An achievement that a learner has earned.",
    access: Access::Ordered,
    partition_key: &[TENANT, Column::new("achievement", Kind::Text, "Id of the achievement."), BUCKET],
    clustering_key: &[LEARNER, OCCURRENCE],
    columns: &[
        Column::new("earned_at", Kind::Timestamp, "Event time of the statement that completed it."),
        Column::new("statement", Kind::Uuid, "That statement."),
        Column::new("points", Kind::Int, "What it is worth."),
        Column::new("evidence", Kind::Blob, "Ids of the statements that were counted; encoded."),
        Column::new("revoked_at", Kind::Timestamp, "Since when it is no longer earned."),
        Column::new("revoked_by", Kind::Uuid, "The statement that voided evidence."),
        Column::new("revoked_evidence", Kind::Uuid, "The evidence that was voided."),
        Column::new("revoked_reason", Kind::Text, "Why it is no longer earned."),
    ],
};

/// The recognition that is expected.
pub(super) static RECOGNITION: Table = Table {
    name: "recognition",
    version: 1,
    doc: "The recognition that a rule expects for an achievement.",
    access: Access::Ordered,
    partition_key: &[TENANT, Column::new("rule", Kind::Text, "Id of the recognition rule."), BUCKET],
    clustering_key: &[LEARNER, Column::new("achievement", Kind::Text, "Id of the achievement."), OCCURRENCE],
    columns: &[
        Column::new("earned_at", Kind::Timestamp, "When it was earned."),
        Column::new("due_at", Kind::Timestamp, "Until when recognition is in time."),
        Column::new("met_at", Kind::Timestamp, "When it was recognised."),
        Column::new("met_by", Kind::Text, "Canonical identity of who recognised."),
        Column::new("met_statement", Kind::Uuid, "The statement that recognised."),
    ],
};

/// All tables of the read model.
pub(super) static ALL: &[&Table] =
    &[&SETS, &TIMELINE, &LEARNERS, &REFERRERS, &FUNNEL, &ACHIEVEMENTS, &RECOGNITION];

/// Over how many partitions the learners of a tenant's funnel, achievement or rule are spread, so that a CQL partition
/// stays within what CQL servers cope with.
pub(super) const BUCKETS: i64 = 16;

/// The bucket of a learner, in the tables that have one.
///
/// # Panics
/// Never: a remainder of 16 fits.
#[must_use]
pub fn bucket_of(learner: &str) -> i64 {
    let hash = xxhash_rust::xxh3::xxh3_64(learner.as_bytes());
    i64::try_from(hash % BUCKETS.cast_unsigned()).expect("smaller than 16")
}
