//! A client of PocketBase's realtime API: one stream of events.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};

/// An event of the stream.
#[derive(Debug, PartialEq)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
}

/// A client that is connected, with its end of the socket.
pub struct Client {
    pub id: String,
    pub headers: Vec<String>,
    socket: BufReader<TcpStream>,
    text: String,
}

impl Client {
    pub fn connect(app: &TestApp) -> Self {
        Self::over(TcpStream::connect(app.base.trim_start_matches("http://")).unwrap())
    }

    pub fn over(mut socket: TcpStream) -> Self {
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        socket
            .write_all(
                b"GET /api/realtime HTTP/1.1\r\nHost: x\r\nOrigin: https://page.example\r\n\r\n",
            )
            .unwrap();
        let mut client = Self {
            id: String::new(),
            headers: Vec::new(),
            socket: BufReader::new(socket),
            text: String::new(),
        };
        let status = client.line();
        assert_eq!(status, "HTTP/1.1 200 OK");
        loop {
            match client.line() {
                end if end.is_empty() => break,
                header => client.headers.push(header),
            }
        }
        let connected = client.next().unwrap();
        assert_eq!(
            (connected.name.as_str(), &connected.data),
            ("PB_CONNECT", &json!({ "clientId": connected.id }))
        );
        client.id = connected.id;
        client
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.socket.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next event, or nothing at the end of the stream, be it whole or cut.
    pub fn next(&mut self) -> Option<Event> {
        while !self.text.contains("\n\n") {
            let mut head = String::new();
            match self.socket.read_line(&mut head) {
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                read => drop(read.unwrap()),
            }
            let size = usize::from_str_radix(head.trim(), 16).unwrap_or(0);
            let mut chunk = vec![0; size + 2];
            if size == 0 || self.socket.read_exact(&mut chunk).is_err() {
                return None;
            }
            self.text
                .push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        }
        let (event, rest) = self.text.split_once("\n\n").unwrap();
        let (event, rest) = (event.to_owned(), rest.to_owned());
        self.text = rest;
        let mut lines = event.split('\n');
        let mut field = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().to_owned();
        let (id, name, data) = (field("id:"), field("event:"), field("data:"));
        assert_eq!(lines.next(), None);
        Some(Event {
            id,
            name,
            data: serde_json::from_str(&data).unwrap(),
        })
    }

    /// The next event: its topic, what was done, and the record's name.
    pub fn hears(&mut self) -> (String, String, String) {
        let event = self.next().unwrap();
        assert_eq!(event.id, self.id);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (
            event.name,
            text(&event.data["action"]),
            text(&event.data["record"]["users_name"]),
        )
    }

    pub fn subscribe(&self, app: &TestApp, token: &str, topics: &[&str]) {
        let answer = self.ask(app, token, topics);
        assert_eq!((answer.status, answer.text()), (204, ""));
    }

    pub fn ask<T: Serialize>(&self, app: &TestApp, token: &str, topics: &[T]) -> Answer {
        let body = json!({ "clientId": self.id, "subscriptions": topics });
        let call = app.post("/api/realtime").json(&body);
        if token.is_empty() {
            call.send()
        } else {
            call.header("Authorization", token).send()
        }
    }
}
