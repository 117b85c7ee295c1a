//! TLS without a proxy, by a real client on a real socket; the certificates are of an authority of the tests' own.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bai::clock::Clock;
use bai::config::Config;
use jiff::SignedDuration;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
};
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::binary::{Running, bai};
use crate::support::http_request::exchange;
use crate::support::http2_client;
use crate::support::tls_client::{Authority, PATIENCE, Secure, connect, shown, wait_until};

const HEALTH: &str = "POST /api/system/health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];
const EVERY: Duration = Duration::from_millis(40);

/// A server with a certificate in files.
struct Site {
    authority: Authority,
    folder: tempfile::TempDir,
    app: TestApp,
    address: SocketAddr,
}

impl Site {
    fn start() -> Self {
        Self::start_with(|_| ())
    }

    fn start_with(configure: impl FnOnce(&mut Config)) -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        authority.write(folder.path());
        let app = TestApp::spawn_with(|config| {
            config.server.tls.cert = folder.path().join("cert.pem");
            config.server.tls.key = folder.path().join("key.pem");
            config.server.tls.check_every = EVERY;
            configure(config);
        });
        let address = app.base.trim_start_matches("http://").parse().unwrap();
        Self {
            authority,
            folder,
            app,
            address,
        }
    }

    fn connect(&self) -> Secure {
        self.connect_with(BOTH, &[])
    }

    fn connect_with(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> Secure {
        connect(
            self.address,
            "127.0.0.1",
            self.authority.der(),
            versions,
            protocols,
        )
        .unwrap()
    }
}

#[test]
fn http_1_and_http_2_are_spoken_over_tls_1_2_and_1_3() {
    let site = Site::start();
    for (version, number) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        for protocols in [&[][..], &["http/1.1"], &["http/1.1", "acme-tls/1"]] {
            let mut stream = site.connect_with(&[version], protocols);
            assert_eq!(stream.conn.protocol_version(), Some(number));
            for _ in 0..2 {
                assert!(exchange(&mut stream, HEALTH).starts_with("HTTP/1.1 200"));
            }
        }
        let stream = site.connect_with(&[version], &["http/1.1", "h2"]);
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
        http2_client::Client::greet(stream).assert_healthy();
    }
}

#[test]
fn an_ordinary_client_uploads_and_downloads_over_tls() {
    let site = Site::start();
    let root = ureq::tls::Certificate::from_pem(site.authority.pem().as_bytes()).unwrap();
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[root]))
        .build();
    let agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .build()
        .new_agent();
    let url = |path: &str| format!("https://{}{path}", site.address);
    let registration = crate::support::app::registration("13800138000", "canary-password");
    let mut session = agent
        .post(url("/api/platform/register"))
        .send_json(registration)
        .unwrap();
    assert!(session.body_mut().read_json::<Value>().unwrap()["token"].is_string());
    let mut script = agent
        .get(url("/assets/swagger-ui/swagger-ui-bundle.js"))
        .call()
        .unwrap();
    assert!(script.body_mut().read_to_vec().unwrap().len() > 1 << 20);
}

#[test]
fn a_session_is_resumed() {
    let site = Site::start();
    let mut roots = RootCertStore::empty();
    roots.add(site.authority.der()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(BOTH)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let kinds = [(); 2].map(|()| {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(site.address).unwrap());
        assert!(exchange(&mut stream, HEALTH).starts_with("HTTP/1.1 200"));
        stream.conn.handshake_kind().unwrap()
    });
    assert_eq!(
        kinds,
        [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed]
    );
}

/// No TLS library at hand speaks it any more, so these are the bytes of a hello (RFC 5246, 7.4.1.2): with the version of
/// TLS 1.2 it is answered by one of the server's.
#[test]
fn tls_1_1_is_refused_with_an_alert() {
    let site = Site::start();
    let greet = |version: u8| {
        let ciphers = [0, 2, 0xc0, 0x2b];
        let groups_points_and_signatures = [
            0, 10, 0, 4, 0, 2, 0, 29, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3,
        ];
        let hello = [
            &[3, version][..],
            &[7; 32],
            &[0],
            &ciphers,
            &[1, 0],
            &[0, 22],
            &groups_points_and_signatures,
        ];
        let hello = hello.concat();
        let length = u8::try_from(hello.len()).unwrap();
        let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &hello].concat();
        let mut socket = TcpStream::connect(site.address).unwrap();
        socket.write_all(&record).unwrap();
        let mut answer = [0; 7];
        socket.read_exact(&mut answer).unwrap();
        (answer[0], answer[5], answer[6])
    };
    let (alert, fatal, protocol_version) = (21, 2, 70);
    assert_eq!(greet(2), (alert, fatal, protocol_version));
    let (handshake, server_hello) = (22, 2);
    assert_eq!(greet(3), (handshake, server_hello, 0));
}

#[test]
fn a_protocol_that_is_none_of_ours_is_refused() {
    let site = Site::start();
    for protocol in ["smtp", "acme-tls/1"] {
        let refused = connect(
            site.address,
            "127.0.0.1",
            site.authority.der(),
            BOTH,
            &[protocol],
        );
        assert!(
            refused.err().unwrap().to_string().contains("alert"),
            "{protocol}"
        );
    }
}

#[test]
fn who_speaks_plain_http_is_told_to_use_https() {
    let site = Site::start();
    for (path, part) in [
        ("/api/system/health", "只接受 HTTPS"),
        ("/docs", "只接受 HTTPS"),
        (
            "/api/collections/tbl_auth_users/records",
            "This server speaks HTTPS only.",
        ),
    ] {
        let mut socket = TcpStream::connect(site.address).unwrap();
        let answer = exchange(
            &mut socket,
            &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"),
        );
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains(part),
            "{answer}"
        );
        assert!(
            !answer.to_lowercase().contains("strict-transport-security"),
            "{answer}"
        );
    }
    let mut socket = TcpStream::connect(site.address).unwrap();
    let preflight = "OPTIONS /api/system/health HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\n\r\n";
    assert!(exchange(&mut socket, preflight).starts_with("HTTP/1.1 400"));
}

#[test]
fn browsers_are_told_to_come_back_over_tls_by_a_server_with_tls_only() {
    let header = "strict-transport-security: max-age=31536000\r\n";
    let site = Site::start();
    let mut stream = site.connect();
    for path in [
        "/",
        "/docs",
        "/api/nothing",
        "/api/health",
        "/api/collections/nothing/records",
    ] {
        let answer = exchange(
            &mut stream,
            &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"),
        );
        assert!(answer.contains(header), "{path}: {answer}");
    }
    let plain = TestApp::spawn();
    assert_eq!(
        plain.get("/").send().header("strict-transport-security"),
        ""
    );
    // Whoever says so: that is for the proxy to do.
    let forwarded = plain.get("/").header("X-Forwarded-Proto", "https").send();
    assert_eq!(forwarded.header("strict-transport-security"), "");
}

#[test]
fn a_new_certificate_is_shown_to_those_who_come_and_open_connections_go_on() {
    let site = Site::start();
    let mut early = site.connect();
    let old = shown(&early);
    site.authority.write(site.folder.path());
    wait_until("the new certificate", || shown(&site.connect()) != old);
    assert!(exchange(&mut early, HEALTH).starts_with("HTTP/1.1 200"));
    // As certbot does: links that lead elsewhere.
    let new = shown(&site.connect());
    let elsewhere = tempfile::tempdir().unwrap();
    site.authority.write(elsewhere.path());
    for file in ["key.pem", "cert.pem"] {
        std::os::unix::fs::symlink(elsewhere.path().join(file), site.folder.path().join("link"))
            .unwrap();
        fs::rename(
            site.folder.path().join("link"),
            site.folder.path().join(file),
        )
        .unwrap();
    }
    wait_until("the certificate behind the link", || {
        shown(&site.connect()) != new
    });
    assert!(exchange(&mut early, HEALTH).starts_with("HTTP/1.1 200"));
}

#[test]
fn files_that_cannot_be_used_change_nothing_until_they_can() {
    let site = Site::start();
    let old = shown(&site.connect());
    let (cert, key) = (
        site.folder.path().join("cert.pem"),
        site.folder.path().join("key.pem"),
    );
    let (other_cert, other_key) = site.authority.issue();
    let spoil: [&dyn Fn(); 4] = [
        &|| fs::write(&cert, "garbage").unwrap(),
        &|| fs::remove_file(&cert).unwrap(),
        &|| fs::write(&cert, &other_cert).unwrap(),
        &|| {
            fs::write(
                &key,
                "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n",
            )
            .unwrap();
        },
    ];
    for spoil in spoil {
        spoil();
        thread::sleep(3 * EVERY);
        assert_eq!(shown(&site.connect()), old);
    }
    fs::write(&key, other_key).unwrap();
    wait_until("the pair that is whole again", || {
        shown(&site.connect()) != old
    });
}

#[test]
fn handshakes_that_stall_are_cut_in_time_and_hold_up_nobody() {
    let site = Site::start_with(|config| config.server.header_timeout = Duration::from_millis(600));
    // Nothing, the first byte, and half of a hello.
    let half = [&[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3][..], &[7; 100]].concat();
    let beginnings = [&[][..], &half[..1], &half];
    let started = Instant::now();
    let mut stalled: Vec<_> = (0..300)
        .map(|n| {
            let mut socket = TcpStream::connect(site.address).unwrap();
            socket.write_all(beginnings[n % 3]).unwrap();
            socket
        })
        .collect();
    for _ in 0..10 {
        assert!(exchange(&mut site.connect(), HEALTH).starts_with("HTTP/1.1 200"));
    }
    for socket in &mut stalled {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        match socket.read(&mut [0; 64]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("not cut: {other:?}"),
        }
    }
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

/// Each has a second for its handshake, whatever it sends.
#[test]
fn a_handshake_that_drips_is_cut() {
    let site = Site::start_with(|config| config.server.header_timeout = Duration::from_millis(500));
    let mut socket = TcpStream::connect(site.address).unwrap();
    socket.write_all(&[22, 3, 1, 1, 0]).unwrap();
    let started = Instant::now();
    while socket.write_all(&[1]).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "never cut");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(
        started.elapsed() > Duration::from_millis(400),
        "cut at once, for another reason"
    );
}

#[test]
fn handshakes_count_as_connections() {
    let site = Site::start_with(|config| {
        config.server.max_connections = 2;
        config.server.header_timeout = Duration::from_millis(700);
    });
    let started = Instant::now();
    let _silent = [
        TcpStream::connect(site.address).unwrap(),
        TcpStream::connect(site.address).unwrap(),
    ];
    assert!(exchange(&mut site.connect(), HEALTH).starts_with("HTTP/1.1 200"));
    assert!(
        started.elapsed() >= Duration::from_millis(600),
        "three at once"
    );
}

#[test]
fn a_connection_that_was_used_and_falls_silent_is_cut() {
    let site = Site::start_with(|config| config.server.idle_timeout = Duration::from_millis(300));
    let mut stream = site.connect();
    assert!(exchange(&mut stream, HEALTH).starts_with("HTTP/1.1 200"));
    let end = stream.read(&mut [0; 64]);
    assert!(matches!(&end, Ok(0)) || end.is_err_and(|e| e.kind() == ErrorKind::UnexpectedEof));
}

#[test]
fn clients_are_told_apart_by_their_address_over_tls_as_without() {
    let site = Site::start_with(|config| config.limits.enabled = true);
    let mut stream = site.connect();
    let body = r#"{"users_wx_code":"alice~canary"}"#;
    let login = format!(
        "POST /api/wechat/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(exchange(&mut stream, &login).starts_with("HTTP/1.1 200"));
    assert!(exchange(&mut stream, &login).starts_with("HTTP/1.1 429"));
    drop(site.app);
}

#[test]
fn the_binary_says_that_it_speaks_https_and_stops_in_order() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    authority.write(folder.path());
    let mut command = bai(folder.path(), &["serve"]);
    command.envs([
        ("BAI_SERVER__TLS__CERT", "cert.pem"),
        ("BAI_SERVER__TLS__KEY", "key.pem"),
    ]);
    let running = Running::start(command);
    let address = running
        .base
        .strip_prefix("https://")
        .unwrap()
        .parse()
        .unwrap();
    let mut stream = connect(address, "127.0.0.1", authority.der(), BOTH, &[]).unwrap();
    assert!(exchange(&mut stream, HEALTH).starts_with("HTTP/1.1 200"));
    running.signal("-TERM");
    let (success, log) = running.wait();
    assert!(success && log.contains("is good until 4096-01-01"), "{log}");
}

#[test]
fn health_is_asked_through_the_door_as_the_certificate_is_for_a_name() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    authority.write(dir.path());
    let tls = [
        ("BAI_SERVER__TLS__CERT", "cert.pem"),
        ("BAI_SERVER__TLS__KEY", "key.pem"),
    ];
    let mut command = bai(dir.path(), &["serve"]);
    command.envs(tls);
    let running = Running::start(command);
    let health = |args: &[&str]| {
        let output = bai(dir.path(), &[&["health"], args].concat())
            .envs(tls)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(health(&[]), (Some(0), "healthy\n".to_owned()));
    assert_eq!(health(&["--ready"]), (Some(0), "ready\n".to_owned()));
    running.signal("-TERM");
    running.wait();
    assert_eq!(health(&[]).0, Some(1));
}

#[test]
fn a_certificate_that_ends_soon_is_told_in_the_log() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    for (ends, is_told) in [(-1, true), (6, true), (9, false)] {
        let end = Clock::System.now() + SignedDuration::from_hours(24 * ends);
        authority.write_until(folder.path(), end);
        let mut command = bai(folder.path(), &["serve"]);
        command.envs([
            ("BAI_SERVER__TLS__CERT", "cert.pem"),
            ("BAI_SERVER__TLS__KEY", "key.pem"),
        ]);
        let running = Running::start(command);
        // An answer, so that it did what it does at its start.
        let address: SocketAddr = running
            .base
            .strip_prefix("https://")
            .unwrap()
            .parse()
            .unwrap();
        exchange(&mut TcpStream::connect(address).unwrap(), HEALTH);
        running.signal("-TERM");
        assert_eq!(
            running.wait().1.contains("was not renewed"),
            is_told,
            "ends in {ends} days"
        );
    }
}

/// Keys with their values, and what the message has to contain.
type Mistake<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn a_mistake_stops_the_start_and_names_its_key_and_file() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    authority.write(folder.path());
    let other = authority.issue().1;
    fs::write(folder.path().join("other.pem"), other).unwrap();
    fs::write(folder.path().join("garbage.pem"), "garbage").unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(folder.path().join("broken.pem"), broken).unwrap();
    let cases: [Mistake; 12] = [
        (
            &[("CERT", "cert.pem")],
            &["server.tls.cert and server.tls.key", "set both"],
        ),
        (
            &[("KEY", "key.pem")],
            &["server.tls.cert and server.tls.key", "set both"],
        ),
        (
            &[("CERT", "none.pem"), ("KEY", "key.pem")],
            &["server.tls.cert = \"none.pem\"", "No such file"],
        ),
        (
            &[("CERT", "cert.pem"), ("KEY", "none.pem")],
            &["server.tls.key = \"none.pem\"", "No such file"],
        ),
        (
            &[("CERT", "garbage.pem"), ("KEY", "key.pem")],
            &["garbage.pem", "no certificate"],
        ),
        (
            &[("CERT", "broken.pem"), ("KEY", "key.pem")],
            &["broken.pem", "cannot be read"],
        ),
        (
            &[("CERT", "cert.pem"), ("KEY", "garbage.pem")],
            &["garbage.pem", "no private key"],
        ),
        (
            &[("CERT", "cert.pem"), ("KEY", "other.pem")],
            &["other.pem", "is not the key of", "cert.pem"],
        ),
        (
            &[
                ("CERT", "cert.pem"),
                ("KEY", "key.pem"),
                ("ACME", "bai.example.com"),
            ],
            &["server.tls.acme", "empty server.tls.cert"],
        ),
        (
            &[("ACME", "*.example.com")],
            &["BAI_SERVER__TLS__ACME", "host names"],
        ),
        (
            &[("ACME", "bai.example.com"), ("ACME_CA", "none.pem")],
            &["server.tls.acme_ca = \"none.pem\""],
        ),
        (
            &[("ACME", "bai.example.com"), ("ACME_DIR", "key.pem")],
            &["server.tls.acme_dir", "key.pem"],
        ),
    ];
    for (keys, parts) in cases {
        let env = keys
            .iter()
            .map(|(key, value)| (format!("BAI_SERVER__TLS__{key}"), value));
        let output = bai(folder.path(), &["serve"]).envs(env).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{keys:?}: {text}");
        for part in parts {
            assert!(text.contains(part), "{keys:?}: no {part:?} in {text}");
        }
        assert!(!folder.path().join("bai.redb").exists(), "{keys:?}");
    }
}
