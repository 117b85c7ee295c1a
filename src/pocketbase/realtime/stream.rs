//! The answer that does not end: a stream of events.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use poem::http::header;
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use tokio::sync::watch;

use super::super::error::PocketBaseError;
use super::client::Client;
use super::hub::Hub;
use super::queue::Queue;
use crate::http::response::documented;

const EVENT_STREAM: &str = "text/event-stream";

/// A stream ends when nothing was sent for this long, as PocketBase's does; its SDK connects again.
const IDLE: Duration = Duration::from_mins(5);

/// The stream of one subscriber.
pub struct EventStream(pub Subscriber);

/// A client for as long as it is connected.
pub struct Subscriber {
    hub: Arc<Hub>,
    client: Arc<Client>,
    stopping: watch::Receiver<()>,
}

impl Subscriber {
    pub fn new(hub: Arc<Hub>, client: Arc<Client>, stopping: watch::Receiver<()>) -> Self {
        Self {
            hub,
            client,
            stopping,
        }
    }

    fn events(self) -> impl Stream<Item = Result<String, io::Error>> {
        stream::unfold(self, async |mut subscriber| {
            let Subscriber {
                client, stopping, ..
            } = &mut subscriber;
            let event = next(&client.queue, IDLE, stopping).await?;
            Some((Ok(event), subscriber))
        })
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.hub.leave(&self.client);
    }
}

/// The next event; nothing when there is none for `idle`, the subscriber is given up, or the server stops.
async fn next(queue: &Queue, idle: Duration, stopping: &mut watch::Receiver<()>) -> Option<String> {
    tokio::select! {
        event = queue.next() => event,
        () = tokio::time::sleep(idle) => None,
        _ = stopping.changed() => None,
    }
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type(EVENT_STREAM)
            .header(header::CACHE_CONTROL, "no-store")
            .header("X-Accel-Buffering", "no")
            .body(Body::from_bytes_stream(self.0.events()))
    }
}

impl ApiResponse for EventStream {
    fn meta() -> MetaResponses {
        let stream = MetaMediaType {
            content_type: EVENT_STREAM,
            schema: String::schema_ref(),
        };
        let success = MetaResponse {
            content: vec![stream],
            ..documented(200, "事件流", None)
        };
        let error = |status, text| documented(status, text, Some(PocketBaseError::schema_ref()));
        let errors = [
            error(429, "连接过多,请稍后再试"),
            error(500, "服务端内部错误"),
        ];
        MetaResponses {
            responses: [success].into_iter().chain(errors).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        PocketBaseError::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::Total;
    use super::*;

    #[tokio::test]
    async fn a_stream_ends_when_nothing_is_sent_or_the_server_stops() {
        const LONG: Duration = Duration::from_mins(1);
        let (queue, (stop, mut stopping)) = (Queue::new(&Total::default()), watch::channel(()));
        queue.push("event".into());
        assert_eq!(
            next(&queue, LONG, &mut stopping).await.as_deref(),
            Some("event")
        );
        assert_eq!(
            next(&queue, Duration::from_millis(1), &mut stopping).await,
            None
        );
        drop(stop);
        assert_eq!(next(&queue, LONG, &mut stopping).await, None);
    }
}
