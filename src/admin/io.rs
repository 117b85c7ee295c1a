//! Input and output of a command, be it over the admin socket or within one process.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use super::failure::Failure;

/// Pieces that wait for whoever takes them; whoever makes them waits then.
const WAITING: usize = 16;

/// A piece of an answer.
#[derive(Debug)]
pub enum Output {
    /// A record, or another line of the answer.
    Row(Value),
    /// Progress of the work.
    Progress(Progress),
    /// A piece of a file.
    Bytes(Vec<u8>),
}

/// Progress of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Progress {
    /// Steps that are done.
    pub done: u64,
    /// All steps.
    pub total: u64,
}

/// The command's side.
pub struct Io {
    output: mpsc::Sender<Output>,
    input: mpsc::Receiver<Input>,
}

/// A piece of the caller's file.
#[derive(Debug)]
pub enum Input {
    /// The next bytes.
    Bytes(Vec<u8>),
    /// There are no more: the file is whole.
    End,
}

/// The caller's side.
pub struct Caller {
    /// Output of the command, until it ends.
    pub output: mpsc::Receiver<Output>,
    /// A file for the command, in pieces.
    pub input: mpsc::Sender<Input>,
}

impl Io {
    /// Both sides.
    #[must_use]
    pub fn new() -> (Self, Caller) {
        let (to_caller, output) = mpsc::channel(WAITING);
        let (input, from_caller) = mpsc::channel(WAITING);
        let io = Self {
            output: to_caller,
            input: from_caller,
        };
        (io, Caller { output, input })
    }

    /// Gives out a row.
    ///
    /// # Errors
    /// The caller has gone away.
    pub async fn row(&self, row: impl Serialize) -> Result<(), Failure> {
        self.send(Output::Row(
            serde_json::to_value(row).map_err(Failure::failed)?,
        ))
        .await
    }

    /// Gives out the progress of the work.
    ///
    /// # Errors
    /// The caller has gone away.
    pub async fn progress(&self, done: u64, total: u64) -> Result<(), Failure> {
        self.send(Output::Progress(Progress { done, total })).await
    }

    /// Gives out a piece of a file, of at most a MiB.
    ///
    /// # Errors
    /// The caller has gone away.
    pub async fn bytes(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        self.send(Output::Bytes(bytes)).await
    }

    /// The next piece of the caller's file; `None` at its end.
    ///
    /// # Errors
    /// The caller has gone away before that.
    pub async fn input(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        match self.input.recv().await {
            Some(Input::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Input::End) => Ok(None),
            None => Err(Failure::failed("the file did not arrive whole")),
        }
    }

    /// Both ends, for a connection between a command and its caller.
    #[must_use]
    pub fn into_parts(self) -> (mpsc::Sender<Output>, mpsc::Receiver<Input>) {
        (self.output, self.input)
    }

    async fn send(&self, output: Output) -> Result<(), Failure> {
        self.output
            .send(output)
            .await
            .map_err(|_| Failure::failed("the caller has gone away"))
    }
}
