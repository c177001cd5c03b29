//! The durable record: what an event says, and how it becomes a record of the log and an event again.
//!
//! Every kind of event has a version in its headers; [`Event::decode`] reads every version that was ever released.

mod error;
mod event;
mod learner;
mod tenant;

pub use error::EventError;
pub use event::{DefinitionEvent, DefinitionKind, Event, StatementEvent};
pub use learner::LearnerId;
pub use tenant::TenantId;
