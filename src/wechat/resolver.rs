//! Host names to addresses, looked up once a minute on the thread of the call. ureq asks before every request, even when it
//! has a connection, on a thread made for it, to be able to leave it behind; nothing bounds those when a name server hangs.
//! Here the requester of a call does not wait for it longer than it wants anyway.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, time};

use crate::clock::Clock;

const KEPT_MS: i64 = 60_000;

/// A resolver with a memory, shared among its clones.
#[derive(Clone, Debug)]
pub struct Remembering {
    resolver: Arc<dyn Resolver>,
    clock: Clock,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

#[derive(Debug)]
struct Known {
    addresses: Vec<SocketAddr>,
    until_ms: i64,
}

impl Remembering {
    pub fn new(clock: Clock) -> Self {
        Self::over(Arc::new(DefaultResolver::default()), clock)
    }

    fn over(resolver: Arc<dyn Resolver>, clock: Clock) -> Self {
        Self {
            resolver,
            clock,
            known: Arc::default(),
        }
    }

    /// To be called when an address did not answer: the name may lead elsewhere by now.
    pub fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock()
    }
}

impl Resolver for Remembering {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let now = self.clock.steady_ms();
        if let Some(known) = self
            .known()
            .get(&authority)
            .filter(|known| now < known.until_ms)
        {
            let mut addresses = self.empty();
            known
                .addresses
                .iter()
                .for_each(|address| addresses.push(*address));
            return Ok(addresses);
        }
        let on_this_thread = NextTimeout {
            after: time::Duration::NotHappening,
            ..timeout
        };
        let addresses = self.resolver.resolve(uri, config, on_this_thread)?;
        let known = Known {
            addresses: addresses.iter().copied().collect(),
            until_ms: now + KEPT_MS,
        };
        self.known().insert(authority, known);
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl Resolver for Counting {
        fn resolve(
            &self,
            _: &Uri,
            _: &ureq::config::Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let n = self.0.fetch_add(1, Ordering::SeqCst);
            let mut addresses = self.empty();
            addresses.push(SocketAddr::from(([10, 0, 0, 1], u16::try_from(n).unwrap())));
            Ok(addresses)
        }
    }

    #[test]
    fn a_name_is_resolved_once_a_minute_and_after_a_failure() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let resolver = Remembering::over(Arc::new(Counting::default()), clock.clone());
        let config = ureq::Agent::config_builder().build();
        let resolve = |uri: &'static str| {
            let timeout = NextTimeout::default();
            resolver
                .resolve(&Uri::from_static(uri), &config, timeout)
                .unwrap()[0]
                .port()
        };
        assert_eq!(
            [
                resolve("https://a/x"),
                resolve("https://a/y"),
                resolve("https://b/")
            ],
            [0, 0, 1]
        );
        clock.advance(Duration::from_secs(59));
        assert_eq!(resolve("https://a/"), 0);
        clock.advance(Duration::from_secs(1));
        assert_eq!(resolve("https://a/"), 2);
        resolver.forget();
        assert_eq!(resolve("https://a/"), 3);
    }
}
