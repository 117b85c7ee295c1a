//! Connections that stay.

use std::io;

use tokio::io::AsyncWriteExt;

use super::Target;
use super::client::{ATTACKER, connect, crowd, drain};

const SILENT: usize = 4_096;
const REALTIME: usize = 1_000;

/// Connections on which nothing is said.
pub async fn silent(target: Target) {
    crowd(SILENT, move || stay(target.clone(), "")).await;
}

/// A stream of events on each.
pub async fn realtime(target: Target) {
    crowd(REALTIME, move || {
        stay(
            target.clone(),
            "GET /api/realtime HTTP/1.1\r\nHost: x\r\n\r\n",
        )
    })
    .await;
}

async fn stay(target: Target, request: &'static str) -> io::Result<()> {
    let mut stream = connect(ATTACKER, target.address).await?;
    stream.write_all(request.as_bytes()).await?;
    drain(&mut stream).await;
    Ok(())
}
