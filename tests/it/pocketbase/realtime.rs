//! Changes of records as they happen, over real sockets: what a real PocketBase sends is what is held here.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use bai::domain::{Company, RecordId, Status};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::support::app::TestApp;
use crate::support::binary::{Running, bai};
use crate::support::canary::{self, PASSWORD};
use crate::support::logins::{superuser, user};
use crate::support::pocketbase_api::USERS;
use crate::support::realtime_client::Client;
use crate::support::steps::Step;
use crate::support::superuser::as_others_see;

const SOMETHING: &str = "Something went wrong while processing your request.";
const OTHER: &str = "The current and the previous request authorization don't match.";

/// What ends a user's token.
type End<'a> = &'a dyn Fn(&TestApp, &RecordId, &str);

fn write(app: &TestApp, steps: Vec<Step>) {
    app.take(steps);
}

fn named(id: &RecordId, name: &str) -> Step {
    let name = name.to_owned();
    Step::change_user(id, |user| user.name = name)
}

fn rename(app: &TestApp, id: &RecordId, name: &str) {
    write(app, vec![named(id, name)]);
}

fn touched(company: &str) -> Step {
    Step::change_company(&RecordId::parse(company).unwrap(), |_| ())
}

fn renamed(company: &RecordId) -> Step {
    let columns = r#"{"company_name":"乙"}"#;
    Step::change_company(company, |company| company.columns = columns.into())
}

fn company(app: &TestApp, id: &str) -> Company {
    Company {
        id: RecordId::parse(id).unwrap(),
        number: 0,
        company_id: id.to_owned(),
        columns: r#"{"company_name":"甲"}"#.to_owned(),
        created: app.clock.now(),
        updated: app.clock.now(),
    }
}

fn options(query: &Value) -> String {
    let json = json!({ "query": query }).to_string();
    let encoded: Vec<_> = json.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("?options={}", encoded.concat())
}

fn heard(topic: &str, action: &str, name: &str) -> (String, String, String) {
    (topic.to_owned(), action.to_owned(), name.to_owned())
}

#[test]
fn a_stream_begins_as_pocketbase_s_does() {
    let app = TestApp::spawn();
    let client = Client::connect(&app);
    assert!(client.id.len() == 40 && client.id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    for header in [
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
        "access-control-allow-origin: *",
        "vary: Origin",
        "x-content-type-options: nosniff",
    ] {
        assert!(
            client.headers.iter().any(|have| have == header),
            "{header} in {:?}",
            client.headers
        );
    }
    let head = app.call("HEAD", "/api/realtime").send();
    assert_eq!(
        (head.status, head.header("content-type")),
        (200, "text/event-stream")
    );
}

#[test]
fn a_superuser_hears_of_every_record_whatever_the_topic_calls_the_collection() {
    let app = TestApp::spawn();
    let (own, root) = superuser(&app, "root@example.com");
    let (alice, _) = user(&app, "13800138000");
    let mut client = Client::connect(&app);
    for users in [
        "tbl_auth_users/*",
        "tbl_auth_users",
        "pbc_421601843/*",
        &format!("tbl_auth_users/{alice}"),
    ] {
        client.subscribe(&app, &root, &[users]);
        rename(&app, &alice, "甲");
        assert_eq!(client.hears(), heard(users, "update", "甲"));
    }
    client.subscribe(
        &app,
        &root,
        &["tbl_auth_users/*", "tbl_company/*", "_superusers/*"],
    );
    let (bob, token) = user(&app, "13800138001");
    let created = client.next().unwrap();
    let view = |token: &str| {
        let call = app.get(&format!("{USERS}/records/{bob}"));
        call.header("Authorization", token).send()
    };
    let viewed = view(&root);
    assert_eq!(view(&token).ok(), as_others_see(&viewed.ok()));
    assert_eq!(
        created.data.to_string(),
        format!(r#"{{"record":{},"action":"create"}}"#, viewed.text())
    );
    write(
        &app,
        vec![
            Step::delete_user(&bob),
            Step::insert(company(&app, "acme00000000000")),
        ],
    );
    assert_eq!(client.hears(), heard("tbl_auth_users/*", "delete", "张三"));
    let event = client.next().unwrap();
    assert_eq!(
        (event.name.as_str(), &event.data["record"]["company_name"]),
        ("tbl_company/*", &json!("甲"))
    );
    let verified = Step::change_superuser(&own, |superuser| superuser.verified = false);
    write(&app, vec![verified]);
    let event = client.next().unwrap();
    assert_eq!(event.data["record"]["email"], "root@example.com");
    assert!(event.name == "_superusers/*" && event.data["record"]["tokenKey"].is_null());
}

#[test]
fn users_hear_of_themselves_and_of_the_companies_that_they_ask_for() {
    let app = TestApp::spawn();
    let (alice, alices) = user(&app, "13800138000");
    let (bob, _) = user(&app, "13800138001");
    let acme = company(&app, "acme00000000000");
    write(
        &app,
        vec![
            Step::insert(acme.clone()),
            Step::insert(company(&app, "other0000000000")),
        ],
    );
    let own = format!("tbl_auth_users/{alice}");
    let topics = [
        "tbl_auth_users/*",
        &own,
        &format!("tbl_auth_users/{bob}"),
        "tbl_company/*",
        "tbl_company/acme00000000000",
        "_superusers/*",
        "nothing/*",
        "",
    ];
    let mut client = Client::connect(&app);
    client.subscribe(&app, &alices, &topics);
    superuser(&app, "root@example.com");
    write(
        &app,
        vec![
            named(&bob, "Bob"),
            renamed(&RecordId::parse("other0000000000").unwrap()),
            named(&alice, "Alice"),
            renamed(&acme.id),
            Step::delete_user(&bob),
            Step::delete_company(&acme.id),
            named(&alice, "Alice B"),
        ],
    );
    assert_eq!(client.hears(), heard("tbl_auth_users/*", "update", "Alice"));
    assert_eq!(client.hears(), heard(&own, "update", "Alice"));
    let event = client.next().unwrap();
    assert_eq!(
        (event.name.as_str(), &event.data["record"]["company_name"]),
        ("tbl_company/acme00000000000", &json!("乙"))
    );
    assert_eq!(
        client.hears(),
        heard("tbl_company/acme00000000000", "delete", "")
    );
    assert_eq!(
        client.hears(),
        heard("tbl_auth_users/*", "update", "Alice B")
    );
}

#[test]
fn filters_and_fields_of_a_topic_hold_and_a_topic_that_makes_no_sense_is_silent() {
    let app = TestApp::spawn();
    let (_, root) = superuser(&app, "root@example.com");
    let (alice, alices) = user(&app, "13800138000");
    let topic = |query: &Value| format!("tbl_auth_users/*{}", options(query));
    let filtered =
        topic(&json!({ "filter": "users_name = '乙' && users_idtype = 'ManagePlatform'" }));
    let of_superusers = topic(&json!({ "filter": "@request.auth.email = 'root@example.com'" }));
    let picked = topic(&json!({ "fields": "users_name,id", "filter": "" }));
    let (broken, unknown) = (
        topic(&json!({ "filter": "users_name =" })),
        topic(&json!({ "filter": "nope = 1" })),
    );
    let hidden = topic(&json!({ "filter": "tokenKey = ''" }));
    let lines = "tbl_auth_users/*?x\ndata:y";
    let topics = [
        broken.as_str(),
        &unknown,
        &hidden,
        lines,
        &filtered,
        &of_superusers,
        &picked,
    ];

    let mut client = Client::connect(&app);
    client.subscribe(&app, &root, &topics);
    rename(&app, &alice, "甲");
    assert_eq!(client.hears(), heard(&hidden, "update", "甲"));
    assert_eq!(client.hears(), heard(&of_superusers, "update", "甲"));
    let event = client.next().unwrap();
    let record = json!({ "id": alice.as_str(), "users_name": "甲" });
    assert_eq!(
        (event.name.as_str(), event.data),
        (
            picked.as_str(),
            json!({ "record": record, "action": "update" })
        )
    );

    let mut client = Client::connect(&app);
    client.subscribe(&app, &alices, &topics);
    rename(&app, &alice, "甲");
    assert_eq!(client.hears(), heard(&picked, "update", "甲"));
    rename(&app, &alice, "乙");
    assert_eq!(client.hears(), heard(&filtered, "update", "乙"));
}

#[test]
fn nothing_is_told_after_the_end_of_a_token() {
    let app = TestApp::spawn();
    let change_password = |app: &TestApp, id: &RecordId, token: &str| {
        let body = json!({ "oldPassword": PASSWORD, "password": "canary-new", "passwordConfirm": "canary-new" });
        let path = format!("{USERS}/records/{id}");
        assert_eq!(
            app.call("PATCH", &path)
                .header("Authorization", token)
                .json(&body)
                .send()
                .status,
            200
        );
    };
    let status = |app: &TestApp, id: &RecordId, status| {
        app.change_user(id, move |user| user.status = status);
    };
    let disable = |app: &TestApp, id: &RecordId, _: &str| status(app, id, Status::Disabled);
    let expire =
        |app: &TestApp, _: &RecordId, _: &str| app.clock.advance(Duration::from_hours(5 * 24 + 1));
    let ends: [End<'_>; 3] = [&change_password, &disable, &expire];
    write(&app, vec![Step::insert(company(&app, "acme00000000000"))]);
    for (n, end) in ends.into_iter().enumerate() {
        let (alice, token) = user(&app, &format!("1380013800{n}"));
        let mut client = Client::connect(&app);
        client.subscribe(
            &app,
            &token,
            &["tbl_auth_users/*", "tbl_company/acme00000000000"],
        );
        rename(&app, &alice, "before");
        assert_eq!(
            client.hears(),
            heard("tbl_auth_users/*", "update", "before")
        );
        end(&app, &alice, &token);
        rename(&app, &alice, "after");
        write(&app, vec![touched("acme00000000000")]);
        // The client is nobody's now, so somebody else may have it; the next that is heard is theirs.
        let (bob, bobs) = user(&app, &format!("1380013810{n}"));
        client.subscribe(&app, &bobs, &["tbl_auth_users/*"]);
        rename(&app, &bob, "Bob");
        assert_eq!(client.hears(), heard("tbl_auth_users/*", "update", "Bob"));
    }
}

#[test]
fn who_is_deleted_is_told_so_and_then_nothing() {
    let app = TestApp::spawn();
    let (_, root) = superuser(&app, "root@example.com");
    let (other, others) = superuser(&app, "other@example.com");
    let (alice, alices) = user(&app, "13800138000");
    let (mut user, mut superuser) = (Client::connect(&app), Client::connect(&app));
    user.subscribe(
        &app,
        &alices,
        &["tbl_auth_users/*", "tbl_company/acme00000000000"],
    );
    superuser.subscribe(&app, &others, &["_superusers/*", "tbl_company/*"]);
    write(
        &app,
        vec![
            Step::delete_user(&alice),
            Step::delete_superuser(&other),
            Step::insert(company(&app, "acme00000000000")),
        ],
    );
    assert_eq!(user.hears(), heard("tbl_auth_users/*", "delete", "张三"));
    assert_eq!(superuser.hears(), heard("_superusers/*", "delete", ""));
    for client in [&mut user, &mut superuser] {
        client.subscribe(&app, &root, &["tbl_company/*"]);
        write(&app, vec![touched("acme00000000000")]);
        assert_eq!(client.hears(), heard("tbl_company/*", "update", ""));
    }
}

#[test]
fn a_client_stays_whose_it_is() {
    let app = TestApp::spawn();
    let (alice, alices) = user(&app, "13800138000");
    let (_, bobs) = user(&app, "13800138001");
    let mut client = Client::connect(&app);
    client.subscribe(&app, "", &["tbl_auth_users/*"]);
    client.subscribe(&app, "no token", &["tbl_auth_users/*"]);
    rename(&app, &alice, "nobody hears");
    client.subscribe(&app, &alices, &["tbl_auth_users/*"]);
    for token in [bobs.as_str(), "", "no token"] {
        let refused = client.ask::<&str>(&app, token, &[]);
        assert_eq!(
            refused.text(),
            format!(r#"{{"data":{{}},"message":"{OTHER}","status":403}}"#)
        );
    }
    rename(&app, &alice, "Alice");
    assert_eq!(client.hears(), heard("tbl_auth_users/*", "update", "Alice"));
    client.subscribe(&app, &alices, &[]);
    rename(&app, &alice, "unsubscribed");
    client.subscribe(&app, &alices, &["tbl_auth_users"]);
    rename(&app, &alice, "again");
    assert_eq!(client.hears(), heard("tbl_auth_users", "update", "again"));
    assert_eq!(client.ask::<&str>(&app, &bobs, &[]).status, 403);
}

#[test]
fn what_is_no_subscription_is_refused_in_pocketbase_s_words() {
    let app = TestApp::spawn();
    let client = Client::connect(&app);
    let long = |max, min: u8, code: &str, words: &str| json!({ "code": format!("validation_length_{code}"), "message": format!("The length must be {words} {max}."), "params": { "max": max, "min": min } });
    let blank =
        json!({ "clientId": { "code": "validation_required", "message": "Cannot be blank." } });
    let too_long = long(2500, 0, "too_long", "no more than");
    for (body, status, message, data) in [
        (json!({}), 400, SOMETHING, blank.clone()),
        (
            json!({ "clientId": "", "subscriptions": [] }),
            400,
            SOMETHING,
            blank,
        ),
        (
            json!({ "clientId": "x" }),
            404,
            "Missing or invalid client id.",
            json!({}),
        ),
        (
            json!({ "clientId": "x".repeat(256) }),
            400,
            SOMETHING,
            json!({ "clientId": long(255, 1, "out_of_range", "between 1 and") }),
        ),
        (json!({ "clientId": 1 }), 400, SOMETHING, json!({})),
        (
            json!({ "clientId": client.id, "subscriptions": "a" }),
            400,
            SOMETHING,
            json!({}),
        ),
        (
            json!({ "clientId": client.id, "subscriptions": ["a", 1] }),
            400,
            SOMETHING,
            json!({}),
        ),
        (json!([]), 400, SOMETHING, json!({})),
        (
            json!({ "clientId": client.id, "subscriptions": vec!["a"; 1001] }),
            400,
            SOMETHING,
            json!({ "subscriptions": long(1000, 0, "too_long", "no more than") }),
        ),
        (
            json!({ "clientId": client.id, "subscriptions": ["é".repeat(1251), "a".to_owned(), "b".repeat(2501)] }),
            400,
            SOMETHING,
            json!({ "subscriptions": { "0": too_long, "2": too_long } }),
        ),
    ] {
        let answer = app.post("/api/realtime").json(&body).send();
        assert_eq!(
            answer.text(),
            format!(r#"{{"data":{data},"message":"{message}","status":{status}}}"#)
        );
        assert_eq!(answer.status, status);
    }
    let not_json = app
        .post("/api/realtime")
        .header("Content-Type", "text/plain")
        .body(b"x")
        .send();
    assert_eq!(
        (not_json.status, &not_json.json()["message"]),
        (400, &json!(SOMETHING))
    );
    let empty = json!({ "clientId": client.id, "subscriptions": null });
    assert_eq!(app.post("/api/realtime").json(&empty).send().status, 204);
    assert_eq!(
        app.call("PATCH", "/api/realtime")
            .json(&json!({}))
            .send()
            .status,
        404
    );
}

#[test]
fn half_of_the_connections_are_for_subscribers_and_who_leaves_makes_room() {
    let app = TestApp::spawn_with(|config| config.server.max_connections = 8);
    let clients: Vec<_> = (0..4).map(|_| Client::connect(&app)).collect();
    let refused = app.get("/api/realtime").send();
    assert_eq!((refused.status, refused.header("retry-after")), (429, "5"));
    assert_eq!(
        refused.text(),
        r#"{"data":{},"message":"Too Many Requests.","status":429}"#
    );
    assert_eq!(app.post("/api/system/health").send().status, 200);
    let id = clients[0].id.clone();
    drop(clients);
    let ask = || {
        app.post("/api/realtime")
            .json(&json!({ "clientId": id }))
            .send()
            .status
    };
    let started = Instant::now();
    while ask() != 404 {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the client that left is still there"
        );
        thread::sleep(Duration::from_millis(5));
    }
    Client::connect(&app);
}

/// The deadlines of ordinary answers pass while nothing happens; those of a connection without a request hold again after it.
#[test]
fn a_stream_outlives_the_deadlines_of_other_answers() {
    let app = TestApp::spawn_with(|config| {
        config.server.header_timeout = Duration::from_millis(100);
        config.server.answer_timeout = Duration::from_millis(200);
    });
    let (alice, token) = user(&app, "13800138000");
    let mut client = Client::connect(&app);
    client.subscribe(&app, &token, &["tbl_auth_users/*"]);
    for name in ["one", "two"] {
        thread::sleep(Duration::from_secs(1));
        rename(&app, &alice, name);
        assert_eq!(client.hears(), heard("tbl_auth_users/*", "update", name));
    }
}

/// One reads nothing while 10,000 changes happen, another one hears all of them. What waits for the first is bounded: what it
/// finds in its socket at the end is what the system kept of it, and far less than what there was.
#[test]
fn who_reads_nothing_is_dropped_and_costs_a_bounded_buffer() {
    const CHANGES: usize = 10_000;
    const AT_ONCE: usize = 100;
    let app = TestApp::spawn_with(|config| config.server.answer_timeout = Duration::from_secs(1));
    let (_, root) = superuser(&app, "root@example.com");
    let (alice, _) = user(&app, "13800138000");
    app.change_user(&alice, |user| user.picture = "x".repeat(2048));

    let socket = app.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket
            .connect(app.base.trim_start_matches("http://").parse().unwrap())
            .await
            .unwrap()
            .into_std()
            .unwrap()
    });
    socket.set_nonblocking(false).unwrap();
    let (mut deaf, mut listener) = (Client::over(socket), Client::connect(&app));
    for client in [&deaf, &listener] {
        client.subscribe(&app, &root, &["tbl_auth_users/*"]);
    }
    for n in 0..CHANGES / AT_ONCE {
        let name = |i| format!("{}", n * AT_ONCE + i);
        write(
            &app,
            (0..AT_ONCE).map(|i| named(&alice, &name(i))).collect(),
        );
        for i in 0..AT_ONCE {
            assert_eq!(
                listener.hears(),
                heard("tbl_auth_users/*", "update", &name(i))
            );
        }
    }
    let started = Instant::now();
    while deaf.ask::<&str>(&app, &root, &[]).status != 404 {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "whoever reads nothing is still connected"
        );
        thread::sleep(Duration::from_millis(20));
    }
    let mut found = 0;
    while let Some(event) = deaf.next() {
        assert_eq!(
            event.data["record"]["users_name"],
            found.to_string(),
            "events are lost in the middle"
        );
        found += 1;
    }
    assert!(
        found < CHANGES / 2,
        "{found} events were kept for a client that reads nothing"
    );
}

#[test]
fn a_stop_ends_streams_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(bai(dir.path(), &["serve"]));
    let mut client =
        Client::over(TcpStream::connect(running.base.trim_start_matches("http://")).unwrap());
    let started = Instant::now();
    running.signal("-TERM");
    assert_eq!(client.next(), None);
    let (success, log) = running.wait();
    assert!(success && !log.contains("did not finish"), "{log}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        started.elapsed()
    );
    assert_eq!(canary::find_in_log(&log), None);
}
