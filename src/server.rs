//! Listening and serving, over hyper: poem's own server sets no deadline on request headers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request, Response};
use tokio::net::{TcpListener, TcpStream};

use crate::api;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Provider};
use crate::random::Random;
use crate::store::Location;

/// A request's headers have to arrive within this time.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// Requests in flight may take this long after a stop was asked for.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// Pause after an accept error such as "too many open files", so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that listens but does not answer yet.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    endpoint: SharedEndpoint,
}

type SharedEndpoint = Arc<dyn poem::endpoint::DynEndpoint<Output = Response>>;

impl Server {
    /// Starts everything that the configuration asks for: the sandbox, the store, the listener.
    ///
    /// # Errors
    /// The store cannot be opened, the address not be bound, or the like; the text says which.
    pub async fn bind(
        mut config: Config,
        location: &Location,
        clock: Clock,
        random: Random,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        if config.wechat.provider == Provider::Sandbox {
            start_sandbox(&mut config, clock.clone()).await?;
        }
        let listen = config.server.listen;
        let app = App::new(config, location, clock, random).await?;
        let endpoint: SharedEndpoint = Arc::new(poem::endpoint::ToDynEndpoint(api::endpoint(&app)?));
        let listener = bind(listen).await?;
        Ok(Self { listener, app, endpoint })
    }

    /// What the server works with.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The address that it listens on, with the port that was chosen if port 0 was asked for.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is ready; then lets requests in flight finish, for at most ten seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        tokio::select! {
            () = accept(&self.listener, &self.endpoint, &connections) => {}
            () = stop => {}
        }
        drop(self.listener);
        if tokio::time::timeout(STOP_DEADLINE, connections.shutdown()).await.is_err() {
            tracing::warn!("stopping although some requests did not finish within {STOP_DEADLINE:?}");
        }
    }
}

/// Serves the sandbox on a loopback port of its own for the life of the process, and points the client to it.
async fn start_sandbox(config: &mut Config, clock: Clock) -> Result<(), Box<dyn std::error::Error>> {
    const APP_ID: &str = "sandbox";
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    config.wechat.base_url = format!("http://{}", listener.local_addr()?);
    config.wechat.app_id = APP_ID.into();
    config.wechat.secret = APP_ID.into();
    config.wechat.proxy.clear();
    let endpoint: SharedEndpoint =
        Arc::new(poem::endpoint::ToDynEndpoint(api::sandbox::endpoint(APP_ID, clock)));
    tokio::spawn(async move { accept(&listener, &endpoint, &GracefulShutdown::new()).await });
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|e| format!("cannot listen on {address}: {e}; set server.listen to another address"))
}

async fn accept(listener: &TcpListener, endpoint: &SharedEndpoint, connections: &GracefulShutdown) {
    loop {
        match listener.accept().await {
            Ok((socket, remote)) => serve(socket, remote, endpoint, connections),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn serve(socket: TcpStream, remote: SocketAddr, endpoint: &SharedEndpoint, connections: &GracefulShutdown) {
    let _ = socket.set_nodelay(true);
    let Ok(local) = socket.local_addr() else { return };
    let endpoint = Arc::clone(endpoint);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let endpoint = Arc::clone(&endpoint);
        let (local, remote) = (LocalAddr(local.into()), RemoteAddr(remote.into()));
        async move {
            let request = Request::from((request, local, remote, Scheme::HTTP));
            Ok::<_, Infallible>(hyper::Response::from(endpoint.get_response(request).await))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_DEADLINE);
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(socket), service).into_owned();
    let watched = connections.watch(connection);
    tokio::spawn(async move {
        // Errors here are the client's: resets, timeouts, malformed HTTP.
        let _ = watched.await;
    });
}
