//! Several servers on one PostgreSQL: each a process that logs little, hashes quickly and is killed when dropped.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::{Answer, Call, registration};
use crate::support::binary::bai;
use crate::support::canary::{self, PASSWORD};
use crate::support::pocketbase_api::SUPERUSERS;
use crate::support::postgres::database;

/// The superuser of [`Instance::set_up`].
const EMAIL: &str = "root@example.com";
/// Time that a server may take to listen, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server.
pub struct Instance {
    pub base: String,
    process: Child,
    folder: TempDir,
}

/// The settings of an instance: the database, a synchronous standby if it has to have one, and more.
pub fn settings(url: &str, require_sync: bool) -> Vec<(&'static str, String)> {
    [
        ("BAI_STORE__URL", url),
        ("BAI_STORE__REQUIRE_SYNC", &require_sync.to_string()),
        ("BAI_SERVER__LISTEN", "127.0.0.1:0"),
        ("BAI_WECHAT__PROVIDER", "sandbox"),
        ("BAI_LIMITS__ENABLED", "false"),
        ("BAI_PASSWORD__LOG_N", "4"),
        ("BAI_LOG__LEVEL", "info"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

impl Instance {
    /// A server on a database that needs no standby, without limits.
    pub fn start(url: &str) -> Self {
        Self::start_with(&settings(url, false))
    }

    pub fn start_with(settings: &[(&str, String)]) -> Self {
        Self::launch(settings).listens()
    }

    /// A process that was begun and does not listen yet.
    pub fn launch(settings: &[(&str, String)]) -> Launched {
        let folder = tempfile::tempdir().unwrap();
        let mut command = bai(folder.path(), &["serve"]);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        Launched::new(command, folder)
    }

    pub fn get(&self, path: &str) -> Call {
        Call::new("GET", &self.base, path)
    }

    pub fn post(&self, path: &str) -> Call {
        Call::new("POST", &self.base, path)
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &self.base, path)
    }

    pub fn wechat_login(&self, code: &str) -> Answer {
        let body = json!({ "users_wx_code": canary::code(code) });
        self.post("/api/wechat/login").json(&body).send()
    }

    pub fn register(&self, phone: &str) -> Answer {
        let body = registration(phone, PASSWORD);
        self.post("/api/platform/register").json(&body).send()
    }

    pub fn login(&self, phone: &str, password: &str) -> Answer {
        let body = json!({ "users_phone": phone, "password": password });
        self.post("/api/platform/login").json(&body).send()
    }

    /// The number of users that it tells.
    pub fn users(&self) -> Option<u64> {
        let count = self.post("/api/system/users-count").send();
        (count.status == 200).then(|| count.data()["total_users"].as_u64().unwrap())
    }

    /// The status of a request that needs the token of a user.
    pub fn refresh(&self, token: &str) -> u16 {
        let call = self.post("/api/system/refresh-token").bearer(token);
        call.send().status
    }

    /// Makes the first superuser by the link in the log; its record and a token.
    pub fn set_up(&self) -> (Value, String) {
        let log = self.log();
        let (_, link) = log.split_once("/setup#").expect("a set-up link");
        let secret = link.split(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c));
        let body = json!({
            "token": secret.into_iter().next(), "email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD,
        });
        assert_eq!(self.post("/api/setup").json(&body).send().status, 204);
        let login = self.superuser_login().ok();
        let token = login["token"].as_str().unwrap().to_owned();
        (login["record"].clone(), token)
    }

    pub fn superuser_login(&self) -> Answer {
        let body = json!({ "identity": EMAIL, "password": PASSWORD });
        let path = format!("{SUPERUSERS}/auth-with-password");
        self.post(&path).json(&body).send()
    }

    /// Kills it as a machine dies.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn log(&self) -> String {
        read_log(self.folder.path())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            println!("the log of {}:\n{}", self.base, self.log());
        } else {
            assert_eq!(canary::find_in_log(&self.log()), None);
        }
    }
}

/// Two servers on one database.
pub fn two() -> (String, [Instance; 2]) {
    let url = database();
    let servers = [Instance::start(&url), Instance::start(&url)];
    (url, servers)
}

/// The token that a login gave.
pub fn token(login: &Answer) -> String {
    login.ok()["token"].as_str().unwrap().to_owned()
}

/// A process that was begun; it has to be asked for what became of it.
pub struct Launched {
    process: Child,
    folder: TempDir,
}

impl Launched {
    /// Begins a process whose log goes to its folder.
    pub fn new(mut command: Command, folder: TempDir) -> Self {
        let log = File::create(folder.path().join("log")).unwrap();
        command
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(Stdio::from(log));
        Self {
            process: command.spawn().unwrap(),
            folder,
        }
    }

    /// Waits until it listens.
    pub fn listens(mut self) -> Instance {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = read_log(self.folder.path());
            if let Some((_, rest)) = log.split_once("bai listens on ") {
                let base = rest.split([' ', '"', '\n']).next().unwrap().to_owned();
                return Instance {
                    base,
                    process: self.process,
                    folder: self.folder,
                };
            }
            assert!(self.process.try_wait().unwrap().is_none(), "ended: {log}");
            assert!(Instant::now() < deadline, "it does not listen: {log}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it ends by itself: whether with success, and its words.
    pub fn ends(mut self) -> (bool, String) {
        let status = self.process.wait().unwrap();
        (status.success(), read_log(self.folder.path()))
    }
}

fn read_log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap()
}
