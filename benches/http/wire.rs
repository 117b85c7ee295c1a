//! As much of HTTP/1.1 as both ends of a bench need: messages with `Content-Length` over a connection that is kept.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One end of a connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A request or an answer.
pub struct Message<'a> {
    /// The lines up to the empty one.
    pub head: &'a [u8],
    pub body: &'a [u8],
}

impl Connection {
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4096),
        })
    }

    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    pub async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(message).await
    }

    /// The next message; the other end sends none before it has an answer to its last one.
    pub async fn receive(&mut self) -> io::Result<Message<'_>> {
        self.buffer.clear();
        let (head, end) = loop {
            match frame(&self.buffer) {
                Some((head, end)) if self.buffer.len() >= end => break (head, end),
                _ if self.stream.read_buf(&mut self.buffer).await? == 0 => {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                _ => {}
            }
        };
        Ok(Message {
            head: &self.buffer[..head],
            body: &self.buffer[head..end],
        })
    }

    /// Ready when the other end has gone away.
    pub async fn closed(&mut self) {
        while self
            .stream
            .read_buf(&mut self.buffer)
            .await
            .is_ok_and(|n| n > 0)
        {}
    }
}

/// Where the head and the body of the message in `bytes` end, once its head is whole.
pub fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let mut lines = bytes[..head].split(|byte| *byte == b'\n');
    let length = lines.find_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    Some((head, head + length.unwrap_or(0)))
}

/// The status of an answer.
pub fn status(head: &[u8]) -> u16 {
    let digits = head
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
