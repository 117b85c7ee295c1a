//! Causes why WeChat is out of reach, as the log and `/readyz` name them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::app::{Call, TestApp, profile};
use crate::support::binary::{Running, bai, real_wechat};
use crate::support::canary;
use crate::support::pocketbase_api::USERS;
use crate::support::superuser::Root;
use crate::support::tls_client::Authority;
use crate::support::wechat_stub::{PHONE, Reply, SESSION, TOKEN, WechatStub, response};

const PATIENCE: Duration = Duration::from_millis(700);

/// The URL of a server that says this to everybody, and then waits or closes.
fn server(words: &'static [u8], waits: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = socket.read(&mut [0; 4096]);
                let _ = socket.write_all(words);
                if waits {
                    thread::sleep(4 * PATIENCE);
                }
                // What is left unread would break the connection before the words are read.
                let _ = socket.shutdown(Shutdown::Write);
                let _ = socket.set_read_timeout(Some(PATIENCE));
                while socket.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
            });
        }
    });
    url
}

/// A port where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.8:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A server with a certificate that nobody knows.
fn stranger() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    Authority::new().write(folder.path());
    let app = TestApp::spawn_with(|config| {
        config.server.tls.cert = folder.path().join("cert.pem");
        config.server.tls.key = folder.path().join("key.pem");
    });
    (app, folder)
}

#[test]
fn readiness_names_what_happened() {
    let (stranger, _folder) = stranger();
    for (base_url, expected) in [
        (
            "http://nobody.invalid".to_owned(),
            "its host name cannot be resolved",
        ),
        (nobody(), "connection refused"),
        (
            stranger.base.replace("http:", "https:"),
            "certificate is not trusted",
        ),
        (
            server(b"SSH-2.0-x\r\n\r\n", false).replace("http:", "https:"),
            "does not speak TLS",
        ),
        (server(b"SSH-2.0-x\r\n\r\n", false), "is not HTTP"),
        (server(b"", true), "timeout"),
        (server(b"", false), "connection broken"),
    ] {
        let app = TestApp::spawn_with(|config| {
            config.wechat.base_url = base_url.as_str().into();
            config.wechat.timeout = PATIENCE;
        });
        for n in 0..3 {
            app.wechat_login(&format!("alice~{n}"))
                .assert_error(500, "稍后重试");
        }
        let body = app.get("/readyz").send().json();
        let problem = &body["data"]["components"]["wechat"]["problems"][0];
        assert_eq!(problem["code"], "unreachable", "{base_url}: {body}");
        let text = problem["text"].as_str().unwrap();
        assert!(text.contains(expected), "{base_url}: {text}");
        assert!(text.contains("3 calls in a row"), "{text}");
    }
}

/// The names of hosts are looked up again as a connection is tried again, once.
#[test]
fn a_name_that_is_not_resolved_is_tried_again() {
    let app = TestApp::spawn_with(|config| {
        config.wechat.base_url = "http://nobody.invalid".into();
    });
    let started = Instant::now();
    app.wechat_login("alice~1").assert_error(500, "稍后重试");
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[test]
fn the_log_names_what_happened_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = bai(dir.path(), &["serve"]);
    command.envs([
        ("BAI_WECHAT__PROVIDER", "wechat"),
        ("BAI_WECHAT__APP_ID", "wx0123456789abcdef"),
        ("BAI_WECHAT__SECRET", canary::APP_SECRET),
        ("BAI_WECHAT__BASE_URL", "http://nobody.invalid"),
    ]);
    let running = Running::start(command);
    let login = json!({ "users_wx_code": canary::code("alice~1") });
    let call = Call::new("POST", &running.base, "/api/wechat/login");
    assert_eq!(call.json(&login).send().status, 500);
    running.signal("-TERM");
    let (_, log) = running.wait();
    assert!(log.contains("its host name cannot be resolved"), "{log}");
    assert!(!log.contains("uncategorized"), "{log}");
}

/// What never reached WeChat costs none of a user's five questions an hour.
#[test]
fn a_phone_that_wechat_was_not_asked_for_is_no_lookup() {
    let root = Root::of(TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.wechat.base_url = nobody().as_str().into();
    }));
    let user = root.user(1, &json!({ "users_idtype": "WeChat", "users_phone": "" }));
    let impersonate = format!("{USERS}/impersonate/{}", user["id"].as_str().unwrap());
    let session = root.call("POST", &impersonate).send().ok();
    for n in 0..7 {
        let call = root.app.post("/api/wechat/profile");
        let call = call.bearer(session["token"].as_str().unwrap());
        let answer = call.json(&profile(&format!("1390013900{n}"))).send();
        assert_eq!(answer.status, 500, "{n}: {}", answer.text());
    }
}

/// An `errcode` and its status at login; `expires_in` may be a text, too.
#[test]
fn numbers_that_wechat_writes_as_texts_are_numbers() {
    let app = TestApp::spawn();
    for (n, (errcode, errmsg, status)) in [
        (json!("40029"), json!("invalid code, rid: 1-2"), 400),
        (json!("40163"), json!("code been used"), 400),
        (
            json!("45009"),
            json!("reach max api daily quota limit"),
            429,
        ),
        (json!("40125"), json!("invalid appsecret"), 500),
        (json!(" 40029 "), json!(null), 400),
        (json!(40029), json!({ "text": "invalid code" }), 400),
        (json!("many"), json!("?"), 500),
        (json!([40029]), json!("?"), 500),
    ]
    .into_iter()
    .enumerate()
    {
        let app = if status == 429 {
            &TestApp::spawn()
        } else {
            &app
        };
        let answer = json!({ "errcode": errcode, "errmsg": errmsg });
        app.stub
            .script(move |call| (call.path == SESSION).then(|| Reply::Json(answer.clone())));
        let code = format!("alice~{n}");
        assert_eq!(app.wechat_login(&code).status, status, "{errcode}");
    }
    for success in [json!("0"), json!(0), Value::Null] {
        let answer = json!({ "errcode": success, "openid": "o_alice" });
        app.stub
            .script(move |call| (call.path == SESSION).then(|| Reply::Json(answer.clone())));
        assert_eq!(app.wechat_login("alice~9").status, 200, "{success}");
    }
    app.stub.script(|_| None);
    let token = app.wechat_token("bob~1");
    app.stub.script(|call| {
        let answer = json!({ "access_token": "t", "expires_in": "7200" });
        (call.path == TOKEN).then_some(Reply::Json(answer))
    });
    let call = app.post("/api/wechat/profile").bearer(&token);
    let answer = call.json(&profile("13900139000")).send();
    assert!(!app.stub.calls(PHONE).is_empty(), "{}", answer.text());
}

/// The body of an answer with status 200, and what the log and `/readyz` are to say of it; the words of the answer are in the log
/// only.
const ODD: [(&str, &str, &str); 12] = [
    ("<html>login</html>", "an HTML page", ""),
    ("", "an empty answer", ""),
    ("OK", "an answer that is not JSON", ""),
    ("null", "JSON that is no object", ""),
    ("[]", "JSON that is no object", ""),
    ("{}", "an answer without its fields", "openid"),
    (
        r#"{"errmsg":"only words"}"#,
        "an answer without its fields",
        "only words",
    ),
    (
        r#"{"errcode":null,"errmsg":"null words"}"#,
        "an answer without its fields",
        "null words",
    ),
    (
        r#"{"errCode":1,"errMsg":"camel words"}"#,
        "an answer without its fields",
        "camel words",
    ),
    (
        r#"{"errcode":"abc","errmsg":"words of wechat"}"#,
        "an errcode that is no number",
        "words of wechat",
    ),
    (
        r#"{"errcode":true,"errmsg":"true words"}"#,
        "an errcode that is no number",
        "true words",
    ),
    (
        r#"{"errcode":"","errmsg":"empty words"}"#,
        "an errcode that is no number",
        "empty words",
    ),
];

#[test]
fn an_odd_answer_is_told_with_its_words_and_makes_the_server_not_ready() {
    let dir = tempfile::tempdir().unwrap();
    for (body, what, words) in ODD {
        let stub = WechatStub::start();
        stub.script(move |_| Some(Reply::Raw(response("200 OK", body))));
        let mut command = bai(dir.path(), &["serve"]);
        command.envs(real_wechat(&stub));
        let running = Running::start(command);
        let (problem, log) = problem_after_three_logins(running);
        assert!(problem.contains(what), "{body}: {problem}");
        assert!(log.contains(what) && log.contains(words), "{body}: {log}");
    }
}

/// The text of `/readyz` after three logins that failed, and the log.
fn problem_after_three_logins(running: Running) -> (String, String) {
    for n in 0..3 {
        let login = json!({ "users_wx_code": canary::code(&format!("alice~{n}")) });
        let call = Call::new("POST", &running.base, "/api/wechat/login");
        assert_eq!(call.json(&login).send().status, 500);
    }
    let ready = Call::new("GET", &running.base, "/readyz").send();
    assert_eq!(ready.status, 503, "{}", ready.text());
    let problems = ready.json()["data"]["components"]["wechat"]["problems"].clone();
    running.signal("-TERM");
    (problems[0]["text"].to_string(), running.wait().1)
}

#[test]
fn a_number_with_a_point_is_one_and_a_byte_order_mark_is_none() {
    let app = TestApp::spawn();
    for (n, (body, status)) in [
        (r#"{"errcode":40029.0,"errmsg":"invalid code"}"#, 400),
        (r#"{"errcode":"40029.0","errmsg":"invalid code"}"#, 400),
        ("\u{feff}{\"openid\":\"o_bom\"}", 200),
    ]
    .into_iter()
    .enumerate()
    {
        app.stub
            .script(move |_| Some(Reply::Raw(response("200 OK", body))));
        assert_eq!(
            app.wechat_login(&format!("alice~{n}")).status,
            status,
            "{body}"
        );
    }
}

/// An HTTP status, and what is told of it.
#[test]
fn a_status_that_is_not_wechat_s_is_told() {
    for (status, what) in [
        ("502 Bad Gateway", "HTTP status 502"),
        ("302 Found", "HTTP status 302 (a redirection"),
        (
            "407 Proxy Authentication Required",
            "HTTP status 407 (the proxy wants",
        ),
    ] {
        let app = TestApp::spawn();
        app.stub
            .script(move |_| Some(Reply::Raw(response(status, "<html>"))));
        let text = text_after_three_logins(&app);
        assert!(text.contains(what), "{text}");
    }
}

#[test]
fn a_failure_of_the_proxy_is_the_proxy_s() {
    let (stranger, _folder) = stranger();
    for (proxy, what) in [
        (
            "http://nobody.invalid:3128".to_owned(),
            "its host name cannot be resolved",
        ),
        (nobody(), "connection refused"),
        (
            stranger.base.replace("http:", "https:"),
            "certificate is not trusted",
        ),
        (
            server(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", false),
            "the proxy answers with HTTP status 407; give the URL of the proxy its user",
        ),
        (
            server(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", false),
            "the proxy answers with HTTP status 502",
        ),
    ] {
        let app = TestApp::spawn_with(|config| {
            config.wechat.base_url = "https://api.example.invalid".into();
            config.wechat.proxy = proxy.as_str().into();
            config.wechat.timeout = PATIENCE;
        });
        let text = text_after_three_logins(&app);
        assert!(
            text.contains("through wechat.proxy is cut"),
            "{proxy}: {text}"
        );
        assert!(text.contains(what), "{proxy}: {text}");
    }
}

fn text_after_three_logins(app: &TestApp) -> String {
    for n in 0..3 {
        app.wechat_login(&format!("alice~{n}"))
            .assert_error(500, "稍后重试");
    }
    let body = app.get("/readyz").send().json();
    let problem = &body["data"]["components"]["wechat"]["problems"][0];
    problem["text"].as_str().unwrap_or_default().to_owned()
}

/// The minute's quota comes back by itself, the day's does not.
#[test]
fn the_daily_quota_is_not_told_as_the_minute_s() {
    let app = TestApp::spawn();
    app.stub
        .refuse(SESSION, 45009, "reach max api daily quota limit");
    for n in 0..4 {
        assert_eq!(app.wechat_login(&format!("alice~{n}")).status, 429);
    }
    let body = app.get("/readyz").send().json();
    let problems = body["data"]["components"]["wechat"]["problems"].clone();
    assert_eq!(problems.as_array().unwrap().len(), 1, "{problems}");
    assert_eq!(problems[0]["code"], "daily_quota");
}
