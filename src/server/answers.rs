//! Bodies of answers, which hold memory until their clients have taken them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use poem::endpoint::{DynEndpoint, ToDynEndpoint};
use poem::{Endpoint, Request, Response};

use super::places::Open;
use crate::http::memory::Held;

/// An endpoint that all connections of a listener share.
pub type SharedEndpoint = Arc<dyn DynEndpoint<Output = Response>>;

/// Shares `endpoint` among connections.
pub fn shared(endpoint: impl Endpoint<Output = Response> + 'static) -> SharedEndpoint {
    Arc::new(ToDynEndpoint(endpoint))
}

/// A body with what its request holds.
pub struct HeldBody<B> {
    body: B,
    kept: Arc<Kept>,
}

/// The things that a request holds: memory, if it was admitted, and its place among those that are open.
struct Kept {
    _held: Option<Held>,
    _open: Open,
}

/// Bytes with what their request holds: hyper may keep them long after the body has ended.
struct HeldBytes {
    bytes: Bytes,
    _kept: Arc<Kept>,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The answer of `endpoint`, or that there is no room for it.
pub async fn answer(
    endpoint: &SharedEndpoint,
    request: Request,
    open: Open,
) -> hyper::Response<HeldBody<impl Body<Data = Bytes, Error = std::io::Error> + Unpin + use<>>> {
    let mut response = hyper::Response::from(endpoint.get_response(request).await);
    let held = response.extensions_mut().remove::<Held>();
    if let Some(refusal) = held
        .as_ref()
        .and_then(|held| refusal(held, response.body()))
    {
        response = refusal;
    }
    let kept = Arc::new(Kept {
        _held: held,
        _open: open,
    });
    response.map(|body| HeldBody { body, kept })
}

fn refusal<B>(held: &Held, body: &B) -> Option<hyper::Response<B>>
where
    B: Body,
    hyper::Response<B>: From<poem::Response>,
{
    let has_room = held.answer(body.size_hint().exact());
    (!has_room).then(|| held.refusal().into())
}

impl<B: Body<Data = Bytes> + Unpin> Body for HeldBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let kept = Arc::clone(&self.kept);
        let keep = |bytes| Bytes::from_owner(HeldBytes { bytes, _kept: kept });
        frame.map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(keep))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
