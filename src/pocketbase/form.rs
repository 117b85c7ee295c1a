//! Bodies as PocketBase takes them: JSON, multipart or urlencoded.

use poem::http::{Method, header};
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Any;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::{Map, Value};

use super::form_fields::{FormBody, is_urlencoded, object_of};
use super::{json, multipart};
use crate::http::body::{from_object, hold_pairs, hold_parsed, read};
use crate::http::rejected::Rejected;
use crate::http::response::JSON;

const MULTIPART: &str = "multipart/form-data";
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// The part of a form that is an object whose keys are as if they were parts.
const JSON_PAYLOAD: &str = "@jsonPayload";

/// A body of any of the three types, at most as long as every other one; no body is an empty object. When a bad one
/// matters, the handler decides.
pub struct Form<T>(Result<T, Rejected>);

impl<T> Form<T> {
    /// The body, if it is as it should be.
    ///
    /// # Errors
    /// [`Rejected`].
    pub fn read(self) -> Result<T, Rejected> {
        self.0
    }
}

impl<'a, T: FormBody + 'static> ApiExtractor<'a> for Form<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let of = |content_type| MetaMediaType {
            content_type,
            schema: T::schema_ref(),
        };
        let content = [JSON, MULTIPART, URLENCODED].map(of).into();
        Some(MetaRequest {
            description: None,
            content,
            required: T::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(object::<T>(request, body).await.and_then(from_object)))
    }
}

/// A body that the endpoint has no use for, but reads: PocketBase refuses the request if it cannot be read.
pub struct UnusedBody(Result<(), Rejected>);

impl UnusedBody {
    /// Nothing.
    ///
    /// # Errors
    /// [`Rejected`].
    pub fn read(self) -> Result<(), Rejected> {
        self.0
    }
}

impl<'a> FromRequest<'a> for UnusedBody {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let object = object::<Any<Map<String, Value>>>(request, body).await;
        Ok(Self(object.map(drop)))
    }
}

async fn object<T: FormBody>(
    request: &Request,
    body: &mut RequestBody,
) -> Result<Map<String, Value>, Rejected> {
    let declared = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is = |media_type| declared.unwrap_or_default().starts_with(media_type);
    if is(MULTIPART) {
        return entries::<T>(request, multipart::texts(request, body).await?);
    }
    let bytes = read(request, body).await?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    if is(JSON) {
        return from_json(request, &bytes);
    }
    // Go's library reads no fields of other methods.
    if is(URLENCODED) && request.method() == Method::DELETE {
        return Ok(Map::new());
    }
    if is(URLENCODED) {
        return entries::<T>(request, pairs(request, &bytes)?);
    }
    // PocketBase would read XML, too, if it were the right one.
    Err(if is("application/xml") || is("text/xml") {
        Rejected::NotJson
    } else {
        Rejected::NotDeclaredJson
    })
}

/// Memory is held for what is parsed, not for how it was written: signs may have been escaped.
fn from_json(request: &Request, bytes: &[u8]) -> Result<Map<String, Value>, Rejected> {
    hold_parsed(request, bytes)?;
    object_from(json::parse(bytes))
}

fn object_from(parsed: serde_json::Result<Value>) -> Result<Map<String, Value>, Rejected> {
    match parsed.map_err(|_| Rejected::NotJson)? {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        _ => Err(Rejected::NotAnObject),
    }
}

fn pairs(request: &Request, bytes: &[u8]) -> Result<Vec<(String, String)>, Rejected> {
    if !is_urlencoded(bytes) {
        return Err(Rejected::NotJson);
    }
    hold_pairs(request, form_urlencoded::parse(bytes).count())?;
    Ok(form_urlencoded::parse(bytes).into_owned().collect())
}

/// The reason why an object within a form was not read; what there is no memory for stays that.
fn not_json(rejected: Rejected) -> Rejected {
    match rejected {
        Rejected::NoMemory | Rejected::TooManyValues => rejected,
        _ => Rejected::NotJson,
    }
}

/// An object within a form.
fn payload(request: &Request, bytes: &[u8]) -> Result<Map<String, Value>, Rejected> {
    hold_parsed(request, bytes)?;
    object_from(json::parse_whole(bytes))
}

/// The fields of a form, and over them what its objects say, wherever they stand. PocketBase refuses an object that has a value of
/// another kind than the field.
fn entries<T: FormBody>(
    request: &Request,
    parts: Vec<(String, String)>,
) -> Result<Map<String, Value>, Rejected> {
    let is_payload = |(name, _): &(String, String)| name == JSON_PAYLOAD;
    let (payloads, fields): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_payload);
    let mut object = object_of::<T>(fields)?;
    for (_, text) in payloads {
        let payload = payload(request, text.as_bytes()).map_err(not_json)?;
        json::merge_objects(&mut object, payload).map_err(|json::OtherKind| Rejected::NotJson)?;
    }
    Ok(object)
}
