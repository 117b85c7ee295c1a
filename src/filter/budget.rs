//! The work that an evaluation may cost.

use std::cell::Cell;

/// The steps that evaluations may still take. A step is about a byte that is looked at: one to three nanoseconds.
#[derive(Debug)]
pub struct Budget(Cell<usize>);

/// An evaluation that was given up because its budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter compares too much text")]
pub struct TooCostly;

impl Budget {
    /// The steps of one record and one filter: less than a millisecond.
    pub const EVALUATION: usize = 256 * 1024;

    /// The steps that may be taken on a thread that others wait for: some ten microseconds at most.
    pub const INLINE: usize = 4 * 1024;

    /// A budget of so many steps.
    #[must_use]
    pub const fn new(steps: usize) -> Self {
        Self(Cell::new(steps))
    }

    /// Takes steps off the budget.
    ///
    /// # Errors
    /// [`TooCostly`] when fewer are left; then none are left any more.
    pub fn spend(&self, steps: usize) -> Result<(), TooCostly> {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(TooCostly)
    }
}
