//! A folder with a database, commands in it, and a server that has the database open or not.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::{Answer, Call};
use crate::support::binary::{Running, bai};
use crate::support::canary::{self, PASSWORD};

/// A folder with a database, and perhaps a server that has it open.
pub struct Installation {
    dir: TempDir,
    pub server: Option<Running>,
}

/// Exit code and output of a command.
pub struct CommandOutput {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Installation {
    /// A folder, and no server.
    pub fn of(dir: TempDir) -> Self {
        Self { dir, server: None }
    }

    /// A new folder with no database, and no server.
    pub fn empty() -> Self {
        Self::of(tempfile::tempdir().unwrap())
    }

    /// With a server that runs, and with none, one after the other.
    pub fn both(test: impl Fn(&mut Installation)) {
        for is_running in [true, false] {
            let mut place = Self::empty();
            place.start();
            if !is_running {
                place.stop();
            }
            test(&mut place);
            place.stop();
        }
    }

    /// With an empty database, and no server.
    pub fn stopped() -> Self {
        let mut place = Self::empty();
        place.start();
        place.stop();
        place
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn start(&mut self) {
        let mut command = bai(self.path(), &[]);
        command.envs([
            ("BAI_PASSWORD__LOG_N", "4"),
            ("BAI_LIMITS__ENABLED", "false"),
        ]);
        self.server = Some(Running::start(command));
    }

    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.signal("-TERM");
            assert!(server.wait().0);
        }
    }

    /// Something over HTTP, on the server that runs or on one for this.
    pub fn with_server<T>(&mut self, ask: impl FnOnce(&str) -> T) -> T {
        let was_running = self.server.is_some();
        if !was_running {
            self.start();
        }
        let answer = ask(&self.server.as_ref().unwrap().base);
        if !was_running {
            self.stop();
        }
        answer
    }

    pub fn run(&self, args: &[&str]) -> CommandOutput {
        self.run_with(args, "")
    }

    pub fn run_with(&self, args: &[&str], input: &str) -> CommandOutput {
        let mut command = bai(self.path(), args);
        command
            .env("BAI_PASSWORD__LOG_N", "4")
            .stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that is refused does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        CommandOutput::of(child.wait_with_output().unwrap())
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let said = self.run(&[args, &["--json"]].concat());
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{args:?}: {e} in {}", said.out))
    }

    pub fn create(&self, phone: &str, name: &str) -> CommandOutput {
        self.run_with(
            &["user", "create", "--phone", phone, "--name", name],
            PASSWORD,
        )
    }
}

impl CommandOutput {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (code, out, err) = (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        );
        assert_eq!(
            canary::find(&out).or(canary::find(&err)),
            None,
            "{out}{err}"
        );
        Self { code, out, err }
    }

    /// It was refused with this exit code, and says so in one line, after the one that names the file.
    pub fn refused(&self, code: i32, why: &str) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        let lines: Vec<_> = self
            .err
            .lines()
            .filter(|line| !line.contains("bai.redb"))
            .collect();
        assert!(
            lines.len() == 1 && lines[0].starts_with("bai: ") && lines[0].contains(why),
            "{}",
            self.err
        );
        assert_eq!(self.out, "");
    }

    pub fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{}", self.err);
        &self.out
    }
}

pub fn login(base: &str, phone: &str, password: &str) -> Answer {
    let body = json!({ "users_phone": phone, "password": password });
    Call::new("POST", base, "/api/platform/login")
        .json(&body)
        .send()
}

pub fn refresh(base: &str, token: &str) -> Answer {
    Call::new("POST", base, "/api/system/refresh-token")
        .bearer(token)
        .send()
}
