//! The requests that a connection has open, and when it has been without progress for too long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::body::{Body, Frame, SizeHint};

/// How many requests of a connection are open, and since when that is so.
#[derive(Clone)]
pub struct Requests(Arc<State>);

struct State {
    accepted: Instant,
    open: AtomicUsize,
    /// When a request began or ended last, in milliseconds after the connection was accepted.
    progress_ms: AtomicU64,
}

/// A request that is open until this is dropped.
struct Open(Requests);

/// The body of an answer; its request is open until it is handed over.
pub struct Answer<B> {
    body: B,
    _open: Open,
}

impl Requests {
    pub fn new() -> Self {
        let (accepted, open, progress_ms) = (Instant::now(), AtomicUsize::new(0), AtomicU64::new(0));
        Self(Arc::new(State { accepted, open, progress_ms }))
    }

    /// Answers a request with `respond`; it is open until the answer's body is handed over.
    pub async fn open<B>(
        &self,
        respond: impl Future<Output = hyper::Response<B>>,
    ) -> hyper::Response<Answer<B>> {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        self.note_progress();
        let open = Open(self.clone());
        respond.await.map(|body| Answer { body, _open: open })
    }

    /// Ready when no request has begun or ended for `idle` while none was open, or for `busy` while one was.
    ///
    /// It looks now and then instead of being woken by each request.
    pub async fn stall(&self, idle: Duration, busy: Duration) {
        loop {
            let allowed = if self.0.open.load(Ordering::Relaxed) == 0 { idle } else { busy };
            let end = Duration::from_millis(self.0.progress_ms.load(Ordering::Relaxed)) + allowed;
            let left = end.saturating_sub(self.0.accepted.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(idle).min(busy)).await;
        }
    }

    fn note_progress(&self) {
        let now_ms = u64::try_from(self.0.accepted.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.progress_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.note_progress();
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(30);
    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_connection_stalls_by_what_it_has_open() {
        let requests = Requests::new();
        requests.stall(SHORT, LONG).await;
        let answer = requests.open(async { hyper::Response::new(String::new()) }).await;
        assert!(timeout(SHORT * 3, requests.stall(SHORT, LONG)).await.is_err());
        requests.stall(LONG, SHORT).await;
        drop(answer);
        requests.stall(SHORT, LONG).await;
    }

    #[tokio::test]
    async fn every_request_is_progress() {
        let requests = Requests::new();
        let busy = async {
            for _ in 0..10 {
                tokio::time::sleep(SHORT).await;
                drop(requests.open(async { hyper::Response::new(String::new()) }).await);
            }
        };
        tokio::select! {
            () = busy => {}
            () = requests.stall(SHORT * 5, LONG) => panic!("stalled among requests"),
        }
    }
}
