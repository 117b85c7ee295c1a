//! One server with many databases: quick, and of no use when its machine dies.

use std::path::Path;
use std::sync::OnceLock;

use crate::support::postgres::folder::Folder;
use crate::support::postgres::server::Server;
use crate::support::postgres::sql;

/// Nothing is forced to the disk: the server lives as long as the test.
const QUICK: [&str; 9] = [
    "fsync=off",
    "synchronous_commit=on",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "checkpoint_timeout=1h",
    "max_connections=400",
    "shared_buffers=64MB",
    "autovacuum=on",
];

/// A running server; dropped with its folder.
pub struct Cluster {
    // Dropped first: its guard ends the server in good order.
    folder: Folder,
    server: Server,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = Folder::new();
        let mut server = Server::new(Server::init(folder.path(), "data"), &QUICK);
        server.start_anywhere();
        Self { folder, server }
    }

    /// The folder with all that it has.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// Runs one statement as an administrator of the server.
    pub fn administer(&self, statement: &str) {
        sql::execute(&self.url("postgres"), statement);
    }
}

/// The server of all tests of this process, started by the first that wants it.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}
