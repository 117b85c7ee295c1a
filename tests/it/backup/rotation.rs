//! Which backups the server deletes by itself: only those of its own database, and never the last good ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bai::config::Config;
use bai::domain::DatabaseId;
use bai::store::{Location, Store, Write};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::backup_schedule::{
    DAY, HOUR, LOOKS, MINUTE, SECOND, backups, bucket, folder, lines, objects, spawn_on, status,
    teller, until, until_backed_up,
};
use crate::support::binary::{Running, bai};
use crate::support::failing_disk::FailingDisk;
use crate::support::installation::Installation;
use crate::support::pb_data::PbData;
use crate::support::s3_stub::{Action, S3Stub};
use crate::support::steps::Step;
use crate::support::users::{new_user, user_id};

/// The file of a database of version 2 with two users, from before databases had ids.
const OLD: &[u8] = include_bytes!("../../fixtures/stored/store_v2.gz");

fn old_file(path: &Path) {
    let mut packed = flate2::read::GzDecoder::new(OLD);
    std::io::copy(&mut packed, &mut fs::File::create(path).unwrap()).unwrap();
}

/// A server that keeps one backup here and two in the bucket.
fn server(location: &Location, folder: &Path, stub: &S3Stub) -> TestApp {
    spawn_on(location, folder, HOUR, |config| keep_few(config, stub))
}

fn keep_few(config: &mut Config, stub: &S3Stub) {
    bucket(config, stub);
    config.backup.keep = 1;
    config.backup.s3.keep = 2;
}

/// Waits for so many more backups, of which the last is of now.
#[track_caller]
fn back_up(app: &TestApp, times: usize) {
    for _ in 0..times {
        app.clock.advance(HOUR);
        until_backed_up(app);
    }
    // What is too much is deleted before success is told.
    thread::sleep(LOOKS);
}

fn id(app: &TestApp) -> DatabaseId {
    app.app
        .store
        .file()
        .unwrap()
        .identity()
        .unwrap()
        .unwrap()
        .id
}

/// The backups in the folder that are of the database with this id.
fn backups_of(folder: &Path, id: DatabaseId) -> Vec<String> {
    let mut names = backups(folder);
    names.retain(|name| {
        bai::store::file::read_backup_info(&folder.join(name))
            .is_ok_and(|found| found.database == Some(id))
    });
    names
}

/// The objects in our folder of the bucket that are of that database.
fn objects_of(stub: &S3Stub, id: DatabaseId) -> Vec<String> {
    let labelled = |name: &String| stub.metadata(&format!("bai/{name}"), "x-amz-meta-bai-database");
    let mut names = objects(stub);
    names.retain(|name| labelled(name) == Some(id.to_string()));
    names
}

#[test]
fn backups_of_a_database_that_is_gone_are_never_deleted_by_the_one_in_its_place() {
    let ((_dir, folder), stub) = (folder(), S3Stub::start());
    let app = server(&FailingDisk::default().location(), &folder, &stub);
    until_backed_up(&app);
    back_up(&app, 2);
    let (here, there) = (backups(&folder), objects(&stub));
    assert_eq!((here.len(), there.len()), (1, 2));
    drop(app);

    let app = server(&FailingDisk::default().location(), &folder, &stub);
    app.clock.advance(DAY);
    until_backed_up(&app);
    back_up(&app, 4);
    assert!(
        here.iter().all(|name| backups(&folder).contains(name)),
        "{:?}",
        backups(&folder)
    );
    assert!(
        there.iter().all(|name| objects(&stub).contains(name)),
        "{:?}",
        objects(&stub)
    );
    assert_eq!(
        backups_of(&folder, id(&app)).len(),
        1,
        "its own are rotated"
    );
    assert_eq!(objects_of(&stub, id(&app)).len(), 2);
    assert_eq!(app.get("/readyz").send().status, 200);
}

#[test]
fn two_servers_with_one_folder_and_one_prefix_leave_each_other_s_backups() {
    let ((_dir, folder), stub) = (folder(), S3Stub::start());
    let first = server(&FailingDisk::default().location(), &folder, &stub);
    until_backed_up(&first);
    let second = server(&FailingDisk::default().location(), &folder, &stub);
    until("a backup of the same second", || {
        backups(&folder).len() == 2
    });
    second.clock.advance(10 * SECOND);
    until("it counts", || status(&second).last_success.is_some());
    for _ in 0..4 {
        back_up(&first, 1);
        back_up(&second, 1);
    }
    for app in [&first, &second] {
        assert_eq!(
            (
                backups_of(&folder, id(app)).len(),
                objects_of(&stub, id(app)).len()
            ),
            (1, 2)
        );
        assert_eq!(status(app).failures, 0);
    }
    assert_eq!((backups(&folder).len(), objects(&stub).len()), (2, 4));
}

#[test]
fn a_copied_database_file_deletes_nothing_of_the_original_s() {
    let ((dir, folder), stub) = (folder(), S3Stub::start());
    let location = |name: &str| Location::File(dir.path().join(name));
    let app = server(&location("bai.redb"), &folder, &stub);
    app.register("13800138000", crate::support::canary::PASSWORD)
        .ok();
    until_backed_up(&app);
    back_up(&app, 1);
    let original = id(&app);
    drop(app);
    let (here, there) = (backups(&folder), objects(&stub));
    fs::copy(dir.path().join("bai.redb"), dir.path().join("staging.redb")).unwrap();

    let staging = server(&location("staging.redb"), &folder, &stub);
    assert_ne!(id(&staging), original);
    staging.clock.advance(DAY);
    until_backed_up(&staging);
    back_up(&staging, 3);
    assert_eq!(
        (backups_of(&folder, original), objects_of(&stub, original)),
        (here, there)
    );
    drop(staging);

    fs::rename(dir.path().join("bai.redb"), dir.path().join("renamed.redb")).unwrap();
    let app = server(&location("renamed.redb"), &folder, &stub);
    app.clock.advance(2 * DAY);
    until_backed_up(&app);
    back_up(&app, 2);
    assert_eq!(id(&app), original, "under another name it is the same");
    assert_eq!(
        (
            backups_of(&folder, original).len(),
            objects_of(&stub, original).len()
        ),
        (1, 2)
    );
}

#[test]
fn backups_from_before_databases_had_ids_are_rotated_as_before() {
    let ((dir, folder), stub) = (folder(), S3Stub::start());
    let old = |n: usize| format!("bai_auto_2020010{n}000000.redb");
    fs::create_dir(&folder).unwrap();
    for n in 1..=3 {
        old_file(&folder.join(old(n)));
        stub.put(
            &format!("bai/{}", old(n)),
            &fs::read(folder.join(old(n))).unwrap(),
        );
    }
    let unreadable = folder.join(old(4));
    fs::write(&unreadable, "no database").unwrap();
    stub.put(&format!("bai/{}", old(5)), b"another's");
    let uploaded: Vec<_> = (1..=3).map(old).collect();
    fs::write(
        folder.join(".schedule.json"),
        json!({ "uploaded": uploaded }).to_string(),
    )
    .unwrap();
    old_file(&dir.path().join("bai.redb"));

    let app = server(&Location::File(dir.path().join("bai.redb")), &folder, &stub);
    until_backed_up(&app);
    assert_eq!(status(&app).failures, 0);
    until("old ones are deleted", || backups(&folder).len() == 2);
    back_up(&app, 2);
    let newest = backups_of(&folder, id(&app));
    assert_eq!(
        (newest.len(), backups(&folder)),
        (1, vec![old(4), newest[0].clone()])
    );
    assert_eq!(fs::read(unreadable).unwrap(), b"no database");
    let there = objects_of(&stub, id(&app));
    assert_eq!(
        (there.len(), objects(&stub)),
        (2, [vec![old(5)], there].concat())
    );
}

#[test]
fn a_service_that_keeps_no_metadata_is_rotated_by_what_was_noted() {
    let ((_dir, folder), stub) = (folder(), S3Stub::start());
    stub.forget_metadata();
    let disk = FailingDisk::default();
    let app = server(&disk.location(), &folder, &stub);
    until_backed_up(&app);
    back_up(&app, 2);
    drop(app);
    let app = server(&disk.location(), &folder, &stub);
    app.clock.advance(DAY);
    until_backed_up(&app);
    back_up(&app, 2);
    assert_eq!((backups(&folder).len(), objects(&stub).len()), (1, 2));
    drop(app);

    let there = objects(&stub);
    let app = server(&FailingDisk::default().location(), &folder, &stub);
    app.clock.advance(2 * DAY);
    until_backed_up(&app);
    back_up(&app, 2);
    assert!(
        there.iter().all(|name| objects(&stub).contains(name)),
        "the notes are another's"
    );
}

#[test]
fn an_object_of_another_s_is_not_overwritten() {
    let ((_dir, folder), stub) = (folder(), S3Stub::start());
    stub.put("bai/bai_auto_20261122061036.redb", b"theirs");
    let app = server(&FailingDisk::default().location(), &folder, &stub);
    let own = ["bai_auto_20261122061037.redb"];
    until("it has the next name", || {
        backups(&folder) == own && objects(&stub).len() == 2
    });
    app.clock.advance(10 * SECOND);
    until("it counts", || status(&app).last_success.is_some());
    assert_eq!(
        stub.object("bai/bai_auto_20261122061036.redb").unwrap(),
        b"theirs"
    );
    assert_eq!(
        stub.object(&format!("bai/{}", own[0])),
        fs::read(folder.join(own[0])).ok()
    );
    assert_eq!((status(&app).failures, status(&app).trouble()), (0, None));
    let asked = stub.count(Action::Head);
    back_up(&app, 2);
    assert_eq!(stub.count(Action::Head), asked, "each object is asked once");
}

/// The texts of what is wrong with the backups.
fn shrunk(app: &TestApp) -> Vec<String> {
    let body = app.get("/readyz").send().json();
    let problems = body["data"]["components"]["backup"]["problems"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        problems.iter().all(|problem| problem["code"] == "shrunk"),
        "{body}"
    );
    problems
        .iter()
        .map(|problem| problem["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_holds_far_more_than_the_newest_is_kept_and_told_of() {
    let ((dir, folder), stub) = (folder(), S3Stub::start());
    let told = dir.path().join("told");
    let disk = FailingDisk::default();
    let store = Store::open(&disk.location(), 1 << 20).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let insert = (0..30).map(|n| Write::insert(new_user(n))).collect();
    runtime.block_on(store.commit(insert)).unwrap();
    drop(store);
    let app = spawn_on(&disk.location(), &folder, HOUR, |config| {
        keep_few(config, &stub);
        config.backup.on_failure = teller(&told);
    });
    until_backed_up(&app);
    let (full, key) = (
        "bai_auto_20261122061036.redb",
        "bai/bai_auto_20261122061036.redb",
    );
    assert_eq!(stub.metadata(key, "x-amz-meta-bai-users").unwrap(), "30");

    app.take((3..30).map(|n| Step::delete_user(&user_id(n))));
    for _ in 0..4 {
        app.clock.advance(HOUR);
        let second = app.clock.now().as_second();
        until("a backup", || {
            status(&app)
                .last_success
                .is_some_and(|at| at.as_second() == second)
        });
        thread::sleep(LOOKS);
    }
    until("small ones are deleted", || {
        backups(&folder).len() == 2 && objects(&stub).len() == 3
    });
    assert!(backups(&folder)[0] == full && objects(&stub)[0] == full);
    let texts = shrunk(&app);
    let newest = &backups(&folder)[1];
    let expected = format!(
        "the newest backup here, {newest}, holds 3 users, older ones hold far more: {full} (30 users). They are kept. If users \
         are missing, restore one of them (bai restore FILE); if not, delete them yourself"
    );
    assert!(
        texts.len() == 2 && texts[0] == expected && texts[1].contains("in the bucket"),
        "{texts:?}"
    );
    assert_eq!(
        (status(&app).failure, app.get("/readyz").send().status),
        (None, 503)
    );
    until("it is told", || !lines(&told).is_empty());
    assert!(lines(&told).len() == 1 && lines(&told)[0].contains("BAI_FAILURE_EVENT=backup_shrunk"));

    fs::remove_file(folder.join(full)).unwrap();
    app.clock.advance(10 * SECOND);
    until("it is seen here", || shrunk(&app).len() == 1);
    stub.remove(key);
    app.clock.advance(10 * MINUTE);
    until("it is seen in the bucket", || shrunk(&app).is_empty());
    assert_eq!(lines(&told).len(), 1);
}

/// A server of the binary that makes backups.
fn scheduled(dir: &Path, args: &[&str]) -> Command {
    let mut command = bai(dir, args);
    command.env("BAI_BACKUP__EVERY", "1h");
    command
}

fn all_files(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut files: Vec<_> = [dir.to_owned(), dir.join("backups")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(Result::unwrap))
        .map(|entry| (entry.path(), entry.metadata().unwrap().len()))
        .collect();
    files.sort();
    files
}

/// The server makes its first backup, and stops.
fn stopped_with_a_backup() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(scheduled(dir.path(), &[]));
    until("a backup", || {
        !backups(&dir.path().join("backups")).is_empty()
    });
    server.signal("-TERM");
    assert!(server.wait().0);
    let name = backups(&dir.path().join("backups")).remove(0);
    (dir, name)
}

#[track_caller]
fn assert_refused(mut command: Command, parts: &[&str]) {
    command
        .env("BAI_SERVER__LISTEN", "127.0.0.1:0")
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > MINUTE {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn a_database_that_vanished_is_not_replaced_by_an_empty_one() {
    let (dir, name) = stopped_with_a_backup();
    let database = dir.path().join("bai.redb");
    let pb = PbData::new();
    let pb_data = pb.path().to_str().unwrap();
    for vanish in [
        |path: &Path| fs::remove_file(path),
        |path: &Path| fs::write(path, ""),
    ] {
        vanish(&database).unwrap();
        let before = all_files(dir.path());
        for args in [
            &[][..],
            &["serve"],
            &["superuser", "create", "a@b.cn"],
            &["import", "pocketbase", pb_data],
        ] {
            let put_back = format!("bai restore backups/{name}");
            assert_refused(
                scheduled(dir.path(), args),
                &["bai.redb is ", &put_back, "--new-database"],
            );
        }
        for args in [
            &["user", "list"][..],
            &["backup"],
            &["compact"],
            &["key", "rotate"],
        ] {
            assert_refused(bai(dir.path(), args), &["there is no database at"]);
        }
        assert_eq!(all_files(dir.path()), before, "nothing is written");
    }
    let restored = bai(
        dir.path(),
        &["restore", &format!("backups/{name}"), "--yes"],
    )
    .output()
    .unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let server = Running::start(scheduled(dir.path(), &[]));
    server.signal("-TERM");
    assert!(server.wait().0);
}

#[test]
fn an_empty_database_is_begun_beside_backups_when_that_is_asked_for() {
    let (dir, name) = stopped_with_a_backup();
    let folder = dir.path().join("backups");
    let id = bai::store::file::read_backup_info(&folder.join(&name))
        .unwrap()
        .database
        .unwrap();
    fs::remove_file(dir.path().join("bai.redb")).unwrap();
    thread::sleep(SECOND);
    let server = Running::start(scheduled(dir.path(), &["serve", "--new-database"]));
    until("a backup of the new one", || backups(&folder).len() == 2);
    server.signal("-TERM");
    assert!(server.wait().0);
    assert_eq!(backups_of(&folder, id), [name]);
    let server = Running::start(scheduled(dir.path(), &["serve"]));
    server.signal("-TERM");
    assert!(server.wait().0, "from then on it is there");
}

#[test]
fn copies_beside_the_database_are_backups_and_other_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("backups");
    fs::create_dir(&folder).unwrap();
    for other in [
        "text.redb",
        "backups/text.redb",
        "backups/empty.redb",
        "bai.redb.acme",
        "bai.redb.new",
    ] {
        fs::write(
            dir.path().join(other),
            if other.contains("empty") { "" } else { "text" },
        )
        .unwrap();
    }
    for kept in [
        "bai.redb.v2.bak",
        "bai.redb.before-restore-20261122-061036",
        "backups/mine.zip",
    ] {
        old_file(&dir.path().join(kept));
        assert_refused(bai(dir.path(), &[]), &[&format!("bai restore {kept}")]);
        fs::remove_file(dir.path().join(kept)).unwrap();
    }
    let server = Running::start(bai(dir.path(), &[]));
    server.signal("-TERM");
    assert!(server.wait().0);
}

#[test]
fn uploads_that_were_noted_are_backups_of_a_database_that_is_gone() {
    let (dir, stub) = (tempfile::tempdir().unwrap(), S3Stub::start());
    fs::create_dir(dir.path().join("backups")).unwrap();
    let notes =
        json!({ "uploaded": ["bai_auto_20260101000000.redb", "bai_auto_20260102000000.redb"] });
    fs::write(dir.path().join("backups/.schedule.json"), notes.to_string()).unwrap();
    let with_bucket = |args: &[&str]| {
        let mut command = scheduled(dir.path(), args);
        command.envs([
            ("BAI_BACKUP__S3__ENDPOINT", stub.url.as_str()),
            ("BAI_BACKUP__S3__BUCKET", "bucket"),
            ("BAI_BACKUP__S3__ACCESS_KEY", "canary-access"),
            (
                "BAI_BACKUP__S3__SECRET_KEY",
                crate::support::s3_stub::SECRET,
            ),
            ("BAI_BACKUP__S3__PATH_STYLE", "true"),
        ]);
        command
    };
    assert_refused(
        with_bucket(&[]),
        &["the newest is bai_auto_20260102000000.redb in the bucket"],
    );
    let server = Running::start(with_bucket(&["serve", "--new-database"]));
    server.signal("-TERM");
    assert!(server.wait().0);
}

#[test]
fn a_restored_database_keeps_the_id_of_the_one_before_it() {
    let other = Installation::stopped();
    other.run(&["backup", "copy.redb"]).ok();
    Installation::both(|place| {
        let id = |file: &str| {
            bai::store::file::read_backup_info(&place.path().join(file))
                .unwrap()
                .database
                .unwrap()
        };
        fs::copy(
            other.path().join("copy.redb"),
            place.path().join("copy.redb"),
        )
        .unwrap();
        let (own, theirs) = (id("bai.redb"), id("copy.redb"));
        assert_ne!(own, theirs);
        let replaced: Value = place.json(&["restore", "copy.redb", "--yes"]);
        assert_eq!(id("bai.redb"), own);
        let before = Path::new(replaced["before"].as_str().unwrap());
        assert_eq!(id(before.file_name().unwrap().to_str().unwrap()), own);
        place.json(&["restore", "copy.redb", "--yes", "--keep-tokens"]);
        place.with_server(|_| ());
        assert_eq!(
            bai::store::file::read_backup_info(&place.path().join("bai.redb"))
                .unwrap()
                .database,
            Some(own)
        );
    });
    fs::remove_file(other.path().join("bai.redb")).unwrap();
    let id = |file: &str| {
        bai::store::file::read_backup_info(&other.path().join(file))
            .unwrap()
            .database
            .unwrap()
    };
    other.run(&["restore", "copy.redb", "--yes"]).ok();
    assert_ne!(
        id("bai.redb"),
        id("copy.redb"),
        "of whom the backup is nobody knows"
    );
}

#[test]
fn a_name_that_is_taken_in_the_folder_stops_no_backup() {
    // A folder with a file for each of the next seconds does not stop a backup.
    let (_dir, folder) = folder();
    fs::create_dir(&folder).unwrap();
    for second in 36..60 {
        fs::write(
            folder.join(format!("bai_auto_202611220610{second}.redb")),
            "theirs",
        )
        .unwrap();
    }
    let app = spawn_on(&FailingDisk::default().location(), &folder, HOUR, |_| ());
    until("the first free name", || {
        backups(&folder).contains(&"bai_auto_20261122061100.redb".to_owned())
    });
    app.clock.advance(Duration::from_mins(1));
    until("it counts", || status(&app).last_success.is_some());
    assert_eq!(status(&app).failures, 0);
}
