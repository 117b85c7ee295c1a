//! The caller's end of the admin socket: a connection to a running server, for one command.

use std::io;
use std::path::Path;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::address::{self, Address};
use super::frame::{COMMAND_DEADLINE, Frame, Hello};
use crate::admin::command::AdminCommand;
use crate::admin::failure::{Cause, Failure};
use crate::admin::io::{Input, Io, Output};

/// A connection to a server of this program, which waits for a command.
pub struct Connection {
    from: BufReader<OwnedReadHalf>,
    to: BufWriter<OwnedWriteHalf>,
    since: Instant,
}

impl Connection {
    /// Connects to the server that has the database open; `None`: there is none. Nobody listens at what a killed server left.
    ///
    /// # Errors
    /// The server cannot be reached, is another program, or lets nobody in.
    pub async fn open(database: &Path) -> Result<Option<Self>, Failure> {
        match connect(database).await {
            Ok(stream) => Self::greeted(stream, database).await.map(Some),
            Err(error) if is_nobody(&error) => Ok(None),
            Err(error) => {
                let path = address::path(database);
                Err(Failure::failed(format!(
                    "cannot reach the server at {}: {error}",
                    path.display()
                )))
            }
        }
    }

    /// The connection, when the server's greeting is that of this program.
    async fn greeted(stream: UnixStream, database: &Path) -> Result<Self, Failure> {
        let (from, to) = stream.into_split();
        let mut from = BufReader::new(from);
        match Frame::read(&mut from).await.map_err(lost)? {
            Some(Frame::Hello(theirs)) => ensure_same(&theirs, database)?,
            _ => {
                return Err(Failure::failed(
                    "the server closed the admin socket; is this user the one that it runs as, or root?",
                ));
            }
        }
        Ok(Self {
            from,
            to: BufWriter::new(to),
            since: Instant::now(),
        })
    }

    /// Whether the server still waits for a command, with time to spare.
    pub fn is_fresh(&self) -> bool {
        self.since.elapsed() < COMMAND_DEADLINE / 2
    }

    /// Sends the command, the input for it, and gives out its answer.
    ///
    /// # Errors
    /// The command's failure; the server went away.
    pub async fn run(mut self, command: AdminCommand, io: Io) -> Result<(), Failure> {
        let command = Frame::Command(Box::new(command));
        command.write(&mut self.to).await.map_err(lost)?;
        self.to.flush().await.map_err(lost)?;
        let (output, input) = io.into_parts();
        let sending = tokio::spawn(send(input, self.to));
        let outcome = receive(&mut self.from, &output).await;
        sending.abort();
        outcome
    }
}

async fn connect(database: &Path) -> io::Result<UnixStream> {
    let address = Address::of(&address::path(database))?;
    UnixStream::connect(&address.path).await
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::ConnectionRefused
    )
}

fn ensure_same(theirs: &Hello, database: &Path) -> Result<(), Failure> {
    let ours = Hello::new(database);
    if theirs.program == ours.program {
        return Ok(());
    }
    let message = format!(
        "the running server is bai {}, this is bai {}: restart the server, or use its program",
        theirs.program, ours.program
    );
    Err(Failure {
        cause: Cause::OtherVersion,
        message,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn lost(error: io::Error) -> Failure {
    Failure::failed(format!("the server went away: {error}"))
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
        let piece = match Frame::read(from).await.map_err(lost)? {
            Some(Frame::Row(row)) => Output::Row(row),
            Some(Frame::Progress(progress)) => Output::Progress(progress),
            Some(Frame::Bytes(bytes)) => Output::Bytes(bytes),
            Some(Frame::Done) => return Ok(()),
            Some(Frame::Failed(failure)) => return Err(failure),
            _ => return Err(Failure::failed("the server went away before it was done")),
        };
        if output.send(piece).await.is_err() {
            return Err(Failure::failed("nobody takes the answer"));
        }
    }
}
