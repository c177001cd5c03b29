//! Answers reads: filters, cursors, consistent-through, formats.
//!
//! [`Statements`] answers the xAPI queries from the rows of the read model `statements`, and
//! [`engagement::Engagement`] what people ask about learners.

mod cursor;
pub mod engagement;
mod error;
mod statements;

pub use cursor::Place;
pub use error::QueryError;
pub use statements::{
    BODIES_BYTES_MAX, Format, InFlight, Page, STATEMENTS_PER_PAGE_MAX, Settings, StatementQuery, Statements,
    StatementsOptions,
};
