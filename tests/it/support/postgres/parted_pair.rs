//! A primary and its synchronous standby on two machines whose network parts.

use std::fs;
use std::io::Write as _;

use crate::support::parted_network::{Machine, Network};
use crate::support::postgres::binaries::{give, run};
use crate::support::postgres::folder::Folder;
use crate::support::postgres::pair::DURABLE;
use crate::support::postgres::server::Server;
use crate::support::postgres::{sql, wait_until};

/// Two servers with a database `bai`; dropped with their folder.
pub struct PartedPair {
    // Dropped first: its guard ends the servers.
    _folder: Folder,
    primary: Server,
    standby: Server,
}

impl PartedPair {
    /// The primary on the first machine, its standby on the second.
    pub fn start(network: &Network) -> Self {
        let folder = Folder::new();
        let data = Server::init(folder.path(), "primary");
        let mut access = fs::File::options()
            .append(true)
            .open(data.join("pg_hba.conf"))
            .unwrap();
        writeln!(access, "host all,replication all 10.77.0.0/24 trust").unwrap();
        let mut primary = Server::new(data, &DURABLE).on(network, Machine::First);
        primary.start_anywhere();
        sql::execute(&primary.url("postgres"), "CREATE DATABASE bai");
        let mut standby = copy(&folder, &primary).on(network, Machine::Second);
        standby.start_anywhere();
        let url = primary.url("postgres");
        sql::execute(
            &url,
            "ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (s1)'",
        );
        sql::execute(&url, "SELECT pg_reload_conf()");
        wait_until("the standby follows", || {
            sql::value(
                &url,
                "SELECT state || ' ' || sync_state FROM pg_stat_replication",
            ) == "streaming sync"
        });
        Self {
            _folder: folder,
            primary,
            standby,
        }
    }

    /// Both hosts in one URL, for whoever is on one of the machines.
    pub fn urls(&self) -> String {
        format!(
            "postgres://bai@{}:{},{}:{}/bai",
            Machine::First.address(),
            self.primary.port(),
            Machine::Second.address(),
            self.standby.port()
        )
    }

    /// The server that was the primary at first, for whoever is on this one.
    pub fn primary_url(&self) -> String {
        self.primary.url("bai")
    }

    /// The server that was the standby at first.
    pub fn standby_url(&self) -> String {
        self.standby.url("bai")
    }

    /// Makes the standby a primary.
    pub fn promote(&self) {
        sql::execute(&self.standby.url("postgres"), "SELECT pg_promote()");
    }
}

/// A copy of the primary that follows it over the network, not started.
fn copy(folder: &Folder, primary: &Server) -> Server {
    let data = folder.path().join("standby");
    let sockets = folder.path().display();
    let source = format!("host={sockets} port={} user=bai", primary.port());
    let options = ["-X", "stream", "-c", "fast", "-d", &source, "-D"];
    run(
        "pg_basebackup",
        folder.path(),
        &[&options[..], &[data.to_str().unwrap()]].concat(),
    );
    fs::write(data.join("standby.signal"), "").unwrap();
    give(&data.join("standby.signal"));
    let address = Machine::First.address();
    let port = primary.port();
    let follows =
        format!("primary_conninfo=host={address} port={port} user=bai application_name=s1");
    Server::new(data, &[&DURABLE[..], &[&follows]].concat())
}
