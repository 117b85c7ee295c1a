//! `bai serve`

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::new_database::NewDatabase;
use super::outcome::Outcome;
use super::{postgres, systemd};
use crate::app::{App, SET_UP_LINK_LIFETIME};
use crate::auth;
use crate::clock::Clock;
use crate::config::{Config, Provider, Wechat};
use crate::random::Random;
use crate::server::Server;
use crate::store::Location;
use crate::store::postgres::PostgresStore;
use crate::{build_info, telemetry};

/// Time for work that outlived the graceful stop.
const LEAVE_BEHIND: Duration = Duration::from_millis(500);

#[derive(Args, Default)]
pub struct ServeArgs {
    /// Listen at this address and port, such as 127.0.0.1:8091, instead of server.listen
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub new: NewDatabase,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| {
        "expected a socket address: IP and port such as 127.0.0.1:8091, or 0.0.0.0:8091 for all networks"
    })
}

pub fn run(mut config: Config, new: NewDatabase) -> Outcome {
    telemetry::init(&config.log);
    new.check(&config)?;
    fit_open_files(&mut config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(serve(config));
    // A call to WeChat that still hangs on its thread is left behind; dropping the runtime would wait for it.
    runtime.shutdown_timeout(LEAVE_BEHIND);
    outcome
}

/// Open files besides connections: the database, calls to WeChat, the runtime.
const OTHER_FILES: usize = 1024;

/// Asks the system for as many open files as `server.max_connections` may need, and if it does not allow them, fits the
/// configuration to what it allows: half of the files for connections, a quarter for WeChat (to the sandbox a call is two).
fn fit_open_files(config: &mut Config) {
    let connections = config.server.max_connections;
    let wanted = connections.saturating_add(OTHER_FILES);
    let allowed = allowed_files(wanted);
    if allowed >= wanted {
        return;
    }
    config.server.max_connections = allowed.saturating_sub(OTHER_FILES).max(allowed / 2).max(1);
    config.wechat.max_concurrent = config.wechat.max_concurrent.min(allowed / 8).max(1);
    tracing::warn!(
        "the system allows {allowed} open files, server.max_connections = {connections} may need {wanted}, so it is \
         {}: raise the limit (LimitNOFILE= in systemd, ulimit -n) or lower server.max_connections",
        config.server.max_connections
    );
}

/// The open files that the system allows once it was asked for `wanted`.
fn allowed_files(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let now = files(limit.current);
    let most = files(limit.maximum).min(wanted);
    if now >= most {
        return now;
    }
    let raised = Rlimit {
        current: u64::try_from(most).ok(),
        maximum: limit.maximum,
    };
    if setrlimit(Resource::Nofile, raised).is_ok() {
        most
    } else {
        now
    }
}

/// A limit as a number of files; none is no limit.
fn files(limit: Option<u64>) -> usize {
    limit
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(usize::MAX)
}

fn warn_of_sandbox(wechat: &Wechat, url: &str) {
    if wechat.is_sandbox_public() {
        tracing::warn!(
            "the WeChat sandbox answers on {url}, and whoever reaches that logs in as anybody (wechat.sandbox_public): never with users who are real"
        );
    }
    if wechat.provider == Provider::Sandbox {
        tracing::warn!(
            "the WeChat sandbox is on: any code logs in. For production set wechat.provider = \"wechat\" with app_id and secret"
        );
    }
}

/// Name of the database: its file, or where it is on PostgreSQL.
fn database(config: &Config) -> Result<String, Box<dyn std::error::Error>> {
    match postgres::database(config)? {
        Some((_, name)) => Ok(name),
        None => Ok(std::path::absolute(&config.store.path)?
            .display()
            .to_string()),
    }
}

/// The name with the host that takes commits, if there are hosts.
fn with_primary(database: String, app: &App) -> String {
    match app.store.postgres().and_then(PostgresStore::leader) {
        Some(primary) => format!("{database} (primary {primary})"),
        None => database,
    }
}

/// Says where people may look.
fn tell_pages(config: &Config, url: &str) {
    if config.console.enabled {
        tracing::info!("API documents: {url}/docs, console for superusers: {url}/_/");
    } else {
        tracing::info!("API documents: {url}/docs");
    }
}

/// Says how it goes on, to who tries the server out with nothing configured.
fn tell_next_steps(config: &Config) {
    if config.wechat.provider == Provider::Sandbox && config.sources.file().is_none() {
        tracing::info!(
            "for production: \"bai config init\" writes a config.toml, \"bai service install\" makes a service, \"bai doctor\" says what is missing"
        );
    }
}

async fn serve(config: Config) -> Outcome {
    let location = Location::File(config.store.path.clone());
    let base_path = config.server.base_path.clone();
    let scheme = if config.server.tls.is_on() {
        "https"
    } else {
        "http"
    };
    let database = database(&config)?;
    let mut stop = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    ];
    systemd::opening(&database);
    // Of the settings as they were given: the sandbox gets an AppID and a secret of its own.
    let doubts = config.doubts();
    let server = Server::bind(config, &location, Clock::System, Random::System).await?;
    let url = format!("{scheme}://{}{base_path}", server.local_addr()?);
    tracing::info!(version = build_info::VERSION, revision = build_info::REVISION, database = %with_primary(database, server.app()), "bai listens on {url}");
    tell_pages(&server.app().config, &url);
    let imported = server.app().store.count_imported_hashes().await?;
    if imported > 0 {
        tracing::info!(
            "{imported} imported users still have PocketBase's password hashes; a login replaces its own"
        );
    }
    if let Some(secret) = auth::issue_set_up_link(server.app()).await? {
        let minutes = SET_UP_LINK_LIFETIME.as_secs() / 60;
        tracing::warn!(
            "there is no superuser: \"bai superuser create EMAIL\" makes one, or, once and for {minutes} minutes, whoever has this \
             link: {url}/setup#{secret}"
        );
    }
    for doubt in doubts {
        tracing::warn!("a setting may not be meant: {doubt}");
    }
    warn_of_sandbox(&server.app().config.wechat, &url);
    tell_next_steps(&server.app().config);
    let [terminate, interrupt] = &mut stop;
    systemd::ready(&url);
    tokio::spawn(systemd::keep_alive());
    server
        .run(async {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            tracing::info!("stopping");
            systemd::stopping();
        })
        .await;
    tracing::info!("stopped");
    Ok(())
}
