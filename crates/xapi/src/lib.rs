//! The xAPI standard, 1.0.3 and 2.0: parses, validates, compares and prints its values.
//!
//! Pure and total: no IO, no clock, no randomness, and no input makes it panic. [`parse_statements`] is the
//! one typed pass over a request body; everything it returns borrows from that body.

mod statement;
mod time;

pub use statement::{
    Activity, Actor, Agent, Attachment, Context, Fingerprint, Group, Ifi, Object, RawJson, StatementId,
    StatementResult, Statement, SubStatement, Version,
};
pub use time::Timestamp;
