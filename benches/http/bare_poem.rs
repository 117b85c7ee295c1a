//! The ceiling of an endpoint: poem over hyper as the server has it, which gives always the same bytes, in a process
//! of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use poem::endpoint::make_sync;
use poem::http::uri::Scheme;
use poem::http::{HeaderMap, HeaderValue};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, EndpointExt, Request, Response, Route, post};
use tokio::net::{TcpListener, TcpStream};

use crate::wire;

/// The argument that makes this program a bare server.
pub const ARGUMENT: &str = "--bare-poem";

/// The process; it ends when its standard input does, so at the latest with this one.
pub struct BarePoem {
    child: Child,
    pub address: SocketAddr,
}

impl BarePoem {
    /// A server that answers `answer`, a whole HTTP response.
    pub fn start(answer: &[u8]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the bench starts again");
        child
            .stdin
            .as_mut()
            .expect("a pipe")
            .write_all(answer)
            .expect("the process reads");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("the process writes");
        Self {
            child,
            address: line.trim().parse().expect("an address"),
        }
    }
}

impl Drop for BarePoem {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What the process does: reads the answer, says its address, and serves until its input ends.
pub fn serve() {
    let mut input = std::io::stdin().lock();
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    let head = loop {
        match wire::frame(&answer) {
            Some((head, end)) if answer.len() >= end => break head,
            _ => match input.read(&mut part).expect("input") {
                0 => return,
                n => answer.extend_from_slice(&part[..n]),
            },
        }
    };
    let headers = headers(&answer[..head]);
    let body: &'static [u8] = answer.split_off(head).leak();
    let endpoint = make_sync(move |_| {
        let mut response = Response::builder().body(body);
        response.headers_mut().clone_from(&headers);
        response
    });
    let endpoint = Arc::new(endpoint);
    let endpoint = Route::new()
        .at("/api/*path", post(Arc::clone(&endpoint)).get(endpoint))
        .map_to_response();
    let endpoint: &'static _ = Box::leak(Box::new(endpoint));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        while let Ok((stream, remote)) = listener.accept().await {
            connection(stream, remote, endpoint);
        }
    });
    while input.read(&mut part).is_ok_and(|n| n > 0) {}
}

/// As `server.rs` does it.
fn connection(
    stream: TcpStream,
    remote: SocketAddr,
    endpoint: &'static (impl Endpoint<Output = Response> + 'static),
) {
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (local, remote) = (LocalAddr(local.into()), RemoteAddr(remote.into()));
        async move {
            let request = Request::from((request, local, remote, Scheme::HTTP));
            let response = endpoint.get_response(request).await;
            Ok::<_, std::convert::Infallible>(hyper::Response::from(response))
        }
    });
    tokio::spawn(async move {
        let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(10));
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    });
}

/// All but those that hyper writes itself.
fn headers(head: &[u8]) -> HeaderMap {
    let head = String::from_utf8_lossy(head);
    let fields = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "));
    let fields = fields.filter(|(name, _)| !["content-length", "date"].contains(name));
    let parse = |(name, value): (&str, &str)| Some((name.parse().ok()?, value.parse().ok()?));
    fields.filter_map(parse).collect::<HeaderMap<HeaderValue>>()
}
