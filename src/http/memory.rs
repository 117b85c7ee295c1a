//! Memory of the requests that are being answered: how many there may be, and how much their bodies and answers may take.
//!
//! A request counts from when its headers are read until its client has taken the answer. One source has no more than its share,
//! and one connection little. docs/operations.md adds up all that the server may have in memory.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use poem::http::HeaderMap;
use poem::{Request, Response};

use super::error_format::ErrorFormat;
use super::rejected::Rejected;
use crate::config::Config;
use crate::fair::{Bounds, Budget, Share};
use crate::limits::Source;
use crate::metrics::{self, Counter, Metrics};

/// Bytes of headers, body or answer that every request has besides; a usual one needs no more.
const FREE: usize = 4 * 1024;
/// Bytes that the requests of one connection may take: a few large bodies, or many usual ones.
const CONNECTION: usize = 2 << 20;
/// The time after which a client that was refused may try again.
pub const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Bytes that a value of JSON takes once it is read, at most: in a list …
const VALUE: usize = 160;
/// … and for a list or an object around it.
const CONTAINER: usize = 512;

/// The budget of all requests.
pub struct Memory {
    requests: Budget<Source>,
    bytes: Arc<Budget<Source>>,
    refused: Counter,
}

/// The budget of one connection's requests; the server puts it into each of them.
#[derive(Clone)]
pub struct ConnectionMemory(Arc<Budget<()>>);

/// The memory that a request holds; it is given back when the last clone is dropped.
#[derive(Clone)]
pub struct Held(Arc<Shared>);

struct Shared {
    shares: Mutex<Shares>,
    refused: Counter,
    format: &'static dyn ErrorFormat,
}

struct Shares {
    /// Bytes of the request, those that are free included.
    held: usize,
    request: Option<Share<Source>>,
    bytes: Share<Source>,
    connection: Share<()>,
}

/// Memory that is held for a part of the time that a request takes.
pub struct Room {
    held: Held,
    bytes: usize,
}

/// Marks an answer whose bytes are the same for all, and in memory once: it costs nothing.
#[derive(Clone, Copy)]
pub struct InMemoryOnce;

impl Memory {
    /// As configured: as many requests as connections, and `server.body_memory_mib` for what is not small.
    pub fn new(config: &Config) -> Self {
        let shares = |all| Bounds {
            all,
            each: config.limits.share_of(all),
        };
        Self {
            requests: Budget::new(shares(config.server.max_connections)),
            bytes: Arc::new(Budget::new(shares(config.server.body_memory_mib << 20))),
            refused: metrics::counter(
                "bai_request_memory_refused_total",
                "Requests that were answered 503 because requests took all memory that they may, or one source its share.",
            ),
        }
    }

    /// Shows what is held and how often there was too little.
    pub fn register_metrics(&self, metrics: &Metrics) {
        let bytes = Arc::clone(&self.bytes);
        let help = "Bytes that bodies and answers take beyond what every request has: of server.body_memory_mib.";
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        metrics.pull("bai_request_memory_bytes", help, move || {
            bytes.held() as f64
        });
        metrics.register(&self.refused);
    }

    /// Admits a request, if there is room for it.
    ///
    /// # Errors
    /// [`Rejected::NoMemory`].
    pub fn admit(
        &self,
        request: &Request,
        source: Source,
        format: &'static dyn ErrorFormat,
    ) -> Result<Held, Rejected> {
        let connection = request
            .data::<ConnectionMemory>()
            .cloned()
            .unwrap_or_default();
        let query = request
            .uri()
            .path_and_query()
            .map_or(0, |it| it.as_str().len());
        let size = size_of_headers(request.headers()) + query;
        let admitted = self.requests.take(source, 1).and_then(|share| {
            let (bytes, connection) = (self.bytes.take(source, 0)?, connection.0.take((), 0)?);
            let shares = Mutex::new(Shares {
                held: 0,
                request: Some(share),
                bytes,
                connection,
            });
            let held = Held(Arc::new(Shared {
                shares,
                refused: self.refused.clone(),
                format,
            }));
            let has_room = held.shares().resize(size);
            has_room.then_some(held)
        });
        admitted.ok_or_else(|| {
            self.refused.inc();
            Rejected::NoMemory
        })
    }
}

impl ConnectionMemory {
    /// For a connection of a proxy, whose requests are many clients'.
    #[must_use]
    pub fn of_proxy() -> Self {
        Self(Arc::new(Budget::new(Bounds {
            all: usize::MAX,
            each: usize::MAX,
        })))
    }
}

impl Default for ConnectionMemory {
    fn default() -> Self {
        Self(Arc::new(Budget::new(Bounds {
            all: CONNECTION,
            each: CONNECTION,
        })))
    }
}

impl Held {
    /// Holds so many bytes for the body from now on, in place of what was held before.
    ///
    /// # Errors
    /// [`Rejected::NoMemory`].
    pub fn body(&self, bytes: usize) -> Result<(), Rejected> {
        if self.shares().resize(bytes) {
            return Ok(());
        }
        self.0.refused.inc();
        Err(Rejected::NoMemory)
    }

    /// Gives back what the body took.
    pub fn release_body(&self) {
        self.shares().resize(0);
    }

    /// Holds what `json` takes once it is read, besides what is held already.
    ///
    /// # Errors
    /// [`Rejected::TooManyValues`] if no request could hold it; [`Rejected::NoMemory`].
    pub fn parsed(&self, json: &[u8]) -> Result<(), Rejected> {
        self.more(parsed_size(json))
    }

    /// Holds so many bytes more of the body.
    ///
    /// # Errors
    /// As [`Held::parsed`].
    pub fn buffer(&self, bytes: usize) -> Result<(), Rejected> {
        self.more(bytes)
    }

    /// Holds what so many values take.
    ///
    /// # Errors
    /// As [`Held::parsed`].
    pub fn values(&self, count: usize) -> Result<(), Rejected> {
        self.more(count * VALUE)
    }

    /// Holds so many bytes of records. The connection is not asked, as for an answer.
    ///
    /// # Errors
    /// [`Rejected::NoMemory`].
    pub fn records(&self, bytes: usize) -> Result<(), Rejected> {
        let mut shares = self.shares();
        let bytes = shares.bytes.amount() + bytes;
        if shares.bytes.resize(bytes) {
            return Ok(());
        }
        self.0.refused.inc();
        Err(Rejected::NoMemory)
    }

    /// Room for so many bytes more, if there is, for a while. The connection is not asked.
    pub fn room(&self, bytes: usize) -> Option<Room> {
        let mut shares = self.shares();
        let all = shares.bytes.amount() + bytes;
        shares.bytes.resize(all).then(|| Room {
            held: self.clone(),
            bytes,
        })
    }

    fn more(&self, bytes: usize) -> Result<(), Rejected> {
        let held = self.shares().held;
        if held + bytes > CONNECTION {
            Err(Rejected::TooManyValues)
        } else {
            self.body(held + bytes)
        }
    }

    /// Holds what the answer takes, in place of the body: `size` bytes, or nothing for a stream, which is counted elsewhere.
    /// False if there is no room for it.
    #[must_use]
    pub fn answer(&self, size: Option<u64>) -> bool {
        let mut shares = self.shares();
        let bytes = size
            .map_or(0, |size| usize::try_from(size).unwrap_or(usize::MAX))
            .saturating_sub(FREE);
        if size.is_none() {
            shares.request = None;
        }
        // The connection is not asked: a list may be larger than all that its requests may be.
        let has_room = shares.connection.resize(0) && shares.bytes.resize(bytes);
        if !has_room {
            self.0.refused.inc();
        }
        has_room
    }

    /// Says that there was no room.
    #[must_use]
    pub fn refusal(&self) -> Response {
        self.0.format.rejected(&Rejected::NoMemory)
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.0.shares.lock()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut shares = self.held.shares();
        let left = shares.bytes.amount().saturating_sub(self.bytes);
        // Less is always had.
        let _ = shares.bytes.resize(left);
    }
}

impl Shares {
    fn resize(&mut self, bytes: usize) -> bool {
        let (paid, before) = (bytes.saturating_sub(FREE), self.connection.amount());
        if !self.connection.resize(paid) {
            return false;
        }
        if !self.bytes.resize(paid) {
            self.connection.resize(before);
            return false;
        }
        self.held = bytes;
        true
    }
}

fn size_of_headers(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

/// Bytes that a body takes once it is read as JSON or as a form, at most: by the signs between its values.
fn parsed_size(body: &[u8]) -> usize {
    let of = |byte: &u8| match byte {
        b',' | b'&' => VALUE,
        b'[' | b'{' => CONTAINER,
        _ => 0,
    };
    body.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use poem::http::Method;

    use super::*;

    struct Wordless;

    impl ErrorFormat for Wordless {
        fn error(&self, _: poem::Error, _: &Method, _: &str) -> Response {
            Response::default()
        }

        fn rejected(&self, _: &Rejected) -> Response {
            Response::default()
        }

        fn internal(&self) -> Response {
            Response::default()
        }
    }

    fn memory(body_memory_mib: usize) -> Memory {
        let mut config = Config::default();
        config.server.body_memory_mib = body_memory_mib;
        config.server.max_connections = 8;
        Memory::new(&config)
    }

    fn source(number: u8) -> Source {
        std::net::IpAddr::from([127, 0, 0, number]).into()
    }

    #[test]
    fn a_source_has_a_share_of_requests_and_of_their_bytes() {
        let memory = memory(1);
        let admit = |number| memory.admit(&Request::default(), source(number), &Wordless);
        let (first, second) = (admit(1).unwrap(), admit(1).unwrap());
        assert!(admit(1).is_err() && admit(2).is_ok());
        first.body(FREE + (256 << 10)).unwrap();
        assert!(second.body(FREE + 1).is_err());
        second.body(FREE).unwrap();
        admit(2).unwrap().body(FREE + (256 << 10)).unwrap();
        assert!(first.answer(None));
        assert!(
            admit(1).is_ok(),
            "a stream is no request that is being answered"
        );
        drop((first, second));
        assert_eq!((memory.requests.held(), memory.bytes.held()), (0, 0));
    }

    #[test]
    fn the_requests_of_a_connection_have_little() {
        let memory = memory(64);
        let mut request = Request::default();
        request.set_data(ConnectionMemory::default());
        let (first, second) = (
            memory.admit(&request, source(1), &Wordless).unwrap(),
            memory.admit(&request, source(1), &Wordless).unwrap(),
        );
        first.body(FREE + CONNECTION - 1).unwrap();
        assert!(second.body(FREE + 2).is_err());
        assert!(first.answer(Some(4 << 20)), "an answer may be larger");
        second.body(FREE + CONNECTION).unwrap();
    }

    #[test]
    fn what_was_read_is_never_larger_than_what_is_held_for_it() {
        let nested = |inner: &str| format!("[{}0]", inner.repeat(10_000));
        for text in [
            nested("1,"),
            nested("[1],"),
            nested("{\"a\":1},"),
            nested("[[]],"),
            nested("\"\","),
        ] {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(
                size_of_value(&value) <= parsed_size(text.as_bytes()),
                "{}",
                &text[..20]
            );
        }
    }

    /// Bytes of a value on the heap, with room that vectors keep and 16 bytes for each allocation.
    fn size_of_value(value: &serde_json::Value) -> usize {
        use serde_json::Value;
        const ALLOCATION: usize = 16;
        match value {
            Value::Array(items) => {
                let own = items.capacity() * size_of::<Value>() + ALLOCATION;
                own + items.iter().map(size_of_value).sum::<usize>()
            }
            Value::Object(fields) => {
                let entry = size_of::<(u64, String, Value)>() + 2 * size_of::<usize>();
                let own = fields.len().max(4) * entry / 2 + 2 * ALLOCATION;
                own + fields
                    .iter()
                    .map(|(key, value)| key.capacity() + ALLOCATION + size_of_value(value))
                    .sum::<usize>()
            }
            Value::String(text) => text.capacity() + ALLOCATION,
            _ => 0,
        }
    }
}
