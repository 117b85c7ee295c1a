//! A whole server on a port of its own, with a stub for WeChat and a client that checks every answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bai::app::App;
use bai::clock::Clock;
use bai::config::{Config, Provider};
use bai::domain::{Collections, RecordId, User};
use bai::random::Random;
use bai::server::Server;
use bai::store::{Location, PostgresSettings, Record};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::failing_disk::FailingDisk;
use crate::support::pocketbase_api::speaks_at;
use crate::support::steps::{self, Step};
use crate::support::wechat_stub::WechatStub;
use crate::support::{canary, engine, openapi_document};

/// Each server draws other "random" bytes; no test depends on which.
static SEED: AtomicU64 = AtomicU64::new(1);

pub struct TestApp {
    pub base: String,
    /// The address for monitoring, if `metrics.listen` is set.
    pub watch: Option<String>,
    pub clock: Clock,
    pub app: Arc<App>,
    pub stub: WechatStub,
    runtime: Option<Runtime>,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<JoinHandle<()>>,
}

impl TestApp {
    /// A server with cheap password hashes, limits off, a database in memory and a clock that stands still.
    pub fn spawn() -> Self {
        Self::spawn_with(|_| ())
    }

    pub fn spawn_with(configure: impl FnOnce(&mut Config)) -> Self {
        Self::spawn_on(&FailingDisk::default().location(), configure)
    }

    /// A server on that database in a file. If tests run on PostgreSQL, one that is in memory only is in a database there.
    pub fn spawn_on(location: &Location, configure: impl FnOnce(&mut Config)) -> Self {
        canary::watch();
        let stub = WechatStub::start();
        let mut config = Config::default();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.limits.enabled = false;
        (config.password.log_n, config.password.p) = (4, 1);
        config.wechat.provider = Provider::Wechat;
        config.wechat.app_id = "wx_test".into();
        config.wechat.secret = canary::APP_SECRET.into();
        config.wechat.base_url = stub.url.as_str().into();
        if let (Location::Custom(_), Some(url)) = (location, engine::new_database()) {
            engine::configure(&mut config, &url);
        }
        configure(&mut config);
        let seed = SEED.fetch_add(1, Ordering::Relaxed);
        let clock = Clock::manual(Timestamp::from_millisecond(1_795_327_836_858).unwrap());
        let store = PostgresSettings::of(&config.store);
        canary::plant_token_key(location, store.as_ref(), seed, clock.now());
        let base_path = config.server.base_path.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime
            .block_on(Server::bind(
                config,
                location,
                clock.clone(),
                Random::seeded(seed),
            ))
            .unwrap();
        let base = format!("http://{}{base_path}", server.local_addr().unwrap());
        let watch = server
            .watch_addr()
            .unwrap()
            .map(|address| format!("http://{address}"));
        let app = Arc::clone(server.app());
        let (stop, stopped) = oneshot::channel();
        let ended = runtime.spawn(server.run(async { drop(stopped.await) }));
        Self {
            base,
            watch,
            clock,
            app,
            stub,
            runtime: Some(runtime),
            stop: Some(stop),
            ended: Some(ended),
        }
    }

    /// Stops the server as a signal does, and waits until it has ended.
    pub fn stop(mut self) {
        drop(self.stop.take());
        let ended = self.ended.take();
        if let (Some(ended), Some(runtime)) = (ended, &self.runtime) {
            runtime.block_on(ended).unwrap();
        }
    }

    pub fn post(&self, path: &str) -> Call {
        Call::new("POST", &self.base, path)
    }

    pub fn get(&self, path: &str) -> Call {
        Call::new("GET", &self.base, path)
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &self.base, path)
    }

    /// Runs a future on the server's runtime.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(future)
    }

    /// Replaces the collections, as an import does.
    pub fn set_collections(&self, collections: Collections) {
        self.block_on(async {
            self.app.store.set_collections(collections).await.unwrap();
            self.app.follow_state().await.unwrap();
        });
    }

    /// Takes steps with records behind the server's back.
    pub fn take(&self, steps: impl IntoIterator<Item = Step>) -> Vec<Record> {
        let taken = steps::take(&self.app.store, self.clock.now(), steps);
        self.block_on(taken).unwrap()
    }

    /// Changes a user behind the server's back.
    pub fn change_user(&self, id: &RecordId, change: impl FnOnce(&mut User) + Send + 'static) {
        self.take([Step::change_user(id, change)]);
    }

    pub fn wechat_login(&self, code: &str) -> Answer {
        self.post("/api/wechat/login")
            .json(&json!({ "users_wx_code": canary::code(code) }))
            .send()
    }

    /// Logs in the WeChat user and gives its token.
    pub fn wechat_token(&self, code: &str) -> String {
        self.wechat_login(code).ok()["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub fn register(&self, phone: &str, password: &str) -> Answer {
        self.post("/api/platform/register")
            .json(&registration(phone, password))
            .send()
    }

    pub fn login(&self, phone: &str, password: &str) -> Answer {
        self.post("/api/platform/login")
            .json(&json!({ "users_phone": phone, "password": password }))
            .send()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
        if !std::thread::panicking() {
            canary::watch().assert_nothing_leaked();
        }
    }
}

pub fn registration(phone: &str, password: &str) -> Value {
    json!({
        "users_name": "张三",
        "users_phone": phone,
        "password": password,
        "passwordConfirm": password,
        "users_picture": "https://example.com/avatar.png",
    })
}

pub fn profile(phone_code: &str) -> Value {
    json!({
        "users_name": "李四",
        "users_phone_code": canary::code(phone_code),
        "users_picture": "https://example.com/b.png",
    })
}

/// A request under construction.
pub struct Call {
    method: String,
    url: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer, already held against the OpenAPI document.
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

/// The part of an answer that did not arrive.
#[derive(Debug, PartialEq)]
pub enum Lost {
    Whole,
    Half,
}

fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .accept_encoding("identity")
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .max_idle_connections(0);
        config.build().new_agent()
    })
}

impl Call {
    pub fn new(method: &str, base: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: format!("{base}{path}"),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(body.to_string().as_bytes())
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub fn send(self) -> Answer {
        self.try_send().unwrap()
    }

    /// # Errors
    /// There was no whole answer.
    pub fn try_send(self) -> Result<Answer, Lost> {
        let mut request = ureq::http::Request::builder()
            .method(self.method.as_str())
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(self.body).unwrap();
        let mut response = agent().run(request).map_err(|_| Lost::Whole)?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_vec().map_err(|_| Lost::Half)?,
        };
        answer.check(&self.method, &self.path);
        Ok(answer)
    }
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The body of a success.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// `data` of a success in the envelope.
    pub fn data(&self) -> Value {
        let body = self.ok();
        assert_eq!(body["code"], 200);
        body["data"].clone()
    }

    /// Asserts an error in the envelope whose text contains `part`.
    pub fn assert_error(&self, status: u16, part: &str) {
        let body = self.json();
        assert_eq!(self.status, status, "{body}");
        assert!(
            body["msg"].as_str().unwrap().contains(part),
            "no {part:?} in {body}"
        );
    }

    /// Asserts the rules that hold for every answer.
    fn check(&self, method: &str, path: &str) {
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        let leak = canary::find_in_answer(path, self.status, &self.body);
        assert_eq!(
            leak,
            None,
            "in the answer {}",
            String::from_utf8_lossy(&self.body)
        );
        assert_eq!(canary::find(&format!("{:?}", self.headers)), None);
        if self.status >= 400 && method != "HEAD" {
            assert_eq!(self.header("content-type"), "application/json");
            let body = self.json();
            let keys: Vec<_> = body
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            if speaks_at(path) {
                assert_eq!(keys, ["data", "message", "status"]);
                assert_eq!(body["status"], self.status);
                assert!(
                    body["data"].is_object() && body["message"].as_str().unwrap().ends_with('.'),
                    "{body}"
                );
                return openapi_document::check(method, path, self);
            }
            assert_eq!(keys, ["code", "msg", "data", "message"]);
            assert_eq!(body["code"], self.status);
            assert_eq!(body["msg"], body["message"]);
            assert!(
                body["msg"]
                    .as_str()
                    .unwrap()
                    .chars()
                    .any(|c| c >= '\u{4e00}'),
                "not Chinese: {body}"
            );
            assert!(self.status == 503 || body["data"] == json!({}));
        }
        openapi_document::check(method, path, self);
    }
}
