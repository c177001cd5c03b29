//! Plays an LMS against any learning record store: a term of learning by people with habits, from a seed.
//!
//! [`Term`] makes the deliveries (batches of statements, some late, some repeated) as a pure function of
//! [`Options`]; [`play`] sends them over HTTP. The same seed gives the same bytes, so different stores can be
//! measured with the same statements.

mod delivery;
mod dice;
mod error;
mod options;
mod persona;
mod player;
mod session;
mod statement;
mod term;
mod world;

pub use delivery::Delivery;
pub use error::SimulateError;
pub use options::{Options, TermOptions};
pub use persona::Persona;
pub use player::{Played, play, write_out};
pub use term::Term;
