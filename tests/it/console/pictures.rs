//! Pictures of every view for the documentation, of a server with three months behind it. With `BAI_PICTURES` they are kept in that folder;
//! docs/console.md says how those of docs/images are made.

use std::path::Path;
use std::time::Duration;

use bai::domain::{
    Actor, AuditEvent, Cause, EventKind, IdType, OpenId, Phone, RecordId, Status, TokenKey, User,
};
use bai::store::{Location, Write};
use jiff::Timestamp;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::pocketbase_api::COMPANIES;

const DAYS: u64 = 90;
const FAMILY: [&str; 8] = ["李", "王", "张", "刘", "陈", "杨", "赵", "周"];
const GIVEN: [&str; 7] = ["伟", "芳", "娜", "敏", "静", "强", "磊"];
const NAMES: [&str; 3] = ["Blue Ocean Trading", "青山科技", "North Gate Foods"];

/// A number that looks thrown, the same each time.
fn thrown(n: u64, below: u64) -> u64 {
    n.wrapping_mul(6_364_136_223_846_793_005).rotate_left(29) % below
}

fn pick<'a>(words: &[&'a str], n: u64) -> &'a str {
    words[usize::try_from(thrown(n, words.len() as u64)).unwrap()]
}

fn user(n: u64, created: Timestamp) -> User {
    let id = RecordId::parse(&format!("u{n:014}")).unwrap();
    let openid = OpenId::parse(&format!("o_{n:024}")).unwrap();
    let is_wechat = thrown(n, 4) > 0;
    let id_type = if is_wechat {
        IdType::WeChat
    } else {
        IdType::ManagePlatform
    };
    let key = TokenKey::new([7; 16]);
    let is_disabled = thrown(n + 7, 14) == 0;
    User {
        name: format!("{}{}", pick(&FAMILY, n), pick(&GIVEN, n + 1)),
        phone: Phone::parse(&format!("138{:08}", 10_000_000 + n * 7_919)).ok(),
        company_id: format!("C00{}", 1 + thrown(n + 3, 3)),
        status: if is_disabled {
            Status::Disabled
        } else {
            Status::Active
        },
        ..User::new(id, openid, id_type, uuid::Uuid::nil(), key, created)
    }
}

/// Some users of each of the last days, more by and by, and fewer at weekends.
fn users(now: Timestamp) -> Vec<User> {
    let mut users = Vec::new();
    for ago in (0..DAYS).rev() {
        let weekend = if ago % 7 < 2 { 2 } else { 0 };
        let count = 3 + (DAYS - ago) / 12 + thrown(ago, 4) - weekend;
        for _ in 0..count {
            let n = users.len() as u64;
            let at = now - Duration::from_hours(24 * ago) - Duration::from_secs(thrown(n, 9_000));
            users.push(user(n, at));
        }
    }
    users
}

/// Logins of a day, some of which fail.
fn logins(now: Timestamp, users: &[User]) -> Vec<AuditEvent> {
    let event = |n: u64| {
        let user = &users[usize::try_from(thrown(n, users.len() as u64)).unwrap()];
        let hours =
            Duration::from_hours(thrown(n, 24)).min(Duration::from_hours(thrown(n + 1, 24)));
        let at = now - hours - Duration::from_secs(1 + thrown(n, 3_000));
        let source = [203, 0, 113, u8::try_from(thrown(n, 250)).unwrap()].into();
        if thrown(n, 9) > 0 {
            return AuditEvent::new(at, EventKind::Login, Actor::User(user.id.clone()))
                .from(source)
                .detail("wechat");
        }
        let cause = if thrown(n + 2, 3) > 0 {
            Cause::WrongPassword
        } else {
            Cause::CodeRefused
        };
        let failure = AuditEvent::new(at, EventKind::LoginFailed, Actor::Nobody).from(source);
        failure.because(cause).about(user.id.as_str())
    };
    (0..420).map(event).collect()
}

/// A server that has been in use for a while.
fn in_use(dir: &Path) -> Console {
    let location = Location::File(dir.join("bai.redb"));
    let app = TestApp::spawn_on(&location, |config| {
        config.limits.enabled = true;
        config.backup.dir = dir.join("backups");
        config.backup.every = Some(Duration::from_hours(24));
    });
    let console = Console::of(app);
    for (n, name) in NAMES.iter().enumerate() {
        let body = json!({ "company_id": format!("C00{}", n + 1), "company_name": name, "company_type": "Customer", "company_status": 1 });
        console.root.create(COMPANIES, &body).ok();
    }
    let app = &console.root.app;
    let now = app.clock.now();
    let users = users(now);
    let writes = users.iter().cloned().map(Write::insert).collect();
    app.block_on(app.app.store.commit(writes)).unwrap();
    for event in logins(now, &users) {
        app.app.audit(event);
    }
    console
}

/// Requests now and then, while the overview looks at their rate.
fn pass_a_while(console: &Console) {
    let app = &console.root.app;
    for n in 0..6 {
        for _ in 0..=thrown(n, 30) {
            app.get("/api/health").send();
        }
        app.clock.advance(Duration::from_secs(4));
        std::thread::sleep(Duration::from_secs(4));
    }
}

fn open(console: &Console, view: &str) {
    console.open(view);
    console.wait(
        "return all('main:not([aria-busy]) h1').length === 1 && location.hash === arguments[0] && !document.querySelector('main [aria-busy]')",
        &json!([view]),
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn every_view_of_a_server_in_use_has_its_picture() {
    let dir = tempfile::tempdir().unwrap();
    let console = in_use(dir.path());
    console.browser.emulate(1200, "light");
    console.sign_in(PASSWORD);
    console.waits_for("New users by day");
    pass_a_while(&console);
    console.browser.keep_picture("overview");
    console.browser.emulate(390, "light");
    console.browser.keep_picture("overview-phone");
    console.browser.emulate(1200, "light");
    let found = console.run(
        "return all('nav a').map((it) => it.getAttribute('href').slice(2)).filter(Boolean)",
        &json!([]),
    );
    let views: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert!(views.len() >= 4, "{views:?}");
    for view in views {
        open(&console, &format!("#/{view}"));
        console.browser.keep_picture(view);
    }
    open(&console, "#/users");
    console.waits_for_rows(50);
    console.browser.emulate(1200, "dark");
    console.browser.keep_picture("users-dark");
    console.browser.emulate(390, "dark");
    console.browser.keep_picture("users-phone");
    console.browser.emulate(1200, "light");
    open(&console, "#/users/u00000000000001");
    console.browser.keep_picture("user");
    console.assert_clean(&[]);
}
