//! The overview: how the service is in words, how many users there are, the last backup.

use bai::store::Location;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::wechat_stub::{Reply, SESSION};

#[test]
#[ignore = "needs chromium and chromedriver"]
fn it_says_what_is_wrong_and_what_to_do_and_counts_users() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let app = TestApp::spawn_on(&Location::File(path.clone()), |config| {
        config.limits.enabled = true;
        config.store.path = path;
        // As behind a proxy: whoever may not read the metrics is told nothing, but superusers are.
        config.metrics.token = "canary-metrics-token".into();
    });
    let console = Console::of(app);
    for n in 1..=3 {
        let is_wechat = if n == 1 { "WeChat" } else { "ManagePlatform" };
        let more = json!({ "users_status": i32::from(n != 3), "users_idtype": is_wechat });
        console.root.user(n, &more);
    }
    console.sign_in(PASSWORD);
    console.waits_for("All is well.");
    console.waits_for("There is none. Set backup.every in config.toml");
    console.waits_for(bai::build_info::VERSION);
    let figures = console.wait(
        "const found = all('.figures li').map((it) => it.innerText.replace(/\\s+/, ' ')); return found.length > 0 && found;",
        &json!([]),
    );
    let expected = [
        "3 all",
        "2 active",
        "1 disabled",
        "1 by WeChat",
        "2 of the platform",
    ];
    assert_eq!(figures, json!(expected));

    let refused = json!({ "errcode": 45009, "errmsg": "reach max api daily quota limit" });
    console
        .root
        .app
        .stub
        .script(move |call| (call.path == SESSION).then_some(Reply::Json(refused.clone())));
    console.root.app.wechat_login("alice~1");
    let backup = console
        .root
        .call("POST", "/api/backups")
        .json(&json!({ "name": "before.zip" }));
    assert_eq!(backup.send().status, 204);
    console.press("Users");
    console.waits_for_rows(3);
    console.press("Overview");
    console.waits_for("Something is wrong.");
    console.waits_for("WeChat: the daily quota is used up. Raise or reset it at mp.weixin.qq.com.");
    console.waits_for("Raise or reset it at mp.weixin.qq.com. (errcode 45009)");
    console.waits_for("None is scheduled");
    console.waits_for("before.zip");
    // A figure leads to its users.
    console.press("1");
    console.waits_for_rows(1);
    console.assert_clean(&["503"]);
}

/// What the chart of that card says to who reads its table: its rows, and the last of them.
fn chart(console: &Console, card: &str) -> (u64, Value) {
    let found = console.wait(
        "const card = [...document.querySelectorAll('main section')].find((it) => words(it.querySelector('h2')) === arguments[0]);
         const rows = [...(card?.querySelectorAll('figure tbody tr') ?? [])];
         const bars = card?.querySelectorAll('figure svg g').length;
         return rows.length > 0 && [rows.length, bars, [...rows.at(-1).children].slice(1).map(words)];",
        &json!([card]),
    );
    assert_eq!(found[0], found[1]);
    (found[0].as_u64().unwrap(), found[2].clone())
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn new_users_and_logins_are_drawn_as_they_come_with_the_figures_as_a_table() {
    let console = Console::signed_in();
    let app = &console.root.app;
    console.waits_for("New users by day");
    assert_eq!(chart(&console, "Users now"), (90, json!(["0", "0"])));
    assert_eq!(chart(&console, "Logins by hour"), (24, json!(["0", "0"])));
    app.register("13800138000", PASSWORD).ok();
    app.login("13800138000", "canary-wrong")
        .assert_error(400, "");
    app.wechat_login("alice~0").ok();
    // It looks again by itself.
    console.waits_for("Logged in: 2");
    console.waits_for("Failed: 1");
    console.waits_for("wrong password");
    assert_eq!(chart(&console, "Logins by hour"), (24, json!(["2", "1"])));
    console.waits_for("Logins today");
    console.fill("Period", "168");
    assert_eq!(chart(&console, "Logins by hour"), (168, json!(["2", "1"])));
    console.press("Users");
    console.waits_for_rows(2);
    console.press("Overview");
    console.waits_for_heading("Overview");
    assert_eq!(chart(&console, "Users now"), (90, json!(["1", "1"])));
    console.browser.cut_off(true);
    console.waits_for("The server cannot be reached.");
    console.browser.cut_off(false);
    console.wait(
        "return !document.body.innerText.includes('cannot be reached')",
        &json!([]),
    );
    let base = &console.root.app.base;
    console
        .browser
        .assert_clean(base, &["ERR_INTERNET_DISCONNECTED"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_user_is_found_from_the_first_page_and_nobody_is_said_to_be_nobody() {
    let console = Console::signed_in();
    for n in 1..=12 {
        console.root.user(n, &json!({}));
    }
    console.fill("Find a user", "00000099");
    console.waits_for("None.");
    console.fill("Find a user", "138-0000 0012");
    console.press("用户12 · 13800000012");
    console.waits_for_heading("用户12");
    console.assert_clean(&[]);
}
