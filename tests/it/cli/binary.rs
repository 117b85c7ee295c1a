//! The binary itself: what a person at a shell sees.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use bai::store::{Location, Store};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::app::{Answer, Call};
use crate::support::binary::{Running, bai, real_wechat, run};
use crate::support::canary::{self, PASSWORD};
use crate::support::waiting::wait;
use crate::support::wechat_stub::{Reply, SESSION, WechatStub};

fn login(running: &Running, code: &str) -> Answer {
    running.post(
        "/api/wechat/login",
        &json!({ "users_wx_code": canary::code(code) }),
    )
}

#[test]
fn it_runs_in_an_empty_folder_and_keeps_its_users() {
    let dir = tempfile::tempdir().unwrap();
    for status in ["register_success", "login_success"] {
        let running = Running::start(bai(dir.path(), &[]));
        assert_eq!(
            login(&running, "alice~1").ok()["meta"]["data"]["status"],
            status
        );
        running.signal("-TERM");
        let (success, log) = running.wait();
        assert!(
            success && log.contains("sandbox") && log.contains("/docs") && log.contains("stopped"),
            "{log}"
        );
    }
    let files: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(files, ["bai.redb"]);
}

#[test]
fn a_killed_server_keeps_what_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(bai(dir.path(), &["serve"]));
    assert_eq!(login(&running, "alice~1").status, 200);
    running.child.kill().unwrap();
    drop(running.wait());
    let running = Running::start(bai(dir.path(), &["serve"]));
    assert_eq!(
        login(&running, "alice~2").ok()["meta"]["data"]["status"],
        "login_success"
    );
    running.signal("-INT");
    assert!(running.wait().0);
}

#[test]
fn a_stop_lets_requests_in_flight_finish() {
    let dir = tempfile::tempdir().unwrap();
    let stub = WechatStub::start();
    stub.script(|call| {
        (call.path == SESSION).then(|| {
            thread::sleep(Duration::from_millis(700));
            Reply::Json(json!({ "openid": "o_slow" }))
        })
    });
    let mut command = bai(dir.path(), &["serve"]);
    command.envs(real_wechat(&stub));
    command
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("ALL_PROXY", "http://127.0.0.1:1");
    let running = Running::start(command);
    let base = running.base.clone();
    let slow = thread::spawn(move || {
        Call::new("POST", &base, "/api/wechat/login")
            .json(&json!({ "users_wx_code": "x" }))
            .send()
            .status
    });
    let started = Instant::now();
    while stub.calls(SESSION).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(5));
    }
    running.signal("-TERM");
    assert!(running.wait().0);
    assert_eq!(slow.join().unwrap(), 200);
}

#[test]
fn a_stop_takes_ten_seconds_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let stub = WechatStub::start();
    stub.script(|_| Some(Reply::Hang(Duration::from_mins(1))));
    let mut command = bai(dir.path(), &["serve"]);
    command
        .envs(real_wechat(&stub))
        .env("BAI_WECHAT__TIMEOUT", "50s");
    let running = Running::start(command);
    let base = running.base.clone();
    thread::spawn(move || {
        let socket = std::net::TcpStream::connect(base.trim_start_matches("http://")).unwrap();
        let body = r#"{"users_wx_code":"x"}"#;
        let head = "POST /api/wechat/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 21";
        std::io::Write::write_all(&mut &socket, format!("{head}\r\n\r\n{body}").as_bytes())
            .unwrap();
        let _ = std::io::Read::read(&mut &socket, &mut [0; 1]);
    });
    let started = Instant::now();
    while stub.calls(SESSION).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    running.signal("-TERM");
    let (success, log) = running.wait();
    assert!(success && log.contains("did not finish"), "{log}");
    assert!(
        asked.elapsed() < Duration::from_secs(13),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn the_file_and_the_environment_configure_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("my.toml"),
        "[server]\nbase_path = \"/pb\"\n[store]\npath = \"users.redb\"\n[log]\nformat = \"json\"",
    )
    .unwrap();
    let mut command = bai(dir.path(), &["serve", "--config", "my.toml"]);
    command.env("BAI_TOKEN__LIFETIME", "1h");
    let running = Running::start(command);
    assert!(running.base.ends_with("/pb"));
    assert_eq!(login(&running, "alice~1").status, 200);
    running.signal("-TERM");
    let (_, log) = running.wait();
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["level"].is_string());
    }
    assert!(dir.path().join("users.redb").exists());
}

/// The system's soft limit of open files is often 1024, which is less than `server.max_connections`.
#[cfg(target_os = "linux")]
#[test]
fn it_asks_for_as_many_open_files_as_connections_need() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = bai(dir.path(), &["serve"]);
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted = 1024 + 2048;
    command.env("BAI_SERVER__MAX_CONNECTIONS", "2048");
    let running = Running::start(command);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let soft: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(
        soft >= limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)),
        "{line}"
    );
    running.signal("-TERM");
    running.wait();
}

/// Threads that hash are nicer than the others.
#[cfg(target_os = "linux")]
#[test]
fn password_threads_run_at_a_lower_priority() {
    /// Name and niceness of a thread, from its line in `stat` (proc_pid_stat(5)).
    fn name_and_niceness(stat: &str) -> (bool, i64) {
        let (name, fields) = stat.rsplit_once(')').unwrap();
        (
            name.contains("(password-"),
            fields.split_whitespace().nth(16).unwrap().parse().unwrap(),
        )
    }
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(bai(dir.path(), &["serve"]));
    let started = Instant::now();
    loop {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", running.child.id())).unwrap();
        let stats = tasks
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok());
        let (hashing, others): (Vec<_>, Vec<_>) = stats
            .map(|stat| name_and_niceness(&stat))
            .partition(|(hashes, _)| *hashes);
        let nicest_other = others.iter().map(|(_, nice)| *nice).max().unwrap();
        // A thread lowers its priority when it first runs, which may be after the server has said that it listens.
        if !hashing.is_empty() && hashing.iter().all(|(_, nice)| *nice > nicest_other) {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "{hashing:?} beside {others:?}"
        );
        thread::sleep(Duration::from_millis(10));
    }
    running.signal("-TERM");
    running.wait();
}

#[test]
fn a_config_toml_in_the_folder_is_used() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.toml"), "[token]\nlifetime = '7h'").unwrap();
    assert!(run(dir.path(), &["config"]).1.contains("lifetime = \"7h\""));
}

#[test]
fn config_prints_the_effective_configuration_with_secrets_masked() {
    let dir = tempfile::tempdir().unwrap();
    let env = [
        ("BAI_WECHAT__PROVIDER", "wechat"),
        ("BAI_WECHAT__APP_ID", "wx1"),
        ("BAI_WECHAT__SECRET", canary::APP_SECRET),
        ("BAI_PASSWORD__LOG_N", "15"),
    ];
    let output = bai(dir.path(), &["config"]).envs(env).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("log_n = 15")
            && text.contains("secret = \"***\"")
            && canary::find(&text).is_none(),
        "{text}"
    );
    assert!(toml::from_str::<toml::Table>(&text).is_ok());
}

#[test]
fn config_shows_no_user_and_no_password_of_a_url() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("https://li:{}@proxy.example:3128", canary::APP_SECRET);
    let env = [
        ("BAI_WECHAT__PROXY", url.as_str()),
        ("BAI_WECHAT__BASE_URL", &url),
        ("BAI_BACKUP__S3__ENDPOINT", &url),
        ("BAI_SERVER__TLS__ACME_DIRECTORY", &url),
        ("BAI_SERVER__PUBLIC_URLS", &url),
        ("BAI_BACKUP__ON_FAILURE", &format!("curl,{url}")),
    ];
    let output = bai(dir.path(), &["config"]).envs(env).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        canary::find(&text).is_none() && !text.contains("li:"),
        "{text}"
    );
    assert_eq!(
        text.matches("https://***@proxy.example:3128").count(),
        6,
        "{text}"
    );
    let document = bai(dir.path(), &["openapi"]).envs(env).output().unwrap();
    assert!(canary::find(&String::from_utf8(document.stdout).unwrap()).is_none());
    let mut wrong = bai(dir.path(), &["config"]);
    let wrong = wrong
        .env("BAI_WECHAT__PROXY", url.replace("https", "socks5"))
        .output()
        .unwrap();
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        told.contains("BAI_WECHAT__PROXY") && canary::find(&told).is_none(),
        "{told}"
    );
}

#[test]
fn a_lifetime_that_no_token_can_have_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    for lifetime in ["9999y", "0s", "999999999999999999999y"] {
        let mut command = bai(dir.path(), &["serve"]);
        let output = command
            .env("BAI_TOKEN__LIFETIME", lifetime)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{lifetime}");
        assert!(
            told.to_lowercase().contains("token") && told.to_lowercase().contains("lifetime"),
            "{told}"
        );
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn openapi_prints_the_document_without_touching_a_database() {
    let dir = tempfile::tempdir().unwrap();
    let json: Value = serde_json::from_str(&run(dir.path(), &["openapi"]).1).unwrap();
    let yaml: Value = serde_yaml::from_str(&run(dir.path(), &["openapi", "--yaml"]).1).unwrap();
    assert_eq!(json, yaml);
    assert_eq!(json, *crate::support::openapi_document::DOCUMENT);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_version_has_revision_and_build_time() {
    let dir = tempfile::tempdir().unwrap();
    let (output, text, _) = run(dir.path(), &["--version"]);
    assert!(output.status.success());
    assert!(
        text.starts_with(concat!("bai ", env!("CARGO_PKG_VERSION"), " ("))
            && text.contains("built 20"),
        "{text}"
    );
}

/// Arguments, environment, and what the message has to contain.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn mistakes_are_explained_in_one_message_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("bad.toml"),
        "[server]\nlisten = \"127.0.0.1:0\"\nlisten_on = 1\n",
    )
    .unwrap();
    let cases: [Case; 6] = [
        (
            &["--config", "bad.toml"],
            &[],
            &[
                "bad.toml",
                "line 3",
                "listen_on",
                "expected one of",
                "`listen`",
            ],
        ),
        (&["--config", "none.toml"], &[], &["none.toml"]),
        (
            &["serve"],
            &[("BAI_SERVER__LISTEN", "0.0.0.0:0")],
            &["sandbox", "loopback", "server.listen"],
        ),
        (
            &["serve"],
            &[("BAI_SERVER__LISTEN", "here")],
            &["BAI_SERVER__LISTEN", "socket address"],
        ),
        (
            &["serve"],
            &[("BAI_WECHAT__PROVIDER", "wechat")],
            &["BAI_WECHAT__APP_ID"],
        ),
        (&["key", "list"], &[], &["bai.redb"]),
    ];
    for (args, env, parts) in cases {
        let output = bai(dir.path(), args)
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        for part in parts {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        assert!(!dir.path().join("bai.redb").exists());
    }
    assert_eq!(run(dir.path(), &["fly"]).0.status.code(), Some(2));
}

#[test]
fn a_second_server_on_the_same_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(bai(dir.path(), &[]));
    let started = Instant::now();
    let output = bai(dir.path(), &["serve"])
        .env("BAI_SERVER__LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert!(started.elapsed() < Duration::from_secs(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && text.contains("bai.redb is in use"),
        "{text}"
    );
    running.signal("-TERM");
    assert!(running.wait().0);
}

#[test]
fn a_backup_is_a_whole_database_that_another_server_can_serve() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), &["check"]).2.contains("there is no file"));
    let running = Running::start(bai(dir.path(), &[]));
    let record = login(&running, "alice~1").ok()["record"].clone();
    let (output, said, _) = run(dir.path(), &["backup", "copy.redb"]);
    assert!(
        output.status.success() && said.contains("copy.redb: users 1, companies 0"),
        "{said}"
    );
    assert!(
        run(dir.path(), &["backup", "copy.redb"])
            .2
            .contains("there already")
    );
    assert!(run(dir.path(), &["backup"]).1.contains("bai-2"));
    assert!(
        run(dir.path(), &["check", "copy.redb"])
            .1
            .contains("whole; users 1")
    );
    running.signal("-TERM");
    running.wait();

    let mut command = bai(dir.path(), &[]);
    command.env("BAI_STORE__PATH", "copy.redb");
    let running = Running::start(command);
    assert_eq!(login(&running, "alice~2").ok()["record"], record);
    running.signal("-TERM");
    running.wait();

    let copy = dir.path().join("copy.redb");
    let mut bytes = std::fs::read(&copy).unwrap();
    let id = record["id"].as_str().unwrap().as_bytes();
    let at = bytes
        .windows(id.len())
        .position(|window| window == id)
        .unwrap();
    bytes[at] ^= 1;
    std::fs::write(&copy, &bytes).unwrap();
    let (output, _, error) = run(dir.path(), &["check", "copy.redb"]);
    assert!(
        !output.status.success() && error.contains("damaged"),
        "{error}"
    );
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);
}

#[test]
fn no_secret_and_no_whole_phone_number_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(bai(dir.path(), &[]));
    let token = login(&running, "alice~1").ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let set_profile = Call::new("POST", &running.base, "/api/wechat/profile").bearer(&token);
    assert_eq!(
        set_profile
            .json(&crate::support::app::profile("canary-13912345678"))
            .send()
            .status,
        200
    );
    let mut registration = crate::support::app::registration("13800138000", PASSWORD);
    assert_eq!(
        running.post("/api/platform/register", &registration).status,
        200
    );
    registration["users_phone"] = "13800138001".into();
    registration["passwordConfirm"] = "canary-other".into();
    assert_eq!(
        running.post("/api/platform/register", &registration).status,
        400
    );
    assert_eq!(login(&running, "bad-canary").status, 400);
    running.signal("-TERM");
    let (_, log) = running.wait();
    assert!(log.contains("/api/wechat/login"), "{log}");
    for number in ["13912345678", "13800138000"] {
        assert!(!log.contains(number), "{number} in {log}");
    }
    let store = Store::open(&Location::File(dir.path().join("bai.redb")), 1 << 20).unwrap();
    let key = wait(store.token_keys()).unwrap().remove(0);
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(key.secret);
    let digits = key.secret.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex: String = digits
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect();
    for form in [base64, hex, format!("{:?}", key.secret)] {
        assert!(!log.contains(&form), "the token key in {log}");
    }
}

#[test]
fn a_public_sandbox_warns_at_its_start() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut command = bai(dir.path(), &[]);
        command.env("BAI_WECHAT__SANDBOX_PUBLIC", "true");
        let server = Running::start_at(command, "0.0.0.0:0");
        let port = server.base.rsplit(':').next().unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let login = Call::new("POST", &base, "/api/wechat/login");
        let body = json!({ "users_wx_code": canary::code("alice") });
        assert_eq!(login.json(&body).send().status, 200);
        server.signal("-TERM");
        let (is_ended, log) = server.wait();
        assert!(
            is_ended && log.contains("logs in as anybody (wechat.sandbox_public)"),
            "{log}"
        );
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_server_has_two_arenas_unless_somebody_chose_a_number() {
    let dir = tempfile::tempdir().unwrap();
    for (chosen, expected) in [(None, "2"), (Some("7"), "7")] {
        let mut command = bai(dir.path(), &["serve"]);
        command.env_remove("MALLOC_ARENA_MAX");
        command.envs(chosen.map(|number| ("MALLOC_ARENA_MAX", number)));
        let server = Running::start(command);
        let environment = format!("/proc/{}/environ", server.child.id());
        let environment = String::from_utf8(fs::read(environment).unwrap()).unwrap();
        let variable = format!("MALLOC_ARENA_MAX={expected}");
        assert!(environment.split('\0').any(|other| other == variable));
        server.signal("-TERM");
        assert!(server.wait().0);
    }
}
