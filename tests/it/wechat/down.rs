//! A WeChat that fails in each of the ways that a server can: its logins fail in time, those that wait are bounded,
//! everything else goes on, and neither threads nor memory grow.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::app::{Answer, Call, TestApp, profile};
use crate::support::binary::{Running, bai, real_wechat};
use crate::support::canary::{self, PASSWORD};
use crate::support::wechat_stub::{PHONE, Reply, SESSION, TOKEN, WechatStub, response};

const TIMEOUT: Duration = Duration::from_millis(600);
/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_secs(2);
/// Longer than any deadline here, with what a busy machine adds.
const FOREVER: Duration = Duration::from_secs(6);

/// A name, and what WeChat does.
type Failure = (&'static str, fn() -> Reply);

const FAILURES: [Failure; 7] = [
    ("hangs", || Reply::Hang(FOREVER)),
    ("hangs up", || Reply::Raw(Vec::new())),
    ("answers 502 with HTML", || {
        Reply::Raw(response("502 Bad Gateway", "<html>bad gateway</html>"))
    }),
    ("drips its headers", || {
        Reply::Drip(b"HTTP/1.1 200 OK\r\nX-Slow:".to_vec())
    }),
    ("drips its body", || {
        Reply::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{".to_vec())
    }),
    ("answers 1 MB", || {
        Reply::Raw(response("200 OK", &format!("\"{}\"", "x".repeat(1 << 20))))
    }),
    ("answers without end", || {
        Reply::Drip(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1 << 20)).into())
    }),
];

fn spawn() -> TestApp {
    TestApp::spawn_with(|config| {
        config.wechat.timeout = TIMEOUT;
        config.wechat.max_concurrent = 4;
    })
}

fn set_profile(app: &TestApp, token: &str, code: &str) -> Answer {
    app.post("/api/wechat/profile")
        .bearer(token)
        .json(&profile(code))
        .send()
}

/// Asks WeChat for a dozen logins and profiles at once; each has to fail in time.
fn fail_in_time(app: &TestApp, failure: &str, tokens: &[String]) {
    thread::scope(|scope| {
        for (n, token) in tokens.iter().enumerate() {
            let in_time = move |call: &dyn Fn() -> Answer| {
                let started = Instant::now();
                call().assert_error(500, "稍后重试");
                assert!(
                    started.elapsed() < TIMEOUT + SLACK,
                    "{failure}: {:?}",
                    started.elapsed()
                );
            };
            scope.spawn(move || in_time(&|| app.wechat_login(&format!("new{n}~1"))));
            scope.spawn(move || in_time(&|| set_profile(app, token, &format!("139{n:08}"))));
        }
        let started = Instant::now();
        assert_eq!(app.login("13800138000", PASSWORD).status, 200, "{failure}");
        assert_eq!(
            app.post("/api/system/refresh-token")
                .bearer(&tokens[0])
                .send()
                .status,
            200,
            "{failure}"
        );
        assert_eq!(
            app.post("/api/system/health").send().status,
            200,
            "{failure}"
        );
        assert!(
            started.elapsed() < SLACK,
            "{failure}: others waited {:?}",
            started.elapsed()
        );
    });
}

#[test]
fn however_wechat_fails_its_logins_fail_in_time_and_nobody_else_waits() {
    for (failure, reply) in FAILURES {
        let app = spawn();
        app.register("13800138000", PASSWORD).ok();
        let tokens: Vec<_> = (0..6)
            .map(|n| app.wechat_token(&format!("u{n}~1")))
            .collect();
        app.stub
            .script(move |call| (call.path != TOKEN).then(reply));
        fail_in_time(&app, failure, &tokens);

        let mut sent = BTreeMap::new();
        for call in app.stub.calls(SESSION) {
            *sent.entry(call.query["js_code"].clone()).or_insert(0) += 1;
        }
        for call in app.stub.calls(PHONE) {
            *sent
                .entry(call.body["code"].as_str().unwrap().to_owned())
                .or_insert(0) += 1;
        }
        assert!(sent.len() > tokens.len(), "{failure}: no code was sent");
        assert!(
            sent.values().all(|times| *times == 1),
            "{failure}: a code was sent again: {sent:?}"
        );

        app.stub.script(|_| None);
        let started = Instant::now();
        while app.wechat_login("bob~1").status != 200 {
            assert!(
                started.elapsed() < TIMEOUT + SLACK,
                "{failure}: no login after WeChat's return"
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_code_that_found_nobody_to_connect_to_is_sent_when_somebody_is_there() {
    // A port that was free a moment ago, of a loopback address that no other test uses.
    let free_address = || {
        TcpListener::bind("127.0.0.7:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let repeated = (0..20).any(|_| {
        let address = free_address();
        let app = TestApp::spawn_with(|config| {
            config.wechat.base_url = format!("http://{address}").into();
        });
        thread::scope(|scope| {
            let started = Instant::now();
            let login = scope.spawn(|| app.wechat_login("alice~1").status);
            thread::sleep(Duration::from_millis(40));
            let stub = WechatStub::start_at(address);
            let status = login.join().unwrap();
            assert_eq!(stub.calls(SESSION).len(), usize::from(status == 200));
            status == 200 && started.elapsed() > Duration::from_millis(90)
        })
    });
    assert!(repeated, "no login was tried again");
}

/// Beyond four that run and two hundred that wait, everybody is refused at once, whatever it is that hangs.
#[test]
fn those_who_wait_for_a_hanging_wechat_are_bounded() {
    thread::scope(|scope| {
        for hanging in [SESSION, TOKEN] {
            scope.spawn(move || assert_eq!(refused_at_once(hanging), 300 - 204, "{hanging}"));
        }
    });
}

/// How many of 300 requests are answered long before WeChat's time is over.
fn refused_at_once(hanging: &'static str) -> usize {
    let app = TestApp::spawn_with(|config| {
        config.wechat.timeout = Duration::from_secs(8);
        config.wechat.max_concurrent = 4;
        config.limits.source_percent = 100;
    });
    let token = app.wechat_token("alice~1");
    app.stub
        .script(move |call| (call.path == hanging).then_some(Reply::Hang(2 * FOREVER)));
    thread::scope(|scope| {
        let ask = |n: usize| match hanging {
            SESSION => app.wechat_login(&format!("u{n}~1")),
            _ => set_profile(&app, &token, &format!("139{n:08}")),
        };
        let timed = move |n| {
            let started = Instant::now();
            let answer = ask(n);
            let is_early = started.elapsed() < Duration::from_secs(6);
            if is_early {
                answer.assert_error(429, "1 秒后再试");
            } else {
                answer.assert_error(500, "稍后重试");
            }
            is_early
        };
        let threads: Vec<_> = (0..300).map(|n| scope.spawn(move || timed(n))).collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap())
            .filter(|early| *early)
            .count()
    })
}

#[cfg(target_os = "linux")]
#[test]
fn threads_and_memory_stay_flat_while_wechat_hangs() {
    const PLACES: usize = 32;
    let dir = tempfile::tempdir().unwrap();
    let stub = WechatStub::start();
    let mut command = bai(dir.path(), &["serve"]);
    command
        .envs(real_wechat(&stub))
        .env("BAI_WECHAT__TIMEOUT", "300ms");
    command
        .env("BAI_WECHAT__MAX_CONCURRENT", PLACES.to_string())
        .env("BAI_LIMITS__SOURCE_PERCENT", "100");
    let running = Running::start(command);
    let login = |code: &str| {
        let body = json!({ "users_wx_code": canary::code(code) });
        Call::new("POST", &running.base, "/api/wechat/login")
            .json(&body)
            .send()
            .status
    };
    assert_eq!(login("alice~1"), 200);
    let idle = running.threads();
    stub.script(|_| Some(Reply::Hang(Duration::from_secs(1))));
    let mut peaks = Vec::new();
    for round in 0..10 {
        let most = thread::scope(|scope| {
            let threads: Vec<_> = (0..300)
                .map(|n| scope.spawn(move || login(&format!("r{round}u{n}~1"))))
                .collect();
            let mut most = 0;
            while threads.iter().any(|thread| !thread.is_finished()) {
                most = most.max(running.threads());
                thread::sleep(Duration::from_millis(20));
            }
            assert!(
                threads
                    .into_iter()
                    .all(|thread| matches!(thread.join().unwrap(), 429 | 500))
            );
            most
        });
        assert!(most > idle, "no thread waited for WeChat");
        // A thread may still be on its way back to its pool when the next call begins on another one.
        assert!(
            most <= idle + 2 * PLACES,
            "{most} threads for {PLACES} calls, and {idle} when idle"
        );
        peaks.push(running.peak_memory());
    }
    // The allocator's pools fill in the first rounds; after that, 1,500 logins may cost 6 KiB each.
    assert!(
        peaks[9] < peaks[4] + 9 * 1024,
        "memory grows: {peaks:?} KiB"
    );
    running.signal("-TERM");
    assert!(running.wait().0);
}
