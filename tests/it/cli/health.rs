//! `bai health`, as a container or a monitor runs it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::binary::{Running, bai, real_wechat, run};
use crate::support::canary;
use crate::support::wechat_stub::{Reply, SESSION, WechatStub, response};

/// Exit code and words of `bai health` with these arguments and settings.
fn health(args: &[&str], settings: &[(&str, &str)]) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = bai(dir.path(), &[&["health"], args].concat());
    let output = command.envs(settings.iter().copied()).output().unwrap();
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "it wrote something"
    );
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(canary::find(&text), None, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    (output.status.code().unwrap(), text)
}

#[test]
fn it_asks_the_server_of_the_configuration_and_says_so_by_its_exit_code() {
    let (dir, stub) = (tempfile::tempdir().unwrap(), WechatStub::start());
    let (wechat, base_path) = (real_wechat(&stub), ("BAI_SERVER__BASE_PATH", "/pb"));
    let mut command = bai(dir.path(), &[]);
    command
        .envs(wechat.iter().map(|(name, value)| (name, value)))
        .envs([base_path]);
    let running = Running::start_at(command, "0.0.0.0:0");
    let listen = running
        .base
        .trim_start_matches("http://")
        .trim_end_matches("/pb")
        .to_owned();
    let mut settings = vec![("BAI_SERVER__LISTEN", listen.as_str()), base_path];
    settings.extend(wechat.iter().map(|(name, value)| (*name, value.as_str())));
    assert_eq!(health(&[], &settings), (0, "healthy\n".to_owned()));
    assert_eq!(health(&["--ready"], &settings), (0, "ready\n".to_owned()));
    let url = format!("http://{}/pb/", listen.replace("0.0.0.0", "127.0.0.1"));
    assert_eq!(health(&["--url", &url], &[]), (0, "healthy\n".to_owned()));
    drop(running);
    let (code, text) = health(&[], &settings);
    assert!(
        code == 1 && text.contains(&format!("nobody answers at {}", url.trim_end_matches('/'))),
        "{text}"
    );
}

#[test]
fn it_names_the_cause_when_the_server_cannot_be_asked() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = silent.local_addr().unwrap();
    let answers = thread::spawn(move || {
        for client in silent.incoming().take(1) {
            let mut client = client.unwrap();
            let _ = client.read(&mut [0; 1024]);
            let _ = client.write_all(b"220 mail.example.com ESMTP\r\n\r\n");
        }
    });
    for (url, cause) in [
        ("http://bai.invalid".to_owned(), "cannot be resolved"),
        (format!("https://{plain}"), "does not speak TLS"),
    ] {
        let (code, text) = health(&["--url", &url], &[]);
        assert!(code == 1 && text.contains(cause), "{url}: {text}");
    }
    answers.join().unwrap();
}

#[test]
fn it_says_what_is_not_ready_and_is_healthy_all_the_same() {
    let (dir, stub) = (tempfile::tempdir().unwrap(), WechatStub::start());
    let mut command = bai(dir.path(), &[]);
    command
        .envs(real_wechat(&stub))
        .env("BAI_METRICS__TOKEN", "canary-0123456789");
    let running = Running::start(command);
    stub.script(|call| {
        let refusal =
            json!({ "errcode": 40164, "errmsg": "invalid ip 203.0.113.7, not in whitelist" });
        (call.path == SESSION).then_some(Reply::Json(refusal))
    });
    let login = json!({ "users_wx_code": canary::code("alice~1") });
    assert_eq!(running.post("/api/wechat/login", &login).status, 500);
    let token = ("BAI_METRICS__TOKEN", "canary-0123456789");
    let (code, text) = health(&["--ready", "--url", &running.base], &[token]);
    assert!(
        code == 1
            && text.contains("not ready: wechat: errcode 40164")
            && text.contains("203.0.113.7"),
        "{text}"
    );
    let (code, text) = health(&["--ready", "--url", &running.base], &[]);
    assert!(code == 1 && text.ends_with("is not ready\n"), "{text}");
    assert_eq!(health(&["--url", &running.base], &[]).0, 0);
}

#[test]
fn whatever_else_answers_is_not_healthy() {
    let unhealthy = json!({ "code": 503, "data": { "status": "unhealthy" } }).to_string();
    let cases = [
        (
            response("503 Service Unavailable", &unhealthy),
            "is unhealthy",
        ),
        (
            response("200 OK", "hello"),
            "answers 200 OK, which is not bai's answer",
        ),
        (
            response("302 Found", ""),
            "answers 302 Found, which is not bai's answer",
        ),
        (b"SSH-2.0-OpenSSH\r\n".to_vec(), "is not HTTP"),
        (Vec::new(), "does not answer within 5s"),
    ];
    thread::scope(|scope| {
        for (answer, words) in cases {
            scope.spawn(move || {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let url = format!("http://{}", listener.local_addr().unwrap());
                thread::spawn(move || {
                    let (mut connection, _) = listener.accept().unwrap();
                    let _ = connection.read(&mut [0; 1024]);
                    match answer.as_slice() {
                        [] => thread::sleep(Duration::from_secs(8)),
                        answer => drop(connection.write_all(answer)),
                    }
                });
                let (code, text) = health(&["--url", &url], &[]);
                assert!(code == 1 && text.contains(words), "no {words:?} in {text}");
            });
        }
    });
}

#[test]
fn wrong_use_is_told() {
    for url in ["not a url", "localhost:8090"] {
        let (code, text) = health(&["--url", url], &[]);
        assert!(code == 1 && text.contains("is not a URL such as"), "{text}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        run(dir.path(), &["health", "--fast"]).0.status.code(),
        Some(2)
    );
}
