//! An import brings the state of one moment, whoever writes meanwhile.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use bai::domain::User;
use bai::store::{Cursor, Location, Order, Store};
use rusqlite::Connection;

use crate::support::binary::bai;
use crate::support::pb_data::{PbData, add_user, import};

/// More than two batches.
const COUNT: usize = 4500;

/// Users who all have the same name.
fn many(journal: &str, count: usize) -> PbData {
    let pb = PbData::new();
    let db = pb.open();
    db.execute_batch(&format!("PRAGMA journal_mode = {journal}; BEGIN"))
        .unwrap();
    (1..=count).for_each(|n| add_user(&db, n));
    db.execute_batch("UPDATE tbl_auth_users SET users_name = '0'; COMMIT")
        .unwrap();
    drop(db);
    pb
}

/// Gives all users another name at once.
fn rename_all(db: &Connection, name: usize) {
    let sql = "UPDATE tbl_auth_users SET users_name = ?1";
    let _ = db.execute(sql, [name.to_string()]);
}

/// The names of all users who came.
fn names(dir: &Path) -> BTreeSet<String> {
    let store = Store::open(&Location::File(dir.join("bai.redb")), 1 << 20).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let order = Order::UsersByCreated {
        newest_first: false,
    };
    let records = runtime.block_on(store.records_after(order, &Cursor::START, 1_000_000));
    let name = |record| User::try_from(record).unwrap().name.clone();
    records.unwrap().into_iter().map(name).collect()
}

/// Imports beside a process that writes as PocketBase does, and moves its log into the database when it can. An import that is
/// refused, because somebody writes at that moment, is tried again.
fn import_beside_a_writer(pb: &PbData) {
    let is_over = AtomicBool::new(false);
    let mut names_of_imports = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let db = pb.open();
            let names = 1..;
            for n in names.take_while(|_| !is_over.load(Ordering::Relaxed)) {
                rename_all(&db, n);
                let _ = db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
                thread::sleep(Duration::from_millis(250));
            }
        });
        for _ in 0..30 {
            let dir = tempfile::tempdir().unwrap();
            let (success, _, err) = import(dir.path(), pb.path(), &[]);
            match success {
                true => names_of_imports.push(Ok(names(dir.path()))),
                false if err.contains("is being written to") => {}
                false => names_of_imports.push(Err(err)),
            }
            if names_of_imports.len() == 3 {
                break;
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(names_of_imports.len(), 3, "it was refused nearly each time");
    for names in names_of_imports {
        let names = names.unwrap();
        assert_eq!(names.len(), 1, "of two moments: {names:?}");
    }
}

#[test]
fn beside_a_pocketbase_that_writes_all_records_are_of_one_moment() {
    import_beside_a_writer(&many("WAL", COUNT));
}

#[test]
fn beside_a_writer_without_a_log_all_records_are_of_one_moment() {
    import_beside_a_writer(&many("DELETE", COUNT));
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([signal, &id]).status();
    assert!(status.unwrap().success());
}

#[test]
fn a_pocketbase_that_starts_meanwhile_and_writes_ends_the_import() {
    let (pb, dir) = (many("WAL", 4 * COUNT), tempfile::tempdir().unwrap());
    let args = ["import", "pocketbase", pb.path().to_str().unwrap()];
    let mut command = bai(dir.path(), &args);
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null());
    let child = child.spawn().unwrap();
    let unfinished = dir.path().join("bai.redb.import.new");
    while fs::metadata(&unfinished).map_or(0, |file| file.len()) < 2 << 20 {
        thread::sleep(Duration::from_millis(1));
    }
    // It stands still while PocketBase starts, writes and ends.
    signal(&child, "-STOP");
    let db = pb.open();
    rename_all(&db, 1);
    drop(db);
    signal(&child, "-CONT");
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && err.contains("PocketBase was started while"),
        "{err}"
    );
    assert!(!dir.path().join("bai.redb").exists());
}

#[test]
fn a_write_that_takes_a_moment_is_waited_for() {
    let pb = PbData::with_users(1);
    let db = pb.open();
    add_user(&db, 2);
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let written = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        db.execute_batch("COMMIT").unwrap();
        db
    });
    let (success, _, err) = import(dir.path(), pb.path(), &[]);
    drop(written.join().unwrap());
    assert!(success && err.contains("PocketBase is running"), "{err}");
}
