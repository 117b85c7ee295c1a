//! `bai doctor` through the public URL: certificates, proxies, and who answers.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::support::app::{Call, TestApp};
use crate::support::binary::{Running, bai};
use crate::support::doctor::{Report, Settings};
use crate::support::reverse_proxy::{Manners, ReverseProxy};

const TRUSTED: &str = "[\"127.0.0.1\"]";

/// A server, and what the doctor says of the way to it.
struct Place {
    dir: TempDir,
    settings: Settings,
    server: Running,
}

impl Place {
    fn new(settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = bai(dir.path(), &[]);
        command.envs(settings.clone());
        let server = Running::start(command);
        Self {
            dir,
            settings,
            server,
        }
    }

    fn trusting() -> Self {
        Self::new(vec![("BAI_SERVER__TRUSTED_PROXIES", TRUSTED.to_owned())])
    }

    fn look(&self, url: &str) -> Report {
        Report::of(self.dir.path(), &self.settings, &["--url", url])
    }

    /// The report of the way through such a proxy, at this path.
    fn through(&self, path: &str, manners: Manners) -> Report {
        let base = self.server.base.split('/').take(3).collect::<Vec<_>>();
        let proxy = ReverseProxy::start(&base.join("/"), manners);
        self.look(&format!("http://{}{path}", proxy.address))
    }
}

/// A proxy with this header of its own.
fn setting(name: &'static str, value: &'static str) -> Manners {
    Manners {
        headers: vec![(name, value)],
        ..Manners::default()
    }
}

const FORWARDED_FOR: &str = "X-Forwarded-For";

#[test]
fn a_server_without_a_proxy_is_seen_as_one() {
    let place = Place::new(vec![]);
    let report = place.look(&place.server.base);
    report.find("proxy.arrived").is("ok", "");
    report.find("proxy.none").is("ok", "").says("127.0.0.1");
    assert_eq!(report.codes("proxy.").len(), 2);
}

#[test]
fn a_proxy_that_does_not_tell_for_whom_it_asks_is_wrong() {
    for place in [Place::new(vec![]), Place::trusting()] {
        let report = place.through("", Manners::default());
        report.find("proxy.arrived").is("ok", "");
        let found = report.find("proxy.no_forwarded_for");
        let found = found.is(
            "wrong",
            "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        );
        found.is("wrong", "trusted_proxies = [\"127.0.0.1");
        assert_eq!(report.exit_code, 1);
    }
}

#[test]
fn a_proxy_that_nobody_trusts_is_named_with_the_line_that_trusts_it() {
    let other = ("BAI_SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]".to_owned());
    let place = Place::new(vec![other]);
    let report = place.through("", setting(FORWARDED_FOR, "127.0.0.1"));
    let line = "trusted_proxies = [\"10.0.0.0/8\", \"127.0.0.1\"]";
    report.find("proxy.untrusted").is("wrong", line);
}

#[test]
fn a_trusted_proxy_tells_the_client_and_a_second_one_in_front_has_to_be_trusted_too() {
    let place = Place::trusting();
    let report = place.through("", setting(FORWARDED_FOR, "203.0.113.7"));
    report
        .find("proxy.client")
        .is("ok", "")
        .says("the client is 203.0.113.7");
    assert_eq!(report.codes("proxy."), ["proxy.arrived", "proxy.client"]);
    let report = place.through("", setting(FORWARDED_FOR, "203.0.113.7:4711"));
    report.find("proxy.client").is("ok", "");
    let report = place.through("", setting(FORWARDED_FOR, "203.0.113.7, 10.9.9.9"));
    let line = "trusted_proxies = [\"127.0.0.1/32\", \"10.9.9.9\"]";
    report.find("proxy.second").is("wrong", line);
    let report = place.through("", setting(FORWARDED_FOR, "unknown"));
    report
        .find("proxy.unreadable")
        .is("wrong", "X-Forwarded-For");
}

#[test]
fn a_proxy_that_believes_what_clients_write_of_their_address_is_wrong() {
    let place = Place::trusting();
    let if_none = Manners {
        if_none: Some("198.51.100.7"),
        ..Manners::default()
    };
    let report = place.through("", if_none);
    report
        .find("proxy.client")
        .is("ok", "")
        .says("198.51.100.7");
    let found = report.find("proxy.forged");
    found.is("wrong", "$proxy_add_x_forwarded_for");
    // Its own address, too: this machine's is trusted here.
    for last in ["198.51.100.7", "127.0.0.1"] {
        let appended = Manners {
            appended: Some(last),
            ..Manners::default()
        };
        let report = place.through("", appended);
        report.find("proxy.client").is("ok", "");
        assert_eq!(report.codes("proxy.forged").len(), 0, "{last}");
    }
}

#[test]
fn a_probe_is_answered_by_no_cache() {
    let place = Place::trusting();
    let caching = Manners {
        cached: Some("HTTP/1.1 200 OK\n\n{}"),
        if_none: Some("198.51.100.7"),
        ..Manners::default()
    };
    place
        .through("", caching)
        .find("proxy.arrived")
        .is("ok", "");
}

#[test]
fn a_prefix_that_is_not_stripped_or_stripped_without_its_slash_is_wrong() {
    let place = Place::new(vec![]);
    let report = place.through("/pb", Manners::default());
    let found = report.find("proxy.path").says("arrives as /pb/api/health");
    found.is("wrong", "server.base_path = \"/pb\"");
    let stripped = |added| Manners {
        prefix: "/pb",
        added,
        ..Manners::default()
    };
    let report = place.through("/pb", stripped("/"));
    report
        .find("proxy.path")
        .is("wrong", "slash")
        .says("arrives as //api/health");
    place
        .through("/pb/", stripped(""))
        .find("proxy.arrived")
        .is("ok", "");
    let base_path = ("BAI_SERVER__BASE_PATH", "/pb".to_owned());
    let place = Place::new(vec![base_path]);
    place
        .through("/pb", Manners::default())
        .find("proxy.arrived")
        .is("ok", "");
    place
        .through("", Manners::default())
        .find("proxy.path")
        .is("wrong", "/pb");
}

#[test]
fn an_answer_of_the_proxy_s_own_hides_neither_a_wrong_path_nor_a_refusal() {
    let place = Place::new(vec![]);
    let replacing = |replaced| Manners {
        replaced: Some(replaced),
        ..Manners::default()
    };
    let report = place.through("/pb", replacing("HTTP/1.1 200 OK\n\n{}"));
    report.find("proxy.path").is("wrong", "server.base_path");
    let report = place.through("", replacing("HTTP/1.1 403 Forbidden\n\n"));
    report.find("proxy.answer").is("wrong", "log").says("403");
}

#[test]
fn who_answers_in_the_place_of_the_server_is_told() {
    let place = Place::new(vec![]);
    let answering = |answer| Manners {
        answer: Some(answer),
        ..Manners::default()
    };
    for (answer, code, words) in [
        (
            "HTTP/1.1 200 OK\nServer: other\n\n{}",
            "proxy.elsewhere",
            "(other)",
        ),
        ("HTTP/1.1 404 Not Found\n\n", "proxy.elsewhere", "404"),
        (
            "HTTP/1.1 502 Bad Gateway\nServer: nginx\n\n",
            "proxy.backend",
            "(nginx)",
        ),
        (
            "HTTP/1.1 301 Moved\nLocation: https://a.example.com/\n\n",
            "proxy.redirected",
            "https://a.example.com/",
        ),
        (
            "HTTP/1.1 302 Found\nLocation: https://dnspod.qcloud.com/static/webblock.html?d=a.example.com\n\n",
            "public_url.icp",
            "ICP",
        ),
        (
            "HTTP/1.1 403 Forbidden\nServer: Beaver\n\nNon-compliance ICP Filing",
            "public_url.icp",
            "ICP",
        ),
        (
            "220 mail.example.com ESMTP\n\n",
            "proxy.no_answer",
            "not HTTP",
        ),
    ] {
        let report = place.through("", answering(answer));
        report.find(code).is("wrong", "").says(words);
        assert_eq!(report.codes("proxy.arrived").len(), 0, "{answer}");
    }
}

#[test]
fn a_proxy_that_changes_the_host_or_speaks_an_old_http_gets_advice() {
    let place = Place::new(vec![]);
    let report = place.through("", setting("Host", "bai"));
    report
        .find("proxy.host")
        .is("advice", "proxy_set_header Host $host;")
        .says("bai");
    let old = Manners {
        version: Some("HTTP/1.0"),
        ..Manners::default()
    };
    let report = place.through("", old);
    report
        .find("proxy.http_version")
        .is("advice", "proxy_http_version 1.1;");
}

#[test]
fn without_a_server_the_way_is_not_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let answer = Manners {
        answer: Some("HTTP/1.1 200 OK\n\n{}"),
        ..Manners::default()
    };
    let proxy = ReverseProxy::start("", answer);
    let url = format!("http://{}", proxy.address);
    let report = Report::of(dir.path(), &vec![], &["--url", &url]);
    report.find("proxy.way").is("not_looked_at", "start it");
    let report = Report::of(dir.path(), &vec![], &[]);
    report
        .find("public_url.unknown")
        .is("not_looked_at", "--url");
}

#[test]
fn a_url_that_no_phone_reaches_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let look = |url: &str| Report::of(dir.path(), &vec![], &["--url", url]);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let report = look(&format!("http://{closed}"));
    report.find("public_url.plain").is("wrong", "备案");
    report
        .find("public_url.no_domain")
        .is("wrong", "request 合法域名");
    report
        .find("public_url.port")
        .is("advice", &closed.port().to_string());
    report
        .find("public_url.unreachable")
        .is("wrong", "nginx")
        .says("refused");
    let report = look(&format!("http://localhost:{}", closed.port()));
    report.find("public_url.no_domain").is("wrong", "");
    report.find("public_url.private").is("advice", "/etc/hosts");
    let report = look("https://bai.invalid");
    // A machine without a name server cannot tell.
    let causes = ["public_url.unresolved", "public_url.name_server"];
    let told = causes.map(|code| report.codes(code).len());
    assert_eq!(told.iter().sum::<usize>(), 1);
    let plain = Manners {
        answer: Some("HTTP/1.1 200 OK\n\n{}"),
        ..Manners::default()
    };
    let proxy = ReverseProxy::start("", plain);
    let report = look(&format!("https://{}", proxy.address));
    report.find("public_url.tls").is("wrong", "TLS 1.2");
}

/// An authority with one below it, both of which sign for others.
struct Authorities {
    root: CertifiedIssuer<'static, KeyPair>,
    between: CertifiedIssuer<'static, KeyPair>,
}

impl Authorities {
    fn new() -> Self {
        let params = || {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(params(), key()).unwrap();
        let mut between = params();
        between
            .distinguished_name
            .push(rcgen::DnType::CommonName, "between");
        let between = CertifiedIssuer::signed_by(between, key(), &root).unwrap();
        Self { root, between }
    }

    /// A certificate with these that follow, and its key.
    fn issue(&self, params: &CertificateParams, followed: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let own = params.signed_by(&key, &self.between).unwrap().pem();
        (own + &followed.concat(), key.serialize_pem())
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params
}

/// The report through TLS with this certificate, by one who knows `roots`.
fn with_certificate(tls: (String, String), roots: &str) -> Report {
    let place = Place::new(vec![]);
    let file: PathBuf = place.dir.path().join("roots.pem");
    fs::write(&file, roots).unwrap();
    let manners = Manners {
        tls: Some(tls),
        ..Manners::default()
    };
    let proxy = ReverseProxy::start(&place.server.base, manners);
    let url = format!("https://{}", proxy.address);
    let mut command = bai(place.dir.path(), &["doctor", "--json", "--url", &url]);
    Report::read(command.env("SSL_CERT_FILE", file))
}

#[test]
fn a_certificate_is_trusted_for_its_name_with_its_chain_and_days_are_left() {
    let authorities = Authorities::new();
    let (root, between) = (authorities.root.pem(), authorities.between.pem());
    let own = || named("127.0.0.1");
    let good = authorities.issue(&own(), &[&between]);
    let report = with_certificate(good.clone(), &root);
    report.find("certificate.trusted").is("ok", "");
    report.find("certificate.ends").is("ok", "");
    report.find("proxy.arrived").is("ok", "");
    let mut expired = own();
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut early = own();
    early.not_before = date_time_ymd(4000, 1, 1);
    let key = KeyPair::generate().unwrap();
    let self_signed = (own().self_signed(&key).unwrap().pem(), key.serialize_pem());
    let issue = |params: &CertificateParams| authorities.issue(params, &[&between]);
    for (certificate, roots, code) in [
        (good, "", "certificate.authority"),
        (
            authorities.issue(&own(), &[]),
            &*root,
            "certificate.incomplete",
        ),
        (self_signed, &*root, "certificate.self_signed"),
        (issue(&named("a.example.com")), &*root, "certificate.name"),
        (issue(&expired), &*root, "certificate.expired"),
        (issue(&early), &*root, "certificate.not_yet_valid"),
    ] {
        let report = with_certificate(certificate, roots);
        let found = report.find(code).is("wrong", "");
        assert!(!found.remedy.is_empty());
        report.find("proxy.arrived").is("ok", "");
    }
}

/// The word that a stranger would have to guess: a wrong one.
const GUESS: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn strangers_who_send_a_probe_learn_nothing_and_leave_nothing() {
    let app = TestApp::spawn();
    let ask = |probe: Option<&str>| {
        let call = Call::new("GET", &app.base, "/api/health");
        let call = match probe {
            Some(word) => call.header("X-Bai-Probe", word),
            None => call,
        };
        let answer = call.send();
        (answer.status, answer.body)
    };
    let plain = ask(None);
    assert!(!app.app.probes.is_waiting());
    assert_eq!(ask(Some(GUESS)), plain);
    assert!(app.app.probes.announce("fedcba9876543210".to_owned()));
    let long = "x".repeat(8000);
    for word in [GUESS, "", "fedcba987654321", "fedcba98765432100", &long] {
        assert_eq!(ask(Some(word)), plain, "{word}");
    }
    assert_eq!(app.app.probes.take("fedcba9876543210"), []);
    assert!(app.app.probes.announce("fedcba9876543210".to_owned()));
    assert_eq!(ask(Some("fedcba9876543210")), plain);
    let arrivals = app.app.probes.take("fedcba9876543210");
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].path, "/api/health");
}
