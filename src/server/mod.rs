//! Listening and serving, over hyper: poem's own server sets no deadline on request headers.

pub mod door;
mod requests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request, Response};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::door::Door;
use self::requests::Requests;
use crate::api;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{self, Config, Provider};
use crate::random::Random;
use crate::store::Location;

/// Requests that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 64;
/// Connections that the system keeps while we do not come to accept them; others try again after a second.
const BACKLOG: u32 = 1024;
/// Bytes of headers that a request may have; browsers and proxies stay under 16 KiB.
const MAX_HEADERS: u32 = 32 * 1024;
/// Bytes that one HTTP/1 connection may buffer.
const MAX_BUFFER: usize = 64 * 1024;
/// Requests in flight may take this long after a stop was asked for.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// Pause before looking again at a connection that has begun to say which HTTP it speaks.
const PEEK_PAUSE: Duration = Duration::from_millis(10);
/// Pause after an accept error such as "too many open files", so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that listens but does not answer yet.
pub struct Server {
    acceptor: Acceptor,
    app: Arc<App>,
    door: Option<Door>,
    /// Dropped when the server stops: answers that would go on for ever end then.
    streams: watch::Sender<()>,
}

/// A listener with what its connections share.
struct Acceptor {
    listener: TcpListener,
    endpoint: SharedEndpoint,
    /// A permit for each connection.
    places: Arc<Semaphore>,
    header_timeout: Duration,
    answer_timeout: Duration,
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
        let settings = config.server.clone();
        let app = App::new(config, location, clock, random).await?;
        let (streams, stopping) = watch::channel(());
        let endpoint: SharedEndpoint =
            Arc::new(poem::endpoint::ToDynEndpoint(api::endpoint(&app, stopping)?));
        let acceptor = Acceptor::bind(&settings, endpoint)?;
        let door = open_door(location, &app);
        Ok(Self { acceptor, app, door, streams })
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
        self.acceptor.listener.local_addr()
    }

    /// Answers until `stop` is ready; then lets requests in flight finish, for at most ten seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        let door = OptionFuture::from(self.door.map(|door| tokio::spawn(door.run(self.streams.subscribe()))));
        tokio::select! {
            () = self.acceptor.run(&connections) => {}
            () = stop => {}
        }
        drop((self.acceptor, self.streams));
        let finish = async { tokio::join!(connections.shutdown(), door) };
        if tokio::time::timeout(STOP_DEADLINE, finish).await.is_err() {
            tracing::warn!("stopping although some requests did not finish within {STOP_DEADLINE:?}");
        }
    }
}

/// Without a door the server serves all the same; commands need it to be stopped then.
fn open_door(location: &Location, app: &Arc<App>) -> Option<Door> {
    let Location::File(database) = location else { return None };
    let opened = Door::open(database, app);
    opened
        .inspect_err(|error| {
            let socket = door::path(database);
            tracing::warn!(%error, socket = %socket.display(), "no door: commands such as \"bai user list\" need a stopped server");
        })
        .ok()
}

/// Serves the sandbox on a loopback port of its own for the life of the process, and points the client to it.
async fn start_sandbox(config: &mut Config, clock: Clock) -> Result<(), Box<dyn std::error::Error>> {
    const APP_ID: &str = "sandbox";
    let settings =
        config::Server { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..config::Server::default() };
    let endpoint: SharedEndpoint =
        Arc::new(poem::endpoint::ToDynEndpoint(api::sandbox::endpoint(APP_ID, clock)));
    let acceptor = Acceptor::bind(&settings, endpoint)?;
    config.wechat.base_url = format!("http://{}", acceptor.listener.local_addr()?);
    config.wechat.app_id = APP_ID.into();
    config.wechat.secret = APP_ID.into();
    config.wechat.proxy.clear();
    tokio::spawn(async move { acceptor.run(&GracefulShutdown::new()).await });
    Ok(())
}

impl Acceptor {
    fn bind(settings: &config::Server, endpoint: SharedEndpoint) -> Result<Self, String> {
        let address = settings.listen;
        let listener = listen(address)
            .map_err(|e| format!("cannot listen on {address}: {e}; set server.listen to another address"))?;
        let places = Arc::new(Semaphore::new(settings.max_connections));
        let config::Server { header_timeout, answer_timeout, .. } = *settings;
        Ok(Self { listener, endpoint, places, header_timeout, answer_timeout })
    }

    /// Accepts for ever; at the limit of connections it waits until one ends.
    async fn run(&self, connections: &GracefulShutdown) {
        while let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            match self.listener.accept().await {
                Ok((socket, remote)) => self.serve(socket, remote, place, connections),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn serve(
        &self,
        socket: TcpStream,
        remote: SocketAddr,
        place: OwnedSemaphorePermit,
        connections: &GracefulShutdown,
    ) {
        let _ = socket.set_nodelay(true);
        let Ok(local) = socket.local_addr() else { return };
        let (endpoint, requests) = (Arc::clone(&self.endpoint), Requests::new());
        let opened = requests.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (endpoint, requests) = (Arc::clone(&endpoint), opened.clone());
            let (local, remote) = (LocalAddr(local.into()), RemoteAddr(remote.into()));
            async move {
                let request = Request::from((request, local, remote, Scheme::HTTP));
                let respond = async { hyper::Response::from(endpoint.get_response(request).await) };
                Ok::<_, Infallible>(requests.open(respond).await)
            }
        });
        let (http, watcher) = (self.http(), connections.watcher());
        let (timeout, answer_timeout) = (self.header_timeout, self.answer_timeout);
        tokio::spawn(async move {
            let _place = place;
            // Silence, resets, timeouts and malformed HTTP are the client's affair.
            if let Ok(Ok(version)) = tokio::time::timeout(timeout, version(&socket)).await {
                // hyper has a deadline for headers in HTTP/1 only, and none for taking an answer.
                let (http, idle) = match version {
                    Version::Http1 => (http.http1_only(), answer_timeout.max(timeout)),
                    Version::Http2 => (http.http2_only(), timeout),
                };
                let connection = http.serve_connection(TokioIo::new(socket), service).into_owned();
                tokio::select! {
                    _ = watcher.watch(connection) => {}
                    () = requests.stall(idle, answer_timeout) => {}
                }
            }
        });
    }

    fn http(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(MAX_BUFFER)
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADERS);
        builder
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart does not wait for connections of the process before it to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

enum Version {
    Http1,
    Http2,
}

/// Which HTTP the client begins to speak. hyper-util would find out by itself, but without a deadline.
async fn version(socket: &TcpStream) -> std::io::Result<Version> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut start = [0; PREFACE.len()];
    loop {
        match socket.peek(&mut start).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n if !PREFACE.starts_with(&start[..n]) => return Ok(Version::Http1),
            n if n == PREFACE.len() => return Ok(Version::Http2),
            _ => tokio::time::sleep(PEEK_PAUSE).await,
        }
    }
}
