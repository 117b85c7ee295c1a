//! A real PostgreSQL for tests: one server for all that want a database, and pairs of a primary and its standby for those who
//! kill it. Servers and their folders go when they are dropped, and when the test process ends in whatever way.

mod binaries;
mod cluster;
mod folder;
mod pair;
mod parted_pair;
mod processes;
mod server;
pub mod sql;
mod template;

pub use cluster::{Cluster, shared};
pub use pair::{Pair, Replication};
pub use parted_pair::PartedPair;
pub use template::{Template, database, serializable_database};

use std::thread;
use std::time::{Duration, Instant};

/// Waits until `is_so`, for a minute at most.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited a minute: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
