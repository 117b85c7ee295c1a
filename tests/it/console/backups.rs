//! Backups in the console: made, downloaded, uploaded, restored, deleted; the schedule and the bucket.

use std::fs;
use std::time::Duration;

use bai::store::Location;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::TestApp;
use crate::support::backup_schedule::{DAY, bucket, until_backed_up};
use crate::support::canary::PASSWORD;
use crate::support::console::{Console, until};
use crate::support::pocketbase_api::{USERS, path};
use crate::support::s3_stub::S3Stub;

/// A server on a file, and a browser at its backups.
fn at_backups(configure: impl FnOnce(&mut bai::config::Config)) -> (TempDir, Console) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let app = TestApp::spawn_on(&Location::File(path.clone()), |config| {
        config.limits.enabled = true;
        config.store.path = path;
        configure(config);
    });
    let console = Console::of(app);
    console.sign_in(PASSWORD);
    console.waits_for_heading("Overview");
    console.press("Backups");
    console.waits_for_heading("Backups");
    (dir, console)
}

fn names(console: &Console) -> Vec<Value> {
    let list = console.root.get("/api/backups").ok();
    list.as_array()
        .unwrap()
        .iter()
        .map(|it| it["key"].clone())
        .collect()
}

/// Presses a button in the row of this backup.
fn press_in_row(console: &Console, name: &str, words: &str) {
    console.wait(
        "const row = all('tbody tr').find((it) => it.textContent.includes(arguments[0]));
         const it = row && [...row.querySelectorAll('button')].find((it) => words(it) === arguments[1]);
         it?.click();
         return Boolean(it);",
        &json!([name, words]),
    );
}

fn make(console: &Console, name: &str) {
    console.fill("Name (may stay empty)", name);
    console.press("Make a backup");
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_backup_is_made_with_a_name_or_without_and_deleted() {
    let (_dir, console) = at_backups(|_| ());
    console.waits_for("There is none yet.");
    console.waits_for("No backups are made by themselves.");
    console.waits_for("Nothing is uploaded.");
    make(&console, "No Name");
    console.waits_for("Small letters, digits, - and _ only");
    make(&console, "before.redb");
    console.waits_to_be_told("The backup is made.");
    console.waits_for("before.redb");
    make(&console, "before.redb");
    console.waits_for("There is a backup of this name already.");
    make(&console, "");
    until(|| names(&console).len() == 2);
    console.wait("return all('tbody tr').length === 2", &json!([]));
    press_in_row(&console, "before.redb", "Delete");
    console.waits_for("Delete before.redb for good?");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("Delete");
    console.waits_to_be_told("before.redb is deleted.");
    assert_eq!(names(&console).len(), 1);
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_backup_is_downloaded_and_uploaded_again() {
    let (dir, console) = at_backups(|_| ());
    make(&console, "before.redb");
    console.waits_for("before.redb");
    let downloads = dir.path().join("downloads");
    console.browser.download_to(&downloads);
    press_in_row(&console, "before.redb", "Download");
    console.waits_for("before.redb is being downloaded");
    let file = downloads.join("before.redb");
    until(|| file.exists());
    let made = fs::read(dir.path().join("backups/before.redb")).unwrap();
    assert_eq!(fs::read(&file).unwrap(), made);

    let again = dir.path().join("again.redb");
    fs::rename(&file, &again).unwrap();
    console.browser.choose_file("input[type=file]", &again);
    console.waits_to_be_told("again.redb is uploaded and whole.");
    assert_eq!(
        fs::read(dir.path().join("backups/again.redb")).unwrap(),
        made
    );
    let broken = dir.path().join("broken.redb");
    fs::write(&broken, "no backup").unwrap();
    console.browser.choose_file("input[type=file]", &broken);
    console.waits_for("The file is no whole backup of this service.");
    console.browser.choose_file("input[type=file]", &again);
    console.waits_for("There is a backup of this name already.");
    assert_eq!(names(&console), ["again.redb", "before.redb"]);
    console.assert_clean(&["400"]);
}

/// The server is slow to take it: what is sent is shown, and it can be stopped.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn an_upload_shows_how_far_it_is_and_can_be_stopped() {
    let (dir, console) = at_backups(|_| ());
    let large = dir.path().join("large.redb");
    fs::File::create(&large).unwrap().set_len(1 << 30).unwrap();
    console.browser.slow_uploads(2 << 20);
    console.browser.choose_file("input[type=file]", &large);
    console.wait(
        "const it = document.querySelector('progress'); return it && it.value > 0",
        &json!([]),
    );
    console.waits_for("large.redb: ");
    console.press("Overview");
    console.waits_for("There are changes that are not saved.");
    console.press("Cancel");
    console.wait("return !document.querySelector('dialog')", &json!([]));
    console.press("Cancel");
    console.waits_to_be_told("The upload is stopped; nothing of it is kept.");
    assert_eq!(names(&console), [json!("")][..0]);
    console.browser.slow_uploads(0);
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_backup_is_restored_once_its_name_is_typed_and_asks_to_sign_in_if_need_be() {
    let (_dir, console) = at_backups(|_| ());
    let user = console.root.user(1, &json!({}));
    // Sessions are older than the backup, and outlive its restoration.
    console.root.app.clock.advance(Duration::from_secs(5));
    make(&console, "before.redb");
    console.waits_for("before.redb");
    let user_path = path(USERS, &user["id"]);
    assert_eq!(console.root.call("DELETE", &user_path).send().status, 204);

    press_in_row(&console, "before.redb", "Restore");
    console.waits_for("Put before.redb in the place of the database?");
    let is_open =
        || console.run("return !pressable('Restore').disabled", &json!([])) == json!(true);
    assert!(!is_open());
    console.fill("Type before.redb to go on", "before");
    assert!(!is_open());
    console.press("Cancel");
    console.wait("return !document.querySelector('dialog')", &json!([]));
    assert_eq!(console.root.get(&user_path).status, 404);

    press_in_row(&console, "before.redb", "Restore");
    console.fill("Type before.redb to go on", "before.redb");
    console.press("Restore");
    console.waits_to_be_told("before.redb is restored.");
    assert_eq!(console.root.get(&user_path).status, 200);

    // A session that is younger than the backup ends with its restoration.
    console.root.app.clock.advance(Duration::from_secs(5));
    console.press("Sign out");
    console.waits_for_heading("Sign in");
    console.sign_in(PASSWORD);
    console.waits_for("before.redb");
    press_in_row(&console, "before.redb", "Restore");
    console.fill("Type before.redb to go on", "before.redb");
    console.press("Restore");
    console.waits_for_heading("Sign in");
    console.root.app.clock.advance(Duration::from_secs(5));
    console.sign_in(PASSWORD);
    console.waits_for_heading("Backups");
    console.waits_for("before.redb");
    console.assert_clean(&["401", "403"]);
}

/// The connection is cut, as by a proxy that waits no longer, and the server does not answer for a while.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_restoration_whose_answer_is_lost_is_waited_for() {
    let (_dir, console) = at_backups(|_| ());
    console.root.app.clock.advance(Duration::from_secs(5));
    make(&console, "before.redb");
    console.waits_for("before.redb");
    console.run(
        "const ask = fetch;
         let down = false;
         window.fetch = async (url, options) => {
           if (String(url).endsWith('/restore')) { down = true; await ask(url, options); throw new TypeError(); }
           if (down) throw new TypeError();
           return ask(url, options);
         };
         window.up = () => (down = false);",
        &json!([]),
    );
    press_in_row(&console, "before.redb", "Restore");
    console.fill("Type before.redb to go on", "before.redb");
    console.press("Restore");
    console.waits_for("before.redb is being restored.");
    until(|| {
        let events = console.root.events("kind=command");
        events
            .iter()
            .any(|event| event["detail"] == "backup restore before.redb")
    });
    assert!(
        console.run(
            "return document.querySelector('progress') !== null",
            &json!([])
        ) == json!(true)
    );
    console.run("window.up()", &json!([]));
    console.waits_for("The connection was cut while before.redb was being restored.");
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn what_another_operator_does_appears_by_itself() {
    let (_dir, console) = at_backups(|_| ());
    console.waits_for("There is none yet.");
    let made = console.root.call("POST", "/api/backups");
    assert_eq!(
        made.json(&json!({ "name": "theirs.redb" })).send().status,
        204
    );
    console.waits_for("theirs.redb");
    assert_eq!(
        console
            .root
            .call("DELETE", "/api/backups/theirs.redb")
            .send()
            .status,
        204
    );
    press_in_row(&console, "theirs.redb", "Delete");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("Delete");
    console.waits_to_be_told("This backup is not there (any more).");
    console.waits_for("There is none yet.");
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_schedule_and_the_bucket_are_told() {
    let stub = S3Stub::start();
    let (_dir, console) = at_backups(|config| {
        config.backup.every = Some(DAY);
        bucket(config, &stub);
    });
    until_backed_up(&console.root.app);
    console.press("Overview");
    console.waits_for_heading("Overview");
    console.press("Backups");
    console.waits_for_heading("Backups");
    console.waits_for("It succeeded.");
    console.waits_for("bucket/bai/");
    console.waits_for("scheduled");
    console.browser.picture("console-backups-scheduled");
    let facts = console.run(
        "return all('.facts div').map((it) => it.innerText.replace(/\\s+/g, ' '))",
        &json!([]),
    );
    let facts = facts.as_array().unwrap();
    for fact in [
        "Every day",
        "Wait to be uploaded None.",
        "Kept 7",
        "Kept 30",
        "Newest there bai_auto_20261122061036.redb",
    ] {
        assert!(facts.contains(&json!(fact)), "{fact} is not in {facts:?}");
    }
    console.assert_clean(&[]);
}
