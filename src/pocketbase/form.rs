//! Bodies as PocketBase takes them: JSON, multipart or urlencoded.

use poem::http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::ParseFromJSON;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::{Map, Value};

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

impl<'a, T: ParseFromJSON + 'static> ApiExtractor<'a> for Form<T> {
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
        Ok(Self(object(request, body).await.and_then(from_object)))
    }
}

async fn object(request: &Request, body: &mut RequestBody) -> Result<Map<String, Value>, Rejected> {
    let declared = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is = |media_type| declared.unwrap_or_default().starts_with(media_type);
    if is(MULTIPART) {
        return entries(request, multipart::texts(request, body).await?);
    }
    let bytes = read(request, body).await?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    if is(JSON) {
        return from_json(request, &bytes);
    }
    if is(URLENCODED) {
        hold_pairs(request, form_urlencoded::parse(&bytes).count())?;
        return entries(
            request,
            form_urlencoded::parse(&bytes).into_owned().collect(),
        );
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
    match json::parse(bytes).map_err(|_| Rejected::NotJson)? {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        _ => Err(Rejected::NotAnObject),
    }
}

/// The reason why an object within a form was not read; what there is no memory for stays that.
fn not_json(rejected: Rejected) -> Rejected {
    match rejected {
        Rejected::NoMemory | Rejected::TooManyValues => rejected,
        _ => Rejected::NotJson,
    }
}

/// A name that comes more than once has the list of its texts.
fn entries(
    request: &Request,
    parts: Vec<(String, String)>,
) -> Result<Map<String, Value>, Rejected> {
    let mut object = Map::new();
    for (name, text) in parts {
        if name == JSON_PAYLOAD {
            object.extend(from_json(request, text.as_bytes()).map_err(not_json)?);
            continue;
        }
        match object.get_mut(&name) {
            Some(Value::Array(texts)) => texts.push(text.into()),
            Some(first) => *first = Value::Array(vec![first.take(), text.into()]),
            None => drop(object.insert(name, text.into())),
        }
    }
    Ok(object)
}
