//! Serves the application on a socket.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{HttpServer, web};

use crate::app::app;
use crate::state::State;

/// How the server treats connections.
#[derive(Clone, Copy, Debug)]
pub struct ServerSettings {
    /// Threads that serve requests.
    pub workers: usize,
    /// Connections at once; further ones wait in the backlog.
    pub connections_max: usize,
    /// How long a client may take to send the head of a request; then 408.
    pub head_wait_max: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long a stop waits for requests that are being served.
    pub stop_wait_max: Duration,
}

/// Each costs some kilobytes when idle.
const CONNECTIONS_MAX: usize = 20_000;
/// A head is one packet or two; more time only helps those who want to occupy connections.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(10);
/// Longer than the usual interval between two batches of an LMS, and than what load balancers keep.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Longer than the log may take to confirm.
const STOP_WAIT_MAX: Duration = Duration::from_secs(30);
/// Connections that may wait to be accepted: a burst after a restart.
const BACKLOG: u32 = 4096;

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            connections_max: CONNECTIONS_MAX,
            head_wait_max: HEAD_WAIT_MAX,
            keep_alive: KEEP_ALIVE,
            stop_wait_max: STOP_WAIT_MAX,
        }
    }
}

/// A server that listens; it answers while [`Bound::server`] is awaited.
pub struct Bound {
    /// Runs the server; its handle stops it.
    pub server: Server,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
}

/// Listens on `address` (port 0: any) and makes the server. It leaves signals to the caller.
///
/// # Errors
/// When the address is not to be had.
pub fn bind(
    address: impl ToSocketAddrs,
    state: Arc<State>,
    settings: ServerSettings,
) -> std::io::Result<Bound> {
    let state = web::Data::from(state);
    let workers = settings.workers.max(1);
    let server = HttpServer::new(move || app(state.clone()))
        .workers(workers)
        .backlog(BACKLOG)
        .max_connections(settings.connections_max.div_ceil(workers))
        .client_request_timeout(settings.head_wait_max)
        .keep_alive(settings.keep_alive)
        .tcp_nodelay(true)
        .shutdown_timeout(settings.stop_wait_max.as_secs())
        .disable_signals()
        .bind(address)?;
    Ok(Bound { addresses: server.addrs(), server: server.run() })
}
