//! A certificate by ACME: against Let's Encrypt's own test server, Pebble, and against none that answers.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::binary::{Running, bai};
use crate::support::http_request::exchange;
use crate::support::tls_client::{Authority, Secure, connect, shown, wait_until};

const NAMES: [&str; 2] = ["bai.example.com", "api.example.com"];
const HEALTH: &str = "POST /api/system/health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
const EVERY: Duration = Duration::from_millis(20);

/// A program that is killed when this is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program, and waits until it says `ready`.
fn start(command: &mut Command, ready: &str) -> Program {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let program = Program(child);
    assert!(
        lines.any(|line| line.contains(ready)),
        "{command:?} did not start"
    );
    thread::spawn(move || lines.for_each(drop));
    program
}

/// A port that nobody has and that the system gives to nobody who asks for any, as other tests do. Pebble has to be told the port
/// of bai, and bai the port of Pebble, before either starts.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let mut ports = std::iter::repeat_with(|| start + TAKEN.fetch_add(1, Ordering::SeqCst));
    ports
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// Pebble, in whose eyes every name leads to this machine.
struct Pebble {
    authority: Authority,
    folder: tempfile::TempDir,
    /// Where it looks for proofs.
    site: SocketAddr,
    port: u16,
    management: u16,
    _programs: [Program; 2],
}

impl Pebble {
    /// It refuses so many requests in a hundred for their nonces, as a client has to expect.
    fn start(refused: u8) -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        let dns = format!("127.0.0.1:{}", free_port());
        let (site, port, management) = (free_port(), free_port(), free_port());
        let file = |name: &str| folder.path().join(name).display().to_string();
        let (cert, key) = authority.issue();
        fs::write(file("cert.pem"), cert).unwrap();
        fs::write(file("key.pem"), key).unwrap();
        fs::write(file("ca.pem"), authority.pem()).unwrap();
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": file("cert.pem"),
            "privateKey": file("key.pem"),
            "httpPort": 1,
            "tlsPort": site,
        } });
        fs::write(file("pebble.json"), config.to_string()).unwrap();
        let off = [
            "-http01",
            "",
            "-https01",
            "",
            "-tlsalpn01",
            "",
            "-defaultIPv6",
            "",
        ];
        let mut names = Command::new("pebble-challtestsrv");
        names
            .args(["-dns01", &dns, "-management", "127.0.0.1:0"])
            .args(off);
        let mut pebble = Command::new("pebble");
        pebble.args([
            "-strict",
            "-dnsserver",
            &dns,
            "-config",
            &file("pebble.json"),
        ]);
        pebble
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", refused.to_string());
        let programs = [
            start(&mut names, "Starting management server"),
            start(&mut pebble, "Listening on"),
        ];
        for port in [port, management] {
            wait_until("Pebble listens", || {
                TcpStream::connect(("127.0.0.1", port)).is_ok()
            });
        }
        let site = SocketAddr::from(([127, 0, 0, 1], site));
        Self {
            authority,
            folder,
            site,
            port,
            management,
            _programs: programs,
        }
    }

    /// bai, which keeps what it gets in the folder.
    fn bai(&self, folder: &Path) -> TestApp {
        TestApp::spawn_with(|config| {
            config.server.listen = self.site;
            config.server.tls.check_every = EVERY;
            config.server.tls.acme = NAMES.map(str::to_owned).to_vec();
            config.server.tls.acme_email = "root@example.com".into();
            config.server.tls.acme_directory =
                format!("https://127.0.0.1:{}/dir", self.port).into();
            config.server.tls.acme_ca = self.folder.path().join("ca.pem");
            config.server.tls.acme_dir = folder.into();
        })
    }

    /// The root of what it issues, another one at each start.
    fn root(&self) -> CertificateDer<'static> {
        let root = ureq::tls::Certificate::from_pem(self.authority.pem().as_bytes()).unwrap();
        let roots = ureq::tls::RootCerts::new_with_certs(&[root]);
        let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .build()
            .new_agent();
        let mut answer = agent
            .get(format!("https://127.0.0.1:{}/roots/0", self.management))
            .call()
            .unwrap();
        CertificateDer::from_pem_slice(&answer.body_mut().read_to_vec().unwrap()).unwrap()
    }
}

fn visit(site: SocketAddr, name: &str, root: &CertificateDer<'static>) -> std::io::Result<Secure> {
    connect(site, name, root.clone(), &[&TLS12, &TLS13], &["http/1.1"])
}

/// Time goes by meanwhile, as an order has to be tried again when Pebble refuses three nonces in a row.
fn wait_for_certificate(app: &TestApp, pebble: &Pebble) {
    let root = pebble.root();
    wait_until("a certificate", || {
        app.clock.advance(Duration::from_secs(20));
        visit(pebble.site, NAMES[0], &root).is_ok()
    });
}

/// A client of the web that believes Pebble's root gets in under each name; the certificate is kept from others on this
/// machine, used at the next start, and renewed before it ends.
#[test]
#[ignore = "needs pebble and pebble-challtestsrv"]
fn a_certificate_is_got_kept_and_renewed() {
    let (pebble, folder) = (Pebble::start(10), tempfile::tempdir().unwrap());
    let root = pebble.root();
    let app = pebble.bai(folder.path());
    wait_for_certificate(&app, &pebble);
    for name in NAMES {
        let mut stream = visit(pebble.site, name, &root).unwrap();
        assert!(exchange(&mut stream, HEALTH).starts_with("HTTP/1.1 200"));
    }
    assert!(visit(pebble.site, "other.example.com", &root).is_err());

    let kept: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(kept.len(), 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept[0]), 0o700);
    for file in ["account.json", "certificate.pem"] {
        assert_eq!(mode(&kept[0].join(file)), 0o600, "{file}");
    }

    let first = shown(&visit(pebble.site, NAMES[0], &root).unwrap());
    drop(app);
    let app = pebble.bai(folder.path());
    assert_eq!(
        shown(&visit(pebble.site, NAMES[0], &root).unwrap()),
        first,
        "ordered again"
    );

    // Pebble's certificates are good for five years.
    let mut early = visit(pebble.site, NAMES[0], &root).unwrap();
    app.clock.advance(Duration::from_hours(24 * 365 * 3));
    thread::sleep(10 * EVERY);
    assert_eq!(
        shown(&visit(pebble.site, NAMES[0], &root).unwrap()),
        first,
        "renewed too soon"
    );
    app.clock.advance(Duration::from_hours(24 * 365));
    wait_until("a new certificate", || {
        app.clock.advance(Duration::from_secs(20));
        shown(&visit(pebble.site, NAMES[0], &root).unwrap()) != first
    });
    assert!(exchange(&mut early, HEALTH).starts_with("HTTP/1.1 200"));
}

/// As when Pebble's memory is new: the account that was kept is unknown to it.
#[test]
#[ignore = "needs pebble and pebble-challtestsrv"]
fn an_account_that_the_server_forgot_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let kept = |pebble: &Pebble| folder.path().join(format!("127.0.0.1_{}_dir", pebble.port));
    let before = Pebble::start(10);
    let app = before.bai(folder.path());
    wait_for_certificate(&app, &before);
    drop(app);
    let pebble = Pebble::start(10);
    fs::rename(kept(&before), kept(&pebble)).unwrap();
    fs::remove_file(kept(&pebble).join("certificate.pem")).unwrap();
    let account = fs::read_to_string(kept(&pebble).join("account.json")).unwrap();
    let moved = account.replace(&before.port.to_string(), &pebble.port.to_string());
    fs::write(kept(&pebble).join("account.json"), moved).unwrap();
    let app = pebble.bai(folder.path());
    wait_until("a try with the old account", || {
        app.clock.advance(Duration::from_secs(20));
        !kept(&pebble).join("account.json").exists()
    });
    wait_for_certificate(&app, &pebble);
}

/// Nobody listens where Pebble looks, as when port 443 is closed.
#[test]
#[ignore = "needs pebble and pebble-challtestsrv"]
fn a_proof_that_cannot_be_seen_is_told_with_name_and_reason() {
    let (pebble, folder) = (Pebble::start(0), tempfile::tempdir().unwrap());
    let mut command = bai(folder.path(), &["serve"]);
    command.env("BAI_SERVER__TLS__ACME", NAMES.join(","));
    command.env(
        "BAI_SERVER__TLS__ACME_DIRECTORY",
        format!("https://127.0.0.1:{}/dir", pebble.port),
    );
    command.env(
        "BAI_SERVER__TLS__ACME_CA",
        pebble.folder.path().join("ca.pem"),
    );
    let running = Running::start(command);
    thread::sleep(Duration::from_secs(5));
    running.signal("-TERM");
    let (_, log) = running.wait();
    let told = log
        .lines()
        .find(|line| line.contains("no certificate from"))
        .unwrap();
    assert!(
        told.contains("tried again in 2m") && told.contains("Failed to connect to 127.0.0.1"),
        "{told}"
    );
    assert!(NAMES.iter().any(|name| told.contains(name)), "{told}");
    let kept = format!("bai.redb.acme/127.0.0.1_{}_dir/account.json", pebble.port);
    assert!(folder.path().join(kept).exists());
}

#[test]
fn without_a_certificate_handshakes_fail_and_the_acme_server_is_asked_less_and_less_often() {
    let folder = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = format!("https://{}/dir", silent.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        silent
            .incoming()
            .for_each(|_| _ = count.fetch_add(1, Ordering::SeqCst));
    });
    let app = TestApp::spawn_with(|config| {
        config.server.tls.check_every = EVERY;
        config.server.tls.acme = vec![NAMES[0].into()];
        config.server.tls.acme_directory = directory.into();
        config.server.tls.acme_dir = folder.path().into();
    });
    let site = app.base.trim_start_matches("http://").parse().unwrap();
    let asked = || asked.load(Ordering::SeqCst);
    // Minutes after the last try, and how often it was asked by then.
    for (minutes, times) in [(0, 1), (1, 1), (1, 2), (3, 2), (1, 3), (7, 3), (1, 4)] {
        app.clock.advance(Duration::from_mins(minutes));
        wait_until("the ACME server is asked", || asked() >= times);
        thread::sleep(5 * EVERY);
        assert_eq!(asked(), times);
    }
    for protocol in ["http/1.1", "acme-tls/1"] {
        let refused = connect(
            site,
            NAMES[0],
            Authority::new().der(),
            &[&TLS13],
            &[protocol],
        );
        assert!(
            refused.err().unwrap().to_string().contains("AccessDenied"),
            "{protocol}"
        );
    }
    let plain = exchange(&mut TcpStream::connect(site).unwrap(), HEALTH);
    assert!(plain.starts_with("HTTP/1.1 400"), "{plain}");
}
