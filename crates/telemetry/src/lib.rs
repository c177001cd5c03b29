//! What operators see: structured logs, the Prometheus registry, `/metrics`, `/healthz` and `/readyz`.
//!
//! Metrics and health listen on an address of their own ([`bind`]), so that a load balancer never reaches them and a flood of requests
//! never hides them.

mod admin;
mod checks;
mod describe;
mod error;
mod logging;
mod process;

pub use admin::{Admin, Bound, Refresh, bind};
pub use checks::{Check, Checks};
pub use describe::{Description, describe};
pub use error::TelemetryError;
pub use logging::{LogFormat, init};
pub use process::{register_build, register_process};
