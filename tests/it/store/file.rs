//! The database file: where it is, what becomes of it while it is copied or replaced, and what is told of commits.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use bai::clock::Clock;
use bai::domain::RecordId;
use bai::random::Random;
use bai::store::file::{CopyLimits, Restoration};
use bai::store::{Action, Error, Location, Store, Write};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::app::TestApp;
use crate::support::binary::{Running, bai, run};
use crate::support::crash_disk::{CrashDisk, Fault, Reads};
use crate::support::steps;
use crate::support::users::{new_user, now, openid, user_id};
use crate::support::waiting::wait;

const CACHE: usize = 1 << 20;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn open(path: &Path) -> Store {
    Store::open(&Location::File(path.to_owned()), CACHE).unwrap()
}

fn fill(store: &Store, users: std::ops::Range<usize>) {
    let writes = users.map(|n| Write::insert(new_user(n))).collect();
    runtime().block_on(store.commit(writes)).unwrap();
}

async fn rename(store: &Store, id: &RecordId, name: &'static str) {
    let renamed = steps::change_user(store, now(), id, |user| user.name = name.into());
    renamed.await.unwrap();
}

#[test]
fn a_commit_whose_last_sync_failed_and_that_is_there_is_done_and_told() {
    let disk = CrashDisk::default();
    let store = Store::open(&disk.location(), CACHE).unwrap();
    fill(&store, 0..1);
    let mut changes = store.changes();
    disk.plan(Fault::FailedSync(2, Reads::New));
    runtime().block_on(store.insert(new_user(1))).unwrap();
    assert!(disk.has_failed());
    let told = changes.try_recv().unwrap();
    assert_eq!(
        (told.action, told.record.id()),
        (Action::Create, &user_id(1))
    );
    assert!(changes.try_recv().is_err());
    drop(store);
    let store = Store::open(&disk.location(), CACHE).unwrap();
    assert_eq!(runtime().block_on(store.count_users()).unwrap(), 2);
}

/// The writer is held in its commit; who listens then hears of it.
#[test]
fn whoever_listens_before_a_commit_hears_of_it() {
    let disk = CrashDisk::default();
    let store = Store::open(&disk.location(), CACHE).unwrap();
    let held = disk.hold();
    let writing = thread::spawn({
        let store = store.clone();
        move || drop(runtime().block_on(store.insert(new_user(0))).unwrap())
    });
    held.blocking_recv().unwrap();
    let mut changes = store.changes();
    disk.let_go();
    writing.join().unwrap();
    assert_eq!(changes.try_recv().unwrap().record.id(), &user_id(0));
}

#[test]
fn a_copy_beside_which_the_database_grows_too_much_is_given_up() {
    const USERS: usize = 3_000;
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("bai.redb"), dir.path().join("copy.redb"));
    drop({
        let store = open(&path);
        fill(&store, 0..USERS);
        store
    });
    let store = open(&path);
    let before = fs::metadata(&path).unwrap().len();
    let mut slow = |_, _| {
        for n in 0..50 {
            let id = user_id(n * 60);
            runtime().block_on(rename(&store, &id, "while it is copied"));
        }
    };
    let limits = CopyLimits {
        growth: 0,
        min_free: 0,
    };
    let error = store
        .file()
        .unwrap()
        .backup(&copy, now(), limits, &mut slow)
        .unwrap_err();
    let Error::Outgrown { grown } = error else {
        panic!("{error}")
    };
    assert!(
        grown > before && error.to_string().contains("backup.max_growth_mib"),
        "{error}"
    );
    assert!(fs::metadata(&path).unwrap().len() < 5 * before);
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["bai.redb"]);
    assert_eq!(
        store
            .file()
            .unwrap()
            .backup(&copy, now(), limits, &mut |_, _| ())
            .unwrap()
            .users,
        USERS as u64
    );
}

#[test]
fn a_restored_and_a_compacted_file_have_little_to_spare() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("bai.redb"), dir.path().join("copy.redb"));
    let store = open(&path);
    fill(&store, 0..6_000);
    store
        .file()
        .unwrap()
        .backup(&copy, now(), CopyLimits::NONE, &mut |_, _| ())
        .unwrap();
    // Whose tokens end has to be written down.
    fill(&store, 6_000..6_100);
    let most = fs::metadata(&copy).unwrap().len() * 5 / 4 + (512 << 10);
    let asked = Restoration {
        from: copy,
        keep_tokens: false,
        clock: Clock::System,
        random: Random::System,
    };
    let len = || fs::metadata(&path).unwrap().len();
    store.file().unwrap().restore(asked, |_| ()).unwrap();
    assert!(len() < most, "restored: {} of {most}", len());
    store.file().unwrap().compact().unwrap();
    assert!(len() < most, "compacted: {} of {most}", len());
}

#[test]
fn a_link_to_the_database_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let (volume, link) = (dir.path().join("volume"), dir.path().join("bai.redb"));
    let (real, copy) = (volume.join("real.redb"), dir.path().join("copy.redb"));
    fs::create_dir(&volume).unwrap();
    symlink("volume/real.redb", &link).unwrap();
    let ok = |args: &[&str]| {
        let (output, _, said) = run(dir.path(), args);
        assert!(output.status.success(), "{args:?}: {said}");
        assert_eq!(
            fs::read_link(&link).unwrap(),
            PathBuf::from("volume/real.redb"),
            "{args:?}"
        );
    };
    fill(&open(&link), 0..3);
    ok(&["backup", copy.to_str().unwrap()]);
    ok(&["compact"]);
    ok(&["restore", copy.to_str().unwrap(), "--yes"]);
    assert_eq!(runtime().block_on(open(&real).count_users()).unwrap(), 3);
    let kept = fs::read_dir(&volume)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        kept.filter(|name| name.contains("before-restore")).count(),
        1
    );
}

/// Whoever reads the old database may issue tokens of that time: they have to be void.
#[test]
fn tokens_are_void_until_nobody_reads_the_database_before() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("bai.redb"), dir.path().join("copy.redb"));
    let store = open(&path);
    fill(&store, 0..2_000);
    store
        .file()
        .unwrap()
        .backup(&copy, now(), CopyLimits::NONE, &mut |_, _| ())
        .unwrap();
    fill(&store, 2_000..2_001);
    let (clock, last_old, done) = (
        Clock::manual(now()),
        AtomicI64::new(0),
        AtomicBool::new(false),
    );
    let asked = Restoration {
        from: copy,
        keep_tokens: false,
        clock: clock.clone(),
        random: Random::seeded(1),
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                clock.advance(Duration::from_millis(1));
                thread::sleep(Duration::from_micros(50));
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let (before, user) = (
                    clock.now_ms(),
                    runtime().block_on(store.user_by_openid(&openid(2_000))),
                );
                if user.unwrap().is_some() {
                    last_old.store(before, Ordering::SeqCst);
                }
            }
        });
        let restored = store.file().unwrap().restore(asked, |_| ());
        done.store(true, Ordering::SeqCst);
        restored.unwrap();
    });
    let voids = wait(store.remembered()).unwrap().revocation_windows;
    let until = voids.last().unwrap().until.as_millisecond();
    assert!(until > last_old.into_inner(), "{voids:?}");
    assert!(until <= clock.now_ms() + 1, "{voids:?}");
}

/// A restoration of a server that was killed between the replacement and its last commit.
#[test]
fn a_start_ends_the_void_time_of_a_restoration_that_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("bai.redb"), dir.path().join("copy.redb"));
    let store = open(&path);
    store
        .file()
        .unwrap()
        .backup(&copy, now(), CopyLimits::NONE, &mut |_, _| ())
        .unwrap();
    let asked = Restoration {
        from: copy,
        keep_tokens: false,
        clock: Clock::manual(now()),
        random: Random::seeded(1),
    };
    // What is there when somebody may read the new database for the first time.
    let (cut, at) = (dir.path().join("cut.redb"), path.clone());
    let cut_here = cut.clone();
    store
        .file()
        .unwrap()
        .restore(asked, move |_| assert!(fs::copy(at, cut_here).is_ok()))
        .unwrap();
    let store = open(&cut);
    assert!(
        wait(store.remembered()).unwrap().revocation_windows[0].until
            > now() + Duration::from_hours(1_000)
    );
    let start = now() + Duration::from_hours(1);
    runtime()
        .block_on(store.end_revocation_windows(start))
        .unwrap();
    assert_eq!(
        wait(store.remembered()).unwrap().revocation_windows[0].until,
        start
    );
}

/// A clock that is behind must not bring back tokens.
#[test]
fn a_start_leaves_a_void_time_that_has_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let store = open(&path);
    let late = Clock::manual(now() + Duration::from_hours(5));
    store
        .file()
        .unwrap()
        .backup(
            &dir.path().join("copy.redb"),
            now(),
            CopyLimits::NONE,
            &mut |_, _| (),
        )
        .unwrap();
    let from = dir.path().join("copy.redb");
    store
        .file()
        .unwrap()
        .restore(
            Restoration {
                from,
                keep_tokens: false,
                clock: late,
                random: Random::seeded(1),
            },
            |_| (),
        )
        .unwrap();
    let voids = wait(store.remembered()).unwrap().revocation_windows;
    assert_eq!(voids.len(), 1);
    runtime()
        .block_on(store.end_revocation_windows(now() + Duration::from_hours(1)))
        .unwrap();
    assert_eq!(wait(store.remembered()).unwrap().revocation_windows, voids);
}

#[test]
fn a_server_whose_file_is_gone_or_another_refuses_writes_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (path, away) = (dir.path().join("bai.redb"), dir.path().join("away.redb"));
    let mut command = bai(dir.path(), &[]);
    command.env("BAI_LIMITS__ENABLED", "false");
    let running = Running::start(command);
    let login = |name: &str| {
        running
            .post(
                "/api/wechat/login",
                &json!({ "users_wx_code": crate::support::canary::code(name) }),
            )
            .status
    };
    let health = || running.post("/api/system/health", &json!({})).status;
    assert_eq!((login("anne~1"), health()), (200, 200));
    fs::rename(&path, &away).unwrap();
    assert_eq!((login("ben~1"), health()), (500, 503));
    fs::copy(&away, &path).unwrap();
    assert_eq!((login("ben~2"), health()), (500, 503));
    fs::rename(&away, &path).unwrap();
    assert_eq!((login("ben~3"), health()), (200, 200));
}

#[test]
fn an_import_and_a_backup_do_not_run_at_once() {
    let app = TestApp::spawn();
    let alone = Arc::clone(&app.app.maintenance).try_lock_owned().unwrap();
    let (mut io, _caller) = bai::admin::Io::new();
    let admin = bai::admin::Admin::of_app(&app.app);
    let import = bai::admin::AdminCommand::Import(bai::admin::import::ImportCommand {
        from: "/nowhere".into(),
        with_rules: false,
        preference: bai::pb_data::Preference::default(),
        is_accepted: false,
    });
    let refused = app
        .block_on(bai::admin::run(&admin, import, &mut io))
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("another backup, restore, import or compaction runs"),
        "{refused}"
    );
    drop(alone);
}

/// A file system of a few MiB in memory.
struct TinyDisk(tempfile::TempDir);

impl TinyDisk {
    fn mount() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "none"])
            .arg(dir.path())
            .status();
        assert!(mount.unwrap().success());
        Self(dir)
    }

    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("fill");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        path
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .args(["-l"])
            .arg(self.0.path())
            .status();
    }
}

#[test]
#[ignore = "mounts a file system, for which it has to be root"]
fn health_does_not_say_that_all_is_well_while_users_writes_fail_on_a_full_disk() {
    let disk = TinyDisk::mount();
    let mut command = bai(disk.0.path(), &[]);
    command.env("BAI_LIMITS__ENABLED", "false");
    let running = Running::start(command);
    let new_user = |n: usize| {
        let code = crate::support::canary::code(&format!("full{n}~1"));
        running
            .post("/api/wechat/login", &json!({ "users_wx_code": code }))
            .status
    };
    let health = || running.post("/api/system/health", &json!({})).status;
    assert_eq!((new_user(0), health()), (200, 200));
    let fill = disk.fill();
    let first = (1..5_000)
        .find(|n| new_user(*n) == 500)
        .expect("the disk is full");
    for n in first..first + 40 {
        assert_eq!((new_user(n), health()), (500, 503), "{n}");
    }
    fs::remove_file(fill).unwrap();
    assert_eq!((health(), new_user(first), health()), (200, 200, 200));
}

/// Traces system calls: the copy is synced and dropped from the page cache before it is read back, and then renamed; what is
/// checked is opened to read only.
#[test]
#[ignore = "needs strace, which .ci/run installs"]
fn what_is_verified_comes_off_the_disk_and_what_is_checked_is_not_opened_to_write() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(&dir.path().join("bai.redb")));
    let trace = |args: &[&str]| {
        let log = dir.path().join("trace");
        let program = bai(dir.path(), args);
        let mut command = Command::new("strace");
        command
            .args([
                "-f",
                "-y",
                "-e",
                "trace=openat,fsync,fadvise64,pread64,renameat2,rename",
                "-o",
            ])
            .arg(&log);
        command
            .arg(program.get_program())
            .args(args)
            .current_dir(dir.path());
        assert!(command.status().unwrap().success());
        fs::read_to_string(log).unwrap()
    };
    let backup = trace(&["backup", "out.redb"]);
    let copy = "outgoing.new";
    let at = |call: &str| {
        backup
            .lines()
            .position(|line| line.contains(call) && line.contains(copy))
            .unwrap()
    };
    let read_back = backup
        .lines()
        .skip(at("fadvise64"))
        .any(|line| line.contains("pread64") && line.contains(copy));
    assert!(at("fsync") < at("fadvise64") && read_back, "{backup}");
    let check = trace(&["check", "out.redb"]);
    let opened: Vec<_> = check
        .lines()
        .filter(|line| line.contains("openat") && line.contains("out.redb"))
        .collect();
    assert!(
        !opened.is_empty() && opened.iter().all(|line| line.contains("O_RDONLY")),
        "{opened:?}"
    );
}
