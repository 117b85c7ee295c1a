//! Keys and settings in the console.

use std::collections::BTreeSet;

use bai::config::Config;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::console::Console;

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_new_key_makes_tokens_and_the_old_one_reads_its_own() {
    let console = Console::signed_in();
    console.press("Keys");
    console.waits_for_heading("Keys");
    console.waits_for("makes new tokens");
    console.press("New key");
    console.waits_for("Nobody is signed out");
    console.press("Cancel");
    console.wait("return !document.querySelector('dialog')", &json!([]));
    console.press("New key");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("New key");
    console.waits_to_be_told("New tokens are made with a new key.");
    console.wait("return all('tbody tr').length === 2", &json!([]));
    console.waits_for("reads its tokens until ");
    let keys = console.root.get("/api/keys").ok();
    assert_eq!(keys["items"].as_array().unwrap().len(), 2);
    assert_eq!(console.root.events("kind=command").len(), 1);
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn settings_are_found_by_key_value_and_meaning_and_secrets_are_stars() {
    let console = Console::of(TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.metrics.token = "canary-metrics-token".into();
        config.server.base_path = String::new();
    }));
    console.sign_in(crate::support::canary::PASSWORD);
    console.waits_for_heading("Overview");
    console.press("Settings");
    console.waits_for_heading("Settings");
    let count = |words: &str| {
        console.fill("Search settings", words);
        console
            .run("return all('.setting').length", &json!([]))
            .as_u64()
            .unwrap()
    };
    let settings = Config::default().settings().unwrap();
    assert_eq!(count(""), settings.len() as u64);
    assert_eq!(count("metrics.token"), 1);
    console.waits_for("\"***\"");
    assert_eq!(count("BAI_METRICS__TOKEN"), 1);
    assert!(count("appsecret") >= 1);
    assert_eq!(count("no such thing"), 0);
    console.waits_for("0 found");
    console.run("location.reload()", &json!([]));
    console.waits_for_heading("Settings");
    assert_eq!(console.value("Search settings"), "no such thing");
    console.press("中文");
    console.waits_for_heading("配置");
    console.fill("搜索配置", "有效期");
    console.waits_for("用户 token 的有效期。");
    console.browser.picture("console-settings-found");
    console.assert_clean(&[]);
}

/// The server tells meanings in English; those in Chinese are the console's.
#[test]
fn every_setting_has_a_meaning_in_chinese() {
    let app = TestApp::spawn();
    let module = app.get("/_/texts/settings_zh.js").send();
    let lines = module
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("  \""));
    let told: BTreeSet<_> = lines
        .map(|line| line.split('"').next().unwrap().to_owned())
        .collect();
    let settings = Config::default().settings().unwrap();
    let keys: BTreeSet<_> = settings.into_iter().map(|setting| setting.key).collect();
    assert_eq!(told, keys);
}
