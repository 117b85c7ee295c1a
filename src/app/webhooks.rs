//! State of the webhooks: what deliveries left behind for people and metrics, and a way to ask for a try at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::config::Webhook;
use crate::domain::{HookId, UserEventKind};
use crate::metrics::{Counters, Histograms, Metrics, SECONDS, counters, histograms};

/// Outcomes of a try, as the metrics name them.
pub const OUTCOMES: [&str; 3] = ["delivered", "refused", "failed"];

/// The webhooks of the configuration, in its order.
pub struct Webhooks {
    hooks: Vec<Hook>,
    tries: Counters,
    given_up: Counters,
    seconds: Histograms,
    is_delivering: AtomicBool,
}

/// A webhook.
pub struct Hook {
    /// Its number, from 1 on.
    pub number: usize,
    /// Scheme, host and port of its address: all that may be shown of it.
    pub name: String,
    /// Its queue.
    pub id: HookId,
    /// Kinds of messages that it is told.
    pub events: Vec<UserEventKind>,
    state: Mutex<HookState>,
    retry: Notify,
}

/// State of a webhook since the server started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookState {
    /// Time of the newest message that it took.
    pub last_success: Option<Timestamp>,
    /// The newest try that failed.
    pub last_failure: Option<HookFailure>,
    /// Time since which no try has succeeded; `None` when the newest did.
    pub failing_since: Option<Timestamp>,
    /// Time of the next try, if the next one waits for a time.
    pub next_try: Option<Timestamp>,
    /// Messages that were given up.
    pub given_up: u64,
}

/// A try that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookFailure {
    /// Time of its end.
    pub at: Timestamp,
    /// Its cause in words, without the address.
    pub reason: String,
}

impl Webhooks {
    /// The webhooks of the configuration.
    #[must_use]
    pub fn new(configured: &[Webhook]) -> Self {
        let labels = ["webhook"];
        Self {
            hooks: (1..).zip(configured).map(Hook::new).collect(),
            tries: counters(
                "bai_webhook_tries_total",
                "Messages that were sent to a webhook, by outcome: delivered, refused (one message), failed (no answer, or one of a server that is down).",
                &["webhook", "outcome"],
            ),
            given_up: counters(
                "bai_webhook_given_up_total",
                "Messages that a webhook did not take within a day.",
                &labels,
            ),
            seconds: histograms(
                "bai_webhook_seconds",
                "Time that a webhook took to answer.",
                &SECONDS,
                &labels,
            ),
            is_delivering: AtomicBool::new(false),
        }
    }

    /// Shows the counters; every series is there from the start on.
    pub fn register_metrics(&self, metrics: &Metrics) {
        if self.hooks.is_empty() {
            return;
        }
        for label in self.hooks.iter().map(Hook::label) {
            for outcome in OUTCOMES {
                self.tries.with_label_values(&[label.as_str(), outcome]);
            }
            self.given_up.with_label_values(&[label.as_str()]);
            self.seconds.with_label_values(&[label.as_str()]);
        }
        metrics.register(&self.tries);
        metrics.register(&self.given_up);
        metrics.register(&self.seconds);
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Hook] {
        &self.hooks
    }

    /// The webhook of this number, from 1 on.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Hook> {
        self.hooks.get(number.checked_sub(1)?)
    }

    /// Whether this process delivers: a command without a server does not, nor a server while another one does.
    #[must_use]
    pub fn is_delivering(&self) -> bool {
        self.is_delivering.load(Ordering::Acquire)
    }

    /// Notes whether this process delivers.
    pub fn set_delivering(&self, is_delivering: bool) {
        self.is_delivering.store(is_delivering, Ordering::Release);
    }

    /// Counts a try that ended so.
    pub fn count(&self, hook: &Hook, outcome: &'static str, took: Duration) {
        let label = hook.label();
        self.tries
            .with_label_values(&[label.as_str(), outcome])
            .inc();
        let seconds = self.seconds.with_label_values(&[label.as_str()]);
        seconds.observe(took.as_secs_f64());
    }

    /// Counts messages that were given up.
    pub fn count_given_up(&self, hook: &Hook, messages: u64) {
        let label = hook.label();
        self.given_up
            .with_label_values(&[label.as_str()])
            .inc_by(messages);
        hook.state.lock().given_up += messages;
    }
}

impl Hook {
    fn new((number, webhook): (usize, &Webhook)) -> Self {
        Self {
            number,
            name: webhook.url.origin(),
            id: HookId::of(webhook.url.expose()),
            events: webhook.events.clone(),
            state: Mutex::default(),
            retry: Notify::new(),
        }
    }

    /// The value of its label in the metrics.
    #[must_use]
    pub fn label(&self) -> String {
        self.number.to_string()
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> HookState {
        self.state.lock().clone()
    }

    /// Notes a success; the time since which there was none, if that one ends failures.
    pub fn succeed(&self, at: Timestamp) -> Option<Timestamp> {
        let mut state = self.state.lock();
        state.last_success = Some(at);
        state.failing_since.take()
    }

    /// Notes a failure of the webhook as a whole, or of one message only.
    pub fn fail(&self, at: Timestamp, reason: String, is_of_all: bool) {
        let mut state = self.state.lock();
        state.last_failure = Some(HookFailure { at, reason });
        if is_of_all {
            state.failing_since.get_or_insert(at);
        }
    }

    /// Notes the time of the next try.
    pub fn expect(&self, next_try: Option<Timestamp>) {
        self.state.lock().next_try = next_try;
    }

    /// Asks for a try of everything at once.
    pub fn retry(&self) {
        self.retry.notify_one();
    }

    /// Waits until somebody asks for that.
    pub async fn retry_is_wanted(&self) {
        self.retry.notified().await;
    }
}
