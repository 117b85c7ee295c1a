//! HTTP/2 by its frames (RFC 9113), since no client would do what is done here.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::support::app::TestApp;
use crate::support::http2_client::{Client, post};
use crate::support::http2_frames::{
    CONTINUATION, END_HEADERS, END_STREAM, FRAME_HEAD, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
    frame,
};

const MAX_CONCURRENT_STREAMS: [u8; 2] = [0, 3];
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];

#[test]
fn a_request_over_http_2_is_answered() {
    let app = TestApp::spawn();
    Client::connect(&app).assert_healthy();
}

#[test]
fn one_connection_may_have_64_requests_open() {
    let app = TestApp::spawn();
    let mut client = Client::connect(&app);
    let settings = client
        .find(|frame| frame.kind == SETTINGS && !frame.payload.is_empty())
        .unwrap();
    let told = settings
        .payload
        .chunks(6)
        .find(|setting| setting[..2] == MAX_CONCURRENT_STREAMS)
        .unwrap();
    assert_eq!(told[2..], [0, 0, 0, 64]);
    for n in 0..66 {
        client.send(&post(2 * n + 1, 0, "/api/wechat/login"));
    }
    for refused in [129, 131] {
        let reset = client.find(|frame| frame.kind == RST_STREAM).unwrap();
        assert_eq!(
            (reset.stream, reset.payload.as_slice()),
            (refused, REFUSED_STREAM.as_slice())
        );
    }
    assert_eq!(app.post("/api/system/health").send().status, 200);
}

#[test]
fn a_client_that_opens_and_resets_streams_is_cut() {
    let app = TestApp::spawn();
    let mut client = Client::connect(&app);
    let pair = |n: u32| {
        let stream = 2 * n + 1;
        [
            post(stream, END_STREAM, "/api/system/health"),
            frame(RST_STREAM, 0, stream, &CANCEL),
        ]
        .concat()
    };
    let burst: Vec<u8> = (0..5_000).flat_map(pair).collect();
    // It may be cut before all is sent.
    let _ = client.0.write_all(&burst);
    if let Some(goaway) = client.find(|frame| frame.kind == GOAWAY) {
        assert_eq!(goaway.payload[4..8], ENHANCE_YOUR_CALM);
    }
    assert!(client.next().is_none(), "not closed");
    assert_eq!(app.post("/api/system/health").send().status, 200);
}

/// Headers that go on and on (CVE-2024-27316 and its like).
#[test]
fn a_client_whose_headers_never_end_is_cut() {
    let app = TestApp::spawn();
    let mut client = Client::connect(&app);
    client.send(&frame(HEADERS, 0, 1, &[0x83, 0x86]));
    // A literal field without indexing: its name of one byte, and a value of 4,000.
    let field = [&[0x00, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'x'; 4_000]].concat();
    let endless: Vec<u8> = (0..2_000)
        .flat_map(|_| frame(CONTINUATION, 0, 1, &field))
        .collect();
    // It may be cut before all is sent.
    let _ = client.0.write_all(&endless);
    let answer = client.find(|frame| frame.kind == GOAWAY || frame.kind == HEADERS);
    if answer.is_some_and(|frame| frame.kind == GOAWAY) {
        assert!(client.next().is_none(), "not closed");
    }
    assert_eq!(app.post("/api/system/health").send().status, 200);
}

/// A few bytes that stand for many: an entry of HPACK's table, named again and again (RFC 7541, section 7.3).
#[test]
fn headers_that_unpack_to_more_than_their_bound_are_refused() {
    let app = TestApp::spawn();
    let mut client = Client::connect(&app);
    // A literal field with indexing, which becomes entry 62: a value of 4,000 bytes.
    let entry = [&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'x'; 4_000]].concat();
    let path = [&[0x83, 0x86, 0x04, 18][..], b"/api/system/health"].concat();
    let bomb = [path, entry, vec![0x80 | 0x3e; 4_000]].concat();
    client.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb));
    let answer = client
        .find(|frame| matches!(frame.kind, HEADERS | RST_STREAM | GOAWAY))
        .unwrap();
    assert_ne!(
        (answer.kind, answer.payload[0]),
        (HEADERS, 0x88),
        "answered with :status 200"
    );
    assert_eq!(app.post("/api/system/health").send().status, 200);
}

/// HTTP/1 has its deadline for headers; here a client can also be silent, drip a header frame, or only send pings.
#[test]
fn a_connection_without_a_request_is_cut_in_time() {
    let app =
        TestApp::spawn_with(|config| config.server.header_timeout = Duration::from_millis(400));
    let unfinished = frame(HEADERS, 0, 1, &[0x83]);
    let ping = frame(PING, 0, 0, &[0; 8]);
    for (what, repeated) in [
        ("silent", Vec::new()),
        ("drips", b"\x00".to_vec()),
        ("pings", ping),
    ] {
        let mut client = Client::connect(&app);
        if what == "drips" {
            client.send(&unfinished);
            client.send(&frame(9, 0, 1, &[0; 200])[..FRAME_HEAD]);
        }
        client
            .0
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let started = Instant::now();
        loop {
            assert!(
                started.elapsed() < Duration::from_secs(4),
                "{what}: never cut"
            );
            match client.0.read(&mut [0; 1024]) {
                Ok(0) => break,
                Err(error) if error.kind() != ErrorKind::WouldBlock => break,
                _ => {}
            }
            if client.0.write_all(&repeated).is_err() {
                break;
            }
        }
        assert!(
            started.elapsed() > Duration::from_millis(300),
            "{what}: cut after {:?}",
            started.elapsed()
        );
    }
}
