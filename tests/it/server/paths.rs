//! Paths that are written in another way, and paths that nobody has: expected values are PocketBase 0.40.6's.

use std::io::Write;

use crate::support::app::TestApp;
use crate::support::http_request::{connect, exchange};

/// Path, status, and where a redirect leads.
const GETS: [(&str, u16, &str); 36] = [
    ("/api/health", 200, ""),
    ("//api/health", 307, "/api/health"),
    ("/api//health", 307, "/api/health"),
    ("/api/./health", 307, "/api/health"),
    ("/./api/health", 307, "/api/health"),
    ("/api/../api/health", 307, "/api/health"),
    ("/api/../../api/health", 307, "/api/health"),
    ("/x/../api/health", 307, "/api/health"),
    ("/api/health/.", 307, "/api/health"),
    ("/api/health/..", 307, "/api"),
    ("/api/health//", 307, "/api/health/"),
    ("//api/health?x=1", 307, "/api/health?x=1"),
    ("/api/./health?x=%2F", 307, "/api/health?x=%2F"),
    ("/api/a+b//x?q=a+b&c=%20", 307, "/api/a+b/x?q=a+b&c=%20"),
    ("/api/%E4%B8%AD//x", 307, "/api/%E4%B8%AD/x"),
    ("/api/a%20b//x", 307, "/api/a%20b/x"),
    ("//evil.com/x", 307, "/evil.com/x"),
    ("//", 307, "/"),
    (
        "/api/collections/tbl_auth_users/../tbl_auth_users/records",
        307,
        "/api/collections/tbl_auth_users/records",
    ),
    ("/api/collections//records", 307, "/api/collections/records"),
    (
        "/api/collections/tbl_auth_users/records//",
        307,
        "/api/collections/tbl_auth_users/records/",
    ),
    ("/%61pi/health", 200, ""),
    ("/api/%68ealth", 200, ""),
    ("/api/%68%65%61lth?fields=code", 200, ""),
    ("/api/collections/%74bl_auth_users/auth-methods", 200, ""),
    ("/api/collections/tbl%5Fauth%5Fusers/auth-methods", 200, ""),
    ("/api/health/", 404, ""),
    ("/api/collections/tbl_auth_users/auth-methods/", 404, ""),
    ("/api/Health", 404, ""),
    ("/api/health%20", 404, ""),
    ("/api/health%2F", 404, ""),
    ("/api/%2e%2e/api/health", 404, ""),
    ("/api/nothing", 404, ""),
    ("/api/", 404, ""),
    ("/api", 404, ""),
    ("/api/system/nothing", 404, ""),
];

/// Status, `Location` and body of the answer to a request that no client would send as it is.
fn ask(app: &TestApp, method: &str, path: &str) -> (u16, String, String) {
    let mut socket = connect(app);
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    let answer = exchange(&mut socket, &request);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let location = head
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    (
        head[9..12].parse().unwrap(),
        location.unwrap_or_default().to_owned(),
        body.to_owned(),
    )
}

const NO_FILE: &str = r#"{"data":{},"message":"File not found.","status":404}"#;
const NOT_FOUND: &str =
    r#"{"data":{},"message":"The requested resource wasn't found.","status":404}"#;

#[test]
fn a_path_that_is_written_in_another_way_is_redirected_or_the_same() {
    let app = TestApp::spawn();
    for (path, status, location) in GETS {
        let (found, to, body) = ask(&app, "GET", path);
        assert_eq!((found, to.as_str()), (status, location), "{path}");
        if status == 404 {
            assert_eq!(body, NO_FILE, "{path}");
        }
    }
    assert_eq!(ask(&app, "GET", "/API/health").0, 404);
    assert_eq!(ask(&app, "GET", "/api%2Fhealth").0, 404);
    assert_eq!(ask(&app, "GET", "/x/../y").1, "/y");
    for path in ["/api/%zz", "/api/x%", "/api/%2", "/%+1"] {
        assert_eq!(ask(&app, "GET", path).0, 400, "{path}");
    }
}

#[test]
fn a_redirect_keeps_method_and_body_and_leads_to_the_contract_s_paths_too() {
    let app = TestApp::spawn();
    for method in ["POST", "PUT", "PATCH", "DELETE", "FOO"] {
        let found = ask(&app, method, "//api/./system/health");
        assert_eq!((found.0, found.1.as_str()), (307, "/api/system/health"));
    }
    assert_eq!(ask(&app, "POST", "/api/system/%68ealth").0, 200);
    let app = TestApp::spawn_with(|config| config.server.base_path = "/pb".into());
    let mut socket = connect_below(&app);
    socket
        .write_all(b"GET /pb//api/health HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let answer = exchange(&mut socket, "");
    assert!(
        answer.contains("\r\nlocation: /pb/api/health\r\n"),
        "{answer}"
    );
}

fn connect_below(app: &TestApp) -> std::net::TcpStream {
    let address = app.base.trim_start_matches("http://");
    std::net::TcpStream::connect(address.trim_end_matches("/pb")).unwrap()
}

#[test]
fn what_nobody_answers_below_api_is_told_as_by_pocketbase() {
    let app = TestApp::spawn();
    for path in [
        "/api/nothing",
        "/api/",
        "/api/health",
        "/api/system/nothing",
        "/api/system/health/",
        "/api/wechat",
        "/api/collections/tbl_auth_users/auth-methods",
        "/api/collections/tbl_auth_users/auth-with-password/",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"] {
            let (status, _, body) = ask(&app, method, path);
            assert_eq!((status, body.as_str()), (404, NOT_FOUND), "{method} {path}");
        }
    }
}

/// Queries, and the same as PocketBase reads them.
#[test]
fn parameters_that_cannot_be_read_are_none() {
    let app = TestApp::spawn();
    let list = "/api/collections/tbl_auth_users/records";
    for (query, readable) in [
        ("page=%zz", ""),
        ("page=1;2", ""),
        ("perPage=7&page=%", "perPage=7"),
        ("page=%zz&perPage=%37", "perPage=7"),
        ("filter=%2", ""),
        ("a%zz=1&perPage=7", "perPage=7"),
    ] {
        let (status, _, body) = ask(&app, "GET", &format!("{list}?{query}"));
        let (_, _, expected) = ask(&app, "GET", &format!("{list}?{readable}"));
        assert_eq!((status, body), (200, expected), "{query}");
    }
}

#[test]
fn the_contract_s_paths_keep_their_own_errors() {
    let app = TestApp::spawn();
    for path in crate::support::pocketbase_api::CONTRACT {
        let (status, _, body) = ask(&app, "PUT", path);
        assert_eq!(status, 405, "{path}");
        assert!(body.starts_with(r#"{"code":405,"msg":""#), "{body}");
    }
    let (status, _, body) = ask(&app, "POST", "/nothing");
    assert_eq!(status, 404);
    assert!(body.starts_with(r#"{"code":404,"msg":""#), "{body}");
}
