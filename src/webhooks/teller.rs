//! Delivery to one webhook: it reads what waits, starts calls, and removes what is over.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::call::{self, Finished};
use super::exchange::Way;
use super::lease::{Until, is_held};
use super::line::{AT_ONCE, Attempt, Line};
use super::message::Signed;
use super::moment::Moment;
use super::outcome::{Outcome, Trouble};
use super::reports::Reports;
use crate::app::App;
use crate::app::webhooks::Hook;
use crate::config::Webhook;

/// Pause between two looks at the clock, which may be moved by hand, while something waits for a time.
const TICK: Duration = Duration::from_millis(200);
/// Pause between two looks while nothing does: at whose turn it is, and on PostgreSQL at what other servers wrote.
const LOOK: Duration = Duration::from_secs(1);
/// Messages that are over are removed in one commit for so many, or after so long.
const BATCH: usize = 64;
const REMOVED_AFTER: Duration = Duration::from_millis(200);
/// Messages that are over and cannot be removed; with more nothing is sent.
const MOST_OVER: usize = 1024;
/// Time that calls get to end when the server stops.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// Delivery to one webhook.
pub struct Teller {
    app: Arc<App>,
    /// Place of the webhook in the configuration.
    place: usize,
    way: Way,
    line: Line,
    reports: Reports,
    /// Number of the database that the line is of.
    generation: usize,
    to_finish: mpsc::UnboundedSender<Finished>,
    finished: mpsc::UnboundedReceiver<Finished>,
    /// Time of the next look at the store after an error.
    not_before: Instant,
    /// Time by which what is over is removed.
    remove_at: Option<Instant>,
    looked: Instant,
}

impl Teller {
    /// Delivery to the webhook at that place of the configuration.
    pub fn new(app: &Arc<App>, place: usize, webhook: &Webhook) -> Self {
        let (to_finish, finished) = mpsc::unbounded_channel();
        let now = Instant::now();
        Self {
            app: Arc::clone(app),
            place,
            way: Way::new(&webhook.url, AT_ONCE, app.clock.clone()),
            line: Line::default(),
            reports: Reports::default(),
            generation: app.generation(),
            to_finish,
            finished,
            not_before: now,
            remove_at: None,
            looked: now,
        }
    }

    /// Delivers until `stopping`; then calls that are on their way get a moment, and everything else waits for the next start.
    pub async fn run(mut self, lease: watch::Receiver<Until>, mut stopping: watch::Receiver<()>) {
        let app = Arc::clone(&self.app);
        let hook = &app.webhooks.all()[self.place];
        let mut changes = app.store.outbox_changes();
        loop {
            let may_send = is_held(*lease.borrow());
            self.work(hook, may_send).await;
            let pause = self.pause(may_send);
            tokio::select! {
                Some(finished) = self.finished.recv() => self.finish(hook, &finished),
                Ok(()) = changes.changed() => self.line.grow(),
                () = hook.retry_is_wanted() => self.line.retry(),
                _ = stopping.changed() => break,
                () = sleep(pause) => self.look(),
            }
        }
        self.end(hook).await;
    }

    async fn work(&mut self, hook: &Hook, may_send: bool) {
        while let Ok(finished) = self.finished.try_recv() {
            self.finish(hook, &finished);
        }
        self.follow(may_send);
        if may_send && self.line.over().len() < MOST_OVER {
            self.read(hook).await;
            self.start_calls();
        }
        self.tell_given_up(hook);
        self.remove(hook, false).await;
        hook.expect(self.next_try());
    }

    fn now(&self) -> Moment {
        Moment::now(&self.app.clock, &self.app.random)
    }

    /// Forgets what is in memory when another database has taken the place of this one, or another server's turn has come.
    fn follow(&mut self, may_send: bool) {
        let generation = self.app.generation();
        if generation != self.generation {
            self.generation = generation;
            self.line = Line::default();
        } else if !may_send {
            self.line.forget_waiting();
        }
    }

    async fn read(&mut self, hook: &Hook) {
        while self.line.over().len() < BATCH && Instant::now() >= self.not_before {
            let now = self.now();
            let Some((after, limit)) = self.line.wanted(now) else {
                return;
            };
            match self.app.store.messages(hook.id, after, limit).await {
                Ok(messages) => self.line.add(messages, limit, now),
                Err(error) => {
                    tracing::warn!(%error, webhook = hook.number, "messages of a webhook cannot be read");
                    self.not_before = Instant::now() + LOOK;
                }
            }
        }
    }

    fn start_calls(&mut self) {
        let now = self.now();
        while let Some(attempt) = self.line.next(now) {
            let Some(message) = self.signed(&attempt) else {
                let outcome = Outcome::Refused(Trouble::NotSigned);
                self.line.finish(&attempt, &outcome, now);
                continue;
            };
            let finished = &self.to_finish;
            call::start(&self.way, attempt, message, self.generation, finished);
        }
    }

    fn signed(&self, attempt: &Attempt) -> Option<Signed> {
        let secret = &self.app.config.webhooks.get(self.place)?.secret;
        let collections = self.app.collections();
        Signed::about(&attempt.event, &collections, secret, self.app.clock.now())
    }

    fn finish(&mut self, hook: &Hook, finished: &Finished) {
        let outcome = &finished.outcome;
        self.app.webhooks.count(hook, outcome.name(), finished.took);
        self.note(hook, outcome);
        if finished.generation == self.generation {
            let now = self.now();
            self.line.finish(&finished.attempt, outcome, now);
        }
    }

    /// Notes the outcome for people.
    fn note(&mut self, hook: &Hook, outcome: &Outcome) {
        let now = self.app.clock.now();
        match outcome {
            Outcome::Delivered => {
                let since = hook.succeed(now);
                self.reports
                    .up(hook, since.map(|since| now.duration_since(since)));
            }
            Outcome::Refused(trouble) => {
                hook.fail(now, trouble.to_string(), false);
                let now_ms = self.app.clock.steady_ms();
                self.reports.refused(hook, &trouble.to_string(), now_ms);
            }
            Outcome::Failed(trouble, _) => {
                hook.fail(now, trouble.to_string(), true);
                let now_ms = self.app.clock.steady_ms();
                self.reports.down(hook, &trouble.to_string(), now_ms);
            }
        }
    }

    fn tell_given_up(&mut self, hook: &Hook) {
        let messages = self.line.take_given_up();
        if messages > 0 {
            self.app.webhooks.count_given_up(hook, messages);
        }
        let now_ms = self.app.clock.steady_ms();
        self.reports.given_up(hook, messages, now_ms);
    }

    /// Removes what is over, in one commit for many.
    async fn remove(&mut self, hook: &Hook, is_last: bool) {
        if self.line.over().is_empty() {
            return;
        }
        let now = Instant::now();
        let at = *self.remove_at.get_or_insert(now + REMOVED_AFTER);
        let is_due = self.line.over().len() >= BATCH || now >= at || is_last;
        if !is_due || now < self.not_before && !is_last {
            return;
        }
        self.remove_at = None;
        let over = self.line.over().to_vec();
        match self.app.store.remove_messages(hook.id, over.clone()).await {
            Ok(()) => self.line.forget_over(&over),
            Err(error) => {
                tracing::warn!(%error, webhook = hook.number, "delivered messages of a webhook are not removed yet");
                self.not_before = Instant::now() + LOOK;
            }
        }
    }

    /// Time of the next try, if it is still to come.
    fn next_try(&self) -> Option<Timestamp> {
        let wait = self.line.next_time_ms()? - self.app.clock.steady_ms();
        let wait = (wait > 0).then(|| SignedDuration::from_millis(wait))?;
        self.app.clock.now().checked_add(wait).ok()
    }

    fn pause(&self, may_send: bool) -> Duration {
        let now = self.now();
        let is_in_trouble = Instant::now() < self.not_before;
        match () {
            () if is_in_trouble => LOOK,
            () if may_send && self.line.wanted(now).is_some() => Duration::ZERO,
            () if !self.line.is_idle() => TICK,
            () => LOOK,
        }
    }

    /// Looks at what other servers wrote, once a second.
    fn look(&mut self) {
        let now = Instant::now();
        if self.app.store.postgres().is_some() && now >= self.looked + LOOK {
            self.looked = now;
            self.line.grow();
        }
    }

    /// Waits a moment for calls, and removes what is over.
    async fn end(mut self, hook: &Hook) {
        let deadline = Instant::now() + LAST_CALLS;
        while self.line.in_flight() > 0 {
            match timeout_at(deadline, self.finished.recv()).await {
                Ok(Some(finished)) => self.finish(hook, &finished),
                _ => break,
            }
        }
        self.remove(hook, true).await;
    }
}
