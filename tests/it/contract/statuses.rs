//! Every documented status of the contract's endpoints can be had, and none that is not documented.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use bai::domain::{RecordId, Status};
use serde_json::json;

use crate::support::app::{Answer, TestApp, profile, registration};
use crate::support::canary::PASSWORD;
use crate::support::failing_disk::FailingDisk;
use crate::support::http_request::slow_body;
use crate::support::http2_frames::{self, POST, greeting};
use crate::support::openapi_document::DOCUMENT;
use crate::support::pocketbase_api::speaks_at;
use crate::support::wechat_stub::{PHONE, SESSION};

/// Asks `path` and notes what came: the answer itself was held against the document already.
struct Notes(BTreeSet<(String, u16)>);

impl Notes {
    fn note(&mut self, path: &str, answer: &Answer) {
        self.0.insert((path.to_owned(), answer.status));
    }

    /// The same call with a body that is too large, one that is not declared as JSON, and one that never comes.
    fn bad_bodies(&mut self, app: &TestApp, path: &str, token: &str) {
        let call = || app.post(path).bearer(token);
        self.0
            .insert((path.to_owned(), slow_body(app, path, token)));
        self.note(
            path,
            &call()
                .header("Content-Type", "application/json")
                .body(&vec![b' '; 70_000])
                .send(),
        );
        self.note(
            path,
            &call()
                .header("Content-Type", "text/plain")
                .body(b"{}")
                .send(),
        );
    }
}

fn documented() -> BTreeSet<(String, u16)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let of = |path: &String| {
        let responses = DOCUMENT["paths"][path]["post"]["responses"]
            .as_object()
            .unwrap();
        responses
            .keys()
            .map(|status| (path.clone(), status.parse().unwrap()))
            .collect::<Vec<_>>()
    };
    paths
        .keys()
        .filter(|path| !speaks_at(path))
        .flat_map(of)
        .collect()
}

/// The requests that a full server has.
const REQUESTS: u32 = 4;

/// A server that has no room for another request, and the connection that takes it.
fn full() -> (TestApp, TcpStream) {
    let app = TestApp::spawn_with(|config| config.server.max_connections = REQUESTS as usize);
    loop {
        // A request of another try takes a place for a moment, in which one of these is refused.
        let socket = unfinished_requests(&app);
        let health = || app.post("/api/system/health").try_send();
        if (0..20).all(|_| health().is_ok_and(|answer| answer.status == 503)) {
            return (app, socket);
        }
    }
}

fn unfinished_requests(app: &TestApp) -> TcpStream {
    let mut socket = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    let unfinished = |n| http2_frames::request(POST, 2 * n + 1, 0, "/api/wechat/login", &[]);
    let unfinished: Vec<u8> = (0..REQUESTS).flat_map(unfinished).collect();
    socket
        .write_all(&[greeting(&[]), unfinished].concat())
        .unwrap();
    socket
}

#[test]
fn every_documented_status_can_be_had() {
    let (hello, health, count) = (
        "/api/system/test-helloworld",
        "/api/system/health",
        "/api/system/users-count",
    );
    let (refresh, login, set_profile) = (
        "/api/system/refresh-token",
        "/api/wechat/login",
        "/api/wechat/profile",
    );
    let (register, platform_login) = ("/api/platform/register", "/api/platform/login");
    let mut notes = Notes(BTreeSet::new());
    let disk = FailingDisk::default();
    let app = TestApp::spawn_on(&disk.location(), |config| {
        config.limits.enabled = true;
        config.server.body_timeout = Duration::from_millis(500);
    });
    let alice = app.wechat_token("alice~0");
    let code = |code: &str| json!({ "users_wx_code": code });
    let credentials = json!({ "users_phone": "13800138000", "password": PASSWORD });

    for path in [hello, health, count] {
        notes.note(path, &app.post(path).send());
    }
    for (path, body) in [
        (login, code("bob~1")),
        (login, code("bob~1")),
        (login, code("bad")),
        (refresh, code("alice~1")),
        (refresh, code("alice~1")),
        (refresh, code("bad")),
        (refresh, code("stranger~1")),
        (refresh, json!({})),
        (register, registration("13800138000", PASSWORD)),
        (register, registration("13800138000", PASSWORD)),
        (register, json!({})),
        (platform_login, credentials.clone()),
        (platform_login, credentials),
        (platform_login, json!({})),
        (
            platform_login,
            json!({ "users_phone": "13800138001", "password": PASSWORD }),
        ),
    ] {
        notes.note(path, &app.post(path).json(&body).send());
    }
    let with_profile = |body| app.post(set_profile).bearer(&alice).json(&body).send();
    for body in [profile("13900139000"), profile("13900139000"), json!({})] {
        notes.note(set_profile, &with_profile(body));
    }
    notes.note(
        set_profile,
        &app.post(set_profile).json(&profile("13900139000")).send(),
    );
    for path in [refresh, login, set_profile, register, platform_login] {
        notes.bad_bodies(&app, path, &alice);
    }

    app.clock.advance(Duration::from_secs(5));
    let dave = app.wechat_login("dave~1").ok();
    let id = RecordId::parse(dave["record"]["id"].as_str().unwrap()).unwrap();
    app.change_user(&id, |user| user.status = Status::Disabled);
    notes.note(login, &app.wechat_login("dave~2"));

    app.stub.refuse(SESSION, 40125, "invalid appsecret");
    notes.note(login, &app.wechat_login("alice~5"));
    notes.note(refresh, &app.post(refresh).json(&code("alice~6")).send());
    app.stub.refuse(PHONE, 48001, "api unauthorized");
    notes.note(set_profile, &with_profile(profile("13900139001")));

    disk.kill();
    notes.note(register, &app.register("13800138002", PASSWORD));
    notes.note(health, &app.post(health).send());
    notes.note(count, &app.post(count).send());
    notes.note(platform_login, &app.login("13800138003", PASSWORD));

    let (full, _unfinished) = full();
    for path in [
        hello,
        health,
        count,
        refresh,
        login,
        set_profile,
        register,
        platform_login,
    ] {
        notes.note(path, &full.post(path).send());
    }

    assert_eq!(notes.0, documented());
}
