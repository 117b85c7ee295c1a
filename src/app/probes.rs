//! Probes: requests by which `bai doctor` sees how the way from the public URL to this server changes them. Each carries a random word
//! that was announced over the admin socket before.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::clock::Clock;

/// Time for which a word is waited for.
const LIFETIME_MS: i64 = 60_000;
/// Words that are waited for at once; the oldest gives way to another one.
const MOST_WORDS: usize = 4;
/// Arrivals of a word that are remembered.
const MOST_ARRIVALS: usize = 4;
/// Characters of a word.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=64;

/// A request with an announced word, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Arrival {
    /// Address at the other end of the connection.
    pub peer: SocketAddr,
    /// Whether `server.trusted_proxies` has it.
    pub is_trusted: bool,
    /// Address of the client, as limits count it.
    pub client: IpAddr,
    /// Lines of `X-Forwarded-For`.
    pub forwarded_for: Vec<String>,
    /// `X-Forwarded-Proto`.
    pub forwarded_proto: Option<String>,
    /// `Host`, or what HTTP/2 has in its place.
    pub host: Option<String>,
    /// Path.
    pub path: String,
    /// Version of HTTP.
    pub version: String,
}

/// Words that are waited for, and their arrivals.
pub struct Probes {
    clock: Clock,
    /// Whether any word is waited for: all that other requests are asked.
    is_waiting: AtomicBool,
    announced: Mutex<Vec<Announced>>,
}

struct Announced {
    word: String,
    until_ms: i64,
    arrivals: Vec<Arrival>,
}

impl Probes {
    /// Probes by this clock, none of which is announced.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            is_waiting: AtomicBool::new(false),
            announced: Mutex::default(),
        }
    }

    /// Waits for a request with this word; false: it is too short or too long to be one.
    pub fn announce(&self, word: String) -> bool {
        if !LENGTH.contains(&word.len()) {
            return false;
        }
        let mut announced = self.announced.lock();
        self.forget_old(&mut announced);
        if announced.len() == MOST_WORDS {
            announced.remove(0);
        }
        announced.push(Announced {
            word,
            until_ms: self.clock.steady_ms() + LIFETIME_MS,
            arrivals: Vec::new(),
        });
        self.is_waiting.store(true, Ordering::Release);
        true
    }

    /// Whether any word is waited for.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Acquire)
    }

    /// Remembers the arrival of a request with this word, if it is waited for.
    pub fn arrived(&self, word: &[u8], arrival: impl FnOnce() -> Arrival) {
        let mut announced = self.announced.lock();
        self.forget_old(&mut announced);
        let same = |it: &&mut Announced| bool::from(it.word.as_bytes().ct_eq(word));
        let found = announced.iter_mut().find(same);
        if let Some(found) = found.filter(|it| it.arrivals.len() < MOST_ARRIVALS) {
            found.arrivals.push(arrival());
        }
    }

    /// The arrivals of the word, which is waited for no longer.
    pub fn take(&self, word: &str) -> Vec<Arrival> {
        let mut announced = self.announced.lock();
        self.forget_old(&mut announced);
        let at = announced.iter().position(|it| it.word == word);
        let found = at.map(|at| announced.remove(at));
        self.is_waiting
            .store(!announced.is_empty(), Ordering::Release);
        found.map(|it| it.arrivals).unwrap_or_default()
    }

    fn forget_old(&self, announced: &mut Vec<Announced>) {
        let now = self.clock.steady_ms();
        announced.retain(|it| now < it.until_ms);
        self.is_waiting
            .store(!announced.is_empty(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    const WORD: &str = "0123456789abcdef";

    fn arrival() -> Arrival {
        Arrival {
            peer: (Ipv4Addr::LOCALHOST, 1).into(),
            is_trusted: false,
            client: Ipv4Addr::LOCALHOST.into(),
            forwarded_for: Vec::new(),
            forwarded_proto: None,
            host: None,
            path: "/".to_owned(),
            version: "HTTP/1.1".to_owned(),
        }
    }

    fn probes() -> (Probes, Clock) {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        (Probes::new(clock.clone()), clock)
    }

    #[test]
    fn a_word_that_nobody_announced_leaves_nothing() {
        let (probes, _) = probes();
        probes.arrived(WORD.as_bytes(), || panic!("looked at"));
        assert!(probes.announce(WORD.to_owned()));
        for other in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "fedcba9876543210",
        ] {
            probes.arrived(other.as_bytes(), || panic!("looked at"));
        }
        assert_eq!(probes.take(WORD), []);
    }

    #[test]
    fn a_word_is_waited_for_until_it_is_taken_or_a_minute_is_over() {
        let (probes, clock) = probes();
        assert!(!probes.is_waiting());
        probes.announce(WORD.to_owned());
        assert!(probes.is_waiting());
        probes.arrived(WORD.as_bytes(), arrival);
        assert_eq!(probes.take(WORD), [arrival()]);
        assert!(!probes.is_waiting());
        probes.announce(WORD.to_owned());
        clock.advance(Duration::from_mins(1));
        probes.arrived(WORD.as_bytes(), || panic!("looked at"));
        assert!(!probes.is_waiting());
        assert_eq!(probes.take(WORD), []);
    }

    #[test]
    fn words_and_arrivals_are_few() {
        let (probes, _) = probes();
        for n in 0..10 {
            assert!(probes.announce(format!("{WORD}{n}")));
        }
        assert_eq!(probes.announced.lock().len(), MOST_WORDS);
        for _ in 0..10 {
            probes.arrived(format!("{WORD}9").as_bytes(), arrival);
            probes.arrived(format!("{WORD}0").as_bytes(), || panic!("looked at"));
        }
        assert_eq!(probes.take(&format!("{WORD}9")).len(), MOST_ARRIVALS);
        assert!(!probes.announce("short".to_owned()));
        assert!(!probes.announce("x".repeat(65)));
    }
}
