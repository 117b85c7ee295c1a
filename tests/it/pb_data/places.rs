//! Folders, files, links and archives that an operator may name, and what an import says of those that it cannot read.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::binary::bai;
use crate::support::installation::{CommandOutput, Installation};
use crate::support::pb_data::{PbData, add_user, files, import, killed, tally};

const KILLED: [&[&str]; 2] = [
    &["data.db", "data.db-wal", "data.db-shm"],
    &["data.db", "data.db-wal"],
];

/// Everybody comes from `from`, or a message with `part` is all that comes of it.
fn assert_comes(from: &Path, users: u64, about: &str) {
    let dir = tempfile::tempdir().unwrap();
    let (success, out, err) = import(dir.path(), from, &[]);
    assert!(success, "{about}: {out}{err}");
    assert_eq!(tally(&out, "tbl_auth_users"), [users, 0, 0, 0], "{about}");
}

fn assert_refused(from: &Path, part: &str) {
    let dir = tempfile::tempdir().unwrap();
    for more in [&[][..], &["--dry-run"]] {
        let (success, out, err) = import(dir.path(), from, more);
        assert!(
            !success && err.contains(part) && err.lines().count() == 1,
            "{} {part}: {out}{err}",
            from.display()
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

/// A zip with these files under other names.
fn zip(path: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path.to_owned()
}

/// The folder `pb_data` in a new folder, as a PocketBase that was killed leaves it: its second user is in the log only.
fn killed_in_a_parent(names: &[&str]) -> TempDir {
    let folder = killed(&PbData::with_users(1), names);
    let parent = tempfile::tempdir().unwrap();
    fs::rename(folder.keep(), parent.path().join("pb_data")).unwrap();
    parent
}

#[test]
fn links_lead_to_the_database_with_its_log() {
    for names in KILLED {
        let parent = killed_in_a_parent(names);
        let real = parent.path().join("pb_data");
        let folder = |name: &str| {
            let folder = parent.path().join(name);
            fs::create_dir(&folder).unwrap();
            folder
        };
        symlink(&real, parent.path().join("linked")).unwrap();
        symlink("../pb_data/data.db", folder("relative").join("data.db")).unwrap();
        symlink(real.join("data.db"), folder("absolute").join("data.db")).unwrap();
        symlink("../relative/data.db", folder("chain").join("data.db")).unwrap();
        symlink("../pb_data", folder("above").join("pb_data")).unwrap();
        symlink("pb_data/data.db", parent.path().join("file")).unwrap();
        // A log beside the link is of nothing: SQLite never looks at it.
        fs::write(parent.path().join("relative/data.db-wal"), "x").unwrap();
        let before = files(&real);
        for from in [
            "linked",
            "relative",
            "absolute",
            "chain",
            "above",
            "file",
            "pb_data/data.db",
            "",
        ] {
            assert_comes(&parent.path().join(from), 2, &format!("{from} {names:?}"));
        }
        assert_eq!(files(&real), before, "{names:?}");
    }
}

#[test]
fn a_database_under_another_name_has_its_log_under_that_name() {
    for names in KILLED {
        let parent = killed_in_a_parent(names);
        let (data, other) = (parent.path().join("pb_data"), parent.path().join("volume"));
        fs::create_dir(&other).unwrap();
        for name in names {
            let renamed = name.replace("data.db", "users.sqlite");
            fs::rename(data.join(name), other.join(renamed)).unwrap();
        }
        symlink("../volume/users.sqlite", data.join("data.db")).unwrap();
        assert_comes(&data, 2, "a link");
        assert_comes(&other.join("users.sqlite"), 2, "the file itself");
    }
}

#[test]
fn a_live_database_behind_a_link_is_read_with_what_was_written_last() {
    let pb = PbData::with_users(1);
    let db = pb.open();
    add_user(&db, 2);
    let dir = tempfile::tempdir().unwrap();
    symlink(pb.path().join("data.db"), dir.path().join("data.db")).unwrap();
    assert_comes(dir.path(), 2, "live");
    drop(db);
}

#[test]
fn a_log_that_is_a_link_is_followed_and_one_that_leads_to_nothing_is_said() {
    let folder = killed(&PbData::with_users(1), KILLED[1]);
    let log = folder.path().join("data.db-wal");
    fs::rename(&log, folder.path().join("elsewhere")).unwrap();
    symlink("elsewhere", &log).unwrap();
    assert_comes(folder.path(), 2, "a linked log");
    fs::remove_file(folder.path().join("elsewhere")).unwrap();
    assert_refused(folder.path(), "data.db-wal: No such file");
}

#[test]
fn shared_memory_that_was_left_alone_hides_nothing_and_no_log_is_made() {
    let pb = PbData::with_users(2);
    fs::write(pb.path().join("data.db-shm"), vec![0; 32768]).unwrap();
    let before = pb.files();
    assert_comes(pb.path(), 2, "no log");
    assert_eq!(pb.files(), before);
}

#[test]
fn a_backup_is_read_whatever_folder_is_in_it_and_whatever_link_leads_to_it() {
    let folder = killed(&PbData::with_users(1), KILLED[1]);
    let [database, log] =
        ["data.db", "data.db-wal"].map(|n| fs::read(folder.path().join(n)).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for (n, prefix) in ["", "pb_data/", "./", "srv/app/pb_data/", "pb_data\\"]
        .iter()
        .enumerate()
    {
        let [data, wal, deeper] =
            ["data.db", "data.db-wal", "storage/x/data.db"].map(|n| format!("{prefix}{n}"));
        let entries = [
            ("__MACOSX/._data.db", &b"x"[..]),
            (&deeper, b"x"),
            (&data, &database),
            (&wal, &log),
        ];
        let from = zip(&path(&format!("{n}.zip")), &entries);
        assert_comes(&from, 2, prefix);
    }
    symlink("1.zip", path("link")).unwrap();
    assert_comes(&path("link"), 2, "a link to a zip");

    let two = [("a/data.db", &database[..]), ("b/data.db", &database)];
    assert_refused(
        &zip(&path("two.zip"), &two),
        "it has a/data.db and b/data.db",
    );
    assert_refused(&zip(&path("none.zip"), &[("x", b"x")]), "no data.db in it");
    let mut linked = ZipWriter::new(File::create(path("linked.zip")).unwrap());
    let options = SimpleFileOptions::default();
    linked
        .add_symlink("pb_data/data.db", "/elsewhere/data.db", options)
        .unwrap();
    linked.finish().unwrap();
    assert_refused(&path("linked.zip"), "only a link there");
    let whole = fs::read(path("0.zip")).unwrap();
    fs::write(path("cut.zip"), &whole[..whole.len() / 2]).unwrap();
    assert_refused(&path("cut.zip"), "no zip that can be read");
}

#[test]
fn what_cannot_be_read_is_said_in_one_line() {
    let pb = PbData::with_users(1);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let tar = |flag: &str, name: &str| {
        let status = Command::new("tar")
            .args([flag, name, "-C"])
            .arg(pb.path())
            .arg("data.db")
            .current_dir(dir.path())
            .status();
        assert!(status.unwrap().success());
    };
    tar("-cf", "a.tar");
    tar("-czf", "a.tar.gz");
    fs::write(path("empty"), "").unwrap();
    fs::write(path("text"), "hello").unwrap();
    fs::write(path("log"), b"\x37\x7f\x06\x82 and more").unwrap();
    fs::create_dir(path("folder")).unwrap();
    fs::create_dir(path("zero")).unwrap();
    fs::write(path("zero/data.db"), "").unwrap();
    fs::create_dir(path("dangling")).unwrap();
    symlink("/nowhere/data.db", path("dangling/data.db")).unwrap();
    symlink("nowhere", path("link")).unwrap();
    Connection::open(path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    for (name, part) in [
        ("a.tar", "unpack it (tar -xf)"),
        ("a.tar.gz", "unpack it (tar -xf)"),
        ("empty", "the file is empty"),
        ("text", "it is no zip"),
        ("log", "only the log of a database"),
        ("folder", "the folder has no data.db in it"),
        ("zero", "it is empty (0 bytes)"),
        ("zero/data.db", "it is empty (0 bytes)"),
        ("dangling", "dangling/data.db: No such file"),
        ("link", "a link to nothing"),
        ("nowhere", "there is nothing of that name"),
        ("text/data.db", "there is nothing of that name"),
        ("other.db", "no database of PocketBase 0.23"),
    ] {
        assert_refused(&path(name), part);
    }
}

/// `bai` by way of another program.
fn by(program: &str, before: &[&str], dir: &Path, args: &[&str]) -> Command {
    let plain = bai(dir, args);
    let mut command = Command::new(program);
    command.args(before).arg(plain.get_program()).args(args);
    for (name, _) in plain.get_envs() {
        command.env_remove(name);
    }
    command.current_dir(dir);
    command
}

/// `bai` as somebody who may read no more than the files' rights say, even when that is root.
fn without_privileges(dir: &Path, args: &[&str]) -> Command {
    match rustix::process::geteuid().is_root() {
        true => by(
            "setpriv",
            &["--bounding-set=-all", "--inh-caps=-all"],
            dir,
            args,
        ),
        false => bai(dir, args),
    }
}

#[test]
fn rights_that_are_missing_are_said_with_the_path() {
    let parent = killed_in_a_parent(KILLED[0]);
    let zip = zip(&parent.path().join("a.zip"), &[("data.db", b"x")]);
    for locked in [
        "pb_data",
        "pb_data/data.db",
        "pb_data/data.db-wal",
        "pb_data/data.db-shm",
        "a.zip",
    ] {
        let path = parent.path().join(locked);
        let rights = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, Permissions::from_mode(0o0)).unwrap();
        let from = if locked == "a.zip" {
            zip.clone()
        } else {
            parent.path().join("pb_data")
        };
        let dir = tempfile::tempdir().unwrap();
        let args = ["import", "pocketbase", from.to_str().unwrap()];
        let output = without_privileges(dir.path(), &args).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        fs::set_permissions(&path, rights).unwrap();
        assert!(
            !output.status.success()
                && err.contains("Permission denied")
                && err.contains(locked)
                && err.contains("root"),
            "{locked}: {err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

/// What PocketBase, or another program, leaves when it is killed in the middle of a write with a rollback journal.
fn interrupted_write() -> PbData {
    let pb = PbData::with_users(300);
    let copy = tempfile::tempdir().unwrap();
    let db = pb.open();
    db.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN; UPDATE tbl_auth_users SET users_name = 'torn', users_phone = ''")
        .unwrap();
    for name in ["data.db", "data.db-journal"] {
        fs::copy(pb.path().join(name), copy.path().join(name)).unwrap();
    }
    drop(db);
    for name in ["data.db", "data.db-journal"] {
        fs::copy(copy.path().join(name), pb.path().join(name)).unwrap();
    }
    pb
}

#[test]
fn a_write_that_was_interrupted_is_rolled_back_in_a_copy() {
    let pb = interrupted_write();
    let before = pb.files();
    let dir = tempfile::tempdir().unwrap();
    let (success, out, err) = import(dir.path(), pb.path(), &[]);
    assert!(success, "{err}");
    assert_eq!(tally(&out, "tbl_auth_users"), [300, 0, 0, 0]);
    assert_eq!(pb.files(), before);
    let list = crate::support::binary::run(dir.path(), &["user", "list", "--json"]).1;
    assert!(list.contains("用户300") && !list.contains("torn"), "{list}");
}

#[test]
fn a_journal_of_somebody_who_is_writing_is_no_old_one() {
    let pb = PbData::with_users(3);
    let db = pb.open();
    db.execute_batch(
        "PRAGMA journal_mode = DELETE; BEGIN; UPDATE tbl_auth_users SET users_name = 'new'",
    )
    .unwrap();
    assert!(
        fs::metadata(pb.path().join("data.db-journal"))
            .unwrap()
            .len()
            > 0
    );
    assert_refused(pb.path(), "stop PocketBase");
    drop(db);
}

#[test]
fn a_temporary_folder_that_is_full_or_missing_names_itself() {
    let folder = killed(&PbData::with_users(1), KILLED[1]);
    let dir = tempfile::tempdir().unwrap();
    let zip = zip(
        &dir.path().join("a.zip"),
        &[("data.db", &fs::read(folder.path().join("data.db")).unwrap())],
    );
    let pb = PbData::with_users(1);
    assert!(import(dir.path(), pb.path(), &[]).0);
    for from in [folder.path(), &zip, pb.path()] {
        for (how, is_dry) in [
            ("full", true),
            ("full", false),
            ("missing", true),
            ("missing", false),
        ] {
            if from == pb.path() && !is_dry {
                continue;
            }
            let temporary = tempfile::tempdir().unwrap();
            let named = if how == "full" {
                temporary.path().to_owned()
            } else {
                temporary.path().join("none")
            };
            let limit = if how == "full" {
                "trap '' XFSZ; ulimit -f 100; "
            } else {
                ""
            };
            let mut args = vec!["import", "pocketbase", from.to_str().unwrap()];
            args.extend(is_dry.then_some("--dry-run"));
            let script = format!("{limit}exec \"$0\" \"$@\"");
            let mut command = by("sh", &["-c", &script], dir.path(), &args);
            let output = command.env("TMPDIR", &named).output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert!(
                !output.status.success()
                    && err.contains(named.to_str().unwrap())
                    && err.contains("TMPDIR"),
                "{args:?} {how}: {err}"
            );
        }
    }
}

#[test]
fn a_disk_that_takes_no_more_is_named_in_the_middle_of_an_import_too() {
    let (pb, dir, temporary) = (
        PbData::new(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let db = pb.open();
    db.execute_batch("BEGIN").unwrap();
    (1..=6000).for_each(|n| add_user(&db, n));
    db.execute_batch("COMMIT").unwrap();
    drop(db);
    for (more, named) in [(&["--dry-run"][..], temporary.path()), (&[], dir.path())] {
        let args = [&["import", "pocketbase", pb.path().to_str().unwrap()], more].concat();
        let script = "trap '' XFSZ; ulimit -f 4000; exec \"$0\" \"$@\"";
        let mut command = by("sh", &["-c", script], dir.path(), &args);
        let output = command.env("TMPDIR", temporary.path()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && err.contains(named.to_str().unwrap()),
            "{args:?}: {err}"
        );
        assert!(!dir.path().join("bai.redb").exists());
    }
}

#[test]
fn a_server_that_does_not_see_the_folder_says_so() {
    let mut place = Installation::empty();
    place.start();
    let parent = killed_in_a_parent(KILLED[0]);
    let args = ["import", "pocketbase", "/proc/self/cwd/pb_data"];
    let mut command = bai(parent.path(), &args);
    command.env("BAI_STORE__PATH", place.path().join("bai.redb"));
    let said = CommandOutput::of(command.output().unwrap());
    let told = "there is nothing of that name that the running server sees";
    assert!(said.code == 1 && said.err.contains(told), "{}", said.err);
    place.stop();
}
