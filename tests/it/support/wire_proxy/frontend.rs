//! Messages on their way from the client to the server.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::support::wire_proxy::connection::Wire;
use crate::support::wire_proxy::expected::{Expected, Place};
use crate::support::wire_proxy::message::Message;
use crate::support::wire_proxy::plan::Fault;
use crate::support::wire_proxy::shared::{Link, Seen, is_commit};
use crate::support::wire_proxy::statements::Statements;

const EXECUTE: u8 = b'E';
const QUERY: u8 = b'Q';
const SYNC: u8 = b'S';

pub struct Frontend<'a> {
    wire: &'a Wire,
    client: BufReader<ReadHalf<'a>>,
    server: WriteHalf<'a>,
    statements: Statements,
    place: Place,
    /// After an error in a round of several messages, as the server itself would.
    skips_to_sync: bool,
}

impl<'a> Frontend<'a> {
    pub fn new(wire: &'a Wire, client: ReadHalf<'a>, server: WriteHalf<'a>) -> Self {
        Self {
            wire,
            client: BufReader::new(client),
            server,
            statements: Statements::default(),
            place: Place::of_first_message(),
            skips_to_sync: false,
        }
    }

    /// Passes on what the client says, and its end.
    pub async fn run(&mut self) {
        while let Ok(message) = Message::read(&mut self.client).await {
            if self.pass(message).await.is_err() {
                break;
            }
        }
        let _ = self.server.shutdown().await;
    }

    async fn pass(&mut self, message: Message) -> io::Result<()> {
        if self.skips_to_sync && message.kind != SYNC {
            return Ok(());
        }
        self.skips_to_sync = false;
        let sql = self.statements.follow(&message);
        let fault = sql.as_deref().and_then(|sql| self.see(&message, sql));
        match (fault, sql) {
            (Some(fault), Some(sql)) => self.fail(fault, &message, is_commit(&sql)).await?,
            _ => message.write(&mut self.server).await?,
        }
        self.place.pass_request(&message);
        Ok(())
    }

    /// Notes a statement; the fault that is planned for its execution.
    fn see(&self, message: &Message, sql: &str) -> Option<Fault> {
        let connection = self.wire.number;
        self.wire.shared.see(Seen {
            connection,
            kind: message.kind.into(),
            sql: sql.to_owned(),
        });
        match message.kind {
            QUERY | EXECUTE => self.wire.shared.take(connection, sql),
            _ => None,
        }
    }

    async fn fail(&mut self, fault: Fault, message: &Message, is_commit: bool) -> io::Result<()> {
        match fault {
            Fault::CutBefore => self.wire.become_state(Link::Cut).await,
            Fault::Blackhole => self.wire.become_state(Link::Silent).await,
            Fault::Delay(time) => self.delay(time, message).await,
            Fault::Error(_) => self.refuse(fault, message, is_commit).await,
            Fault::ErrorAfter(_) => {
                self.expect(fault, is_commit, false);
                self.skips_to_sync = message.kind == EXECUTE;
                message.write(&mut self.server).await
            }
            Fault::CutAfter | Fault::DelayAnswer(_) | Fault::BlackholeAnswer | Fault::Warning => {
                self.expect(fault, is_commit, false);
                message.write(&mut self.server).await
            }
        }
    }

    async fn delay(&mut self, time: Duration, message: &Message) -> io::Result<()> {
        tokio::time::sleep(time).await;
        message.write(&mut self.server).await
    }

    /// Asks the server, in the place of the statement, for what leaves it as the error would: no transaction after a COMMIT,
    /// a failed one after another statement.
    async fn refuse(&mut self, fault: Fault, message: &Message, is_commit: bool) -> io::Result<()> {
        let is_in_round = message.kind == EXECUTE;
        self.expect(fault, is_commit, is_in_round);
        self.skips_to_sync = is_in_round;
        let substitute = match is_commit {
            true => "ROLLBACK",
            false => "refused by the proxy",
        };
        Message::query(substitute).write(&mut self.server).await
    }

    fn expect(&self, fault: Fault, is_commit: bool, is_substitute: bool) {
        self.wire.expected.lock().unwrap().push(Expected {
            place: self.place,
            fault,
            is_commit,
            is_substitute,
        });
    }
}
