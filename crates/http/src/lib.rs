//! actix-web resources, extractors, authentication; the only place that knows status codes.
//!
//! [`app`] is the application, [`bind`] serves it with settings that hold up against slow and many clients. What a client is told
//! when something goes wrong stands in one table, in `problem.rs`.

mod answers;
mod app;
mod around;
mod auth;
mod body;
mod cors;
mod limits;
mod listing;
mod metrics;
mod openapi;
mod params;
mod preconditions;
mod problem;
mod reads;
mod request_id;
mod resources;
mod routes;
mod server;
mod state;
mod version;

pub use app::app;
pub use auth::{Credential, Credentials};
pub use limits::Limits;
pub use metrics::Metrics;
pub use reads::Reads;
pub use server::{Bound, ServerSettings, bind};
pub use state::State;
