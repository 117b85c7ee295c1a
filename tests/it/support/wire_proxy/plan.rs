//! Faults, and when they happen.

use std::time::Duration;

use crate::support::wire_proxy::shared::is_commit;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Both sides are closed, and the server never sees it.
    CutBefore,
    /// The server has done it; both sides are closed before the client knows.
    CutAfter,
    /// The server sees it so much later, even when the client went away meanwhile.
    Delay(Duration),
    /// The client sees the answer so much later.
    DelayAnswer(Duration),
    /// It is swallowed, and all that follows on this connection, which stays open.
    Blackhole,
    /// The server does it; its answer is swallowed, and all that follows on this connection, which stays open.
    BlackholeAnswer,
    /// It fails with this SQLSTATE, and nothing of its transaction is done.
    Error(&'static str),
    /// The client gets an error with this SQLSTATE, and the server has done it.
    ErrorAfter(&'static str),
    /// A notice of class 01000 comes before the answer, as PostgreSQL sends it when the wait for a standby was cancelled.
    Warning,
}

/// A fault, and the statement at which it happens.
#[derive(Clone, Debug)]
pub struct Plan {
    point: Point,
    connection: Option<usize>,
    pub fault: Fault,
}

#[derive(Clone, Debug)]
enum Point {
    Commit,
    Statement(String),
}

impl Plan {
    /// At the next COMMIT that is executed.
    pub fn at_commit(fault: Fault) -> Self {
        Self {
            point: Point::Commit,
            connection: None,
            fault,
        }
    }

    /// At the next statement that is executed and has these words.
    pub fn at_statement(words: &str, fault: Fault) -> Self {
        Self {
            point: Point::Statement(words.to_owned()),
            connection: None,
            fault,
        }
    }

    /// Only on this connection.
    pub fn on(self, connection: usize) -> Self {
        Self {
            connection: Some(connection),
            ..self
        }
    }

    pub fn fits(&self, connection: usize, sql: &str) -> bool {
        let is_here = self.connection.is_none_or(|wanted| wanted == connection);
        is_here
            && match &self.point {
                Point::Commit => is_commit(sql),
                Point::Statement(words) => sql.contains(words.as_str()),
            }
    }
}
