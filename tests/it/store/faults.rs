//! Faults at every writing system call of the binary, one run for each call and fault, and power cuts in every state of its
//! files. Nothing here knows how a command goes about its work; what is judged is what it leaves.

use crate::support::faults::cuts::Cut;
use crate::support::faults::errands::{Logins, Restore, Schedule, Upload};
use crate::support::faults::interrupted::Interrupted;
use crate::support::faults::scenario::{self, Scenario};
use crate::support::faults::served::{Errand, Served};
use crate::support::faults::shim::Fault;

/// Panics with the failures of all scenarios.
fn assert_none(failures: impl IntoIterator<Item = Option<String>>) {
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn interrupt(scenarios: &[Scenario]) {
    assert_none(
        scenarios
            .iter()
            .map(|scenario| Interrupted::new(*scenario).at_every_call(&Fault::ALL)),
    );
}

fn serve(errand: &dyn Errand) {
    assert_none([Served::new(errand).at_every_call()]);
}

fn cut(scenarios: &[Scenario]) {
    assert_none(scenarios.iter().map(|scenario| Cut::everywhere(*scenario)));
}

#[test]
fn a_commit_and_a_compaction_that_are_killed_lose_nothing() {
    let kill = |scenario| Interrupted::new(scenario).at_every_call(&[Fault::Kill]);
    assert_none([scenario::COMMIT, scenario::COMPACT].map(kill));
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_first_start_with_a_fault_loses_nothing() {
    interrupt(&[scenario::CREATE]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_commit_with_a_fault_loses_nothing() {
    interrupt(&[scenario::COMMIT, scenario::INSERT, scenario::ROTATE]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_compaction_with_a_fault_loses_nothing() {
    interrupt(&[scenario::COMPACT]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_restoration_with_a_fault_loses_nothing() {
    interrupt(&[
        scenario::RESTORE,
        scenario::RESTORE_ALL,
        scenario::RESTORE_MISSING,
    ]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_backup_with_a_fault_loses_nothing() {
    interrupt(&[scenario::BACKUP]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn an_import_with_a_fault_loses_nothing() {
    interrupt(&[scenario::IMPORT_NEW, scenario::IMPORT]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn an_import_that_makes_the_file_grow_with_a_fault_loses_nothing() {
    interrupt(&[scenario::GROW]);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_migration_with_a_fault_loses_nothing() {
    interrupt(&[
        scenario::MIGRATE_1,
        scenario::MIGRATE_2,
        scenario::MIGRATE_3,
        scenario::MIGRATE_4,
        scenario::MIGRATE_5,
    ]);
}
#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_first_start_with_a_power_cut_loses_nothing() {
    cut(&[scenario::CREATE]);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_commit_with_a_power_cut_loses_nothing() {
    cut(&[scenario::COMMIT, scenario::INSERT, scenario::ROTATE]);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_compaction_with_a_power_cut_loses_nothing() {
    cut(&[scenario::COMPACT]);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_restoration_with_a_power_cut_loses_nothing() {
    cut(&[
        scenario::RESTORE,
        scenario::RESTORE_ALL,
        scenario::RESTORE_MISSING,
    ]);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_backup_with_a_power_cut_loses_nothing() {
    cut(&[scenario::BACKUP]);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn an_import_with_a_power_cut_loses_nothing() {
    cut(&[scenario::IMPORT_NEW, scenario::IMPORT]);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn an_import_that_makes_the_file_grow_with_a_power_cut_loses_nothing() {
    cut(&[scenario::GROW]);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn a_migration_with_a_power_cut_loses_nothing() {
    cut(&[
        scenario::MIGRATE_1,
        scenario::MIGRATE_2,
        scenario::MIGRATE_3,
        scenario::MIGRATE_4,
        scenario::MIGRATE_5,
    ]);
}
#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_server_whose_disk_fails_loses_no_user() {
    serve(&Logins);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn an_upload_to_a_server_whose_disk_fails_is_whole_or_not_there() {
    serve(&Upload);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_restoration_by_a_server_whose_disk_fails_is_done_or_not() {
    serve(&Restore);
}

#[test]
#[ignore = "enumerates every writing call: minutes"]
fn a_scheduled_backup_with_a_fault_is_whole_and_the_last_one_stays() {
    serve(&Schedule);
}

#[test]
#[ignore = "enumerates every cut at every sync: minutes"]
fn what_a_server_answered_is_there_after_a_power_cut() {
    let errands: [&dyn Errand; 4] = [&Logins, &Upload, &Restore, &Schedule];
    assert_none(errands.map(|errand| Served::new(errand).at_every_sync()));
}
