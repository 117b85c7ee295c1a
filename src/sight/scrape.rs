//! The metrics as Prometheus reads them: what the components counted, and what is looked up at that moment.

use super::{process, readiness};
use crate::app::App;
use crate::build_info;
use crate::metrics::{Metrics, gauges};

/// All metrics, in Prometheus's text format.
pub async fn metrics(app: &App) -> String {
    let now = Metrics::default();
    look_at_build(&now);
    look_at_readiness(app, &now).await;
    look_at_store(app, &now).await;
    process::look(&now);
    app.metrics.text() + &now.text()
}

fn look_at_build(now: &Metrics) {
    let build =
        gauges("bai_build_info", "Always 1; the labels say which bai it is.", &["version", "revision"]);
    build.with_label_values(&[build_info::VERSION, build_info::REVISION]).set(1);
    now.show(&build);
}

async fn look_at_readiness(app: &App, now: &Metrics) {
    let ready =
        gauges("bai_ready", "Whether a part of the server is ready, as /readyz says.", &["component"]);
    for component in readiness(app).await {
        ready.with_label_values(&[component.name]).set(component.problems.is_empty().into());
    }
    now.show(&ready);
}

/// Numbers that cannot be read now are left out.
async fn look_at_store(app: &App, now: &Metrics) {
    if let Ok(users) = app.store.count_users().await {
        now.set("bai_users", "Users.", users);
    }
    if let Ok(companies) = app.store.count_companies().await {
        now.set("bai_companies", "Companies.", companies);
    }
    let waiting = u64::try_from(app.store.waiting_writes()).unwrap_or_default();
    now.set("bai_store_waiting", "Writes that wait for the next transaction.", waiting);
    if let Some(disk) = app.store.disk() {
        now.set("bai_store_file_bytes", "Size of the database file.", disk.file);
        now.set("bai_store_free_bytes", "Free space of the file system that the database is on.", disk.free);
    }
}
