//! The unionid that WeChat tells at some logins: kept with the user, seen by superusers, and by nobody else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bai::domain::{RecordId, Status};
use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::failing_disk::FailingDisk;
use crate::support::logins::superuser;
use crate::support::pocketbase_api::{USERS, path};
use crate::support::realtime_client::Client;
use crate::support::superuser::Root;
use crate::support::wechat_stub::{Reply, SESSION};

/// Answer of WeChat's that comes next, as each test sets it.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Value>>);

impl Told {
    /// Has WeChat say that everybody is `openid`, with the unionid that is set.
    fn to(app: &TestApp, openid: &'static str) -> Self {
        let told = Self::default();
        let says = told.clone();
        app.stub.script(move |call| {
            let mut answer = json!({ "openid": openid, "session_key": "canary-session-key" });
            let unionid = says.0.lock().unwrap().clone();
            if !unionid.is_null() {
                answer["unionid"] = unionid;
            }
            (call.path == SESSION).then(|| Reply::Json(answer))
        });
        told
    }

    fn set(&self, unionid: impl Into<Value>) {
        *self.0.lock().unwrap() = unionid.into();
    }
}

fn kept(app: &TestApp, id: &Value) -> Option<String> {
    let id = RecordId::parse(id.as_str().unwrap()).unwrap();
    let user = app.block_on(app.app.store.user_by_id(&id)).unwrap();
    user.unwrap().unionid
}

#[test]
fn the_first_login_that_brings_it_keeps_it_and_one_without_it_takes_nothing() {
    let app = TestApp::spawn();
    let told = Told::to(&app, "o_alice");
    let id = app.wechat_login("1").ok()["record"]["id"].clone();
    assert_eq!(kept(&app, &id), None);
    for (n, (tells, keeps)) in [
        (json!("u_1"), "u_1"),
        (Value::Null, "u_1"),
        (json!(""), "u_1"),
        (json!("a b"), "u_1"),
        (json!(7), "u_1"),
        (json!(["u_3"]), "u_1"),
        (json!("u".repeat(129)), "u_1"),
        (json!("u_2"), "u_2"),
    ]
    .into_iter()
    .enumerate()
    {
        told.set(tells.clone());
        let login = app.wechat_login(&format!("code{n}"));
        assert_eq!(login.status, 200, "{tells}: {}", login.text());
        assert_eq!(kept(&app, &id).as_deref(), Some(keeps), "{tells}");
    }
}

#[test]
fn a_new_user_has_it_at_once() {
    let app = TestApp::spawn();
    let login = app.wechat_login("bob~unionid").ok();
    assert_eq!(login["record"]["openid"], "o_bob");
    assert_eq!(kept(&app, &login["record"]["id"]).as_deref(), Some("u_bob"));
}

#[test]
fn a_refresh_by_code_keeps_it_too() {
    let app = TestApp::spawn();
    let id = app.wechat_login("bob~1").ok()["record"]["id"].clone();
    let code = json!({ "users_wx_code": "bob~unionid~canary" });
    let refreshed = app.post("/api/system/refresh-token").json(&code).send();
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    assert_eq!(kept(&app, &id).as_deref(), Some("u_bob"));
}

#[test]
fn a_login_that_is_refused_keeps_nothing() {
    let app = TestApp::spawn();
    let id = app.wechat_login("bob~1").ok()["record"]["id"].clone();
    let user = RecordId::parse(id.as_str().unwrap()).unwrap();
    app.change_user(&user, |user| user.status = Status::Disabled);
    assert_eq!(app.wechat_login("bob~unionid").status, 401);
    assert_eq!(kept(&app, &id), None);
}

/// The next login, when there is room again, keeps it.
#[test]
fn a_full_disk_fails_no_login() {
    let disk = FailingDisk::default();
    let app = TestApp::spawn_on(&disk.location(), |_| ());
    let id = app.wechat_login("bob~1").ok()["record"]["id"].clone();
    disk.fill(true);
    let login = app.wechat_login("bob~unionid");
    assert_eq!(login.status, 200, "{}", login.text());
    let token = login.json()["token"].as_str().unwrap().to_owned();
    let verified = app.get("/api/auth/verify").bearer(&token).send();
    assert_eq!(verified.status, 200);
    disk.fill(false);
    let is_kept = (0..100).any(|n| {
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(app.wechat_login(&format!("bob~unionid~{n}")).status, 200);
        kept(&app, &id).is_some()
    });
    assert!(is_kept);
}

/// Logins at once by several codes of one user leave one of what was told, and no login fails.
#[test]
fn logins_at_the_same_time_all_succeed() {
    let app = TestApp::spawn();
    let id = app.wechat_login("bob~1").ok()["record"]["id"].clone();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let app = &app;
            scope.spawn(move || {
                assert_eq!(app.wechat_login(&format!("bob~unionid~{n}")).status, 200);
            });
        }
    });
    assert_eq!(kept(&app, &id).as_deref(), Some("u_bob"));
}

fn list(app: &TestApp, token: &str, query: &str) -> Answer {
    app.get(&format!("{USERS}/records?{query}"))
        .header("Authorization", token)
        .send()
}

/// A server where everybody sees all users, with two of whom one has a unionid.
fn open() -> (Root, Value, String) {
    let root = Root::new();
    let rules = json!({ "listRule": "", "viewRule": "", "updateRule": "" });
    root.call("PATCH", USERS).json(&rules).send().ok();
    let login = root.app.wechat_login("bob~unionid").ok();
    root.app.wechat_login("ann~1").ok();
    let token = login["token"].as_str().unwrap().to_owned();
    (root, login["record"]["id"].clone(), token)
}

#[test]
fn superusers_see_filter_sort_and_set_it() {
    let (root, id, _) = open();
    let (app, token) = (&root.app, root.token.as_str());
    let shown = root.get(&path(USERS, &id)).ok();
    assert_eq!(shown["unionid"], "u_bob");
    for (query, count) in [
        ("filter=unionid='u_bob'", 1),
        ("filter=unionid~'bob'", 1),
        ("filter=unionid=''", 1),
        ("filter=unionid!=''%26%26users_status=1", 1),
        ("sort=unionid", 2),
    ] {
        let found = list(app, token, query).ok();
        assert_eq!(found["totalItems"], count, "{query}");
    }
    let sorted = list(app, token, "sort=-unionid").ok();
    assert_eq!(sorted["items"][0]["id"], id);
    let set = |value: &str| root.update(USERS, &id, &json!({ "unionid": value }));
    assert_eq!(set("u_other").ok()["unionid"], "u_other");
    for wrong in ["a b", "张", &"u".repeat(129)] {
        assert_eq!(set(wrong).status, 400, "{wrong}");
    }
    assert_eq!(set("").ok()["unionid"], "");
    assert_eq!(kept(app, &id), None);
    let made = root.user(7, &json!({ "unionid": "u_7" }));
    assert_eq!(made["unionid"], "u_7");
    let fields = root.events(&format!("user={}", id.as_str().unwrap()));
    assert!(
        fields[0]["detail"].as_str().unwrap().contains("unionid"),
        "{}",
        fields[0]
    );
}

/// Nothing that a user sends makes the server tell it, or set it.
#[test]
fn nobody_else_sees_it_asks_for_it_or_sets_it() {
    let (root, id, token) = open();
    let app = &root.app;
    let own = path(USERS, &id);
    for token in [token.as_str(), ""] {
        for query in ["", "fields=*", "fields=id,unionid", "sort=created"] {
            let found = list(app, token, query);
            assert_eq!(found.status, 200);
            assert!(
                !found.text().contains("unionid"),
                "{query}: {}",
                found.text()
            );
        }
        for query in [
            "filter=unionid='u_bob'",
            "filter=unionid!=''",
            "filter=id!=''%26%26unionid~'u'",
            "sort=unionid",
            "sort=-unionid",
            "filter=unionid:lower='u_bob'",
            "filter=users_name=unionid",
        ] {
            let unknown = query.replace("unionid", "nothing_of_that_name");
            let (found, other) = (list(app, token, query), list(app, token, &unknown));
            assert_eq!(found.status, 400, "{query}");
            assert_eq!(found.text(), other.text(), "{query}");
        }
        let call = app.call("PATCH", &own).header("Authorization", token);
        let change = json!({ "unionid": "mine", "users_name": "Bob" });
        let changed = call.json(&change).send().ok();
        assert_eq!(changed.get("unionid"), None);
        assert_eq!(changed["users_name"], "Bob");
    }
    assert_eq!(kept(app, &id).as_deref(), Some("u_bob"));
    let refreshed = app
        .post(&format!("{USERS}/auth-refresh"))
        .header("Authorization", &token)
        .send()
        .ok();
    assert_eq!(refreshed["record"].get("unionid"), None);
    let again = app.wechat_login("bob~unionid~2").ok();
    assert!(!again.to_string().contains("unionid\":"), "{again}");
    // A rule that names it lets superusers in only, and is not taken.
    let rule = json!({ "listRule": "unionid = 'u_bob'" });
    assert_eq!(root.call("PATCH", USERS).json(&rule).send().status, 400);
}

/// Changes are told to whoever may see the record; the field goes to superusers alone.
#[test]
fn streams_of_events_tell_it_to_superusers_only() {
    let (root, id, token) = open();
    let topic = format!("tbl_auth_users/{}", id.as_str().unwrap());
    let mut streams = [root.token.as_str(), &token].map(|token| {
        let client = Client::connect(&root.app);
        client.subscribe(&root.app, token, &[&topic]);
        client
    });
    root.update(USERS, &id, &json!({ "users_name": "Bob" }))
        .ok();
    let [of_root, of_bob] = streams
        .each_mut()
        .map(|client| client.next().unwrap().data["record"].clone());
    assert_eq!(of_root["unionid"], "u_bob");
    assert_eq!(
        (of_bob.get("unionid"), &of_bob["users_name"]),
        (None, &json!("Bob"))
    );
}

#[test]
fn an_import_of_users_sets_it() {
    let app = TestApp::spawn();
    let (_, token) = superuser(&app, "root@example.com");
    let users = json!({ "users": [{ "users_phone": "13800000009", "users_name": "Cy", "unionid": "u_cy" }] });
    let call = app
        .post("/api/import/users")
        .header("Authorization", &token);
    let outcome = call.json(&users).send().ok();
    assert!(outcome[0]["status"].as_u64().unwrap() < 300, "{outcome}");
    let found = list(&app, &token, "filter=unionid='u_cy'").ok();
    assert_eq!(found["items"][0]["users_name"], "Cy");
}
