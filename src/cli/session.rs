//! How a command gets to the database: through the door of a running server, or by opening the file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::new_database::NewDatabase;
use crate::admin;
use crate::admin::frame::{Frame, Hello};
use crate::admin::socket;
use crate::admin::{Caller, Command, Failure, Input, Io, Output};
use crate::app::{App, StartError};
use crate::backup;
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;
use crate::store::Location;

/// What is done when there is no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// An empty one is made, if it may be.
    Make(NewDatabase),
    /// It is an error.
    Refuse,
}

impl Missing {
    fn check(self, config: &Config, shown: &str) -> Result<(), Failure> {
        match self {
            Self::Make(new) => new.check(config),
            Self::Refuse if backup::is_missing(&config.store.path) => Err(Failure::not_found(
                format!("there is no database at {shown}; see store.path"),
            )),
            Self::Refuse => Ok(()),
        }
    }
}

/// A way to the database, open for several commands.
pub struct Session {
    runtime: Runtime,
    config: Config,
    /// The database, if no server has it open.
    app: Option<Arc<App>>,
}

/// An answer as it comes.
pub struct Answer<'a> {
    runtime: &'a Runtime,
    caller: Caller,
    end: JoinHandle<Result<(), Failure>>,
}

impl Session {
    /// Finds the way, and says on the standard error which file it leads to.
    ///
    /// # Errors
    /// There is no database, it is in use by something without a door, or it does not open.
    pub fn open(config: &Config, missing: Missing) -> Result<Self, Box<dyn std::error::Error>> {
        let runtime = new_runtime()?;
        let database = config.store.path.clone();
        let server = runtime.block_on(knock(&database))?;
        let shown = socket::hello(&database).database;
        let app = if server.is_some() {
            eprintln!("bai: {shown}, through the running server");
            None
        } else {
            missing.check(config, &shown)?;
            let app = runtime.block_on(open_file(config))?;
            eprintln!("bai: {shown}");
            Some(app)
        };
        Ok(Self {
            runtime,
            config: config.clone(),
            app,
        })
    }

    /// To a database that no server has: made if it is missing, and not worth a word.
    ///
    /// # Errors
    /// It does not open.
    pub fn alone(config: &Config) -> Result<Self, Box<dyn std::error::Error>> {
        let runtime = new_runtime()?;
        let app = Some(runtime.block_on(open_file(config))?);
        Ok(Self {
            runtime,
            config: config.clone(),
            app,
        })
    }

    /// The way through the door, if a server has the database open.
    ///
    /// # Errors
    /// There is a server, and it is another program or lets nobody in.
    pub fn with_server(config: &Config) -> Result<Option<Self>, Box<dyn std::error::Error>> {
        let runtime = new_runtime()?;
        let server = runtime.block_on(knock(&config.store.path))?;
        Ok(server.map(|()| Self {
            runtime,
            config: config.clone(),
            app: None,
        }))
    }

    /// Sends the command on its way.
    ///
    /// # Errors
    /// The server has gone away meanwhile.
    pub fn ask(&self, command: Command) -> Result<Answer<'_>, Failure> {
        let (mut io, caller) = Io::new();
        let runtime = &self.runtime;
        let end = if let Some(app) = self.app.clone() {
            runtime.spawn(async move { admin::run(&app, command, &mut io).await })
        } else {
            let socket = runtime
                .block_on(socket::connect(&self.config.store.path))
                .map_err(gone)?;
            runtime.spawn(through_the_door(socket, command, io))
        };
        Ok(Answer {
            runtime,
            caller,
            end,
        })
    }

    /// The rows of the whole answer.
    ///
    /// # Errors
    /// Why the command was not done.
    pub fn rows(&self, command: Command) -> Result<Vec<serde_json::Value>, Failure> {
        let (mut rows, mut answer) = (Vec::new(), self.ask(command)?);
        while let Some(output) = answer.next() {
            if let Output::Row(row) = output {
                rows.push(row);
            }
        }
        answer.end()?;
        Ok(rows)
    }
}

impl Answer<'_> {
    /// The next piece; `None` at the end, be it good or bad.
    pub fn next(&mut self) -> Option<Output> {
        self.runtime.block_on(self.caller.output.recv())
    }

    /// Gives the command the next bytes of a file.
    ///
    /// # Errors
    /// It takes no more: how it ended says why.
    pub fn give(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        self.send(Input::Bytes(bytes))
    }

    /// The file is whole.
    ///
    /// # Errors
    /// As [`Answer::give`].
    pub fn end_of_input(&mut self) -> Result<(), Failure> {
        self.send(Input::End)
    }

    fn send(&mut self, input: Input) -> Result<(), Failure> {
        let sent = self.runtime.block_on(self.caller.input.send(input));
        sent.map_err(|_| Failure::failed("the command takes no more"))
    }

    /// How it ended.
    ///
    /// # Errors
    /// Why the command was not done.
    pub fn end(self) -> Result<(), Failure> {
        drop(self.caller);
        self.runtime
            .block_on(self.end)
            .unwrap_or_else(|error| Err(Failure::failed(error)))
    }
}

fn new_runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
}

async fn open_file(config: &Config) -> Result<Arc<App>, StartError> {
    let location = Location::File(config.store.path.clone());
    App::new(config.clone(), &location, Clock::System, Random::System).await
}

/// Whether a server of this version has the database open; nobody listens at what a killed server left.
async fn knock(database: &Path) -> Result<Option<()>, Failure> {
    let mut socket = match socket::connect(database).await {
        Ok(socket) => socket,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => {
            let path = socket::path(database);
            return Err(Failure::failed(format!(
                "cannot reach the server at {}: {error}",
                path.display()
            )));
        }
    };
    match Frame::read(&mut socket).await.map_err(gone)? {
        Some(Frame::Hello(theirs)) => ensure_same(&theirs, database).map(Some),
        _ => Err(Failure::failed(
            "the server closed its door; is this user the one that it runs as, or root?",
        )),
    }
}

fn ensure_same(theirs: &Hello, database: &Path) -> Result<(), Failure> {
    let ours = socket::hello(database);
    if theirs.program == ours.program {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "the running server is bai {}, this is bai {}: restart the server, or use its program",
        theirs.program, ours.program
    )))
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn gone(error: io::Error) -> Failure {
    Failure::failed(format!("the server went away: {error}"))
}

async fn through_the_door(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    command: Command,
    io: Io,
) -> Result<(), Failure> {
    let (from, to) = tokio::io::split(socket);
    let (mut from, mut to) = (BufReader::new(from), BufWriter::new(to));
    Frame::Command(Box::new(command))
        .write(&mut to)
        .await
        .map_err(gone)?;
    to.flush().await.map_err(gone)?;
    let (output, input) = io.into_parts();
    let sending = tokio::spawn(send(input, to));
    let outcome = receive(&mut from, &output).await;
    sending.abort();
    outcome
}

async fn send(
    mut input: mpsc::Receiver<Input>,
    mut to: BufWriter<impl AsyncWrite + Unpin>,
) -> io::Result<()> {
    while let Some(input) = input.recv().await {
        match input {
            Input::Bytes(bytes) => Frame::Bytes(bytes).write(&mut to).await?,
            Input::End => Frame::EndOfInput.write(&mut to).await?,
        }
        to.flush().await?;
    }
    // The way back stays open: what is cut here, the server would take for a caller who has gone away.
    std::future::pending().await
}

async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    output: &mpsc::Sender<Output>,
) -> Result<(), Failure> {
    loop {
        let piece = match Frame::read(from).await.map_err(gone)? {
            Some(Frame::Row(row)) => Output::Row(row),
            Some(Frame::Progress(progress)) => Output::Progress(progress),
            Some(Frame::Bytes(bytes)) => Output::Bytes(bytes),
            Some(Frame::Done) => return Ok(()),
            Some(Frame::Failed(failure)) => return Err(failure),
            Some(Frame::Hello(_)) => continue,
            _ => return Err(Failure::failed("the server went away before it was done")),
        };
        if output.send(piece).await.is_err() {
            return Err(Failure::failed("nobody takes the answer"));
        }
    }
}
