//! Names of the rules, and a counter of refusals for each.

use std::time::Duration;

use crate::metrics::{self, Counter, Counters, Metrics};

/// Rule by which a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The same request again.
    Repetition,
    /// Too many refreshed tokens of one user.
    Refreshes,
    /// Too many phone lookups of one user.
    PhoneLookups,
    /// Too many unknown phones from one source.
    UnknownPhones,
    /// Wrong passwords for a user from a source.
    WrongPasswords,
    /// Wrong passwords for a user today, from all sources.
    DailyWrongPasswords,
    /// Too many registrations from one source.
    Registrations,
    /// Too many passwords of one source to hash.
    Hashes,
    /// Too many changes of phones from one source, or by one user.
    PhoneChanges,
    /// Too many pictures of one user.
    Pictures,
}

/// A wait, with the rule that asks for it.
pub fn by(rule: Rule, wait: Option<Duration>) -> Option<(Duration, Rule)> {
    wait.map(|wait| (wait, rule))
}

/// In the order of [`Rule`].
const RULES: [&str; 10] = [
    "repetition",
    "refreshes",
    "phone_lookups",
    "unknown_phones",
    "wrong_passwords",
    "daily_wrong_passwords",
    "registrations",
    "hashes",
    "phone_changes",
    "pictures",
];

/// Counters of refusals.
pub struct Refusals {
    all: Counters,
    by_rule: [Counter; RULES.len()],
}

impl Refusals {
    pub fn new() -> Self {
        let help = "Requests that were answered 429 by a limit, by rule; a full password queue is not among them.";
        let all = metrics::counters("bai_limit_refusals_total", help, &["rule"]);
        Self {
            by_rule: RULES.map(|rule| all.with_label_values(&[rule])),
            all,
        }
    }

    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics.register(&self.all);
    }

    pub fn count(&self, rule: Rule) {
        self.by_rule[rule as usize].inc();
    }
}
