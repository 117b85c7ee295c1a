//! A running server that is killed, or told of an error, at each writing call that its clients cause.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::disk::{Cuts, Disk};
use super::folder::{self, Expected, Files};
use super::scenario::{ROOT, SERVED};
use super::shim::{Bench, Fault, wait};
use super::state::States;
use super::trace::{self, Op};
use super::{Failures, in_turn_with};
use crate::support::app::{Answer, Call};
use crate::support::binary::bai;
use crate::support::canary::PASSWORD;

/// Servers wait more than they work.
const AT_ONCE: usize = 4;
const DEADLINE: Duration = Duration::from_mins(1);

/// Requests of clients to a server.
pub trait Errand: Sync {
    fn name(&self) -> &'static str;

    /// The faults that are worth their time.
    fn faults(&self) -> &'static [Fault];

    /// Adds files and settings before the start.
    fn prepare(&self, _bench: &Bench, _command: &mut Command) {}

    /// True if calls are counted from the start of the process on, instead of from the errand on.
    fn is_from_start(&self) -> bool {
        false
    }

    /// Asks, and says what was answered.
    fn ask(&self, server: &Server) -> Asked;

    /// Judges the files that the server left.
    fn judge(&self, served: &Served<'_>, files: &Files, asked: &Asked) -> Result<(), String> {
        served
            .expected
            .judge(files, asked.is_acknowledged, &served.states)
    }

    /// Something that is no loss and yet worth to be told.
    fn notice(&self, _files: &Files, _asked: &Asked) -> Option<String> {
        None
    }
}

#[derive(Default)]
pub struct Asked {
    /// The server said that all is done.
    pub is_acknowledged: bool,
    /// The status of each answer; `None`: no answer.
    pub answers: Vec<Option<u16>>,
}

/// A server under the shim, which listens.
pub struct Server {
    pub bench: Bench,
    child: Child,
    base: String,
    fault: Fault,
    /// The token of a superuser.
    root: String,
    /// The files that the server found.
    disk: Disk,
}

impl Server {
    fn start(errand: &dyn Errand, fault: Fault, at: u64) -> Result<Self, (Bench, Child)> {
        let bench = Bench::new();
        SERVED.prepare(&bench.data());
        let mut command = bai(&bench.data(), &["serve"]);
        command.envs([
            ("BAI_LIMITS__ENABLED", "false"),
            ("BAI_PASSWORD__LOG_N", "4"),
        ]);
        command.env("BAI_SERVER__LISTEN", "127.0.0.1:0");
        errand.prepare(&bench, &mut command);
        let is_from_start = errand.is_from_start();
        bench.load(&mut command, fault, if is_from_start { at } else { 0 });
        if fault == Fault::None {
            command.env("FAULTS_DATA", "1");
        }
        let disk = Disk::new(&bench.data());
        command
            .stdout(Stdio::null())
            .stderr(File::create(bench.beside("stderr")).unwrap());
        let mut child = command.spawn().unwrap();
        let Some(base) = listens(&bench, &mut child) else {
            return Err((bench, child));
        };
        let mut server = Self {
            bench,
            child,
            base,
            fault,
            root: String::new(),
            disk,
        };
        if !is_from_start {
            server.log_in();
            server.bench.arm(at);
        }
        Ok(server)
    }

    fn log_in(&mut self) {
        let login = json!({ "identity": ROOT, "password": PASSWORD });
        let answer = self
            .post("/api/collections/_superusers/auth-with-password", &login)
            .unwrap()
            .ok();
        answer["token"].as_str().unwrap().clone_into(&mut self.root);
    }

    pub fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.call(path).json(body).try_send().ok()
    }

    /// A request of the superuser.
    pub fn call(&self, path: &str) -> Call {
        Call::new("POST", &self.base, path).header("Authorization", &self.root)
    }

    pub fn has_failed(&self) -> bool {
        self.bench.calls().iter().any(|call| call.is_faulty)
    }

    /// The time for which something that goes on by itself may go on after the fault.
    pub fn rest_after_fault(&self) -> Duration {
        if self.fault == Fault::Kill {
            Duration::ZERO
        } else {
            Duration::from_millis(300)
        }
    }

    /// True if a later request has to be answered as if nothing had been.
    pub fn is_to_recover(&self) -> bool {
        !matches!(self.fault, Fault::Kill | Fault::Full) && self.has_failed()
    }
}

/// The address on which it listens; `None` when it ends before.
fn listens(bench: &Bench, child: &mut Child) -> Option<String> {
    let started = Instant::now();
    loop {
        let log = fs::read_to_string(bench.beside("stderr")).unwrap();
        if let Some((_, rest)) = log.split_once("bai listens on ") {
            return rest.split_once([' ', '"']).map(|(base, _)| base.to_owned());
        }
        if child.try_wait().unwrap().is_some() || started.elapsed() > DEADLINE {
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// An errand, and what it leads to when nothing is in its way.
pub struct Served<'a> {
    errand: &'a dyn Errand,
    pub expected: Expected,
    pub states: States,
    recorded: Recorded,
    notices: Failures,
}

/// The errand without a fault.
struct Recorded {
    /// The files that the server found.
    disk: Disk,
    calls: Vec<trace::Call>,
    /// The number of calls that came before the last answer.
    answered: usize,
    asked: Asked,
}

impl<'a> Served<'a> {
    pub fn new(errand: &'a dyn Errand) -> Self {
        let bench = Bench::new();
        SERVED.prepare(&bench.data());
        errand.prepare(&bench, &mut bai(&bench.data(), &[]));
        let found = folder::files(&bench.data());
        let Ok(server) = Server::start(errand, Fault::None, 0) else {
            panic!("no server for {}", errand.name())
        };
        let asked = errand.ask(&server);
        assert!(
            asked.is_acknowledged,
            "{}: {:?}",
            errand.name(),
            asked.answers
        );
        let (disk, answered) = (server.disk, server.bench.calls().len());
        let bench = stop(server.bench, server.child).unwrap();
        let expected = Expected::new(SERVED, found, &folder::files(&bench.data()));
        let recorded = Recorded {
            disk,
            calls: bench.calls(),
            answered,
            asked,
        };
        Self {
            errand,
            expected,
            recorded,
            states: States::default(),
            notices: Failures::default(),
        }
    }

    /// The power cuts after which something is lost, for a person.
    pub fn at_every_sync(self) -> Option<String> {
        let (failures, mut images) = (Failures::default(), 0);
        let Recorded {
            calls, answered, ..
        } = &self.recorded;
        let mut disk = self.recorded.disk.clone();
        for n in 0..=calls.len() {
            if n == *answered || calls.get(n).is_none_or(|call| call.op == Op::Sync) {
                disk.cut(Cuts::All, &mut |files, cut| {
                    images += 1;
                    let none = Asked::default();
                    let asked = if n >= *answered {
                        &self.recorded.asked
                    } else {
                        &none
                    };
                    if let Err(why) = self.errand.judge(&self, files, asked) {
                        let call = calls.get(n).map(ToString::to_string).unwrap_or_default();
                        failures.add(
                            images,
                            format!("at {n} of {answered}, {call}; {cut}: {why}"),
                        );
                    }
                });
            }
            calls.get(n).into_iter().for_each(|call| disk.apply(call));
        }
        failures.told(
            &format!("{}, power cuts", self.errand.name()),
            &format!("{images} images"),
        )
    }

    /// The calls and faults after which something is lost, for a person.
    pub fn at_every_call(self) -> Option<String> {
        let (failures, runs) = (Failures::default(), AtomicU64::new(0));
        for fault in self.errand.faults() {
            in_turn_with(AT_ONCE, |n| {
                let happened = self.run(*fault, n + 1, &failures);
                runs.fetch_add(u64::from(happened), Ordering::SeqCst);
                happened
            });
        }
        if let Some(told) = self
            .notices
            .told(self.errand.name(), "that is to be noticed")
        {
            println!("{told}");
        }
        failures.told(self.errand.name(), &format!("{runs:?} runs"))
    }

    /// False when there is no such call.
    fn run(&self, fault: Fault, at: u64, failures: &Failures) -> bool {
        let (bench, child, asked) = match Server::start(self.errand, fault, at) {
            Ok(server) => {
                let asked = self.errand.ask(&server);
                (server.bench, server.child, asked)
            }
            Err((bench, child)) => (bench, child, Asked::default()),
        };
        let stopped = stop(bench, child);
        let outcome = stopped.and_then(|bench| {
            let calls = bench.calls();
            let Some(call) = calls.into_iter().find(|call| call.is_faulty) else {
                return Ok(false);
            };
            if let Some(what) = self.errand.notice(&folder::files(&bench.data()), &asked) {
                self.notices
                    .add(at, format!("{fault:?} at {at}, {call}: {what}"));
            }
            let judged = self.judge(&bench, fault, &asked);
            judged
                .map(|()| true)
                .map_err(|why| format!("{call}: {why}; answers {:?}", asked.answers))
        });
        outcome.unwrap_or_else(|why| {
            failures.add(at, format!("{fault:?} at {at}, {why}"));
            true
        })
    }

    fn judge(&self, bench: &Bench, fault: Fault, asked: &Asked) -> Result<(), String> {
        self.errand
            .judge(self, &folder::files(&bench.data()), asked)?;
        if !matches!(fault, Fault::Kill | Fault::Full) {
            return Ok(());
        }
        let ran = bench.run(
            bai(&bench.data(), &["backup", "next.redb"]),
            "",
            Fault::None,
            0,
        );
        if !ran.is_acknowledged() {
            return Err(format!("bai backup fails: {}", ran.said));
        }
        match &self.expected.leftovers(&bench.data(), "next.redb")[..] {
            [] => Ok(()),
            left => Err(format!("the next command leaves {left:?}")),
        }
    }
}

/// Ends the server as a service manager does.
fn stop(bench: Bench, child: Child) -> Result<Bench, String> {
    let id = child.id().to_string();
    // It may be gone.
    let _ = Command::new("kill")
        .args(["-TERM", &id])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    wait(child)
        .map(|_| bench)
        .ok_or_else(|| "the server did not stop".into())
}
