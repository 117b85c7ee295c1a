//! The listener for watchers, and what there is to see of connections.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::server::graceful::GracefulShutdown;

use super::Acceptor;
use super::routes;
use crate::app::App;
use crate::config;
use crate::metrics::{Gauge, Metrics, gauge};

/// Connections to `metrics.listen`.
const PLACES: usize = 16;

/// How many connections are open.
pub struct Connections(Gauge);

/// A connection that is open until this is dropped.
pub struct Open(Gauge);

impl Connections {
    pub fn new() -> Self {
        Self(gauge("bai_http_connections", "Open connections."))
    }

    pub fn open(&self) -> Open {
        self.0.inc();
        Open(self.0.clone())
    }

    /// Shows how many are open, of so many at `most`.
    pub fn show(&self, metrics: &Metrics, most: usize) {
        metrics.show(&self.0);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        metrics.set(
            "bai_http_connections_max",
            "Connections that may be open: server.max_connections.",
            most,
        );
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The listener at `listen`, with few connections of its own.
pub fn bind(listen: SocketAddr, app: &Arc<App>) -> Result<Acceptor, String> {
    let settings = config::Server {
        listen,
        max_connections: PLACES,
        ..app.config.server.clone()
    };
    let endpoint = Arc::new(poem::endpoint::ToDynEndpoint(routes::watch_endpoint(app)));
    Acceptor::bind(&settings, PLACES, None, endpoint)
        .map_err(|e| e.replace("server.listen", "metrics.listen"))
}

/// Accepts for ever, or waits for ever when there is nothing to accept.
pub async fn run(acceptor: Option<&Acceptor>, connections: &GracefulShutdown) {
    match acceptor {
        Some(acceptor) => acceptor.run(connections).await,
        None => std::future::pending().await,
    }
}
