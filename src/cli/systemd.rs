//! Notices to systemd from a server that it started (`Type=notify`, see sd_notify(3)). Started by anybody else, it sends none.

use sd_notify::NotifyState;

/// Tells that the database is being opened, which takes long after an upgrade that migrates it.
pub fn opening(database: &str) {
    notify(&[NotifyState::Status(&format!("opening {database}"))]);
}

/// Tells that requests to `url` are answered from now on; what was ordered after us may start.
pub fn ready(url: &str) {
    notify(&[
        NotifyState::Ready,
        NotifyState::Status(&format!("serving {url}")),
    ]);
}

/// Tells that requests in flight are finished, and then it ends.
pub fn stopping() {
    notify(&[
        NotifyState::Stopping,
        NotifyState::Status("finishing the requests in flight"),
    ]);
}

/// Tells that tasks still get their turn, twice in each time after which systemd would restart us (`WatchdogSec=`).
pub async fn keep_alive() {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut turns = tokio::time::interval((patience / 2).max(std::time::Duration::from_millis(1)));
    loop {
        turns.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, ?states, "systemd could not be told");
    }
}
