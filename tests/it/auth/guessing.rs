//! Trying out, by somebody who knows nothing: what it finds and uses up under the limits as they are by default.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use bai::config::Config;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::support::app::{TestApp, profile, registration};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{USERS, path};
use crate::support::superuser::Root;

const WRONG: &str = "canary-wrong";
const TOO_MANY: &str = "尝试次数过多,请 ";

/// Somebody with an address of their own in the loopback's network.
struct Client<'a> {
    app: &'a TestApp,
    last: u8,
}

struct Reply {
    status: u16,
    retry_after: u64,
    body: Value,
}

fn spawn() -> TestApp {
    spawn_with(|_| ())
}

fn spawn_with(configure: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        configure(config);
    })
}

impl Client<'_> {
    fn connect(&self) -> TcpStream {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let server: SocketAddr = self.app.base.trim_start_matches("http://").parse().unwrap();
        let connected = runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket
                .bind(SocketAddr::from(([127, 0, 0, self.last], 0)))
                .unwrap();
            socket.connect(server).await.unwrap().into_std().unwrap()
        });
        connected.set_nonblocking(false).unwrap();
        connected
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        connected
    }

    fn begin(&self, method: &str, path: &str, token: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        let mut socket = self.connect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket
    }

    fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> Reply {
        let mut text = String::new();
        self.begin(method, path, token, body)
            .read_to_string(&mut text)
            .unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let retry_after = head
            .lines()
            .find_map(|line| line.strip_prefix("retry-after: "));
        Reply {
            status: head[9..12].parse().unwrap(),
            retry_after: retry_after.map_or(0, |secs| secs.parse().unwrap()),
            body: serde_json::from_str(body).unwrap(),
        }
    }

    fn register(&self, phone: &str) -> Reply {
        self.send(
            "POST",
            "/api/platform/register",
            "",
            &registration(phone, PASSWORD),
        )
    }

    fn login(&self, phone: &str, password: &str) -> Reply {
        let body = json!({ "users_phone": phone, "password": password });
        self.send("POST", "/api/platform/login", "", &body)
    }

    /// After the time in which a request would be a repetition.
    fn later(&self) -> &Self {
        self.app.clock.advance(Duration::from_millis(3_001));
        self
    }

    /// A login by whatever a user is named by.
    fn guess(&self, identity: &Value) -> Reply {
        let body = json!({ "identity": identity, "password": WRONG });
        self.later()
            .send("POST", &format!("{USERS}/auth-with-password"), "", &body)
    }

    /// A change of the own record, in each of the ways in which it can be made.
    fn change(&self, user: &User, way: usize, body: &Value) -> Reply {
        self.later();
        let id = user.record["id"].as_str().unwrap();
        let own = format!("{USERS}/records/{id}");
        let mut with_id = body.clone();
        with_id["id"] = id.into();
        let request = match way % 3 {
            0 => return self.send("PATCH", &own, &user.token, body),
            1 => json!({ "method": "PATCH", "url": own, "body": body }),
            _ => json!({ "method": "PUT", "url": format!("{USERS}/records"), "body": with_id }),
        };
        self.send(
            "POST",
            "/api/batch",
            &user.token,
            &json!({ "requests": [request] }),
        )
    }
}

impl Reply {
    #[track_caller]
    fn assert_too_many(&self, waits: std::ops::RangeInclusive<u64>) {
        assert_eq!(self.status, 429, "{}", self.body);
        assert!(waits.contains(&self.retry_after), "{}", self.retry_after);
        let message = self.body["message"].as_str().unwrap();
        let is_told = message.starts_with(TOO_MANY) || message == "Too Many Requests.";
        assert!(is_told, "{message}");
    }
}

/// A user who is logged in.
struct User {
    record: Value,
    token: String,
}

impl From<Reply> for User {
    fn from(reply: Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.body);
        Self {
            record: reply.body["record"].clone(),
            token: reply.body["token"].as_str().unwrap().to_owned(),
        }
    }
}

fn phone(number: usize) -> String {
    format!("139{number:08}")
}

fn new_phone(number: usize) -> Value {
    json!({ "users_phone": phone(number), "oldPassword": PASSWORD })
}

/// The number of a series of the metrics.
fn seen(app: &TestApp, series: &str) -> f64 {
    let answer = app.get("/metrics").send();
    let line = answer
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(series))
        .unwrap();
    line.trim().parse().unwrap()
}

fn refusals(app: &TestApp, rule: &str) -> f64 {
    seen(app, &format!("bai_limit_refusals_total{{rule=\"{rule}\"}}"))
}

/// Passwords that were hashed.
fn hashes(app: &TestApp) -> f64 {
    seen(app, "bai_password_hash_seconds_count")
}

#[test]
fn sixty_registrations_of_a_source_and_then_those_of_others() {
    let app = spawn();
    let (crowd, other) = (Client { app: &app, last: 2 }, Client { app: &app, last: 3 });
    for n in 0..60 {
        assert_eq!(crowd.register(&phone(n)).status, 200);
    }
    crowd.register(&phone(60)).assert_too_many(600..=660);
    assert_eq!(other.register(&phone(60)).status, 200);
    assert!((refusals(&app, "registrations") - 1.0).abs() < 0.1);
    app.clock.advance(Duration::from_mins(11));
    assert_eq!(crowd.register(&phone(61)).status, 200);
}

#[test]
fn an_office_may_register_on_one_day() {
    let app = spawn_with(|config| (config.limits.registrations, config.limits.hashes) = (0, 70));
    let office = Client { app: &app, last: 2 };
    for n in 0..70 {
        assert_eq!(office.register(&phone(n)).status, 200);
    }
    office.register(&phone(70)).assert_too_many(600..=660);
    office.login(&phone(0), PASSWORD).assert_too_many(600..=660);
    assert_eq!(
        Client { app: &app, last: 3 }
            .login(&phone(0), PASSWORD)
            .status,
        200
    );
    assert!((refusals(&app, "hashes") - 2.0).abs() < 0.1);
}

#[test]
fn registrations_of_one_source_leave_room_for_the_logins_of_others() {
    let app = spawn_with(|config| (config.password.log_n, config.password.threads) = (12, 1));
    for n in 0..20 {
        assert_eq!(
            Client {
                app: &app,
                last: 100 + n
            }
            .register(&phone(usize::from(n)))
            .status,
            200
        );
    }
    let stranger = Client { app: &app, last: 2 };
    thread::scope(|scope| {
        let flood: Vec<_> = (0..120)
            .map(|n| {
                scope.spawn({
                    let stranger = &stranger;
                    move || stranger.register(&phone(1000 + n)).status
                })
            })
            .collect();
        let honest = |n: u8| {
            Client {
                app: &app,
                last: 200 + n,
            }
            .login(&phone(usize::from(n)), PASSWORD)
            .status
        };
        let logins: Vec<_> = (0..20).map(|n| scope.spawn(move || honest(n))).collect();
        assert_eq!(
            logins
                .into_iter()
                .map(|login| login.join().unwrap())
                .collect::<Vec<_>>(),
            [200; 20]
        );
        let made = flood
            .into_iter()
            .map(|one| one.join().unwrap())
            .filter(|status| *status == 200);
        assert!(made.count() <= 60);
    });
}

#[test]
fn that_a_phone_is_taken_costs_a_hash_as_that_it_is_free() {
    let app = spawn();
    let owner: User = Client { app: &app, last: 2 }.register(&phone(1)).into();
    let stranger = Client { app: &app, last: 3 };
    let cost = |ask: &dyn Fn() -> Reply, status: u16| {
        let before = hashes(&app);
        let reply = ask();
        assert_eq!(reply.status, status, "{}", reply.body);
        hashes(&app) - before
    };
    let taken = cost(&|| stranger.register(&phone(1)), 400);
    let free = cost(&|| stranger.register(&phone(2)), 200);
    assert!(
        (taken - 1.0).abs() < 0.1 && (free - 1.0).abs() < 0.1,
        "{taken} {free}"
    );
    let taken = cost(&|| stranger.change(&owner, 0, &new_phone(2)), 400);
    let free = cost(&|| stranger.change(&owner, 0, &new_phone(3)), 200);
    assert!(
        (taken - 1.0).abs() < 0.1 && (free - 1.0).abs() < 0.1,
        "{taken} {free}"
    );
}

#[test]
fn twenty_taken_phones_at_registration_and_no_more_is_told_anywhere() {
    let app = spawn();
    let (home, stranger) = (Client { app: &app, last: 2 }, Client { app: &app, last: 3 });
    for n in 0..22 {
        assert_eq!(home.register(&phone(n)).status, 200);
    }
    for n in 0..20 {
        assert_eq!(
            stranger.register(&phone(100 + n)).status,
            200,
            "a free one is no guess"
        );
        let reply = stranger.register(&phone(n));
        assert_eq!(
            (reply.status, reply.body["msg"].as_str()),
            (400, Some("手机号已存在,请直接登录或更换手机号"))
        );
    }
    let (taken, free) = (
        stranger.register(&phone(20)),
        stranger.register(&phone(900)),
    );
    taken.assert_too_many(600..=600);
    free.assert_too_many(600..=600);
    assert_eq!(taken.body, free.body);
    let user = json!({ "identity": phone(21), "password": PASSWORD });
    stranger
        .send("POST", &format!("{USERS}/auth-with-password"), "", &user)
        .assert_too_many(600..=600);
    assert_eq!(home.register(&phone(21)).status, 429, "its own repetition");
    app.clock.advance(Duration::from_secs(4));
    assert_eq!(home.register(&phone(21)).status, 400);
    app.clock.advance(Duration::from_mins(10));
    assert_eq!(stranger.register(&phone(20)).status, 400);
}

/// One password at a time, each of which takes a while.
fn slow_hashes(config: &mut Config) {
    (config.password.log_n, config.password.threads) = (15, 1);
}

/// Begins a registration, which has to wait for three others, and leaves before its turn.
fn begin_and_leave(client: &Client<'_>, number: usize) {
    let app = client.app;
    let others = Client { app, last: 9 };
    let in_work = || seen(app, "bai_password_running") + seen(app, "bai_password_waiting");
    let begin = |client: &Client<'_>, number| {
        client.begin(
            "POST",
            "/api/platform/register",
            "",
            &registration(&phone(number), PASSWORD),
        )
    };
    let before = hashes(app);
    let mut under_way: Vec<_> = (1..4).map(|n| begin(&others, number * 1000 + n)).collect();
    under_way.push(begin(client, number));
    while in_work() < 3.5 && hashes(app) < before + 0.5 {
        thread::yield_now();
    }
    drop(under_way);
}

#[test]
fn a_registration_whose_client_goes_away_is_counted() {
    let app = spawn_with(slow_hashes);
    let stranger = Client { app: &app, last: 3 };
    assert_eq!(
        Client { app: &app, last: 2 }.register(&phone(1)).status,
        200
    );
    for _ in 0..19 {
        assert_eq!(stranger.later().register(&phone(1)).status, 400);
    }
    begin_and_leave(&stranger, 50);
    // What is under way may turn out to be free: while it is, a refusal says so.
    while seen(&app, "bai_password_running") + seen(&app, "bai_password_waiting") > 0.5 {
        thread::yield_now();
    }
    stranger.register(&phone(51)).assert_too_many(400..=600);
}

#[test]
fn twenty_taken_phones_by_changes_of_records_and_no_more_is_told_anywhere() {
    let app = spawn();
    let home = Client { app: &app, last: 2 };
    let users: Vec<User> = (0..6).map(|n| home.register(&phone(n)).into()).collect();
    let stranger = Client { app: &app, last: 3 };
    let unique = json!({ "code": "validation_not_unique", "message": "Value must be unique." });
    for (n, user) in users.iter().take(4).enumerate() {
        for way in 0..5 {
            let reply = stranger.change(user, way, &new_phone((n + 1) % 6));
            assert_eq!(reply.status, 400, "{}", reply.body);
            let data = &reply.body["data"];
            let of_batch = &data["requests"]["0"]["response"]["data"]["users_phone"];
            assert_eq!(
                if way % 3 == 0 {
                    &data["users_phone"]
                } else {
                    of_batch
                },
                &unique
            );
        }
    }
    assert!(refusals(&app, "phone_changes") < 0.5);
    for way in 0..3 {
        stranger
            .change(&users[5], way, &new_phone(0))
            .assert_too_many(400..=600);
        stranger
            .change(&users[5], way, &new_phone(99))
            .assert_too_many(400..=600);
    }
    stranger.register(&phone(99)).assert_too_many(400..=600);
    assert_eq!(
        home.change(&users[5], 0, &new_phone(99)).status,
        200,
        "this is another source"
    );
    home.change(&users[0], 1, &new_phone(98))
        .assert_too_many(3_000..=3_600);
    assert!((refusals(&app, "phone_changes") - 1.0).abs() < 0.1);
}

#[test]
fn a_batch_that_fails_at_its_end_tells_five_phones_an_hour() {
    let app = spawn();
    let client = Client { app: &app, last: 2 };
    let user: User = client.register(&phone(1)).into();
    let own = format!("{USERS}/records/{}", user.record["id"].as_str().unwrap());
    let patch = |body: &Value| json!({ "method": "PATCH", "url": own, "body": body });
    let batch = |requests: &[Value]| {
        app.clock.advance(Duration::from_secs(4));
        client.send(
            "POST",
            "/api/batch",
            &user.token,
            &json!({ "requests": requests }),
        )
    };
    for n in 0..5 {
        let wrong = patch(&json!({ "users_rank_level": 9 }));
        assert_eq!(batch(&[patch(&new_phone(n + 10)), wrong]).status, 400);
    }
    batch(&[patch(&new_phone(20))]).assert_too_many(3_500..=3_600);
    let not_about_phones =
        json!({ "users_phone": phone(21), "users_name": "", "oldPassword": PASSWORD });
    app.clock.advance(Duration::from_hours(1));
    (0..9).for_each(|_| assert_eq!(client.change(&user, 0, &not_about_phones).status, 400));
    assert_eq!(
        client.change(&user, 0, &new_phone(21)).status,
        200,
        "nothing was told of phones"
    );
}

#[test]
fn a_change_of_phone_wants_the_old_password_and_no_new_one() {
    let app = spawn();
    let client = Client { app: &app, last: 2 };
    let user: User = client.register(&phone(1)).into();
    let error = |body: &Value, way: usize| {
        let reply = client.change(&user, way, body);
        assert_eq!(reply.status, 400, "{}", reply.body);
        let data = &reply.body["data"];
        if way.is_multiple_of(3) {
            data.clone()
        } else {
            data["requests"]["0"]["response"]["data"].clone()
        }
    };
    let blank =
        json!({ "oldPassword": { "code": "validation_required", "message": "Cannot be blank." } });
    let wrong = json!({ "oldPassword": { "code": "validation_invalid_old_password", "message": "Missing or invalid old password." } });
    for way in 0..3 {
        assert_eq!(error(&json!({ "users_phone": phone(2) }), way), blank);
        assert_eq!(
            error(&json!({ "users_phone": phone(2), "oldPassword": "" }), way),
            blank
        );
        assert_eq!(
            error(
                &json!({ "users_phone": phone(2), "oldPassword": WRONG }),
                way
            ),
            wrong
        );
    }
    for same in ["13900000001", "+86 139-0000-0001", "8613900000001"] {
        let reply = client.change(
            &user,
            0,
            &json!({ "users_phone": same, "users_level": same }),
        );
        assert_eq!(
            (reply.status, &reply.body["users_phone"]),
            (200, &json!(phone(1)))
        );
    }
    for (way, n) in (0..3).zip(2..) {
        assert_eq!(client.change(&user, way, &new_phone(n)).status, 200);
        assert_eq!(client.login(&phone(n), PASSWORD).status, 200);
    }
    let both = json!({ "users_phone": phone(5), "oldPassword": PASSWORD, "password": "canary-new", "passwordConfirm": "canary-new" });
    assert_eq!(client.change(&user, 0, &both).status, 200);
    assert_eq!(client.login(&phone(5), "canary-new").status, 200);
}

#[test]
fn a_wechat_user_gets_a_phone_from_wechat_only_and_a_superuser_gives_any() {
    let root = Root::of(spawn());
    let login = root.app.wechat_login("alice~1").ok();
    let (id, token) = (&login["record"]["id"], login["token"].as_str().unwrap());
    let ask = |body: &Value| {
        root.app.clock.advance(Duration::from_secs(4));
        root.app
            .call("PATCH", &path(USERS, id))
            .bearer(token)
            .json(body)
            .send()
    };
    assert_eq!(ask(&json!({ "users_phone": phone(1) })).status, 404);
    assert_eq!(ask(&new_phone(1)).status, 404);
    let from_wechat = root
        .app
        .post("/api/wechat/profile")
        .bearer(token)
        .json(&profile(&phone(1)))
        .send();
    assert_eq!(from_wechat.data()["user"]["users_phone"], phone(1).as_str());
    assert_eq!(
        root.update(USERS, id, &json!({ "users_phone": phone(2) }))
            .ok()["users_phone"],
        phone(2).as_str()
    );
}

#[test]
fn another_phone_before_each_guess_makes_no_guess_cheaper() {
    let app = spawn();
    let (home, thief) = (Client { app: &app, last: 2 }, Client { app: &app, last: 3 });
    let user: User = home.register(&phone(0)).into();
    let mut statuses = BTreeMap::<u16, usize>::new();
    for n in 0..150 {
        let change = json!({ "users_phone": phone(1 + n) });
        assert_eq!(
            thief.change(&user, 0, &change).status,
            400,
            "without the password there is no other phone"
        );
        *statuses
            .entry(thief.guess(&user.record["openid"]).status)
            .or_default() += 1;
    }
    assert!(statuses[&429] >= 50, "{statuses:?}");
}

#[test]
fn guesses_count_by_the_record_whatever_its_names_become() {
    let root = Root::of(spawn());
    let app = &root.app;
    let user: User = Client { app, last: 2 }.register(&phone(0)).into();
    let thief = Client { app, last: 3 };
    let mut statuses = Vec::new();
    for n in 0..10 {
        let names = json!({ "users_phone": phone(n), "openid": format!("o_{n}"), "email": format!("user{n}@example.com") });
        root.update(USERS, &user.record["id"], &names).ok();
        let name = ["users_phone", "openid", "email"][n % 3];
        statuses.push(match name {
            "users_phone" => thief.later().login(&phone(n), WRONG).status,
            name => thief.guess(&names[name]).status,
        });
    }
    assert_eq!(statuses, [400, 400, 400, 400, 400, 400, 400, 429, 400, 429]);
}

#[test]
fn an_unknown_phone_is_one_however_it_is_written_as_a_known_one_is() {
    let app = spawn();
    let client = Client { app: &app, last: 2 };
    let stranger = Client { app: &app, last: 3 };
    assert_eq!(client.register(&phone(1)).status, 200);
    for n in [1, 2] {
        let ask = |time: usize| {
            let identity = [phone(n), format!("+86 {}", phone(n))][time % 2].clone();
            let body = json!({ "identity": identity, "password": WRONG });
            stranger
                .send("POST", &format!("{USERS}/auth-with-password"), "", &body)
                .status
        };
        assert_eq!((0..5).map(ask).collect::<Vec<_>>(), [400; 5], "{n}");
        assert_eq!([ask(0), ask(1)], [429; 2], "{n}");
    }
}

/// The owner is not told to wait, whether the stranger's was gone in time or not.
#[test]
fn a_stranger_s_registrations_are_no_repetitions_of_the_owner_s() {
    let app = spawn_with(slow_hashes);
    let (owner, stranger) = (Client { app: &app, last: 2 }, Client { app: &app, last: 3 });
    for n in 1..5 {
        begin_and_leave(&stranger, n);
        let reply = owner.register(&phone(n));
        assert!([200, 400].contains(&reply.status), "{}", reply.body);
    }
}

#[test]
fn a_phone_that_is_refused_is_an_event_that_names_both() {
    let root = Root::of(spawn());
    let app = &root.app;
    let squatter: User = Client { app, last: 3 }.register(&phone(1)).into();
    let other: User = Client { app, last: 2 }.register(&phone(2)).into();
    let wechat = app.wechat_login("alice~1").ok();
    let token = wechat["token"].as_str().unwrap();
    app.post("/api/wechat/profile")
        .bearer(token)
        .json(&profile(&phone(1)))
        .send()
        .assert_error(400, "手机号已被注册");
    assert_eq!(Client { app, last: 4 }.register(&phone(1)).status, 400);
    assert_eq!(
        Client { app, last: 2 }
            .change(&other, 0, &new_phone(1))
            .status,
        400
    );
    let events = root.events("kind=phone-refused");
    let said = |event: &Value| {
        ["actor", "actorId", "subject", "source", "detail"]
            .map(|key| event[key].as_str().unwrap().to_owned())
    };
    let mut found: Vec<_> = events.iter().map(said).collect();
    found.sort();
    let holder = squatter.record["id"].as_str().unwrap();
    let mut expected = [
        ["nobody", "", holder, "127.0.0.4", "register: 139****0001"],
        [
            "user",
            wechat["record"]["id"].as_str().unwrap(),
            holder,
            "127.0.0.1",
            "profile: 139****0001",
        ],
        [
            "user",
            other.record["id"].as_str().unwrap(),
            holder,
            "127.0.0.2",
            "record: 139****0001",
        ],
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(
        root.events(&format!("user={}&kind=phone-refused", phone(1)))
            .len(),
        3
    );
}

#[test]
fn a_superuser_frees_a_phone_by_the_api() {
    let root = Root::of(spawn());
    let app = &root.app;
    let squatter: User = Client { app, last: 3 }.register(&phone(1)).into();
    let wechat = app.wechat_token("alice~1");
    let ask = || {
        app.post("/api/wechat/profile")
            .bearer(&wechat)
            .json(&profile(&phone(1)))
            .send()
    };
    assert_eq!(ask().status, 400);
    let found = root
        .get(&format!(
            "{USERS}/records?filter=users_phone=%22{}%22",
            phone(1)
        ))
        .ok();
    assert_eq!(
        (&found["totalItems"], &found["items"][0]["id"]),
        (&json!(1), &squatter.record["id"])
    );
    let freed = root
        .update(
            USERS,
            &found["items"][0]["id"],
            &json!({ "users_phone": "" }),
        )
        .ok();
    assert_eq!(
        (&freed["users_phone"], &freed["openid"]),
        (&json!(""), &squatter.record["openid"])
    );
    app.clock.advance(Duration::from_secs(4));
    assert_eq!(ask().data()["user"]["users_phone"], phone(1).as_str());
    assert_eq!(
        Client { app, last: 3 }.login(&phone(1), PASSWORD).status,
        400,
        "a WeChat user's by now"
    );
}

#[test]
fn a_clock_that_was_hours_ahead_makes_nobody_wait_for_it() {
    let app = spawn();
    let client = Client { app: &app, last: 2 };
    assert_eq!(client.register(&phone(1)).status, 200);
    let right = app.clock.now();
    app.clock.set(right + SignedDuration::from_hours(8));
    assert_eq!(client.login(&phone(1), PASSWORD).status, 200);
    app.clock.set(right);
    client.login(&phone(1), PASSWORD).assert_repetition();
    app.clock.advance(Duration::from_secs(3));
    assert_eq!(client.login(&phone(1), PASSWORD).status, 200);
    app.clock.set(right + SignedDuration::from_hours(8));
    for _ in 0..9 {
        client.guess(&json!(phone(1)));
    }
    app.clock.set(right);
    client.login(&phone(1), PASSWORD).assert_too_many(1..=10);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(client.login(&phone(1), PASSWORD).status, 200);
}

impl Reply {
    #[track_caller]
    fn assert_repetition(&self) {
        assert_eq!((self.status, self.retry_after), (429, 3), "{}", self.body);
    }
}
