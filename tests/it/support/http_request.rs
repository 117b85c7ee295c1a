//! Requests of HTTP/1.1 as bytes on a socket, for what no client sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::app::TestApp;

pub fn connect(app: &TestApp) -> TcpStream {
    let socket = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket
}

/// Announces a body, sends a byte of it and no more; the status of the answer.
pub fn slow_body(app: &TestApp, path: &str, token: &str) -> u16 {
    let mut socket = connect(app);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    socket.write_all(head.as_bytes()).unwrap();
    read_status(&mut socket)
}

/// The status of the answer that comes next.
pub fn read_status(socket: &mut TcpStream) -> u16 {
    let mut status = [0; 12];
    socket.read_exact(&mut status).unwrap();
    std::str::from_utf8(&status[9..]).unwrap().parse().unwrap()
}

/// True if all of an answer's body has come.
pub fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    if head.starts_with("HTTP/1.1 204 ") {
        return true;
    }
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    length.is_some_and(|length: usize| body.len() >= length)
}

/// Sends a request that leaves the connection open; head and body of its answer.
pub fn exchange(stream: &mut (impl Read + Write), request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !is_whole(&answer) {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).unwrap();
        assert!(n > 0, "closed after {:?}", String::from_utf8_lossy(&answer));
        answer.extend(&part[..n]);
    }
    String::from_utf8(answer).unwrap()
}
