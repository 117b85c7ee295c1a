//! The database as a whole from the command line: backup, restore, check and compact, and kill -9 in the middle of each.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use bai::store::file::CopyLimits;
use bai::store::{Location, Store, Write};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::support::binary::{Running, bai};
use crate::support::canary::PASSWORD;
use crate::support::installation::{CommandOutput, Installation, login, refresh};
use crate::support::users::{new_user, now};

const ANNE: &str = "13800000001";
const BEN: &str = "13800000002";

fn users(place: &Installation) -> u64 {
    place.json(&["check"])["users"].as_u64().unwrap()
}

/// What is in the folder, but for the door.
fn files(dir: &Path) -> Vec<String> {
    let all = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = all
        .filter(|name| name.strip_suffix(".sock").is_none())
        .collect();
    names.sort();
    names
}

/// Overwrites all but the header, wherever the tables are.
fn damage(file: &Path) {
    const HEADER: u64 = 4096;
    let file = OpenOptions::new().write(true).open(file).unwrap();
    let rest = file.metadata().unwrap().len() - HEADER;
    let rest = usize::try_from(rest).unwrap();
    file.write_all_at(&vec![0x55; rest], HEADER).unwrap();
}

#[test]
fn a_backup_goes_out_and_comes_back() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        let made = place.json(&["backup", "copy.redb"]);
        assert_eq!(
            (&made["users"], &made["superusers"]),
            (&1.into(), &0.into())
        );
        let copy = place.path().join("copy.redb");
        assert_eq!(made["bytes"], fs::metadata(&copy).unwrap().len());
        assert_eq!(
            fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(place.json(&["check", "copy.redb"]), made);
        place
            .run(&["backup", "copy.redb"])
            .refused(2, "copy.redb is there already");
        assert!(place.run(&["backup"]).ok().starts_with("bai-2"));

        place.create(BEN, "Ben").ok();
        assert_eq!(users(place), 2);
        place.run(&["restore", "copy.redb"]).refused(2, "say --yes");
        assert_eq!(users(place), 2);
        let said = place.run(&["restore", "copy.redb", "--yes"]);
        assert!(
            said.ok().contains("users 1") && said.out.contains("before-restore"),
            "{}",
            said.out
        );
        assert_eq!(users(place), 1);
        assert_eq!(place.json(&["check"])["made"], Value::Null);
        // The database by its name, too, which a running server holds.
        assert_eq!(place.json(&["check", "bai.redb"])["made"], Value::Null);
        let before = files(place.path())
            .into_iter()
            .find(|name| name.contains("before-restore"))
            .unwrap();
        assert_eq!(place.json(&["check", &before])["users"], 2);
        let replaced = place.json(&["restore", &before, "--yes"]);
        assert_eq!(
            (&replaced["users"], &replaced["revoked"]),
            (&2.into(), &1.into())
        );
        place.with_server(|base| assert_eq!(login(base, BEN, PASSWORD).status, 200));
        assert!(
            !files(place.path())
                .iter()
                .any(|name| name.strip_suffix(".new").is_some())
        );
    });
}

#[test]
fn what_is_no_whole_database_is_refused_and_changes_nothing() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        place.run(&["backup", "copy.redb"]).ok();
        place.create(BEN, "Ben").ok();
        let path = |name: &str| place.path().join(name);
        fs::write(path("text"), "no database").unwrap();
        fs::write(path("empty"), "").unwrap();
        let good = fs::read(path("copy.redb")).unwrap();
        fs::write(path("half"), &good[..good.len() / 2]).unwrap();
        fs::copy(path("copy.redb"), path("flipped")).unwrap();
        damage(&path("flipped"));
        let before = files(place.path());
        for name in ["text", "empty", "half", "flipped"] {
            for command in [&["check", name][..], &["restore", name, "--yes"]] {
                let said = place.run(command);
                assert!(
                    said.code == 1 && said.err.contains(name),
                    "{command:?}: {} {}",
                    said.code,
                    said.err
                );
            }
        }
        place
            .run(&["check", "nope"])
            .refused(1, "there is no file nope");
        place
            .run(&["restore", "nope", "--yes"])
            .refused(1, "there is no file nope");
        assert_eq!((files(place.path()), users(place)), (before, 2));
    });
}

#[test]
fn a_file_that_an_operator_names_may_be_a_link() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        place.run(&["backup", "copy.redb"]).ok();
        std::os::unix::fs::symlink("copy.redb", place.path().join("link.redb")).unwrap();
        assert_eq!(place.json(&["check", "link.redb"])["users"], 1);
        place.create(BEN, "Ben").ok();
        place.run(&["restore", "link.redb", "--yes"]).ok();
        assert_eq!(users(place), 1);
    });
}

#[test]
fn tokens_that_were_issued_since_end_unless_they_are_to_be_kept() {
    Installation::both(|place| {
        let token = |place: &mut Installation| {
            let answer = place.with_server(|base| login(base, ANNE, PASSWORD).ok());
            thread::sleep(Duration::from_millis(5));
            answer["token"].as_str().unwrap().to_owned()
        };
        place.create(ANNE, "Anne").ok();
        let early = token(place);
        place.run(&["backup", "copy.redb"]).ok();
        let late = token(place);
        let accepted = |place: &mut Installation| {
            place.with_server(|base| [&early, &late].map(|token| refresh(base, token).status))
        };
        place
            .run(&["restore", "copy.redb", "--yes", "--keep-tokens"])
            .ok();
        assert_eq!(accepted(place), [200, 200]);
        place.run(&["restore", "copy.redb", "--yes"]).ok();
        assert_eq!(accepted(place), [200, 401]);
        let new = token(place);
        place.with_server(|base| assert_eq!(refresh(base, &new).status, 200));
    });
}

#[test]
fn a_database_that_is_damaged_or_gone_is_replaced_and_all_tokens_end() {
    let mut place = Installation::stopped();
    place.create(ANNE, "Anne").ok();
    let answer = place.with_server(|base| login(base, ANNE, PASSWORD).ok());
    let token = answer["token"].as_str().unwrap();
    place.run(&["backup", "copy.redb"]).ok();
    let database = place.path().join("bai.redb");
    let spoil: [&dyn Fn(); 3] = [
        &|| damage(&database),
        &|| {
            let file = OpenOptions::new().write(true).open(&database).unwrap();
            file.set_len(5000).unwrap();
        },
        &|| {
            fs::remove_file(&database).unwrap();
        },
    ];
    for spoil in spoil {
        spoil();
        place.run(&["restore", "copy.redb", "--yes"]).ok();
        assert_eq!(users(&place), 1);
        place.with_server(|base| {
            assert_eq!(refresh(base, token).status, 401);
            assert_eq!(login(base, ANNE, PASSWORD).status, 200);
        });
    }
}

/// Only root can show it: who else runs the commands has the files anyway.
#[test]
fn what_root_makes_belongs_to_whom_the_database_belongs() {
    const NOBODY: u32 = 65534;
    let place = Installation::stopped();
    let database = place.path().join("bai.redb");
    for path in [place.path(), &database] {
        if chown(path, Some(NOBODY), Some(NOBODY)).is_err() {
            return;
        }
    }
    place.run(&["backup", "copy.redb"]).ok();
    place.run(&["restore", "copy.redb", "--yes"]).ok();
    for path in [database, place.path().join("backups")] {
        assert_eq!(
            fs::metadata(&path).unwrap().uid(),
            NOBODY,
            "{}",
            path.display()
        );
    }
}

/// How many users the database has, and how many the backup.
const BEFORE: u64 = 3000;
const IN_BACKUP: u64 = 2000;

/// A database, and a backup of it when it had fewer users.
fn populate(dir: &Path) {
    let store = Store::open(&Location::File(dir.join("bai.redb")), 8 << 20).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let add = |numbers: std::ops::Range<u64>| {
        let writes = numbers
            .map(|n| Write::insert(new_user(usize::try_from(n).unwrap())))
            .collect();
        runtime.block_on(store.commit(writes)).unwrap();
    };
    add(0..IN_BACKUP);
    store
        .file()
        .unwrap()
        .backup(
            &dir.join("copy.redb"),
            now(),
            CopyLimits::NONE,
            &mut |_, _| (),
        )
        .unwrap();
    add(IN_BACKUP..BEFORE);
}

/// The database is whole: as it was, or the backup with what was before beside it. Nothing else is left but what the next
/// command removes.
fn assert_whole(dir: &Path, command: &str, delay: Duration) {
    let look = |name: &str| {
        bai::store::file::check_file(&Location::File(dir.join(name)), 8 << 20)
            .unwrap()
            .users
    };
    let count = Store::open(&Location::File(dir.join("bai.redb")), 8 << 20)
        .unwrap()
        .file()
        .unwrap()
        .check()
        .unwrap()
        .users;
    let before = files(dir)
        .into_iter()
        .find(|name| name.contains("before-restore"));
    match count {
        IN_BACKUP if command == "restore" => assert_eq!(look(&before.unwrap()), BEFORE),
        count => assert_eq!(count, BEFORE, "{command} killed after {delay:?}"),
    }
    let known = |name: &String| {
        ["bai.redb", "copy.redb", "out.redb", "backups"].contains(&name.as_str())
            || name.strip_suffix(".new").is_some()
            || name.contains("before-restore")
    };
    assert!(files(dir).iter().all(known), "{:?}", files(dir));
    if dir.join("out.redb").exists() {
        assert_eq!(look("out.redb"), BEFORE);
    }
}

fn spawn(dir: &Path, command: &str) -> Child {
    let args: &[&str] = match command {
        "backup" => &["backup", "out.redb"],
        "restore" => &["restore", "copy.redb", "--yes"],
        _ => &["compact"],
    };
    bai(dir, args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// `BAI_CRASH_ROUNDS` sets how many kills of each.
fn kill_in_the_middle(is_running: bool, command: &str) {
    let rounds: u64 = std::env::var("BAI_CRASH_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(3);
    for seed in 0..rounds {
        let dir = tempfile::tempdir().unwrap();
        populate(dir.path());
        let delay = Duration::from_millis(StdRng::seed_from_u64(seed).random_range(20..900));
        let server = is_running.then(|| Running::start(bai(dir.path(), &[])));
        let mut asked = spawn(dir.path(), command);
        thread::sleep(delay);
        match server {
            Some(server) => {
                server.signal("-KILL");
                drop(server.wait());
            }
            None => asked.kill().unwrap(),
        }
        asked.wait().unwrap();
        assert_whole(dir.path(), command, delay);
        let after = bai(dir.path(), &["backup", "after.redb"]).output().unwrap();
        assert!(
            after.status.success(),
            "{}",
            String::from_utf8_lossy(&after.stderr)
        );
        let folder = dir.path().join("backups");
        let left = [files(dir.path()), files(&folder)].concat();
        let left: Vec<_> = left
            .iter()
            .filter(|name| name.strip_suffix(".new").is_some() && *name != "out.redb.new")
            .collect();
        assert!(
            left.is_empty(),
            "{command} killed after {delay:?} left {left:?}"
        );
    }
}

#[test]
fn a_server_killed_while_it_is_backed_up_restored_or_compacted_leaves_a_whole_database() {
    for command in ["backup", "restore", "compact"] {
        kill_in_the_middle(true, command);
    }
}

#[test]
fn a_command_killed_while_it_backs_up_restores_or_compacts_leaves_a_whole_database() {
    for command in ["backup", "restore", "compact"] {
        kill_in_the_middle(false, command);
    }
}

/// A file in the place of the database, and whether a backup may take its place.
const IN_PLACE: [(&str, &[u8], bool); 6] = [
    ("text", b"notes of somebody", false),
    ("sqlite", b"SQLite format 3\0and so on", false),
    ("plain redb", b"redb\x1a\x0a\xa9\x0d\x0a", false),
    ("empty", b"", true),
    ("damaged", b"<damaged>", true),
    ("cut", b"<cut>", true),
];

#[test]
fn a_backup_takes_the_place_of_a_database_only() {
    let place = Installation::stopped();
    place.create(ANNE, "Anne").ok();
    place.run(&["backup", "copy.redb"]).ok();
    let good = fs::read(place.path().join("copy.redb")).unwrap();
    for (name, bytes, may) in IN_PLACE {
        let path = place.path().join("other.redb");
        match name {
            "damaged" => {
                fs::write(&path, &good).unwrap();
                damage(&path);
            }
            "cut" => fs::write(&path, &good[..5000]).unwrap(),
            "text" | "sqlite" | "plain redb" => {
                fs::write(&path, [bytes, &vec![b'x'; 20_000]].concat()).unwrap();
            }
            _ => fs::write(&path, bytes).unwrap(),
        }
        let before = fs::read(&path).unwrap();
        let said = restore_to(&place, "other.redb");
        if may {
            assert_eq!(said.code, 0, "{name}: {}", said.err);
        } else {
            said.refused(1, "is not a bai database");
            assert_eq!(fs::read(&path).unwrap(), before, "{name}");
        }
    }
    fs::create_dir(place.path().join("folder")).unwrap();
    let _socket = UnixListener::bind(place.path().join("socket")).unwrap();
    let names = files(place.path());
    restore_to(&place, "folder").refused(1, "it is a folder");
    restore_to(&place, "socket").refused(1, "it is a device, a pipe or a socket");
    assert_eq!(files(place.path()), names);
}

fn restore_to(place: &Installation, path: &str) -> CommandOutput {
    let mut command = bai(place.path(), &["restore", "copy.redb", "--yes"]);
    CommandOutput::of(command.env("BAI_STORE__PATH", path).output().unwrap())
}
