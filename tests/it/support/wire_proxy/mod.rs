//! A proxy in front of PostgreSQL that understands its protocol, and fails where a test says: before the server sees a COMMIT, or
//! after it has done it and before the client knows.

mod backend;
mod connection;
mod expected;
mod frontend;
mod message;
mod plan;
mod shared;
mod statements;

pub use plan::{Fault, Plan};
pub use shared::Seen;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::support::wire_proxy::connection::serve;
use crate::support::wire_proxy::shared::{Link, Shared};

/// A running proxy, on a thread of its own; dropped with all its connections.
pub struct Proxy {
    /// The URL that it was started with, by way of the proxy.
    pub url: String,
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Stands before the server of a URL like `postgres://bai@127.0.0.1:5432/bai`.
    pub fn start(target: &str) -> Self {
        let address = address_of(target);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::new(address.parse().unwrap()));
        let (end, ended) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = thread::spawn(move || run(listener, serving, ended));
        Self {
            url: target.replacen(address, &own, 1),
            shared,
            end: Some(end),
            thread: Some(thread),
        }
    }

    /// Host and port, for a URL of several hosts.
    pub fn address(&self) -> &str {
        address_of(&self.url)
    }

    /// Plans a fault: it happens once, at the first statement that fits it and no plan before it.
    pub fn plan(&self, plan: Plan) {
        self.shared.plan(plan);
    }

    /// The number of planned faults that did not happen yet.
    pub fn faults_left(&self) -> usize {
        self.shared.faults_left()
    }

    /// Messages of clients, in the order in which the proxy read them.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen()
    }

    /// The number of COMMITs that clients asked for.
    pub fn commits(&self) -> usize {
        self.shared.commits()
    }

    /// The number of requests to cancel a statement. They are passed on.
    pub fn cancels(&self) -> usize {
        self.shared.cancels()
    }

    /// The number of connections that there ever were; the first is number 0.
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// Closes one connection on both sides.
    pub fn cut(&self, connection: usize) {
        self.shared.set_link(connection, Link::Cut);
    }

    /// Closes all connections on both sides; new ones are served.
    pub fn cut_all(&self) {
        self.shared.set_links(Link::Cut);
    }

    /// Swallows what both sides say from now on, on all connections and on new ones, as a network that is parted.
    pub fn blackhole_all(&self) {
        self.shared.set_silent(true);
        self.shared.set_links(Link::Silent);
    }

    /// Serves new connections again; those that were silent stay so.
    pub fn heal(&self) {
        self.shared.set_silent(false);
    }

    /// Leads new connections to another server, as a virtual address that moves.
    pub fn lead_to(&self, target: &str) {
        self.shared.set_target(address_of(target).parse().unwrap());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// `127.0.0.1:5432` of `postgres://bai@127.0.0.1:5432/bai`.
fn address_of(url: &str) -> &str {
    url.split(['@', '/']).nth(3).unwrap()
}

fn run(listener: TcpListener, shared: Arc<Shared>, ended: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::select! {
            () = accept(listener, shared) => {}
            _ = ended => {}
        }
    });
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        tokio::spawn(serve(Arc::clone(&shared), client));
    }
}
