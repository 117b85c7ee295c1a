//! Answers to requests whose bodies nobody reads: a client that sends all of one, as most do, sees the answer.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::http_request::{connect, exchange};
use crate::support::http2_client::{Client, post};
use crate::support::http2_frames::{DATA, END_STREAM, HEADERS, PING, RST_STREAM, frame};

const MIB: usize = 1 << 20;
/// Below the window that a connection of HTTP/2 has by itself.
const PIECE: [u8; 16 * 1024] = [b' '; 16 * 1024];

fn head(request: &str, headers: &str) -> String {
    format!("{request} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n")
}

fn head_with_length(request: &str, length: usize) -> String {
    head(request, &format!("Content-Length: {length}\r\n"))
}

/// Sends everything before it reads anything, as a client does that sees a broken pipe as an error.
fn send(mut socket: &TcpStream, parts: &[&[u8]]) -> String {
    for part in parts {
        socket.write_all(part).expect("the server reads all of it");
    }
    exchange(&mut socket, "")
}

fn status(answer: &str) -> u16 {
    answer[9..12].parse().unwrap()
}

/// Path, length of the body, status. Limits are on; the superusers' login is not allowed from here.
const REFUSED: [(&str, usize, u16); 17] = [
    ("POST /api/wechat/login", 70 * 1024, 413),
    ("POST /api/platform/login", 5 * MIB, 413),
    ("POST /api/wechat/profile", MIB, 401),
    ("POST /api/system/health", MIB, 200),
    (
        "POST /api/collections/tbl_auth_users/records",
        70 * 1024,
        413,
    ),
    (
        "PATCH /api/collections/tbl_auth_users/records/x",
        7 * MIB,
        413,
    ),
    (
        "POST /api/collections/_superusers/auth-with-password",
        MIB,
        413,
    ),
    ("POST /api/backups/upload", 7 * MIB, 401),
    ("POST /api/nothing", MIB, 404),
    ("GET /api/health", MIB, 200),
    ("PUT /", MIB, 405),
    ("POST //api/health", 1000, 307),
    ("POST //api/health", 7 * MIB, 307),
    ("PATCH /api/./health?a=b", MIB, 307),
    ("OPTIONS /api/health", MIB, 204),
    ("OPTIONS /", 1000, 204),
    ("POST /api/%zz", MIB, 400),
];

#[test]
fn whoever_sends_a_body_that_is_not_read_sees_the_answer_and_may_go_on() {
    let app = TestApp::spawn_with(|config| config.limits.enabled = true);
    for (request, length, expected) in REFUSED {
        let socket = connect(&app);
        let body = vec![b' '; length];
        let announced = head_with_length(request, length);
        let mut answer = send(&socket, &[announced.as_bytes(), &body]);
        assert_eq!(status(&answer), expected, "{request}");
        answer = exchange(&mut &socket, &head_with_length("GET /api/health", 0));
        assert_eq!(status(&answer), 200, "after {request}");
        let chunks = [
            format!("{length:x}\r\n").into_bytes(),
            body,
            b"\r\n0\r\n\r\n".to_vec(),
        ]
        .concat();
        let chunked = head(request, "Transfer-Encoding: chunked\r\n");
        answer = send(&connect(&app), &[chunked.as_bytes(), &chunks]);
        assert_eq!(status(&answer), expected, "{request}, in chunks");
    }
}

#[test]
fn so_do_those_with_a_wrong_type_a_repetition_and_a_superuser_from_elsewhere() {
    let app = TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.console.allow_ips = vec!["203.0.113.0/24".parse().unwrap()];
    });
    let body = vec![b' '; MIB];
    let compressed = head(
        "POST /api/wechat/login",
        &format!("Content-Encoding: gzip\r\nContent-Length: {MIB}\r\n"),
    );
    assert_eq!(
        status(&send(&connect(&app), &[compressed.as_bytes(), &body])),
        415
    );
    let picture = vec![b'x'; MIB];
    for endpoint in [
        "wechat/login",
        "wechat/profile",
        "platform/login",
        "platform/register",
        "system/refresh-token",
    ] {
        let form = format!(
            "POST /api/{endpoint} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=X\r\n"
        );
        let expected = if endpoint == "wechat/profile" {
            401
        } else {
            415
        };
        for length in [100, 70 * 1024] {
            let announced = format!("{form}Content-Length: {length}\r\n\r\n");
            let answer = send(&connect(&app), &[announced.as_bytes(), &picture[..length]]);
            assert_eq!(status(&answer), expected, "{endpoint} {length}");
        }
    }
    app.wechat_login("alice~1").ok();
    // What is small is read, and what follows it on the connection is answered.
    let code = json!({ "users_wx_code": crate::support::canary::code("alice~1") }).to_string();
    let superuser = json!({ "identity": "root@example.com", "password": "12345678" }).to_string();
    for (request, body, expected) in [
        ("POST /api/wechat/login", code, 429),
        (
            "POST /api/collections/_superusers/auth-with-password",
            superuser,
            403,
        ),
    ] {
        let announced = head_with_length(request, body.len());
        let socket = connect(&app);
        for _ in 0..2 {
            let answer = send(&socket, &[announced.as_bytes(), body.as_bytes()]);
            assert_eq!(status(&answer), expected, "{request}");
        }
    }
}

#[test]
fn a_slow_sender_is_waited_for_and_one_that_stops_or_never_ends_is_not() {
    let app = TestApp::spawn_with(|config| config.server.body_timeout = Duration::from_secs(6));
    let announced = head_with_length("POST /api/nothing", MIB);
    let half = vec![b' '; MIB / 2];
    let started = Instant::now();
    let answer = send(
        &connect(&app),
        &[announced.as_bytes(), b"only the beginning"],
    );
    assert_eq!(status(&answer), 404);
    assert!(started.elapsed() < Duration::from_secs(5), "stopped");
    thread::scope(|scope| {
        scope.spawn(|| {
            let socket = connect(&app);
            for part in [announced.as_bytes(), &half] {
                (&socket).write_all(part).unwrap();
                thread::sleep(Duration::from_millis(900));
            }
            assert_eq!(status(&send(&socket, &[&half])), 404);
        });
        scope.spawn(|| {
            let mut socket = connect(&app);
            let endless = head("POST /api/nothing", "Transfer-Encoding: chunked\r\n");
            socket.write_all(endless.as_bytes()).unwrap();
            let started = Instant::now();
            while socket.write_all(b"1\r\nx\r\n").is_ok() {
                thread::sleep(Duration::from_millis(50));
                assert!(started.elapsed() < Duration::from_secs(15), "never cut");
            }
            assert!(started.elapsed() > Duration::from_secs(4));
        });
    });
}

#[test]
fn what_is_too_long_to_be_dropped_or_was_not_sent_yet_is_answered_at_once() {
    let app = TestApp::spawn();
    for headers in [
        format!("Content-Length: {}\r\n", 9 * MIB),
        format!("Content-Length: {MIB}\r\nExpect: 100-continue\r\n"),
    ] {
        let started = Instant::now();
        let head = head("POST /api/nothing", &headers);
        let answer = send(&connect(&app), &[head.as_bytes()]);
        assert_eq!(status(&answer), 404, "{headers}");
        assert!(started.elapsed() < Duration::from_secs(1), "{headers}");
    }
}

#[test]
fn over_http_2_the_stream_is_not_reset_before_its_body_has_come() {
    let app = TestApp::spawn();
    for path in ["/api/nothing", "/api/wechat/profile"] {
        let mut client = Client::connect(&app);
        client.send(&post(1, 0, path));
        client.send(&frame(DATA, 0, 1, &PIECE));
        thread::sleep(Duration::from_millis(300));
        client.send(&frame(DATA, END_STREAM, 1, &PIECE));
        let answered = frames_until(&mut client, DATA);
        client.send(&frame(PING, 0, 0, &[0; 8]));
        let kinds = [answered, frames_until(&mut client, PING)].concat();
        assert!(kinds.contains(&HEADERS), "{path}: {kinds:?}");
        assert!(!kinds.contains(&RST_STREAM), "{path}: {kinds:?}");
    }
}

/// The kinds of the frames up to the first of this kind.
fn frames_until(client: &mut Client, last: u8) -> Vec<u8> {
    let mut kinds = Vec::new();
    while kinds.last() != Some(&last) {
        kinds.push(client.next().expect("the connection is open").kind);
    }
    kinds
}
