//! A request as the stubs of other services hear it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// A request of HTTP/1.1 with its length.
pub struct ReceivedRequest {
    pub method: String,
    pub path: String,
    /// The query behind the `?`, as it came.
    pub query: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// `None` when the client goes away before the end.
    pub fn read(connection: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut start = lines.first()?.split(' ').map(str::to_owned);
        let (method, target) = (start.next()?, start.next()?);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let headers = lines[1..].iter().filter_map(|line| line.split_once(':'));
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut received = Self {
            method,
            path,
            query,
            headers,
            body: Vec::new(),
        };
        received.body = vec![
            0;
            received
                .header("content-length")
                .map_or(0, |length| length.parse().unwrap())
        ];
        reader.read_exact(&mut received.body).ok()?;
        Some(received)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The headers whose names begin with `start`, in small letters.
    pub fn headers(&self, start: &str) -> Vec<(String, String)> {
        let all = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        all.filter(|(name, _)| name.starts_with(start)).collect()
    }

    /// Names and values of the query; a name without a value has an empty one.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }
}
