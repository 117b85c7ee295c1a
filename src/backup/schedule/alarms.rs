//! Alarms about the scheduled backups: sent when something goes wrong, and again while it lasts.

use std::time::Duration;

use jiff::Timestamp;

use super::state::StateFile;
use crate::app::App;
use crate::backup::alarm::{self, AlarmMessage, Origin};
use crate::config::OnFailure;

/// Pause between two looks at the status.
const TICK: Duration = Duration::from_millis(200);
/// Time after which an alarm that somebody took is repeated.
const REPEAT_AFTER: Duration = Duration::from_hours(24);
/// Time after which an alarm that nobody took is sent again.
const RETRY_AFTER: Duration = Duration::from_mins(10);

/// Sends alarms for ever, and that their trouble is over, if there is somebody to send them to.
pub async fn watch(app: &App, state: &StateFile) {
    let origin = Origin::here(&app.config.store.path);
    if app.config.backup.on_failure == OnFailure::Nobody {
        return;
    }
    loop {
        let now = app.clock.now();
        let status = app.backups.status(now);
        match AlarmMessage::about(&status, &origin) {
            Some(alarm) if is_wanted(state, &alarm, now) => send(app, state, alarm, now).await,
            None if is_recovery_wanted(state, now) => {
                let recovery = AlarmMessage::recovery(&status, &origin);
                send_recovery(app, state, recovery, now).await;
            }
            _ => {}
        }
        tokio::time::sleep(TICK).await;
    }
}

fn is_recovery_wanted(state: &StateFile, now: Timestamp) -> bool {
    let state = state.read();
    state.is_recovered && is_time(state.next_alarm, now)
}

/// Notes that the trouble which somebody was told of is over.
pub fn note_recovery(state: &StateFile) {
    let known = state.read();
    if known.last_alarm.is_some() && !known.is_recovered {
        state.change(|state| {
            state.next_alarm = None;
            state.is_recovered = true;
        });
    }
}

/// A time that is farther off than any that is set was set by a clock that was wrong.
fn is_wanted(state: &StateFile, message: &AlarmMessage, now: Timestamp) -> bool {
    let state = state.read();
    state.last_alarm.is_some_and(|last| last != message.event) || is_time(state.next_alarm, now)
}

fn is_time(next: Option<Timestamp>, now: Timestamp) -> bool {
    next.is_none_or(|next| next <= now || next > now + REPEAT_AFTER)
}

async fn send_recovery(app: &App, state: &StateFile, message: AlarmMessage, now: Timestamp) {
    match alarm::send(&app.config.backup.on_failure, message).await {
        Ok(()) => state.change(|state| {
            state.is_recovered = false;
            state.last_alarm = None;
        }),
        Err(error) => {
            state.change(|state| state.next_alarm = Some(now + RETRY_AFTER));
            tracing::error!("backup.on_failure failed: {error}");
        }
    }
}

async fn send(app: &App, state: &StateFile, message: AlarmMessage, now: Timestamp) {
    let retry_at = Some(now + RETRY_AFTER);
    state.change(|state| {
        state.next_alarm = retry_at;
        state.last_alarm = Some(message.event.to_owned());
        state.is_recovered = false;
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
