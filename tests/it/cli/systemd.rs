//! What systemd hears of the binary, over a socket such as its own.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::support::app::Call;
use crate::support::binary::{Running, bai};

/// The socket that systemd would name in `NOTIFY_SOCKET`.
struct Systemd {
    socket: UnixDatagram,
}

impl Systemd {
    const SOCKET: &str = "notify";

    fn listen(folder: &Path) -> Self {
        let socket = UnixDatagram::bind(folder.join(Self::SOCKET)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self { socket }
    }

    /// The lines of the next notice.
    fn next(&self) -> Vec<String> {
        let mut notice = [0; 1024];
        let length = self.socket.recv(&mut notice).unwrap();
        std::str::from_utf8(&notice[..length])
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn has_nothing(&self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        self.socket.recv(&mut [0; 1024]).is_err()
    }
}

#[test]
fn systemd_hears_of_readiness_when_requests_are_answered_and_of_the_stop() {
    let dir = tempfile::tempdir().unwrap();
    let systemd = Systemd::listen(dir.path());
    let mut command = bai(dir.path(), &[]);
    command.env("NOTIFY_SOCKET", dir.path().join(Systemd::SOCKET));
    let running = Running::start(command);

    let opening = systemd.next();
    assert!(
        opening[0].starts_with("STATUS=opening /") && opening[0].ends_with("/bai.redb"),
        "{opening:?}"
    );
    let ready = systemd.next();
    assert_eq!(
        ready,
        [
            "READY=1".to_owned(),
            format!("STATUS=serving {}", running.base)
        ]
    );
    assert_eq!(
        Call::new("POST", &running.base, "/api/system/health")
            .send()
            .status,
        200
    );

    running.signal("-TERM");
    assert_eq!(systemd.next()[0], "STOPPING=1");
    assert!(running.wait().0);
    assert!(systemd.has_nothing());
}

#[test]
fn a_server_that_cannot_start_is_never_ready() {
    let dir = tempfile::tempdir().unwrap();
    let systemd = Systemd::listen(dir.path());
    std::fs::write(dir.path().join("bai.redb"), "this is no database").unwrap();
    let mut command = bai(dir.path(), &[]);
    command
        .env("NOTIFY_SOCKET", dir.path().join(Systemd::SOCKET))
        .stderr(Stdio::null());
    assert!(!command.status().unwrap().success());
    assert!(systemd.next()[0].starts_with("STATUS=opening"));
    assert!(systemd.has_nothing());
}

#[test]
fn systemd_s_watchdog_is_fed_for_as_long_as_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let systemd = Systemd::listen(dir.path());
    let mut command = bai(dir.path(), &[]);
    command
        .env("NOTIFY_SOCKET", dir.path().join(Systemd::SOCKET))
        .env("WATCHDOG_USEC", "20000");
    let running = Running::start(command);
    let fed = std::iter::repeat_with(|| systemd.next()).filter(|notice| *notice == ["WATCHDOG=1"]);
    assert_eq!(fed.take(10).count(), 10);
    running.signal("-TERM");
    assert!(running.wait().0);
}

/// Whoever starts it without systemd notices nothing, and a systemd that has gone away does not stop it.
#[test]
fn a_socket_that_nobody_reads_does_not_stop_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = bai(dir.path(), &[]);
    command.env("NOTIFY_SOCKET", dir.path().join("nobody"));
    let running = Running::start(command);
    assert_eq!(
        Call::new("POST", &running.base, "/api/system/health")
            .send()
            .status,
        200
    );
    running.signal("-TERM");
    let (success, log) = running.wait();
    assert!(
        success && log.contains("systemd could not be told"),
        "{log}"
    );
}
