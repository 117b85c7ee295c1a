//! Host names of webhooks to addresses, of which those of this machine and its network are left out: a name may lead anywhere, and
//! whoever has it could make this server call what only it can reach. The connection goes to the very addresses that are given here.

use std::io;
use std::net::SocketAddr;

use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, time};
use ureq::{Error, config::Config, http::Uri};

use crate::domain::is_public;

/// All addresses of the name are of this machine or its network.
#[derive(Debug, thiserror::Error)]
#[error("no address that anybody can reach")]
pub struct NoPublicAddress;

/// A resolver of names that others may have.
#[derive(Debug)]
pub struct Guarded {
    /// Whether every address is taken: the operator named it.
    pub takes_all: bool,
}

/// On the thread of the call, as WeChat's: another one would be left behind when a name server hangs.
impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let on_this_thread = NextTimeout {
            after: time::Duration::NotHappening,
            ..timeout
        };
        let found = DefaultResolver::default().resolve(uri, config, on_this_thread)?;
        let is_taken = |address: &&SocketAddr| self.takes_all || is_public(address.ip());
        let mut taken = self.empty();
        found
            .iter()
            .filter(is_taken)
            .for_each(|address| taken.push(*address));
        match taken.is_empty() {
            true => Err(Error::Io(io::Error::other(NoPublicAddress))),
            false => Ok(taken),
        }
    }
}

/// Whether a call ended because of that.
pub fn is_private(error: &Error) -> bool {
    match error {
        Error::Io(error) => error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<NoPublicAddress>())
            .is_some(),
        _ => false,
    }
}
