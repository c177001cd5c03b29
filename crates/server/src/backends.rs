//! Which log and which store run: the only place that knows. Here the embedded ones, in a data directory.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use plaudit_log::{Log, LogError};
use plaudit_log_embedded::{EmbeddedLog, LogDescription, Verification};
use plaudit_store::{RecordSource, Store, StoreError};
use plaudit_store_embedded::EmbeddedStore;
use prometheus::Registry;
use tempfile::TempDir;

use crate::config::no_file;
use crate::error::ServerError;

/// Where in the data directory the log is.
const LOG_DIR: &str = "log";
/// Where in the data directory the tables are.
const STORE_DIR: &str = "store";
/// How directories of scratch stores begin.
const SCRATCH: &str = "scratch-";

/// The log and the store of a data directory. While it is open, nobody else can open them.
#[derive(Clone)]
pub struct Backends {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The tables.
    pub store: Arc<dyn Store>,
    data_dir: PathBuf,
    embedded: Arc<EmbeddedLog>,
}

/// A store for a replay, which goes when it is dropped.
pub struct Scratch {
    /// The store.
    pub store: Arc<dyn Store>,
    _directory: TempDir,
}

impl Backends {
    /// Opens what is in `data_dir`, or makes it. Blocks while the log recovers.
    pub fn open(data_dir: &Path, registry: &Registry) -> Result<Self, ServerError> {
        for directory in [data_dir.to_owned(), data_dir.join(LOG_DIR), data_dir.join(STORE_DIR)] {
            std::fs::create_dir_all(&directory).map_err(|cause| no_file("make", &directory, cause))?;
        }
        let embedded = open_log(data_dir, Some(registry))?;
        sweep(data_dir);
        let store = open_store(&data_dir.join(STORE_DIR), &embedded)?;
        store.register(registry)?;
        let (log, store) = (embedded.clone(), Arc::new(store));
        Ok(Self { log, store, data_dir: data_dir.to_owned(), embedded })
    }

    /// Where all is.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// An empty store beside the others.
    pub fn scratch(&self) -> Result<Scratch, ServerError> {
        let directory = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&self.data_dir);
        let directory = directory.map_err(|cause| no_file("make a directory in", &self.data_dir, cause))?;
        let store = Arc::new(open_store(directory.path(), &self.embedded)?);
        Ok(Scratch { store, _directory: directory })
    }

    /// Confirms what waits; later appends are refused.
    pub async fn close_log(&self) {
        self.embedded.close().await;
    }
}

/// A log by itself, to look into.
pub struct Inspected(Arc<EmbeddedLog>);

impl Inspected {
    /// Opens the log in `data_dir`, which has to be there.
    pub fn open(data_dir: &Path) -> Result<Self, ServerError> {
        expect_log(data_dir)?;
        Ok(Self(open_log(data_dir, None)?))
    }

    /// As a log.
    pub fn log(&self) -> &dyn Log {
        &*self.0
    }

    /// Its segments.
    pub fn describe(&self) -> LogDescription {
        self.0.describe()
    }

    /// Reads every byte; says after each segment how many of how many are done.
    pub fn check(&self, progress: impl Fn(usize, usize)) -> Verification {
        self.0.verify(|verified| progress(verified.segments, verified.segments_total))
    }
}

/// Whether `data_dir` is in use by another process.
pub fn is_in_use(error: &ServerError) -> bool {
    matches!(error, ServerError::Log(LogError::InUse { .. }))
}

/// Refuses a directory that holds no log: a command on a mistyped name must not make one there and find it in order.
pub fn expect_log(data_dir: &Path) -> Result<(), ServerError> {
    let directory = data_dir.join(LOG_DIR);
    std::fs::metadata(&directory).map(drop).map_err(|cause| no_file("find", &directory, cause))
}

/// Removes what a process left that was killed during a verification. Called by who holds the lock of the log.
fn sweep(data_dir: &Path) {
    let Ok(entries) = std::fs::read_dir(data_dir) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            // What cannot be removed costs space and nothing else; the next start tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn open_log(data_dir: &Path, registry: Option<&Registry>) -> Result<Arc<EmbeddedLog>, ServerError> {
    let mut options = plaudit_log_embedded::Options::default();
    if let Some(registry) = registry {
        options.metrics = plaudit_log_embedded::Metrics::register(registry)?;
    }
    Ok(Arc::new(EmbeddedLog::open(&data_dir.join(LOG_DIR), options)?))
}

fn open_store(directory: &Path, log: &Arc<EmbeddedLog>) -> Result<EmbeddedStore, ServerError> {
    let options = plaudit_store_embedded::Options::default();
    Ok(EmbeddedStore::open(directory, options, Some(Arc::new(Values(log.clone()))))?)
}

tokio::task_local! {
    static PLACES_ONLY: ();
}

/// Does `work` with rows that come without the bodies of their records: for comparing many rows, whose places say it all.
pub async fn without_bodies<T>(work: impl Future<Output = T>) -> T {
    PLACES_ONLY.scope((), work).await
}

/// Bodies of statements are in the log; the tables keep their places.
struct Values(Arc<EmbeddedLog>);

#[async_trait::async_trait]
impl RecordSource for Values {
    async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        if PLACES_ONLY.try_with(|()| ()).is_ok() {
            return Ok(vec![Bytes::new(); places.len()]);
        }
        let positions: Vec<u64> = places.iter().map(|(_, position)| *position).collect();
        self.0.values(&positions).await.map_err(|error| StoreError::Backend(Box::new(error)))
    }
}
