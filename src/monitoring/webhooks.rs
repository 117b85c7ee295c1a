//! State of the webhooks: what waits for each, and what became of the tries.

use jiff::Timestamp;

use crate::app::App;
use crate::app::webhooks::{Hook, HookState};
use crate::metrics::{Metrics, gauges};
use crate::store::Error;

/// State of a webhook.
pub struct WebhookStatus<'a> {
    /// The webhook.
    pub hook: &'a Hook,
    /// Outcomes of the tries since the start.
    pub state: HookState,
    /// Messages that wait.
    pub pending: u64,
    /// Time of the oldest of them.
    pub oldest: Option<Timestamp>,
}

/// States of all webhooks, in the order of the configuration.
pub async fn webhooks(app: &App) -> Result<Vec<WebhookStatus<'_>>, Error> {
    let queues = app.store.queues().await?;
    let statuses = app.webhooks.all().iter().map(|hook| {
        let queue = queues.iter().find(|queue| queue.hook == hook.id);
        WebhookStatus {
            hook,
            state: hook.state(),
            pending: queue.map_or(0, |queue| queue.pending),
            oldest: queue.and_then(|queue| queue.oldest),
        }
    });
    Ok(statuses.collect())
}

/// Messages that wait, for the metrics; numbers that cannot be read now are left out.
pub async fn look(app: &App, now: &Metrics) {
    if app.webhooks.all().is_empty() {
        return;
    }
    let lost = u32::try_from(app.store.lost_messages()).unwrap_or(u32::MAX);
    now.total(
        "bai_webhook_lost_total",
        "Messages for which there was no room in the outbox.",
        f64::from(lost),
    );
    if let Ok(statuses) = webhooks(app).await {
        show(app, &statuses, now);
    }
}

fn show(app: &App, statuses: &[WebhookStatus<'_>], now: &Metrics) {
    let pending = gauges(
        "bai_webhook_pending",
        "Messages that wait for a webhook.",
        &["webhook"],
    );
    let oldest = gauges(
        "bai_webhook_oldest_seconds",
        "Age of the oldest message that waits for a webhook; 0: none waits.",
        &["webhook"],
    );
    for status in statuses {
        let label = status.hook.label();
        let age = status
            .oldest
            .map(|at| app.clock.now().duration_since(at).as_secs());
        let count = i64::try_from(status.pending).unwrap_or(i64::MAX);
        pending.with_label_values(&[label.as_str()]).set(count);
        oldest
            .with_label_values(&[label.as_str()])
            .set(age.unwrap_or(0).max(0));
    }
    now.register(&pending);
    now.register(&oldest);
}
