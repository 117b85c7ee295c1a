//! Faults at writing system calls of the binary, power cuts in every state of its files, and the verdict on what is left. Nothing
//! here knows how a command goes about its work.

pub mod cuts;
mod disk;
pub mod errands;
mod folder;
pub mod interrupted;
pub mod scenario;
pub mod served;
pub mod shim;
mod state;
mod trace;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Does `work` for 0, 1, 2 and so on, so many at once, until it says for some number that there is no such.
fn in_turn_with(threads: usize, work: impl Fn(u64) -> bool + Sync) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| while work(next.fetch_add(1, Ordering::SeqCst)) {});
        }
    });
}

/// As many at once as there are processors.
fn in_turn(work: impl Fn(u64) -> bool + Sync) {
    in_turn_with(
        thread::available_parallelism().map_or(1, std::num::NonZero::get),
        work,
    );
}

/// Failures of a command that are told one by one.
const TOLD: usize = 40;

/// Failures, in the order in which they would happen.
#[derive(Default)]
struct Failures(Mutex<Vec<(u64, String)>>);

impl Failures {
    fn add(&self, at: u64, what: String) {
        self.0.lock().unwrap().push((at, what));
    }

    /// For a person: how many there are, and the first of them. `None` if there are none.
    fn told(self, of: &str, runs: &str) -> Option<String> {
        let mut all = self.0.into_inner().unwrap();
        all.sort();
        println!("{of}: {runs}, {} failures", all.len());
        let lines: Vec<_> = all
            .iter()
            .take(TOLD)
            .map(|(_, what)| what.as_str())
            .collect();
        (!all.is_empty()).then(|| format!("{of}: {} of {runs}:\n{}\n", all.len(), lines.join("\n")))
    }
}
