//! Clients that send slowly, or never.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::app::TestApp;
use crate::support::http_request::{connect, is_whole};

/// Sends a byte every 50 ms until the server closes; how long that took.
fn drip(mut socket: TcpStream, head: &str) -> Duration {
    let started = Instant::now();
    socket.write_all(head.as_bytes()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    loop {
        match socket.read(&mut [0; 1024]) {
            Ok(0) => return started.elapsed(),
            Err(e) if e.kind() != std::io::ErrorKind::WouldBlock => return started.elapsed(),
            _ => {}
        }
        assert!(started.elapsed() < Duration::from_secs(15), "never cut");
        if socket.write_all(b"x").is_err() {
            return started.elapsed();
        }
    }
}

#[test]
fn connections_that_drip_are_cut_and_nobody_else_waits() {
    let app = TestApp::spawn_with(|config| {
        config.server.header_timeout = Duration::from_millis(400);
        config.server.body_timeout = Duration::from_millis(400);
    });
    let body = "POST /api/wechat/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n";
    std::thread::scope(|scope| {
        for head in ["POST /api/wechat/login HTTP/1.1\r\nX-Slow: ", body] {
            for _ in 0..20 {
                scope.spawn(|| assert!(drip(connect(&app), head) < Duration::from_secs(5)));
            }
        }
        for _ in 0..20 {
            assert_eq!(app.post("/api/system/health").send().status, 200);
        }
    });
}

#[test]
fn connections_beyond_the_limit_wait_their_turn() {
    let app = TestApp::spawn_with(|config| {
        config.server.max_connections = 2;
        config.server.header_timeout = Duration::from_millis(300);
    });
    // One that says nothing, one that begins like HTTP/1 and HTTP/2 alike.
    let mut silent = [connect(&app), connect(&app)];
    silent[1].write_all(b"P").unwrap();
    let started = Instant::now();
    assert_eq!(app.post("/api/system/health").send().status, 200);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_body_that_nobody_needs_and_that_comes_late_does_not_end_the_connection() {
    let app = TestApp::spawn();
    let mut socket = connect(&app);
    for path in [
        "test-helloworld",
        "health",
        "users-count",
        "refresh-token",
        "health",
    ] {
        let head = format!(
            "POST /api/system/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(30));
        socket.write_all(b"{}").unwrap();
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            let mut part = [0; 1024];
            let n = socket
                .read(&mut part)
                .unwrap_or_else(|e| panic!("{path}: {e}"));
            assert!(n > 0, "{path}: the connection was closed");
            answer.extend(&part[..n]);
        }
    }
}

#[test]
fn a_connection_that_was_used_and_falls_silent_is_cut() {
    let app = TestApp::spawn_with(|config| config.server.idle_timeout = Duration::from_millis(300));
    let mut socket = connect(&app);
    socket
        .write_all(b"POST /api/system/health HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut everything = Vec::new();
    socket.read_to_end(&mut everything).unwrap();
    assert!(everything.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn http_2_is_spoken_to_those_who_begin_with_it() {
    let app = TestApp::spawn();
    let mut socket = connect(&app);
    socket
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let mut frame = [0; 9];
    socket.read_exact(&mut frame).unwrap();
    assert_eq!(frame[3], 4, "the first frame is SETTINGS: {frame:?}");
}

#[test]
fn a_compressed_body_is_refused() {
    let app = TestApp::spawn();
    let login = |encoding: &str| {
        let call = app
            .post("/api/wechat/login")
            .header("Content-Encoding", encoding);
        call.json(&serde_json::json!({ "users_wx_code": "alice" }))
            .send()
    };
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, identity"] {
        login(encoding).assert_error(415, "压缩");
    }
    assert_eq!(login("identity").status, 200);
}

#[test]
fn endless_headers_are_refused() {
    let app = TestApp::spawn();
    let mut socket = connect(&app);
    let head = format!(
        "POST /api/system/health HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let _ = socket.write_all(head.as_bytes());
    let mut status = [0; 12];
    socket.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 431");
}
