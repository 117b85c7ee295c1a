//! Connections between two requests: how long they stay, and which go when places are short.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bai::config::Config;
use tokio::net::TcpSocket;

use crate::support::app::TestApp;
use crate::support::binary::{Running, bai};
use crate::support::http_request::exchange;
use crate::support::http2_client::Client;
use crate::support::http2_frames::{PING, frame};

const HEALTH: &str = "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n";
const HEADERS: Duration = Duration::from_millis(400);
const IDLE: Duration = Duration::from_secs(2);
const ALICE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const BOB: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

fn spawn(configure: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::spawn_with(|config| {
        config.server.header_timeout = HEADERS;
        config.server.idle_timeout = IDLE;
        configure(config);
    })
}

fn connect(app: &TestApp, from: Ipv4Addr) -> TcpStream {
    let server: SocketAddr = app.base.trim_start_matches("http://").parse().unwrap();
    let connected = app.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(server).await.unwrap().into_std().unwrap()
    });
    connected.set_nonblocking(false).unwrap();
    connected
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    connected
}

fn ask(mut socket: &TcpStream) {
    assert!(exchange(&mut socket, HEALTH).starts_with("HTTP/1.1 200"));
}

/// A connection that has had a request.
fn used(app: &TestApp, from: Ipv4Addr) -> TcpStream {
    let socket = connect(app, from);
    ask(&socket);
    socket
}

/// The time until the server closes, which says nothing more.
fn closed_after(mut stream: impl Read) -> Duration {
    let started = Instant::now();
    let mut left = Vec::new();
    let end = stream.read_to_end(&mut left);
    assert!(
        end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
        "not closed"
    );
    started.elapsed()
}

#[test]
fn a_connection_that_was_used_stays_for_the_idle_time() {
    let app = spawn(|_| ());
    let mut socket = used(&app, ALICE);
    for _ in 0..3 {
        std::thread::sleep(2 * HEADERS);
        ask(&socket);
    }
    let after = closed_after(&mut socket);
    assert!(after > IDLE * 9 / 10 && after < 2 * IDLE, "{after:?}");
    let mut client = Client::connect(&app);
    client.assert_healthy();
    std::thread::sleep(2 * HEADERS);
    client.send(&frame(PING, 0, 0, &[0; 8]));
    client.find(|frame| frame.kind == PING).unwrap();
    let after = closed_after(&mut client.0);
    assert!(after < 2 * IDLE, "{after:?}");
}

#[test]
fn one_without_a_request_and_headers_that_do_not_end_have_the_short_deadline() {
    let app = spawn(|config| config.server.idle_timeout = Duration::from_mins(1));
    let never = connect(&app, ALICE);
    let used = used(&app, ALICE);
    for (mut socket, said) in [(&never, ""), (&used, "GET /api/he")] {
        socket.write_all(said.as_bytes()).unwrap();
        let after = closed_after(socket);
        assert!(after < 10 * HEADERS, "{said:?}: {after:?}");
    }
}

#[test]
fn when_places_are_short_the_one_that_is_idle_for_longest_goes() {
    let app = spawn(|config| {
        config.server.max_connections = 4;
        config.limits.source_percent = 100;
        config.server.idle_timeout = Duration::from_mins(1);
    });
    let [first, second, third] = [0; 3].map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        used(&app, ALICE)
    });
    ask(&first);
    let fourth = used(&app, BOB);
    assert!(closed_after(&second) < Duration::from_secs(5));
    for open in [&first, &third, &fourth] {
        ask(open);
    }
}

#[test]
fn a_source_that_has_its_share_loses_an_idle_one_of_its_own() {
    let app = spawn(|config| {
        config.server.max_connections = 8;
        config.limits.enabled = true;
        config.server.idle_timeout = Duration::from_mins(1);
    });
    let other = used(&app, BOB);
    let first = used(&app, ALICE);
    let second = used(&app, ALICE);
    let third = used(&app, ALICE);
    assert!(closed_after(&first) < Duration::from_secs(5));
    for open in [&other, &second, &third] {
        ask(open);
    }
}

/// A proxy does not repeat a POST whose connection ended.
#[test]
fn a_proxy_s_idle_connections_go_last() {
    let app = spawn(|config| {
        config.server.max_connections = 4;
        config.limits.source_percent = 100;
        config.server.idle_timeout = Duration::from_mins(1);
        config.server.trusted_proxies = vec!["127.0.0.4/32".parse().unwrap()];
    });
    let of_the_proxy = used(&app, PROXY);
    let [first, second] = [0; 2].map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        used(&app, ALICE)
    });
    let last = used(&app, BOB);
    assert!(closed_after(&first) < Duration::from_secs(5));
    for open in [&of_the_proxy, &second, &last] {
        ask(open);
    }
}

/// A browser's spare connection, or the check of a load balancer, is no request in flight.
#[test]
fn connections_that_have_said_nothing_do_not_hold_up_the_stop() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(bai(dir.path(), &["serve"]));
    let server = running.base.trim_start_matches("http://").to_owned();
    let silent: Vec<_> = (0..3)
        .map(|_| TcpStream::connect(&server).unwrap())
        .collect();
    let mut asking = TcpStream::connect(&server).unwrap();
    assert!(exchange(&mut asking, HEALTH).starts_with("HTTP/1.1 200"));
    let started = Instant::now();
    running.signal("-TERM");
    assert!(running.wait().0);
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    drop(silent);
}
