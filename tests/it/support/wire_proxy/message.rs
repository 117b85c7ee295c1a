//! Messages of PostgreSQL's protocol, version 3: <https://www.postgresql.org/docs/15/protocol-message-formats.html>.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// First message of a client, which has no letter.
pub struct Startup {
    bytes: Vec<u8>,
}

impl Startup {
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let length = from.read_u32().await?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.resize(usize::try_from(length).unwrap(), 0);
        from.read_exact(&mut bytes[4..]).await?;
        Ok(Self { bytes })
    }

    /// The version of the protocol, or a number that stands for another request.
    pub fn code(&self) -> u32 {
        u32::from_be_bytes(self.bytes[4..8].try_into().unwrap())
    }

    pub async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        to.write_all(&self.bytes).await
    }
}

/// A letter and what follows it.
pub struct Message {
    pub kind: u8,
    body: Vec<u8>,
}

impl Message {
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let kind = from.read_u8().await?;
        let length = usize::try_from(from.read_u32().await?).unwrap();
        let mut body = vec![0; length - 4];
        from.read_exact(&mut body).await?;
        Ok(Self { kind, body })
    }

    pub async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let length = u32::try_from(self.body.len() + 4).unwrap();
        let mut bytes = vec![self.kind];
        bytes.extend(length.to_be_bytes());
        bytes.extend(&self.body);
        to.write_all(&bytes).await
    }

    /// A simple query.
    pub fn query(sql: &str) -> Self {
        let body = [sql.as_bytes(), b"\0"].concat();
        Self { kind: b'Q', body }
    }

    /// An error; those by which a server ends a session are fatal.
    pub fn error(code: &str) -> Self {
        let severity = match ends_session(code) {
            true => "FATAL",
            false => "ERROR",
        };
        Self::report(b'E', severity, code, "planned by a test")
    }

    /// The notice of a commit that did not wait for the standby.
    pub fn warning() -> Self {
        let text = "canceling wait for synchronous replication due to user request";
        Self::report(b'N', "WARNING", "01000", text)
    }

    fn report(kind: u8, severity: &str, code: &str, text: &str) -> Self {
        let fields = [('S', severity), ('V', severity), ('C', code), ('M', text)];
        let mut body: Vec<u8> = fields
            .iter()
            .flat_map(|(field, value)| format!("{field}{value}\0").into_bytes())
            .collect();
        body.push(0);
        Self { kind, body }
    }

    /// The text that begins at `at`, up to its zero byte.
    pub fn text(&self, at: usize) -> String {
        let bytes = self.body[at..].split(|byte| *byte == 0).next().unwrap();
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// The server closes the connection after it.
pub fn ends_session(code: &str) -> bool {
    code.starts_with("57P") || code.starts_with("08")
}
