//! JSON request bodies.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use parking_lot::Mutex;
use poem::http::header;
use poem::{Body, FromRequest, Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::{Map, Value};

use super::memory::Held;
use super::rejected::Rejected;
use super::response::JSON;

/// The most bytes of a request body that are read.
pub const MAX_BODY: usize = 64 * 1024;

/// A JSON request body. Unlike poem-openapi's own it counts the bytes, and names the field that is wrong; and the
/// handler decides when a bad body matters: who is not logged in is told that first. With `Option<T>` it may be absent
/// or empty, whatever its content type.
pub struct JsonBody<T>(Result<T, Rejected>);

impl<T> JsonBody<T> {
    /// The body, if it is as it should be.
    ///
    /// # Errors
    /// [`Rejected`].
    pub fn read(self) -> Result<T, Rejected> {
        self.0
    }
}

impl<'a, T: ParseFromJSON + 'static> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType {
            content_type: JSON,
            schema: T::schema_ref(),
        }];
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
        Ok(Self(read_json(request, body).await))
    }
}

/// A body that nobody looks at. It is read all the same, because the connection could not be used again otherwise.
pub struct IgnoredBody;

impl<'a> FromRequest<'a> for IgnoredBody {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let _ = read(request, body).await;
        Ok(Self)
    }
}

async fn read_json<T: ParseFromJSON + 'static>(
    request: &Request,
    body: &mut RequestBody,
) -> Result<T, Rejected> {
    let bytes = match (read(request, body).await, require_json(request)) {
        // Whoever sends a picture learns that it is the wrong type, not that it should be smaller.
        (Err(Rejected::TooLarge), Err(wrong_type)) => return Err(wrong_type),
        (bytes, _) => bytes?,
    };
    if !T::IS_REQUIRED && bytes.trim_ascii().is_empty() {
        return T::parse_from_json(None).map_err(|_| Rejected::NotAnObject);
    }
    require_json(request)?;
    hold_parsed(request, &bytes)?;
    parse(&bytes)
}

/// `application/json`, or a type with the suffix `+json`; parameters such as a charset do not matter.
fn require_json(request: &Request) -> Result<(), Rejected> {
    let media_type = request
        .content_type()
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    let suffixed = media_type
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype.ends_with("+json"));
    if media_type == "application/json" || suffixed {
        Ok(())
    } else {
        Err(Rejected::NotDeclaredJson)
    }
}

/// Time that a body may take; the outermost endpoint puts it into each request.
#[derive(Clone, Copy)]
pub struct BodyTimeout(pub Duration);

/// Reads the body, and stops at the limits: a `Content-Length` may be absent or lie, and bytes may drip.
pub async fn read(request: &Request, body: &mut RequestBody) -> Result<Vec<u8>, Rejected> {
    let body = body.take().map_err(|_| Rejected::Incomplete)?;
    let held = request.extensions().get::<Held>();
    in_time(request, collect(body, held)).await
}

/// Reads a body that is not compressed within the time that it may take.
pub async fn in_time<T>(
    request: &Request,
    reading: impl Future<Output = Result<T, Rejected>>,
) -> Result<T, Rejected> {
    let encoding = request
        .header(header::CONTENT_ENCODING)
        .unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(Rejected::Compressed);
    }
    let BodyTimeout(time) = *request
        .extensions()
        .get()
        .unwrap_or(&BodyTimeout(Duration::MAX));
    tokio::time::timeout(time, reading)
        .await
        .unwrap_or(Err(Rejected::TooSlow))
}

/// Holds the memory that JSON takes once it is read, besides what is held already.
pub fn hold_parsed(request: &Request, json: &[u8]) -> Result<(), Rejected> {
    request
        .extensions()
        .get::<Held>()
        .map_or(Ok(()), |held| held.parsed(json))
}

/// Holds the memory that so many names with their texts take.
pub fn hold_pairs(request: &Request, pairs: usize) -> Result<(), Rejected> {
    request
        .extensions()
        .get::<Held>()
        .map_or(Ok(()), |held| held.values(pairs))
}

/// Holds the memory that so many records of `bytes` take while they are changed and answered: before and after, as values
/// and as text.
pub fn hold_records(request: &Request, records: usize, bytes: usize) -> Result<(), Rejected> {
    request
        .extensions()
        .get::<Held>()
        .map_or(Ok(()), |held| held.records(records * 4 * bytes))
}

/// poem's `into_bytes_limit` keeps a buffer of 4 KiB in the future of every handler, which is moved and allocated for
/// each endpoint around it. What has arrived is held, not what is announced: a promise costs its client nothing.
async fn collect(body: Body, held: Option<&Held>) -> Result<Vec<u8>, Rejected> {
    let mut chunks = pin!(body.into_bytes_stream());
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.try_next().await.map_err(|_| Rejected::Incomplete)? {
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(Rejected::TooLarge);
        }
        make_room(&mut bytes, chunk.len(), held)?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn make_room(bytes: &mut Vec<u8>, more: usize, held: Option<&Held>) -> Result<(), Rejected> {
    let needed = bytes.len() + more;
    if needed <= bytes.capacity() {
        return Ok(());
    }
    let capacity = needed.max(2 * bytes.capacity()).min(MAX_BODY);
    held.map_or(Ok(()), |held| held.body(capacity))?;
    bytes.reserve_exact(capacity - bytes.len());
    Ok(())
}

fn parse<T: ParseFromJSON + 'static>(bytes: &[u8]) -> Result<T, Rejected> {
    match serde_json::from_slice(bytes).map_err(|_| Rejected::NotJson)? {
        Value::Object(given) => from_object(given),
        _ => Err(Rejected::NotAnObject),
    }
}

/// The request type in an object.
///
/// # Errors
/// [`Rejected`] with the field that is wrong.
pub fn from_object<T: ParseFromJSON + 'static>(given: Map<String, Value>) -> Result<T, Rejected> {
    check(&fields_of::<T>(), &given)?;
    T::parse_from_json(Some(given.into())).map_err(|_| Rejected::NotAnObject)
}

/// A field of a request type that is a string or a list of strings.
struct Field {
    name: &'static str,
    required: bool,
    is_list: bool,
}

/// poem-openapi would take a number for a string, and its messages do not name the field.
fn check(fields: &[Field], given: &Map<String, Value>) -> Result<(), Rejected> {
    for field in fields {
        match given.get(field.name) {
            Some(Value::String(_)) if !field.is_list => {}
            Some(Value::Array(items)) if field.is_list && items.iter().all(Value::is_string) => {}
            None | Some(Value::Null) if !field.required => {}
            None | Some(Value::Null) => return Err(Rejected::Missing(field.name)),
            Some(_) => return Err(Rejected::NotAString(field.name)),
        }
    }
    Ok(())
}

/// The fields of `T`, read once from its schema.
fn fields_of<T: Type + 'static>() -> Arc<[Field]> {
    static FIELDS: Mutex<BTreeMap<TypeId, Arc<[Field]>>> = Mutex::new(BTreeMap::new());
    let read_schema = || {
        let schema = Registry::new().create_fake_schema::<T>();
        let field = |(name, field): &(&'static str, MetaSchemaRef)| {
            let is_list = type_of(field) == "array";
            let is_text = type_of(field) == "string"
                || (is_list
                    && field
                        .unwrap_inline()
                        .items
                        .as_deref()
                        .is_some_and(|item| type_of(item) == "string"));
            is_text.then(|| Field {
                name,
                required: schema.required.contains(name),
                is_list,
            })
        };
        schema.properties.iter().filter_map(field).collect()
    };
    let mut known = FIELDS.lock();
    Arc::clone(known.entry(TypeId::of::<T>()).or_insert_with(read_schema))
}

fn type_of(schema: &MetaSchemaRef) -> &str {
    match schema {
        MetaSchemaRef::Inline(schema) => schema.ty,
        MetaSchemaRef::Reference(_) => "",
    }
}
