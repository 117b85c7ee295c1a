//! `bai import pocketbase`: the binary on PocketBase's folder, and then the server on what it made.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use bai::domain::{RecordId, User};
use bai::store::{Cursor, Location, Order, Store};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::app::TestApp;
use crate::support::binary::{Running, bai, run};
use crate::support::canary::PASSWORD;
use crate::support::pb_data::{
    PbData, SUPERUSER, USERS, add_user, files, import, killed, phone, tally, user_id,
};
use crate::support::steps::Step;

/// Imports into an empty folder, in which the database then is.
fn imported(pb: &PbData) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (success, out, err) = import(dir.path(), pb.path(), &[]);
    assert!(success, "{out}{err}");
    dir
}

fn location(dir: &Path) -> Location {
    Location::File(dir.join("bai.redb"))
}

/// The server on an imported database.
fn serve(dir: &Path) -> TestApp {
    TestApp::spawn_on(&location(dir), |_| ())
}

fn with_store<T>(dir: &Path, look: impl AsyncFnOnce(&Store) -> T) -> T {
    let store = Store::open(&location(dir), 1 << 20).unwrap();
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(look(&store))
}

/// Everybody, oldest first.
fn users(dir: &Path) -> Vec<User> {
    with_store(dir, async |store| {
        let oldest_first = Order::UsersByCreated {
            newest_first: false,
        };
        let records = store.records_after(oldest_first, &Cursor::START, 1_000_000);
        let users = records.await.unwrap().into_iter().map(User::try_from);
        users.collect::<Result<_, _>>().unwrap()
    })
}

#[test]
fn a_user_comes_with_everything_and_logs_in_with_the_old_password() {
    let pb = PbData::with_users(1);
    pb.execute(
        "UPDATE tbl_auth_users SET nickname = 'Old', score = 1.5, vip = 1, tags = '{\"x\":[1]}', roles = '[\"a\",\"c\"]',
            note = 'canary-note', company_id = 'c-1', users_rank_level = 3, emailVisibility = 1, verified = 0,
            updated = '2026-03-01 00:00:00.123Z';
         INSERT INTO tbl_company (id, company_id, company_name, company_status, created, updated)
            VALUES ('company00000001', 'c-1', '某公司', 2, '2026-01-02 00:00:00.000Z', '2026-01-03 00:00:00.000Z')",
    );
    let dir = imported(&pb);
    let app = serve(dir.path());
    let body = app.login(&phone(1), PASSWORD).ok();
    let record = &body["record"];
    let expected = json!({
        "collectionId": USERS, "collectionName": "tbl_auth_users", "company_id": "c-1",
        "created": "2026-02-03 04:05:00.001Z", "email": "openid-1@manage.local", "emailVisibility": true,
        "id": user_id(1), "nickname": "Old", "openid": "openid-1", "roles": ["a", "c"], "score": 1.5,
        "tags": { "x": [1] }, "updated": "2026-03-01 00:00:00.123Z", "usergroups_id": "", "users_auth_type": 0,
        "users_convers_id": "C1", "users_id": "U1795000000001", "users_id_number": "",
        "users_idtype": "ManagePlatform", "users_level": "", "users_name": "用户1", "users_parent_id": "",
        "users_phone": phone(1), "users_picture": "https://example.com/a.png", "users_promo_code": "",
        "users_rank_level": 3, "users_status": 1, "users_type": "注册用户", "verified": false, "vip": true,
    });
    assert_eq!(*record, expected);
    let company = &body["meta"]["data"]["user"]["company"];
    assert_eq!(
        (&company["company_name"], &company["company_status"]),
        (&"某公司".into(), &2.into())
    );
    assert_eq!(company["id"], "company00000001");
}

#[test]
fn a_running_server_takes_an_import_at_once_and_gives_an_export() {
    let (pb, dir) = (PbData::with_users(3), tempfile::tempdir().unwrap());
    let mut command = bai(dir.path(), &[]);
    command.envs([
        ("BAI_PASSWORD__LOG_N", "4"),
        ("BAI_LIMITS__ENABLED", "false"),
    ]);
    let running = Running::start(command);
    let post = |path: &str, body: Value| {
        crate::support::app::Call::new("POST", &running.base, path)
            .json(&body)
            .send()
    };
    assert_eq!(
        post(
            "/api/wechat/login",
            json!({ "users_wx_code": crate::support::canary::code("alice~1") })
        )
        .status,
        200
    );

    let (success, out, err) = import(dir.path(), pb.path(), &["--dry-run"]);
    assert!(
        success && tally(&out, "tbl_auth_users")[0] == 3,
        "{out}{err}"
    );
    let login = || {
        post(
            "/api/platform/login",
            json!({ "users_phone": phone(1), "password": PASSWORD }),
        )
    };
    assert_eq!(login().status, 404);
    let (success, out, err) = import(dir.path(), pb.path(), &[]);
    assert!(
        success && tally(&out, "tbl_auth_users")[0] == 3,
        "{out}{err}"
    );
    assert!(err.contains("through the running server"), "{err}");
    let body = login().ok();
    assert_eq!(body["record"]["id"], user_id(1).as_str());
    assert_eq!(
        body["record"]["collectionId"], USERS,
        "the collections are those of PocketBase"
    );
    let superuser = json!({ "identity": "root@example.com", "password": PASSWORD });
    assert_eq!(
        post("/api/collections/_superusers/auth-with-password", superuser).status,
        200
    );

    let (output, out, err) = run(dir.path(), &["export", "pocketbase", "out"]);
    assert!(
        output.status.success() && out.contains("4 users"),
        "{out}{err}"
    );
    assert_eq!(
        rows(&dir.path().join("out"), "tbl_auth_users", "''").len(),
        4
    );
    running.signal("-TERM");
    running.wait();
}

#[test]
fn identities_and_superusers_come_too() {
    let dir = imported(&PbData::with_users(2));
    let app = serve(dir.path());
    let log_in = |collection: &str, identity: &str, password: &str| {
        let path = format!("/api/collections/{collection}/auth-with-password");
        app.post(&path)
            .json(&json!({ "identity": identity, "password": password }))
            .send()
    };
    for identity in ["openid-2@manage.local", "openid-2", &phone(2)] {
        assert_eq!(
            log_in("tbl_auth_users", identity, PASSWORD).ok()["record"]["id"],
            user_id(2).as_str()
        );
    }
    assert_eq!(
        log_in("tbl_auth_users", "openid-2", "canary-wrong").status,
        400
    );
    assert_eq!(
        log_in("_superusers", "root@example.com", PASSWORD).ok()["record"]["id"],
        SUPERUSER
    );
    assert_eq!(
        log_in("_superusers", "root@example.com", "canary-wrong").status,
        400
    );
}

#[test]
fn a_login_replaces_the_old_hash_and_the_start_says_how_many_are_left() {
    let pb = PbData::with_users(3);
    // Of a WeChat user the hash is of random text: nobody will ever replace it.
    pb.execute("UPDATE tbl_auth_users SET users_idtype = 'WeChat' WHERE openid = 'openid-3'");
    let dir = imported(&pb);
    for (left, user) in [
        (Some("2 imported users"), 1),
        (Some("1 imported users"), 2),
        (None, 2),
    ] {
        let mut command = bai(dir.path(), &["serve"]);
        command.env("BAI_PASSWORD__LOG_N", "4");
        let running = Running::start(command);
        let login = json!({ "users_phone": phone(user), "password": PASSWORD });
        let answer = crate::support::app::Call::new("POST", &running.base, "/api/platform/login")
            .json(&login)
            .send();
        assert_eq!(answer.status, 200);
        running.signal("-TERM");
        let (_, log) = running.wait();
        assert_eq!(log.contains("imported users"), left.is_some(), "{log}");
        assert!(left.is_none_or(|left| log.contains(left)), "{log}");
    }
    let hashes: Vec<_> = users(dir.path())
        .into_iter()
        .map(|user| user.password_hash.unwrap())
        .collect();
    let is_ours: Vec<_> = hashes
        .iter()
        .map(|hash| hash.starts_with("$scrypt$"))
        .collect();
    assert_eq!(is_ours, [true, true, false]);
}

#[test]
fn the_count_of_old_hashes_follows_every_change() {
    let dir = imported(&PbData::with_users(3));
    let app = serve(dir.path());
    let count = || app.block_on(app.app.store.count_imported_hashes()).unwrap();
    assert_eq!(count(), 3);
    let token = app.login(&phone(1), PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(count(), 2);
    let change = json!({ "oldPassword": PASSWORD, "password": "canary-new-1", "passwordConfirm": "canary-new-1" });
    let own = format!("/api/collections/tbl_auth_users/records/{}", user_id(1));
    assert_eq!(
        app.call("PATCH", &own)
            .bearer(&token)
            .json(&change)
            .send()
            .status,
        200
    );
    assert_eq!(count(), 2);
    let id = RecordId::parse(&user_id(2)).unwrap();
    app.take([Step::delete_user(&id)]);
    assert_eq!(count(), 1);
}

#[test]
fn a_dry_run_says_what_would_come_and_leaves_no_file() {
    let pb = PbData::with_users(3);
    pb.execute("UPDATE tbl_auth_users SET users_phone = '12' WHERE openid = 'openid-2'");
    let (dir, before) = (tempfile::tempdir().unwrap(), pb.files());
    let (success, out, _) = import(dir.path(), pb.path(), &["--dry-run"]);
    assert!(!success);
    assert_eq!(tally(&out, "tbl_auth_users"), [2, 0, 0, 1]);
    assert!(
        out.contains(&format!(
            "Does not come: 1 of tbl_auth_users: users_phone is not a phone number ({}).",
            user_id(2)
        )),
        "{out}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    assert_eq!(pb.files(), before);
}

#[test]
fn a_dry_run_on_a_database_that_is_there_changes_nothing_of_it() {
    let pb = PbData::with_users(2);
    let dir = imported(&pb);
    add_user(&pb.open(), 3);
    let before = files(dir.path());
    let (success, out, _) = import(dir.path(), pb.path(), &["--dry-run"]);
    assert!(success);
    assert_eq!(tally(&out, "tbl_auth_users"), [1, 2, 0, 0]);
    assert_eq!(files(dir.path()), before);
}

#[test]
fn a_second_import_changes_nothing_and_brings_what_is_new() {
    let pb = PbData::with_users(3);
    let dir = imported(&pb);
    let before = users(dir.path());
    let (_, out, _) = import(dir.path(), pb.path(), &[]);
    assert_eq!(
        (tally(&out, "tbl_auth_users"), tally(&out, "_superusers")),
        (vec![0, 3, 0, 0], vec![0, 1, 0, 0])
    );
    assert_eq!(users(dir.path()), before);
    add_user(&pb.open(), 4);
    let (_, out, _) = import(dir.path(), pb.path(), &[]);
    assert_eq!(tally(&out, "tbl_auth_users"), [1, 3, 0, 0]);
    assert_eq!(users(dir.path())[..3], before);
}

#[test]
fn what_was_changed_here_stays_and_what_was_changed_there_is_listed() {
    let pb = PbData::with_users(3);
    let dir = imported(&pb);
    let app = serve(dir.path());
    // A login only renews the hash, which is no change of the record.
    assert_eq!(app.login(&phone(1), PASSWORD).status, 200);
    let token = app.login(&phone(2), PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = format!("/api/collections/tbl_auth_users/records/{}", user_id(2));
    assert_eq!(
        app.call("PATCH", &own)
            .bearer(&token)
            .json(&json!({ "users_name": "Here" }))
            .send()
            .status,
        200
    );
    drop(app);
    pb.execute(
        "UPDATE tbl_auth_users SET users_name = 'There', updated = '2026-05-01 00:00:00.000Z' WHERE openid != 'openid-1'",
    );
    let before = users(dir.path());
    let (success, out, _) = import(dir.path(), pb.path(), &[]);
    assert!(!success);
    assert_eq!(tally(&out, "tbl_auth_users"), [0, 1, 1, 1]);
    let report = fs::read_to_string(dir.path().join("bai.redb.import.tsv")).unwrap();
    assert_eq!(
        staying(&report),
        [format!(
            "stays-behind\ttbl_auth_users\t{}\tit is here already with other values",
            user_id(3)
        )]
    );
    assert_eq!(users(dir.path()), before);
}

/// The lines about records that do not come.
fn staying(report: &str) -> Vec<&str> {
    let lines = report.lines();
    lines
        .filter(|line| line.starts_with("stays-behind\t"))
        .collect()
}

#[test]
fn what_does_not_fit_is_listed_with_its_reason_and_stops_nothing_else() {
    let cases = [
        (
            "users_phone = '+86 139-0000-0001'",
            "its users_phone is that of user00000000001",
        ),
        ("users_phone = '12345'", "users_phone is not a phone number"),
        ("openid = ''", "openid is empty"),
        (
            "openid = 'a b'",
            "openid is longer than 128 bytes, or has white space in it",
        ),
        (
            "users_idtype = 'Robot'",
            "users_idtype is not one of its choices",
        ),
        ("users_idtype = ''", "users_idtype is empty"),
        ("users_type = 'x'", "users_type is not one of its choices"),
        ("users_status = 2", "users_status is neither 0 nor 1"),
        (
            "users_rank_level = 0.5",
            "users_rank_level is not a whole number",
        ),
        ("users_rank_level = 'x'", "users_rank_level is not a number"),
        (
            "users_name = printf('%.*c', 5001, 'x')",
            "users_name is longer than 5000 characters",
        ),
        ("users_name = x'00ff'", "users_name is not a text"),
        ("tokenKey = ''", "tokenKey is empty"),
        (
            "password = 'canary plain'",
            "password is not a bcrypt hash that can be verified here",
        ),
        (
            "password = replace(password, '$10$', '$31$')",
            "password is not a bcrypt hash that can be verified here",
        ),
        ("created = 'yesterday'", "created is not a date"),
        ("tags = '{'", "tags has a value that cannot be read"),
        ("id = 'Another-Form'", "id is not 15 characters [a-z0-9]"),
    ];
    // The last one is fine, and so is the first, whose phone the second has.
    let pb = PbData::with_users(cases.len() + 2);
    for (n, (set, _)) in cases.iter().enumerate() {
        pb.execute(&format!(
            "UPDATE tbl_auth_users SET {set} WHERE id = '{}'",
            user_id(n + 2)
        ));
    }
    pb.execute(
        "INSERT INTO tbl_company (id, company_id) VALUES ('company00000001', 'c-1');
         DROP INDEX idx_tbl_company_company_id;
         INSERT INTO tbl_company (id, company_id) VALUES ('company00000002', 'c-1')",
    );
    let dir = tempfile::tempdir().unwrap();
    let (success, out, err) = import(dir.path(), pb.path(), &["--report", "refused.tsv"]);
    assert!(
        !success && err.contains("19 records did not come") && out.contains("refused.tsv"),
        "{out}{err}"
    );
    assert_eq!(tally(&out, "tbl_auth_users"), [2, 0, 0, 18]);
    let report = fs::read_to_string(dir.path().join("refused.tsv")).unwrap();
    for (n, (_, reason)) in cases.iter().enumerate() {
        let id = if reason.starts_with("id is") {
            "Another-Form".to_owned()
        } else {
            user_id(n + 2)
        };
        assert!(
            report.contains(&format!("tbl_auth_users\t{id}\t{reason}\n")),
            "{id} {reason}: {report}"
        );
    }
    assert!(
        report
            .contains("tbl_company\tcompany00000002\tits company_id is that of company00000001\n")
    );
    assert_eq!(staying(&report).len(), 19);
    let came: Vec<_> = users(dir.path())
        .iter()
        .map(|user| user.id.to_string())
        .collect();
    assert_eq!(came, [user_id(1), user_id(20)]);
}

#[test]
fn an_import_into_a_new_database_that_is_killed_leaves_none() {
    let (pb, dir) = (many(), tempfile::tempdir().unwrap());
    interrupt_import(dir.path(), &pb, "bai.redb.import.new");
    assert!(!dir.path().join("bai.redb").exists());
    let (success, out, err) = import(dir.path(), pb.path(), &[]);
    assert!(success, "{err}");
    assert_eq!(tally(&out, "tbl_auth_users"), [COUNT as u64, 0, 0, 0]);
    assert!(!dir.path().join("bai.redb.import.new").exists());
}

const COUNT: usize = 12_000;

fn many() -> PbData {
    let pb = PbData::new();
    let db = pb.open();
    db.execute_batch("BEGIN").unwrap();
    (1..=COUNT).for_each(|n| add_user(&db, n));
    db.execute_batch("COMMIT").unwrap();
    drop(db);
    pb
}

/// Kills an import when the first of its batches are in `file`, and not yet all.
fn interrupt_import(dir: &Path, pb: &PbData, file: &str) {
    let args = ["import", "pocketbase", pb.path().to_str().unwrap()];
    let mut child = bai(dir, &args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let written = || fs::metadata(dir.join(file)).map_or(0, |file| file.len());
    while written() < 2 << 20 && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_import_that_is_killed_is_finished_by_the_next() {
    let (pb, dir) = (many(), tempfile::tempdir().unwrap());
    with_store(dir.path(), async |_| ());
    let mut came = 0;
    while came == 0 {
        interrupt_import(dir.path(), &pb, "bai.redb");
        came = with_store(dir.path(), async |store| store.count_users().await.unwrap());
    }
    let before = users(dir.path());
    assert!(before.len() < COUNT, "it was not interrupted");
    let (success, out, err) = import(dir.path(), pb.path(), &[]);
    assert!(success, "{err}");
    assert_eq!(
        tally(&out, "tbl_auth_users"),
        [(COUNT as u64) - came, came, 0, 0]
    );
    let mut after = users(dir.path());
    after.sort_by_key(|user| user.number.0);
    assert_eq!(after[..before.len()], before);
    let ids: Vec<_> = after.iter().map(|user| user.id.to_string()).collect();
    assert_eq!(ids, (1..=COUNT).map(user_id).collect::<Vec<_>>());
    assert_eq!(after[COUNT - 1].number.0, COUNT as u64);
}

#[test]
fn the_log_is_read_and_the_folder_is_left_as_it_was() {
    for names in [
        &["data.db", "data.db-wal", "data.db-shm"][..],
        &["data.db", "data.db-wal"],
    ] {
        let folder = killed(&PbData::with_users(1), names);
        let before = files(folder.path());
        assert!(before[&folder.path().join("data.db-wal")].len() > 1000);
        let dir = tempfile::tempdir().unwrap();
        let (success, out, err) = import(dir.path(), folder.path(), &[]);
        assert!(
            success && err.lines().count() == 1 && err.contains("bai.redb"),
            "{err}"
        );
        assert_eq!(tally(&out, "tbl_auth_users"), [2, 0, 0, 0], "{names:?}");
        assert_eq!(files(folder.path()), before, "{names:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_read() {
    let pb = PbData::with_users(2);
    let mut permissions = fs::metadata(pb.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(pb.path(), permissions).unwrap();
    let (dir, before) = (imported(&pb), pb.files());
    assert_eq!(users(dir.path()).len(), 2);
    assert_eq!(pb.files(), before);
}

/// Checksums of all files, made by another process: closing a file here would give up SQLite's locks on it.
fn sums(folder: &Path) -> String {
    let names = ["data.db", "data.db-wal", "data.db-shm"];
    let output = Command::new("cksum")
        .args(names)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn while_somebody_writes_it_is_refused_and_while_somebody_looks_it_warns() {
    let pb = PbData::with_users(1);
    let db: Connection = pb.open();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (success, _, err) = import(dir.path(), pb.path(), &[]);
    assert!(!success && err.contains("stop PocketBase"), "{err}");
    assert!(!dir.path().join("bai.redb").exists());
    db.execute_batch("COMMIT").unwrap();
    add_user(&db, 2);
    let before = sums(pb.path());
    let (success, out, err) = import(dir.path(), pb.path(), &[]);
    assert!(success && err.contains("PocketBase is running"), "{err}");
    assert_eq!(tally(&out, "tbl_auth_users"), [2, 0, 0, 0]);
    assert_eq!(sums(pb.path()), before);
}

#[test]
fn a_backup_is_read_like_the_folder() {
    let pb = PbData::with_users(3);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("backup.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in [
        ("auxiliary.db", vec![0; 10]),
        ("data.db", fs::read(pb.path().join("data.db")).unwrap()),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
    let (success, out, err) = import(dir.path(), &path, &[]);
    assert!(success, "{err}");
    assert_eq!(tally(&out, "tbl_auth_users"), [3, 0, 0, 0]);
}

#[test]
fn what_is_no_pocketbase_is_refused_in_one_message_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let folder = |name: &str, sql: &str| {
        let path = dir.path().join(name);
        fs::create_dir(&path).unwrap();
        Connection::open(path.join("data.db"))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };
    folder("other", "CREATE TABLE t (x)");
    folder(
        "old",
        "CREATE TABLE _collections (id, name, schema, options)",
    );
    fs::create_dir(dir.path().join("text")).unwrap();
    fs::write(
        dir.path().join("text/data.db"),
        "not a database, but long enough to look at".repeat(100),
    )
    .unwrap();
    fs::write(dir.path().join("file"), "x").unwrap();
    let without_users = PbData::new();
    without_users.execute("DELETE FROM _collections WHERE name = 'tbl_auth_users'");
    let cases = [
        ("nowhere", "neither a folder"),
        ("file", "neither a folder"),
        ("other", "no database of PocketBase 0.23"),
        ("old", "start a newer PocketBase"),
        ("text", "not a database"),
        (
            without_users.path().to_str().unwrap(),
            "no collection tbl_auth_users",
        ),
    ];
    for (from, part) in cases {
        let (success, _, err) = import(dir.path(), Path::new(from), &[]);
        assert!(
            !success && err.contains(part) && err.lines().count() == 1,
            "{from}: {err}"
        );
        assert!(!dir.path().join("bai.redb").exists());
    }
}

#[test]
fn an_export_is_for_its_owner_only() {
    let dir = imported(&PbData::with_users(1));
    let rights = |path: &str| {
        let found = fs::metadata(dir.path().join(path)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777
    };
    assert!(
        run(dir.path(), &["export", "pocketbase", "new/back"])
            .0
            .status
            .success()
    );
    assert_eq!(
        ["new", "new/back", "new/back/data.db"].map(rights),
        [0o700, 0o700, 0o600]
    );
    assert_eq!(rights("new/back/without-password.tsv"), 0o600);
    // What was there is neither written through nor left with its rights.
    let (there, target) = (dir.path().join("there"), dir.path().join("target"));
    fs::create_dir(&there).unwrap();
    fs::write(&target, "mine").unwrap();
    std::os::unix::fs::symlink(&target, there.join("data.db.new")).unwrap();
    std::os::unix::fs::symlink(&target, there.join("without-password.tsv")).unwrap();
    assert!(
        run(dir.path(), &["export", "pocketbase", "there"])
            .0
            .status
            .success()
    );
    assert_eq!(
        ["there/data.db", "there/without-password.tsv"].map(rights),
        [0o600; 2]
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
}

#[test]
fn another_deployment_is_not_mixed_in() {
    let dir = imported(&PbData::with_users(1));
    let other = PbData::with_users(2);
    other.execute("UPDATE _collections SET id = 'pbc_1' WHERE name = 'tbl_auth_users'");
    let (success, _, err) = import(dir.path(), other.path(), &[]);
    let told = "holds 1 records of another PocketBase";
    assert!(!success && err.contains(told), "{err}");
    assert_eq!(users(dir.path()).len(), 1);
}

#[test]
fn another_deployment_comes_when_nobody_has_come_from_the_first() {
    let nobody = PbData::with_users(1);
    nobody.execute("UPDATE tbl_auth_users SET openid = ''");
    let dir = tempfile::tempdir().unwrap();
    assert!(!import(dir.path(), nobody.path(), &[]).0);
    assert_eq!(users(dir.path()).len(), 0);
    let other = PbData::with_users(2);
    other.execute("UPDATE _collections SET id = 'pbc_1' WHERE name = 'tbl_auth_users'");
    let (success, out, err) = import(dir.path(), other.path(), &[]);
    assert!(success, "{out}{err}");
    let record: Value = serve(dir.path()).login(&phone(2), PASSWORD).ok()["record"].clone();
    assert_eq!(record["collectionId"], "pbc_1");
}

#[test]
fn an_export_beside_the_log_of_another_database_is_refused() {
    let dir = imported(&PbData::with_users(1));
    for (n, left) in ["data.db-wal", "data.db-shm", "data.db-journal"]
        .iter()
        .enumerate()
    {
        let out = format!("out{n}");
        fs::create_dir(dir.path().join(&out)).unwrap();
        fs::write(dir.path().join(&out).join(left), "x").unwrap();
        let (output, _, err) = run(dir.path(), &["export", "pocketbase", &out]);
        assert!(!output.status.success() && err.contains(left), "{err}");
        assert!(!dir.path().join(&out).join("data.db").exists());
    }
}

#[test]
fn what_a_deployment_names_otherwise_is_kept() {
    let pb = PbData::with_users(1);
    pb.execute(
        "UPDATE _collections SET id = 'x1y2z3', options = json_set(options, '$.authToken.duration', 604800)
            WHERE name = 'tbl_auth_users'",
    );
    let dir = tempfile::tempdir().unwrap();
    let (_, out, _) = import(dir.path(), pb.path(), &[]);
    assert!(out.contains("token.lifetime = \"7days\""), "{out}");
    assert!(
        out.contains("Left behind: tbl_auth_users.note: hidden"),
        "{out}"
    );
    let record: Value = serve(dir.path()).login(&phone(1), PASSWORD).ok()["record"].clone();
    assert_eq!(record["collectionId"], "x1y2z3");
}

#[test]
fn a_company_s_column_that_is_named_as_a_user_s_field_comes_too() {
    let pb = PbData::with_users(1);
    pb.execute(
        "ALTER TABLE tbl_company ADD COLUMN email TEXT DEFAULT '' NOT NULL;
        UPDATE _collections SET fields = json_insert(fields, '$[#]', json('{\"name\":\"email\",\"type\":\"text\"}'))
            WHERE name = 'tbl_company';
        INSERT INTO tbl_company (id, company_id, email) VALUES ('company00000001', 'c-1', 'office@example.com');",
    );
    let company = with_store(imported(&pb).path(), async |store| {
        store.company_by_company_id("c-1").await.unwrap().unwrap()
    });
    assert!(
        company.columns.contains(r#""email":"office@example.com""#),
        "{}",
        company.columns
    );
}

/// The rows of a table as SQLite shows them, oldest first.
fn rows(data: &Path, table: &str, without: &str) -> Vec<Vec<String>> {
    let db = Connection::open(data.join("data.db")).unwrap();
    let sql = format!(
        "SELECT name FROM pragma_table_info('{table}') WHERE name NOT IN ({without}) ORDER BY name"
    );
    let mut names = db.prepare(&sql).unwrap();
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut all = db
        .prepare(&format!(
            "SELECT {} FROM {table} ORDER BY rowid",
            names.join(", ")
        ))
        .unwrap();
    let values = |row: &rusqlite::Row<'_>| {
        Ok((0..names.len())
            .map(|n| format!("{:?}", row.get_ref_unwrap(n)))
            .collect())
    };
    all.query_map([], values)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn what_came_goes_back_as_it_was_but_for_what_is_hidden() {
    let pb = PbData::with_users(3);
    pb.execute(
        "UPDATE tbl_auth_users SET nickname = 'Old', score = 1.5, vip = 1, tags = '{\"x\":[1]}', roles = '[\"a\",\"c\"]',
            note = 'canary-note', users_status = 0 WHERE openid = 'openid-2';
         INSERT INTO tbl_company (id, company_id, company_name, company_status, created, updated)
            VALUES ('company00000001', 'c-1', '某公司', 2.5, '2026-01-02 00:00:00.000Z', '2026-01-03 00:00:00.000Z')",
    );
    let dir = imported(&pb);
    let (output, out, err) = run(dir.path(), &["export", "pocketbase", "back"]);
    assert!(
        output.status.success() && out.contains("3 users, 1 companies, 1 superusers"),
        "{out}{err}"
    );
    let back = dir.path().join("back");
    for (table, without) in [
        ("tbl_auth_users", "'note'"),
        ("tbl_company", "''"),
        ("_superusers", "''"),
    ] {
        assert_eq!(
            rows(&back, table, without),
            rows(pb.path(), table, without),
            "{table}"
        );
    }
    assert_eq!(fs::read(back.join("without-password.tsv")).unwrap(), b"");
    let secrets = "SELECT options ->> '$.authToken.secret' FROM _collections WHERE type = 'auth' ORDER BY name";
    let of = |folder: &Path| -> Vec<String> {
        let db = Connection::open(folder.join("data.db")).unwrap();
        let mut secrets = db.prepare(secrets).unwrap();
        secrets
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    assert_eq!(of(&back), of(pb.path()));

    let again = tempfile::tempdir().unwrap();
    assert!(import(again.path(), &back, &[]).0);
    assert_eq!(users(again.path()), users(dir.path()));
}

#[test]
fn users_who_began_here_go_to_pocketbase_with_a_password_that_nobody_knows_and_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let app = TestApp::spawn_on(&location(dir.path()), |_| ());
    let platform = app.register("13800138000", PASSWORD).ok()["record"].clone();
    app.wechat_token("alice");
    drop(app);
    let (output, out, _) = run(dir.path(), &["export", "pocketbase", "back"]);
    assert!(
        output.status.success() && out.contains("1 users and superusers need a new password"),
        "{out}"
    );
    let list = fs::read_to_string(dir.path().join("back/without-password.tsv")).unwrap();
    let text = |name: &str| platform[name].as_str().unwrap().to_owned();
    assert_eq!(
        list,
        format!(
            "{}\t{}\t13800138000\t{}\n",
            text("id"),
            text("openid"),
            text("email")
        )
    );
    let db = Connection::open(dir.path().join("back/data.db")).unwrap();
    let sql = "SELECT count(*), count(DISTINCT password), count(DISTINCT tokenKey), min(length(tokenKey)), max(length(tokenKey)) FROM tbl_auth_users WHERE password LIKE '$2a$10$%' AND length(password) = 60";
    let row = |row: &rusqlite::Row<'_>| {
        Ok([
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        ])
    };
    let [count, passwords, keys, shortest, longest]: [i64; 5] = db.query_row(sql, [], row).unwrap();
    assert_eq!((count, passwords, keys), (2, 2, 2));
    assert!((30..=60).contains(&shortest) && (30..=60).contains(&longest));
    let taken = run(dir.path(), &["export", "pocketbase", "back"]);
    assert!(
        !taken.0.status.success() && taken.2.contains("is there already"),
        "{}",
        taken.2
    );
}
