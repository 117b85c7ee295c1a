//! The state of the server in one look, for people.

use jiff::Timestamp;

use super::logins::logins;
use crate::app::App;
use crate::app::login_counts::LoginOutcomes;
use crate::domain::BackupStatus;
use crate::error::Result;
use crate::metrics::{Labels, Timings};
use crate::store::file::{DiskUsage, FileStore};
use crate::wechat::LastError;

/// Routes whose requests are not counted: whoever looks asks every few seconds, and one that is not ready says so by an error.
const OWN_ROUTES: [&str; 3] = ["/api/overview", "/api/overview/users", "/readyz"];

/// The state of the server.
pub struct Overview {
    /// The time.
    pub at: Timestamp,
    /// Time at which the server started.
    pub started: Timestamp,
    /// Answers since then, but for those of the overview itself.
    pub requests: Timings,
    /// Those of them that were errors of the server.
    pub failed_requests: u64,
    /// Hours of the last week, and the outcomes of their logins.
    pub logins: Vec<(i64, LoginOutcomes)>,
    /// Name of the database and the host that takes its commits, if it is on PostgreSQL.
    pub postgres: Option<(String, Option<String>)>,
    /// The disk, if the database is on one.
    pub disk: Option<DiskUsage>,
    /// The scheduled backups.
    pub backup: BackupStatus,
    /// Calls of WeChat since midnight in Beijing, by operation; or since the start, if that was later.
    pub wechat_calls: Vec<(&'static str, u64)>,
    /// The newest error of WeChat.
    pub wechat_error: Option<LastError>,
}

/// The state of the server now.
pub async fn overview(app: &App) -> Result<Overview> {
    let now = app.clock.now();
    Ok(Overview {
        at: now,
        started: app.started,
        requests: app.metrics.timed("bai_http_request_seconds", is_of_others),
        failed_requests: failed_requests(app),
        logins: logins(app).await?,
        postgres: app
            .store
            .postgres()
            .map(|postgres| (postgres.name().to_owned(), postgres.leader())),
        disk: app.store.file().and_then(FileStore::disk_usage),
        backup: app.backups.status(now),
        wechat_calls: app.wechat.calls_today(),
        wechat_error: app.wechat.last_error(),
    })
}

fn is_of_others(labels: &Labels<'_>) -> bool {
    let route = labels.get("route");
    !OWN_ROUTES.iter().any(|own| route.ends_with(own))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count is whole and not negative"
)]
fn failed_requests(app: &App) -> u64 {
    let is_failure =
        |labels: &Labels<'_>| is_of_others(labels) && labels.get("status").starts_with('5');
    app.metrics.counted("bai_http_requests_total", is_failure) as u64
}
