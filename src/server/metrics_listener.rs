//! The listener at `metrics.listen`, for those who watch the server.

use std::sync::Arc;

use hyper_util::server::graceful::GracefulShutdown;

use super::acceptor::Acceptor;
use super::{answers, routes};
use crate::app::App;
use crate::config;

/// Connections to `metrics.listen`.
const PLACES: usize = 16;

/// The listener at `metrics.listen`, if that is set, with few connections of its own.
///
/// # Errors
/// The address cannot be had; the text names it and its key.
pub fn bind(app: &Arc<App>) -> Result<Option<Acceptor>, String> {
    let Some(listen) = app.config.metrics.listen else {
        return Ok(None);
    };
    let settings = config::Server {
        listen,
        max_connections: PLACES,
        ..app.config.server.clone()
    };
    let endpoint = answers::shared(routes::watch_endpoint(app));
    Acceptor::bind(&settings, PLACES, None, endpoint)
        .map(Some)
        .map_err(|e| e.replace("server.listen", "metrics.listen"))
}

/// Accepts for ever, or waits for ever when there is nothing to accept.
pub async fn run(acceptor: Option<&Acceptor>, connections: &GracefulShutdown) {
    match acceptor {
        Some(acceptor) => acceptor.run(connections).await,
        None => std::future::pending().await,
    }
}
