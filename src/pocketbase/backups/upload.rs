//! A file in a form, of any size: it goes to the disk as it comes.

use std::sync::Arc;
use std::time::Duration;

use poem::web::{Field, Multipart};
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::error::Refused;
use super::refusals::{refused, wrong, wrong_name};
use crate::app::App;
use crate::backup::{Incoming, Name, Received};
use crate::http::body::BodyTimeout;
use crate::http::rejected::Rejected;

/// The part of the form that is the file.
const FILE: &str = "file";
/// Bytes that are written at once.
const PIECE: usize = 256 * 1024;

/// A form with a file; nothing of it is read before the handler asks.
pub struct Upload {
    /// The body, if it is a form: any other has no file.
    form: Option<Multipart>,
    /// Time that the client may send nothing.
    patience: Duration,
}

impl<'a> ApiExtractor<'a> for Upload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(_: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let file = MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        let form = MetaSchema {
            properties: vec![(FILE, file)],
            required: vec![FILE],
            ..MetaSchema::new("object")
        };
        let schema = MetaSchemaRef::Inline(Box::new(form));
        let content = vec![MetaMediaType {
            content_type: "multipart/form-data",
            schema,
        }];
        Some(MetaRequest {
            description: None,
            content,
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let BodyTimeout(patience) = *request
            .extensions()
            .get()
            .unwrap_or(&BodyTimeout(Duration::MAX));
        let form = <Multipart as FromRequest>::from_request(request, body).await;
        Ok(Self {
            form: form.ok(),
            patience,
        })
    }
}

impl Upload {
    /// The file and its name, if there is one.
    pub async fn read(&mut self, app: &Arc<App>) -> Result<Option<(Name, Received)>> {
        let patience = self.patience;
        let Some(form) = &mut self.form else {
            return Ok(None);
        };
        while let Some(part) = in_time(patience, form.next_field())
            .await?
            .map_err(|_| Refused::UPLOAD_FAILED)?
        {
            if part.name() != Some(FILE) {
                continue;
            }
            // A path before the name is the client's own.
            let name = part
                .file_name()
                .unwrap_or_default()
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default();
            if name.is_empty() {
                return Ok(None);
            }
            let name = Name::parse(name).map_err(|why| wrong(FILE, wrong_name(why)))?;
            return Ok(Some((name, receive(app, part, patience).await?)));
        }
        Ok(None)
    }

    /// Reads what is left of it, for as long as any body may take.
    pub async fn discard(&mut self) {
        let Some(form) = &mut self.form else { return };
        let rest = async { while let Ok(Some(_)) = form.next_field().await {} };
        let _ = tokio::time::timeout(self.patience, rest).await;
    }
}

async fn receive(app: &Arc<App>, part: Field, patience: Duration) -> Result<Received> {
    let failed = |error| refused(&error, Refused::UPLOAD_FAILED);
    let mut incoming = Incoming::begin(app).await.map_err(failed)?;
    let mut bytes = Box::pin(part.into_async_read());
    loop {
        let piece = next_piece(&mut bytes, patience).await?;
        if piece.is_empty() {
            return Ok(incoming.end().await.map_err(failed)?);
        }
        incoming.push(piece).await.map_err(failed)?;
    }
}

async fn next_piece(from: &mut (impl AsyncRead + Unpin), patience: Duration) -> Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE);
    while piece.len() < PIECE {
        let read = in_time(patience, from.read_buf(&mut piece))
            .await?
            .map_err(|_| Rejected::Incomplete)?;
        if read == 0 {
            break;
        }
    }
    Ok(piece)
}

async fn in_time<T>(patience: Duration, next: impl Future<Output = T>) -> Result<T> {
    Ok(tokio::time::timeout(patience, next)
        .await
        .map_err(|_| Rejected::TooSlow)?)
}
