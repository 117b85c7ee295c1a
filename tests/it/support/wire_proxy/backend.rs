//! Messages on their way from the server to the client.

use std::io;

use tokio::io::BufReader;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::support::wire_proxy::connection::Wire;
use crate::support::wire_proxy::expected::{Expected, Place};
use crate::support::wire_proxy::message::{Message, ends_session};
use crate::support::wire_proxy::plan::Fault;
use crate::support::wire_proxy::shared::Link;

const READY: u8 = b'Z';

pub struct Backend<'a> {
    wire: &'a Wire,
    server: BufReader<ReadHalf<'a>>,
    client: WriteHalf<'a>,
    place: Place,
    /// The next ReadyForQuery answers a query of the proxy.
    drops_ready: bool,
}

impl<'a> Backend<'a> {
    pub fn new(wire: &'a Wire, server: ReadHalf<'a>, client: WriteHalf<'a>) -> Self {
        Self {
            wire,
            server: BufReader::new(server),
            client,
            place: Place::default(),
            drops_ready: false,
        }
    }

    /// Passes on what the server says, until it closes its side. A client that went away does not keep it from its work.
    pub async fn run(&mut self) -> io::Result<()> {
        loop {
            let message = Message::read(&mut self.server).await?;
            if self.drops_ready && message.kind == READY {
                self.drops_ready = false;
                continue;
            }
            self.pass(message).await;
        }
    }

    async fn pass(&mut self, message: Message) {
        let expected = self
            .wire
            .expected
            .lock()
            .unwrap()
            .take(self.place, &message);
        match expected {
            Some(expected) => self.answer(&expected, &message).await,
            None => self.send(&message).await,
        }
        self.place.pass_answer(&message);
    }

    async fn answer(&mut self, expected: &Expected, message: &Message) {
        match expected.fault {
            Fault::CutAfter => self.wire.become_state(Link::Cut).await,
            Fault::BlackholeAnswer => self.wire.become_state(Link::Silent).await,
            Fault::DelayAnswer(time) => tokio::time::sleep(time).await,
            Fault::Warning => self.send(&Message::warning()).await,
            Fault::Error(code) | Fault::ErrorAfter(code) => {
                self.drops_ready = expected.is_substitute;
                return self.send_error(code).await;
            }
            Fault::CutBefore | Fault::Blackhole | Fault::Delay(_) => {}
        }
        self.send(message).await;
    }

    async fn send_error(&mut self, code: &str) {
        self.send(&Message::error(code)).await;
        if ends_session(code) {
            self.wire.become_state(Link::Cut).await;
        }
    }

    async fn send(&mut self, message: &Message) {
        let _ = message.write(&mut self.client).await;
    }
}
