//! The web pages of `clients/web/` in a real browser, served from another origin than the server's.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::canary::PASSWORD;
use crate::support::static_files;

/// Messages of the browser itself about answers that are errors.
const REFUSALS: [&str; 1] = ["Failed to load resource"];

/// Fills in the form, presses a button, and gives what the page says then.
fn act(browser: &Browser, fields: &Value, button: &str) -> String {
    browser.run(
        "for (const [name, value] of Object.entries(arguments[0])) document.querySelector(`[name=${name}]`).value = value;
         document.querySelector('output').dataset.kind = '';
         document.querySelector(`button[value=${arguments[1]}]`).click();",
        &json!([fields, button]),
    );
    let said = browser.wait(
        "const output = document.querySelector('output'); return !!output.dataset.kind && output.textContent",
        &json!([]),
    );
    said.as_str().unwrap().to_owned()
}

/// The folder of the pages, with PocketBase's SDK in it.
fn pages() -> String {
    let folder = std::env::var("BAI_WEB")
        .expect("BAI_WEB names clients/web after npm ci, which .ci/run installs");
    static_files::serve(folder.into())
}

#[test]
#[ignore = "needs chromium, chromedriver, and clients/web after npm ci in BAI_WEB; .ci/run runs it"]
fn both_pages_register_log_in_refresh_and_save_the_profile() {
    let app = TestApp::spawn_with(|config| config.limits.enabled = false);
    let pages = pages();
    let browser = Browser::start();
    for (page, phone) in [("sdk", "13800000001"), ("fetch", "13800000002")] {
        browser.go(&format!("{pages}/{page}.html?bai={}", app.base));
        let user = |name: &str| format!("{name}\u{ff0c}{phone}\u{ff0c}注册用户");
        let nobody = json!({});
        let form = json!({ "users_phone": phone, "password": "canary", "users_name": "张三" });
        let short = act(&browser, &form, "register");
        assert!(short.starts_with("密码至少需要 8 个字符"), "{short}");
        let password = json!({ "password": PASSWORD });
        assert_eq!(act(&browser, &password, "register"), user("张三"));
        assert_eq!(act(&browser, &nobody, "refresh"), user("张三"));
        let name = json!({ "users_name": "李四" });
        assert_eq!(act(&browser, &name, "save"), user("李四"));
        let blank = json!({ "users_name": "" });
        assert_eq!(act(&browser, &blank, "save"), "昵称不能为空");
        assert_eq!(act(&browser, &nobody, "logout"), "已退出登录");
        let ended = "登录已失效\u{ff0c}请重新登录";
        assert_eq!(act(&browser, &nobody, "refresh"), ended);
        let wrong = json!({ "password": "canary but wrong" });
        let said = act(&browser, &wrong, "login");
        assert!(said.contains("密码错误"), "{said}");
        assert_eq!(act(&browser, &password, "login"), user("李四"));
        browser.cut_off(true);
        let gone = act(&browser, &nobody, "refresh");
        assert_eq!(gone, "网络不可用\u{ff0c}请检查网络后重试");
        browser.cut_off(false);
        browser.assert_clean("http://127.0.0.1:", &REFUSALS);
    }
}
