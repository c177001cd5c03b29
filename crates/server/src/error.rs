//! What can go wrong with a command.

use std::path::PathBuf;

use plaudit_event::EventError;
use plaudit_ingest::IngestError;
use plaudit_log::LogError;
use plaudit_projector::ProjectorError;
use plaudit_store::StoreError;
use plaudit_telemetry::TelemetryError;

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A file or directory of ours cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// As in `read`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// The configuration file is not what it should be; one line per fault.
    #[error("{} is not a configuration of plaudit:{faults}", path.display())]
    Config {
        /// Which file.
        path: PathBuf,
        /// The faults, each on a line of its own.
        faults: String,
    },
    /// A setting has a value that means nothing.
    #[error("{name} is `{value}`: {problem}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody can listen there.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// The tenant's name is none.
    #[error(transparent)]
    Tenant(#[from] EventError),
    /// The log cannot be opened or read.
    #[error("the log is not usable")]
    Log(#[from] LogError),
    /// The tables cannot be opened or read.
    #[error("the tables are not usable")]
    Store(#[from] StoreError),
    /// The projector does not do what it should.
    #[error(transparent)]
    Projector(#[from] ProjectorError),
    /// Ingest does not start.
    #[error("writes cannot begin")]
    Ingest(#[from] IngestError),
    /// Logs cannot be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// Two metrics have one name.
    #[error("metrics cannot be registered")]
    Metrics(#[from] prometheus::Error),
    /// The system does not give what a server needs.
    #[error("cannot {action}")]
    System {
        /// What was tried.
        action: &'static str,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// The server that runs on the data directory did not answer as it should.
    #[error("the running server does not answer at {url}")]
    Admin {
        /// Where.
        url: String,
        /// Why not.
        #[source]
        cause: reqwest::Error,
    },
    /// The server that runs on the data directory refused.
    #[error("the running server says: {0}")]
    Refused(String),
    /// A term of learning was not played to its end.
    #[error("the simulation stopped")]
    Simulate(#[from] plaudit_simulate::SimulateError),
    /// The command needs the directory for itself.
    #[error("a server runs on {}; stop it before you {action}", path.display())]
    Running {
        /// The directory.
        path: PathBuf,
        /// What was asked.
        action: &'static str,
    },
}
