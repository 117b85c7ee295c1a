//! A client of a store on a simulated disk, who remembers what was acknowledged.

use bai::domain::ServerKey;
use bai::store::{CommitError, Error, Store, Write};
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::runtime;
use super::state::{Change, State, stamp};
use crate::support::crash_disk::{CrashDisk, Fault};
use crate::support::steps;

/// A commit, or several of which only the order is known.
#[derive(Debug)]
struct Commits {
    /// The number of operations on the disk when it was asked for, and when it was answered.
    asked: usize,
    answered: usize,
    /// The state after each of them.
    states: Vec<State>,
}

pub struct Session {
    pub disk: CrashDisk,
    pub runtime: Runtime,
    store: Option<Store>,
    cache: usize,
    /// The states that are possible by the answers so far.
    possible: Vec<State>,
    /// The possible states after each answer.
    answers: Vec<Commits>,
    first: State,
    commits: Vec<Commits>,
    errors: Vec<String>,
    cut_from: usize,
    planned: Option<Fault>,
    /// After so many errors the disk works again.
    mended_after: usize,
}

impl Session {
    /// A client of a disk that holds `state`; the store is not open yet.
    pub fn new(content: Vec<u8>, state: State, cache: usize) -> Self {
        Self {
            disk: CrashDisk::new(content),
            runtime: runtime(),
            store: None,
            cache,
            possible: vec![state.clone()],
            answers: Vec::new(),
            first: state,
            commits: Vec::new(),
            errors: Vec::new(),
            cut_from: 0,
            planned: None,
            mended_after: usize::MAX,
        }
    }

    /// Plans a fault, which is mended after so many errors if it lasts.
    pub fn plan(&mut self, fault: Fault, errors: usize) {
        self.planned = Some(fault);
        if matches!(fault, Fault::Lasting(_)) {
            self.mended_after = errors;
        }
    }

    /// Opens the store, unless it is open; tries once more after an error.
    pub fn open(&mut self) -> Option<Store> {
        for _ in 0..2 {
            if self.errors.len() >= self.mended_after {
                self.disk.mend();
            }
            if self.store.is_none() {
                match Store::open(&self.disk.location(), self.cache) {
                    Ok(store) => self.store = Some(store),
                    Err(error) => self.errors.push(format!("opening: {error}")),
                }
            }
        }
        self.store.clone()
    }

    pub fn close(&mut self) {
        self.store = None;
    }

    /// Leaves what was done so far out of the cuts, and counts planned faults from here on.
    pub fn begin(&mut self) {
        self.cut_from = self.disk.operations();
        self.planned.take().inspect(|fault| self.disk.plan(*fault));
    }

    /// The number of the first operation that is cut.
    pub fn cut_from(&self) -> usize {
        self.cut_from
    }

    /// The errors so far.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    /// All of `changes` in one transaction.
    pub fn commit(&mut self, changes: &[Change]) {
        let Some(store) = self.open() else { return };
        let asked = self.disk.operations();
        let outcome = self.runtime.block_on(commit(&store, changes));
        self.learn(asked, &outcome, |state| state.after(changes));
        self.note(asked, |state| {
            vec![
                state
                    .after(changes)
                    .expect("a script asks for what is allowed"),
            ]
        });
    }

    /// The first change in a transaction of its own, and the others, each from a client of its own, in the next one.
    pub fn group(&mut self, changes: &[Change]) {
        let Some(store) = self.open() else { return };
        let asked = self.disk.operations();
        let (first, others) = changes.split_first().unwrap();
        let outcomes = self
            .runtime
            .block_on(group(&store, &self.disk, first, others));
        for (change, outcome) in changes.iter().zip(outcomes) {
            self.learn(asked, &outcome, |state| {
                state.after(std::slice::from_ref(change))
            });
        }
        self.note(asked, |state| {
            let middle = state
                .after(std::slice::from_ref(first))
                .expect("it is allowed");
            let end = middle.after(others).expect("they are allowed");
            vec![middle, end]
        });
    }

    pub fn add_key(&mut self, byte: u8) {
        let Some(store) = self.open() else { return };
        let asked = self.disk.operations();
        let key = ServerKey {
            secret: [byte; 32],
            created: stamp(),
        };
        let outcome = self
            .runtime
            .block_on(store.add_token_key(key, Timestamp::UNIX_EPOCH));
        self.learn(asked, &outcome.map(|()| true), |state| {
            Some(state.with_key(byte))
        });
        self.note(asked, |state| vec![state.with_key(byte)]);
    }

    /// A job that panics after it wrote something.
    pub fn panic(&mut self) {
        let Some(store) = self.open() else { return };
        let outcome = self
            .runtime
            .block_on(store.file().unwrap().panic_in_a_job());
        assert!(outcome.is_err(), "a panic is acknowledged");
    }

    /// Narrows what may be there by an answer: done, refused by a rule of the store, or an error.
    fn learn(
        &mut self,
        asked: usize,
        outcome: &Result<bool, Error>,
        after: impl Fn(&State) -> Option<State>,
    ) {
        let mut done: Vec<State> = self.possible.iter().filter_map(&after).collect();
        match outcome {
            Ok(true) => self.possible = done,
            Ok(false) => self.possible.retain(|state| after(state).is_none()),
            Err(error) => {
                self.errors.push(error.to_string());
                // Every other error says that it is not there.
                if matches!(error, Error::Unknown(_)) {
                    self.possible.append(&mut done);
                }
            }
        }
        let answered = self.disk.operations();
        self.answers.push(Commits {
            asked,
            answered,
            states: self.possible.clone(),
        });
    }

    fn note(&mut self, asked: usize, after: impl Fn(&State) -> Vec<State>) {
        if self.errors.is_empty() {
            let states = after(self.last());
            self.commits.push(Commits {
                asked,
                answered: self.disk.operations(),
                states,
            });
        }
    }

    fn last(&self) -> &State {
        self.commits
            .last()
            .map_or(&self.first, |commits| commits.states.last().unwrap())
    }

    /// The states that are possible by the answers, whatever the disk did.
    pub fn possible(&self) -> &[State] {
        &self.possible
    }

    /// The states that are possible after a cut before the operation with this number, in a run without errors: what was there after one
    /// of the commits.
    pub fn possible_at(&self, operations: usize) -> Vec<State> {
        let answered = self
            .commits
            .iter()
            .rev()
            .find(|commits| commits.answered <= operations);
        let certain = answered.map_or(&self.first, |commits| commits.states.last().unwrap());
        std::iter::once(certain)
            .chain(pending(&self.commits, operations))
            .cloned()
            .collect()
    }

    /// The states that are possible then by the answers, in a run with errors.
    pub fn possible_by_answers(&self, operations: usize) -> Vec<State> {
        let answered = self
            .answers
            .iter()
            .rev()
            .find(|answer| answer.answered <= operations);
        let certain = answered.map_or(std::slice::from_ref(&self.first), |answer| &answer.states);
        certain
            .iter()
            .chain(pending(&self.answers, operations))
            .cloned()
            .collect()
    }
}

/// The states that are possible by what was asked for and not answered.
fn pending(commits: &[Commits], operations: usize) -> impl Iterator<Item = &State> {
    let pending = commits
        .iter()
        .filter(move |commits| commits.asked <= operations && operations < commits.answered);
    pending.flat_map(|commits| &commits.states)
}

impl Session {
    /// Operations on the disk while no commit was asked for.
    pub fn operations_between_commits(&self) -> usize {
        self.commits
            .windows(2)
            .map(|pair| pair[1].asked - pair[0].answered)
            .sum()
    }
}

/// Whether all of `changes` are done in one transaction; not when one of them is refused.
async fn commit(store: &Store, changes: &[Change]) -> Result<bool, Error> {
    is_done(steps::take(store, stamp(), changes.iter().map(Change::step)).await)
}

fn is_done<T>(outcome: Result<T, CommitError>) -> Result<bool, Error> {
    match outcome {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// Holds the writer in the transaction of the first change until the others wait. What is read for them is read before: the
/// writer may be held where readers wait for it.
async fn group(
    store: &Store,
    disk: &CrashDisk,
    first: &Change,
    others: &[Change],
) -> Vec<Result<bool, Error>> {
    let first = steps::decided(store, stamp(), [first.step()]).await;
    let mut decided = Vec::new();
    for change in others {
        decided.push(steps::decided(store, stamp(), [change.step()]).await);
    }
    let held = disk.hold();
    let first = async {
        let outcome = commit_decided(store, first).await;
        // It may have ended without a write.
        disk.let_go();
        outcome
    };
    let queue = async {
        let _ = held.await;
        let others = decided
            .into_iter()
            .map(|writes| commit_decided(store, writes));
        // The second future is polled when each of the first ones waits in the queue.
        join(join_all(others), async { disk.let_go() }).await.0
    };
    let (first, others) = join(first, queue).await;
    std::iter::once(first).chain(others).collect()
}

async fn commit_decided(
    store: &Store,
    writes: Result<Vec<Write>, CommitError>,
) -> Result<bool, Error> {
    match writes {
        Ok(writes) => is_done(store.commit(writes).await),
        Err(error) => is_done::<()>(Err(error)),
    }
}
