//! Places for connections, of which one source may have a share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::seats::{Place, Seats};
use crate::fair::{Bounds, Budget, Share};
use crate::http::memory::ConnectionMemory;
use crate::limits::Source;
use crate::metrics::{Counter, Metrics, counter};

/// Text for a source that has its share, if it speaks plain HTTP/1.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Requests that are open, refused ones and answers that are not taken included, for each that may be answered at once. With
/// HTTP/2 a client may have many on each connection, and they stay until it takes what it is answered.
const OPEN: usize = 2;

/// Pause before looking again for an idle connection.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// As many places as there may be connections.
pub struct Places {
    all: Arc<Semaphore>,
    shares: Budget<Source>,
    open: Arc<Budget<Source>>,
    /// Proxies, which connect for everybody: they have no share.
    trusted: Vec<IpNet>,
    seats: Seats,
    refused: Counter,
}

/// A place for a connection that was not accepted yet.
pub struct Vacancy(OwnedSemaphorePermit);

/// Opens the requests of one peer.
#[derive(Clone)]
pub struct Opener {
    open: Arc<Budget<Source>>,
    /// Nothing for a proxy.
    source: Option<Source>,
}

/// A request that is open until this is dropped.
pub struct Open {
    _share: Option<Share<Source>>,
}

/// The source has so many requests open that another one is not even refused in words: its connection ends.
#[derive(Debug, thiserror::Error)]
#[error("too many requests of one source are open")]
pub struct TooManyOpen;

impl Places {
    /// So many places, and so many for one source.
    pub fn new(bounds: Bounds, trusted: &[IpNet]) -> Self {
        Self {
            all: Arc::new(Semaphore::new(bounds.all)),
            shares: Budget::new(bounds),
            open: Arc::new(Budget::new(Bounds {
                all: OPEN * bounds.all,
                each: OPEN * bounds.each,
            })),
            trusted: trusted.to_vec(),
            seats: Seats::default(),
            refused: counter(
                "bai_http_connections_refused_total",
                "Connections that were closed at once because their source had its share of them: limits.source_percent.",
            ),
        }
    }

    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics.register(&self.refused);
    }

    /// Waits until there is a place; an idle connection gives up its own.
    pub async fn vacancy(&self) -> Option<Vacancy> {
        loop {
            if self.all.available_permits() == 0 {
                self.seats.give_up_idle(None);
            }
            let permit = Arc::clone(&self.all).acquire_owned();
            if let Ok(permit) = tokio::time::timeout(LOOK_AGAIN, permit).await {
                return permit.ok().map(Vacancy);
            }
        }
    }

    /// Gives the place to a connection from `peer`, unless its source has its share and is using it.
    pub fn admit(&self, Vacancy(permit): Vacancy, peer: IpAddr) -> Option<Place> {
        let source = self.source(peer);
        let share = match source {
            None => None,
            Some(source) => Some(self.share(source)?),
        };
        Some(self.seats.seat(source, share, permit))
    }

    fn share(&self, source: Source) -> Option<Share<Source>> {
        self.shares.take(source, 1).or_else(|| {
            self.seats.give_up_idle(Some(source));
            let share = self.shares.take(source, 1);
            if share.is_none() {
                self.refused.inc();
            }
            share
        })
    }

    /// For the requests of a connection from `peer`.
    pub fn opener(&self, peer: IpAddr) -> Opener {
        Opener {
            open: Arc::clone(&self.open),
            source: self.source(peer),
        }
    }

    /// The source whose shares a connection from `peer` counts for; a proxy's counts for none.
    fn source(&self, peer: IpAddr) -> Option<Source> {
        let peer = peer.to_canonical();
        let is_proxy = self.trusted.iter().any(|network| network.contains(&peer));
        (!is_proxy).then(|| peer.into())
    }
}

impl Opener {
    /// The memory of a connection's requests.
    pub fn memory(&self) -> ConnectionMemory {
        if self.source.is_some() {
            ConnectionMemory::default()
        } else {
            ConnectionMemory::of_proxy()
        }
    }

    /// Counts a request as open.
    ///
    /// # Errors
    /// [`TooManyOpen`].
    pub fn open(&self) -> Result<Open, TooManyOpen> {
        let share = self
            .source
            .map(|source| self.open.take(source, 1).ok_or(TooManyOpen));
        Ok(Open {
            _share: share.transpose()?,
        })
    }
}

/// Tells a client that it is refused, without waiting for it to listen.
pub fn refuse(socket: &TcpStream, has_tls: bool) {
    if !has_tls {
        let _ = socket.try_write(REFUSAL);
    }
}
