//! The jobs of one transaction.

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::job::Job;
use super::wants::Wants;
use super::working_set::WorkingSet;
use crate::store::Error;

/// The jobs that are not answered yet.
pub struct Batch(Vec<Box<dyn Job>>);

impl Batch {
    /// The first job, and those that wait behind it.
    pub fn new(first: Box<dyn Job>, queue: &mut mpsc::Receiver<Box<dyn Job>>, most: usize) -> Self {
        let mut jobs = vec![first];
        while jobs.len() < most
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        }
        Self(jobs)
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all are answered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys that have to be read for all of them.
    pub fn wants(&self) -> Wants {
        let mut wants = Wants::default();
        self.0.iter().for_each(|job| wants.add(job.wants()));
        wants
    }

    /// The latest deadline.
    pub fn deadline(&self) -> Instant {
        let deadlines = self.0.iter().map(|job| job.deadline());
        deadlines.max().unwrap_or_else(Instant::now)
    }

    /// Answers those whose time is over: whether their work is stored is not known, or it is not.
    pub fn expire(&mut self) {
        let now = Instant::now();
        let (late, left) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|job| job.deadline() <= now);
        self.0 = left;
        Self(late).answer(&Err(Error::Unavailable(
            "no commit was confirmed in time; whether it is stored is not known".into(),
        )));
    }

    /// Runs all jobs; one that meets an error is answered, and no longer among them.
    pub fn run(&mut self, set: &mut WorkingSet) {
        let jobs = std::mem::take(&mut self.0);
        for mut job in jobs {
            match job.run(set) {
                Ok(()) => self.0.push(job),
                Err(_) => job.answer(&Ok(())),
            }
        }
    }

    /// Answers all.
    pub fn answer(self, commit: &Result<(), Error>) {
        for job in self.0 {
            job.answer(commit);
        }
    }
}
