//! Jobs of the writer.

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::wants::Wants;
use super::working_set::WorkingSet;
use crate::store::Error;

/// Work for a shared transaction.
pub trait Job: Send {
    /// Keys that have to be read before it runs.
    fn wants(&self) -> &Wants;
    /// Time by which it is answered.
    fn deadline(&self) -> Instant;
    /// Runs the work, maybe not for the first time. It checks before it writes: what it refuses, or meets an error with, leaves no
    /// trace.
    fn run(&mut self, set: &mut WorkingSet) -> Result<(), Error>;
    /// Tells the requester, if it is still there.
    fn answer(self: Box<Self>, commit: &Result<(), Error>);
}

/// Work with its outcome.
pub struct Work<T, F> {
    /// Keys that have to be read.
    pub wants: Wants,
    /// Time by which it is answered.
    pub deadline: Instant,
    /// The work.
    pub work: F,
    /// Its outcome.
    pub outcome: Option<Result<T, Error>>,
    /// The way to the requester.
    pub reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnMut(&mut WorkingSet) -> Result<T, Error> + Send,
{
    fn wants(&self) -> &Wants {
        &self.wants
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn run(&mut self, set: &mut WorkingSet) -> Result<(), Error> {
        let outcome = (self.work)(set);
        let result = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        result
    }

    fn answer(self: Box<Self>, commit: &Result<(), Error>) {
        let Self { outcome, reply, .. } = *self;
        let answer = match (commit, outcome) {
            (Err(error), _) => Err(error.clone()),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::Failed("a job did not run".into())),
        };
        let _ = reply.send(answer);
    }
}
