//! The pages in a real browser: Debian's chromium, driven over the W3C WebDriver protocol by chromedriver.
//!
//! A dozen HTTP calls do not need one of the WebDriver crates, which bring an HTTP stack of their own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bai::config::Provider;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::superuser::log_in;

const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with one page; closed when dropped.
struct Browser {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, rest)) = line.split_once("successfully on port ") {
                break rest.trim_end_matches('.').to_owned();
            }
        };
        thread::spawn(move || lines.for_each(drop));
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1280,1600",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "args": args },
        } } });
        let base = format!("http://127.0.0.1:{port}/session");
        let created = request(&base, &capabilities);
        let session = format!("{base}/{}", created["sessionId"].as_str().unwrap());
        let browser = Self {
            driver,
            session,
            _profile: profile,
        };
        // Leaves the browser's own first page, and forgets what that one asked for.
        browser.go("about:blank");
        browser.log("performance");
        browser
    }

    fn go(&self, url: &str) {
        request(&format!("{}/url", self.session), &json!({ "url": url }));
    }

    /// Runs JavaScript in the page and gives what it returns.
    fn run(&self, script: &str, args: &Value) -> Value {
        request(
            &format!("{}/execute/sync", self.session),
            &json!({ "script": script, "args": args }),
        )
    }

    /// Runs `script` until it returns something, within patience.
    fn wait(&self, script: &str, args: &Value) -> Value {
        let started = Instant::now();
        loop {
            let value = self.run(script, args);
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "nothing from: {script} {args}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        request(
            &format!("{}/se/log", self.session),
            &json!({ "type": kind }),
        )
        .as_array()
        .unwrap()
        .clone()
    }

    /// The URLs that the page asked for.
    fn requested_urls(&self) -> Vec<String> {
        let messages = self.log("performance").into_iter();
        let events = messages.map(|entry| {
            serde_json::from_str::<Value>(entry["message"].as_str().unwrap()).unwrap()
        });
        events
            .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
            .map(|event| {
                event["message"]["params"]["request"]["url"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    /// Keeps a picture in `BAI_SCREENSHOTS`, if that names a folder.
    fn picture(&self, name: &str) {
        let Ok(folder) = std::env::var("BAI_SCREENSHOTS") else {
            return;
        };
        let mut answer = ureq::get(format!("{}/screenshot", self.session))
            .call()
            .unwrap();
        let body: Value = answer
            .body_mut()
            .with_config()
            .limit(1 << 26)
            .read_json()
            .unwrap();
        let png = base64::engine::general_purpose::STANDARD
            .decode(body["value"].as_str().unwrap())
            .unwrap();
        std::fs::write(format!("{folder}/{name}.png"), png).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn request(url: &str, body: &Value) -> Value {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let mut answer = config.new_agent().post(url).send_json(body).unwrap();
    let text = answer
        .body_mut()
        .with_config()
        .limit(1 << 26)
        .read_to_string()
        .unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer.status(), 200, "{url}: {text}");
    body["value"].clone()
}

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

fn assert_clean(browser: &Browser, base: &str) {
    let complaints: Vec<_> = browser
        .log("browser")
        .into_iter()
        .filter(|entry| entry["level"] == "SEVERE")
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    let urls = browser.requested_urls();
    assert!(!urls.is_empty());
    let own = |url: &String| url.starts_with(base) || url.starts_with("data:");
    assert!(urls.iter().all(own), "{urls:?}");
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_docs_page_tries_out_every_kind_of_login() {
    let app = sandbox();
    let browser = Browser::start();
    browser.go(&format!("{}/docs", app.base));
    // PocketBase's are folded.
    wait_for_operations(&browser, 8);
    let title = browser.run(
        "return document.querySelector('.info .title').innerText",
        &json!([]),
    );
    assert!(
        title.as_str().unwrap().starts_with("bai 接口文档"),
        "{title}"
    );
    browser.picture("docs");
    for (tag, count) in [("PocketBase", 8 + 25), ("PocketBase(不提供)", 8 + 36)] {
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
    assert_clean(&browser, &app.base);
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
        "return document.querySelectorAll('.opblock').length === 8",
        &json!([]),
    );
    assert_clean(&browser, &app.base);
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
        browser.wait(
            "const text = document.getElementById('message').innerText; return !text.endsWith('…') && text",
            &json!([]),
        )
    };
    assert_eq!(fill("canary-other"), "两次输入的密码不一致");
    let said = fill(PASSWORD);
    browser.picture("setup");
    assert!(
        said.as_str().unwrap().contains("first@example.com"),
        "{said}"
    );
    assert_eq!(log_in(&app, "first@example.com", PASSWORD).status, 200);
    assert_clean(&browser, &app.base);
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
