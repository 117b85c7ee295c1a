//! The form of an upload.

use poem::{Body, Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::super::form_file::{FormFile, file};
use super::refusals::UploadRefusal;

/// The name of the field in the document; any other does as well.
const FILE: &str = "file";

/// A form with a file; nothing of it is read before the handler asks.
pub struct UploadForm(Option<Body>);

impl UploadForm {
    /// The file, of so many bytes at most, and the name of its field.
    pub async fn read(
        self,
        request: &Request,
        most: usize,
    ) -> Result<(String, Vec<u8>), UploadRefusal> {
        let body = self.0.unwrap_or_else(Body::empty);
        match file(request, body, most).await? {
            FormFile::Whole { field, bytes } if !bytes.is_empty() => Ok((field, bytes)),
            FormFile::Whole { field, .. } => Err(UploadRefusal::Missing { field }),
            FormFile::None => Err(UploadRefusal::Missing { field: FILE.into() }),
            FormFile::TooLarge { field } => Err(UploadRefusal::TooLarge { field }),
            FormFile::Several { field } => Err(UploadRefusal::Several { field }),
        }
    }
}

impl<'a> ApiExtractor<'a> for UploadForm {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(_: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let file = MetaSchema::new_with_format("string", "binary");
        let form = MetaSchema {
            properties: vec![(FILE, MetaSchemaRef::Inline(Box::new(file)))],
            required: vec![FILE],
            ..MetaSchema::new("object")
        };
        let content = vec![MetaMediaType {
            content_type: "multipart/form-data",
            schema: MetaSchemaRef::Inline(Box::new(form)),
        }];
        Some(MetaRequest {
            description: None,
            content,
            required: true,
        })
    }

    async fn from_request(
        _: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(body.take().ok()))
    }
}
