//! Counters of calls to WeChat, and the condition that the last of them tell.

use std::time::Instant;

use jiff::Timestamp;

use super::condition::{Condition, Problem};
use super::error::Error;
use super::operation::Operation;
use crate::clock::Clock;
use crate::metrics::{self, Counter, Counters, Histogram, Histograms, Metrics};
use parking_lot::Mutex;

const DAY_MS: i64 = 24 * 3_600_000;
/// Offset of Beijing's time.
const BEIJING_MS: i64 = 8 * 3_600_000;

/// In the order of [`Operation`].
const OPERATIONS: [&str; 3] = ["login", "phone", "access_token"];
/// In the order of [`Outcome`].
const OUTCOMES: [&str; 8] = [
    "ok",
    "code_refused",
    "quota",
    "misconfigured",
    "busy",
    "unavailable",
    "held_back",
    "abandoned",
];

#[derive(Clone, Copy)]
enum Outcome {
    Ok,
    CodeRefused,
    Quota,
    Misconfigured,
    Busy,
    Unavailable,
    /// Not asked, because its minute quota is used up, or too many calls wait.
    HeldBack,
    /// Nobody waited for the answer: the client went away, or the time for the whole was over.
    Abandoned,
}

/// Calls of the newest day.
#[derive(Default)]
struct Today {
    day: i64,
    calls: [u64; OPERATIONS.len()],
}

/// The newest call that failed through no fault of the code that somebody brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// When.
    pub at: Timestamp,
    /// What came of it, in the words of the metrics.
    pub outcome: &'static str,
    /// WeChat's number, if it gave one.
    pub errcode: Option<i64>,
}

pub struct Stats {
    clock: Clock,
    today: Mutex<Today>,
    last_error: Mutex<Option<LastError>>,
    calls: Counters,
    seconds: Histograms,
    operations: [Handles; OPERATIONS.len()],
}

struct Handles {
    calls: [Counter; OUTCOMES.len()],
    seconds: Histogram,
    condition: Mutex<Condition>,
}

/// An operation under way; counted as abandoned when it is dropped without an end.
pub struct Asked<'a> {
    stats: &'a Stats,
    operation: Operation,
    begun: Instant,
    outcome: Outcome,
}

impl Stats {
    pub fn new(clock: Clock) -> Self {
        let calls = metrics::counters(
            "bai_wechat_calls_total",
            "What WeChat was asked for and what came of it; repetitions are one.",
            &["operation", "outcome"],
        );
        let seconds = metrics::histograms(
            "bai_wechat_call_seconds",
            "How long WeChat took to answer, repetitions included.",
            &metrics::SECONDS,
            &["operation"],
        );
        let operations = OPERATIONS.map(|operation| Handles {
            calls: OUTCOMES.map(|outcome| calls.with_label_values(&[operation, outcome])),
            seconds: seconds.with_label_values(&[operation]),
            condition: Mutex::default(),
        });
        Self {
            clock,
            today: Mutex::default(),
            last_error: Mutex::default(),
            calls,
            seconds,
            operations,
        }
    }

    /// Calls since midnight in Beijing, when WeChat begins its quotas anew, each operation with its name.
    pub fn calls_today(&self) -> [(&'static str, u64); OPERATIONS.len()] {
        let calls = self.today.lock().at(self.clock.now()).calls;
        std::array::from_fn(|n| (OPERATIONS[n], calls[n]))
    }

    /// The newest error.
    pub fn last_error(&self) -> Option<LastError> {
        self.last_error.lock().clone()
    }

    fn note_error(&self, error: &Error, outcome: Outcome) {
        if matches!(error, Error::CodeRefused(_) | Error::Full) {
            return;
        }
        *self.last_error.lock() = Some(LastError {
            at: self.clock.now(),
            outcome: OUTCOMES[outcome as usize],
            errcode: error.errcode(),
        });
    }

    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics.register(&self.calls);
        metrics.register(&self.seconds);
    }

    pub fn ask(&self, operation: Operation) -> Asked<'_> {
        Asked {
            stats: self,
            operation,
            begun: Instant::now(),
            outcome: Outcome::Abandoned,
        }
    }

    pub fn held_back(&self, operation: Operation) {
        self.operations[operation as usize].calls[Outcome::HeldBack as usize].inc();
    }

    /// Problems according to the last calls, each once.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Vec::new();
        for handles in &self.operations {
            let condition = handles.condition.lock();
            if let Some(problem) = condition.problem()
                && problems.iter().all(|known| known.code != problem.code)
            {
                problems.push(problem.clone());
            }
        }
        problems
    }
}

impl Today {
    /// Itself, begun anew when it is another day.
    fn at(&mut self, now: Timestamp) -> &mut Self {
        let day = (now.as_millisecond() + BEIJING_MS).div_euclid(DAY_MS);
        if day != self.day {
            *self = Self {
                day,
                ..Self::default()
            };
        }
        self
    }
}

impl Asked<'_> {
    /// Counts what came of it.
    pub fn end<T>(mut self, result: &Result<T, Error>) {
        self.outcome = match result {
            Ok(_) => Outcome::Ok,
            Err(Error::CodeRefused(_)) => Outcome::CodeRefused,
            Err(Error::Quota { .. }) => Outcome::Quota,
            Err(Error::Misconfigured(_)) => Outcome::Misconfigured,
            Err(Error::Busy(_)) => Outcome::Busy,
            Err(
                Error::Unavailable(_)
                | Error::Unreachable(_)
                | Error::ProxyUnreachable(_)
                | Error::Odd(_),
            ) => Outcome::Unavailable,
            Err(Error::Full) => Outcome::HeldBack,
        };
        if let Err(error) = result {
            self.stats.note_error(error, self.outcome);
        }
        let condition = &self.stats.operations[self.operation as usize].condition;
        let mut condition = condition.lock();
        condition.learn(
            self.operation,
            result.as_ref().err(),
            self.stats.clock.now(),
        );
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let handles = &self.stats.operations[self.operation as usize];
        handles.calls[self.outcome as usize].inc();
        let now = self.stats.clock.now();
        self.stats.today.lock().at(now).calls[self.operation as usize] += 1;
        handles.seconds.observe(self.begun.elapsed().as_secs_f64());
    }
}
