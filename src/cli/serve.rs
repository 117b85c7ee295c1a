//! `bai serve`

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::Outcome;
use crate::clock::Clock;
use crate::config::{Config, Provider};
use crate::random::Random;
use crate::server::Server;
use crate::store::Location;
use crate::{build_info, telemetry};

/// How long work that outlived the graceful stop is waited for.
const LEAVE_BEHIND: Duration = Duration::from_millis(500);

pub fn run(config: Config) -> Outcome {
    telemetry::init(&config.log);
    allow_open_files(config.server.max_connections);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(config));
    // A call to WeChat that still hangs on its thread is left behind; dropping the runtime would wait for it.
    runtime.shutdown_timeout(LEAVE_BEHIND);
    outcome
}

/// Open files besides connections: the database, calls to WeChat, the runtime.
const OTHER_FILES: u64 = 1024;

/// Asks the system for as many open files as `server.max_connections` may need.
fn allow_open_files(connections: usize) {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum: limit.maximum });
    if raised.is_err() || allowed < wanted {
        tracing::warn!(
            "the system allows {allowed} open files, server.max_connections = {connections} may need {wanted}: \
             raise the limit (LimitNOFILE= in systemd, ulimit -n) or lower server.max_connections"
        );
    }
}

async fn serve(config: Config) -> Outcome {
    let location = Location::File(config.store.path.clone());
    let (sandbox, base_path) = (config.wechat.provider == Provider::Sandbox, config.server.base_path.clone());
    let database = std::path::absolute(&config.store.path)?;
    let mut stop = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let server = Server::bind(config, &location, Clock::System, Random::System).await?;
    let url = format!("http://{}{base_path}", server.local_addr()?);
    tracing::info!(version = build_info::VERSION, revision = build_info::REVISION, database = %database.display(), "bai listens on {url}");
    tracing::info!("API documents: {url}/docs");
    if sandbox {
        tracing::warn!(
            "the WeChat sandbox is on: any code logs in. For production set wechat.provider = \"wechat\" with app_id and secret"
        );
    }
    let [terminate, interrupt] = &mut stop;
    server
        .run(async {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            tracing::info!("stopping");
        })
        .await;
    tracing::info!("stopped");
    Ok(())
}
