//! A command that is killed, or told of an error, at each of its writing calls.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::folder::{self, Expected};
use super::scenario::{DATABASE, Scenario};
use super::shim::{Bench, Fault, Ran};
use super::state::States;
use super::{Failures, in_turn};
use crate::support::binary::bai;
use crate::support::pb_data::PbData;

/// A command, and what it does when nothing is in its way.
pub struct Interrupted {
    scenario: Scenario,
    source: Option<PbData>,
    expected: Expected,
    states: States,
}

impl Interrupted {
    pub fn new(scenario: Scenario) -> Self {
        let (source, bench) = (scenario.source(), Bench::new());
        scenario.prepare(&bench.data());
        let found = folder::files(&bench.data());
        let command = scenario.command(&bench.data(), source.as_ref());
        let ran = bench.run(command, scenario.input(), Fault::None, 0);
        assert!(ran.is_acknowledged(), "{}: {}", scenario.name, ran.said);
        let expected = Expected::new(scenario, found, &folder::files(&bench.data()));
        Self {
            scenario,
            source,
            expected,
            states: States::default(),
        }
    }

    /// The calls and faults after which something is lost, for a person.
    pub fn at_every_call(&self, faults: &[Fault]) -> Option<String> {
        let (failures, runs) = (Failures::default(), AtomicU64::new(0));
        for fault in faults {
            in_turn(|n| {
                let happened = self.run(*fault, n + 1, &failures);
                runs.fetch_add(u64::from(happened), Ordering::SeqCst);
                happened
            });
        }
        failures.told(self.scenario.name, &format!("{runs:?} runs"))
    }

    /// False when there is no such call.
    fn run(&self, fault: Fault, at: u64, failures: &Failures) -> bool {
        let bench = Bench::new();
        self.scenario.prepare(&bench.data());
        let command = self.scenario.command(&bench.data(), self.source.as_ref());
        let ran = bench.run(command, self.scenario.input(), fault, at);
        let Some(call) = ran.fault() else {
            return false;
        };
        if let Err(why) = self.judge(&bench, &ran, fault) {
            failures.add(
                at,
                format!(
                    "{fault:?} at {at}, {call}: {why}; it said: {}",
                    ran.said.trim()
                ),
            );
        }
        true
    }

    /// Judges the folder, and that the next command clears away what is left; that takes as long as all the rest, and is asked where
    /// most is left.
    fn judge(&self, bench: &Bench, ran: &Ran, fault: Fault) -> Result<(), String> {
        if ran.hung() || ran.crashed() {
            return Err("it hung or crashed".into());
        }
        let files = folder::files(&bench.data());
        self.expected
            .judge(&files, ran.is_acknowledged(), &self.states)?;
        if !matches!(fault, Fault::Kill | Fault::Full) {
            return Ok(());
        }
        match files.get(DATABASE) {
            Some(database) => self.back_up(bench, database),
            None => self.repeat(bench),
        }
    }

    /// The next command makes a backup of what is there, and clears away what the one before has left. A file that is still of an
    /// older version has to be migrated first.
    fn back_up(&self, bench: &Bench, database: &[u8]) -> Result<(), String> {
        if let ["migrate"] = self.scenario.args {
            self.repeat(bench)?;
        }
        let next = self.next(&bench.data());
        let ran = bench.run(bai(&bench.data(), &["backup", next]), "", Fault::None, 0);
        if !ran.is_acknowledged() {
            return Err(format!("bai backup fails: {}", ran.said));
        }
        let copy = self.states.of(&folder::files(&bench.data())[next])?;
        let state = self.states.of(database)?;
        if !copy.is_between(&state, &self.expected.after) {
            return Err(format!(
                "{next} is not the database: {}",
                copy.compare(&state)
            ));
        }
        match &self.expected.leftovers(&bench.data(), next)[..] {
            [] => Ok(()),
            left => Err(format!("the next command leaves {left:?}")),
        }
    }

    /// The name for the backup: the one that was not made, if the command is one.
    fn next(&self, dir: &Path) -> &'static str {
        match self.scenario.args {
            ["backup", name] if !dir.join(name).exists() => name,
            _ => "next.redb",
        }
    }

    /// The same command once more does what it did not.
    fn repeat(&self, bench: &Bench) -> Result<(), String> {
        let command = self.scenario.command(&bench.data(), self.source.as_ref());
        let ran = bench.run(command, self.scenario.input(), Fault::None, 0);
        if !ran.is_acknowledged() {
            return Err(format!("once more, it fails: {}", ran.said));
        }
        self.expected
            .judge(&folder::files(&bench.data()), true, &self.states)
    }
}
