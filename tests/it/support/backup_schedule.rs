//! Scheduled backups: a server that makes them, and waiting for them while a test moves the clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use bai::config::{Config, OnFailure};
use bai::domain::{BackupStatus, Company, RecordId};
use bai::store::{Location, Store, Write};
use jiff::Timestamp;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::failing_disk::FailingDisk;
use crate::support::s3_stub::S3Stub;

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_mins(1);
pub const HOUR: Duration = Duration::from_hours(1);
pub const DAY: Duration = Duration::from_hours(24);
/// The schedule looks at the clock five times a second.
pub const LOOKS: Duration = Duration::from_millis(600);

/// A second less.
pub fn almost(time: Duration) -> Duration {
    time.checked_sub(SECOND).unwrap()
}

/// Waits until `hold` does; a schedule that does nothing fails here.
#[track_caller]
pub fn until(what: &str, hold: impl Fn() -> bool) {
    let started = Instant::now();
    while !hold() {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "{what}: waited in vain"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

pub fn status(app: &TestApp) -> BackupStatus {
    app.app.backups.status(app.clock.now())
}

/// A server that makes backups into `folder`.
pub fn spawn(folder: &Path, every: Duration, configure: impl FnOnce(&mut Config)) -> TestApp {
    spawn_on(&FailingDisk::default().location(), folder, every, configure)
}

pub fn spawn_on(
    location: &Location,
    folder: &Path,
    every: Duration,
    configure: impl FnOnce(&mut Config),
) -> TestApp {
    TestApp::spawn_on(location, |config| {
        config.backup.dir = folder.into();
        config.backup.every = Some(every);
        configure(config);
    })
}

/// The bucket of `stub`, in a folder of ours.
pub fn bucket(config: &mut Config, stub: &S3Stub) {
    let s3 = &mut config.backup.s3;
    s3.endpoint = stub.url.as_str().into();
    s3.bucket = "bucket".into();
    s3.prefix = "bai/".into();
    s3.access_key = "canary-access".into();
    s3.secret_key = crate::support::s3_stub::SECRET.into();
    s3.path_style = true;
}

/// The backups in the folder, oldest first.
pub fn backups(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter(|name| Path::new(name).extension() == Some("redb".as_ref()))
        .collect();
    names.sort();
    names
}

/// A folder for backups that is not there yet.
pub fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("backups");
    (dir, folder)
}

/// Waits for the newest backup to be of the time now.
#[track_caller]
pub fn until_backed_up(app: &TestApp) {
    let second = app.clock.now().as_second();
    until("a backup", || {
        status(app)
            .last_success
            .is_some_and(|at| at.as_second() == second)
    });
    until("the end of it", || status(app).trouble().is_none());
}

/// A program that writes what it is told to `out`, a line for each time.
pub fn teller(out: &Path) -> OnFailure {
    let script = "env | grep ^BAI_ | sort | tr '\\n' ' ' >> \"$0\"; echo >> \"$0\"";
    OnFailure::Command(vec![
        "/bin/sh".into(),
        "-c".into(),
        script.into(),
        out.to_str().unwrap().into(),
    ])
}

pub fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The objects in our folder of the bucket.
pub fn objects(stub: &S3Stub) -> Vec<String> {
    stub.keys()
        .iter()
        .filter_map(|key| key.strip_prefix("bai/").map(str::to_owned))
        .collect()
}

/// A database of more than 16 MiB: three parts.
pub fn large() -> Location {
    let location = FailingDisk::default().location();
    let store = Store::open(&location, 1 << 20).unwrap();
    let company = |n| {
        Write::insert(Company {
            id: RecordId::parse(&format!("c{n:014}")).unwrap(),
            number: 0,
            company_id: format!("company-{n}"),
            columns: json!({ "large": "x".repeat(900_000) }).to_string(),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime
        .block_on(store.commit((0..20).map(company).collect()))
        .unwrap();
    location
}
