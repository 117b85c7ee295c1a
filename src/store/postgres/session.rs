//! Session: a connection to a host, with the statements that it has prepared.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio_postgres::error::Severity;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Error, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Values of a statement.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection. Dropped, it is cut at once: the server is asked for nothing more, and never to cancel what it does, because a
/// commit that is cancelled while it waits for the standby is reported as done.
pub struct Session {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
    is_warned: Arc<AtomicBool>,
    driver: AbortHandle,
}

impl Session {
    /// Connects to the host of `config`.
    pub async fn connect(
        config: &tokio_postgres::Config,
        tls: &MakeRustlsConnect,
    ) -> Result<Self, Error> {
        let (client, mut connection) = config.connect(tls.clone()).await?;
        let is_warned = Arc::new(AtomicBool::new(false));
        let warned = Arc::clone(&is_warned);
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message
                    && notice.parsed_severity() == Some(Severity::Warning)
                {
                    warned.store(true, Ordering::Release);
                }
            }
        });
        Ok(Self {
            client,
            statements: Mutex::default(),
            is_warned,
            driver: driver.abort_handle(),
        })
    }

    /// Whether the connection is lost.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether the server has warned of something since it was asked last.
    pub fn take_warning(&self) -> bool {
        self.is_warned.swap(false, Ordering::AcqRel)
    }

    /// Prepares statements, so that those that are sent together later go out in their order.
    pub async fn prepare_all(&self, statements: &[&'static str]) -> Result<(), Error> {
        let prepared = statements.iter().map(|sql| self.prepare(sql));
        futures_util::future::try_join_all(prepared).await?;
        Ok(())
    }

    async fn prepare(&self, sql: &'static str) -> Result<Statement, Error> {
        let known = self.statements.lock().get(sql).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.lock().insert(sql, statement.clone());
        Ok(statement)
    }

    /// The rows of a statement.
    pub async fn query(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql).await?;
        self.client.query(&statement, params).await
    }

    /// Runs a statement; the number of rows that it touched.
    pub async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64, Error> {
        let statement = self.prepare(sql).await?;
        self.client.execute(&statement, params).await
    }

    /// Runs statements without values.
    pub async fn run(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
