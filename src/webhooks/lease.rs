//! The right to deliver: of several servers on one database one has it at a time, and renews it long before it ends.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::app::App;

/// Time for which the right is given.
const LEASE: Duration = Duration::from_secs(30);
const RENEWED_EVERY: Duration = Duration::from_secs(10);
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// The longest call and its end: nothing begins when less than that is left.
const LONGEST_CALL: Duration = Duration::from_secs(15);

/// Time until which calls may begin; `None`: another server delivers.
pub type Until = Option<Instant>;

/// Keeps the right for as long as it can be had, for ever.
pub async fn keep(app: &App, until: &watch::Sender<Until>) {
    loop {
        let asked = Instant::now();
        let pause = match app.store.lease_delivery(LEASE).await {
            Ok(true) => {
                until.send_replace(Some(asked + LEASE - LONGEST_CALL));
                RENEWED_EVERY
            }
            Ok(false) => {
                until.send_replace(None);
                ASKED_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "the right to deliver to webhooks cannot be renewed");
                ASKED_EVERY
            }
        };
        app.webhooks.set_delivering(is_held(*until.borrow()));
        sleep(pause).await;
    }
}

/// Whether calls may begin now.
pub fn is_held(until: Until) -> bool {
    until.is_some_and(|until| Instant::now() < until)
}

/// Gives the right back, so that another server need not wait for its end.
pub async fn give_back(app: &App, until: &watch::Sender<Until>) {
    if until.send_replace(None).is_some() {
        // At worst it ends by itself.
        let _ = app.store.lease_delivery(Duration::ZERO).await;
    }
    app.webhooks.set_delivering(false);
}
