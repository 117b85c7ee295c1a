//! Sockets of those who attack, and of the others.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Files that the bench may need: a connection's end each.
const FILES: u64 = 16 * 1024;
/// Where attacks come from.
pub const ATTACKER: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// An attacker whose connection has ended comes again after so long.
const RETURN: Duration = Duration::from_secs(1);

pub fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < FILES) {
        let raised = Rlimit {
            current: Some(FILES),
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).expect("the hard limit allows it");
    }
}

/// A connection from that address of the loopback.
pub async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    connect_with(from, to, None).await
}

/// A connection whose system keeps little of what is not read.
pub async fn connect_small(to: SocketAddr) -> io::Result<TcpStream> {
    connect_with(ATTACKER, to, Some(4096)).await
}

async fn connect_with(
    from: Ipv4Addr,
    to: SocketAddr,
    buffer: Option<u32>,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    if let Some(buffer) = buffer {
        socket.set_recv_buffer_size(buffer)?;
    }
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads, and forgets what it read, until the other end closes.
pub async fn drain(stream: &mut TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
}

/// So many attackers, each of whom does the same again when it has ended.
pub async fn crowd<F>(number: usize, attacker: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = io::Result<()>> + Send,
{
    let mut crowd = JoinSet::new();
    for _ in 0..number {
        let attacker = attacker.clone();
        crowd.spawn(async move {
            loop {
                let _ = attacker().await;
                tokio::time::sleep(RETURN).await;
            }
        });
    }
    crowd.join_all().await;
}
