//! The power goes: every image of the disk that it may leave opens, with all that was acknowledged and nothing else.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

use bai::store::Store;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::runtime::Runtime;

use crate::support::crash_disk::{Beyond, CrashDisk, Depth, Operation, Recording};
use crate::support::durability::scripts::{PANIC, SCRIPTS, Script};
use crate::support::durability::state::State;
use crate::support::durability::survival::survives;
use crate::support::durability::{Failures, in_parallel};
use crate::support::rounds::rounds_from_env;

const CACHE: usize = 1 << 20;

/// How thorough a pass is.
#[derive(Clone, Copy)]
struct Pass {
    depth: Depth,
    /// Of so many images, one has its recovery cut, too.
    recoveries: usize,
}

const QUICK: Pass = Pass {
    depth: Depth::One,
    recoveries: 101,
};
const LONG: Pass = Pass {
    depth: Depth::Pairs,
    recoveries: 53,
};

/// Tries every image that a cut during the script may leave.
fn try_cuts(script: &Script, pass: Pass, failures: &Failures) {
    let session = script.record();
    let recording = session.disk.recording();
    let mut windows = recording.windows();
    windows.retain(|window| window.end >= session.cut_from());
    let expected: Vec<Vec<State>> = windows
        .iter()
        .map(|window| session.possible_at(window.end))
        .collect();
    let windows = windows.iter().enumerate();
    let cuts: Vec<_> = windows
        .flat_map(|(n, window)| {
            window
                .cuts(pass.depth)
                .into_iter()
                .map(move |cut| (n, window, cut))
        })
        .collect();
    let seen = Mutex::new(HashSet::new());
    in_parallel(cuts.len(), |runtime, index| {
        let (n, window, cut) = &cuts[index];
        for beyond in [Beyond::Extends, Beyond::IsLost] {
            let image = window.image(*cut, beyond);
            if !seen.lock().unwrap().insert((*n, hash(&image))) {
                continue;
            }
            let case = || {
                format!(
                    "{}, {cut:?} of {} before operation {}",
                    script.name,
                    window.changes.len(),
                    window.end
                )
            };
            failures.add(case, survives(runtime, image.clone(), &expected[*n]));
            if index % pass.recoveries == 0 {
                let result = recovery_survives(runtime, image, &expected[*n]);
                failures.add(|| format!("{}, and again", case()), result);
            }
        }
    });
}

/// The power goes again, at any place of the recovery of an image.
fn recovery_survives(runtime: &Runtime, image: Vec<u8>, expected: &[State]) -> Result<(), String> {
    let disk = CrashDisk::new(image);
    drop(Store::open(&disk.location(), CACHE));
    let recording = disk.recording();
    let mut seen = HashSet::new();
    for window in recording.windows() {
        for cut in window.cuts(Depth::One) {
            let image = window.image(cut, Beyond::Extends);
            if seen.insert(hash(&image)) {
                survives(runtime, image, expected)
                    .map_err(|why| format!("{cut:?} before operation {}: {why}", window.end))?;
            }
        }
    }
    Ok(())
}

fn hash(image: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    image.hash(&mut hasher);
    hasher.finish()
}

/// Tries random cuts of a recorded run: any number of operations lost and torn at once.
fn try_random_cuts(script: &Script, count: u64, failures: &Failures) {
    let session = script.record();
    let recording: Recording = session.disk.recording();
    in_parallel(usize::try_from(count).unwrap(), |runtime, seed| {
        let mut rng = StdRng::seed_from_u64(seed as u64);
        let (end, mut image) = recording.random_cut(session.cut_from(), &mut rng);
        if seed % 2 == 0 {
            let disk = CrashDisk::new(image);
            drop(Store::open(&disk.location(), CACHE));
            (_, image) = disk.recording().random_cut(0, &mut rng);
        }
        failures.add(
            || format!("{}, seed {seed}", script.name),
            survives(runtime, image, &session.possible_at(end)),
        );
    });
}

/// Tries each script.
fn assert_survived<'a>(
    scripts: impl IntoIterator<Item = &'a Script>,
    try_script: impl Fn(&Script, &Failures),
) {
    let failures = Failures::default();
    for script in scripts {
        let before = failures.tried();
        try_script(script, &failures);
        println!("{}: {} cases", script.name, failures.tried() - before);
    }
    failures.assert_none();
}

#[test]
fn each_script_makes_the_engine_do_what_it_is_for() {
    for script in &SCRIPTS {
        let session = script.record();
        let operations = session.disk.recording().operations;
        let closings = operations
            .iter()
            .filter(|operation| matches!(operation, Operation::Close))
            .count();
        let (grows, shrinks) = lengths(&(script.before)().0, &operations);
        match script.name {
            "reading" => assert!(
                session.operations_between_commits() > 0,
                "no page is written early"
            ),
            "growth" => assert!(grows > 1, "the file is not doubled"),
            "shrinking" => assert!(shrinks > 1, "the file is cut at its close only"),
            "reopening" => assert_eq!(closings, 3),
            _ => {}
        }
    }
}

/// How often the file became longer and shorter.
fn lengths(before: &[u8], operations: &[Operation]) -> (usize, usize) {
    let (mut len, mut grows, mut shrinks) = (before.len(), 0, 0);
    for operation in operations {
        if let Operation::SetLen(new) = operation {
            grows += usize::from(*new > len);
            shrinks += usize::from(*new < len);
            len = *new;
        }
    }
    (grows, shrinks)
}

#[test]
fn no_power_cut_loses_what_was_acknowledged_or_leaves_a_file_that_will_not_open() {
    assert_survived(&SCRIPTS, |script, failures| {
        try_cuts(script, QUICK, failures);
    });
}

/// `BAI_CUTS` sets how many; a seed that fails is named.
#[test]
fn no_random_cut_loses_what_was_acknowledged() {
    let count = rounds_from_env("BAI_CUTS", 400) / SCRIPTS.len() as u64;
    assert_survived(&SCRIPTS, |script, failures| {
        try_random_cuts(script, count, failures);
    });
}

#[test]
#[ignore = "takes long: pairs of operations"]
fn no_power_cut_that_loses_one_operation_and_tears_another_does() {
    assert_survived(&SCRIPTS, |script, failures| {
        try_cuts(script, LONG, failures);
    });
}

#[test]
fn a_job_that_panics_leaves_a_file_that_no_power_cut_makes_unreadable() {
    assert_survived([&PANIC], |script, failures| {
        try_cuts(script, QUICK, failures);
    });
}
