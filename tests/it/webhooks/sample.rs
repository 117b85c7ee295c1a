//! The receiver of docs/webhooks.md, run by node as a reader would run it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::webhook_receiver::{SECRET, wait_until, webhook};

/// The script of a page.
fn script(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("\n```js\n").unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

/// The script while it runs.
struct Sample {
    node: Child,
    address: String,
}

impl Sample {
    fn start(folder: &Path) -> Self {
        let file = folder.join("receiver.cjs");
        fs::write(&file, script("docs/webhooks.md")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut command = Command::new("node");
        command
            .arg(&file)
            .env("WEBHOOK_SECRET", SECRET)
            .env("PORT", free.port().to_string());
        let node = command.stdout(Stdio::piped()).spawn().unwrap();
        wait_until("node listens", || TcpStream::connect(free).is_ok());
        Self {
            node,
            address: format!("http://{free}/hooks"),
        }
    }

    /// The first line that it writes.
    fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.node.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

#[test]
fn the_sample_is_the_same_in_both_languages() {
    assert_eq!(script("docs/webhooks.md"), script("docs/zh-CN/webhooks.md"));
}

#[test]
#[ignore = "needs node; .ci/run runs it"]
fn the_sample_of_the_page_takes_our_messages_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut sample = Sample::start(folder.path());
    let hook = webhook(&sample.address);
    let app = TestApp::spawn_with(|config| config.webhooks = vec![hook]);
    let forged = || {
        let call = ureq::post(&sample.address).header("webhook-id", "msg_1");
        let call = call
            .header("webhook-timestamp", "1")
            .header("webhook-signature", "v1,x");
        call.config()
            .http_status_as_error(false)
            .build()
            .send("{}")
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(forged(), 401);
    // The clock of the test is not the machine's, which the sample looks at.
    app.clock.set(bai::clock::Clock::System.now());
    let user = app.register("13800138000", PASSWORD).ok()["record"]["id"].clone();
    let line = sample.line();
    let words: Vec<_> = line.split_whitespace().collect();
    assert!(words[0].starts_with("msg_"), "{line}");
    assert_eq!(json!(words[1..]), json!(["registration", user]));
}
