//! The binary as a process: commands that end, and a server that runs until it is told to stop.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use serde_json::Value;

use crate::support::app::{Answer, Call};
use crate::support::canary;
use crate::support::wechat_stub::WechatStub;

/// Variables that name the language of messages.
const LOCALE: [&str; 4] = ["LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"];

/// `bai` in an empty folder, with none of our variables from outside, and in English.
pub fn bai(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bai"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BAI_")) {
        command.env_remove(name);
    }
    for name in LOCALE {
        command.env_remove(name);
    }
    command.args(args).current_dir(dir).stdin(Stdio::null());
    command
}

/// Runs `bai` to its end; its output has no secret in it.
pub fn run(dir: &Path, args: &[&str]) -> (Output, String, String) {
    let output = bai(dir, args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        canary::find(&out).or(canary::find(&err)),
        None,
        "{out}{err}"
    );
    (output, out, err)
}

/// A running server, which logs all that it can; killed when dropped.
pub struct Running {
    pub child: Child,
    pub base: String,
    log: Option<thread::JoinHandle<String>>,
}

impl Running {
    pub fn start(command: Command) -> Self {
        Self::start_at(command, "127.0.0.1:0")
    }

    pub fn start_at(mut command: Command, listen: &str) -> Self {
        command.envs([
            ("BAI_SERVER__LISTEN", listen),
            ("BAI_LOG__LEVEL", "debug,bai=trace"),
        ]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut lines = lines.inspect(|line| {
            let line = line.as_deref().unwrap_or_default();
            if !canary::is_offer(line) {
                canary::watch().look("the log of the binary", line);
            }
        });
        let mut log = String::new();
        let base = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("no address in {log}"))
                .unwrap();
            log.push_str(&line);
            log.push('\n');
            if let Some((_, rest)) = line.split_once("bai listens on ") {
                break rest.split([' ', '"']).next().unwrap().to_owned();
            }
        };
        let rest = thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .fold(log, |log, line| format!("{log}{line}\n"))
        });
        Self {
            child,
            base,
            log: Some(rest),
        }
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        Call::new("POST", &self.base, path).json(body).send()
    }

    pub fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill")
                .args([signal, &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end; exit success and the whole log.
    pub fn wait(mut self) -> (bool, String) {
        let success = self.child.wait().unwrap().success();
        let log = self.log.take().unwrap().join().unwrap();
        canary::watch().assert_nothing_leaked();
        (success, log)
    }

    /// The number of its threads.
    pub fn threads(&self) -> usize {
        self.count("task")
    }

    /// The number of files that it has open.
    pub fn open_files(&self) -> usize {
        self.count("fd")
    }

    fn count(&self, folder: &str) -> usize {
        std::fs::read_dir(format!("/proc/{}/{folder}", self.child.id()))
            .unwrap()
            .count()
    }

    /// The most memory that it ever had, in KiB.
    pub fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The stub in the place of the real WeChat.
pub fn real_wechat(stub: &WechatStub) -> [(&'static str, String); 4] {
    let setting = |name, value: &str| (name, value.to_owned());
    [
        setting("BAI_WECHAT__PROVIDER", "wechat"),
        setting("BAI_WECHAT__APP_ID", "wx1"),
        setting("BAI_WECHAT__SECRET", canary::APP_SECRET),
        setting("BAI_WECHAT__BASE_URL", &stub.url),
    ]
}
