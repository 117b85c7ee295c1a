//! The metrics as Prometheus reads them: what the components counted, and what is looked up at that moment.

use jiff::Timestamp;

use super::{process, readiness, webhooks};
use crate::app::App;
use crate::build_info;
use crate::metrics::{Metrics, gauges};
use crate::store::file::FileStore;

/// All metrics, in Prometheus's text format.
pub async fn metrics(app: &App) -> String {
    let now = Metrics::default();
    look_at_build(&now);
    look_at_readiness(app, &now).await;
    // Each waits for as long as a database may that does not answer.
    tokio::join!(
        look_at_store(app, &now),
        look_at_postgres(app, &now),
        webhooks::look(app, &now)
    );
    look_at_backups(app, &now);
    process::look(&now);
    app.metrics.text() + &now.text()
}

fn look_at_build(now: &Metrics) {
    let build = gauges(
        "bai_build_info",
        "Always 1; the labels say which bai it is.",
        &["version", "revision"],
    );
    build
        .with_label_values(&[build_info::VERSION, build_info::REVISION])
        .set(1);
    now.register(&build);
}

async fn look_at_readiness(app: &App, now: &Metrics) {
    let ready = gauges(
        "bai_ready",
        "Whether a part of the server is ready, as /readyz says.",
        &["component"],
    );
    for component in readiness(app).await {
        ready
            .with_label_values(&[component.name])
            .set(component.problems.is_empty().into());
    }
    now.register(&ready);
}

/// Times are 0 when there was none.
fn look_at_backups(app: &App, now: &Metrics) {
    let status = app.backups.status(app.clock.now());
    let seconds = |at: Option<Timestamp>| {
        at.map_or(0, |at| u64::try_from(at.as_second()).unwrap_or_default())
    };
    let every = status.every.map_or(0, |every| every.as_secs());
    let failed_at = seconds(status.failure.map(|failure| failure.at));
    now.set(
        "bai_backup_every_seconds",
        "Time between two scheduled backups: backup.every; 0: none.",
        every,
    );
    now.set(
        "bai_backup_last_success_time_seconds",
        "When the newest scheduled backup was made, in Unix time.",
        seconds(status.last_success),
    );
    now.set(
        "bai_backup_last_failure_time_seconds",
        "When a backup failed, in Unix time; 0 when the last one did not.",
        failed_at,
    );
    now.set(
        "bai_backup_last_bytes",
        "Size of the newest scheduled backup.",
        status.last_size.unwrap_or(0),
    );
    let help = "Scheduled backups that failed.";
    now.total("bai_backup_failures_total", help, status.failures.into());
}

/// Numbers that cannot be read now are left out.
async fn look_at_store(app: &App, now: &Metrics) {
    let (users, companies, avatars) = tokio::join!(
        app.store.count_users(),
        app.store.count_companies(),
        app.store.avatar_totals()
    );
    if let Ok(users) = users {
        now.set("bai_users", "Users.", users);
    }
    if let Ok(companies) = companies {
        now.set("bai_companies", "Companies.", companies);
    }
    if let Ok(avatars) = avatars {
        now.set("bai_avatars", "Pictures of users.", avatars.count);
        let help = "Bytes of all pictures: of avatars.total_mib.";
        now.set("bai_avatar_bytes", help, avatars.bytes);
    }
    let waiting = u64::try_from(app.store.waiting_writes()).unwrap_or_default();
    now.set(
        "bai_store_waiting",
        "Writes that wait for the next transaction.",
        waiting,
    );
    if let Some(disk) = app.store.file().and_then(FileStore::disk_usage) {
        now.set(
            "bai_store_file_bytes",
            "Size of the database file.",
            disk.file,
        );
        now.set(
            "bai_store_free_bytes",
            "Free space of the file system that the database is on.",
            disk.free,
        );
    }
}

/// The database on PostgreSQL, if it is on one.
async fn look_at_postgres(app: &App, now: &Metrics) {
    let Some(postgres) = app.store.postgres() else {
        return;
    };
    let age = postgres
        .commit_age()
        .map_or(f64::INFINITY, |age| age.as_secs_f64());
    now.pull(
        "bai_postgres_commit_age_seconds",
        "Time since the newest commit that was confirmed: an idle server commits each second.",
        move || age,
    );
    now.set(
        "bai_postgres_sync_required",
        "Whether the database has to have a synchronous standby: store.require_sync.",
        app.config.store.require_sync.into(),
    );
    if let Some(standbys) = postgres.standbys().await {
        now.set(
            "bai_postgres_standbys",
            "Standbys that commits wait for; not there when it cannot be seen (GRANT pg_monitor).",
            standbys,
        );
    }
}
