//! The jobs of one transaction: all that may be done of them is committed, and what became of it is found out.

use redb::ReadTransaction;

use super::engine::{Engine, WriteError};
use super::tables::{META, META_COMMITS, Tables, read_number};
use crate::store::{Change, Error};

/// Work for a shared transaction.
pub trait Job: Send {
    /// Runs the work, maybe not for the first time. After an error the transaction is taken back.
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Error>;
    /// Tells the requester, if it is still there.
    fn answer(self: Box<Self>, commit: &Result<(), Error>);
}

/// The jobs that are not answered.
pub struct Batch(Vec<Box<dyn Job>>);

/// The result of a batch that is on disk.
#[derive(Default)]
pub struct Committed {
    /// True if there was a commit: not if every job met an error.
    pub is_proof: bool,
    /// The changes of records, in order.
    pub changes: Vec<Change>,
}

/// A commit that failed at its end, when the storage could not be asked whether it has it.
pub struct UnconfirmedCommit {
    number: u64,
    changes: Vec<Change>,
}

impl UnconfirmedCommit {
    /// Asks the storage, once it works again, before anything else is committed: the changes, if it has them.
    pub fn resolve(self, engine: &Engine) -> Vec<Change> {
        let is_stored = commits(engine).is_ok_and(|found| found >= self.number);
        if is_stored { self.changes } else { Vec::new() }
    }
}

/// An attempt that failed.
struct Failure {
    error: Error,
    /// The job that met the error, if one did.
    at_fault: Option<usize>,
    /// True if the database has to be opened anew.
    is_broken: bool,
    /// The commit, if it was begun.
    commit: Option<UnconfirmedCommit>,
}

impl Batch {
    pub fn new(jobs: Vec<Box<dyn Job>>) -> Self {
        Self(jobs)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn answer(self, commit: &Result<(), Error>) {
        for job in self.0 {
            job.answer(commit);
        }
    }

    /// Commits all jobs but those that meet an error, which are answered. When the commit itself fails, the database is opened
    /// anew, and if it does not have the commit, that is tried once more: what failed may have been an earlier one's affair.
    pub fn commit(
        &mut self,
        engine: &Engine,
        unconfirmed: &mut Option<UnconfirmedCommit>,
    ) -> Result<Committed, Error> {
        let mut is_retried = false;
        while !self.0.is_empty() {
            engine.ensure_writable()?;
            let failure = match self.attempt(engine) {
                Ok(changes) => {
                    return Ok(Committed {
                        is_proof: true,
                        changes,
                    });
                }
                Err(failure) => failure,
            };
            if let Some(job) = failure.at_fault {
                self.0.remove(job).answer(&Ok(()));
            }
            if failure.is_broken {
                tracing::error!(error = %failure.error, jobs = self.len(), "a commit failed; reopening the database");
                match found_after(engine, failure.commit) {
                    Found::Stored(changes) => {
                        return Ok(Committed {
                            is_proof: true,
                            changes,
                        });
                    }
                    Found::NotStored if failure.at_fault.is_some() || !is_retried => {}
                    Found::NotStored => return Err(failure.error),
                    Found::Unknown(commit) => {
                        *unconfirmed = Some(commit);
                        return Err(Error::Unknown(failure.error.to_string()));
                    }
                }
                is_retried |= failure.at_fault.is_none();
            }
        }
        Ok(Committed::default())
    }

    fn attempt(&mut self, engine: &Engine) -> Result<Vec<Change>, Failure> {
        let mut at_fault = None;
        let mut commit = None;
        let written = engine.write(|tables| {
            for (n, job) in self.0.iter_mut().enumerate() {
                job.run(tables).inspect_err(|_| at_fault = Some(n))?;
            }
            commit = Some(UnconfirmedCommit {
                number: tables.count_commit()?,
                changes: tables.take_changes(),
            });
            Ok(())
        });
        match (written, commit) {
            (Ok(()), commit) => Ok(commit.map(|commit| commit.changes).unwrap_or_default()),
            (Err(WriteError::Refused(error)), _) => Err(Failure {
                error,
                at_fault,
                is_broken: at_fault.is_none(),
                commit: None,
            }),
            (Err(WriteError::Broken(error)), commit) => {
                // What is no damage, a disk that is full, is everybody's affair and not that job's.
                let at_fault = at_fault.filter(|_| matches!(error, Error::Damaged(_)));
                Err(Failure {
                    error,
                    at_fault,
                    is_broken: true,
                    commit,
                })
            }
        }
    }
}

/// The state of a commit that failed, as found in the storage.
enum Found {
    Stored(Vec<Change>),
    NotStored,
    Unknown(UnconfirmedCommit),
}

/// Opens the database anew and looks for the commit. What was only read from a storage that takes no writes may be in the
/// system's memory and not on its disk.
fn found_after(engine: &Engine, commit: Option<UnconfirmedCommit>) -> Found {
    let reopened = engine.ensure_writable();
    if let Err(error) = &reopened {
        tracing::error!(%error, "the database takes no writes yet");
    }
    let Some(commit) = commit else {
        return Found::NotStored;
    };
    match (commits(engine), reopened) {
        (Ok(found), _) if found < commit.number => Found::NotStored,
        (Ok(_), Ok(())) => Found::Stored(commit.changes),
        _ => Found::Unknown(commit),
    }
}

fn commits(engine: &Engine) -> Result<u64, Error> {
    engine.read_once(|txn: &ReadTransaction| read_number(&txn.open_table(META)?, META_COMMITS))
}
