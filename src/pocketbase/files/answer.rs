//! A picture as an answer.

use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Request, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;

use super::super::error::{PocketBaseError, Refused};
use crate::domain::ImageFormat;
use crate::http::content::{Content, Unmet};
use crate::http::response::documented;

/// Headers of every answer that brings a picture or says that it is the same: it never changes, and nothing in it runs.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    ),
];

/// The outcome without a body.
const NOT_MODIFIED: (u16, &str) = (304, "图片未变化");

/// Outcomes with an error.
const ERRORS: [(u16, &str); 5] = [
    (400, "参数错误"),
    (404, "集合、用户或图片不存在"),
    (412, "If-Match 或 If-Unmodified-Since 不成立"),
    (416, "Range 超出图片"),
    (500, "服务端内部错误"),
];

/// A picture, as far as the request asks for it.
pub struct FileAnswer(Response);

impl FileAnswer {
    /// The answer with `content`, which whoever keeps it keeps under `name`.
    pub fn new(
        request: &Request,
        content: Content,
        name: &str,
        is_attachment: bool,
    ) -> Result<Self, Refused> {
        let mut response = content.answer(request.headers()).map_err(refused)?;
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let way = if is_attachment {
            "attachment"
        } else {
            "inline"
        };
        if let Ok(value) = format!("{way}; filename=\"{name}\"").try_into() {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        Ok(Self(response))
    }
}

fn refused(unmet: Unmet) -> Refused {
    let length = match unmet {
        Unmet::Condition => {
            return Refused::BAD_REQUEST.with_status(StatusCode::PRECONDITION_FAILED);
        }
        Unmet::Range { length } => length,
    };
    let refused = Refused::BAD_REQUEST.with_status(StatusCode::RANGE_NOT_SATISFIABLE);
    match HeaderValue::try_from(format!("bytes */{length}")) {
        Ok(all) => refused.with_header(header::CONTENT_RANGE, all),
        Err(_) => refused,
    }
}

impl IntoResponse for FileAnswer {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for FileAnswer {
    fn meta() -> MetaResponses {
        let pictures = [(200, "图片"), (206, "图片的一部分")].map(|(status, text)| MetaResponse {
            content: media_types(),
            ..documented(status, text, None)
        });
        let (status, text) = NOT_MODIFIED;
        let same = documented(status, text, None);
        let errors = ERRORS
            .map(|(status, text)| documented(status, text, Some(PocketBaseError::schema_ref())));
        MetaResponses {
            responses: pictures.into_iter().chain([same]).chain(errors).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        PocketBaseError::register(registry);
    }
}

fn media_types() -> Vec<MetaMediaType> {
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP]
        .map(|format| MetaMediaType {
            content_type: format.mime(),
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format(
                "string", "binary",
            ))),
        })
        .into()
}
