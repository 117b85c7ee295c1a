//! The pages in a real browser.

use bai::config::Provider;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::canary::PASSWORD;
use crate::support::superuser::log_in;

fn sandbox() -> TestApp {
    TestApp::spawn_with(|config| {
        config.wechat.provider = Provider::Sandbox;
        config.wechat.app_id.clear();
        config.limits.enabled = true;
    })
}

fn wait_for_operations(browser: &Browser, count: usize) {
    browser.wait(
        "return document.querySelectorAll('.opblock').length === arguments[0]",
        &json!([count]),
    );
}

/// Opens an operation on the docs page and presses Execute; status and body of the answer, as the page shows them.
fn execute(browser: &Browser, operation: &str) -> (String, Value) {
    let at = json!([operation]);
    browser.wait(
        "const op = document.querySelector(`[id$='-${arguments[0]}']`);
         if (!op.classList.contains('is-open')) op.querySelector('.opblock-summary-control').click();
         return !!op.querySelector('button.execute');",
        &at,
    );
    browser.run(
        "document.querySelector(`[id$='-${arguments[0]}'] button.execute`).click()",
        &at,
    );
    let shown = browser.wait(
        "const row = document.querySelector(`[id$='-${arguments[0]}'] .live-responses-table .response`);
         const body = row && row.querySelector('.highlight-code code');
         return row && body && [row.querySelector('.response-col_status').innerText.trim().split(/\\s/)[0], body.innerText];",
        &at,
    );
    let body = serde_json::from_str(shown[1].as_str().unwrap()).unwrap();
    (shown[0].as_str().unwrap().to_owned(), body)
}

/// Presses Authorize, leaves the old token if there is one, and enters this one.
fn authorize(browser: &Browser, token: &str) {
    browser.run(
        "document.querySelector('.auth-wrapper .authorize').click()",
        &json!([]),
    );
    browser.wait(
        "const out = [...document.querySelectorAll('.auth-btn-wrapper button')].find(b => b.innerText === 'Logout');
         if (out) out.click();
         return !!document.querySelector('.modal-ux input');",
        &json!([]),
    );
    browser.run(
        "const input = document.querySelector('.modal-ux input');
         Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, arguments[0]);
         input.dispatchEvent(new Event('input', { bubbles: true }));
         document.querySelector('.modal-ux .auth-btn-wrapper .authorize').click();",
        &json!([token]),
    );
    browser.wait(
        "const done = document.querySelector('.modal-ux .btn-done');
         if (done) done.click();
         return !document.querySelector('.modal-ux');",
        &json!([]),
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_docs_page_tries_out_every_kind_of_login() {
    let app = sandbox();
    let browser = Browser::start();
    browser.go(&format!("{}/docs", app.base));
    // The contract's and those of avatars are open.
    wait_for_operations(&browser, 8 + 2);
    let title = browser.run(
        "return document.querySelector('.info .title').innerText",
        &json!([]),
    );
    assert!(
        title.as_str().unwrap().starts_with("bai 接口文档"),
        "{title}"
    );
    browser.picture("docs");
    for (tag, count) in [
        ("PocketBase", 8 + 2 + 33),
        ("Webhook", 8 + 2 + 34),
        ("其他程序", 8 + 2 + 35),
        ("PocketBase(不提供)", 8 + 2 + 46),
    ] {
        browser.run(
            "document.querySelector(`h3[data-tag='${arguments[0]}']`).click()",
            &json!([tag]),
        );
        wait_for_operations(&browser, count);
    }

    let (status, registered) = execute(&browser, "platformRegister");
    assert_eq!(
        (status.as_str(), &registered["meta"]["data"]["status"]),
        ("200", &json!("register_success"))
    );
    assert_eq!(registered["record"]["users_level"], "");
    authorize(&browser, registered["token"].as_str().unwrap());
    let (status, refreshed) = execute(&browser, "refreshToken");
    assert_eq!(status, "200", "{refreshed}");
    assert!(
        refreshed["data"]["token"]
            .as_str()
            .unwrap()
            .starts_with("pb.")
    );
    browser.picture("docs-refreshed");

    let (status, login) = execute(&browser, "wechatLogin");
    assert_eq!(
        (status.as_str(), &login["record"]["openid"]),
        ("200", &json!("o_0a1b2c3d4e5f6g"))
    );
    authorize(&browser, login["token"].as_str().unwrap());
    let (status, updated) = execute(&browser, "wechatProfile");
    assert_eq!(
        (status.as_str(), &updated["data"]["status"]),
        ("200", &json!("update_success"))
    );

    for operation in [
        "platformLogin",
        "testHelloWorld",
        "health",
        "usersCount",
        "pbHealth",
        "pbListRecords",
    ] {
        assert_eq!(execute(&browser, operation).0, "200", "{operation}");
    }
    browser.assert_clean(&app.base, &[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_landing_page_says_how_the_server_is() {
    let app = sandbox();
    let browser = Browser::start();
    browser.go(&format!("{}/", app.base));
    browser.wait(
        "return document.querySelector('.status.good')?.innerText",
        &json!([]),
    );
    let example = browser.run(
        "return document.getElementById('example').innerText",
        &json!([]),
    );
    assert!(
        example
            .as_str()
            .unwrap()
            .contains(&format!("{}/api/wechat/login", app.base))
    );
    browser.picture("landing");
    browser.run("document.querySelector('a[href=docs]').click()", &json!([]));
    browser.wait(
        "return document.querySelectorAll('.opblock').length === 8 + 2",
        &json!([]),
    );
    browser.assert_clean(&app.base, &[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_set_up_page_makes_the_first_superuser_and_hides_its_secret() {
    let app = sandbox();
    let link = app
        .block_on(bai::auth::issue_set_up_link(&app.app))
        .unwrap()
        .unwrap();
    let browser = Browser::start();
    browser.go(&format!("{}/setup#{link}", app.base));
    let address = browser.wait(
        "return document.getElementById('email') && location.href",
        &json!([]),
    );
    assert_eq!(address, format!("{}/setup", app.base));
    let fill = |confirm: &str| {
        browser.run(
            "['email', 'password', 'confirm'].forEach((id, n) => { document.getElementById(id).value = arguments[n]; });
             document.getElementById('submit').click();",
            &json!(["first@example.com", PASSWORD, confirm]),
        );
    };
    fill("canary-other");
    let said = browser.wait(
        "return document.getElementById('message').innerText",
        &json!([]),
    );
    assert_eq!(said, "两次输入的密码不一致");
    browser.picture("setup");
    fill(PASSWORD);
    // It ends at the console, which knows the address.
    let address = browser.wait(
        "return location.pathname === '/_/' && document.querySelector('#sign-in input[type=email]')?.value",
        &json!([]),
    );
    assert_eq!(address, "first@example.com");
    assert_eq!(log_in(&app, "first@example.com", PASSWORD).status, 200);
    browser.assert_clean(&app.base, &[]);
    browser.go(&format!("{}/setup", app.base));
    let without = browser.wait(
        "return document.querySelector('.message.bad')?.innerText",
        &json!([]),
    );
    assert!(
        without.as_str().unwrap().contains("bai superuser create"),
        "{without}"
    );
}
