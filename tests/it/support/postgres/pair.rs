//! A primary and its standby, on which machines die.

use rustix::process::{Pid, Signal};

use crate::support::postgres::binaries::run;
use crate::support::postgres::folder::Folder;
use crate::support::postgres::server::Server;
use crate::support::postgres::{processes, sql, wait_until};

/// Durable, as in production: what is acknowledged was forced to the disk.
pub const DURABLE: [&str; 6] = [
    "fsync=on",
    "synchronous_commit=on",
    "wal_level=replica",
    "hot_standby=on",
    "wal_keep_size=256MB",
    "max_connections=200",
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Replication {
    /// A commit waits until the standby has it.
    Synchronous,
    /// It does not, and is lost with its machine: the control of a test that nothing is lost.
    Asynchronous,
}

/// Two servers with a database `bai`; dropped with their folder.
pub struct Pair {
    // Dropped first: its guard ends the servers.
    _folder: Folder,
    replication: Replication,
    primary: Server,
    standby: Server,
    stopped_receiver: Option<Pid>,
}

impl Pair {
    pub fn start(replication: Replication) -> Self {
        let folder = Folder::new();
        let mut primary = Server::new(Server::init(folder.path(), "primary"), &DURABLE);
        primary.start_anywhere();
        sql::execute(&primary.url("postgres"), "CREATE DATABASE bai");
        let mut standby = copy(&folder, &primary);
        standby.start_anywhere();
        let mut pair = Self {
            _folder: folder,
            replication,
            primary,
            standby,
            stopped_receiver: None,
        };
        pair.choose_replication();
        pair
    }

    /// After the copy was made: the standby, when it is promoted, waits for no standby of its own.
    fn choose_replication(&mut self) {
        if self.replication == Replication::Synchronous {
            let url = self.primary.url("postgres");
            sql::execute(
                &url,
                "ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (s1)'",
            );
            sql::execute(&url, "SELECT pg_reload_conf()");
        }
        self.await_replication();
    }

    /// Waits until the standby follows the primary as the pair should.
    fn await_replication(&self) {
        let state = match self.replication {
            Replication::Synchronous => "streaming sync",
            Replication::Asynchronous => "streaming async",
        };
        let statement = "SELECT state || ' ' || sync_state FROM pg_stat_replication WHERE application_name = 's1'";
        let url = self.primary.url("postgres");
        wait_until("the standby follows", || {
            sql::value(&url, statement) == state
        });
    }

    /// Both hosts in one URL, as bai gets it: the first primary is first.
    pub fn urls(&self) -> String {
        format!(
            "postgres://bai@127.0.0.1:{},127.0.0.1:{}/bai",
            self.primary.port(),
            self.standby.port()
        )
    }

    /// The server that was the primary at first.
    pub fn primary_url(&self) -> String {
        self.primary.url("bai")
    }

    /// The server that was the standby at first.
    pub fn standby_url(&self) -> String {
        self.standby.url("bai")
    }

    /// Stops the process by which the standby receives what the primary writes: it is connected, and takes nothing.
    pub fn stop_walreceiver(&mut self) {
        let receiver = processes::named(self.standby.data(), "walreceiver");
        let receiver = receiver.expect("the standby receives");
        processes::signal(receiver, Signal::STOP);
        self.stopped_receiver = Some(receiver);
    }

    /// Kills all processes of the primary at once.
    pub fn kill_primary(&mut self) {
        self.primary.kill();
    }

    /// Makes the standby a primary, with what it had when its receiver was stopped.
    pub fn promote(&mut self) {
        self.end_stopped_receiver();
        let url = self.standby.url("postgres");
        wait_until("the standby is promoted", || {
            // A server that starts anew refuses.
            let _ = sql::try_value(&url, "SELECT pg_promote()");
            sql::try_value(&url, "SELECT pg_is_in_recovery()").is_ok_and(|answer| answer == "f")
        });
    }

    /// Killed, so that it does not read what waits in its socket. The standby starts all its processes anew after that.
    fn end_stopped_receiver(&mut self) {
        if let Some(receiver) = self.stopped_receiver.take() {
            processes::signal(receiver, Signal::KILL);
            wait_until("the server knows that its receiver is gone", || {
                !processes::is_there(receiver)
            });
        }
    }

    /// Starts the killed primary again, beside the promoted standby: a mistake that people make. It says that it takes writes.
    pub fn restart_old_primary(&mut self) {
        self.primary.start();
    }

    /// Stops the standby in good order; the commits of a synchronous pair wait from now on.
    pub fn stop_standby(&mut self) {
        self.standby.stop();
    }

    /// Starts the stopped standby again, and waits until it follows a primary that runs.
    pub fn start_standby(&mut self) {
        self.standby.start();
        if self.primary.is_running() {
            self.await_replication();
        }
    }
}

/// A copy of the primary that follows it, not started.
fn copy(folder: &Folder, primary: &Server) -> Server {
    let data = folder.path().join("standby");
    let source = format!(
        "host=127.0.0.1 port={} user=bai application_name=s1",
        primary.port()
    );
    let options = ["-R", "-X", "stream", "-c", "fast"];
    let places = ["-d", &source, "-D", data.to_str().unwrap()];
    run(
        "pg_basebackup",
        folder.path(),
        &[&options[..], &places[..]].concat(),
    );
    Server::new(data, &DURABLE)
}
