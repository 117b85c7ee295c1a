//! One server: a data folder, a port, and the process when it runs.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::support::parted_network::{Machine, Network};
use crate::support::postgres::binaries::{program, program_on, run};
use crate::support::postgres::processes;

/// Time that a server may take to start: with its recovery after a kill, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Server {
    data: PathBuf,
    port: u16,
    settings: Vec<String>,
    process: Option<Child>,
    /// The beginning of the command that runs it on another machine, and its address there.
    elsewhere: Option<(Vec<String>, &'static str)>,
}

/// The words of a server that did not start.
struct Failed(String);

impl Server {
    /// A server that does not run, in a data folder that exists, with settings like `fsync=off`.
    pub fn new(data: PathBuf, settings: &[&str]) -> Self {
        Self {
            data,
            port: free_port(),
            settings: settings.iter().map(ToString::to_string).collect(),
            process: None,
            elsewhere: None,
        }
    }

    /// The same on a machine in a network of its own, which reaches it by its address there; this one by its socket.
    pub fn on(mut self, network: &Network, machine: Machine) -> Self {
        self.elsewhere = Some((network.on(machine), machine.address()));
        self
    }

    /// Makes a data folder of that name in `folder`: with the locale C, and one role `bai` that may do everything.
    pub fn init(folder: &Path, name: &str) -> PathBuf {
        let data = folder.join(name);
        let path = data.to_str().unwrap();
        let locale = ["--locale=C", "--encoding=UTF8"];
        let roles = ["-A", "trust", "-U", "bai", "--no-sync", "-D", path];
        run("initdb", folder, &[&locale[..], &roles[..]].concat());
        data
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    pub fn url(&self, database: &str) -> String {
        let host = match self.elsewhere {
            Some(_) => self.sockets().replace('/', "%2F"),
            None => "127.0.0.1".to_owned(),
        };
        format!("postgres://bai@{host}:{}/{database}", self.port)
    }

    /// Starts it for the first time: on another port when somebody else took this one meanwhile.
    pub fn start_anywhere(&mut self) {
        for _ in 0..10 {
            match self.try_start() {
                Err(Failed(log)) if is_port_taken(&log) => self.port = free_port(),
                outcome => return accept(outcome),
            }
        }
        panic!("ten free ports were taken");
    }

    /// Starts it on its port, which others know.
    pub fn start(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.try_start() {
                Err(Failed(log)) if is_port_taken(&log) && Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(100));
                }
                outcome => return accept(outcome),
            }
        }
    }

    fn try_start(&mut self) -> Result<(), Failed> {
        let path = self.data.with_extension("log");
        let log = File::create(&path).unwrap();
        let mut command = match &self.elsewhere {
            Some((entry, _)) => program_on(entry, "postgres", &self.data),
            None => program("postgres", &self.data),
        };
        command.arg("-D").arg(&self.data);
        for setting in self.all_settings() {
            command.args(["-c", &setting]);
        }
        command
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(Stdio::from(log));
        let mut process = command.spawn().unwrap();
        let outcome = self.until_ready(&mut process);
        if outcome.is_err() {
            let _ = process.kill();
            let _ = process.wait();
            return outcome
                .map_err(|why| Failed(format!("{why}: {}", fs::read_to_string(path).unwrap())));
        }
        self.process = Some(process);
        Ok(())
    }

    fn sockets(&self) -> String {
        self.data.parent().unwrap().display().to_string()
    }

    fn all_settings(&self) -> Vec<String> {
        let address = self.elsewhere.as_ref().map_or("127.0.0.1", |(_, it)| it);
        let mut settings = vec![
            format!("port={}", self.port),
            format!("listen_addresses={address}"),
            format!("unix_socket_directories={}", self.sockets()),
            // Files in the data folder, which goes: a killed server leaves no shared memory with a name.
            "dynamic_shared_memory_type=mmap".to_owned(),
        ];
        settings.extend_from_slice(&self.settings);
        settings
    }

    fn until_ready(&self, process: &mut Child) -> Result<(), &'static str> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if process.try_wait().unwrap().is_some() {
                return Err("PostgreSQL ended");
            }
            if self.says_ready(process.id()) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err("PostgreSQL was not ready in time")
    }

    /// Its lock file has the process in the first line, and in the eighth the state that `pg_ctl` waits for.
    fn says_ready(&self, process: u32) -> bool {
        let lock = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = lock.lines().map(str::trim).collect();
        lines.first() == Some(&process.to_string().as_str()) && lines.get(7) == Some(&"ready")
    }

    /// Stops it as `pg_ctl stop -m fast` does.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        processes::signal(Pid::from_child(&process), Signal::INT);
        process.wait().unwrap();
    }

    /// Kills all its processes at once, as a machine dies.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        process.kill().unwrap();
        processes::kill_all(&self.data);
        process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn accept(outcome: Result<(), Failed>) {
    if let Err(Failed(log)) = outcome {
        panic!("{log}");
    }
}

fn is_port_taken(log: &str) -> bool {
    log.contains("Address already in use")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
