//! The door for commands: a socket beside the database file, which only its owner can reach. Nothing of HTTP leads here.

use std::convert::Infallible;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::frame::{Frame, Hello};
use super::{Caller, Failure, Input, Io, Output};
use crate::admin;
use crate::app::App;
use crate::build_info;

/// Bytes of a socket's path that every system takes, with the zero at its end (unix(7) has 108).
const PATH_MAX: usize = 104;
/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause after an accept error such as "too many open files", so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The door, open until it is dropped.
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
    app: Arc<App>,
    hello: Hello,
}

/// Where the door of a database is.
#[must_use]
pub fn path(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".sock");
    database.with_file_name(name)
}

/// Who answers at the door of `database`, when it is this program.
#[must_use]
pub fn hello(database: &Path) -> Hello {
    let database = std::path::absolute(database).unwrap_or_else(|_| database.to_owned());
    Hello {
        program: format!("{} ({})", build_info::VERSION, build_info::REVISION),
        database: database.display().to_string(),
    }
}

/// Connects to the door of a database; not found or refused when no server has it open.
///
/// # Errors
/// The system's.
pub async fn connect(database: &Path) -> io::Result<UnixStream> {
    let (_folder, path) = short(&path(database))?;
    UnixStream::connect(path).await
}

/// A path to the same file that is short enough for a socket, as long as the folder is open.
fn short(path: &Path) -> io::Result<(Option<File>, PathBuf)> {
    if path.as_os_str().as_bytes().len() < PATH_MAX {
        return Ok((None, path.to_owned()));
    }
    let folder = File::open(path.parent().unwrap_or(Path::new(".")))?;
    let name = path.file_name().unwrap_or_default();
    let path = Path::new("/proc/self/fd")
        .join(folder.as_raw_fd().to_string())
        .join(name);
    Ok((Some(folder), path))
}

impl Door {
    /// Opens the door of `database`, which `app` has open: a socket that is there is one that a killed server left.
    ///
    /// # Errors
    /// The system's.
    pub fn open(database: &Path, app: &Arc<App>) -> io::Result<Self> {
        let path = path(database);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (_folder, address) = short(&path)?;
        let listener = UnixListener::bind(address)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self {
            listener,
            path,
            app: Arc::clone(app),
            hello: hello(database),
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
                    drop(callers.spawn(answer(Arc::clone(&self.app), self.hello.clone(), socket)));
                }
                Ok(_) => tracing::warn!("somebody else's process was turned away at the door"),
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

impl Drop for Door {
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

async fn answer(app: Arc<App>, hello: Hello, socket: UnixStream) {
    if let Err(error) = serve(&app, hello, socket).await {
        tracing::debug!(%error, "a command's caller went away");
    }
}

async fn serve(app: &Arc<App>, hello: Hello, socket: UnixStream) -> io::Result<()> {
    let (mut from, to) = socket.into_split();
    let mut to = BufWriter::new(to);
    Frame::Hello(hello).write(&mut to).await?;
    to.flush().await?;
    let first = tokio::time::timeout(PATIENCE, Frame::read(&mut from)).await;
    let Ok(Ok(Some(Frame::Command(command)))) = first else {
        return Ok(());
    };
    let (mut io, Caller { output, input }) = Io::new();
    // Its `io` goes with it, which ends the output.
    let work = async move {
        AssertUnwindSafe(admin::run(app, *command, &mut io))
            .catch_unwind()
            .await
    };
    let done = async { tokio::join!(work, tell(output, &mut to)) };
    let (outcome, told) = tokio::select! {
        both = done => both,
        never = take(from, input) => match never {},
    };
    told?;
    let panicked = || Failure::failed("the command failed; the server's log says why");
    match outcome.unwrap_or_else(|_| Err(panicked())) {
        Ok(()) => Frame::Done.write(&mut to).await?,
        Err(failure) => Frame::Failed(failure).write(&mut to).await?,
    }
    to.flush().await
}

/// Hands the caller's file to the command.
async fn take(mut from: OwnedReadHalf, input: mpsc::Sender<Input>) -> Infallible {
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

async fn tell(
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
