//! A client of HTTP/2 that sends and reads single frames.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::app::TestApp;
use crate::support::http2_frames::{self, DATA, END_STREAM, FRAME_HEAD, HEADERS, POST, greeting};

pub struct Frame {
    pub kind: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// A `POST` to a path.
pub fn post(stream: u32, flags: u8, path: &str) -> Vec<u8> {
    http2_frames::request(POST, stream, flags, path, &[])
}

/// A client over a plain connection, or another stream.
pub struct Client<S = TcpStream>(pub S);

impl Client {
    pub fn connect(app: &TestApp) -> Self {
        let socket = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self::greet(socket)
    }
}

impl<S: Read + Write> Client<S> {
    pub fn greet(mut stream: S) -> Self {
        stream.write_all(&greeting(&[])).unwrap();
        Self(stream)
    }

    pub fn assert_healthy(&mut self) {
        self.send(&post(1, END_STREAM, "/api/system/health"));
        let headers = self.find(|frame| frame.kind == HEADERS).unwrap();
        assert_eq!(headers.payload[0], 0x88, "not :status 200");
        let data = self.find(|frame| frame.kind == DATA).unwrap();
        assert!(String::from_utf8(data.payload).unwrap().contains("healthy"));
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// The next frame; nothing when the server has closed.
    pub fn next(&mut self) -> Option<Frame> {
        let mut head = [0; FRAME_HEAD];
        match self.0.read_exact(&mut head) {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                ) =>
            {
                return None;
            }
            result => result.unwrap(),
        }
        let (length, kind, _, stream) = http2_frames::head(head);
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        Some(Frame {
            kind,
            stream,
            payload,
        })
    }

    pub fn find(&mut self, wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        std::iter::from_fn(|| self.next()).find(wanted)
    }
}
