//! The file of a form that is sent for it.

use poem::web::{Field, Multipart};
use poem::{Body, Request};

use super::multipart::{LineEnds, Meter, discard, is_file, next, parts};
use crate::http::body::in_time;
use crate::http::rejected::Rejected;

/// Bytes that may have arrived beside those of the file: what one read of a connection brings.
const AHEAD: usize = 512 * 1024;

/// The file of a form, with the name of its field.
pub enum FormFile {
    /// There is none.
    None,
    /// All of it.
    Whole { field: String, bytes: Vec<u8> },
    /// It has more bytes than it may.
    TooLarge { field: String },
    /// There is another one.
    Several { field: String },
}

/// The one file of a form, of so many bytes at most. Texts are dropped, and nothing is read on when it is clear that the file is not
/// taken.
pub async fn file(request: &Request, body: Body, most: usize) -> Result<FormFile, Rejected> {
    let (form, meter) = parts(request, body, most + AHEAD, LineEnds::CrLf).await?;
    in_time(request, Box::pin(read(form, meter, most))).await
}

async fn read(mut form: Multipart, meter: Meter, most: usize) -> Result<FormFile, Rejected> {
    let mut found = FormFile::None;
    while let Some(part) = form.next_field().await.map_err(|_| meter.failure())? {
        if !is_file(&part) {
            discard(part, &meter).await?;
            continue;
        }
        let field = part.name().unwrap_or_default().to_owned();
        if matches!(found, FormFile::Whole { .. }) {
            return Ok(FormFile::Several { field });
        }
        match bytes(part, &meter, most).await? {
            Some(bytes) => found = FormFile::Whole { field, bytes },
            None => return Ok(FormFile::TooLarge { field }),
        }
    }
    Ok(found)
}

/// The bytes of a file, unless there are too many.
async fn bytes(part: Field, meter: &Meter, most: usize) -> Result<Option<Vec<u8>>, Rejected> {
    let mut bytes = Vec::new();
    let mut reader = Box::pin(part.into_async_read());
    while bytes.len() <= most {
        if next(&mut reader, &mut bytes, meter).await? == 0 {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}
