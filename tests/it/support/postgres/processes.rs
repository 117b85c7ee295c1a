//! Processes of a server, found by their working directory: PostgreSQL's all have the data folder.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::postgres::wait_until;

/// The processes that have `folder` as their working directory.
pub fn within(folder: &Path) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|target| target == folder)
        })
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// The process of a server that calls itself so, as in `postgres: walreceiver streaming 0/3000148`.
pub fn named(folder: &Path, title: &str) -> Option<Pid> {
    let title = format!("postgres: {title}");
    within(folder).into_iter().find(|pid| {
        let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
        fs::read_to_string(path).is_ok_and(|line| line.starts_with(&title))
    })
}

/// It runs, or nobody asked for its end yet.
pub fn is_there(pid: Pid) -> bool {
    Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists()
}

/// Sends a signal, perhaps to a process that is gone.
pub fn signal(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

/// Kills all processes of a server that has no postmaster any more.
pub fn kill_all(folder: &Path) {
    wait_until("a killed server's processes end", || {
        let left = within(folder);
        for pid in &left {
            signal(*pid, Signal::KILL);
        }
        left.is_empty()
    });
}
