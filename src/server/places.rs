//! Places for connections, of which one source may have a share.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::Source;
use crate::fair::{Bounds, Budget, Share};
use crate::metrics::{Counter, Metrics, counter};

/// What a source that has its share is told, if it speaks plain HTTP/1.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// As many places as there may be connections.
pub struct Places {
    all: Arc<Semaphore>,
    shares: Budget<Source>,
    /// Proxies, which connect for everybody: they have no share.
    trusted: Vec<IpNet>,
    refused: Counter,
}

/// A place for a connection that was not accepted yet.
pub struct Vacancy(OwnedSemaphorePermit);

/// The place of a connection, until it is dropped: the share first, so that whoever gets the permit finds it.
pub struct Place {
    _share: Option<Share<Source>>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// So many places, and so many for one source.
    pub fn new(bounds: Bounds, trusted: &[IpNet]) -> Self {
        Self {
            all: Arc::new(Semaphore::new(bounds.all)),
            shares: Budget::new(bounds),
            trusted: trusted.to_vec(),
            refused: counter(
                "bai_http_connections_refused_total",
                "Connections that were closed at once because their source had its share of them: limits.source_percent.",
            ),
        }
    }

    pub fn show(&self, metrics: &Metrics) {
        metrics.show(&self.refused);
    }

    /// Waits until there is a place.
    pub async fn vacancy(&self) -> Option<Vacancy> {
        Arc::clone(&self.all).acquire_owned().await.ok().map(Vacancy)
    }

    /// Gives the place to a connection from `peer`, unless its source has its share.
    pub fn admit(&self, Vacancy(permit): Vacancy, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        if self.trusted.iter().any(|network| network.contains(&peer)) {
            return Some(Place { _share: None, _permit: permit });
        }
        let share = self.shares.take(peer.into(), 1);
        if share.is_none() {
            self.refused.inc();
        }
        share.map(|share| Place { _share: Some(share), _permit: permit })
    }
}

/// Tells a client that it is refused, without waiting for it to listen.
pub fn refuse(socket: &TcpStream, has_tls: bool) {
    if !has_tls {
        let _ = socket.try_write(REFUSAL);
    }
}
