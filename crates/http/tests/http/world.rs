//! A server on a free port, over an embedded log and store.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use plaudit_event::TenantId;
use plaudit_http::{Credential, Credentials, Limits, Metrics, Reads, ServerSettings, State, bind};
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

pub const BODY_BYTES_MAX: usize = 100_000;

pub struct World {
    _dir: tempfile::TempDir,
    _projector: Projector,
    log: Arc<dyn Log>,
    pub address: SocketAddr,
    client: reqwest::Client,
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
    pub async fn start() -> Self {
        Self::with(limits()).await
    }

    pub async fn with(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let small = plaudit_log_embedded::Options { segment_bytes: 1 << 20, ..Default::default() };
        let embedded = Arc::new(EmbeddedLog::open(&dir.path().join("log"), small).unwrap());
        let log: Arc<dyn Log> = Arc::clone(&embedded) as Arc<dyn Log>;
        let options = plaudit_store_embedded::Options { reserve_bytes: 0, ..Default::default() };
        let store: Arc<dyn Store> = Arc::new(
            EmbeddedStore::open(&dir.path().join("store"), options, Some(Arc::new(Bodies(embedded))))
                .unwrap(),
        );
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
            log: Arc::clone(&log),
            known: Arc::new(Known(reads.clone())),
            handles: Handles { clock: Arc::new(now), new_id: Arc::new(uuid::Uuid::new_v4) },
            limits: plaudit_ingest::Limits::default(),
            metrics: plaudit_ingest::Metrics::new(&registry).unwrap(),
        });
        ingest.recover().await.unwrap();
        let address = serve(State::new(
            Arc::new(ingest),
            reads,
            credentials(),
            limits,
            Metrics::new(&registry).unwrap(),
        ));
        Self { _dir: dir, _projector: projector, log, address, client: reqwest::Client::new() }
    }

    /// How many records the log has.
    pub async fn head(&self) -> u64 {
        self.log.head(0).await.unwrap().0
    }

    /// A request without anything.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with credential, version and content type.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.bare(method, path).basic_auth("key", Some("secret"));
        request.header("X-Experience-API-Version", "1.0.3").header("Content-Type", "application/json")
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
    let tenant = TenantId::new("tenant").unwrap();
    let authority = br#"{"account":{"homePage":"http://plaudit.test","name":"key"}}"#;
    Credentials::default().with("key", "secret", Credential { tenant, authority: Arc::from(&authority[..]) })
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

fn serve(state: State) -> SocketAddr {
    let settings = ServerSettings { workers: 1, ..ServerSettings::default() };
    let bound = bind("127.0.0.1:0", Arc::new(state), settings).unwrap();
    let address = bound.addresses[0];
    actix_web::rt::spawn(bound.server);
    address
}
