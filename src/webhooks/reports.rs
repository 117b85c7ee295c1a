//! Reports of what happened to the log, at most once an hour for each webhook.

use jiff::SignedDuration;

use crate::app::webhooks::Hook;

const HOUR_MS: i64 = 3_600_000;

/// Times of the last reports, in steady milliseconds.
#[derive(Default)]
pub struct Reports {
    down_ms: Option<i64>,
    refused_ms: Option<i64>,
    given_up_ms: Option<i64>,
    /// Given up and not told yet.
    given_up: u64,
}

impl Reports {
    /// The webhook is down since this try.
    pub fn down(&mut self, hook: &Hook, reason: &str, now_ms: i64) {
        if is_due(&mut self.down_ms, now_ms) {
            let (number, name) = (hook.number, &hook.name);
            tracing::warn!(
                "a webhook takes no messages: number {number}, {name}: {reason}; they wait, and are tried again for a day"
            );
        }
    }

    /// The webhook refuses a message, and may take others.
    pub fn refused(&mut self, hook: &Hook, reason: &str, now_ms: i64) {
        if is_due(&mut self.refused_ms, now_ms) {
            let (number, name) = (hook.number, &hook.name);
            tracing::warn!(
                "a webhook refuses messages: number {number}, {name}: {reason}; each is tried again for a day, and its user's next ones wait"
            );
        }
    }

    /// The webhook takes messages again.
    pub fn up(&mut self, hook: &Hook, after: Option<SignedDuration>) {
        if self.down_ms.take().is_some() {
            let (number, name) = (hook.number, &hook.name);
            let seconds = after.unwrap_or_default().as_secs();
            tracing::info!(
                "a webhook takes messages again, after {seconds} s: number {number}, {name}"
            );
        }
    }

    /// So many messages were given up.
    pub fn given_up(&mut self, hook: &Hook, messages: u64, now_ms: i64) {
        self.given_up += messages;
        if self.given_up > 0 && is_due(&mut self.given_up_ms, now_ms) {
            let (number, name, lost) =
                (hook.number, &hook.name, std::mem::take(&mut self.given_up));
            tracing::error!(
                "messages of a webhook were given up after a day: {lost} of number {number}, {name}"
            );
        }
    }
}

fn is_due(last_ms: &mut Option<i64>, now_ms: i64) -> bool {
    let is_due = last_ms.is_none_or(|last| now_ms - last >= HOUR_MS);
    if is_due {
        *last_ms = Some(now_ms);
    }
    is_due
}
