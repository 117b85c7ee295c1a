//! Faults at every writing system call of the binary, one run for each call and fault, and power cuts in every state of its
//! files. Nothing here knows how a command goes about its work; what is judged is what it leaves.

mod cuts;
mod disk;
mod folder;
mod interrupted;
mod scenario;
mod shim;
mod state;
mod trace;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cuts::Cut;
use interrupted::Interrupted;
use scenario::Scenario;
use shim::Fault;

/// Does `work` for 0, 1, 2 and so on with all processors, until it says for some number that there is no such.
fn in_turn(work: impl Fn(u64) -> bool + Sync) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| while work(next.fetch_add(1, Ordering::SeqCst)) {});
        }
    });
}

/// What went wrong, in the order in which it would happen.
#[derive(Default)]
struct Failures(Mutex<Vec<(u64, String)>>);

impl Failures {
    fn add(&self, at: u64, what: String) {
        self.0.lock().unwrap().push((at, what));
    }

    fn assert_none(self, of: &str, runs: &str) {
        let mut all = self.0.into_inner().unwrap();
        all.sort();
        let lines: Vec<_> = all.into_iter().map(|(_, what)| what).collect();
        println!("{of}: {runs}, {} failures", lines.len());
        assert!(lines.is_empty(), "{of}: {} of {runs}:\n{}", lines.len(), lines.join("\n"));
    }
}

fn interrupt(scenario: Scenario) {
    Interrupted::new(scenario).at_every_call(&Fault::ALL);
}

#[test]
fn a_commit_and_a_compaction_that_are_killed_lose_nothing() {
    Interrupted::new(scenario::COMMIT).at_every_call(&[Fault::Kill]);
    Interrupted::new(scenario::COMPACT).at_every_call(&[Fault::Kill]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_first_start_with_a_fault_loses_nothing() {
    interrupt(scenario::CREATE);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_commit_with_a_fault_loses_nothing() {
    interrupt(scenario::COMMIT);
    interrupt(scenario::INSERT);
    interrupt(scenario::ROTATE);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_compaction_with_a_fault_loses_nothing() {
    interrupt(scenario::COMPACT);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_restoration_with_a_fault_loses_nothing() {
    interrupt(scenario::RESTORE);
    interrupt(scenario::RESTORE_ALL);
    interrupt(scenario::RESTORE_MISSING);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_backup_with_a_fault_loses_nothing() {
    interrupt(scenario::BACKUP);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn an_import_with_a_fault_loses_nothing() {
    interrupt(scenario::IMPORT_NEW);
    interrupt(scenario::IMPORT);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn an_import_that_makes_the_file_grow_with_a_fault_loses_nothing() {
    interrupt(scenario::GROW);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_migration_with_a_fault_loses_nothing() {
    interrupt(scenario::MIGRATE_1);
    interrupt(scenario::MIGRATE_2);
}
#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_first_start_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::CREATE);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_commit_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::COMMIT);
    Cut::everywhere(scenario::INSERT);
    Cut::everywhere(scenario::ROTATE);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_compaction_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::COMPACT);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_restoration_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::RESTORE);
    Cut::everywhere(scenario::RESTORE_ALL);
    Cut::everywhere(scenario::RESTORE_MISSING);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_backup_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::BACKUP);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn an_import_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::IMPORT_NEW);
    Cut::everywhere(scenario::IMPORT);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn an_import_that_makes_the_file_grow_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::GROW);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_migration_with_a_power_cut_loses_nothing() {
    Cut::everywhere(scenario::MIGRATE_1);
    Cut::everywhere(scenario::MIGRATE_2);
}
