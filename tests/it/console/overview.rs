//! The overview: how the service is in words, how many users there are, the last backup.

use bai::store::Location;
use serde_json::json;

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
    let figures = console.run(
        "return all('.figures li').map((it) => it.innerText.replace(/\\s+/, ' '))",
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
    console.waits_for("WeChat: ");
    console.waits_for("daily quota");
    console.waits_for("before.zip");
    // A figure leads to its users.
    console.press("1");
    console.waits_for_rows(1);
    console.assert_clean(&["503"]);
}
