//! A command whose power goes: whatever the disk may hold then is judged.

use std::sync::atomic::{AtomicU64, Ordering};

use super::disk::{Cuts, Disk};
use super::folder::{self, Expected, Files};
use super::scenario::Scenario;
use super::shim::{Bench, Fault, Ran};
use super::state::States;
use super::trace::{Call, Op};
use super::{Failures, in_turn};
use crate::support::pb_data::PbData;

/// A command that was recorded.
struct Recording {
    ran: Ran,
    disk: Disk,
    /// The files that it found and left.
    found: Files,
    left: Files,
}

fn record(scenario: Scenario, source: Option<&PbData>, fault: Fault, at: u64) -> Recording {
    let bench = Bench::new();
    scenario.prepare(&bench.data());
    let (disk, found) = (Disk::new(&bench.data()), folder::files(&bench.data()));
    let ran = bench.record(
        scenario.command(&bench.data(), source),
        scenario.input(),
        fault,
        at,
    );
    Recording {
        ran,
        disk,
        found,
        left: folder::files(&bench.data()),
    }
}

/// A command whose power goes at each of its syncs, and at its end.
pub struct Cut {
    scenario: Scenario,
    source: Option<PbData>,
    expected: Expected,
    states: States,
    failures: Failures,
    images: AtomicU64,
}

impl Cut {
    /// The cuts after which something is lost, for a person.
    pub fn everywhere(scenario: Scenario) -> Option<String> {
        let source = scenario.source();
        let recording = record(scenario, source.as_ref(), Fault::None, 0);
        let Recording {
            ran, found, left, ..
        } = &recording;
        assert!(ran.is_acknowledged(), "{}: {}", scenario.name, ran.said);
        let expected = Expected::new(scenario, found.clone(), left);
        let (states, failures) = (States::default(), Failures::default());
        let cut = Self {
            scenario,
            source,
            expected,
            states,
            failures,
            images: AtomicU64::new(0),
        };
        cut.replay(recording, Cuts::All);
        in_turn(|n| cut.with_failed_sync(n + 1));
        let told = format!("{:?} images, {} databases", cut.images, cut.states.count());
        cut.failures
            .told(&format!("{}, power cuts", scenario.name), &told)
    }

    /// The n-th sync fails: what it was to write is lost, whatever the command does then. False when there is no such.
    fn with_failed_sync(&self, n: u64) -> bool {
        let recording = record(self.scenario, self.source.as_ref(), Fault::Sync, n);
        let happened = recording.ran.fault().is_some();
        if happened {
            self.replay(recording, Cuts::Beginnings);
        }
        happened
    }

    fn replay(&self, recording: Recording, cuts: Cuts) {
        let Recording {
            ran,
            mut disk,
            left,
            ..
        } = recording;
        let failed = ran.calls.iter().position(|call| call.is_faulty);
        for (n, call) in ran.calls.iter().enumerate() {
            if call.op == Op::Sync && failed.is_none_or(|failed| n > failed) {
                self.judge(&disk, cuts, false, &|| tell(&ran.calls, failed, n));
            }
            disk.apply(call);
        }
        self.judge(&disk, cuts, ran.is_acknowledged(), &|| {
            tell(&ran.calls, failed, ran.calls.len())
        });
        if failed.is_none() {
            let name = self.scenario.name;
            assert!(
                disk.files() == left,
                "{name}: the trace does not lead to what is left"
            );
        }
    }

    fn judge(&self, disk: &Disk, cuts: Cuts, is_acknowledged: bool, place: &dyn Fn() -> String) {
        disk.cut(cuts, &mut |files, cut| {
            let n = self.images.fetch_add(1, Ordering::SeqCst);
            if let Err(why) = self.expected.judge(files, is_acknowledged, &self.states) {
                self.failures.add(n, format!("{}; {cut}: {why}", place()));
            }
        });
    }
}

/// Tells a person when the power goes: before call `n`, or at the end.
fn tell(calls: &[Call], failed: Option<usize>, n: usize) -> String {
    let failed = failed
        .map(|at| format!("{} fails at {at}, ", calls[at]))
        .unwrap_or_default();
    let place = calls
        .get(n)
        .map_or_else(|| "at the end".to_owned(), |call| format!("at {n}, {call}"));
    format!("{failed}the power goes {place}")
}
