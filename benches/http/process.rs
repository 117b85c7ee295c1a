//! The server as a process, and what the kernel says of a process.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Setup;
use crate::requests;
use crate::stub::APP_ID;
use crate::wire;

/// The server; killed when dropped.
pub struct Bai {
    child: Child,
    pub address: SocketAddr,
}

impl Bai {
    /// The server as it ships, but for the limits and with the stub as WeChat.
    pub fn start(setup: &Setup, file: &Path) -> Self {
        Self::launch(setup, file, false)
    }

    /// The server with its default configuration, but for the stub, and in the environment of the service.
    pub fn start_with_limits(setup: &Setup, file: &Path) -> Self {
        Self::launch(setup, file, true)
    }

    /// The same on PostgreSQL.
    pub fn start_on(setup: &Setup, file: &Path, url: &str) -> Self {
        let settings = [
            ("BAI_STORE__URL", url),
            ("BAI_STORE__REQUIRE_SYNC", "false"),
        ];
        Self::launch_with(setup, file, false, &settings)
    }

    /// The server as it ships, but for the limits, the stub and these settings.
    pub fn start_with(setup: &Setup, file: &Path, settings: &[(&str, &str)]) -> Self {
        Self::launch_with(setup, file, false, settings)
    }

    fn launch(setup: &Setup, file: &Path, has_limits: bool) -> Self {
        Self::launch_with(setup, file, has_limits, &[])
    }

    fn launch_with(
        setup: &Setup,
        file: &Path,
        has_limits: bool,
        settings: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(&setup.binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BAI_")) {
            command.env_remove(name);
        }
        command
            .current_dir(file.parent().expect("a folder"))
            .env("BAI_STORE__PATH", file)
            .env("BAI_SERVER__LISTEN", "127.0.0.1:0")
            .env("BAI_LIMITS__ENABLED", has_limits.to_string())
            .env("BAI_WECHAT__PROVIDER", "wechat")
            .env("BAI_WECHAT__APP_ID", APP_ID)
            .env("BAI_WECHAT__SECRET", "a_secret")
            .env(
                "BAI_WECHAT__BASE_URL",
                format!("http://{}", setup.stub.address),
            );
        command.envs(settings.iter().copied());
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut seen = String::new();
        let address = loop {
            let from = seen.len();
            let read = log.read_line(&mut seen).expect("a log");
            assert!(read > 0, "the server ended: {seen}");
            if let Some((_, rest)) = seen[from..].split_once("bai listens on http://") {
                break rest
                    .split_whitespace()
                    .next()
                    .expect("an address")
                    .parse()
                    .expect("an address");
            }
        };
        // A full pipe would stop the server.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, address }
    }

    /// Starts it, and how long that took up to the answer to a first request.
    pub fn start_timed(setup: &Setup, file: &Path) -> (Self, Duration) {
        let started = Instant::now();
        let server = Self::start(setup, file);
        let mut request = Vec::new();
        requests::health()(&mut request);
        let mut stream = TcpStream::connect(server.address).expect("the server listens");
        stream.write_all(&request).expect("the server reads");
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("the server answers");
        let elapsed = started.elapsed();
        assert_eq!(wire::status(&head), 200);
        (server, elapsed)
    }

    pub fn process(&self) -> Process {
        Process(self.child.id().to_string())
    }

    /// Asks it to stop and waits.
    pub fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Bai {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process by its name in `/proc` (Linux).
pub struct Process(String);

impl Process {
    pub fn this() -> Self {
        Self("self".into())
    }

    /// Processor time so far, in user and kernel mode.
    pub fn cpu(&self) -> Duration {
        /// Clock ticks a second in `/proc`, on every architecture that we know of.
        const TICKS: u64 = 100;
        let stat = self.read("stat");
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|n| n.parse::<u64>().ok())
            .sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// Resident memory in MiB.
    pub fn resident(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// The most resident memory, in MiB, since the start or [`Process::forget_peak`].
    pub fn peak(&self) -> f64 {
        self.memory("VmHWM:")
    }

    pub fn forget_peak(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.0), "5");
    }

    fn memory(&self, name: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u32>().ok());
        kib.map_or(f64::NAN, |kib| f64::from(kib) / 1024.0)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.0)).unwrap_or_default()
    }
}
