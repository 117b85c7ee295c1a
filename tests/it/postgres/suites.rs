//! The suites of other folders, on PostgreSQL: this program runs itself, with another engine under its tests.

use std::process::Command;

use crate::support::engine::VARIABLE;

/// Tests of what a file has and PostgreSQL has not: a disk that fails, a version of long ago, backups.
const OF_FILES: &[&str] = &[
    "a_full_disk_",
    "pocketbase::backups::",
    "pocketbase::backup_schedule::",
    "backups_are_told_whether_they_fail_or_succeed",
    "every_documented_status_can_be_had",
    // Ten thousand commits for one value.
    "a_full_list_of_ended_tokens_ends_all_of_the_superuser_and_time_makes_room",
    // Failures that servers share go by the one clock that they have in common.
    "a_clock_that_was_hours_ahead_makes_nobody_wait_for_it",
    "a_broken_store_is_a_500_that_tells_nothing",
    "events_are_written_within_seconds",
    "what_is_older_than_kept_or_beyond_the_bound_goes_and_failures_push_out_nothing_else",
];

/// Tests that ask the same of rules thousands of times, and little of the store: others of their kind are run.
const OF_RULES: &[&str] = &[
    "rules::managers_may_do_what_they_may_in_pocketbase",
    "rules::records_are_changed_and_removed_as_pocketbase_lets_them_be",
    "rules::records_are_made_as_pocketbase_lets_them_be_made",
    "rules::requests_of_a_batch_see_those_before_them",
];

/// Runs the tests whose names begin so.
fn run(engine: &str, suites: &[&str]) {
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.env(VARIABLE, engine).args(suites);
    for name in OF_FILES.iter().chain(OF_RULES) {
        tests.args(["--skip", name]);
    }
    let output = tests.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let closing = text.lines().rfind(|line| line.starts_with("test result"));
    println!("{engine} {suites:?}: {}", closing.unwrap_or_default());
    assert!(output.status.success(), "{text}");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn the_store_s_suite_holds_on_postgresql() {
    run("postgres", &["store::commit::"]);
    run("serializable", &["store::commit::"]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn the_contract_holds_on_postgresql() {
    run("postgres", &["contract::", "auth::"]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn pictures_come_and_go_with_their_users_on_postgresql() {
    run(
        "postgres",
        &["avatars::l", "avatars::served", "avatars::upload"],
    );
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn the_contract_holds_where_transactions_are_serializable() {
    run("serializable", &["contract::"]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn webhooks_are_told_on_postgresql() {
    run("postgres", &["webhooks::messages", "webhooks::troubles"]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn pocketbase_s_dialect_and_its_recorded_filters_hold_on_postgresql() {
    run("postgres", &["pocketbase::"]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn pocketbase_s_dialect_and_its_recorded_filters_hold_where_transactions_are_serializable() {
    run(
        "serializable",
        &["pocketbase::dialect", "pocketbase::filters"],
    );
}
