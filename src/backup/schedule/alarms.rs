//! Alarms about the scheduled backups: sent when something goes wrong, and again while it lasts.

use std::time::Duration;

use jiff::Timestamp;

use super::state::StateFile;
use crate::app::App;
use crate::backup::alarm::{self, AlarmMessage};
use crate::config::OnFailure;

/// Pause between two looks at the status.
const TICK: Duration = Duration::from_millis(200);
/// Time after which an alarm that somebody took is repeated.
const REPEAT_AFTER: Duration = Duration::from_hours(24);
/// Time after which an alarm that nobody took is sent again.
const RETRY_AFTER: Duration = Duration::from_mins(10);

/// Sends alarms for ever, if there is somebody to send them to.
pub async fn watch(app: &App, state: &StateFile) {
    let database = app.config.store.path.display().to_string();
    if app.config.backup.on_failure == OnFailure::Nobody {
        return;
    }
    loop {
        let now = app.clock.now();
        let message = AlarmMessage::about(&app.backups.status(now), &database);
        if let Some(message) = message.filter(|message| is_wanted(state, message, now)) {
            send(app, state, message, now).await;
        }
        tokio::time::sleep(TICK).await;
    }
}

/// A time that is farther off than any that is set was set by a clock that was wrong.
fn is_wanted(state: &StateFile, message: &AlarmMessage, now: Timestamp) -> bool {
    let state = state.read();
    state.last_alarm.is_some_and(|last| last != message.event)
        || state
            .next_alarm
            .is_none_or(|next| next <= now || next > now + REPEAT_AFTER)
}

async fn send(app: &App, state: &StateFile, message: AlarmMessage, now: Timestamp) {
    let retry_at = Some(now + RETRY_AFTER);
    state.change(|state| {
        state.next_alarm = retry_at;
        state.last_alarm = Some(message.event.to_owned());
    });
    match alarm::send(&app.config.backup.on_failure, message).await {
        // A success meanwhile has removed the time: trouble after it is told at once.
        Ok(()) => state.change(|state| {
            if state.next_alarm == retry_at {
                state.next_alarm = Some(now + REPEAT_AFTER);
            }
        }),
        Err(error) => tracing::error!("backup.on_failure failed: {error}"),
    }
}
