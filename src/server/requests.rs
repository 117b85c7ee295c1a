//! The requests that a connection has open, and when it has been without progress for too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::timeout;

/// How many requests of a connection are open.
#[derive(Clone)]
pub struct Requests(watch::Sender<usize>);

/// A request that is open until this is dropped.
struct Open(watch::Sender<usize>);

/// The body of an answer; its request is open until it is handed over.
pub struct Answer<B> {
    body: B,
    _open: Open,
}

impl Requests {
    pub fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Answers a request with `respond`; it is open until the answer's body is handed over.
    pub async fn open<B>(
        &self,
        respond: impl Future<Output = hyper::Response<B>>,
    ) -> hyper::Response<Answer<B>> {
        self.0.send_modify(|open| *open += 1);
        let open = Open(self.0.clone());
        respond.await.map(|body| Answer { body, _open: open })
    }

    /// Ready when no request has begun or ended for `idle` while none was open, or for `busy` while one was.
    pub async fn stall(&self, idle: Duration, busy: Duration) {
        let mut open = self.0.subscribe();
        loop {
            let time = if *open.borrow_and_update() == 0 { idle } else { busy };
            if timeout(time, open.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
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
    use super::*;

    const SHORT: Duration = Duration::from_millis(30);
    const LONG: Duration = Duration::from_secs(60);

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
