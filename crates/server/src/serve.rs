//! Runs the server: starts its parts from the log up, and stops them from the clients down.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use plaudit_http::{Reads, ServerSettings, State};
use plaudit_ingest::{Handles, Ingest};
use plaudit_projector::Projector;
use plaudit_telemetry::{Admin, Checks};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tracing::{error, info};

use crate::config::{Limits, ServeSettings, Settings};
use crate::credential::credentials;
use crate::error::ServerError;
use crate::known::Rows;
use crate::parts::Parts;
use crate::running::{Announced, Running};
use crate::{admin, show};

/// What an impatient operator gets: 128 and the number of SIGTERM's sibling SIGINT.
const EXIT_INTERRUPTED: i32 = 130;

/// A server with all its parts.
pub struct Server {
    parts: Arc<Parts>,
    projector: Arc<Projector>,
    ingest: Arc<Ingest>,
    handles: [ServerHandle; 2],
    served: [JoinHandle<std::io::Result<()>>; 2],
    /// URL of the listener for clients.
    pub url: String,
    /// URL of the listener for operators.
    pub admin: String,
    data_dir: PathBuf,
    /// Key and secret, if they were made just now.
    made: Option<(String, String)>,
    recovered: Arc<AtomicBool>,
    announced: Announced,
}

/// Serves until a signal comes.
pub async fn serve(settings: Settings, serve: ServeSettings) -> Result<(), ServerError> {
    let mut signals = Signals::new()?;
    let server = Server::start(&settings, &serve).await?;
    tokio::select! {
        outcome = server.recover() => {
            outcome?;
            server.tell();
            signals.next().await;
        }
        () = signals.next() => {}
    }
    signals.exit_at_the_next();
    server.stop().await
}

impl Server {
    /// From the log up: backends, projections, ingest, listeners.
    pub async fn start(settings: &Settings, serve: &ServeSettings) -> Result<Self, ServerError> {
        let parts = Arc::new(Parts::open(settings)?);
        let (credentials, made) = credentials(&settings.data_dir, serve)?;
        let projector = Arc::new(parts.projector().await?);
        let ingest = ingest(&parts, &serve.limits)?;
        let metrics = plaudit_http::Metrics::new(&parts.registry)?;
        let reads = reads(&parts, &projector);
        let state = State::new(ingest.clone(), reads, credentials, http_limits(&serve.limits), metrics);
        let http = listen(serve, state)?;
        let recovered = Arc::new(AtomicBool::new(false));
        let operators = listen_admin(&serve.admin_listen, &parts, &projector, recovered.clone())?;
        let (url, admin) = (url(&http.addresses), url(&operators.addresses));
        let running = Running { admin: admin.clone(), pid: std::process::id() };
        Ok(Self {
            announced: running.announce(&settings.data_dir)?,
            handles: [http.server.handle(), operators.server.handle()],
            served: [tokio::spawn(http.server), tokio::spawn(operators.server)],
            data_dir: settings.data_dir.clone(),
            parts,
            projector,
            ingest,
            url,
            admin,
            made,
            recovered,
        })
    }

    /// Reads what the log has beyond the rows; writes are taken from then on.
    pub async fn recover(&self) -> Result<(), ServerError> {
        self.ingest.recover().await?;
        self.recovered.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Its metrics.
    #[cfg(test)]
    pub fn registry(&self) -> &prometheus::Registry {
        &self.parts.registry
    }

    /// Waits until the rows have absorbed what the log has.
    pub async fn catch_up(&self, patience: Duration) -> Result<bool, ServerError> {
        Ok(self.projector.wait_caught_up(patience).await?)
    }

    /// Says where it listens, and the credential if it was made just now.
    fn tell(&self) {
        if let Some((key, secret)) = &self.made {
            show::note(format_args!(
                "A credential was made for this data directory. The secret is shown this once:\n  key:    {key}\n  secret: {secret}"
            ));
        }
        show::line(format_args!(
            "plaudit is ready: xapi={}/xapi admin={} data={}",
            self.url,
            self.admin,
            self.data_dir.display()
        ));
    }

    /// From the clients down: no new requests, what is in flight is confirmed, batches are finished, rows are made durable.
    pub async fn stop(self) -> Result<(), ServerError> {
        info!("stopping: finishing requests");
        for handle in self.handles {
            handle.stop(true).await;
        }
        self.parts.backends.close_log().await;
        let stopped = self.projector.stop().await;
        for server in self.served {
            let _ = server.await;
        }
        drop(self.announced);
        info!("stopped");
        Ok(stopped?)
    }
}

fn ingest(parts: &Parts, limits: &Limits) -> Result<Arc<Ingest>, ServerError> {
    let rows = Rows {
        store: parts.backends.store.clone(),
        generations: parts.generations.clone(),
        progress: parts.progress.clone(),
    };
    let mut ingest_limits = plaudit_ingest::Limits::default();
    if let Some(statements) = limits.unprojected_statements {
        ingest_limits.recents_max = statements;
    }
    if let Some(statements) = limits.statements_per_batch {
        ingest_limits.statements_per_batch_max = statements;
    }
    Ok(Arc::new(Ingest::new(plaudit_ingest::Parts {
        log: parts.backends.log.clone(),
        known: Arc::new(rows),
        handles: Handles { clock: parts.clock.clone(), new_id: Arc::new(uuid::Uuid::new_v4) },
        limits: ingest_limits,
        metrics: plaudit_ingest::Metrics::new(&parts.registry)?,
    })))
}

fn reads(parts: &Parts, projector: &Projector) -> Reads {
    Reads {
        log: parts.backends.log.clone(),
        store: parts.backends.store.clone(),
        generations: parts.generations.clone(),
        progress: parts.progress.clone(),
        tables: projector.models().tables(),
    }
}

fn listen(serve: &ServeSettings, state: State) -> Result<plaudit_http::Bound, ServerError> {
    let mut settings = ServerSettings { workers: serve.workers, ..ServerSettings::default() };
    if let Some(connections) = serve.limits.connections {
        settings.connections_max = connections;
    }
    let listening = plaudit_http::bind(serve.listen.as_str(), Arc::new(state), settings);
    listening.map_err(|cause| ServerError::Listen { address: serve.listen.clone(), cause })
}

fn http_limits(limits: &Limits) -> plaudit_http::Limits {
    let default = plaudit_http::Limits::default();
    plaudit_http::Limits {
        body_bytes_max: limits.body_bytes.unwrap_or(default.body_bytes_max),
        bodies_bytes_max: limits.bodies_bytes.unwrap_or(default.bodies_bytes_max),
        requests_max: limits.requests.unwrap_or(default.requests_max),
        read_wait_max: limits.read_wait_ms.map_or(default.read_wait_max, Duration::from_millis),
        ..default
    }
}

fn listen_admin(
    address: &str,
    parts: &Arc<Parts>,
    projector: &Arc<Projector>,
    recovered: Arc<AtomicBool>,
) -> Result<plaudit_telemetry::Bound, ServerError> {
    let starting = move || match recovered.load(Ordering::Relaxed) {
        true => Ok(()),
        false => Err("the tail of the log is being read".to_owned()),
    };
    let (running, reached) = (projector.clone(), projector.clone());
    let checks = Checks::default()
        .with("ingest", starting)
        .with("projector", move || running.check())
        .with("rows", move || reached.check_caught_up());
    let refreshed = projector.clone();
    let refresh: plaudit_telemetry::Refresh = Arc::new(move || {
        let projector = refreshed.clone();
        Box::pin(async move {
            if let Err(error) = projector.refresh_metrics().await {
                error!(error = show::chain(&error), "lag cannot be measured");
            }
        })
    });
    let shown = Admin { registry: parts.registry.clone(), refresh: vec![refresh], checks };
    let more = admin::resources(parts.clone(), projector.clone());
    let listening = plaudit_telemetry::bind(address, shown, more);
    listening.map_err(|cause| ServerError::Listen { address: address.to_owned(), cause })
}

fn url(addresses: &[std::net::SocketAddr]) -> String {
    addresses.first().map(|address| format!("http://{address}")).unwrap_or_default()
}

/// SIGTERM and SIGINT.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub fn new() -> Result<Self, ServerError> {
        let listen =
            |kind| signal(kind).map_err(|cause| ServerError::System { action: "listen for signals", cause });
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    fn exit_at_the_next(mut self) {
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(EXIT_INTERRUPTED);
        });
    }
}
