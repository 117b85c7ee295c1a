//! Thousands of connections at once, against the real binary with its real deadlines.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};

use crate::support::app::Call;
use crate::support::binary::{Running, bai};
use crate::support::canary;

/// Slow connections of each kind, both kinds at once: under the cap of 4,096.
const SLOW: usize = 2_000;
const DRIP: Duration = Duration::from_secs(5);
/// All are cut by then; the deadlines are 10 and 15 seconds.
const CUT: Duration = Duration::from_secs(20);

const HEADERS: &str = "POST /api/wechat/login HTTP/1.1\r\nX-Slow: ";
const BODY: &str = "POST /api/wechat/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n";

/// This process holds the other end of each connection.
fn allow_open_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum: limit.maximum,
            },
        )
        .unwrap();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Sends `start` and then a byte every five seconds; how long until the server closed, and how many ever connected.
async fn drip(address: SocketAddr, start: &str, connected: &AtomicUsize) -> Duration {
    let socket = TcpStream::connect(address).await.unwrap();
    socket.writable().await.unwrap();
    assert_eq!(socket.try_write(start.as_bytes()).unwrap(), start.len());
    connected.fetch_add(1, Ordering::SeqCst);
    let begun = Instant::now();
    loop {
        tokio::select! {
            () = closed(&socket) => return begun.elapsed(),
            () = tokio::time::sleep(DRIP) => {}
        }
        if socket.try_write(b"x").is_err() {
            return begun.elapsed();
        }
    }
}

/// Reads, and forgets what it read, until there is no more.
async fn closed(socket: &TcpStream) {
    loop {
        socket.readable().await.unwrap();
        match socket.try_read(&mut [0; 1024]) {
            Ok(0) => return,
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

fn wait_until(what: &str, condition: &dyn Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < 2 * DRIP, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn address(running: &Running) -> SocketAddr {
    running.base.trim_start_matches("http://").parse().unwrap()
}

/// One request after the other until `done`; the slowest answer.
fn ask_until(running: &Running, done: &dyn Fn() -> bool) -> Duration {
    let mut slowest = Duration::ZERO;
    while !done() {
        slowest = slowest.max(ask(running));
        thread::sleep(Duration::from_millis(100));
    }
    slowest
}

/// Asks for what costs nothing and for what costs a read and a call to WeChat; the slower answer.
fn ask(running: &Running) -> Duration {
    let login = json!({ "users_wx_code": canary::code("alice~1") });
    let times = [
        ("/api/system/health", json!({})),
        ("/api/wechat/login", login),
    ]
    .map(|(path, body)| {
        let started = Instant::now();
        assert_eq!(
            Call::new("POST", &running.base, path)
                .json(&body)
                .send()
                .status,
            200
        );
        started.elapsed()
    });
    times[0].max(times[1])
}

/// A server that was asked once already, and the files that it then has open.
fn start(dir: &Path, settings: &[(&str, &str)]) -> (Running, usize) {
    let mut command = bai(dir, &["serve"]);
    command
        .env("BAI_LIMITS__ENABLED", "false")
        .envs(settings.iter().copied());
    let running = Running::start(command);
    ask(&running);
    let count = || {
        thread::sleep(Duration::from_millis(100));
        running.open_files()
    };
    // The connections that asked may still be on their way out.
    let mut idle = count();
    while idle != count() {
        idle = count();
    }
    (running, idle)
}

#[ignore = "takes 17 seconds, the real deadlines"]
#[test]
fn two_thousand_slow_headers_and_bodies_are_cut_in_time_while_others_are_served() {
    allow_open_files(3 * SLOW as u64);
    let dir = tempfile::tempdir().unwrap();
    let (running, idle) = start(dir.path(), &[]);
    let to = address(&running);
    let connected = AtomicUsize::new(0);
    thread::scope(|scope| {
        let cut = scope.spawn(|| {
            runtime().block_on(async {
                let slow = |n: usize| {
                    drip(
                        to,
                        if n.is_multiple_of(2) { HEADERS } else { BODY },
                        &connected,
                    )
                };
                futures_util::future::join_all((0..2 * SLOW).map(slow)).await
            })
        });
        while connected.load(Ordering::SeqCst) < 2 * SLOW {
            assert!(!cut.is_finished(), "a connection failed");
            thread::sleep(Duration::from_millis(10));
        }
        wait_until("all are there at once", &|| {
            running.open_files() >= idle + 2 * SLOW
        });
        let slowest = ask_until(&running, &|| cut.is_finished());
        assert!(
            slowest < Duration::from_secs(2),
            "others waited {slowest:?}"
        );
        let longest = cut.join().unwrap().into_iter().max().unwrap();
        assert!(longest < CUT, "the last was cut after {longest:?}");
    });
    wait_until("all files are closed", &|| running.open_files() <= idle);
    running.signal("-TERM");
    assert!(running.wait().0);
}

/// The hard limit, which the server cannot raise, leaves room for far fewer files than `server.max_connections`.
#[test]
fn open_files_never_run_out_however_few_the_system_allows() {
    const FILES: usize = 128;
    let dir = tempfile::tempdir().unwrap();
    let server = bai(dir.path(), &["serve"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -n {FILES}; exec \"$0\" \"$@\"")]);
    limited
        .arg(server.get_program())
        .args(server.get_args())
        .current_dir(dir.path())
        .stdin(Stdio::null());
    limited.envs(
        server
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    limited.envs([
        ("BAI_SERVER__MAX_CONNECTIONS", "4096"),
        ("BAI_SERVER__HEADER_TIMEOUT", "500ms"),
    ]);
    limited.env("BAI_LIMITS__SOURCE_PERCENT", "100");
    let running = Running::start(limited);
    let to = address(&running);
    thread::scope(|scope| {
        let silent = scope.spawn(|| {
            runtime().block_on(async {
                // They begin to speak, since one that the system's queue had no place for would never know.
                let silent = async |_| {
                    let socket = TcpStream::connect(to).await.unwrap();
                    socket.writable().await.unwrap();
                    let _ = socket.try_write(b"P");
                    closed(&socket).await;
                };
                futures_util::future::join_all((0..400).map(silent)).await;
            });
        });
        let login = |n: usize| {
            let body = json!({ "users_wx_code": canary::code(&format!("u{n}~1")) });
            let call = Call::new("POST", &running.base, "/api/wechat/login").json(&body);
            assert_eq!(call.send().status, 200);
        };
        for n in 0..100 {
            scope.spawn(move || login(n));
        }
        let mut most = 0;
        while !silent.is_finished() {
            most = most.max(running.open_files());
            thread::sleep(Duration::from_millis(5));
        }
        assert!(most > FILES / 2, "never more than {most} files");
    });
    running.signal("-TERM");
    let (success, log) = running.wait();
    assert!(
        success && log.contains("128 open files") && !log.contains("could not be accepted"),
        "{log}"
    );
}

/// A page is sent from where it lies in the binary, however many ask for it.
#[test]
fn those_who_do_not_take_their_answers_cost_little_memory_and_are_cut() {
    const CLIENTS: usize = 100;
    let dir = tempfile::tempdir().unwrap();
    let (running, idle) = start(
        dir.path(),
        &[
            ("BAI_SERVER__HEADER_TIMEOUT", "1s"),
            ("BAI_SERVER__ANSWER_TIMEOUT", "3s"),
        ],
    );
    let (before, to) = (running.peak_memory(), address(&running));
    let runtime = runtime();
    let stuck = runtime.block_on(futures_util::future::join_all((0..CLIENTS).map(
        async |_| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            let socket = socket.connect(to).await.unwrap();
            // More than the system keeps for a client that does not read.
            let pages =
                "GET /assets/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(5);
            socket.writable().await.unwrap();
            assert_eq!(socket.try_write(pages.as_bytes()).unwrap(), pages.len());
            socket
        },
    )));
    wait_until("all are there", &|| running.open_files() >= idle + CLIENTS);
    let started = Instant::now();
    let slowest = ask_until(&running, &|| {
        running.open_files() <= idle || started.elapsed() > CUT
    });
    assert!(
        slowest < Duration::from_secs(2),
        "others waited {slowest:?}"
    );
    assert!(running.open_files() <= idle, "not all were cut");
    let grown = (running.peak_memory() - before) / CLIENTS;
    assert!(grown < 256, "{grown} KiB for each");
    drop(stuck);
    running.signal("-TERM");
    assert!(running.wait().0);
}
