//! A damaged block costs its own records and nothing else, also while a copy is slow.

use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bai::domain::User;
use bai::store::file::CopyLimits;
use bai::store::{CommitError, Error, Location, Store, Write};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::binary::run;
use crate::support::users::{new_user, now, user_id};

const USERS: usize = 4_000;
/// Whose record is in the damaged block: the copy of a file comes to it late.
const DAMAGED: usize = 3_900;
/// Users whose records are elsewhere.
const ELSEWHERE: Range<usize> = 0..1_000;
/// Long enough for what must not wait for something else.
const PATIENCE: Duration = Duration::from_mins(1);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn open(path: &Path) -> Store {
    Store::open(&Location::File(path.to_owned()), 1 << 20).unwrap()
}

/// Renames a user from and to a name, all else being as it was made.
async fn rename(store: &Store, n: usize, old: &str, new: &str) -> Result<User, CommitError> {
    let named = |name: &str| User {
        name: name.into(),
        ..new_user(n)
    };
    store.update(named(old), named(new)).await
}

/// A database with a byte changed in the block of the record of [`DAMAGED`].
fn damaged() -> (TempDir, PathBuf) {
    const MARK: &str = "the name in the damaged block";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let (store, runtime) = (open(&path), runtime());
    let users = (0..USERS).map(|n| Write::insert(new_user(n))).collect();
    runtime.block_on(store.commit(users)).unwrap();
    runtime.block_on(rename(&store, DAMAGED, "", MARK)).unwrap();
    drop(store);
    let bytes = fs::read(&path).unwrap();
    // The name is in what is left of other pages, too.
    let places = bytes
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, part)| *part == MARK.as_bytes());
    for (at, _) in places {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        let opened = Store::open(&Location::File(path.clone()), 1 << 20);
        if opened.is_ok_and(|store| {
            runtime
                .block_on(store.user_by_id(&user_id(DAMAGED)))
                .is_err()
        }) {
            return (dir, path);
        }
    }
    panic!("no block has the record");
}

fn failure(error: CommitError) -> Error {
    match error {
        CommitError::Failed(error) => error,
        conflict @ CommitError::Conflict { .. } => panic!("{conflict}"),
    }
}

fn assert_names_its_block(error: &Error) {
    let text = error.to_string();
    assert!(
        matches!(error, Error::Damaged(_))
            && text.contains("block ")
            && text.contains(" is damaged"),
        "{text}"
    );
}

/// Does `work` on `count` threads while `meanwhile` runs; how often it was done.
fn beside(count: usize, work: impl Fn() + Sync, meanwhile: impl FnOnce()) -> usize {
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    work();
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // The others end before a panic goes on.
        let outcome = catch_unwind(AssertUnwindSafe(meanwhile));
        stop.store(true, Ordering::SeqCst);
        outcome.unwrap_or_else(|payload| resume_unwind(payload));
    });
    done.into_inner()
}

/// Writes and reads of others, each of which has to succeed.
fn read_and_write(store: &Store) {
    let runtime = runtime();
    for n in ELSEWHERE.step_by(10) {
        runtime.block_on(rename(store, n, "", "written")).unwrap();
        assert_eq!(
            runtime
                .block_on(store.user_by_id(&user_id(n)))
                .unwrap()
                .unwrap()
                .name,
            "written"
        );
    }
}

#[test]
fn others_read_and_write_while_clients_ask_for_a_damaged_record() {
    let (_dir, path) = damaged();
    let store = open(&path);
    let ask = || {
        let answer = runtime().block_on(store.user_by_id(&user_id(DAMAGED)));
        assert_names_its_block(&answer.unwrap_err());
    };
    assert!(beside(4, ask, || read_and_write(&store)) > 100);
}

#[test]
fn a_write_to_a_damaged_record_fails_alone() {
    let (_dir, path) = damaged();
    let store = open(&path);
    let ask = || {
        let answer = runtime().block_on(rename(&store, DAMAGED, "", "lost"));
        assert_names_its_block(&failure(answer.unwrap_err()));
    };
    assert!(beside(2, ask, || read_and_write(&store)) > 2);
    assert_eq!(
        runtime().block_on(store.count_users()).unwrap(),
        USERS as u64
    );
}

/// The copy is held in its progress; everything else has to end before it goes on.
#[test]
fn nobody_waits_for_a_slow_copy_even_when_a_block_is_damaged() {
    let (dir, path) = damaged();
    let store = open(&path);
    let (held, is_held) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let copying = {
        let (store, copy) = (store.clone(), dir.path().join("copy.redb"));
        thread::spawn(move || {
            let mut pause = move |_, _| {
                let _ = held.send(());
                let _ = may_go.recv();
            };
            store
                .file()
                .unwrap()
                .backup(&copy, now(), CopyLimits::NONE, &mut pause)
        })
    };
    is_held.recv_timeout(PATIENCE).unwrap();
    let (ended, is_ended) = mpsc::channel();
    let others = thread::spawn({
        let store = store.clone();
        move || {
            let runtime = runtime();
            assert_names_its_block(
                &runtime
                    .block_on(store.user_by_id(&user_id(DAMAGED)))
                    .unwrap_err(),
            );
            runtime
                .block_on(rename(&store, DAMAGED, "", "lost"))
                .unwrap_err();
            runtime.block_on(store.insert(new_user(USERS))).unwrap();
            assert_eq!(
                runtime.block_on(store.count_users()).unwrap(),
                USERS as u64 + 1
            );
            assert!(runtime.block_on(store.is_writable()));
            ended.send(()).unwrap();
        }
    });
    is_ended
        .recv_timeout(PATIENCE)
        .expect("somebody waits for the copy");
    others.join().unwrap();
    drop(go);
    // It was made of what has been closed since, or of what is damaged.
    copying.join().unwrap().unwrap_err();
    assert!(!dir.path().join("copy.redb").exists() && !dir.path().join("copy.redb.new").exists());
}

#[test]
fn check_and_backup_name_the_block() {
    let (dir, path) = damaged();
    let before = fs::read(&path).unwrap();
    for command in [
        &["check"][..],
        &["check", "bai.redb"],
        &["backup", "out.redb"],
        &["compact"],
    ] {
        let (output, _, said) = run(dir.path(), command);
        assert!(!output.status.success(), "{command:?}");
        assert!(
            said.contains("block ") && said.contains(" is damaged"),
            "{command:?}: {said}"
        );
        assert!(
            command[0] != "check" || fs::read(&path).unwrap() == before,
            "{command:?} writes"
        );
    }
    assert!(!dir.path().join("out.redb").exists());
}
