//! Forms with files: no field takes one, so files are dropped as they come, and texts are taken.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::http_request::{connect, read_status};
use crate::support::pocketbase_api::USERS;
use crate::support::tls_client::wait_until;

const KIB: usize = 1024;

/// A part: its headers after the name, and its bytes.
struct Part(String, Vec<u8>);

fn text(name: &str, text: &str) -> Part {
    Part(format!("name=\"{name}\""), text.into())
}

fn file(name: &str, length: usize) -> Part {
    let headers = format!("name=\"{name}\"; filename=\"a photo.jpg\"\r\nContent-Type: image/jpeg");
    // With line breaks and dashes, as a boundary has them.
    Part(
        headers,
        b"\r\n--\xff\xd8"
            .iter()
            .copied()
            .cycle()
            .take(length)
            .collect(),
    )
}

fn form(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for Part(headers, bytes) in parts {
        body.extend(b"--x\r\nContent-Disposition: form-data; ");
        body.extend(headers.as_bytes());
        body.extend(b"\r\n\r\n");
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    body
}

struct Owner {
    app: TestApp,
    path: String,
    token: String,
}

impl Owner {
    fn new() -> Self {
        let app = TestApp::spawn_with(|config| config.server.body_timeout = Duration::from_secs(3));
        let session = app.register("13800138000", "12345678").ok();
        Self {
            path: format!(
                "{USERS}/records/{}",
                session["record"]["id"].as_str().unwrap()
            ),
            token: session["token"].as_str().unwrap().to_owned(),
            app,
        }
    }

    fn patch(&self, body: &[u8]) -> Answer {
        self.app
            .call("PATCH", &self.path)
            .bearer(&self.token)
            .header("Content-Type", "multipart/form-data; boundary=x")
            .body(body)
            .send()
    }

    fn record(&self) -> Value {
        self.app.get(&self.path).bearer(&self.token).send().ok()
    }
}

#[test]
fn texts_beside_files_are_taken_and_files_change_no_field() {
    let owner = Owner::new();
    let picture = owner.record()["users_picture"].clone();
    for (number, files) in [
        vec![file("avatar", 70 * KIB)],
        vec![file("avatar", 5 << 20)],
        vec![file("avatar", 0)],
        vec![file("users_picture", 100)],
        vec![file("a", 3 << 20), file("b", 4 << 20)],
    ]
    .into_iter()
    .enumerate()
    {
        let (first, last) = (format!("张{number}"), format!("level {number}"));
        let mut parts = vec![text("users_name", &first)];
        parts.extend(files);
        parts.push(text("users_level", &last));
        let record = owner.patch(&form(&parts)).ok();
        assert_eq!(record["users_name"], json!(first));
        assert_eq!(record["users_level"], json!(last));
        assert_eq!(record["users_picture"], picture);
    }
}

/// As the real PocketBase: what has an empty file name is a text.
#[test]
fn a_part_with_an_empty_file_name_is_a_text() {
    let owner = Owner::new();
    let part = Part("name=\"users_level\"; filename=\"\"".into(), b"5".to_vec());
    assert_eq!(owner.patch(&form(&[part])).ok()["users_level"], "5");
}

#[test]
fn texts_have_64_kib_and_files_what_is_dropped_of_a_body() {
    let owner = Owner::new();
    let long = "x".repeat(70 * KIB);
    let many: Vec<_> = (0..9)
        .map(|n| text(&format!("a{n}"), &long[..8 * KIB]))
        .collect();
    let endless = [
        b"--x\r\nContent-Disposition: form-data; ",
        long.repeat(3).as_bytes(),
    ]
    .concat();
    for (what, body) in [
        ("a long text", form(&[text("users_name", &long)])),
        (
            "a long text after a file",
            form(&[file("avatar", 1 << 20), text("users_name", &long)]),
        ),
        ("many texts", form(&many)),
        ("a long name", form(&[text(&long, "")])),
        ("headers without an end", endless),
        ("nine MiB", form(&[file("avatar", 9 << 20)])),
    ] {
        assert_eq!(owner.patch(&body).status, 413, "{what}");
    }
    assert_eq!(owner.record()["users_name"], "张三");
}

#[test]
fn a_form_that_is_broken_off_changes_nothing() {
    let owner = Owner::new();
    let whole = form(&[text("users_name", "李四"), file("avatar", 100 * KIB)]);
    for length in [whole.len() - 8, whole.len() / 2, 30] {
        assert_eq!(owner.patch(&whole[..length]).status, 400, "{length}");
    }
    assert_eq!(owner.record()["users_name"], "张三");
}

#[test]
fn what_is_dropped_takes_no_memory_and_the_time_of_any_body() {
    let owner = Owner::new();
    let body = form(&[text("users_name", "李四"), file("avatar", 7 << 20)]);
    let mut socket = connect(&owner.app);
    let head = format!(
        "PATCH {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n",
        owner.path,
        owner.token,
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    for piece in body[..6 << 20].chunks(64 * KIB) {
        socket.write_all(piece).unwrap();
        assert!(held(&owner.app) <= 128 * KIB);
    }
    assert_eq!(read_status(&mut socket), 408);
    wait_until("all is given back", || held(&owner.app) == 0);
}

fn held(app: &TestApp) -> usize {
    let metrics = app.get("/metrics").send();
    let line = metrics
        .text()
        .lines()
        .find_map(|line| line.strip_prefix("bai_request_memory_bytes "));
    line.unwrap().parse().unwrap()
}
