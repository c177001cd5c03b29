//! Answers reads: filters, cursors, consistent-through, formats.
//!
//! [`Statements`] answers the xAPI queries from the rows of the read model `statements`.

mod cursor;
mod error;
mod statements;

pub use cursor::Place;
pub use error::QueryError;
pub use statements::{
    BODIES_BYTES_MAX, Format, InFlight, Page, STATEMENTS_PER_PAGE_MAX, Settings, StatementQuery, Statements,
    StatementsOptions,
};
