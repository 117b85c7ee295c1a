//! Response that does not end: a stream of server-sent events.

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
use super::message_queue::MessageQueue;
use crate::http::response::documented;

const EVENT_STREAM: &str = "text/event-stream";

/// Time without a message after which a stream ends, as PocketBase's does; its SDK connects again.
const IDLE: Duration = Duration::from_mins(5);

/// Response with the stream of one client.
pub struct EventStream(pub Connection);

/// Connection of a client, which is removed from the hub at its end.
pub struct Connection {
    hub: Arc<Hub>,
    client: Arc<Client>,
    stopping: watch::Receiver<()>,
}

impl Connection {
    pub fn new(hub: Arc<Hub>, client: Arc<Client>, stopping: watch::Receiver<()>) -> Self {
        Self {
            hub,
            client,
            stopping,
        }
    }

    fn messages(self) -> impl Stream<Item = Result<String, io::Error>> {
        stream::unfold(self, async |mut connection| {
            let queue = &connection.client.queue;
            let message = next(queue, IDLE, &mut connection.stopping).await?;
            Some((Ok(message), connection))
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.disconnect(&self.client);
    }
}

/// Next message; none when there is none for `idle`, the queue is closed, or the server stops.
async fn next(
    queue: &MessageQueue,
    idle: Duration,
    stopping: &mut watch::Receiver<()>,
) -> Option<String> {
    tokio::select! {
        message = queue.next() => message,
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
            .body(Body::from_bytes_stream(self.0.messages()))
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
        let errors = [
            documented_error(429, "连接过多,请稍后再试"),
            documented_error(500, "服务端内部错误"),
        ];
        MetaResponses {
            responses: [success].into_iter().chain(errors).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        PocketBaseError::register(registry);
    }
}

fn documented_error(status: u16, text: &'static str) -> MetaResponse {
    documented(status, text, Some(PocketBaseError::schema_ref()))
}

#[cfg(test)]
mod tests {
    use super::super::message_queue::TotalBytes;
    use super::*;

    #[tokio::test]
    async fn a_stream_ends_when_nothing_is_sent_or_the_server_stops() {
        const LONG: Duration = Duration::from_mins(1);
        let queue = MessageQueue::new(&TotalBytes::default());
        let (stop, mut stopping) = watch::channel(());
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
