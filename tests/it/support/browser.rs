//! A real browser: Debian's chromium, driven over the W3C WebDriver protocol by chromedriver.
//!
//! A dozen HTTP calls do not need one of the WebDriver crates, which bring an HTTP stack of their own.

use std::io::{BufRead, BufReader};
use std::iter;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);

/// A driver and its port; nothing if it ended at once, as it does when the port of its choice is free in one version of IP and
/// taken in the other.
fn start_driver() -> Option<(Child, String)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("successfully on port ")?;
        Some(rest.trim_end_matches('.').to_owned())
    });
    let Some(port) = port else {
        driver.wait().unwrap();
        return None;
    };
    thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

/// A browser with one page; closed when dropped.
pub struct Browser {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = iter::repeat_with(start_driver)
            .take(20)
            .flatten()
            .next()
            .unwrap();
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
            "--lang=en-US",
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

    pub fn go(&self, url: &str) {
        request(&format!("{}/url", self.session), &json!({ "url": url }));
    }

    /// Runs JavaScript in the page and gives what it returns.
    pub fn run(&self, script: &str, args: &Value) -> Value {
        request(
            &format!("{}/execute/sync", self.session),
            &json!({ "script": script, "args": args }),
        )
    }

    /// Runs `script` until it returns something, within patience.
    pub fn wait(&self, script: &str, args: &Value) -> Value {
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

    pub fn log(&self, kind: &str) -> Vec<Value> {
        request(
            &format!("{}/se/log", self.session),
            &json!({ "type": kind }),
        )
        .as_array()
        .unwrap()
        .clone()
    }

    /// The URLs that the page asked for.
    pub fn requested_urls(&self) -> Vec<String> {
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

    /// Presses keys, one after the other, as a keyboard does: `\u{E004}` is Tab, `\u{E007}` Enter.
    pub fn press_keys(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        });
        let strokes: Vec<_> = strokes.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        request(
            &format!("{}/actions", self.session),
            &json!({ "actions": [keyboard] }),
        );
    }

    /// Gives the page this width, and the system these colours.
    pub fn emulate(&self, width: u32, colours: &str) {
        let size =
            json!({ "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = json!([{ "name": "prefers-color-scheme", "value": colours }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": scheme }));
    }

    /// Downloads go to this folder.
    pub fn download_to(&self, folder: &Path) {
        let allowed = json!({ "behavior": "allow", "downloadPath": folder });
        self.devtools("Browser.setDownloadBehavior", &allowed);
    }

    /// Sends so many bytes a second at most; 0: as many as can be.
    pub fn slow_uploads(&self, bytes: i64) {
        let most = if bytes == 0 { -1 } else { bytes };
        let conditions = json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": most });
        self.devtools("Network.enable", &json!({}));
        self.devtools("Network.emulateNetworkConditions", &conditions);
    }

    /// Chooses a file in what this selector finds, as in the dialog of the system.
    pub fn choose_file(&self, selector: &str, file: &Path) {
        let found = json!({ "using": "css selector", "value": selector });
        let element = request(&format!("{}/element", self.session), &found);
        let id = element.as_object().unwrap().values().next().unwrap();
        let url = format!("{}/element/{}/value", self.session, id.as_str().unwrap());
        request(&url, &json!({ "text": file }));
    }

    /// Cuts the page off from the network, or connects it again.
    pub fn cut_off(&self, offline: bool) {
        self.devtools("Network.enable", &json!({}));
        let network = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.emulateNetworkConditions", &network);
    }

    fn devtools(&self, command: &str, params: &Value) {
        request(
            &format!("{}/goog/cdp/execute", self.session),
            &json!({ "cmd": command, "params": params }),
        );
    }

    /// Holds that the page complained of nothing but what `expected` names, and asked nobody but `base` for anything.
    pub fn assert_clean(&self, base: &str, expected: &[&str]) {
        let is_expected = |entry: &Value| {
            let message = entry["message"].as_str().unwrap();
            expected.iter().any(|words| message.contains(words))
        };
        let complaints: Vec<_> = self
            .log("browser")
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE" && !is_expected(entry))
            .collect();
        assert!(complaints.is_empty(), "{complaints:?}");
        let urls = self.requested_urls();
        assert!(!urls.is_empty());
        let own = |url: &String| url.starts_with(base) || url.starts_with("data:");
        assert!(urls.iter().all(own), "{urls:?}");
    }

    /// Keeps a picture in `BAI_SCREENSHOTS`, if that names a folder.
    pub fn picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("BAI_SCREENSHOTS") {
            self.keep(&format!("{folder}/{name}.png"));
        }
    }

    /// Keeps a picture for the documentation in `BAI_PICTURES`, if that names a folder.
    pub fn keep_picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("BAI_PICTURES") {
            self.keep(&format!("{folder}/console-{name}.png"));
        }
    }

    fn keep(&self, path: &str) {
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
        std::fs::write(path, png).unwrap();
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
