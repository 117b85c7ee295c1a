//! The server: listeners, the admin socket, scheduled backups, and a graceful stop.

mod acceptor;
mod answers;
mod connection_metrics;
mod console;
mod error_formats;
mod heard;
mod metrics_listener;
mod monitoring;
mod openapi;
mod places;
mod requests;
pub mod routes;
mod sandbox;
mod seats;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::watch;

use self::acceptor::Acceptor;
use self::tls::Tls;
pub use self::tls::{is_own_authority, validity_of};
use crate::admin::Admin;
use crate::admin::socket::{self, AdminSocket};
use crate::app::App;
use crate::backup::schedule::Schedule;
use crate::clock::Clock;
use crate::config::{Config, Provider};
use crate::random::Random;
use crate::records::Records;
use crate::store::Location;
use crate::webhooks::Delivery;

/// Requests in flight may take this long after a stop was asked for.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// A server that listens but does not answer yet.
pub struct Server {
    acceptor: Acceptor,
    /// The listener at `metrics.listen`.
    metrics_listener: Option<Acceptor>,
    app: Arc<App>,
    schedule: Option<Schedule>,
    admin_socket: Option<AdminSocket>,
    /// Dropped when the server stops: answers that would go on for ever end then.
    streams: watch::Sender<()>,
}

impl Server {
    /// Starts everything that the configuration asks for: the sandbox, the store, the listener.
    ///
    /// # Errors
    /// The store cannot be opened, the address not be bound, or the like; the text says which.
    pub async fn bind(
        mut config: Config,
        location: &Location,
        clock: Clock,
        random: Random,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        if config.wechat.provider == Provider::Sandbox {
            sandbox::start(&mut config, clock.clone()).await?;
        }
        let settings = config.server.clone();
        let tls = Tls::new(&settings.tls, &config.store.path, clock.clone())?;
        let app = App::new(config, location, clock, random).await?;
        let schedule = Schedule::new(&app)?;
        let records = Records::new(&app);
        // A rule that cannot be read is told of now, not at the first request.
        let _ = records.rules();
        let (streams, stopping) = watch::channel(());
        let endpoint = answers::shared(routes::endpoint(&records, stopping)?);
        let share = app.config.limits.share_of(settings.max_connections);
        let acceptor = Acceptor::bind(&settings, share, tls, endpoint)?;
        acceptor.register_metrics(&app.metrics, settings.max_connections);
        let metrics_listener = metrics_listener::bind(&app)?;
        let admin_socket = open_admin_socket(&app, location, records);
        Ok(Self {
            acceptor,
            metrics_listener,
            app,
            schedule,
            admin_socket,
            streams,
        })
    }

    /// The application that the server works with.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The address that it listens on, with the port that was chosen if port 0 was asked for.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.acceptor.local_addr()
    }

    /// The address that it listens on for watchers, if it has one for them.
    ///
    /// # Errors
    /// The system's.
    pub fn watch_addr(&self) -> std::io::Result<Option<SocketAddr>> {
        self.metrics_listener
            .as_ref()
            .map(Acceptor::local_addr)
            .transpose()
    }

    /// Answers until `stop` is ready; then lets requests in flight finish, for at most ten seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        let schedule = self.schedule.map(|schedule| tokio::spawn(schedule.run()));
        let admin_socket = OptionFuture::from(
            self.admin_socket
                .map(|socket| tokio::spawn(socket.run(self.streams.subscribe()))),
        );
        let delivery = Delivery::new(&self.app).run(self.streams.subscribe());
        let delivery = tokio::spawn(delivery);
        tokio::select! {
            () = self.acceptor.run(&connections) => {}
            () = self.acceptor.keep_certificate() => {}
            () = metrics_listener::run(self.metrics_listener.as_ref(), &connections) => {}
            () = stop => {}
            () = self.app.audit_log.keep_flushing() => {}
            () = self.app.follow_others() => {}
        }
        if let Some(schedule) = schedule {
            schedule.abort();
        }
        drop((self.acceptor, self.metrics_listener, self.streams));
        let finish = async { tokio::join!(connections.shutdown(), admin_socket, delivery) };
        if tokio::time::timeout(STOP_DEADLINE, finish).await.is_err() {
            tracing::warn!(
                "stopping although some requests did not finish within {STOP_DEADLINE:?}"
            );
        }
        if let Err(error) = self.app.audit_log.flush().await {
            tracing::warn!(%error, "the last events were not written");
        }
    }
}

/// The admin socket; without one the server serves all the same, and commands need it to be stopped.
fn open_admin_socket(app: &App, location: &Location, records: Records) -> Option<AdminSocket> {
    // Commands come to a database on PostgreSQL as the server does.
    app.store.file()?;
    let Location::File(database) = location else {
        return None;
    };
    let opened = AdminSocket::open(database, &Admin::new(records));
    opened
        .inspect_err(|error| {
            let path = socket::path(database);
            tracing::warn!(%error, socket = %path.display(), "no admin socket: commands such as \"bai user list\" need a stopped server");
        })
        .ok()
}
