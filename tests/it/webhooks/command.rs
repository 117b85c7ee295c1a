//! `bai webhooks`, and what is shown of a webhook: never its secret, nor its path.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::app::registration;
use crate::support::binary::{Running, bai, run};
use crate::support::canary::{self, PASSWORD};
use crate::support::pb_data::{PbData, import};
use crate::support::webhook_receiver::{Receiver, Reply, wait_until};

/// A folder with a configuration that names the receiver.
fn folder(receiver: &Receiver) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "webhooks = {}\n[password]\nlog_n = 1\np = 1\n[limits]\nenabled = false\n",
        receiver.setting()
    );
    std::fs::write(folder.path().join("config.toml"), text).unwrap();
    folder
}

fn server(folder: &Path) -> Running {
    Running::start(bai(folder, &["serve"]))
}

fn rows(folder: &Path, args: &[&str]) -> Vec<Value> {
    let (output, out, err) = run(folder, args);
    assert!(output.status.success(), "{err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn the_state_is_shown_and_what_waits_can_be_tried_at_once() {
    let receiver = Receiver::answering(|_| Reply::Status(500));
    let folder = folder(&receiver);
    let running = server(folder.path());
    running
        .post(
            "/api/platform/register",
            &registration("13800138000", PASSWORD),
        )
        .ok();
    let list = || rows(folder.path(), &["webhooks", "--json"])[0].clone();
    wait_until("it is down", || list()["failing_since"].is_string());
    let shown = list();
    assert_eq!(
        (&shown["number"], &shown["pending"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(shown["webhook"], format!("http://{}", receiver.address));
    assert!(shown["next_try"].is_string() && shown["oldest"].is_string());
    let (_, table, _) = run(folder.path(), &["webhooks"]);
    for words in [
        "number",
        "last failure",
        "all",
        "HTTP status 500",
        &format!("http://{}", receiver.address),
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
    receiver.answer(|_| Reply::Status(200));
    let (output, _, err) = run(folder.path(), &["webhooks", "retry", "1"]);
    assert!(output.status.success(), "{err}");
    receiver.wait_for_taken(1);
    wait_until("nothing waits", || list()["pending"] == 0);
    let (output, _, err) = run(folder.path(), &["webhooks", "retry", "2"]);
    assert!(
        !output.status.success() && err.contains("no webhook 2"),
        "{err}"
    );
    running.signal("-TERM");
    let (is_success, log) = running.wait();
    assert!(
        is_success && log.contains("a webhook takes no messages"),
        "{log}"
    );
    // Without a server the file is read.
    assert_eq!(
        rows(folder.path(), &["webhooks", "--json"])[0]["pending"],
        0
    );
    let (output, _, err) = run(folder.path(), &["webhooks", "retry"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err.contains("where the server runs"), "{err}");
}

#[test]
fn a_test_message_is_signed_as_the_real_ones_and_its_answer_is_told() {
    let receiver = Receiver::start();
    let folder = folder(&receiver);
    let running = server(folder.path());
    let (output, out, err) = run(folder.path(), &["webhooks", "test", "1"]);
    assert!(
        output.status.success() && out.contains("took the message"),
        "{out}{err}"
    );
    assert_eq!(receiver.told()[0].kind, "test");
    receiver.answer(|_| Reply::Status(401));
    let (output, _, err) = run(folder.path(), &["webhooks", "test", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("HTTP status 401"), "{err}");
    running.signal("-TERM");
    assert!(running.wait().0);
    // Without a server it is sent from here, and is an event, too.
    receiver.answer(|_| Reply::Status(200));
    let (output, _, err) = run(folder.path(), &["webhooks", "test", "1"]);
    assert!(
        output.status.success() && !err.contains("not written"),
        "{err}"
    );
    let events = rows(folder.path(), &["events", "--kind", "command", "--json"]);
    let details: Vec<_> = events.iter().map(|event| &event["detail"]).collect();
    assert!(details.contains(&&json!("webhooks test")), "{details:?}");
}

#[test]
fn an_import_of_pocketbase_tells_nothing() {
    let receiver = Receiver::start();
    let folder = folder(&receiver);
    let running = server(folder.path());
    let (is_success, out, err) = import(folder.path(), PbData::with_users(3).path(), &[]);
    assert!(is_success, "{out}{err}");
    let body = registration("13800138000", PASSWORD);
    let user = running.post("/api/platform/register", &body).ok()["record"]["id"].clone();
    receiver.wait_for_taken(1);
    let list = || rows(folder.path(), &["webhooks", "--json"])[0].clone();
    wait_until("nothing waits", || list()["pending"] == 0);
    let told: Vec<_> = receiver.told().into_iter().map(|told| told.user).collect();
    assert_eq!(json!(told), json!([user]));
    running.signal("-TERM");
    assert!(running.wait().0);
}

#[test]
fn a_new_secret_is_one_that_the_configuration_takes_and_no_configuration_is_needed_for_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "nonsense").unwrap();
    let secret = || {
        let output = bai(folder.path(), &["webhooks", "secret"])
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let (one, other) = (secret(), secret());
    assert_ne!(one, other);
    assert!(bai::config::WebhookSecret::parse(&one).is_some(), "{one}");
}

#[test]
fn neither_the_configuration_nor_its_errors_show_a_secret() {
    let receiver = Receiver::start();
    let folder = folder(&receiver);
    let (output, out, _) = run(folder.path(), &["config"]);
    assert!(output.status.success());
    assert!(out.contains(&receiver.address.to_string()), "{out}");
    for wrong in [
        receiver.setting().replace("secret =", "secrets ="),
        receiver.setting().replace("whsec_", "whsec"),
        receiver
            .setting()
            .replace("http://127.0.0.1", "http://example.com"),
        receiver.setting().replace(['[', ']'], ""),
        receiver.setting().replace("}]", "}, 7]"),
        format!("\"{}\"", receiver.url()),
        receiver.url(),
    ] {
        let mut command: Command = bai(folder.path(), &["config"]);
        let output = command.env("BAI_WEBHOOKS", &wrong).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{wrong}");
        assert!(
            err.contains("BAI_WEBHOOKS") && canary::find(&err).is_none(),
            "{err}"
        );
        std::fs::write(
            folder.path().join("wrong.toml"),
            format!("webhooks = {wrong}"),
        )
        .unwrap();
        let (output, _, err) = run(folder.path(), &["--config", "wrong.toml", "config"]);
        assert!(!output.status.success() && err.contains("line 1"), "{err}");
    }
}
