//! Backups through PocketBase's API, and what becomes of everything when one is restored.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bai::domain::{RecordId, ServerKey, Status, User};
use bai::store::file::Contents;
use bai::store::{Location, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::{Answer, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::logins::{superuser, superuser_token, user};
use crate::support::realtime_client::Client;
use crate::support::steps::Step;
use crate::support::users::{new_user, openid};
use crate::support::waiting::wait;

const BACKUPS: &str = "/api/backups";
const ROOT: &str = "root@example.com";
const INVALID: &str = "An error occurred while validating the submitted data.";
const NO_TOKEN: &str = "The request requires valid record authorization token.";
const SECOND: Duration = Duration::from_secs(1);

/// A server on a file, with a superuser.
struct Operated {
    app: TestApp,
    dir: TempDir,
    root: String,
}

impl Operated {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let location = Location::File(dir.path().join("bai.redb"));
        let app = TestApp::spawn_on(&location, |config| {
            config.store.path = dir.path().join("bai.redb");
        });
        let (_, root) = superuser(&app, ROOT);
        Self { app, dir, root }
    }

    fn call(&self, method: &str, path: &str) -> crate::support::app::Call {
        self.app
            .call(method, &format!("{BACKUPS}{path}"))
            .header("Authorization", &self.root)
    }

    fn create(&self, name: &str) {
        assert_eq!(
            self.call("POST", "")
                .json(&json!({ "name": name }))
                .send()
                .status,
            204,
            "{name}"
        );
    }

    fn restore(&self, name: &str) {
        let answer = self.call("POST", &format!("/{name}/restore")).send();
        assert_eq!(answer.status, 204, "{}", answer.text());
    }

    fn file_token(&self, token: &str) -> String {
        let answer = self
            .app
            .post("/api/files/token")
            .header("Authorization", token)
            .send()
            .ok();
        answer["token"].as_str().unwrap().to_owned()
    }

    /// The bytes of a backup; they are no answer that can be searched for secrets: they are all there.
    fn download(&self, name: &str) -> Vec<u8> {
        let url = format!(
            "{}{BACKUPS}/{name}?token={}",
            self.app.base,
            self.file_token(&self.root)
        );
        let mut response = ureq::get(url).call().unwrap();
        assert_eq!(
            response.headers()["content-disposition"],
            format!("attachment; filename=\"{name}\"")
        );
        assert_eq!(response.headers()["cache-control"], "no-store");
        response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()
            .unwrap()
    }

    fn upload(&self, field: &str, name: &str, bytes: &[u8]) -> Answer {
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--XX--\r\n"].concat();
        self.call("POST", "/upload")
            .header("Content-Type", "multipart/form-data; boundary=XX")
            .body(&body)
            .send()
    }

    fn names(&self) -> Vec<String> {
        let list = self.call("GET", "?fields=key").send().ok();
        list.as_array()
            .unwrap()
            .iter()
            .map(|item| item["key"].as_str().unwrap().to_owned())
            .collect()
    }

    fn files(&self) -> Vec<String> {
        let entries = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten();
        let all = entries(self.dir.path().into()).chain(entries(self.dir.path().join("backups")));
        let names = all.map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names
            .filter(|name| name.strip_suffix(".sock").is_none())
            .collect();
        names.sort();
        names
    }

    fn refresh(&self, token: &str) -> u16 {
        self.app
            .post("/api/system/refresh-token")
            .bearer(token)
            .send()
            .status
    }

    fn update(&self, id: &RecordId, change: impl FnOnce(&mut User) + Send + 'static) {
        self.app.change_user(id, change);
    }
}

fn assert_refused(answer: &Answer, status: u16, message: &str, data: &Value) {
    assert_eq!(
        answer.text(),
        format!(r#"{{"data":{data},"message":"{message}","status":{status}}}"#)
    );
    assert_eq!(answer.status, status);
}

#[test]
fn what_superusers_do_with_backups_is_an_event() {
    let server = Operated::new();
    // A token of the millisecond of the backup may be newer than it.
    server.app.clock.advance(SECOND);
    server.create("one.redb");
    server.download("one.redb");
    server.restore("one.redb");
    assert_eq!(server.call("DELETE", "/one.redb").send().status, 204);
    let events = server
        .app
        .get("/api/events?kind=command")
        .header("Authorization", &server.root)
        .send()
        .json();
    let told: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["detail"].as_str().unwrap())
        .collect();
    // What was written before the restoration went with the database.
    assert_eq!(
        told[..2],
        ["backup delete one.redb", "backup restore one.redb"]
    );
    assert_eq!(events["items"][0]["actor"], "superuser");
}

#[test]
fn a_backup_is_made_listed_fetched_brought_back_and_removed() {
    let server = Operated::new();
    user(&server.app, "13800138000");
    assert_eq!(server.call("GET", "").send().text(), "[]");
    server.create("first.zip");
    assert_eq!(server.call("POST", "").send().status, 204);
    let list = server.call("GET", "").send().ok();
    assert_eq!(
        server.names(),
        ["bai_backup_20261122061036.redb", "first.zip"]
    );
    let path = server.dir.path().join("backups/first.zip");
    assert_eq!(list[1]["size"], fs::metadata(&path).unwrap().len());
    assert_eq!(
        list[1].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["modified", "key", "size"]
    );
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o77,
        0
    );

    let bytes = server.download("first.zip");
    assert_eq!(bytes, fs::read(&path).unwrap());
    assert_eq!(
        server.upload("file", "/home/me/Second.zip", &bytes).status,
        204
    );
    assert_eq!(
        fs::read(server.dir.path().join("backups/Second.zip")).unwrap(),
        bytes
    );
    assert_eq!(server.call("DELETE", "/first.zip").send().status, 204);
    assert_eq!(
        server.names(),
        ["Second.zip", "bai_backup_20261122061036.redb"]
    );
    assert_eq!(
        server.files(),
        [
            "Second.zip",
            "backups",
            "bai.redb",
            "bai_backup_20261122061036.redb"
        ]
    );
    let contents = bai::store::file::check_file(
        &Location::File(server.dir.path().join("backups/Second.zip")),
        1 << 20,
    )
    .unwrap();
    let made = Some(server.app.clock.now());
    assert_eq!(
        contents,
        Contents {
            made,
            users: 1,
            companies: 0,
            superusers: 1,
            events: contents.events,
            avatars: 0
        }
    );
}

#[test]
fn only_superusers_have_backups() {
    let server = Operated::new();
    let (_, alices) = user(&server.app, "13800138000");
    server.create("x.zip");
    let not_allowed = "The authorized record is not allowed to perform this action.";
    for (method, path) in [
        ("GET", ""),
        ("POST", ""),
        ("POST", "/upload"),
        ("DELETE", "/x.zip"),
        ("POST", "/x.zip/restore"),
    ] {
        for (token, status, message) in [("no token", 401, NO_TOKEN), (&alices, 403, not_allowed)] {
            let call = server
                .app
                .call(method, &format!("{BACKUPS}{path}"))
                .header("Authorization", token);
            assert_refused(&call.send(), status, message, &json!({}));
        }
    }
    let large = vec![b' '; 4 << 20];
    let upload = server
        .app
        .post(&format!("{BACKUPS}/upload"))
        .header("Authorization", &alices);
    let upload = upload
        .header("Content-Type", "multipart/form-data; boundary=XX")
        .body(&large)
        .send();
    assert_refused(&upload, 403, not_allowed, &json!({}));
    let no_access = "Insufficient permissions to access the resource.";
    let files = server.file_token(&alices);
    for token in ["", "x", &alices, &server.root, &files] {
        let call = server.app.get(&format!("{BACKUPS}/x.zip?token={token}"));
        assert_refused(
            &call.header("Authorization", &server.root).send(),
            403,
            no_access,
            &json!({}),
        );
    }
    let none = server.app.post("/api/files/token").send();
    assert_refused(&none, 401, NO_TOKEN, &json!({}));
    // A token for files opens nothing else, and lives for three minutes.
    let files = server.file_token(&server.root);
    assert_eq!(
        server
            .app
            .get(BACKUPS)
            .header("Authorization", &files)
            .send()
            .status,
        401
    );
    let link = format!("{BACKUPS}/nope.zip?token={files}");
    assert_eq!(server.app.get(&link).send().status, 404);
    server.app.clock.advance(Duration::from_mins(3));
    assert_eq!(server.app.get(&link).send().status, 403);
}

#[test]
fn what_pocketbase_refuses_is_refused_in_its_words() {
    let server = Operated::new();
    server.create("x.zip");
    let error = |field: &str, code: &str, message: &str| json!({ field: { "code": code, "message": message } });
    let format = error(
        "name",
        "validation_match_invalid",
        "Must be in a valid format.",
    );
    let length = json!({ "name": {
        "code": "validation_length_out_of_range", "message": "The length must be between 1 and 150.",
        "params": { "max": 150, "min": 1 },
    } });
    let exists = "The backup file name is invalid or already exists.";
    let exists = error("name", "validation_backup_name_exists", exists);
    let long = format!("{}.zip", "a".repeat(147));
    for (name, data) in [
        ("!x.zip", &format),
        ("X.zip", &format),
        ("../x.zip", &format),
        ("x.tar", &format),
        (&long, &length),
        ("x.zip", &exists),
    ] {
        let answer = server
            .call("POST", "")
            .json(&json!({ "name": name }))
            .send();
        assert_refused(&answer, 400, INVALID, data);
    }
    let not_loaded = "An error occurred while loading the submitted data.";
    assert_refused(
        &server.call("POST", "").json(&json!({ "name": 5 })).send(),
        400,
        not_loaded,
        &json!({}),
    );
    let not_found = "The requested resource wasn't found.";
    for path in ["nope.zip", "..%2fbai.redb", "%2e%2e%2fbai.redb", ".hidden"] {
        let link = format!("{BACKUPS}/{path}?token={}", server.file_token(&server.root));
        assert_refused(&server.app.get(&link).send(), 404, not_found, &json!({}));
        let gone = "Invalid or already deleted backup file.";
        assert_refused(
            &server.call("DELETE", &format!("/{path}")).send(),
            400,
            gone,
            &json!({}),
        );
        let missing = "Missing or invalid backup file.";
        assert_refused(
            &server.call("POST", &format!("/{path}/restore")).send(),
            400,
            missing,
            &json!({}),
        );
    }
    assert_eq!(server.files(), ["backups", "bai.redb", "x.zip"]);
}

#[test]
fn only_whole_databases_are_taken() {
    let server = Operated::new();
    server.create("x.zip");
    let good = server.download("x.zip");
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle / 2..middle * 3 / 2].fill(0x55);
    let blank = json!({ "file": { "code": "validation_required", "message": "Cannot be blank." } });
    for (field, name) in [("other", "o.zip"), ("file", "")] {
        assert_refused(&server.upload(field, name, &good), 400, INVALID, &blank);
    }
    assert_refused(
        &server.call("POST", "/upload").json(&json!({})).send(),
        400,
        INVALID,
        &blank,
    );
    for bytes in [&b""[..], b"no database", &good[..good.len() / 2], &flipped] {
        let answer = server.upload("file", "bad.zip", bytes);
        let data = json!({ "file": {
            "code": "validation_invalid_mime_type", "message": "\"bad.zip\" must be a whole database of bai.",
        } });
        assert_eq!(answer.json()["data"], data, "{}", bytes.len());
        assert_eq!(answer.status, 400);
    }
    let taken = server.upload("file", "x.zip", &good).json();
    assert_eq!(
        taken["data"]["file"]["code"],
        "validation_backup_name_exists"
    );
    for name in ["..", "x.new", "Weird Näme.zip"] {
        let code = server.upload("file", name, &good).json()["data"]["file"]["code"].clone();
        assert_eq!(code, "validation_match_invalid", "{name}");
    }
    assert_eq!(server.files(), ["backups", "bai.redb", "x.zip"]);
}

#[test]
fn an_upload_that_drips_or_breaks_off_leaves_nothing() {
    use std::io::{Read as _, Write as _};
    let dir = tempfile::tempdir().unwrap();
    let location = Location::File(dir.path().join("bai.redb"));
    let app = TestApp::spawn_on(&location, |config| {
        config.store.path = dir.path().join("bai.redb");
        config.server.body_timeout = Duration::from_millis(300);
    });
    let (_, root) = superuser(&app, ROOT);
    let begin = || {
        let mut socket =
            std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
        let head = format!(
            "POST {BACKUPS}/upload HTTP/1.1\r\nHost: x\r\nAuthorization: {root}\r\nContent-Length: 9999999\r\n\
             Content-Type: multipart/form-data; boundary=XX\r\n\r\n--XX\r\nContent-Disposition: form-data; \
             name=\"file\"; filename=\"x.zip\"\r\n\r\nbegin"
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket
    };
    let unfinished = || {
        fs::read_dir(dir.path().join("backups"))
            .into_iter()
            .flatten()
            .count()
    };
    let mut dripping = begin();
    let mut answer = String::new();
    let _ = dripping.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    drop(begin());
    let started = std::time::Instant::now();
    while unfinished() > 0 {
        assert!(started.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn backups_under_load_hold_everybody_acknowledged_before_they_began() {
    const WRITERS: usize = 8;
    /// About 500 writes a second from all of them.
    const PAUSE: Duration = Duration::from_millis(16);
    let server = Operated::new();
    let store = &server.app.app.store;
    let acknowledged: Vec<_> = (0..WRITERS).map(|_| AtomicUsize::new(0)).collect();
    let stop = AtomicBool::new(false);
    let number = |writer: usize, n: usize| writer * 1_000_000 + n;
    thread::scope(|scope| {
        for (writer, count) in acknowledged.iter().enumerate() {
            let (stop, number) = (&stop, &number);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    runtime
                        .block_on(store.insert(new_user(number(writer, n))))
                        .unwrap();
                    count.store(n + 1, Ordering::SeqCst);
                    thread::sleep(PAUSE);
                }
            });
        }
        for n in 0..20 {
            let before: Vec<_> = acknowledged
                .iter()
                .map(|count| count.load(Ordering::SeqCst))
                .collect();
            let name = format!("b{n}.redb");
            server.create(&name);
            let path = server.dir.path().join("backups").join(&name);
            let copy = Store::open(&Location::File(path), 1 << 20).unwrap();
            let contents = copy.file().unwrap().check().unwrap();
            assert!(
                contents.users >= before.iter().sum::<usize>() as u64,
                "{contents:?}"
            );
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            for (writer, count) in before.into_iter().enumerate() {
                for n in 0..count {
                    let found = runtime
                        .block_on(copy.user_by_openid(&openid(number(writer, n))))
                        .unwrap();
                    assert!(found.is_some(), "{writer} {n}");
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(
        acknowledged
            .iter()
            .all(|count| count.load(Ordering::SeqCst) > 3),
        "the writers stood still"
    );
    assert_eq!(server.names().len(), 20);
}

#[test]
fn one_operation_on_the_whole_file_at_a_time() {
    let server = Operated::new();
    server.create("x.zip");
    let alone = server.app.app.maintenance.try_lock().unwrap();
    let busy = "Try again later - another backup/restore process has already been started.";
    for path in ["", "/x.zip/restore"] {
        assert_refused(&server.call("POST", path).send(), 400, busy, &json!({}));
    }
    drop(alone);
    server.restore("x.zip");
}

#[test]
fn a_restored_backup_is_what_everybody_sees_and_nothing_of_before_is_lost() {
    let server = Operated::new();
    let (alice, alices) = user(&server.app, "13800138000");
    server.app.clock.advance(SECOND);
    server.create("x.zip");
    server.app.clock.advance(SECOND);
    user(&server.app, "13800138001");
    server.update(&alice, |user| user.name = "new".into());
    server.app.clock.advance(SECOND);
    server.restore("x.zip");

    assert_eq!(
        server.app.post("/api/system/users-count").send().data()["total_users"],
        1
    );
    let found = server
        .app
        .block_on(server.app.app.store.user_by_id(&alice))
        .unwrap()
        .unwrap();
    assert_eq!(found.name, "张三");
    assert_eq!(server.refresh(&alices), 200);
    // It goes on: it takes writes, and backups.
    user(&server.app, "13800138002");
    let root = superuser_token(&server.app, ROOT);
    let create = server
        .app
        .post(BACKUPS)
        .header("Authorization", &root)
        .json(&json!({ "name": "y.zip" }));
    assert_eq!(create.send().status, 204);
    assert_eq!(
        server.app.app.store.file().unwrap().check().unwrap().made,
        None
    );
    let before = server
        .dir
        .path()
        .join("bai.redb.before-restore-20261122-061039");
    assert_eq!(
        bai::store::file::check_file(&Location::File(before), 1 << 20)
            .unwrap()
            .users,
        2
    );
    let names = [
        "backups",
        "bai.redb",
        "bai.redb.before-restore-20261122-061039",
        "x.zip",
        "y.zip",
    ];
    assert_eq!(server.files(), names);
}

#[test]
fn tokens_issued_since_or_revoked_since_a_backup_end_with_its_restoration() {
    let server = Operated::new();
    let people: Vec<_> = (0..5)
        .map(|n| user(&server.app, &format!("1380013800{n}")))
        .collect();
    let [
        (_, stays),
        (changed_id, changed),
        (deleted_id, deleted),
        (disabled_id, disabled),
        (_, late),
    ] = &people[..]
    else {
        panic!()
    };
    let (second, seconds) = superuser(&server.app, "second@example.com");
    server.app.clock.advance(SECOND);
    server.create("x.zip");
    server.app.clock.advance(SECOND);
    let issued_since = server.app.login("13800138004", PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let token_key = bai::domain::TokenKey::new(*b"canary-canary-ca");
    let new_key = token_key.clone();
    server.update(changed_id, |user| user.token_key = new_key);
    server.update(disabled_id, |user| user.status = Status::Disabled);
    server.app.take([Step::delete_user(deleted_id)]);
    server.app.take([Step::delete_superuser(&second)]);
    server.app.clock.advance(SECOND);
    assert_eq!(server.refresh(&issued_since), 200);
    server.restore("x.zip");

    assert_eq!([stays, late].map(|token| server.refresh(token)), [200, 200]);
    assert_eq!(
        [changed, deleted, disabled, &issued_since].map(|token| server.refresh(token)),
        [401; 4]
    );
    let list = |token: &str| {
        server
            .app
            .get(BACKUPS)
            .header("Authorization", token)
            .send()
            .status
    };
    assert_eq!([list(&server.root), list(&seconds)], [200, 401]);
    // They are all back, and log in as before.
    for n in 0..5 {
        server.app.clock.advance(SECOND);
        let token = server.app.login(&format!("1380013800{n}"), PASSWORD).ok()["token"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(server.refresh(&token), 200);
    }
    // What was void stays so when a later backup is restored.
    let root = superuser_token(&server.app, ROOT);
    assert_eq!(
        server
            .app
            .post(BACKUPS)
            .header("Authorization", &root)
            .json(&json!({ "name": "y.zip" }))
            .send()
            .status,
        204
    );
    server.app.clock.advance(SECOND);
    let again = server
        .app
        .post(&format!("{BACKUPS}/y.zip/restore"))
        .header("Authorization", &root)
        .send();
    assert_eq!(again.status, 204);
    assert_eq!(
        [changed, deleted, disabled, &issued_since].map(|token| server.refresh(token)),
        [401; 4]
    );
    assert_eq!(server.refresh(stays), 200);
}

#[test]
fn a_key_that_was_given_up_since_a_backup_does_not_come_back() {
    let server = Operated::new();
    let (_, alices) = user(&server.app, "13800138000");
    server.app.clock.advance(SECOND);
    server.create("x.zip");
    server.app.clock.advance(Duration::from_hours(1));
    let store = &server.app.app.store;
    for secret in [
        b"canary-canary-canary-canary-cana",
        b"canary-canary-canary-canary-ca-2",
    ] {
        server.app.clock.advance(SECOND);
        let key = ServerKey {
            secret: *secret,
            created: server.app.clock.now(),
        };
        server
            .app
            .block_on(store.add_token_key(key, server.app.clock.now()))
            .unwrap();
    }
    let secrets = || {
        wait(store.token_keys())
            .unwrap()
            .iter()
            .map(|key| key.secret)
            .collect::<Vec<_>>()
    };
    let kept = secrets();
    assert_eq!(kept.len(), 2);
    server.restore("x.zip");
    assert_eq!(secrets(), kept);
    assert_eq!(server.refresh(&alices), 401);
}

#[test]
fn a_restoration_that_fails_changes_nothing() {
    let server = Operated::new();
    let (_, alices) = user(&server.app, "13800138000");
    server.create("good.zip");
    let folder = server.dir.path().join("backups");
    let good = fs::read(folder.join("good.zip")).unwrap();
    fs::write(folder.join("text.zip"), "no database").unwrap();
    fs::write(folder.join("empty.zip"), "").unwrap();
    fs::write(folder.join("half.zip"), &good[..good.len() / 2]).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle / 2..middle * 3 / 2].fill(0x55);
    fs::write(folder.join("flipped.zip"), flipped).unwrap();
    user(&server.app, "13800138001");
    let before = server.files();
    for name in ["text.zip", "empty.zip", "half.zip", "flipped.zip"] {
        let answer = server.call("POST", &format!("/{name}/restore")).send();
        assert_refused(&answer, 400, "Failed to restore backup.", &json!({}));
    }
    assert_eq!(server.files(), before);
    assert_eq!(
        server.app.post("/api/system/users-count").send().data()["total_users"],
        2
    );
    assert_eq!(server.refresh(&alices), 200);
    user(&server.app, "13800138002");
}

#[test]
fn whoever_listens_is_cut_and_hears_again_after_a_restoration() {
    let server = Operated::new();
    let (alice, alices) = user(&server.app, "13800138000");
    server.app.clock.advance(SECOND);
    server.create("x.zip");
    server.app.clock.advance(SECOND);
    let topic = format!("tbl_auth_users/{alice}");
    let listen = || {
        let client = Client::connect(&server.app);
        client.subscribe(&server.app, &alices, &[&topic]);
        client
    };
    let mut client = listen();
    server.restore("x.zip");
    assert_eq!(client.next(), None);
    let mut client = listen();
    server.update(&alice, |user| user.name = "again".into());
    assert_eq!(client.next().unwrap().data["record"]["users_name"], "again");
}

#[test]
fn a_link_in_the_folder_is_no_backup_and_the_folder_may_be_one() {
    let server = Operated::new();
    let (folder, elsewhere) = (
        server.dir.path().join("backups"),
        tempfile::tempdir().unwrap(),
    );
    server.create("real.zip");
    let outside = elsewhere.path().join("outside.zip");
    fs::rename(folder.join("real.zip"), &outside).unwrap();
    symlink(&outside, folder.join("link.zip")).unwrap();
    symlink(elsewhere.path().join("none"), folder.join("dangling.zip")).unwrap();
    assert_eq!(server.names(), Vec::<String>::new());
    let not_found = "The requested resource wasn't found.";
    let token = server.file_token(&server.root);
    for name in ["link.zip", "dangling.zip"] {
        let download = server
            .app
            .get(&format!("{BACKUPS}/{name}?token={token}"))
            .send();
        assert_refused(&download, 404, not_found, &json!({}));
        assert_eq!(
            server
                .call("POST", &format!("/{name}/restore"))
                .send()
                .status,
            400,
            "{name}"
        );
        assert_eq!(
            server.call("DELETE", &format!("/{name}")).send().status,
            400,
            "{name}"
        );
        let refused = server
            .call("POST", "")
            .json(&json!({ "name": name }))
            .send();
        assert!(
            refused.status == 400 && refused.text().contains("validation_backup_name_exists"),
            "{}",
            refused.text()
        );
        assert_eq!(
            server
                .upload("file", name, &fs::read(&outside).unwrap())
                .status,
            400,
            "{name}"
        );
    }
    assert!(!elsewhere.path().join("none").exists());
    assert!(
        bai::store::file::check_file(&Location::File(folder.join("link.zip")), 1 << 20).is_err()
    );
    // A whole folder of links is what an operator made of it.
    let volume = elsewhere.path().join("volume");
    fs::rename(&folder, &volume).unwrap();
    symlink(&volume, &folder).unwrap();
    // A token of the millisecond of the backup may be newer than it.
    server.app.clock.advance(SECOND);
    server.create("second.zip");
    assert_eq!(server.names(), ["second.zip"]);
    server.download("second.zip");
    server.restore("second.zip");
    assert_eq!(server.call("DELETE", "/second.zip").send().status, 204);
}
