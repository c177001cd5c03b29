//! The xAPI standard, 1.0.3 and 2.0: parses, validates, compares and prints its values.
//!
//! Pure and total: no IO, no clock, no randomness, and no input makes it panic. [`parse_statements`] is the
//! one typed pass over a request body; everything it returns borrows from that body.

mod accept_language;
mod batch;
mod decimal;
mod duration;
mod fingerprint;
mod format;
mod identity;
mod invalid;
mod iri;
mod json;
mod language;
mod media_type;
mod related;
mod skim;
mod stamp;
mod statement;
mod time;
mod validate;

pub use accept_language::AcceptLanguage;
pub use batch::{
    Batch, STATEMENTS_PER_BATCH_MAX, parse_actor, parse_statement, parse_statements, read_stored,
};
pub use duration::{comparable as comparable_duration, is_duration};
pub use fingerprint::Fingerprint;
pub use format::{append_canonical, append_ids, merge_definitions};
pub use invalid::Invalid;
pub use iri::{is_iri, is_irl, is_mailto, is_sha1, is_sha2, is_uri, parse_uuid};
pub use language::is_language_tag;
pub use media_type::is_media_type;
pub use related::{Activities, Ifis};
pub use stamp::{Stamp, StampOffsets};
pub use statement::{
    Activity, Actor, Agent, Attachment, Context, Group, Ifi, Object, RawJson, SIGNATURE, Statement,
    StatementId, StatementResult, SubStatement, VOIDED, Version,
};
pub use time::{NotATimestamp, Timestamp};
