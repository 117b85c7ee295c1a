//! A file as an answer.

use std::fs::File;
use std::io::{self, Read};
use std::marker::PhantomData;
use std::path::PathBuf;

use futures_util::{Stream, stream};
use poem::http::header;
use poem::{Body, IntoResponse, Response, Result};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use tokio::task::spawn_blocking;

use super::super::answer::Outcomes;
use super::super::error::{PocketBaseError, Refused};
use crate::error::Error;
use crate::http::response::documented;
use crate::store;

const BINARY: &str = "application/octet-stream";
/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// A success of the operation with the outcomes `O`: a file to keep.
pub struct FileReply<O> {
    file: File,
    len: u64,
    name: String,
    outcomes: PhantomData<O>,
}

impl<O> FileReply<O> {
    /// The file at `path`, which whoever gets it keeps under `name`.
    pub async fn open(path: PathBuf, name: &str) -> Result<Self> {
        let opened = spawn_blocking(move || {
            let file = store::file::open_itself(&path)?;
            let len = file.metadata()?.len();
            Ok::<_, io::Error>((file, len))
        });
        match opened.await.map_err(Error::internal)? {
            Ok((file, len)) => Ok(Self {
                file,
                len,
                name: name.to_owned(),
                outcomes: PhantomData,
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Refused::NOT_FOUND.into()),
            Err(e) => Err(Error::internal(e).into()),
        }
    }
}

impl<O: Send> IntoResponse for FileReply<O> {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type(BINARY)
            .header(header::CONTENT_LENGTH, self.len)
            .header(
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{}\"", self.name),
            )
            // It has everybody's password hashes, and the token keys.
            .header(header::CACHE_CONTROL, "no-store")
            .body(Body::from_bytes_stream(pieces(self.file, self.len)))
    }
}

/// The first `len` bytes, read on threads that may wait for the disk.
fn pieces(file: File, len: u64) -> impl Stream<Item = io::Result<Vec<u8>>> {
    stream::try_unfold(file.take(len), |mut file| async {
        spawn_blocking(move || {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok((read > 0).then_some((piece, file)))
        })
        .await
        .map_err(io::Error::other)?
    })
}

impl<O: Outcomes> ApiResponse for FileReply<O> {
    fn meta() -> MetaResponses {
        let schema =
            MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        let success = O::SUCCESS.map(|(status, text)| MetaResponse {
            content: vec![MetaMediaType {
                content_type: BINARY,
                schema,
            }],
            ..documented(status, text, None)
        });
        let error = |(status, text): &(u16, &'static str)| {
            documented(*status, text, Some(PocketBaseError::schema_ref()))
        };
        MetaResponses {
            responses: success
                .into_iter()
                .chain(O::ERRORS.iter().map(error))
                .collect(),
        }
    }

    fn register(registry: &mut Registry) {
        PocketBaseError::register(registry);
    }
}
