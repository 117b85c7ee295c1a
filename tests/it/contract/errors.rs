//! Errors that no handler makes: the envelope holds for them, too.

use serde_json::json;

use crate::support::app::TestApp;

const PATHS: [&str; 8] = [
    "/api/system/test-helloworld",
    "/api/system/health",
    "/api/system/users-count",
    "/api/system/refresh-token",
    "/api/wechat/login",
    "/api/wechat/profile",
    "/api/platform/register",
    "/api/platform/login",
];
const WITH_BODY: [&str; 3] = [
    "/api/wechat/login",
    "/api/platform/register",
    "/api/platform/login",
];

#[test]
fn an_unknown_path_is_404() {
    let app = TestApp::spawn();
    for path in ["/nothing", "/assets/nothing.js", "/assets/index.html"] {
        app.post(path).send().assert_error(404, "请求路径");
    }
}

#[test]
fn another_method_is_405_with_allow() {
    let app = TestApp::spawn();
    for path in PATHS {
        for method in ["GET", "PUT", "PATCH", "DELETE", "BREW"] {
            let answer = app.call(method, path).send();
            answer.assert_error(405, "POST");
            assert_eq!(answer.header("allow"), "POST", "{method} {path}");
        }
        assert_eq!(app.call("HEAD", path).send().status, 405);
    }
    for path in ["/", "/docs", "/openapi.json", "/assets/style.css"] {
        let answer = app.post(path).send();
        answer.assert_error(405, "GET");
        assert_eq!(answer.header("allow"), "GET, HEAD");
    }
}

#[test]
fn a_body_must_be_declared_as_json() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    for path in WITH_BODY.into_iter().chain(["/api/wechat/profile"]) {
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "json",
            "",
        ] {
            let call = app
                .post(path)
                .bearer(&token)
                .header("Content-Type", content_type)
                .body(b"{}");
            call.send().assert_error(415, "application/json");
        }
        app.post(path)
            .bearer(&token)
            .body(b"{}")
            .send()
            .assert_error(415, "application/json");
        let upper = app
            .post(path)
            .bearer(&token)
            .header("Content-Type", "Application/JSON;charset=UTF-8")
            .body(b"{}");
        upper.send().assert_error(400, "缺少必填字段");
    }
}

#[test]
fn a_malformed_body_is_400() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    for path in WITH_BODY.into_iter().chain(["/api/wechat/profile"]) {
        for body in [
            "",
            "{",
            "{\"a\":}",
            "\u{feff}{}",
            "'x'",
            "{\"users_name\":\"\\ud800\"}",
        ] {
            let call = app
                .post(path)
                .bearer(&token)
                .header("Content-Type", "application/json")
                .body(body.as_bytes());
            call.send().assert_error(400, "JSON");
        }
        for body in ["[]", "1", "null", "\"x\""] {
            let call = app
                .post(path)
                .bearer(&token)
                .header("Content-Type", "application/json")
                .body(body.as_bytes());
            call.send().assert_error(400, "JSON 对象");
        }
        let not_utf8 = app
            .post(path)
            .bearer(&token)
            .header("Content-Type", "application/json")
            .body(b"{\"a\":\"\xff\"}");
        not_utf8.send().assert_error(400, "JSON");
    }
}

#[test]
fn a_body_over_64_kib_is_413() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let body = |len: usize| json!({ "users_wx_code": "x".repeat(len - 20) }).to_string();
    assert_eq!(body(65_536).len(), 65_536);
    for path in PATHS.into_iter().skip(3) {
        let post = |len| {
            app.post(path)
                .bearer(&token)
                .header("Content-Type", "application/json")
                .body(body(len).as_bytes())
                .send()
        };
        post(65_537).assert_error(413, "64");
        assert_eq!(post(65_536).status, 400);
    }
}

#[test]
fn deeply_nested_json_is_refused() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let fill = |text: &str, len: usize| text.repeat(len / text.len());
    for path in PATHS.into_iter().skip(3) {
        let post = |body: &str| {
            let call = app
                .post(path)
                .bearer(&token)
                .header("Content-Type", "application/json");
            call.body(body.as_bytes()).send()
        };
        for opening in ["[", "{\"a\":", "{\"users_wx_code\":[", "[[{\"a\":["] {
            post(&fill(opening, 65_536)).assert_error(400, "JSON");
        }
        post(&format!("{}{}", "[".repeat(32_768), "]".repeat(32_768))).assert_error(400, "JSON");
        post(&"[".repeat(100_000)).assert_error(413, "64");
    }
}

/// Sends a login whose body comes as `framing` says, and then no more; the status lines of all answers.
fn framed(app: &TestApp, framing: &str, body: &str) -> Vec<String> {
    use std::io::{Read, Write};
    let mut socket = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    let head = "POST /api/wechat/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json";
    let _ = socket.write_all(format!("{head}\r\n{framing}\r\n\r\n{body}").as_bytes());
    let mut bytes = Vec::new();
    // What was sent too much may have the connection reset, after the answer.
    let _ = socket.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    text.match_indices("HTTP/1.1 ")
        .map(|(at, _)| text[at + 9..at + 12].to_owned())
        .collect()
}

#[test]
fn lengths_that_lie_do_not_deceive() {
    let app = TestApp::spawn_with(|config| {
        config.server.body_timeout = std::time::Duration::from_millis(500);
    });
    let chunked = "Transfer-Encoding: chunked";
    let login = json!({ "users_wx_code": crate::support::canary::code("alice~1") }).to_string();
    let chunks = format!("{:x}\r\n{login}\r\n0\r\n\r\n", login.len());
    let long_chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let cases: [(&str, &str, &str, &[&str]); 12] = [
        (
            "right",
            &format!("Content-Length: {}", login.len()),
            &login,
            &["200"],
        ),
        ("chunked", chunked, &chunks, &["200"]),
        (
            "longer than announced",
            "Content-Length: 2",
            &login,
            &["400"],
        ),
        (
            "shorter than announced",
            "Content-Length: 1000",
            &login,
            &["408"],
        ),
        ("not a number", "Content-Length: many", &login, &["400"]),
        ("negative", "Content-Length: -1", &login, &["400"]),
        (
            "beyond all numbers",
            "Content-Length: 99999999999999999999",
            &login,
            &["400"],
        ),
        (
            "two lengths",
            "Content-Length: 2\r\nContent-Length: 30",
            &login,
            &["400"],
        ),
        ("chunks that break off", chunked, "1000\r\n{}", &["408"]),
        (
            "a chunk of another length",
            chunked,
            "1\r\n{}\r\n0\r\n\r\n",
            &["400"],
        ),
        (
            "a chunk beyond all numbers",
            chunked,
            "fffffffffffffffff\r\n{}",
            &["400"],
        ),
        (
            "chunks without end",
            chunked,
            &long_chunk.repeat(5),
            &["413"],
        ),
    ];
    for (case, framing, body, statuses) in cases {
        assert_eq!(framed(&app, framing, body), statuses, "{case}");
    }
}

#[test]
fn a_request_id_is_kept_when_it_is_harmless() {
    let app = TestApp::spawn();
    let id = |sent: &str| {
        app.post("/api/system/health")
            .header("X-Request-Id", sent)
            .send()
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(id("abc-123_x.y"), "abc-123_x.y");
    for odd in ["", "a b", "<script>", &"x".repeat(65)] {
        assert_eq!(id(odd).len(), 16, "{odd}");
    }
    assert_ne!(id(""), id(""));
}

#[test]
fn cors_is_as_pocketbase_does_it() {
    let app = TestApp::spawn();
    let preflight = app
        .call("OPTIONS", "/api/wechat/login")
        .header("Origin", "https://admin.example")
        .header("Access-Control-Request-Method", "POST")
        .header(
            "Access-Control-Request-Headers",
            "authorization,content-type",
        )
        .send();
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        "GET,HEAD,PUT,PATCH,POST,DELETE"
    );
    assert_eq!(
        preflight.header("access-control-allow-headers"),
        "authorization,content-type"
    );
    let error = app
        .post("/nothing")
        .header("Origin", "https://admin.example")
        .send();
    assert_eq!(error.header("access-control-allow-origin"), "*");
    assert_eq!(
        app.post("/api/system/health")
            .send()
            .header("access-control-allow-origin"),
        ""
    );
}

#[test]
fn an_origin_that_is_not_ascii_is_answered() {
    use std::io::{Read, Write};
    let app =
        TestApp::spawn_with(|config| config.server.cors_origins = vec!["https://a.example".into()]);
    let mut socket = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    socket
        .write_all(
            "POST /api/system/health HTTP/1.1\r\nHost: x\r\nOrigin: https://é.example\r\n\r\n"
                .as_bytes(),
        )
        .unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[test]
fn cors_can_be_narrowed() {
    let app =
        TestApp::spawn_with(|config| config.server.cors_origins = vec!["https://a.example".into()]);
    let allowed = |origin: &str| {
        let answer = app
            .post("/api/system/health")
            .header("Origin", origin)
            .send();
        assert_eq!(answer.status, 200);
        answer.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(allowed("https://a.example"), "https://a.example");
    assert_eq!(allowed("https://b.example"), "");
}
