//! Scripts for a store on a simulated disk, and the verdict on what is there after a power cut or an I/O error.

pub mod scripts;
pub mod session;
pub mod state;
pub mod survival;

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::Runtime;

/// Failures that are named in a panic.
const NAMED: usize = 12;

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Calls `work` with each number below `count`, on all cores.
pub fn in_parallel(count: usize, work: impl Fn(&Runtime, usize) + Sync) {
    let next = AtomicUsize::new(0);
    let in_turn = || {
        let runtime = runtime();
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::SeqCst));
        numbers
            .take_while(|n| *n < count)
            .for_each(|n| work(&runtime, n));
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(in_turn);
        }
    });
}

/// Cases that went wrong, of all that were tried.
#[derive(Default)]
pub struct Failures {
    tried: AtomicUsize,
    failed: Mutex<Vec<String>>,
}

impl Failures {
    pub fn add(&self, case: impl Fn() -> String, result: Result<(), String>) {
        self.tried.fetch_add(1, Ordering::SeqCst);
        if let Err(why) = result {
            self.failed
                .lock()
                .unwrap()
                .push(format!("{}: {why}", case()));
        }
    }

    pub fn tried(&self) -> usize {
        self.tried.load(Ordering::SeqCst)
    }

    pub fn assert_none(&self) {
        let (tried, mut failed) = (self.tried(), self.failed.lock().unwrap().clone());
        failed.sort();
        let named = failed
            .iter()
            .take(NAMED)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n");
        assert!(
            failed.is_empty(),
            "{} of {tried} cases failed:\n{named}",
            failed.len()
        );
        assert!(tried > 0);
    }
}
