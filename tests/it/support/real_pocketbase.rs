//! A real PocketBase. `BAI_POCKETBASE` is its binary; `BAI_POCKETBASES` is a folder that has one of each version, as `VERSION/bin/pocketbase`.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::pictures::{Part, file, form};

pub const ROOT: (&str, &str) = ("root@example.com", "canary superuser");

pub fn binary() -> PathBuf {
    std::env::var_os("BAI_POCKETBASE")
        .expect("BAI_POCKETBASE is the path of PocketBase's binary")
        .into()
}

/// The binary of a version.
pub fn binary_of(version: &str) -> PathBuf {
    let folder = std::env::var_os("BAI_POCKETBASES")
        .expect("BAI_POCKETBASES is the path of a folder with a folder for each version");
    let binary = Path::new(&folder).join(version).join("bin/pocketbase");
    assert!(binary.is_file(), "there is no PocketBase {version}");
    binary
}

/// Makes the superuser [`ROOT`] in `data`, which need not be there.
pub fn create_root(binary: &Path, data: &Path) {
    let mut command = Command::new(binary);
    command
        .args(["superuser", "upsert", ROOT.0, ROOT.1])
        .arg("--dir")
        .arg(data);
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
}

/// The folder with the migrations and hooks that bai takes the place of.
pub fn our_hooks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_pocketbase")
}

fn answer_to_form(
    request: ureq::RequestBuilder<ureq::typestate::WithBody>,
    token: &str,
    parts: &[Part],
) -> Value {
    let mut response = request
        .header("Authorization", token)
        .header(
            "Content-Type",
            "multipart/form-data; boundary=WABoundary+0A",
        )
        .send(&form(parts)[..])
        .unwrap();
    serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
}

/// A running PocketBase; killed when dropped.
pub struct PocketBase {
    child: Child,
    base: String,
}

impl PocketBase {
    /// Serves `data` with the migrations and hooks in `hooks`, or without any.
    pub fn start(data: &Path, hooks: Option<&Path>, wechat: &str) -> Self {
        Self::start_with(&binary(), data, hooks, wechat)
    }

    /// Serves `data` with this binary, and without migrations and hooks.
    pub fn start_binary(binary: &Path, data: &Path) -> Self {
        Self::start_with(binary, data, None, "")
    }

    fn start_with(binary: &Path, data: &Path, hooks: Option<&Path>, wechat: &str) -> Self {
        let nothing = data.join("nothing");
        let folder = |name: &str| hooks.map_or(nothing.clone(), |hooks| hooks.join(name));
        // PocketBase takes port 0, but does not say which one it got.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let mut command = Command::new(binary);
        command.args([
            "serve",
            "--http",
            &address,
            "--automigrate=false",
            "--hooksWatch=false",
        ]);
        command.arg("--dir").arg(data);
        command
            .arg("--migrationsDir")
            .arg(folder("pb_migrations"))
            .arg("--hooksDir")
            .arg(folder("pb_hooks"));
        command
            .env("WECHAT_BASE_URL", wechat)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = loop {
            let line = lines
                .next()
                .expect("PocketBase says where it listens")
                .unwrap();
            if let Some((_, base)) = line.split_once("Server started at ") {
                break base.to_owned();
            }
        };
        thread::spawn(move || lines.for_each(drop));
        // PocketBase says so a moment before it does.
        while TcpStream::connect(&address).is_err() {
            thread::sleep(Duration::from_millis(5));
        }
        Self { child, base }
    }

    pub fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        let request = request
            .header("Authorization", token)
            .header("Content-Type", "application/json");
        let mut response = agent.run(request.body(body.to_string()).unwrap()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (
            response.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        )
    }

    /// Status and headers of the answer to a GET with these headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, String)]) -> (u16, ureq::http::HeaderMap) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .accept_encoding("identity")
            .proxy(None)
            .build()
            .new_agent();
        let request = agent.get(format!("{}{path}", self.base));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        let response = request.call().unwrap();
        (response.status().as_u16(), response.headers().clone())
    }

    /// A record made of a form.
    pub fn create_by_form(&self, collection: &str, token: &str, parts: &[Part]) -> Value {
        let path = format!("{}/api/collections/{collection}/records", self.base);
        answer_to_form(ureq::post(path), token, parts)
    }

    /// The record at a path below the collections, changed by a form with one file.
    pub fn update_by_form(&self, path: &str, token: &str, field: &str, bytes: &[u8]) -> Value {
        let path = format!("{}/api/collections/{path}", self.base);
        answer_to_form(ureq::patch(path), token, &[file(field, bytes)])
    }

    pub fn ok(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, token, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    pub fn log_in(&self, collection: &str, identity: &str, password: &str) -> (u16, Value) {
        let path = format!("/api/collections/{collection}/auth-with-password");
        self.call(
            "POST",
            &path,
            "",
            &json!({ "identity": identity, "password": password }),
        )
    }

    /// All records of a collection, which are 500 at most.
    pub fn records(&self, collection: &str, token: &str) -> Vec<Value> {
        let path = format!("/api/collections/{collection}/records?perPage=500");
        let page = self.ok("GET", &path, token, &json!({}));
        page["items"].as_array().unwrap().clone()
    }

    pub fn root(&self) -> String {
        self.log_in("_superusers", ROOT.0, ROOT.1).1["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.child.wait().unwrap();
    }
}

impl Drop for PocketBase {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
