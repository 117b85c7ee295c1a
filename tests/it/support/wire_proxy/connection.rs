//! One connection: its start, and the two ways of its messages until it is cut or falls silent.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::support::wire_proxy::backend::Backend;
use crate::support::wire_proxy::expected::Queue;
use crate::support::wire_proxy::frontend::Frontend;
use crate::support::wire_proxy::message::Startup;
use crate::support::wire_proxy::shared::{Link, Shared};

const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS_ENCRYPTION: u32 = 80_877_104;

/// State that both ways of a connection share.
pub struct Wire {
    pub number: usize,
    pub shared: Arc<Shared>,
    pub expected: Mutex<Queue>,
}

impl Wire {
    /// Changes the state of this connection, which ends whoever calls it.
    pub async fn become_state(&self, state: Link) -> ! {
        self.shared.set_link(self.number, state);
        pending().await
    }
}

pub async fn serve(shared: Arc<Shared>, mut client: TcpStream) {
    let (number, mut link) = shared.open_link();
    let wire = Wire {
        number,
        shared,
        expected: Mutex::default(),
    };
    // Outside of the conversation: when that is given up, it stays open.
    let mut server = None;
    tokio::select! {
        biased;
        () = until_not_open(&mut link) => {}
        _ = converse(&wire, &mut client, &mut server) => return,
    }
    tokio::select! {
        () = until_cut(&mut link) => {}
        () = swallow(&mut client) => {}
    }
}

async fn until_not_open(link: &mut watch::Receiver<Link>) {
    let _ = link.wait_for(|state| *state != Link::Open).await;
}

async fn until_cut(link: &mut watch::Receiver<Link>) {
    let _ = link.wait_for(|state| *state == Link::Cut).await;
}

/// Reads and forgets; a client that goes away is not noticed by the server.
async fn swallow(client: &mut TcpStream) {
    let mut bytes = [0; 4096];
    while client.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    pending::<()>().await;
}

/// Leads messages both ways until the server closes its side, or there is no session.
async fn converse(
    wire: &Wire,
    client: &mut TcpStream,
    server: &mut Option<TcpStream>,
) -> io::Result<()> {
    let startup = negotiate(client).await?;
    let server = server.insert(TcpStream::connect(wire.shared.target()).await?);
    server.set_nodelay(true)?;
    startup.write(server).await?;
    if startup.code() == CANCEL {
        wire.shared.see_cancel();
        return until_closed(server).await;
    }
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    let mut backend = Backend::new(wire, server_reads, client_writes);
    let mut frontend = Frontend::new(wire, client_reads, server_writes);
    tokio::select! {
        result = backend.run() => result,
        () = frontend.run() => pending().await,
    }
}

/// Refuses encryption until the client asks for something else.
async fn negotiate(client: &mut TcpStream) -> io::Result<Startup> {
    loop {
        let startup = Startup::read(client).await?;
        if ![SSL, GSS_ENCRYPTION].contains(&startup.code()) {
            return Ok(startup);
        }
        client.write_all(b"N").await?;
    }
}

async fn until_closed(server: &mut TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    server.read_to_end(&mut bytes).await.map(drop)
}
