//! Status of the scheduled backups, recorded for the metrics, the readiness and the alarms.

use jiff::Timestamp;

use super::plan::{self, Scheduled};
use super::state::StateFile;
use crate::app::App;

/// Records the newest backup that is where it should be, and whether older ones hold far more, given one's own backups that are
/// `here`, in the folder.
pub fn record(app: &App, state: &StateFile, here: &[Scheduled], now: Timestamp) {
    let waiting = state.waiting(here, &app.config.backup.s3);
    let good: Vec<_> = here
        .iter()
        .filter(|backup| !waiting.contains(backup))
        .cloned()
        .collect();
    let newest = plan::newest(&good, now);
    app.backups
        .found(newest.map(|backup| (backup.at, backup.size)));
    app.backups
        .found_uploads(state.read().uploaded.pop_last(), waiting.len());
    app.backups.found_shrunk_here(plan::shrunk(here, now));
}
