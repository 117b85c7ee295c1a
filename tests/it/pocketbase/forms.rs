//! Bodies that are no JSON, where PocketBase takes any: urlencoded, multipart, and what is neither. The expected values are
//! those of a real PocketBase 0.40.6 that was asked the same.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::{Answer, Call};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{SUPERUSERS, USERS, log_in, path};
use crate::support::realtime_client::Client;
use crate::support::superuser::Root;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=X";

fn send(call: Call, content_type: &str, body: &str) -> Answer {
    let call = call.header("Content-Type", content_type);
    call.body(body.as_bytes()).send()
}

fn multipart(parts: &[(&str, &str)], end_of_line: &str) -> String {
    let mut body = String::new();
    for (name, text) in parts {
        let header = format!("Content-Disposition: form-data; name=\"{name}\"");
        for line in ["--X", &header, "", text] {
            body.push_str(line);
            body.push_str(end_of_line);
        }
    }
    body + "--X--" + end_of_line
}

fn urlencoded(parts: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parts).finish()
}

/// Asserts the status of an error, and a part of its message.
fn assert_refused(answer: &Answer, status: u16, part: &str) {
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(part), "{message}");
    assert_eq!(answer.status, status);
}

/// Seconds for which the token of an answer is valid, if it has one.
fn lifetime(root: &Root, answer: &Answer) -> Option<u64> {
    let token = answer.json()["token"].as_str()?.to_owned();
    let is_valid = || {
        let call = root.app.get(&format!("{USERS}/records"));
        let list = call.header("Authorization", &token).send().ok();
        list["totalItems"] == 1
    };
    let mut seconds = 0;
    while is_valid() {
        root.app.clock.advance(Duration::from_secs(1));
        seconds += 1;
        assert!(seconds < 100, "a token of a minute at most");
    }
    Some(seconds)
}

#[test]
fn impersonate_takes_a_form() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let url = format!("{USERS}/impersonate/{}", user["id"].as_str().unwrap());
    let impersonate =
        |content_type: &str, body: &str| send(root.call("POST", &url), content_type, body);
    for (body, seconds) in [
        ("duration=60", 60),
        ("duration=0x3c", 60),
        ("duration=60&duration=abc", 60),
        ("duration=1_0", 10),
        ("duration=010", 8),
        ("@jsonPayload=%7B%22duration%22%3A60%7D&duration=9", 60),
    ] {
        let answer = impersonate(URLENCODED, body);
        assert_eq!(lifetime(&root, &answer), Some(seconds), "{body}");
    }
    for end_of_line in ["\r\n", "\n"] {
        let body = multipart(&[("duration", "60")], end_of_line);
        assert_eq!(lifetime(&root, &impersonate(MULTIPART, &body)), Some(60));
    }
    for body in ["", "x=1", "duration=", "email=x@y.z", "duration=&x=y"] {
        assert_eq!(impersonate(URLENCODED, body).status, 200, "{body}");
    }
    let body = multipart(&[("email", "x@y.z")], "\r\n");
    assert_eq!(impersonate(MULTIPART, &body).status, 200);
    for body in [
        "duration=abc",
        "duration=1.5",
        "duration=true",
        "duration=%2060",
        "duration=%zz",
        "duration=60;x=1",
        "duration=99999999999999999999",
        "@jsonPayload=x",
    ] {
        assert_refused(
            &impersonate(URLENCODED, body),
            400,
            "loading the submitted data",
        );
    }
    assert_refused(
        &impersonate(URLENCODED, "duration=-1"),
        400,
        "validating the submitted data",
    );
    // In JSON a text is no number.
    let text = impersonate("application/json", r#"{"duration":"60"}"#);
    assert_refused(&text, 400, "loading");
}

#[test]
fn logins_take_the_first_of_equal_fields_and_over_them_the_object() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let email = user["email"].as_str().unwrap();
    let right = json!({ "password": PASSWORD }).to_string();
    for (parts, status) in [
        (
            vec![
                ("identity", email),
                ("identity", "x"),
                ("password", PASSWORD),
            ],
            200,
        ),
        (
            vec![
                ("identity", "x"),
                ("identity", email),
                ("password", PASSWORD),
            ],
            400,
        ),
        (
            vec![("a", ""), ("identity", email), ("password", PASSWORD)],
            200,
        ),
        (
            vec![
                ("@jsonPayload", &right),
                ("identity", email),
                ("password", "wrong"),
            ],
            200,
        ),
    ] {
        let url = format!("{USERS}/auth-with-password");
        let answer = send(root.app.post(&url), URLENCODED, &urlencoded(&parts));
        assert_eq!(answer.status, status, "{parts:?}");
        root.app.clock.advance(Duration::from_mins(1));
    }
}

#[test]
fn realtime_takes_its_topics_from_a_form() {
    let root = Root::new();
    let client = Client::connect(&root.app);
    let id = client.id.as_str();
    let subscribe = |content_type: &str, body: &str| {
        send(root.app.post("/api/realtime"), content_type, body).status
    };
    let payload = json!({ "clientId": id, "subscriptions": ["a"] }).to_string();
    for parts in [
        vec![("clientId", id), ("subscriptions", "tbl_auth_users/*")],
        vec![
            ("clientId", id),
            ("subscriptions", "a"),
            ("subscriptions", "b"),
        ],
        vec![("clientId", id), ("clientId", "x")],
        vec![("@jsonPayload", &payload)],
    ] {
        assert_eq!(subscribe(URLENCODED, &urlencoded(&parts)), 204, "{parts:?}");
        assert_eq!(
            subscribe(MULTIPART, &multipart(&parts, "\r\n")),
            204,
            "{parts:?}"
        );
    }
    assert_eq!(subscribe(URLENCODED, "subscriptions=a"), 400);
    let long = urlencoded(&[("clientId", id), ("subscriptions", &"a".repeat(2501))]);
    assert_eq!(subscribe(URLENCODED, &long), 400);
    let text = json!({ "clientId": id, "subscriptions": "a" }).to_string();
    assert_eq!(subscribe("application/json", &text), 400);
}

#[test]
fn what_is_subscribed_by_a_form_is_heard() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let mut client = Client::connect(&root.app);
    let parts = [
        ("clientId", client.id.clone()),
        ("subscriptions", "tbl_auth_users/*".to_owned()),
    ];
    let parts = parts.each_ref().map(|(name, text)| (*name, text.as_str()));
    let call = root.call("POST", "/api/realtime");
    assert_eq!(send(call, URLENCODED, &urlencoded(&parts)).status, 204);
    root.update(USERS, &user["id"], &json!({ "users_level": "7" }))
        .ok();
    assert_eq!(client.hears().0, "tbl_auth_users/*");
}

#[test]
fn records_take_forms_of_every_shape() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let update = |content_type: &str, body: &str| {
        let call = root.call("PATCH", &path(USERS, &user["id"]));
        send(call, content_type, body)
    };
    let payload = json!({ "users_name": "b" }).to_string();
    let other = json!({ "users_name": "c", "users_level": "7" }).to_string();
    for (parts, field, expected) in [
        (
            vec![("users_name", "a"), ("@jsonPayload", &*payload)],
            "users_name",
            json!("b"),
        ),
        (
            vec![("@jsonPayload", &payload), ("users_name", "a")],
            "users_name",
            json!("b"),
        ),
        (
            vec![("@jsonPayload", &payload), ("@jsonPayload", &other)],
            "users_name",
            json!("c"),
        ),
        (
            vec![("users_level", "a"), ("users_level", "b")],
            "users_level",
            json!(""),
        ),
        (vec![("users_level", "1.50")], "users_level", json!("1.50")),
        (vec![("users_level", "true")], "users_level", json!("true")),
        (vec![("users_level", "a\nb")], "users_level", json!("a\nb")),
        (
            vec![("users_rank_level", "5"), ("users_rank_level+", "2")],
            "users_rank_level",
            json!(7),
        ),
        (
            vec![("", "x"), ("users_name", "e")],
            "users_name",
            json!("e"),
        ),
    ] {
        for (content_type, body) in [
            (URLENCODED, urlencoded(&parts)),
            (MULTIPART, multipart(&parts, "\r\n")),
            (MULTIPART, multipart(&parts, "\n")),
        ] {
            let answer = update(content_type, &body).ok();
            assert_eq!(answer[field], expected, "{body}");
        }
    }
    for payload in ["x", "[1]", ""] {
        let parts = [("@jsonPayload", payload), ("users_name", "z")];
        assert_eq!(update(MULTIPART, &multipart(&parts, "\r\n")).status, 400);
        assert_eq!(update(URLENCODED, &urlencoded(&parts)).status, 400);
    }
}

#[test]
fn an_object_replaces_a_field_of_the_same_kind_only() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let update = |parts: &[(&str, &str)]| {
        let call = root.call("PATCH", &path(USERS, &user["id"]));
        send(call, URLENCODED, &urlencoded(parts))
    };
    for (field, text, payload, expected) in [
        ("users_level", "a", json!("b"), Some(json!("b"))),
        ("users_level", "", json!("b"), Some(json!("b"))),
        ("users_level", "a", json!(null), Some(json!(""))),
        ("users_level", "5", json!(7), Some(json!("7"))),
        ("users_level", "true", json!(false), Some(json!("false"))),
        ("users_rank_level", "5", json!(null), Some(json!(0))),
        ("users_level", "5", json!("b"), None),
        ("users_level", "true", json!(1), None),
        ("users_level", "a", json!(["b"]), None),
        ("users_level", "a", json!({ "a": 1 }), None),
        ("users_rank_level", "abc", json!(7), None),
        ("users_rank_level", "", json!(7), None),
    ] {
        let payload = json!({ field: payload }).to_string();
        let answer = update(&[("@jsonPayload", &payload), (field, text)]);
        match expected {
            Some(expected) => assert_eq!(answer.ok()[field], expected, "{text} {payload}"),
            None => assert_refused(&answer, 400, "Something went wrong"),
        }
    }
    for payload in [
        r#"{"users_level":"x"}{"users_name":"j"}"#,
        r#"{"users_level":"x"} x"#,
        " ",
    ] {
        let answer = update(&[("@jsonPayload", payload)]);
        assert_refused(&answer, 400, "Something went wrong");
    }
    let twice = [("users_level", "a"), ("users_level", "b")];
    let list = [("@jsonPayload", r#"{"users_level":["c"]}"#)];
    assert_eq!(update(&[&twice[..], &list].concat()).status, 200);
    let text = [("@jsonPayload", r#"{"users_level":"c"}"#)];
    assert_eq!(update(&[&twice[..], &text].concat()).status, 400);
    let other = [("@jsonPayload", r#"{"users_level":7}"#)];
    assert_eq!(update(&[text, other].concat()).status, 400);
    assert_eq!(update(&[("@jsonPayload", "null")]).status, 200);
}

#[test]
fn junk_is_refused_and_what_only_looks_like_it_is_taken() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let update = |content_type: &str, body: &str| {
        let call = root.call("PATCH", &path(USERS, &user["id"]));
        send(call, content_type, body)
    };
    for body in [
        "users_name=%zz",
        "users_name=a&%zz=1",
        "users_name=a;users_level=b",
    ] {
        assert_refused(&update(URLENCODED, body), 400, "Something went wrong");
    }
    for (body, name) in [
        ("&&users_name=q&&", "q"),
        ("users_name=a+b", "a b"),
        ("users_name=a=b", "a=b"),
        ("=x", "a=b"),
    ] {
        assert_eq!(update(URLENCODED, body).ok()["users_name"], name, "{body}");
    }
    let part = multipart(&[("users_name", "p")], "\r\n");
    for (body, status) in [
        (format!("preamble\r\n{part}"), 200),
        (format!("{part}epilogue"), 200),
        ("--X--\r\n".to_owned(), 200),
        (
            "--X\r\nContent-Disposition: form-data\r\n\r\nnone\r\n--X--\r\n".to_owned(),
            200,
        ),
        (part.trim_end().trim_end_matches('-').to_owned(), 400),
        ("--Y\r\n".to_owned(), 400),
    ] {
        assert_eq!(update(MULTIPART, &body).status, status, "{body}");
    }
}

#[test]
fn auth_refresh_refuses_a_body_that_cannot_be_read() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let login = log_in(
        &root.app,
        &json!({ "identity": user["email"], "password": PASSWORD }),
    );
    let token = login.ok()["token"].as_str().unwrap().to_owned();
    for (collection, token) in [(USERS, &token), (SUPERUSERS, &root.token)] {
        let url = format!("{collection}/auth-refresh");
        let refresh = |token: &str, content_type: &str, body: &str| {
            let call = root.app.post(&url).header("Authorization", token);
            send(call, content_type, body)
        };
        for (content_type, body, message) in [
            ("application/json", "{", "Something went wrong"),
            ("application/json", "[1]", "Something went wrong"),
            ("text/plain", "x", "Unsupported Content-Type."),
            (URLENCODED, "%zz", "Something went wrong"),
            (MULTIPART, "zz", "Something went wrong"),
        ] {
            assert_refused(&refresh(token, content_type, body), 400, message);
            assert_refused(&refresh("x", content_type, body), 401, "requires valid");
        }
        for body in [" ", "\n", "\u{feff}"] {
            let answer = refresh(token, "application/json", body);
            assert_refused(&answer, 400, "Something went wrong");
        }
        for body in ["", "null", "{}", " {}", r#"{"a":1}"#] {
            assert_eq!(
                refresh(token, "application/json", body).status,
                200,
                "{body}"
            );
        }
    }
}

#[test]
fn a_deletion_refuses_a_body_that_cannot_be_read() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let delete = |content_type: &str, body: &str| {
        let call = root.call("DELETE", &path(USERS, &user["id"]));
        send(call, content_type, body)
    };
    assert_refused(
        &delete("application/json", "{"),
        400,
        "Something went wrong",
    );
    assert_refused(&delete("text/plain", "x"), 400, "Unsupported Content-Type.");
    assert_refused(
        &delete("application/json", " "),
        400,
        "Something went wrong",
    );
    assert_eq!(delete("application/json", r#"{"a":1}"#).status, 204);
    // Go reads no urlencoded fields of a DELETE.
    for (n, body) in [(2, "a=%zz"), (3, "a;b"), (4, "a=b")] {
        let user = root.user(n, &json!({}));
        let call = root.call("DELETE", &path(USERS, &user["id"]));
        assert_eq!(send(call, URLENCODED, body).status, 204, "{body}");
    }
}

#[test]
fn health_tells_superusers_where_they_come_from() {
    let root = Root::new();
    let health = |token: &str, header: (&str, &str)| -> Value {
        let call = root.app.get("/api/health").header("Authorization", token);
        call.header(header.0, header.1).send().ok()["data"].clone()
    };
    let user = root.user(1, &json!({}));
    let login = log_in(
        &root.app,
        &json!({ "identity": user["email"], "password": PASSWORD }),
    );
    let user = login.ok()["token"].as_str().unwrap().to_owned();
    for token in ["", "x", &user] {
        assert_eq!(health(token, ("X-A", "b")), json!({}));
    }
    for (header, expected) in [
        (("X-Forwarded-For", "1.2.3.4"), "X-Forwarded-For"),
        (("CF-Connecting-IP", "1.2.3.4"), "CF-Connecting-IP"),
        (("X-Real-IP", "1.2.3.4"), ""),
        (("X-Forwarded-For", ""), ""),
    ] {
        let data = health(&root.token, header);
        assert_eq!(
            data,
            json!({ "canBackup": true, "possibleProxyHeader": expected, "realIP": "127.0.0.1" })
        );
    }
    let busy = Arc::clone(&root.app.app.maintenance)
        .try_lock_owned()
        .unwrap();
    assert_eq!(health(&root.token, ("X-A", "b"))["canBackup"], false);
    drop(busy);
    assert_eq!(health(&root.token, ("X-A", "b"))["canBackup"], true);
}
