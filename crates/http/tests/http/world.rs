//! A server on a free port, over an embedded log and store.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use bytes::Bytes;
use plaudit_event::TenantId;
use plaudit_http::{Bound, Credential, Credentials, Limits, Metrics, Reads, ServerSettings, State, bind};
use plaudit_ingest::{Absorbed, Handles, Ingest, KnownStatements, LookupError, Parts};
use plaudit_log::{Log, Partition};
use plaudit_log_embedded::EmbeddedLog;
use plaudit_projector::{Make, Projector, ProjectorMetrics, ProjectorOptions};
use plaudit_read_models::{Generations, Progress, definitions, statements};
use plaudit_store::{RecordSource, Store, StoreError};
use plaudit_store_embedded::EmbeddedStore;
use plaudit_xapi::{Fingerprint, StatementId, Timestamp};
use prometheus::Registry;
use reqwest::{Method, RequestBuilder, Response};
use tokio::sync::oneshot;

pub const BODY_BYTES_MAX: usize = 100_000;

/// A tenant on a server.
pub struct World {
    server: Arc<Server>,
    pub address: SocketAddr,
    key: String,
    client: reqwest::Client,
}

/// A server on a thread of its own. Tests that run at once share one, each with its own tenant; the last of them ends it.
struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static NEXT_TENANT: AtomicUsize = AtomicUsize::new(0);
/// More than there are tests.
const TENANTS: usize = 100;

impl Server {
    fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let server = Self::start(limits());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    fn start(limits: Limits) -> Arc<Self> {
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let (_dir, projector, bound) = serve(limits).await;
                tell.send(bound.addresses[0]).unwrap();
                let handle = bound.server.handle();
                actix_web::rt::spawn(bound.server);
                // Dropped or sent, it is over.
                let _ = stopped.await;
                handle.stop(false).await;
                projector.stop().await.unwrap();
            });
        });
        let address = told.recv().expect("the server starts");
        Arc::new(Self { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

struct Known(Reads);

struct Bodies(Arc<EmbeddedLog>);

#[async_trait::async_trait]
impl RecordSource for Bodies {
    async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        let positions: Vec<u64> = places.iter().map(|place| place.1).collect();
        self.0.values(&positions).await.map_err(|error| StoreError::Backend(Box::new(error)))
    }
}

#[async_trait::async_trait]
impl KnownStatements for Known {
    fn absorbed(&self, partition: Partition) -> Absorbed {
        let reached = self.0.progress.reached(statements::NAME, partition);
        Absorbed { next: reached.next, stored: reached.stored }
    }

    async fn fingerprints(
        &self,
        tenant: &TenantId,
        ids: &[StatementId],
    ) -> Result<Vec<Option<Fingerprint>>, LookupError> {
        let generation = self.0.generations.serving(statements::NAME, tenant);
        let found = statements::by_ids(self.0.store.as_ref(), generation, tenant, ids).await?;
        Ok(found.into_iter().map(|found| found.map(|found| found.fingerprint)).collect())
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

impl World {
    /// A new tenant on the shared server.
    pub fn start() -> Self {
        Self::on(Server::shared())
    }

    /// A server of its own.
    pub fn with(limits: Limits) -> Self {
        Self::on(Server::start(limits))
    }

    fn on(server: Arc<Server>) -> Self {
        let number = NEXT_TENANT.fetch_add(1, Ordering::Relaxed);
        assert!(number < TENANTS);
        let address = server.address;
        Self { server, address, key: format!("t{number}"), client: reqwest::Client::new() }
    }

    /// The head of a POST of statements, up to its length.
    pub fn head(&self) -> String {
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:secret", self.key));
        format!(
            "POST /xapi/statements HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {basic}\r\n\
             X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n",
            self.server.address
        )
    }

    /// How many statements the tenant has.
    pub async fn statements(&self) -> usize {
        let found: serde_json::Value = self.get("/xapi/statements").await.json().await.unwrap();
        found["statements"].as_array().unwrap().len()
    }

    /// A request without anything.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with credential, version and content type.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.typeless(method, path).header("Content-Type", "application/json")
    }

    /// A request with credential and version.
    pub fn typeless(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.bare(method, path).basic_auth(&self.key, Some("secret"));
        request.header("X-Experience-API-Version", "1.0.3")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &str) -> Response {
        self.request(Method::POST, path).body(body.to_owned()).send().await.unwrap()
    }

    pub async fn put(&self, path: &str, body: &str) -> Response {
        self.request(Method::PUT, path).body(body.to_owned()).send().await.unwrap()
    }
}

pub fn limits() -> Limits {
    Limits { body_bytes_max: BODY_BYTES_MAX, body_pause_max: Duration::from_millis(200), ..Limits::default() }
}

fn credentials() -> Credentials {
    let authority = br#"{"account":{"homePage":"http://plaudit.test","name":"key"}}"#;
    (0..TENANTS).map(|number| format!("t{number}")).fold(Credentials::default(), |all, name| {
        let credential =
            Credential { tenant: TenantId::new(&name).unwrap(), authority: Arc::from(&authority[..]) };
        all.with(&name, "secret", credential)
    })
}

async fn serve(limits: Limits) -> (tempfile::TempDir, Projector, Bound) {
    let dir = tempfile::tempdir().unwrap();
    let small = plaudit_log_embedded::Options { segment_bytes: 1 << 20, ..Default::default() };
    let embedded = Arc::new(EmbeddedLog::open(&dir.path().join("log"), small).unwrap());
    let log: Arc<dyn Log> = Arc::clone(&embedded) as Arc<dyn Log>;
    let options = plaudit_store_embedded::Options { reserve_bytes: 0, ..Default::default() };
    let bodies = Some(Arc::new(Bodies(embedded)) as Arc<dyn RecordSource>);
    let store: Arc<dyn Store> =
        Arc::new(EmbeddedStore::open(&dir.path().join("store"), options, bodies).unwrap());
    let reads = Reads {
        log: Arc::clone(&log),
        store,
        generations: Generations::default(),
        progress: Progress::default(),
        tables: vec![
            (definitions::NAME, &definitions::DEFINITIONS),
            (statements::NAME, &statements::STATEMENTS),
        ],
    };
    let registry = Registry::new();
    let projector = project(&reads, &registry).await;
    let ingest = Ingest::new(Parts {
        log,
        known: Arc::new(Known(reads.clone())),
        handles: Handles { clock: Arc::new(now), new_id: Arc::new(uuid::Uuid::new_v4) },
        limits: plaudit_ingest::Limits::default(),
        metrics: plaudit_ingest::Metrics::new(&registry).unwrap(),
    });
    ingest.recover().await.unwrap();
    let metrics = Metrics::new(&registry).unwrap();
    let state = State::new(Arc::new(ingest), reads, credentials(), limits, metrics);
    let settings = ServerSettings { workers: 1, ..ServerSettings::default() };
    (dir, projector, bind("127.0.0.1:0", Arc::new(state), settings).unwrap())
}

async fn project(reads: &Reads, registry: &Registry) -> Projector {
    let makes = plaudit_read_models::all().into_iter().map(|(_, make)| Arc::new(make) as Make);
    Projector::start(ProjectorOptions {
        log: Arc::clone(&reads.log),
        store: Arc::clone(&reads.store),
        models: makes.collect(),
        generations: reads.generations.clone(),
        progress: reads.progress.clone(),
        clock: Arc::new(now),
        time_zone: jiff::tz::TimeZone::UTC,
        metrics: ProjectorMetrics::register(registry).unwrap(),
    })
    .await
    .unwrap()
}
