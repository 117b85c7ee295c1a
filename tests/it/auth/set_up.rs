//! The first superuser, by the link that the start prints.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use bai::domain::{Email, PlainPassword};
use serde_json::{Value, json};

use crate::support::app::{Answer, Call, TestApp};
use crate::support::binary::bai;
use crate::support::canary::{self, PASSWORD};
use crate::support::pocketbase_api::{SUPERUSERS, assert_error, fields};
use crate::support::superuser::{Root, log_in};

const EMAIL: &str = "first@example.com";
const VOID: &str =
    "The set-up link is not valid (any more); without a superuser, the next start prints another.";

fn form(token: &str) -> Value {
    json!({ "token": token, "email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD })
}

fn set_up(app: &TestApp, body: &Value) -> Answer {
    app.post("/api/setup").json(body).send()
}

fn offer(app: &TestApp) -> Option<String> {
    app.block_on(bai::auth::issue_set_up_link(&app.app))
        .unwrap()
}

#[test]
fn the_link_makes_one_superuser_once() {
    let app = TestApp::spawn();
    let link = offer(&app).unwrap();
    assert_error(
        &set_up(&app, &form("bai_setup_guess")),
        403,
        VOID,
        &json!({}),
    );
    let wrong =
        json!({ "token": link, "email": "first", "password": "short", "passwordConfirm": "other" });
    let message = "An error occurred while validating the submitted data.";
    let expected = fields(&[
        (
            "email",
            ("validation_is_email", "Must be a valid email address."),
        ),
        (
            "passwordConfirm",
            ("validation_values_mismatch", "Values don't match."),
        ),
    ]);
    let refused = set_up(&app, &wrong);
    let mut body = refused.json();
    assert_eq!((refused.status, &body["message"]), (400, &json!(message)));
    assert!(
        body["data"]
            .as_object_mut()
            .unwrap()
            .remove("password")
            .is_some()
    );
    assert_eq!(body["data"], expected);

    assert_eq!(set_up(&app, &form(&link)).status, 204);
    assert_eq!(log_in(&app, EMAIL, PASSWORD).status, 200);
    assert_error(&set_up(&app, &form(&link)), 403, VOID, &json!({}));
    assert_eq!(offer(&app), None);

    let token = log_in(&app, EMAIL, PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let events = app
        .get("/api/events?kind=set-up")
        .bearer(&token)
        .send()
        .ok();
    assert_eq!(
        (&events["items"][0]["actor"], &events["items"][0]["source"]),
        (&json!("superuser"), &json!("127.0.0.1"))
    );
    let failed = app
        .get("/api/events?kind=superuser-login-failed")
        .bearer(&token)
        .send()
        .ok();
    let failed = failed["items"].as_array().unwrap();
    assert!(
        failed.iter().all(|event| event["detail"] == "set-up link"),
        "{failed:?}"
    );
    assert_eq!(
        failed
            .iter()
            .map(|event| event["count"].as_u64().unwrap())
            .sum::<u64>(),
        2
    );
}

#[test]
fn the_link_is_good_for_half_an_hour_and_for_this_start_only() {
    let app = TestApp::spawn();
    let late = offer(&app).unwrap();
    app.clock.advance(Duration::from_mins(30));
    assert_error(&set_up(&app, &form(&late)), 403, VOID, &json!({}));
    let (older, newer) = (offer(&app).unwrap(), offer(&app).unwrap());
    assert_ne!(older, newer);
    assert_error(&set_up(&app, &form(&older)), 403, VOID, &json!({}));
    app.clock.advance(Duration::from_mins(29));
    assert_eq!(set_up(&app, &form(&newer)).status, 204);
}

#[test]
fn the_link_is_void_as_soon_as_there_is_a_superuser() {
    let app = TestApp::spawn();
    let link = offer(&app).unwrap();
    let password = PlainPassword::new(PASSWORD.to_owned()).unwrap();
    let made = bai::auth::create_superuser(
        &app.app,
        Email::parse("second@example.com").unwrap(),
        password,
    );
    app.block_on(made).unwrap();
    assert_error(&set_up(&app, &form(&link)), 403, VOID, &json!({}));
    assert_eq!(log_in(&app, EMAIL, PASSWORD).status, 400);
}

#[test]
fn without_a_link_nobody_is_set_up() {
    let app = TestApp::spawn();
    for token in [
        "",
        "bai_setup_",
        "bai_setup_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_error(&set_up(&app, &form(token)), 403, VOID, &json!({}));
    }
    assert_eq!(app.post("/api/setup").send().status, 400);
    assert_eq!(app.get("/api/setup").send().status, 404);
    let root = Root::new();
    assert_eq!(offer(&root.app), None);
}

/// A server with what it said until it was up; killed when dropped.
struct Started {
    child: Child,
    log: Vec<String>,
    base: String,
}

impl Started {
    fn new(dir: &Path) -> Self {
        let mut command = bai(dir, &["serve"]);
        command.envs([
            ("BAI_SERVER__LISTEN", "127.0.0.1:0"),
            ("BAI_PASSWORD__LOG_N", "4"),
        ]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut started = Self {
            child,
            log: Vec::new(),
            base: String::new(),
        };
        for line in lines {
            if let Some((_, rest)) = line.split_once("bai listens on ") {
                rest.split(' ')
                    .next()
                    .unwrap()
                    .clone_into(&mut started.base);
            }
            started.log.push(line);
            // The last that a start says.
            if started.log.last().unwrap().contains("sandbox is on") {
                break;
            }
        }
        started
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_first_start_prints_the_link_and_a_later_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let first = Started::new(dir.path());
    let offers: Vec<_> = first
        .log
        .iter()
        .filter(|line| canary::is_offer(line))
        .collect();
    assert_eq!(offers.len(), 1, "{:?}", first.log);
    let (page, token) = offers[0]
        .rsplit(' ')
        .next()
        .unwrap()
        .split_once('#')
        .unwrap();
    assert_eq!(page, format!("{}/setup", first.base));
    assert_eq!(Call::new("GET", &first.base, "/setup").send().status, 200);
    assert_eq!(
        Call::new("POST", &first.base, "/api/setup")
            .json(&form(token))
            .send()
            .status,
        204
    );
    let login = json!({ "identity": EMAIL, "password": PASSWORD });
    let path = format!("{SUPERUSERS}/auth-with-password");
    assert_eq!(
        Call::new("POST", &first.base, &path)
            .json(&login)
            .send()
            .status,
        200
    );
    drop(first);
    let later = Started::new(dir.path());
    assert!(
        !later
            .log
            .iter()
            .any(|line| canary::is_offer(line) || canary::find(line).is_some()),
        "{:?}",
        later.log
    );
}
