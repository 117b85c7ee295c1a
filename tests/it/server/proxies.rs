//! The samples of `deploy/`, as nginx and Caddy read them, with the binary behind.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::support::app::Call;
use crate::support::binary::{Running, bai};
use crate::support::canary;
use crate::support::doctor::Report;
use crate::support::proxies::{CADDY, NGINX, Prefix, Proxy, WAIT};

/// The status of a login from `source` that claims to come from `claimed`.
fn login_from(source: [u8; 4], proxy: &Proxy, phone: usize, claimed: &str) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let socket = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((source, 0))).unwrap();
        socket
            .connect(proxy.address)
            .await
            .unwrap()
            .into_std()
            .unwrap()
    });
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let body = json!({ "users_phone": format!("139{phone:08}"), "password": canary::PASSWORD })
        .to_string();
    write!(
        &socket,
        "POST /pb/api/platform/login HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {claimed}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        proxy.address,
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    (&socket).read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The stream of events, as it arrives.
struct Events(BufReader<ureq::BodyReader<'static>>);

impl Events {
    fn open(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(WAIT))
            .build();
        let response = config
            .new_agent()
            .get(format!("{base}/api/realtime"))
            .call()
            .unwrap();
        Self(BufReader::new(response.into_body().into_reader()))
    }

    /// The data of the next event, which is called `name`.
    fn next(&mut self, name: &str) -> Value {
        let mut event = None;
        for line in self.0.by_ref().lines().map(Result::unwrap) {
            if let Some(found) = line.strip_prefix("event:") {
                event = Some(found.trim().to_owned());
            } else if let Some(data) = line.strip_prefix("data:") {
                assert_eq!(event.as_deref(), Some(name));
                return serde_json::from_str(data).unwrap();
            }
        }
        panic!("the stream ended before {name}")
    }
}

fn assert_it_serves(start: fn(&Path, &str, Prefix) -> Proxy, prefix: Prefix) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = bai(dir.path(), &[]);
    command.envs([
        ("BAI_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        (
            "BAI_SERVER__BASE_PATH",
            if prefix == Prefix::Kept { "/pb" } else { "" },
        ),
        ("BAI_PASSWORD__LOG_N", "1"),
        ("BAI_PASSWORD__P", "1"),
    ]);
    let running = Running::start(command);
    let backend = running
        .base
        .trim_start_matches("http://")
        .trim_end_matches("/pb")
        .to_owned();
    let proxy = start(dir.path(), &backend, prefix);
    let base = proxy.base();

    assert_eq!(
        Call::new("POST", &base, "/api/system/health").send().status,
        200
    );
    assert_eq!(Call::new("GET", &base, "/docs").send().status, 200);
    assert_events_arrive_at_once(&base);
    assert_each_client_is_a_source(&proxy);

    running.signal("-TERM");
    let (success, log) = running.wait();
    assert!(
        success && !log.contains("X-Forwarded-For is ignored"),
        "{log}"
    );
}

/// An event that was buffered would not arrive before the stream ends, and that is after this test.
fn assert_events_arrive_at_once(base: &str) {
    let login = json!({ "users_wx_code": canary::code("alice~1") });
    let session = Call::new("POST", base, "/api/wechat/login")
        .json(&login)
        .send()
        .ok();
    let (token, id) = (
        session["token"].as_str().unwrap(),
        session["record"]["id"].as_str().unwrap(),
    );
    let mut events = Events::open(base);
    let client = events.next("PB_CONNECT")["clientId"].clone();
    let topic = format!("tbl_auth_users/{id}");
    let subscription = json!({ "clientId": client, "subscriptions": [&topic] });
    let call = Call::new("POST", base, "/api/realtime")
        .header("Authorization", token)
        .json(&subscription);
    assert_eq!(call.send().status, 204);
    for name in ["张三", "李四"] {
        let path = format!("/api/collections/tbl_auth_users/records/{id}");
        let change = Call::new("PATCH", base, &path).header("Authorization", token);
        assert_eq!(
            change.json(&json!({ "users_name": name })).send().status,
            200
        );
        assert_eq!(events.next(&topic)["record"]["users_name"], name);
    }
}

/// Whatever a client claims, its limits are its own: it neither escapes them nor spends those of others.
fn assert_each_client_is_a_source(proxy: &Proxy) {
    let guesses: Vec<u16> = (0..21)
        .map(|n| login_from([127, 0, 0, 2], proxy, n, &format!("203.0.113.{n}")))
        .collect();
    assert_eq!((&guesses[..20], guesses[20]), (&[404; 20][..], 429));
    assert_eq!(login_from([127, 0, 0, 3], proxy, 21, "127.0.0.2"), 404);
}

#[test]
#[ignore = "needs nginx, named by BAI_NGINX"]
fn nginx_as_in_the_sample_serves_with_the_prefix_stripped() {
    assert_it_serves(Proxy::nginx, Prefix::Stripped);
}

#[test]
#[ignore = "needs nginx, named by BAI_NGINX"]
fn nginx_as_in_the_sample_serves_with_the_prefix_kept() {
    assert_it_serves(Proxy::nginx, Prefix::Kept);
}

/// Codes of what the doctor says of the way through a proxy in front of a server that trusts it, or does not.
fn codes_of_the_doctor(
    start: fn(&Path, &str, Prefix) -> Proxy,
    prefix: Prefix,
    trusted: &str,
) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let settings = vec![("BAI_SERVER__TRUSTED_PROXIES", trusted.to_owned())];
    let mut server = bai(dir.path(), &["serve"]);
    server.envs(settings.clone());
    let running = Running::start(server);
    let backend = running.base.trim_start_matches("http://");
    let proxy = start(dir.path(), backend, prefix);
    let report = Report::of(dir.path(), &settings, &["--url", &proxy.base()]);
    let codes = report.codes("proxy.").into_iter();
    codes.map(str::to_owned).collect()
}

/// nginx with the sample without the line that tells for whom it asks.
fn silent_nginx(dir: &Path, backend: &str, prefix: Prefix) -> Proxy {
    let line = "    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n";
    assert!(NGINX.contains(line));
    Proxy::nginx_of(&NGINX.replace(line, ""), dir, backend, prefix)
}

const TRUSTED: &str = r#"["127.0.0.1"]"#;

#[test]
#[ignore = "needs nginx, named by BAI_NGINX; .ci/run runs it"]
fn the_doctor_sees_nginx_as_it_is() {
    let of = codes_of_the_doctor;
    let fine = ["proxy.arrived", "proxy.client"];
    assert_eq!(of(Proxy::nginx, Prefix::Stripped, TRUSTED), fine);
    let untrusted = of(Proxy::nginx, Prefix::Stripped, "[]");
    assert_eq!(untrusted, ["proxy.arrived", "proxy.untrusted"]);
    let kept = of(Proxy::nginx, Prefix::Kept, TRUSTED);
    assert_eq!(kept, ["proxy.path", "proxy.client"]);
    // What clients write, it passes on.
    let silent = of(silent_nginx, Prefix::Stripped, TRUSTED);
    let expected = ["proxy.arrived", "proxy.no_forwarded_for", "proxy.forged"];
    assert_eq!(silent, expected);
}

#[test]
#[ignore = "needs Caddy, named by BAI_CADDY; .ci/run runs it"]
fn the_doctor_sees_caddy_as_it_is() {
    let of = codes_of_the_doctor;
    let fine = ["proxy.arrived", "proxy.client"];
    assert_eq!(of(Proxy::caddy, Prefix::Stripped, TRUSTED), fine);
    let kept = of(Proxy::caddy, Prefix::Kept, TRUSTED);
    assert_eq!(kept, ["proxy.path", "proxy.client"]);
}

/// POSTs around the moment when the proxy's idle connections end, in the proportion of the sample (60 s to 75 s).
fn assert_no_request_is_lost(start: fn(&Path, &str, Prefix) -> Proxy) {
    let dir = tempfile::tempdir().unwrap();
    let mut server = bai(dir.path(), &["serve"]);
    server.envs([
        ("BAI_SERVER__IDLE_TIMEOUT", "1250ms"),
        ("BAI_SERVER__HEADER_TIMEOUT", "500ms"),
        ("BAI_SERVER__TRUSTED_PROXIES", r#"["127.0.0.1"]"#),
    ]);
    let running = Running::start(server);
    let backend = running.base.trim_start_matches("http://");
    let proxy = start(dir.path(), backend, Prefix::Stripped);
    let base = &proxy.base();
    thread::scope(|scope| {
        for client in 0..8 {
            scope.spawn(move || {
                for n in 0..12 {
                    let status = Call::new("POST", base, "/api/system/health").send().status;
                    assert_eq!(status, 200, "{client}, {n}");
                    thread::sleep(Duration::from_millis(960 + 10 * client + 3 * n));
                }
            });
        }
    });
}

/// The sample with its times divided by sixty.
fn hasty_nginx(dir: &Path, backend: &str, prefix: Prefix) -> Proxy {
    Proxy::nginx_of(
        &NGINX.replace("keepalive_timeout 60s;", "keepalive_timeout 1s;"),
        dir,
        backend,
        prefix,
    )
}

fn hasty_caddy(dir: &Path, backend: &str, prefix: Prefix) -> Proxy {
    Proxy::caddy_of(
        &CADDY.replace("keepalive 60s", "keepalive 1s"),
        dir,
        backend,
        prefix,
    )
}

#[test]
#[ignore = "needs nginx, named by BAI_NGINX"]
fn nginx_loses_no_request_when_its_idle_connections_end() {
    assert_no_request_is_lost(hasty_nginx);
}

#[test]
#[ignore = "needs Caddy, named by BAI_CADDY"]
fn caddy_loses_no_request_when_its_idle_connections_end() {
    assert_no_request_is_lost(hasty_caddy);
}

#[test]
fn the_samples_close_idle_connections_before_bai_does() {
    let ours = bai::config::Server::default().idle_timeout;
    assert!(ours >= Duration::from_secs(75));
    assert!(NGINX.contains("    keepalive_timeout 60s;"));
    assert!(CADDY.contains("keepalive 60s"));
}

#[test]
#[ignore = "needs Caddy, named by BAI_CADDY"]
fn caddy_as_in_the_sample_serves_with_the_prefix_stripped() {
    assert_it_serves(Proxy::caddy, Prefix::Stripped);
}

#[test]
#[ignore = "needs Caddy, named by BAI_CADDY"]
fn caddy_as_in_the_sample_serves_with_the_prefix_kept() {
    assert_it_serves(Proxy::caddy, Prefix::Kept);
}
