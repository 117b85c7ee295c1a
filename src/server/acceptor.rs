//! A listener and its connections, over hyper: poem's own server sets no deadline on request headers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use poem::Request;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::answers::{self, SharedEndpoint};
use super::connection_metrics::Connections;
use super::heard::Heard;
use super::places::{self, Places, TooManyOpen};
use super::requests::Deadlines;
use super::seats::Place;
use super::tls::{Tls, Version};
use crate::config;
use crate::fair::Bounds;
use crate::metrics::Metrics;

/// Requests that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 64;
/// Connections that the system keeps while we do not come to accept them; others try again after a second.
const BACKLOG: u32 = 1024;
/// Bytes of headers that a request may have; nginx takes no more than 8 KiB a line and 32 KiB in all, browsers send far less.
const MAX_HEADERS: u32 = 16 * 1024;
/// Bytes that one HTTP/1 connection may buffer: the headers of a request, a piece of a body or of an answer.
const MAX_BUFFER: usize = 16 * 1024;
/// Bytes of bodies that one HTTP/2 connection, and one stream of it, may have sent before they are read.
const WINDOW: u32 = 128 * 1024;
/// Bytes of an answer that one HTTP/2 stream may have waiting beyond what it is sent in one piece.
const MAX_SEND: usize = 16 * 1024;
/// Bytes of answers that the system takes for one connection before they are sent: by itself it takes up to 4 MiB, and a client that
/// does not read leaves them there, where they count as memory of the service.
const UNSENT: u32 = 16 * 1024;
/// Pause before looking again at a connection that has begun to say which HTTP it speaks.
const PEEK_PAUSE: Duration = Duration::from_millis(10);
/// Pause after an accept error such as "too many open files", so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Time for a request that was sent before the stop, and has not been heard of yet.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

/// A listener with what its connections share.
pub struct Acceptor {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    endpoint: SharedEndpoint,
    places: Places,
    /// Gauge of the connections.
    connections: Connections,
    deadlines: Deadlines,
    /// Dropped with this: connections that have said nothing end soon then.
    accepting: watch::Sender<()>,
}

impl Acceptor {
    /// A listener of whose connections one source may have a `share`.
    pub fn bind(
        settings: &config::Server,
        share: usize,
        tls: Option<Tls>,
        endpoint: SharedEndpoint,
    ) -> Result<Self, String> {
        let address = settings.listen;
        let listener = listen(address).map_err(|e| {
            format!("cannot listen on {address}: {e}; set server.listen to another address")
        })?;
        let bounds = Bounds {
            all: settings.max_connections,
            each: share,
        };
        let places = Places::new(bounds, &settings.trusted_proxies);
        let deadlines = Deadlines {
            headers: settings.header_timeout,
            idle: settings.idle_timeout,
            answer: settings.answer_timeout,
        };
        let tls = tls.map(Arc::new);
        let connections = Connections::new();
        Ok(Self {
            listener,
            tls,
            endpoint,
            places,
            connections,
            deadlines,
            accepting: watch::Sender::new(()),
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Adds how many connections there are, of so many at `most`, to `metrics`.
    pub fn register_metrics(&self, metrics: &Metrics, most: usize) {
        self.connections.register_metrics(metrics, most);
        self.places.register_metrics(metrics);
    }

    /// Accepts for ever; at the limit of connections it waits until one ends.
    pub async fn run(&self, connections: &GracefulShutdown) {
        while let Some(vacancy) = self.places.vacancy().await {
            match self.listener.accept().await {
                Ok((socket, remote)) => match self.places.admit(vacancy, remote.ip()) {
                    Some(place) => self.serve(socket, remote, place, connections),
                    None => places::refuse(&socket, self.tls.is_some()),
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Keeps the certificate as it should be, for ever.
    pub async fn keep_certificate(&self) {
        match &self.tls {
            Some(tls) => tls.keep().await,
            None => std::future::pending().await,
        }
    }

    fn serve(
        &self,
        socket: TcpStream,
        remote: SocketAddr,
        place: Place,
        connections: &GracefulShutdown,
    ) {
        let _ = socket.set_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT);
        let Ok(local) = socket.local_addr() else {
            return;
        };
        let (endpoint, tls) = (Arc::clone(&self.endpoint), self.tls.clone());
        let (http, watcher) = (http(), connections.watcher());
        let deadlines = self.deadlines;
        let stopping = self.accepting.subscribe();
        let (counted, gate) = (self.connections.open(), self.places.opener(remote.ip()));
        tokio::spawn(async move {
            let _counted = counted;
            // Silence, resets, timeouts, failed handshakes and malformed HTTP are the client's affair.
            let opening = self::open(socket, tls.as_deref());
            let opened = tokio::select! {
                biased;
                opened = tokio::time::timeout(deadlines.headers, opening) => opened,
                () = stopped(stopping) => return,
            };
            let Ok(Ok((stream, version))) = opened else {
                return;
            };
            let scheme = if matches!(stream, Either::Left(_)) {
                Scheme::HTTP
            } else {
                Scheme::HTTPS
            };
            let memory = gate.memory();
            let (progress, overrun) = (place.requests().clone(), Arc::new(Notify::new()));
            let noticed = Arc::clone(&overrun);
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let (endpoint, requests) = (Arc::clone(&endpoint), progress.clone());
                let (local, remote) = (LocalAddr(local.into()), RemoteAddr(remote.into()));
                let mut request = Request::from((request, local, remote, scheme.clone()));
                request.set_data(memory.clone());
                // One that is not opened is dropped at once, not when its task has its turn.
                let opened = gate
                    .open()
                    .map(|open| (request, open))
                    .inspect_err(|_| noticed.notify_one());
                // In a box, so that the task of one that is not opened, of which there may be many at once, is small.
                let answer = opened.map(|(request, open)| {
                    Box::pin(async move {
                        requests
                            .open(answers::answer(&endpoint, request, open))
                            .await
                    })
                });
                async move { Ok::<_, TooManyOpen>(answer?.await) }
            });
            let is_http1 = matches!(version, Version::Http1);
            let stream = Heard {
                stream,
                requests: place.requests().clone(),
                is_http1,
            };
            let http = if is_http1 {
                http.http1_only()
            } else {
                http.http2_only()
            };
            let connection = http
                .serve_connection(TokioIo::new(stream), service)
                .into_owned();
            tokio::select! {
                _ = watcher.watch(connection) => {}
                () = place.requests().stall(deadlines) => {}
                () = place.given_up() => {}
                // What HTTP/2 keeps of streams, refused ones too, ends with the connection only.
                () = overrun.notified() => {}
            }
        });
    }
}

/// Waits until the acceptor is gone, and then as long as a request that was sent before may still be on its way.
async fn stopped(mut stopping: watch::Receiver<()>) {
    while stopping.changed().await.is_ok() {}
    tokio::time::sleep(ON_ITS_WAY).await;
}

/// HTTP without deadlines of hyper's: it has one for headers in HTTP/1 only, which counts the pause before them, and none for
/// taking an answer.
fn http() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None)
        .max_buf_size(MAX_BUFFER)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(MAX_SEND)
        .max_header_list_size(MAX_HEADERS);
    builder
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A restart does not wait for connections of the process before it to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A connection, without TLS or with. One type, so that there is one HTTP in the binary; in a box, as TLS needs a KiB more.
type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// Hears which HTTP the client begins to speak; over TLS, where there is some. Who speaks plain HTTP to a server with TLS is
/// told so by the endpoint.
async fn open(socket: TcpStream, tls: Option<&Tls>) -> std::io::Result<(Stream, Version)> {
    if let Some(tls) = tls
        && Tls::is_spoken(&socket).await?
    {
        // In a box, so that connections without TLS have no room for a handshake.
        let (stream, version) = Box::pin(tls.accept(socket)).await?;
        return Ok((Either::Right(Box::new(stream)), version));
    }
    let version = version(&socket).await?;
    Ok((Either::Left(socket), version))
}

/// The HTTP that the client begins to speak. hyper-util would find out by itself, but without a deadline.
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
