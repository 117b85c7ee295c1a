//! Client of the admin commands, for a process of its own: it sends them to the server that has the database open, or runs them on
//! the file or on PostgreSQL.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::command::AdminCommand;
use super::context::Admin;
use super::failure::Failure;
use super::io::{Caller, Input, Io, Output};
use super::run::run;
use super::socket::connection::Connection;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;
use crate::store::Location;
use crate::store::file::ensure_current;

/// A client, for several commands one after the other.
pub struct Client {
    runtime: Runtime,
    target: Target,
    /// Time that a call of the server has; `None`: as long as it takes.
    limit: Option<Duration>,
}

enum Target {
    /// A running server.
    Server {
        database: PathBuf,
        /// The connection for the next command, if it is not too old.
        connection: Option<Connection>,
    },
    /// The database itself: a file that no server has open, or one on PostgreSQL.
    Database(Admin),
}

/// An answer as it comes.
pub struct Answer<'a> {
    runtime: &'a Runtime,
    caller: Caller,
    end: JoinHandle<Result<(), Failure>>,
}

impl Client {
    /// A client of the server that has the database open; `None`: there is none.
    ///
    /// # Errors
    /// The server cannot be reached, is another program, or lets nobody in.
    pub fn connect(database: &Path) -> Result<Option<Self>, Failure> {
        Self::of_server(database, None)
    }

    /// As [`Client::connect`], of a server that has so much time for each call of [`Client::rows`].
    ///
    /// # Errors
    /// As there; [`Cause::Silent`](super::failure::Cause::Silent): it does not answer in time.
    pub fn connect_within(database: &Path, limit: Duration) -> Result<Option<Self>, Failure> {
        Self::of_server(database, Some(limit))
    }

    fn of_server(database: &Path, limit: Option<Duration>) -> Result<Option<Self>, Failure> {
        let runtime = new_runtime()?;
        let opened = runtime.block_on(within(limit, Connection::open(database)));
        let Some(connection) = opened? else {
            return Ok(None);
        };
        let target = Target::Server {
            database: database.to_owned(),
            connection: Some(connection),
        };
        Ok(Some(Self {
            runtime,
            target,
            limit,
        }))
    }

    /// A client of the database file, which is made if it is missing.
    ///
    /// # Errors
    /// It does not open, another process has it open, or it is of an older version.
    pub fn open_file(config: &Config) -> Result<Self, Failure> {
        ensure_current(&config.store.path)?;
        Self::open_location(config, &Location::File(config.store.path.clone()))
    }

    /// A client of the database file for commands that change nothing: no byte of it is written.
    ///
    /// # Errors
    /// As [`Client::open_file`]; it is not there.
    pub fn open_to_read(config: &Config) -> Result<Self, Failure> {
        Self::open_location(config, &Location::ReadOnly(config.store.path.clone()))
    }

    /// A client of the database on PostgreSQL, beside the servers that work on it.
    ///
    /// # Errors
    /// It is not there, unfit, or of another version.
    pub fn open_postgres(config: &Config) -> Result<Self, Failure> {
        // The configuration names a database that is in no place.
        Self::open_location(config, &Location::memory())
    }

    fn open_location(config: &Config, location: &Location) -> Result<Self, Failure> {
        let runtime = new_runtime()?;
        let app = App::new(config.clone(), location, Clock::System, Random::System);
        let app = runtime.block_on(app)?;
        Ok(Self {
            runtime,
            target: Target::Database(Admin::of_app(&app)),
            limit: None,
        })
    }

    /// Sends the command.
    ///
    /// # Errors
    /// The server has gone away meanwhile.
    pub fn send(&mut self, command: AdminCommand) -> Result<Answer<'_>, Failure> {
        let (mut io, caller) = Io::new();
        let (runtime, limit) = (&self.runtime, self.limit);
        let end = match &mut self.target {
            Target::Database(admin) => {
                let admin = admin.clone();
                runtime.spawn(async move { run(&admin, command, &mut io).await })
            }
            Target::Server {
                database,
                connection,
            } => {
                let connection = connection.take().filter(Connection::is_fresh);
                let connection = match connection {
                    Some(fresh) => fresh,
                    None => runtime.block_on(within(limit, reconnect(database)))?,
                };
                runtime.spawn(connection.run(command, io))
            }
        };
        Ok(Answer {
            runtime,
            caller,
            end,
        })
    }

    /// Sends the command; all rows of its answer.
    ///
    /// # Errors
    /// The command's failure.
    pub fn rows(&mut self, command: AdminCommand) -> Result<Vec<Value>, Failure> {
        let limit = self.limit;
        let answer = self.send(command)?;
        let rows = collect(answer.caller, answer.end);
        answer.runtime.block_on(within(limit, rows))
    }

    /// Sends the command; the first row of its answer.
    ///
    /// # Errors
    /// The command's failure; there is no row.
    pub fn row(&mut self, command: AdminCommand) -> Result<Value, Failure> {
        let rows = self.rows(command)?;
        rows.into_iter()
            .next()
            .ok_or_else(|| Failure::failed("nothing came"))
    }
}

impl Answer<'_> {
    /// The next piece; `None` at the end, be it good or bad.
    pub fn receive(&mut self) -> Option<Output> {
        self.runtime.block_on(self.caller.output.recv())
    }

    /// Gives the command the next bytes of a file.
    ///
    /// # Errors
    /// It takes no more: how it ended says why.
    pub fn send_bytes(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        self.send(Input::Bytes(bytes))
    }

    /// Tells the command that the file is whole.
    ///
    /// # Errors
    /// As [`Answer::send_bytes`].
    pub fn end_of_input(&mut self) -> Result<(), Failure> {
        self.send(Input::End)
    }

    fn send(&mut self, input: Input) -> Result<(), Failure> {
        let sent = self.runtime.block_on(self.caller.input.send(input));
        sent.map_err(|_| Failure::failed("the command takes no more"))
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// The command's failure.
    pub fn end(self) -> Result<(), Failure> {
        drop(self.caller);
        self.runtime.block_on(ended(self.end))
    }
}

fn new_runtime() -> Result<Runtime, Failure> {
    let runtime: io::Result<_> = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.map_err(Failure::failed)
}

/// The outcome of a call that has this time.
async fn within<T>(
    limit: Option<Duration>,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(limit) = limit else {
        return call.await;
    };
    let outcome = timeout(limit, call).await;
    outcome.unwrap_or_else(|_| Err(Failure::silent(limit)))
}

/// The rows of an answer, when it ends well.
async fn collect(
    mut caller: Caller,
    end: JoinHandle<Result<(), Failure>>,
) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    while let Some(output) = caller.output.recv().await {
        if let Output::Row(row) = output {
            rows.push(row);
        }
    }
    drop(caller);
    ended(end).await?;
    Ok(rows)
}

async fn ended(end: JoinHandle<Result<(), Failure>>) -> Result<(), Failure> {
    end.await
        .unwrap_or_else(|error| Err(Failure::failed(error)))
}

async fn reconnect(database: &Path) -> Result<Connection, Failure> {
    Connection::open(database)
        .await?
        .ok_or_else(|| Failure::failed("the server went away"))
}
