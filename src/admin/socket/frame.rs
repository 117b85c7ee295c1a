//! Frames of the admin socket: a byte that says what it is, a length (32 bits, big-endian), and so many bytes.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::admin::command::AdminCommand;
use crate::admin::failure::Failure;
use crate::admin::io::Progress;
use crate::build_info;

/// Time that a caller has for its command after the server's [`Hello`].
pub const COMMAND_DEADLINE: Duration = Duration::from_secs(10);

/// The longest frame: a record is a few thousand bytes, files travel in pieces.
const MAX: u32 = 1 << 20;

/// A frame, from the caller or the server.
pub enum Frame {
    /// From the server, first: its version, and the file that it has open.
    Hello(Hello),
    /// From the caller, once.
    Command(Box<AdminCommand>),
    /// A record, or another line of the answer.
    Row(Value),
    /// Progress of the work.
    Progress(Progress),
    /// A piece of a file.
    Bytes(Vec<u8>),
    /// The end of the caller's file.
    EndOfInput,
    /// The end of the answer.
    Done,
    /// The end of the answer, which is not whole.
    Failed(Failure),
}

/// The server's greeting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Hello {
    /// Version and revision of the program.
    pub program: String,
    /// The database file.
    pub database: String,
}

impl Hello {
    /// The greeting of a server of this program that has `database` open.
    #[must_use]
    pub fn new(database: &Path) -> Self {
        let database = std::path::absolute(database).unwrap_or_else(|_| database.to_owned());
        Self {
            program: format!("{} ({})", build_info::VERSION, build_info::REVISION),
            database: database.display().to_string(),
        }
    }
}

impl Frame {
    /// Reads the next frame; `None` when the other side has ended.
    ///
    /// # Errors
    /// The system's, and what is not a frame.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let kind = match from.read_u8().await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            kind => kind?,
        };
        let length = from.read_u32().await?;
        if length > MAX {
            return Err(io::Error::other(format!("a frame of {length} bytes")));
        }
        let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        from.read_exact(&mut payload).await?;
        Self::decode(kind, payload).map(Some)
    }

    /// Writes the frame; it may stay in a buffer of `to`.
    ///
    /// # Errors
    /// The system's.
    pub async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let (kind, payload) = self.encode()?;
        let length = u32::try_from(payload.len())
            .ok()
            .filter(|length| *length <= MAX)
            .ok_or_else(|| io::Error::other(format!("a frame of {} bytes", payload.len())))?;
        to.write_u8(kind).await?;
        to.write_u32(length).await?;
        to.write_all(&payload).await
    }

    fn encode(&self) -> io::Result<(u8, Vec<u8>)> {
        Ok(match self {
            Self::Hello(hello) => (b'h', serde_json::to_vec(hello)?),
            Self::Command(command) => (b'c', serde_json::to_vec(command)?),
            Self::Row(row) => (b'r', serde_json::to_vec(row)?),
            Self::Progress(progress) => (b'p', serde_json::to_vec(progress)?),
            Self::Bytes(bytes) => (b'b', bytes.clone()),
            Self::EndOfInput => (b'e', Vec::new()),
            Self::Done => (b'd', Vec::new()),
            Self::Failed(failure) => (b'f', serde_json::to_vec(failure)?),
        })
    }

    fn decode(kind: u8, payload: Vec<u8>) -> io::Result<Self> {
        Ok(match kind {
            b'h' => Self::Hello(json(&payload)?),
            b'c' => Self::Command(Box::new(json(&payload)?)),
            b'r' => Self::Row(json(&payload)?),
            b'p' => Self::Progress(json(&payload)?),
            b'b' => Self::Bytes(payload),
            b'e' => Self::EndOfInput,
            b'd' => Self::Done,
            b'f' => Self::Failed(json(&payload)?),
            other => {
                return Err(io::Error::other(format!(
                    "no frame begins with {other:#04x}"
                )));
            }
        })
    }
}

fn json<T: DeserializeOwned>(payload: &[u8]) -> io::Result<T> {
    Ok(serde_json::from_slice(payload)?)
}
