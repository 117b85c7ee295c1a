//! Delivery to all webhooks: it starts with the server and stops with it.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::lease;
use super::teller::Teller;
use crate::app::App;
use crate::store::Error;

/// Delivery to all webhooks of the configuration.
pub struct Delivery {
    app: Arc<App>,
}

impl Delivery {
    /// Delivery of what happens in this app.
    #[must_use]
    pub fn new(app: &Arc<App>) -> Self {
        Self {
            app: Arc::clone(app),
        }
    }

    /// Delivers until the sender of `stopping` is gone, and a moment longer for calls that are on their way.
    pub async fn run(self, stopping: watch::Receiver<()>) {
        let app = &self.app;
        if let Err(error) = forget_others(app).await {
            tracing::warn!(%error, "messages of webhooks that are no longer configured are not removed yet");
        }
        if app.config.webhooks.is_empty() {
            return;
        }
        let (until, lease) = watch::channel(None);
        let mut tellers = JoinSet::new();
        for (place, webhook) in app.config.webhooks.iter().enumerate() {
            let teller = Teller::new(app, place, webhook);
            tellers.spawn(teller.run(lease.clone(), stopping.clone()));
        }
        tokio::select! {
            () = lease::keep(app, &until) => {}
            _ = tellers.join_all() => {}
        }
        lease::give_back(app, &until).await;
    }
}

/// Removes what waits for webhooks that are no longer configured.
async fn forget_others(app: &App) -> Result<(), Error> {
    for queue in app.store.queues().await? {
        let is_known = app.webhooks.all().iter().any(|hook| hook.id == queue.hook);
        if !is_known {
            let removed = app.store.clear_queue(queue.hook).await?;
            tracing::warn!(
                "messages of a webhook that is no longer configured were removed: {removed}"
            );
        }
    }
    Ok(())
}
