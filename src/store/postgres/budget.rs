//! Budget of retries: a tenth of what succeeds, so that trouble does not become a storm.

use std::sync::atomic::{AtomicU64, Ordering};

/// Retries that are paid for before anything succeeded, and at most.
const MOST: u64 = 100;
/// Successes that pay for a retry.
const PRICE: u64 = 10;

/// Budget of retries.
pub struct RetryBudget(AtomicU64);

impl RetryBudget {
    pub fn new() -> Self {
        Self(AtomicU64::new(MOST * PRICE))
    }

    /// Something succeeded.
    pub fn earn(&self) {
        let earned = |had: u64| (had < MOST * PRICE).then_some(had + 1);
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned);
    }

    /// Pays for a retry, if there is enough.
    pub fn spend(&self) -> bool {
        let left = |had: u64| had.checked_sub(PRICE);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_successes_pay_for_a_retry() {
        let budget = RetryBudget::new();
        assert!((0..MOST).all(|_| budget.spend()) && !budget.spend());
        (0..PRICE - 1).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
    }
}
