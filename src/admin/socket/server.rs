//! The server's end of the admin socket.

use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::address::{self, Address};
use super::frame::{COMMAND_DEADLINE, Frame, Hello};
use crate::admin::context::Admin;
use crate::admin::failure::Failure;
use crate::admin::io::{Caller, Input, Io, Output};
use crate::admin::run::run;

/// Pause after an accept error such as "too many open files", so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The admin socket of a server, open until it is dropped.
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    admin: Admin,
    hello: Hello,
}

impl AdminSocket {
    /// Opens the admin socket of `database`, which the app of `admin` has open: a socket that is there is one that a killed server
    /// left.
    ///
    /// # Errors
    /// The system's.
    pub fn open(database: &Path, admin: &Admin) -> io::Result<Self> {
        let path = address::path(database);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let address = Address::of(&path)?;
        let listener = UnixListener::bind(&address.path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self {
            listener,
            path,
            admin: admin.clone(),
            hello: Hello::new(database),
        })
    }

    /// Answers until the sender of `stopping` is dropped; then lets commands that are under way finish.
    pub async fn run(self, mut stopping: watch::Receiver<()>) {
        let mut callers = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stopping.changed() => break,
            };
            match accepted {
                Ok((socket, _)) if is_allowed(&socket) => {
                    callers.spawn(answer(self.admin.clone(), self.hello.clone(), socket));
                }
                Ok(_) => {
                    tracing::warn!("somebody else's process was turned away at the admin socket");
                }
                Err(error) => {
                    tracing::warn!(%error, "a command could not be let in");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            while callers.try_join_next().is_some() {}
        }
        drop(self);
        callers.join_all().await;
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The user whom the server runs as, and root, who can read the file anyway.
fn is_allowed(socket: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    socket
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

async fn answer(admin: Admin, hello: Hello, socket: UnixStream) {
    if let Err(error) = serve(&admin, hello, socket).await {
        tracing::debug!(%error, "a command's caller went away");
    }
}

async fn serve(admin: &Admin, hello: Hello, socket: UnixStream) -> io::Result<()> {
    let (mut from, to) = socket.into_split();
    let mut to = BufWriter::new(to);
    Frame::Hello(hello).write(&mut to).await?;
    to.flush().await?;
    let first = tokio::time::timeout(COMMAND_DEADLINE, Frame::read(&mut from)).await;
    let Ok(Ok(Some(Frame::Command(command)))) = first else {
        return Ok(());
    };
    let (mut io, Caller { output, input }) = Io::new();
    // Its `io` goes with it, which ends the output.
    let work = async move {
        AssertUnwindSafe(run(admin, *command, &mut io))
            .catch_unwind()
            .await
    };
    let done = async { tokio::join!(work, write_output(output, &mut to)) };
    let (outcome, written) = tokio::select! {
        both = done => both,
        never = read_input(from, input) => match never {},
    };
    written?;
    let end = match outcome {
        Ok(Ok(())) => Frame::Done,
        Ok(Err(failure)) => Frame::Failed(failure),
        Err(_panic) => Frame::Failed(Failure::failed(
            "the command failed; the server's log says why",
        )),
    };
    end.write(&mut to).await?;
    to.flush().await
}

/// Gives the caller's file to the command.
async fn read_input(mut from: OwnedReadHalf, input: mpsc::Sender<Input>) -> Infallible {
    loop {
        let piece = match Frame::read(&mut from).await {
            Ok(Some(Frame::Bytes(bytes))) => Input::Bytes(bytes),
            Ok(Some(Frame::EndOfInput)) => Input::End,
            _ => break,
        };
        if input.send(piece).await.is_err() {
            break;
        }
    }
    drop(input);
    std::future::pending().await
}

/// Sends the command's output to the caller.
async fn write_output(
    mut output: mpsc::Receiver<Output>,
    to: &mut BufWriter<OwnedWriteHalf>,
) -> io::Result<()> {
    while let Some(piece) = output.recv().await {
        let frame = match piece {
            Output::Row(row) => Frame::Row(row),
            Output::Progress(progress) => Frame::Progress(progress),
            Output::Bytes(bytes) => Frame::Bytes(bytes),
        };
        frame.write(to).await?;
        if output.is_empty() {
            to.flush().await?;
        }
    }
    Ok(())
}
