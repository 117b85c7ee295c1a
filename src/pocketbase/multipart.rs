//! Multipart bodies: texts are read, files dropped as they come, as no field takes them. A form that is sent for its file is read by
//! `form_file`, with the same account of bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use parking_lot::Mutex;
use poem::web::{Field, Multipart};
use poem::{Body, FromRequest, Request, RequestBody};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::http::body::{MAX_BODY, hold_pairs, in_time};
use crate::http::memory::Held;
use crate::http::rejected::Rejected;
use crate::http::unread::MAX_DROPPED;

/// Bytes of a part that are read at once.
const PIECE: usize = 4 * 1024;
/// The most bytes that are in memory: texts, and what has arrived of a file and was not dropped yet.
const MAX_KEPT: usize = MAX_BODY + 32 * 1024;
/// Bytes by which the memory that is held grows.
const STEP: usize = 8 * 1024;

/// The names and texts of a form, whose lines may all end with LF alone, as PocketBase lets them. Texts may take as much as any body, files be as long as what is dropped of one.
pub async fn texts(
    request: &Request,
    body: &mut RequestBody,
) -> Result<Vec<(String, String)>, Rejected> {
    let body = body.take().map_err(|_| Rejected::Incomplete)?;
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let (form, meter) = parts(request, body, MAX_KEPT, LineEnds::Unknown).await?;
    in_time(request, Box::pin(read(request, form, meter))).await
}

/// The parts of a body, of which so many bytes may be in memory at once.
pub async fn parts(
    request: &Request,
    body: Body,
    max_kept: usize,
    line_ends: LineEnds,
) -> Result<(Multipart, Meter), Rejected> {
    let meter = Meter(Arc::new(Mutex::new(Account {
        max_kept,
        held: request.extensions().get::<Held>().cloned(),
        ..Account::default()
    })));
    let metered = Metered {
        body: Box::pin(body.into_bytes_stream()),
        meter: meter.clone(),
        is_turn_over: false,
        line_ends,
    };
    let mut body = RequestBody::new(Body::from_bytes_stream(metered));
    let form = <Multipart as FromRequest>::from_request(request, &mut body).await;
    Ok((form.map_err(|_| Rejected::NotJson)?, meter))
}

async fn read(
    request: &Request,
    mut form: Multipart,
    meter: Meter,
) -> Result<Vec<(String, String)>, Rejected> {
    let mut texts = Vec::new();
    let mut length = 0;
    while let Some(part) = form.next_field().await.map_err(|_| meter.failure())? {
        let Some(name) = name_of_text(&part) else {
            discard(part, &meter).await?;
            continue;
        };
        hold_pairs(request, 1)?;
        let text = meter.as_written(text(part, &meter).await?);
        length += name.len() + text.len();
        if length > MAX_BODY {
            return Err(Rejected::TooLarge);
        }
        texts.push((name, text));
    }
    Ok(texts)
}

/// The name of a part that is a text.
fn name_of_text(part: &Field) -> Option<String> {
    part.name().filter(|_| !is_file(part)).map(str::to_owned)
}

/// Whether a part is a file: PocketBase takes one with an empty file name for a text.
pub fn is_file(part: &Field) -> bool {
    part.file_name().is_some_and(|name| !name.is_empty())
}

async fn text(part: Field, meter: &Meter) -> Result<String, Rejected> {
    let mut bytes = Vec::new();
    let mut reader = Box::pin(part.into_async_read());
    while next(&mut reader, &mut bytes, meter).await? > 0 {}
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Drops a part as it comes.
pub async fn discard(part: Field, meter: &Meter) -> Result<(), Rejected> {
    let mut piece = Vec::with_capacity(PIECE);
    let mut reader = Box::pin(part.into_async_read());
    while next(&mut reader, &mut piece, meter).await? > 0 {
        meter.dropped(piece.len());
        piece.clear();
    }
    Ok(())
}

/// Reads some bytes more; none: there are no more.
pub async fn next(
    reader: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
    meter: &Meter,
) -> Result<usize, Rejected> {
    reader.read_buf(bytes).await.map_err(|_| meter.failure())
}

/// Account of a body's bytes.
#[derive(Clone)]
pub struct Meter(Arc<Mutex<Account>>);

#[derive(Default)]
struct Account {
    /// The most bytes that may be kept.
    max_kept: usize,
    received: usize,
    /// Bytes that were received and not dropped.
    kept: usize,
    /// Bytes that memory is held for.
    paid: usize,
    /// Whether lines end with LF alone, in place of which the parser is given CRLF.
    is_lf_only: bool,
    held: Option<Held>,
    failure: Option<Rejected>,
}

impl Meter {
    fn received(&self, bytes: usize) -> io::Result<()> {
        let mut account = self.0.lock();
        account.receive(bytes).map_err(|rejected| {
            account.failure = Some(rejected);
            io::ErrorKind::Other.into()
        })
    }

    fn dropped(&self, bytes: usize) {
        let mut account = self.0.lock();
        account.kept = account.kept.saturating_sub(bytes);
    }

    fn set_lf_only(&self) {
        self.0.lock().is_lf_only = true;
    }

    /// A text with the line ends that it came with.
    fn as_written(&self, text: String) -> String {
        if self.0.lock().is_lf_only {
            text.replace("\r\n", "\n")
        } else {
            text
        }
    }

    /// The reason why a form cannot be read on.
    pub fn failure(&self) -> Rejected {
        self.0.lock().failure.take().unwrap_or(Rejected::NotJson)
    }
}

impl Account {
    fn receive(&mut self, bytes: usize) -> Result<(), Rejected> {
        self.received += bytes;
        self.kept += bytes;
        if self.received > MAX_DROPPED || self.kept > self.max_kept {
            return Err(Rejected::TooLarge);
        }
        let missing = self.kept.saturating_sub(self.paid);
        if missing > 0 {
            let more = missing.max(STEP);
            self.held
                .as_ref()
                .map_or(Ok(()), |held| held.buffer(more))?;
            self.paid += more;
        }
        Ok(())
    }
}

/// A body whose bytes are counted. It is not ready twice in a row, because the parser takes all that is ready before it gives
/// a part of it away.
struct Metered {
    body: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
    meter: Meter,
    is_turn_over: bool,
    line_ends: LineEnds,
}

/// The ends of lines: the first one tells.
#[derive(Clone, Copy, PartialEq)]
pub enum LineEnds {
    Unknown,
    CrLf,
    Lf,
}

impl LineEnds {
    fn of(bytes: &[u8]) -> Self {
        match bytes.iter().position(|byte| *byte == b'\n') {
            None => Self::Unknown,
            Some(end) if bytes[..end].ends_with(b"\r") => Self::CrLf,
            Some(_) => Self::Lf,
        }
    }
}

impl Metered {
    /// The bytes as the parser takes them.
    fn with_crlf(&mut self, bytes: Bytes) -> Bytes {
        if self.line_ends == LineEnds::Unknown {
            self.line_ends = LineEnds::of(&bytes);
        }
        if self.line_ends != LineEnds::Lf {
            return bytes;
        }
        self.meter.set_lf_only();
        let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
        lines.join(&b"\r\n"[..]).into()
    }
}

impl Stream for Metered {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.is_turn_over) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = self.body.as_mut().poll_next(cx);
        let Poll::Ready(Some(Ok(bytes))) = next else {
            return next;
        };
        self.is_turn_over = true;
        let bytes = self.with_crlf(bytes);
        let counted = self.meter.received(bytes.len());
        Poll::Ready(Some(counted.map(|()| bytes)))
    }
}
