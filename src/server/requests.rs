//! The requests that a connection has open, and when it has been without progress for too long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::body::{Body, Frame, SizeHint};

/// Numbers of a connection's requests that are open and that wait for us to go on, and the time since which that is so.
#[derive(Clone)]
pub struct Requests(Arc<State>);

struct State {
    accepted: Instant,
    open: AtomicUsize,
    /// Those that are being answered, and answers whose client took all that there was: it is for us to go on.
    waiting: AtomicUsize,
    /// Time at which a request began or ended last, in milliseconds after the connection was accepted.
    progress_ms: AtomicU64,
    /// Time at which the headers of the next request began to come; [`NOT_BEGUN`] before.
    begun_ms: AtomicU64,
    /// Whether there has been a request.
    has_served: AtomicBool,
    /// Whether the client does not take what it is sent.
    is_blocked: AtomicBool,
}

const NOT_BEGUN: u64 = u64::MAX;

/// The times that a connection may take.
#[derive(Clone, Copy)]
pub struct Deadlines {
    /// For the headers of a request; for the first one, from when the connection was accepted.
    pub headers: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// For taking an answer.
    pub answer: Duration,
}

/// A request that is open until this is dropped.
struct Open(Requests);

/// While this is there, an answer is being made: its client waits for us.
struct Working<'a>(&'a State);

impl<'a> Working<'a> {
    fn new(state: &'a State) -> Self {
        state.waiting.fetch_add(1, Ordering::Relaxed);
        Self(state)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer; its request is open until it is handed over.
pub struct Answer<B> {
    body: B,
    is_waiting: bool,
    /// Whether a part of it was taken: a long one goes on with each further part.
    has_begun: bool,
    open: Open,
}

impl Requests {
    pub fn new() -> Self {
        Self(Arc::new(State {
            accepted: Instant::now(),
            open: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            progress_ms: AtomicU64::new(0),
            begun_ms: AtomicU64::new(NOT_BEGUN),
            has_served: AtomicBool::new(false),
            is_blocked: AtomicBool::new(false),
        }))
    }

    /// Answers a request with `respond`; it is open until the answer's body is handed over.
    pub async fn open<B>(
        &self,
        respond: impl Future<Output = hyper::Response<B>>,
    ) -> hyper::Response<Answer<B>> {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        self.0.has_served.store(true, Ordering::Relaxed);
        self.0.begun_ms.store(NOT_BEGUN, Ordering::Relaxed);
        self.note_progress();
        let open = Open(self.clone());
        let working = Working::new(&self.0);
        let response = respond.await;
        drop(working);
        response.map(|body| Answer {
            body,
            is_waiting: false,
            has_begun: false,
            open,
        })
    }

    /// Notes that bytes have come: while no request is open, they begin the headers of the next one.
    pub fn heard(&self) {
        let is_begun = self.0.begun_ms.load(Ordering::Relaxed) != NOT_BEGUN;
        if !is_begun && self.0.open.load(Ordering::Relaxed) == 0 {
            self.0.begun_ms.store(self.now_ms(), Ordering::Relaxed);
        }
    }

    /// Notes whether the client takes what it is sent: an answer that hyper has whole is no longer an open request.
    pub fn set_blocked(&self, is_blocked: bool) {
        self.0.is_blocked.store(is_blocked, Ordering::Relaxed);
    }

    /// The time since which the connection waits for another request.
    pub fn idle_since(&self) -> Option<Instant> {
        let is_idle = self.0.open.load(Ordering::Relaxed) == 0
            && self.0.has_served.load(Ordering::Relaxed)
            && !self.0.is_blocked.load(Ordering::Relaxed)
            && self.0.begun_ms.load(Ordering::Relaxed) == NOT_BEGUN;
        let since = Duration::from_millis(self.0.progress_ms.load(Ordering::Relaxed));
        is_idle.then(|| self.0.accepted + since)
    }

    /// Ready when a deadline has passed. While all requests that are open wait for us, none does.
    ///
    /// It looks now and then instead of being woken by each request.
    pub async fn stall(&self, deadlines: Deadlines) {
        let often = deadlines.headers.min(deadlines.answer);
        loop {
            let open = self.0.open.load(Ordering::Relaxed);
            if open > 0 && open == self.0.waiting.load(Ordering::Relaxed) {
                self.note_progress();
                tokio::time::sleep(often).await;
                continue;
            }
            let end = self.end(open, deadlines);
            let left = end.saturating_sub(self.0.accepted.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(often)).await;
        }
    }

    /// The time after the connection was accepted when it has to have gone on.
    fn end(&self, open: usize, deadlines: Deadlines) -> Duration {
        let progress = Duration::from_millis(self.0.progress_ms.load(Ordering::Relaxed));
        match self.0.begun_ms.load(Ordering::Relaxed) {
            _ if open > 0 || self.0.is_blocked.load(Ordering::Relaxed) => {
                progress + deadlines.answer
            }
            _ if !self.0.has_served.load(Ordering::Relaxed) => deadlines.headers,
            NOT_BEGUN => progress + deadlines.idle,
            begun_ms => Duration::from_millis(begun_ms) + deadlines.headers,
        }
    }

    fn note_progress(&self) {
        self.0.progress_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.accepted.elapsed().as_millis()).unwrap_or(NOT_BEGUN - 1)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.note_progress();
    }
}

impl<B> Answer<B> {
    /// hyper asks for more only when it has room for it, so a client that takes nothing soon is no longer waiting.
    fn set_waiting(&mut self, is_waiting: bool) {
        if self.is_waiting == is_waiting {
            return;
        }
        self.is_waiting = is_waiting;
        let Requests(state) = &self.open.0;
        if is_waiting {
            state.waiting.fetch_add(1, Ordering::Relaxed);
        } else {
            state.waiting.fetch_sub(1, Ordering::Relaxed);
            self.open.0.note_progress();
        }
    }
}

impl<B> Drop for Answer<B> {
    fn drop(&mut self) {
        self.set_waiting(false);
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.set_waiting(frame.is_pending());
        if frame.is_ready() && std::mem::replace(&mut self.has_begun, true) {
            self.open.0.note_progress();
        }
        frame
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

    fn stall(requests: &Requests, idle: Duration, answer: Duration) -> impl Future<Output = ()> {
        requests.stall(Deadlines {
            headers: SHORT,
            idle,
            answer,
        })
    }

    #[tokio::test]
    async fn headers_have_their_time_and_a_pause_between_requests_has_another() {
        let requests = Requests::new();
        assert!(requests.idle_since().is_none());
        stall(&requests, LONG, LONG).await;
        drop(requests.open(async { hyper::Response::new(()) }).await);
        assert!(requests.idle_since().is_some());
        assert!(
            timeout(SHORT * 5, stall(&requests, LONG, LONG))
                .await
                .is_err()
        );
        requests.heard();
        assert!(requests.idle_since().is_none());
        stall(&requests, LONG, LONG).await;
        drop(requests.open(async { hyper::Response::new(()) }).await);
        assert!(requests.idle_since().is_some());
    }

    #[tokio::test]
    async fn a_connection_stalls_by_what_it_has_open() {
        let requests = Requests::new();
        stall(&requests, SHORT, LONG).await;
        let answer = requests
            .open(async { hyper::Response::new(String::new()) })
            .await;
        assert!(
            timeout(SHORT * 3, stall(&requests, SHORT, LONG))
                .await
                .is_err()
        );
        stall(&requests, LONG, SHORT).await;
        drop(answer);
        stall(&requests, SHORT, LONG).await;
    }

    /// A body that has a frame whenever it is told so.
    struct Stream(bool);

    impl Body for Stream {
        type Data = &'static [u8];
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
            if self.0 {
                Poll::Ready(Some(Ok(Frame::data(b"event"))))
            } else {
                Poll::Pending
            }
        }
    }

    #[tokio::test]
    async fn a_stream_that_waits_for_us_does_not_stall_and_one_that_is_not_taken_does() {
        let requests = Requests::new();
        let poll = |answer: &mut Answer<Stream>, has_frame| {
            answer.body.0 = has_frame;
            let _ = Pin::new(answer).poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
        };
        let mut stream = requests
            .open(async { hyper::Response::new(Stream(false)) })
            .await
            .into_body();
        poll(&mut stream, false);
        assert!(
            timeout(SHORT * 5, stall(&requests, SHORT, SHORT))
                .await
                .is_err()
        );
        let ordinary = requests
            .open(async { hyper::Response::new(String::new()) })
            .await;
        timeout(LONG, stall(&requests, LONG, SHORT)).await.unwrap();
        drop(ordinary);
        poll(&mut stream, true);
        poll(&mut stream, false);
        assert!(
            timeout(SHORT * 5, stall(&requests, SHORT, SHORT))
                .await
                .is_err()
        );
        poll(&mut stream, true);
        timeout(LONG, stall(&requests, LONG, SHORT)).await.unwrap();
        poll(&mut stream, false);
        drop(stream);
        timeout(LONG, stall(&requests, SHORT, LONG)).await.unwrap();
    }

    #[tokio::test]
    async fn every_request_is_progress() {
        let requests = Requests::new();
        let deadlines = Deadlines {
            headers: SHORT * 5,
            idle: SHORT * 5,
            answer: LONG,
        };
        let busy = async {
            for _ in 0..10 {
                tokio::time::sleep(SHORT).await;
                drop(
                    requests
                        .open(async { hyper::Response::new(String::new()) })
                        .await,
                );
            }
        };
        tokio::select! {
            () = busy => {}
            () = requests.stall(deadlines) => panic!("stalled among requests"),
        }
    }
}
