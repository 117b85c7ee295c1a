//! Both languages, phone and desktop, light and dark.

use bai::store::Location;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::superuser::EMAIL;

#[test]
#[ignore = "needs chromium and chromedriver"]
fn it_speaks_chinese_and_english_and_keeps_the_place_when_that_changes() {
    let console = Console::signed_in();
    console.press("Companies");
    console.waits_for_heading("Companies");
    console.press("中文");
    console.waits_for_heading("公司");
    assert_eq!(
        console.run("return document.documentElement.lang", &json!([])),
        "zh-CN"
    );
    console.press("用户");
    console.waits_for_heading("用户");
    console.press("退出");
    console.waits_for_heading("登录");
    console.fill("邮箱", EMAIL);
    console.fill("密码", PASSWORD);
    console.press("登录");
    console.waits_for("找到 0 条");
    console.press("English");
    console.waits_for_heading("Users");
    // Without a choice, the browser's language, which is English here.
    console.browser.go(&format!("{}/_/", console.root.app.base));
    console.waits_for_heading("Overview");
    console.assert_clean(&[]);
}

/// Names of one language that the other lacks.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn both_languages_say_the_same_things() {
    let console = Console::at_the_door();
    console.waits_for_heading("Sign in");
    console.run(
        "Promise.all(['en', 'zh'].map((it) => import(`/_/texts/${it}.js`))).then((both) => {
           const keys = (it, path) => typeof it === 'object'
             ? Object.entries(it).flatMap(([key, value]) => keys(value, `${path}.${key}`)) : [path];
           const free = (key) => key.startsWith('.fieldErrors.');
           const [en, zh] = both.map(({ text }) => keys(text, '').filter((key) => !free(key)));
           window.different = [en.filter((key) => !zh.includes(key)), zh.filter((key) => !en.includes(key)), en.length > 100];
         })",
        &json!([]),
    );
    let different = console.wait("return window.different", &json!([]));
    assert_eq!(different, json!([[], [], true]));
}

/// No view is wider than a phone; with `BAI_SCREENSHOTS` there are pictures of all to look at.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn every_view_fits_a_phone_in_light_and_dark() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let console = Console::of(TestApp::spawn_on(&Location::File(path.clone()), |config| {
        config.limits.enabled = true;
        config.store.path = path;
    }));
    console.root.create(
        "/api/collections/tbl_company",
        &json!({ "company_id": "C001", "company_name": "Blue Ocean", "company_status": 1 }),
    );
    let user = console.root.user(1, &json!({ "company_id": "C001", "users_name": "A name of sixty-four characters, which is as long as a name can be" .get(..64) }));
    for n in 2..20 {
        console.root.user(
            n,
            &json!({ "users_name": format!("Name {n}"), "users_status": i32::from(n % 5 != 0) }),
        );
    }
    for name in ["before-import.redb", "bai_auto_20261122061036.redb"] {
        let made = console.root.call("POST", "/api/backups");
        assert_eq!(made.json(&json!({ "name": name })).send().status, 204);
    }
    console.browser.picture("console-sign-in");
    console.sign_in(PASSWORD);
    console.waits_for_heading("Overview");
    let one = format!("#/users/{}", user["id"].as_str().unwrap());
    let superuser = format!(
        "#/superusers/{}",
        console.root.record["id"].as_str().unwrap()
    );
    for (name, hash) in [
        ("overview", "#/"),
        ("users", "#/users"),
        ("user", one.as_str()),
        ("new-user", "#/users/new"),
        ("import", "#/users/import"),
        ("companies", "#/companies"),
        ("new-company", "#/companies/new"),
        ("events", "#/events"),
        ("rules", "#/rules"),
        ("superusers", "#/superusers"),
        ("new-superuser", "#/superusers/new"),
        ("superuser", superuser.as_str()),
        ("backups", "#/backups"),
        ("keys", "#/keys"),
        ("settings", "#/settings"),
    ] {
        console.open(hash);
        console.wait(
            "return all('main:not([aria-busy]) h1').length === 1 && location.hash === arguments[0]",
            &json!([hash]),
        );
        for (width, colours) in [
            (390, "light"),
            (390, "dark"),
            (1280, "light"),
            (1280, "dark"),
        ] {
            console.browser.emulate(width, colours);
            let shown = console.run(
                "return document.documentElement.scrollWidth <= innerWidth && innerWidth",
                &json!([]),
            );
            assert_eq!(shown, width, "{name}");
            console
                .browser
                .picture(&format!("console-{name}-{width}-{colours}"));
        }
    }
    console.assert_clean(&[]);
}
