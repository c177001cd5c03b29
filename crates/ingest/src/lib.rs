//! Decides a write, appends it, acknowledges once the log confirmed.
//!
//! A request claims the ids of its statements ([`Ingest::store`]), leaves out what is already stored, stamps the rest with growing
//! `stored` times in the order of the log, and answers when the log has confirmed. Nothing here looks into the store: what the
//! log cannot tell from memory comes through [`KnownStatements`].

mod definitions;
mod error;
mod handles;
mod ingest;
mod known;
mod limits;
mod metrics;
mod pending;
mod recents;
mod recover;
mod sequencer;
#[cfg(test)]
mod tests;
mod unconfirmed;

pub use definitions::DefinitionTurn;
pub use error::IngestError;
pub use handles::{Clock, Handles, NewId};
pub use ingest::{Ingest, Parts, Request};
pub use known::{Absorbed, KnownStatements, LookupError};
pub use limits::Limits;
pub use metrics::Metrics;
pub use unconfirmed::Unconfirmed;
