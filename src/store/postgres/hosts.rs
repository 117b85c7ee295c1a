//! Hosts of a database: sessions with them, and the search for the one that takes commits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all, select_ok};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, CONNECT_TIMEOUT};
use super::errors::words;
use super::instance::Instance;
use super::session::Session;
use super::tls;
use crate::store::Error;

/// Time that the server keeps a transaction of ours open in which nothing is asked, and that we wait there for a lock: who stops in
/// the middle of a commit stops the others no longer than that.
const SETTINGS: &str = "SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '2s'";

/// Time after which the server gives up a connection from which it hears nothing. Who is cut off in the middle of sending a statement
/// is not idle for it, and would keep the lock of all commits for as long as the connection seems to be there: two hours, if
/// the system is not told otherwise.
const LIVENESS: &str = "SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; \
                        SET tcp_user_timeout = 5000";

/// Hosts of a database.
pub struct Hosts {
    address: Address,
    tls: MakeRustlsConnect,
}

impl Hosts {
    /// The hosts of a URL.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn parse(url: &str) -> Result<Arc<Self>, Error> {
        let address = Address::parse(url)?;
        let tls = tls::connector(&address)?;
        Ok(Arc::new(Self { address, tls }))
    }

    /// Name of the database in messages.
    pub fn name(&self) -> &str {
        &self.address.name
    }

    /// Name of a host in messages.
    pub fn host_name(&self, host: usize) -> String {
        let config = self.address.hosts.get(host);
        let name = config
            .and_then(|config| Some((config.get_hosts().first()?, config.get_ports().first()?)));
        match name {
            Some((tokio_postgres::config::Host::Tcp(name), port)) => format!("{name}:{port}"),
            _ => self.address.name.clone(),
        }
    }

    /// A session with a host that takes writes, as far as it says.
    pub async fn connect(&self, host: usize) -> Result<Session, String> {
        let deadline = Instant::now() + CONNECT_TIMEOUT;
        let connected = timeout_at(deadline, self.connect_in_time(host)).await;
        connected.unwrap_or_else(|_| Err(format!("no answer within {CONNECT_TIMEOUT:?}")))
    }

    async fn connect_in_time(&self, host: usize) -> Result<Session, String> {
        let config = self
            .address
            .hosts
            .get(host)
            .ok_or("there is no such host")?;
        let session = Session::connect(config, &self.tls).await;
        let session = session.map_err(|error| words(&error))?;
        let read_only = session.query("SHOW transaction_read_only", &[]).await;
        let read_only = read_only.map_err(|error| words(&error))?;
        let is_standby = read_only
            .first()
            .and_then(|row| row.try_get::<_, String>(0).ok())
            .is_some_and(|value| value == "on");
        if is_standby {
            return Err("it is a standby".into());
        }
        session.run(SETTINGS).await.map_err(|error| words(&error))?;
        match session.run(LIVENESS).await {
            // Engines that have no such setting say so.
            Err(error) if error.code().is_none() => Err(words(&error)),
            _ => Ok(session),
        }
    }

    /// A session with any host that takes writes, as far as it says: for the questions before the first commit.
    pub async fn any(&self) -> Result<Session, Error> {
        let hosts = 0..self.address.hosts.len();
        let tried = join_all(hosts.map(|host| self.connect(host))).await;
        let mut causes = Vec::new();
        for (host, tried) in tried.into_iter().enumerate() {
            match tried {
                Ok(session) => return Ok(session),
                Err(cause) => causes.push(format!("{}: {cause}", self.host_name(host))),
            }
        }
        Err(self.unreachable(&causes))
    }

    /// The same, tried again for so long.
    pub async fn any_within(&self, patience: Duration) -> Result<Session, Error> {
        const PAUSE: Duration = Duration::from_millis(200);
        let deadline = Instant::now() + patience;
        loop {
            match self.any().await {
                Err(_) if Instant::now() + PAUSE < deadline => sleep(PAUSE).await,
                ended => return ended,
            }
        }
    }

    /// The host that confirms a commit, with the session in which it did, when that was begun. All hosts are tried at once, again
    /// and again for so long: one that is a standby now may be promoted while another one says nothing.
    pub async fn find_leader(
        &self,
        instance: &Instance,
        statements: &[&'static str],
        within: Duration,
    ) -> Result<(usize, Session, Instant), Error> {
        let deadline = Instant::now() + within;
        let hosts = 0..self.address.hosts.len();
        let causes = parking_lot::Mutex::new(vec![String::new(); self.address.hosts.len()]);
        let tries = hosts.map(|host| -> BoxFuture<'_, _> {
            Box::pin(self.prove_by(deadline, host, instance, statements, &causes))
        });
        let found = select_ok(tries.collect::<Vec<_>>()).await;
        found
            .map(|(found, _)| found)
            .map_err(|()| self.unreachable(&causes.lock()))
    }

    /// Tries a host until the deadline; the cause of the last failure is left among the causes.
    async fn prove_by(
        &self,
        deadline: Instant,
        host: usize,
        instance: &Instance,
        statements: &[&'static str],
        causes: &parking_lot::Mutex<Vec<String>>,
    ) -> Result<(usize, Session, Instant), ()> {
        const PAUSE: Duration = Duration::from_millis(100);
        loop {
            let cause = match timeout_at(deadline, self.prove(host, instance, statements)).await {
                Ok(Ok((session, begun))) => return Ok((host, session, begun)),
                Ok(Err(cause)) => cause,
                Err(_) => {
                    "a commit was not confirmed in time: is its synchronous standby there?".into()
                }
            };
            causes.lock()[host] = format!("{}: {cause}", self.host_name(host));
            if Instant::now() + PAUSE >= deadline {
                return Err(());
            }
            sleep(PAUSE).await;
        }
    }

    async fn prove(
        &self,
        host: usize,
        instance: &Instance,
        statements: &[&'static str],
    ) -> Result<(Session, Instant), String> {
        let session = self.connect(host).await?;
        session
            .prepare_all(statements)
            .await
            .map_err(|error| words(&error))?;
        let begun = Instant::now();
        instance
            .show(&session)
            .await
            .map_err(|error| words(&error))?;
        match session.take_warning() {
            false => Ok((session, begun)),
            true => Err("it warned instead of confirming a commit".into()),
        }
    }

    fn unreachable(&self, causes: &[String]) -> Error {
        Error::Unavailable(format!(
            "{} takes no writes ({})",
            self.name(),
            causes.join("; ")
        ))
    }
}
