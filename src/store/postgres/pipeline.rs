//! Pipeline: statements that are sent one behind the other, without waiting for answers in between.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::session::Session;

/// Statements of a pipeline at most: so many are polled, and so sent, in their order.
const MOST: usize = 30;

/// Statements to be sent together. They have to be prepared already: who prepares one first is overtaken by others.
pub struct Pipeline<'a> {
    session: &'a Session,
    statements: Vec<BoxFuture<'a, Result<Vec<Row>, Error>>>,
}

impl<'a> Pipeline<'a> {
    pub fn new(session: &'a Session) -> Self {
        Self {
            session,
            statements: Vec::new(),
        }
    }

    /// Adds statements without values.
    pub fn run(&mut self, sql: &'static str) {
        let run = self.session.run(sql).map(|ran| ran.map(|()| Vec::new()));
        self.statements.push(run.boxed());
    }

    /// Adds a prepared statement; its place among the answers.
    pub fn query(&mut self, sql: &'static str, params: Vec<&'a (dyn ToSql + Sync)>) -> usize {
        let session = self.session;
        let query = async move { session.query(sql, &params).await };
        self.statements.push(query.boxed());
        self.statements.len() - 1
    }

    /// Sends all; their answers, or the place and the error of the first that failed.
    pub async fn send(self) -> Result<Vec<Vec<Row>>, (usize, Error)> {
        debug_assert!(self.statements.len() <= MOST);
        let answers = join_all(self.statements).await;
        let answers = answers.into_iter().enumerate();
        answers
            .map(|(place, answer)| answer.map_err(|error| (place, error)))
            .collect()
    }
}
