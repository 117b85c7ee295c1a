//! Another program behind nginx and Caddy as in the samples: users reach it, named in headers that nobody forges, and nobody else does.

use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::app::TestApp;
use crate::support::canary;
use crate::support::failing_disk::FailingDisk;
use crate::support::installation::{Installation, login};
use crate::support::logins::user;
use crate::support::proxies::{Prefix, Proxy, WAIT};
use crate::support::steps::Step;
use crate::support::users::new_user;

const NGINX: &str = include_str!("../../../deploy/nginx/verify.conf");
const CADDY: &str = include_str!("../../../deploy/caddy/verify.Caddyfile");
const PROGRAM: &str = "127.0.0.1:9000";
const ANNE: &str = "13800000001";
const BEN: &str = "13800000002";

/// A program that answers with the head of each request, and counts them; it runs until the tests end.
struct Program {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Program {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || echo(client));
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn echo(mut client: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|n| n > 0) {
        head.extend(byte);
    }
    // Whoever closes with a body unread resets the connection, and the proxy may lose the answer.
    let _ = client.read_exact(&mut vec![0; body_length(&head)]);
    let length = head.len();
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = client.write_all(&[answer.as_bytes(), &head].concat());
}

fn body_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.split_once("\r\ncontent-length: ");
    let length = length.and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok());
    length.unwrap_or(0)
}

/// Status, and what the program heard, of a request with these headers.
fn ask(proxy: &Proxy, headers: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(proxy.address).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let host = proxy.address;
    let body = "x".repeat(70_000);
    write!(
        socket,
        "POST /any/where?x=1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_lowercase())
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Names that reach a program as those of the headers, or nearly.
const FORGED: &str = "X-Bai-User-Id: forged\r\nX-Bai-Openid: forged\r\nx-bai-idtype: forged\r\nX-BAI-RANK: forged\r\n\
    X_Bai_User_Id: forged\r\nX-Bai_User_Id: forged\r\nX-Bai-User-Id: forged\r\n";

fn token_of(base: &str, phone: &str) -> String {
    let session = login(base, phone, canary::PASSWORD).ok();
    session["token"].as_str().unwrap().to_owned()
}

fn assert_it_protects(start: fn(&Path, &str, &str) -> Proxy) {
    let mut place = Installation::empty();
    place.start();
    let base = place.server.as_ref().unwrap().base.clone();
    let program = Program::start();
    let own = tempfile::tempdir().unwrap();
    let bai = base.trim_start_matches("http://");
    let proxy = start(own.path(), bai, &program.address.to_string());
    for phone in [ANNE, BEN] {
        place.create(phone, "Somebody").ok();
    }
    let anne = place.json(&["user", "show", ANNE]);
    let token = token_of(&base, ANNE);

    for headers in [bearer(&token), bearer(&token) + FORGED] {
        let (status, heard) = ask(&proxy, &headers);
        assert_eq!(status, 200, "{heard}");
        for (name, value) in [
            ("x-bai-user-id", anne["id"].as_str().unwrap()),
            ("x-bai-openid", anne["openid"].as_str().unwrap()),
            ("x-bai-idtype", "manageplatform"),
            ("x-bai-rank", "0"),
        ] {
            assert_eq!(heard.matches(&format!("\n{name}: ")).count(), 1, "{heard}");
            assert!(heard.contains(&format!("\n{name}: {value}\r\n")), "{heard}");
        }
        assert!(heard.starts_with("post /any/where?x=1 "), "{heard}");
        assert!(
            !heard.contains("forged") && !heard.contains("authorization"),
            "{heard}"
        );
    }
    let reached = program.requests();
    let refused = |headers: &str, what: &str| {
        assert_eq!(ask(&proxy, headers).0, 401, "{what}");
    };
    refused("", "nobody");
    refused(FORGED, "forged");
    refused(&bearer("pb.x"), "a wrong token");
    refused("Authorization: Basic YTpi\r\n", "another scheme");
    let ben = token_of(&base, BEN);
    place.run(&["user", "revoke", BEN]).ok();
    refused(&bearer(&ben), "a revoked token");
    let ben = token_of(&base, BEN);
    assert_eq!(ask(&proxy, &bearer(&ben)).0, 200);
    place.run(&["user", "disable", BEN]).ok();
    refused(&bearer(&ben), "of a disabled user");
    place.stop();
    for headers in [bearer(&token) + FORGED, String::new()] {
        let (status, _) = ask(&proxy, &headers);
        assert!(status >= 500, "without bai: {status}");
    }
    assert_eq!(program.requests(), reached + 1);
}

#[test]
#[ignore = "needs nginx, named by BAI_NGINX; .ci/run runs it"]
fn nginx_as_in_the_sample_lets_nobody_but_users_reach_a_program() {
    assert_it_protects(|dir, bai, program| {
        let sample = NGINX.replace(PROGRAM, program);
        Proxy::nginx_of(&sample, dir, bai, Prefix::Stripped)
    });
}

#[test]
#[ignore = "needs Caddy, named by BAI_CADDY; .ci/run runs it"]
fn caddy_as_in_the_sample_lets_nobody_but_users_reach_a_program() {
    assert_it_protects(|dir, bai, program| {
        let sample = CADDY.replace(PROGRAM, program);
        let sample = sample.replace("\napp.example.com {", "\nbai.example.com {");
        Proxy::caddy_of(&sample, dir, bai, Prefix::Stripped)
    });
}

/// A server over a disk of so many users that what is asked for is not in memory.
#[test]
fn a_database_that_cannot_be_read_lets_nobody_in() {
    let disk = FailingDisk::default();
    let (_, token) = {
        let app = TestApp::spawn_on(&disk.location(), |_| ());
        let known = user(&app, "13900000001");
        app.take((0..3000).map(|n| Step::insert(new_user(n))));
        known
    };
    let app = TestApp::spawn_on(&disk.location(), |config| config.store.cache_mib = 1);
    disk.kill();
    let answer = app.get("/api/auth/verify").bearer(&token).send();
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("x-bai-user-id"), "");
}
