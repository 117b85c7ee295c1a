//! Bodies that were answered before they were read: a client that still sends when its connection is closed never sees the
//! answer. So the rest is read and dropped first, as far as that costs little.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use parking_lot::Mutex;
use poem::http::header;
use poem::{Body, Request};
use tokio::time::{Instant, timeout_at};

/// The most bytes that are read and dropped: what is larger is not waited for.
pub const MAX_DROPPED: usize = 8 << 20;
/// Time without a byte after which a client is taken to wait for its answer.
const QUIET: Duration = Duration::from_secs(2);

type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The body of a request, to be read on after its handler has left it.
pub struct Unread {
    body: Arc<Mutex<Left>>,
    /// Whether the client sends the body only when it is asked to.
    expects_continue: bool,
}

struct Left {
    chunks: Chunks,
    was_begun: bool,
    has_ended: bool,
}

/// The body as the handler has it.
struct Handed(Arc<Mutex<Left>>);

impl Unread {
    /// Keeps the body of `request` in reach; nothing if there is none, or if it is declared as larger than what is dropped.
    pub fn keep(request: &mut Request) -> Option<Self> {
        let body = request.take_body();
        if body.is_empty() || declared(request) > MAX_DROPPED {
            request.set_body(body);
            return None;
        }
        let left = Left {
            chunks: Box::pin(body.into_bytes_stream()),
            was_begun: false,
            has_ended: false,
        };
        let body = Arc::new(Mutex::new(left));
        request.set_body(Body::from_bytes_stream(Handed(Arc::clone(&body))));
        let expects_continue = request.headers().contains_key(header::EXPECT);
        Some(Self {
            body,
            expects_continue,
        })
    }

    /// Reads and drops the rest, if there is one, until `deadline` at most.
    pub async fn discard(self, deadline: Instant) {
        let Some(mut left) = Arc::into_inner(self.body).map(Mutex::into_inner) else {
            return;
        };
        if left.has_ended || (self.expects_continue && !left.was_begun) {
            return;
        }
        let mut dropped = 0;
        while dropped < MAX_DROPPED {
            let patience = deadline.min(Instant::now() + QUIET);
            match timeout_at(patience, left.chunks.next()).await {
                Ok(Some(Ok(chunk))) => dropped += chunk.len(),
                Ok(_) | Err(_) => return,
            }
        }
    }
}

impl Stream for Handed {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut left = self.0.lock();
        left.was_begun = true;
        let next = left.chunks.as_mut().poll_next(cx);
        left.has_ended |= matches!(next, Poll::Ready(None | Some(Err(_))));
        next
    }
}

fn declared(request: &Request) -> usize {
    request
        .header(header::CONTENT_LENGTH)
        .and_then(|length| length.parse().ok())
        .unwrap_or_default()
}
