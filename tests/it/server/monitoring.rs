//! `/metrics` and `/readyz`: who may read them, and that they say what happens.
#![expect(clippy::float_cmp, reason = "what is compared are counts")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bai::clock::Clock;
use bai::store::Location;
use serde_json::{Value, json};

use crate::support::app::{Answer, Call, TestApp, profile};
use crate::support::canary::PASSWORD;
use crate::support::failing_disk::FailingDisk;
use crate::support::superuser::Root;
use crate::support::webhook_receiver::webhook;
use crate::support::wechat_stub::{PHONE, Reply, SESSION, TOKEN};

const METRICS_TOKEN: &str = "canary-metrics-token";

/// The numbers of a scrape by series, and nothing but series, help and types.
fn scrape(app: &TestApp) -> BTreeMap<String, f64> {
    let answer = app.get("/metrics").send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    };
    answer
        .text()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(sample)
        .collect()
}

fn ready(app: &TestApp) -> Answer {
    app.get("/readyz").send()
}

/// The code and text of the only problem of `component`, all others being ready.
fn only_problem(app: &TestApp, component: &str) -> (String, String) {
    let answer = ready(app);
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["data"]["status"]),
        (503, &json!("not ready")),
        "{body}"
    );
    for (name, it) in body["data"]["components"].as_object().unwrap() {
        assert_eq!(it["ready"] == false, name == component, "{body}");
    }
    let problems = body["data"]["components"][component]["problems"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(problems.len(), 1, "{body}");
    let text = |key: &str| problems[0][key].as_str().unwrap().to_owned();
    (text("code"), text("text"))
}

fn assert_ready(app: &TestApp) {
    let body = ready(app).ok();
    assert_eq!(body["data"]["status"], "ready", "{body}");
    let components = body["data"]["components"].as_object().unwrap();
    assert!(
        components.len() >= 3
            && components
                .values()
                .all(|it| *it == json!({ "ready": true, "problems": [] }))
    );
}

/// A server whose database is in a file.
fn on_disk(configure: impl FnOnce(&mut bai::config::Config)) -> (tempfile::TempDir, TestApp) {
    let dir = tempfile::tempdir().unwrap();
    let app = TestApp::spawn_on(&Location::File(dir.path().join("bai.redb")), configure);
    (dir, app)
}

#[test]
fn without_settings_only_a_direct_request_of_this_machine_reads_metrics_and_what_is_not_ready() {
    let app = TestApp::spawn();
    assert_eq!(app.get("/metrics").send().status, 200);
    assert!(ready(&app).ok()["data"]["components"].is_object());
    for (name, value) in [
        ("X-Forwarded-For", "127.0.0.1"),
        ("x-forwarded-for", ""),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Real-IP", "::1"),
        ("X-Forwarded-Host", "localhost"),
        ("X-Forwarded-Proto", "https"),
        ("Via", "1.1 proxy"),
        ("CF-Connecting-IP", "127.0.0.1"),
        ("Origin", "http://localhost"),
    ] {
        let refused = app.get("/metrics").header(name, value).send();
        refused.assert_error(403, "metrics.token");
        refused.assert_error(403, "metrics.listen");
        refused.assert_error(403, "本机");
        let ready = app.get("/readyz").header(name, value).send().ok();
        assert_eq!(ready["data"], json!({ "status": "ready" }), "{name}");
        app.get("/metrics")
            .header(name, value)
            .bearer(METRICS_TOKEN)
            .send()
            .assert_error(403, "metrics.token");
        app.get("/metrics")
            .header(name, value)
            .bearer("")
            .send()
            .assert_error(403, "metrics.token");
    }
    app.post("/metrics").send().assert_error(405, "GET");
    assert_eq!(app.call("HEAD", "/metrics").send().status, 200);
}

/// The answer to a request of this machine in these words: its status line, and all of it.
fn answer_to(app: &TestApp, request: &str) -> (String, String) {
    let mut socket = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    (answer.lines().next().unwrap_or_default().to_owned(), answer)
}

#[test]
fn a_page_whose_name_leads_to_this_machine_reads_no_metrics_and_not_what_is_wrong() {
    let app = TestApp::spawn();
    let get = |path: &str, host: &str| {
        answer_to(
            &app,
            &format!("GET {path} HTTP/1.1\r\n{host}Connection: close\r\n\r\n"),
        )
    };
    let port = app.base.rsplit(':').next().unwrap();
    for host in [
        "localhost",
        "LocalHost:1",
        "127.0.0.1",
        "127.3.2.1:80",
        "[::1]:8090",
        &format!("localhost:{port}"),
    ] {
        let (status, _) = get("/metrics", &format!("Host: {host}\r\n"));
        assert_eq!(status, "HTTP/1.1 200 OK", "{host}");
        assert!(
            get("/readyz", &format!("Host: {host}\r\n"))
                .1
                .contains("components"),
            "{host}"
        );
    }
    assert!(
        answer_to(&app, "GET /metrics HTTP/1.0\r\n\r\n")
            .0
            .contains("200 OK")
    );
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "localhost.evil.example",
        "10.0.0.1",
        "x",
    ] {
        let (status, answer) = get("/metrics", &format!("Host: {host}\r\n"));
        assert_eq!(status, "HTTP/1.1 403 Forbidden", "{host}");
        assert!(
            answer.contains("Host") && answer.contains("metrics.token"),
            "{answer}"
        );
        let (status, answer) = get("/readyz", &format!("Host: {host}\r\n"));
        assert_eq!(status, "HTTP/1.1 200 OK", "{host}");
        assert!(!answer.contains("components"), "{answer}");
    }
    let (status, _) = answer_to(
        &app,
        "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(status, "HTTP/1.1 403 Forbidden");
    let open = TestApp::spawn_with(|config| config.metrics.token = METRICS_TOKEN.into());
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: bai.example\r\nAuthorization: Bearer {METRICS_TOKEN}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(answer_to(&open, &request).0, "HTTP/1.1 200 OK");
}

#[test]
fn a_configured_proxy_s_word_for_a_client_on_the_loopback_is_not_believed() {
    let app = TestApp::spawn_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    app.get("/metrics")
        .header("X-Forwarded-For", "127.0.0.1")
        .send()
        .assert_error(403, "metrics.token");
}

#[test]
fn with_a_token_whoever_shows_it_reads_and_nobody_else() {
    let app = TestApp::spawn_with(|config| config.metrics.token = METRICS_TOKEN.into());
    let asked = |authorization: &str| {
        app.get("/metrics")
            .header("Authorization", authorization)
            .send()
    };
    let refused = app.get("/metrics").send();
    refused.assert_error(401, "metrics.token");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer canary-metrics-toke",
        "Bearer canary-metrics-token2",
        "Basic canary-metrics-token",
    ] {
        asked(wrong).assert_error(401, "metrics.token");
    }
    assert_eq!(asked("Bearer canary-metrics-token").status, 200);
    let proxied = app.get("/metrics").header("X-Forwarded-For", "203.0.113.7");
    assert_eq!(proxied.bearer(METRICS_TOKEN).send().status, 200);
    assert_eq!(ready(&app).ok()["data"], json!({ "status": "ready" }));
    assert!(app.get("/readyz").bearer(METRICS_TOKEN).send().ok()["data"]["components"].is_object());
}

/// They have a console behind a proxy, where nobody may read the metrics.
#[test]
fn superusers_are_told_what_is_wrong_where_they_may_come_from() {
    let root = Root::of(TestApp::spawn_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.console.allow_ips = ["203.0.113.0/24", "127.0.0.1/32"]
            .map(|network| network.parse().unwrap())
            .to_vec();
    }));
    let user = root.app.register("13800138000", PASSWORD).ok()["token"].clone();
    let is_told = |token: &str, address: &str| {
        let asked = root.app.get("/readyz").header("X-Forwarded-For", address);
        asked.bearer(token).send().ok()["data"]["components"].is_object()
    };
    for (token, address, told) in [
        (root.token.as_str(), "203.0.113.7", true),
        (&root.token, "198.51.100.7", false),
        (user.as_str().unwrap(), "203.0.113.7", false),
        ("pb.nothing", "203.0.113.7", false),
    ] {
        assert_eq!(is_told(token, address), told, "{token} {address}");
    }
}

#[test]
fn an_address_of_their_own_serves_watchers_and_nothing_else() {
    for token in ["", METRICS_TOKEN] {
        let app = TestApp::spawn_with(|config| {
            config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
            config.metrics.token = token.into();
            config.server.base_path = "/pb".into();
        });
        let watch = app.watch.clone().unwrap();
        let asked = |method: &str, path: &str| Call::new(method, &watch, path).bearer(token).send();
        assert!(asked("GET", "/metrics").text().contains("\nbai_users 0\n"));
        assert!(asked("GET", "/readyz").ok()["data"]["components"].is_object());
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/docs"),
            ("GET", "/pb/metrics"),
            ("GET", "/api/system/health"),
            ("GET", "/openapi.json"),
        ] {
            asked(method, path).assert_error(404, "接口不存在");
        }
        assert_eq!(ready(&app).status, 200);
        let beside = app.get("/metrics").bearer(token).send();
        if token.is_empty() {
            beside.assert_error(404, "接口不存在");
        } else {
            assert_eq!(beside.status, 200);
            Call::new("GET", &watch, "/metrics")
                .send()
                .assert_error(401, "metrics.token");
            assert_eq!(
                Call::new("GET", &watch, "/readyz").send().ok()["data"],
                json!({ "status": "ready" })
            );
        }
    }
}

#[test]
fn requests_are_counted_by_route_method_and_status() {
    let app = TestApp::spawn_with(|config| config.server.base_path = "/pb".into());
    app.post("/api/system/health").send().ok();
    app.post("/api/system/health").send().ok();
    app.login("13800138000", PASSWORD)
        .assert_error(404, "不存在");
    app.get("/api/system/health")
        .send()
        .assert_error(405, "POST");
    app.call("OPTIONS", "/api/system/health").send();
    for id in ["aaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbb", "ccccccccccccccc"] {
        assert_eq!(
            app.get(&format!("/api/collections/tbl_auth_users/records/{id}"))
                .send()
                .status,
            404
        );
    }
    for n in 0..5 {
        app.get(&format!("/api/nothing-{n}")).send();
        app.get(&format!("/wp-admin-{n}.php")).send();
        app.call(&format!("BREW{n}"), &format!("/api/pot/{n}"))
            .send();
    }
    app.get("/").send();
    app.get("/assets/style.css").send();
    let seen = scrape(&app);
    let requests: BTreeMap<_, _> = seen
        .iter()
        .filter_map(|(series, n)| {
            Some((
                series
                    .strip_prefix("bai_http_requests_total{")?
                    .trim_end_matches('}'),
                *n,
            ))
        })
        .collect();
    let expected = [
        (r#"method="GET",route="/",status="200""#, 1.0),
        (
            r#"method="GET",route="/api/collections/{collection}/records/{id}",status="404""#,
            3.0,
        ),
        (
            r#"method="GET",route="/api/system/health",status="405""#,
            1.0,
        ),
        (r#"method="GET",route="/assets/{name}",status="200""#, 1.0),
        (r#"method="GET",route="unknown",status="404""#, 10.0),
        (
            r#"method="OPTIONS",route="/api/system/health",status="204""#,
            1.0,
        ),
        (
            r#"method="POST",route="/api/platform/login",status="404""#,
            1.0,
        ),
        (
            r#"method="POST",route="/api/system/health",status="200""#,
            2.0,
        ),
        (r#"method="other",route="unknown",status="404""#, 5.0),
    ];
    assert_eq!(requests, expected.into_iter().collect());
    let seconds = r#"bai_http_request_seconds_count{method="POST",route="/api/system/health"}"#;
    assert_eq!(seen[seconds], 2.0);
    let scraped = r#"bai_http_requests_total{method="GET",route="/metrics",status="200"}"#;
    assert_eq!(scrape(&app)[scraped], 1.0);
}

#[test]
fn the_store_passwords_and_tokens_are_counted() {
    let (dir, app) = on_disk(|_| ());
    app.register("13800138000", PASSWORD).ok();
    app.login("13800138000", PASSWORD).ok();
    app.login("13800138000", "canary wrong")
        .assert_error(400, "密码");
    let alice = app.wechat_token("alice~1");
    let refresh = |token: &str| app.post("/api/system/refresh-token").bearer(token).send();
    refresh(&alice).ok();
    refresh("pb.e30.nonsense").assert_error(401, "token");
    app.clock.advance(Duration::from_hours(24 * 30));
    refresh(&alice).assert_error(401, "token");
    let seen = scrape(&app);
    for (series, value) in [
        ("bai_users", 2.0),
        ("bai_companies", 0.0),
        ("bai_store_waiting", 0.0),
        ("bai_store_commit_failures_total", 0.0),
        ("bai_password_hash_seconds_count", 3.0),
        ("bai_password_wait_seconds_count", 3.0),
        ("bai_password_waiting", 0.0),
        ("bai_password_running", 0.0),
        ("bai_password_refused_total", 0.0),
        ("bai_password_queue_places", 64.0),
        ("bai_tokens_issued_total", 4.0),
        (r#"bai_tokens_refused_total{cause="malformed"}"#, 1.0),
        (r#"bai_tokens_refused_total{cause="expired"}"#, 1.0),
        (r#"bai_tokens_refused_total{cause="revoked"}"#, 0.0),
        (r#"bai_ready{component="store"}"#, 1.0),
        (r#"bai_ready{component="disk"}"#, 1.0),
        (r#"bai_ready{component="wechat"}"#, 1.0),
        (r#"bai_ready{component="backup"}"#, 1.0),
        ("bai_backup_every_seconds", 0.0),
        ("bai_backup_failures_total", 0.0),
        ("bai_http_connections_max", 4096.0),
    ] {
        assert_eq!(seen[series], value, "{series}");
    }
    assert!(seen["bai_store_commit_jobs_count"] >= 2.0);
    assert_eq!(
        seen["bai_store_commit_jobs_count"],
        seen["bai_store_commit_seconds_count"]
    );
    assert!(seen["bai_http_connections"] >= 1.0);
    let file = fs::metadata(dir.path().join("bai.redb")).unwrap().len();
    assert_eq!(
        seen["bai_store_file_bytes"],
        f64::from(u32::try_from(file).unwrap())
    );
    assert!(seen["bai_store_free_bytes"] > 0.0);
    if cfg!(target_os = "linux") {
        assert!(seen["process_resident_memory_bytes"] > 1e6 && seen["process_open_fds"] >= 5.0);
        assert!(
            seen["process_max_fds"] >= seen["process_open_fds"] && seen["process_threads"] >= 2.0
        );
        let now = f64::from(u32::try_from(Clock::System.now().as_second()).unwrap());
        let age = now - seen["process_start_time_seconds"];
        assert!((-2.0..86_400.0).contains(&age), "{age}");
        assert!(seen["process_cpu_seconds_total"] > 0.0);
    }
}

#[test]
fn a_full_password_queue_is_counted() {
    let app = TestApp::spawn_with(|config| {
        (config.password.threads, config.password.queue) = (1, 1);
        (config.password.log_n, config.password.p) = (15, 3);
    });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let login = |n: usize| {
            let (app, phone) = (&app, format!("1380013800{n}"));
            scope.spawn(move || app.register(&phone, PASSWORD).status)
        };
        let logins: Vec<_> = (0..8).map(login).collect();
        logins
            .into_iter()
            .map(|login| login.join().unwrap())
            .collect()
    });
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert!(refused > 0, "{statuses:?}");
    let seen = scrape(&app);
    assert_eq!(
        seen["bai_password_refused_total"],
        f64::from(u32::try_from(refused).unwrap())
    );
    assert_eq!(
        (seen["bai_password_waiting"], seen["bai_password_running"]),
        (0.0, 0.0)
    );
}

#[test]
fn limits_are_counted_by_rule() {
    let app = TestApp::spawn_with(|config| config.limits.enabled = true);
    let alice = app.wechat_token("alice~1");
    app.wechat_login("alice~1").assert_error(429, "频繁");
    for _ in 0..300 {
        app.post("/api/system/refresh-token")
            .bearer(&alice)
            .send()
            .ok();
    }
    app.post("/api/system/refresh-token")
        .bearer(&alice)
        .send()
        .assert_error(429, "频繁");
    for n in 0..20 {
        app.login(&format!("139001390{n:02}"), PASSWORD)
            .assert_error(404, "不存在");
    }
    app.login("13900139099", PASSWORD).assert_error(429, "尝试");
    let seen = scrape(&app);
    for (rule, n) in [
        ("repetition", 1.0),
        ("refreshes", 1.0),
        ("unknown_phones", 1.0),
        ("phone_lookups", 0.0),
        ("wrong_passwords", 0.0),
        ("daily_wrong_passwords", 0.0),
        ("registrations", 0.0),
        ("hashes", 0.0),
        ("phone_changes", 0.0),
    ] {
        assert_eq!(
            seen[&format!("bai_limit_refusals_total{{rule=\"{rule}\"}}")],
            n,
            "{rule}"
        );
    }
}

fn wechat_calls(app: &TestApp) -> BTreeMap<(String, String), f64> {
    let label = |series: &str, name: &str| {
        let (_, rest) = series.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let calls = scrape(app)
        .into_iter()
        .filter(|(series, n)| series.starts_with("bai_wechat_calls_total") && *n > 0.0);
    calls
        .map(|(series, n)| ((label(&series, "operation"), label(&series, "outcome")), n))
        .collect()
}

#[test]
fn calls_to_wechat_are_counted_by_operation_and_outcome() {
    let app = TestApp::spawn_with(|config| config.wechat.timeout = Duration::from_secs(1));
    let alice = app.wechat_token("alice~1");
    app.post("/api/wechat/profile")
        .bearer(&alice)
        .json(&profile("13900139000"))
        .send()
        .ok();
    app.wechat_login("bad").assert_error(400, "code");
    app.wechat_login("busy").assert_error(500, "内部");
    for n in 0..4 {
        app.wechat_login(&format!("quota{n}"))
            .assert_error(429, "频繁");
    }
    app.clock.advance(Duration::from_mins(2));
    app.stub.refuse(
        SESSION,
        40164,
        "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
    );
    app.wechat_login("alice~2").assert_error(500, "内部");
    app.stub
        .script(|call| (call.path == SESSION).then_some(Reply::Hang(Duration::from_secs(3))));
    app.wechat_login("alice~3").assert_error(500, "内部");
    let key = |operation: &str, outcome: &str| (operation.to_owned(), outcome.to_owned());
    let expected = [
        (key("access_token", "ok"), 1.0),
        (key("login", "busy"), 1.0),
        (key("login", "code_refused"), 1.0),
        (key("login", "held_back"), 1.0),
        (key("login", "misconfigured"), 1.0),
        (key("login", "ok"), 1.0),
        (key("login", "quota"), 3.0),
        (key("login", "unavailable"), 1.0),
        (key("phone", "ok"), 1.0),
    ];
    assert_eq!(wechat_calls(&app), expected.into_iter().collect());
    let seconds = scrape(&app)[r#"bai_wechat_call_seconds_sum{operation="login"}"#];
    assert!((1.0..5.0).contains(&seconds), "{seconds}");
}

/// As docs/operations.md has it: what a load balancer can ask.
#[test]
fn health_paths_take_get_and_head() {
    let app =
        TestApp::spawn_with(|config| config.metrics.listen = Some("127.0.0.1:0".parse().unwrap()));
    let watch = app.watch.clone().unwrap();
    for (base, path) in [
        (&app.base, "/api/health"),
        (&app.base, "/readyz"),
        (&watch, "/readyz"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = Call::new(method, base, path).send();
            assert_eq!(answer.status, 200, "{method} {base}{path}");
            assert_eq!(answer.body.is_empty(), method == "HEAD", "{method} {path}");
        }
    }
}

#[test]
fn readiness_says_what_wechat_said_last_and_does_not_ask_it() {
    let app = TestApp::spawn();
    let alice = app.wechat_token("alice~1");
    assert_ready(&app);
    let cases: [(i64, &str, &str, &str); 6] = [
        (
            40164,
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 6a-0",
            "ip_not_allowed",
            "203.0.113.7",
        ),
        (
            61004,
            "access clientip is not registered, ip 2001:db8::7",
            "ip_not_allowed",
            "2001:db8::7",
        ),
        (
            40125,
            "invalid appsecret, canary-app-secret",
            "secret",
            "wechat.secret",
        ),
        (40013, "invalid appid", "app_id", "wechat.app_id"),
        (48001, "api unauthorized", "not_permitted", "permission"),
        (
            45009,
            "reach max api daily quota limit",
            "daily_quota",
            "daily quota",
        ),
    ];
    for (errcode, errmsg, code, part) in cases {
        app.stub.script(move |call| {
            let refusal =
                json!({ "errcode": errcode, "errmsg": errmsg.replace("canary-app-secret", "") });
            (call.path == SESSION).then_some(Reply::Json(refusal))
        });
        assert!(app.wechat_login("bob~1").status >= 429);
        let calls = app.stub.calls(SESSION).len();
        let (found, text) = only_problem(&app, "wechat");
        assert_eq!(found, code);
        assert!(
            text.contains(part) && text.contains(&errcode.to_string()),
            "{text}"
        );
        assert_eq!(scrape(&app)[r#"bai_ready{component="wechat"}"#], 0.0);
        assert_eq!(app.stub.calls(SESSION).len(), calls);
    }
    app.stub.refuse(SESSION, 40029, "invalid code");
    app.wechat_login("bob~1").assert_error(400, "code");
    assert_ready(&app);
    app.stub
        .refuse(SESSION, 99999, "whatever a stranger can provoke");
    app.wechat_login("bob~1").assert_error(500, "内部");
    assert_ready(&app);

    app.stub.refuse(TOKEN, 40001, "invalid credential");
    app.post("/api/wechat/profile")
        .bearer(&alice)
        .json(&profile("13900139000"))
        .send()
        .assert_error(500, "内部");
    let body = ready(&app).json();
    let codes: BTreeSet<_> = body["data"]["components"]["wechat"]["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains("secret"), "{body}");
    app.clock.advance(Duration::from_secs(2));
    app.stub.script(|_| None);
    app.post("/api/wechat/profile")
        .bearer(&alice)
        .json(&profile("13900139000"))
        .send()
        .ok();
    assert_eq!(app.stub.calls(PHONE).len(), 1);
    assert_ready(&app);

    for n in 0..3 {
        app.wechat_login(&format!("quota~{n}"))
            .assert_error(429, "频繁");
    }
    assert_eq!(only_problem(&app, "wechat").0, "minute_quota");
    app.clock.advance(Duration::from_mins(2));
    assert_ready(&app);
}

#[test]
fn silence_of_wechat_is_told_when_it_goes_on() {
    let app = TestApp::spawn();
    app.stub
        .script(|call| (call.path == SESSION).then(|| Reply::Raw(Vec::new())));
    for n in 0..3 {
        assert_ready(&app);
        app.wechat_login(&format!("alice~{n}"))
            .assert_error(500, "内部");
    }
    assert_eq!(only_problem(&app, "wechat").0, "unreachable");
    app.stub.script(|_| None);
    app.wechat_login("alice~9").ok();
    assert_ready(&app);
}

#[test]
fn a_full_disk_and_a_nearly_full_one_are_told() {
    let disk = FailingDisk::default();
    let app = TestApp::spawn_on(&disk.location(), |_| ());
    assert_ready(&app);
    disk.fill(true);
    app.wechat_login("alice~1").assert_error(500, "内部");
    let (code, text) = only_problem(&app, "store");
    assert!(code == "not_writable" && text.contains("log"), "{text}");
    let seen = scrape(&app);
    assert!(seen["bai_store_commit_failures_total"] >= 1.0);
    assert_eq!(seen[r#"bai_ready{component="store"}"#], 0.0);
    disk.fill(false);
    app.wechat_login("alice~1").ok();
    assert_ready(&app);

    let (dir, app) = on_disk(|config| config.store.min_free_mib = 1 << 30);
    let (code, text) = only_problem(&app, "disk");
    assert!(
        code == "nearly_full" && text.contains("store.min_free_mib = 1073741824"),
        "{text}"
    );
    assert!(text.contains(dir.path().to_str().unwrap()), "{text}");
    let stranger = app
        .get("/readyz")
        .header("X-Forwarded-For", "203.0.113.7")
        .send();
    stranger.assert_error(503, "未就绪");
    assert_eq!(stranger.json()["data"], json!({ "status": "not ready" }));
    let (_dir, app) = on_disk(|config| config.store.min_free_mib = 0);
    assert_ready(&app);
}

/// Looks again and again, as a backup is made on a thread of its own.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn backups_are_told_whether_they_fail_or_succeed() {
    let dir = tempfile::tempdir().unwrap();
    let backups = dir.path().join("backups");
    fs::write(&backups, "a file where the folder should be").unwrap();
    let at = Location::File(dir.path().join("bai.redb"));
    let every = |config: &mut bai::config::Config| {
        config.backup.every = Some(Duration::from_hours(1));
        config.backup.dir.clone_from(&backups);
    };
    let app = TestApp::spawn_on(&at, every);
    eventually("the backup fails", || ready(&app).status == 503);
    let (code, text) = only_problem(&app, "backup");
    assert!(
        code == "failed" && text.contains("the backup failed"),
        "{text}"
    );
    let seen = scrape(&app);
    assert!(seen["bai_backup_failures_total"] >= 1.0);
    assert_eq!(seen[r#"bai_ready{component="backup"}"#], 0.0);
    assert_eq!(seen["bai_backup_every_seconds"], 3600.0);
    assert_eq!(seen["bai_backup_last_success_time_seconds"], 0.0);
    assert!(seen["bai_backup_last_failure_time_seconds"] > 1e9);
    drop(app);

    fs::remove_file(&backups).unwrap();
    let app = TestApp::spawn_on(&at, every);
    eventually("there is a backup", || {
        scrape(&app)["bai_backup_last_bytes"] > 0.0
    });
    assert_ready(&app);
    let made = scrape(&app)["bai_backup_last_success_time_seconds"];
    let now = f64::from(u32::try_from(app.clock.now().as_second()).unwrap());
    assert!((made - now).abs() <= 1.0, "{made} {now}");
}

/// The address of a webhook at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:1/";

fn deployed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(path)
}

/// The names of metrics in `text`.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("bai_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

/// What the dashboard and the alerts ask for has to be there, with the labels' values that they name.
#[test]
fn dashboard_and_alerts_use_names_and_values_that_the_server_has() {
    let (_dir, app) = on_disk(|config| {
        config.limits.enabled = true;
        config.webhooks = vec![webhook(NOBODY)];
    });
    app.wechat_login("alice~1").ok();
    let text = app.get("/metrics").send().text().to_owned() + app.get("/metrics").send().text();
    let known = names(&text);
    let (dashboard, alerts) = (
        fs::read_to_string(deployed("grafana/bai.json")).unwrap(),
        fs::read_to_string(deployed("prometheus/alerts.yml")).unwrap(),
    );
    for file in [&dashboard, &alerts] {
        let mut used = names(file);
        // A database in a file has none of PostgreSQL's: tests/it/postgres/doors.rs looks for them.
        used.retain(|name| !name.starts_with("bai_postgres_"));
        assert!(used.len() >= 10, "{used:?}");
        let missing: Vec<_> = used.difference(&known).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
    for label in ["cause", "component", "operation", "outcome", "rule"] {
        for file in [&dashboard, &alerts] {
            for part in file
                .split([' ', '{', ','])
                .filter(|part| part.starts_with(&format!("{label}=")))
            {
                let values = part.split('"').nth(1).unwrap().trim_end_matches('\\');
                for value in values.trim_start_matches('~').split('|') {
                    assert!(text.contains(&format!("{label}=\"{value}\"")), "{part}");
                }
            }
        }
    }
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert!(ids.len() == panels.len() && panels.len() >= 10);
    let asks = |panel: &&Value| {
        panel["targets"]
            .as_array()
            .is_some_and(|targets| targets.iter().all(|t| t["expr"].is_string()))
    };
    assert!(
        panels
            .iter()
            .filter(|panel| panel["type"] != "row")
            .all(|panel| asks(&panel))
    );
}

#[test]
fn the_operations_page_explains_every_metric_alert_and_problem() {
    let page = fs::read_to_string(deployed("../docs/operations.md")).unwrap();
    let app = TestApp::spawn_with(|config| config.webhooks = vec![webhook(NOBODY)]);
    let text = app.get("/metrics").send().text().to_owned();
    let metrics = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let alerts = fs::read_to_string(deployed("prometheus/alerts.yml")).unwrap();
    let alerts = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let mut explained = 0;
    for name in metrics.chain(alerts) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
        explained += 1;
    }
    assert!(explained > 30, "{explained}");
}

fn promtool(args: &[&str], input: &str) {
    let tool = std::env::var("BAI_PROMTOOL").unwrap_or("promtool".into());
    let mut child = Command::new(tool)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "promtool {args:?}: {text}");
}

#[test]
#[ignore = "needs Prometheus's promtool (BAI_PROMTOOL)"]
fn promtool_finds_nothing_to_complain_of() {
    let (_dir, app) = on_disk(|_| ());
    let alice = app.wechat_token("alice~1");
    app.post("/api/wechat/profile")
        .bearer(&alice)
        .json(&profile("13900139000"))
        .send()
        .ok();
    app.register("13800138000", PASSWORD).ok();
    app.get("/nothing").send();
    app.get("/metrics").send();
    promtool(&["check", "metrics"], app.get("/metrics").send().text());
    promtool(
        &[
            "check",
            "rules",
            deployed("prometheus/alerts.yml").to_str().unwrap(),
        ],
        "",
    );
    promtool(
        &[
            "test",
            "rules",
            deployed("prometheus/alerts_test.yml").to_str().unwrap(),
        ],
        "",
    );
}
