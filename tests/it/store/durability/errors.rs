//! The disk fails and goes on: a clean error, and what the answers say is there: at once, after a reopening, and after a cut.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::support::crash_disk::{Fault, Operation, Reads};
use crate::support::durability::Failures;
use crate::support::durability::scripts::{ERRORS, SHRINKING, Script};
use crate::support::durability::session::Session;
use crate::support::durability::state::{Change, State};
use crate::support::durability::survival::survives;

/// Errors while an error lasts, before the disk works again.
const LASTING: usize = 3;

/// Syncs after a failed one that have a cut before them.
const CUTS: usize = 5;

/// Runs each script with each fault in turn, until one does not happen.
fn assert_kept(scripts: &[Script], fault: impl Fn(u64) -> Fault + Sync) {
    let failures = Failures::default();
    for script in scripts {
        let before = failures.tried();
        try_faults(script, &fault, &failures);
        println!("{}: {} cases", script.name, failures.tried() - before);
    }
    failures.assert_none();
}

fn try_faults(script: &Script, fault: &(impl Fn(u64) -> Fault + Sync), failures: &Failures) {
    let (content, state) = (script.before)();
    let (next, ended) = (AtomicU64::new(1), AtomicBool::new(false));
    let in_turn = || {
        while !ended.load(Ordering::SeqCst) {
            let fault = fault(next.fetch_add(1, Ordering::SeqCst));
            let session = Session::new(content.clone(), state.clone(), script.cache);
            match run(script, session, fault) {
                Some(result) => failures.add(|| format!("{}, {fault:?}", script.name), result),
                None => ended.store(true, Ordering::SeqCst),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(in_turn);
        }
    });
}

/// Whether what is found is what the answers say; `None` when the fault did not happen.
fn run(script: &Script, mut session: Session, fault: Fault) -> Option<Result<(), String>> {
    session.plan(fault, LASTING);
    (script.run)(&mut session);
    if !session.disk.has_failed() {
        session.close();
    }
    session.disk.mend().then(|| {
        let call = session.disk.failed();
        keeps_answers(&mut session)
            .map_err(|why| format!("{call:?}: {why}; errors: {:?}", session.errors()))
    })
}

fn keeps_answers(session: &mut Session) -> Result<(), String> {
    session.commit(&[Change::Insert(8_888)]);
    if !session.possible().iter().all(|state| state.has(8_888)) {
        return Err("a write after the fault failed".to_owned());
    }
    found(session).map_err(|why| format!("at once: {why}"))?;
    session.close();
    found(session).map_err(|why| format!("reopened: {why}"))?;
    session.close();
    survives_cuts(session)
}

/// The power goes before one of the next syncs, or at the end, and all that was not synced is lost.
fn survives_cuts(session: &Session) -> Result<(), String> {
    let recording = session.disk.recording();
    let failed = recording
        .operations
        .iter()
        .position(|operation| matches!(operation, Operation::FailedSync));
    let windows = recording.windows();
    let after = windows
        .iter()
        .filter(|window| failed.is_some_and(|failed| window.end >= failed))
        .take(CUTS);
    for window in after.chain(windows.last()) {
        let expected = session.possible_by_answers(window.end);
        survives(&session.runtime, window.base.clone(), &expected)
            .map_err(|why| format!("after a cut before operation {}: {why}", window.end))?;
    }
    Ok(())
}

/// Whether the open store has what the answers say.
fn found(session: &mut Session) -> Result<(), String> {
    let store = session.open().ok_or("it does not open")?;
    let state = State::read(&session.runtime, &store)?;
    match session.possible().contains(&state) {
        true => Ok(()),
        false => Err(state.differs(session.possible())),
    }
}

/// `BAI_OPERATIONS` sets how long the first script is.
#[test]
fn an_io_error_at_any_call_is_a_clean_error() {
    assert_kept(&ERRORS, Fault::Error);
}

#[test]
fn a_disk_that_is_full_from_any_call_on_and_then_emptied_is_written_again() {
    assert_kept(&ERRORS, Fault::Lasting);
}

#[test]
fn a_failed_sync_is_a_clean_error() {
    assert_kept(&ERRORS, |n| Fault::FailedSync(n, Reads::Old));
}

#[test]
fn what_a_failed_sync_has_lost_and_reads_still_show_is_not_built_upon() {
    assert_kept(&ERRORS, |n| Fault::FailedSync(n, Reads::New));
}

#[test]
#[ignore = "takes long: the file has to be long first"]
fn an_io_error_while_the_file_becomes_shorter_is_a_clean_error() {
    assert_kept(&[SHRINKING], Fault::Error);
}
