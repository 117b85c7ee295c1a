//! JSON bodies, in and out.

use poem::error::ReadBodyError;
use poem::{IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{
    MetaMediaType, MetaRequest, MetaResponse, MetaResponses, MetaSchemaRef, Registry,
};
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions};
use serde_json::{Map, Value};

use super::error::Rejected;

/// The most bytes of a request body that are read.
pub const MAX_BODY: usize = 64 * 1024;

/// A JSON body. Unlike poem-openapi's own it counts the bytes, and names the field that is wrong.
pub struct Json<T>(pub T);

/// A JSON body that may be absent or empty; `None` then, whatever its content type.
pub struct OptionalJson<T>(pub Option<T>);

impl<T: Type> Payload for Json<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ToJSON> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type(Self::CONTENT_TYPE).body(self.0.to_json_string())
    }
}

impl<T: ToJSON> ApiResponse for Json<T> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: T::schema_ref() }];
        MetaResponses {
            responses: vec![MetaResponse {
                description: "",
                status: Some(200),
                status_range: None,
                content,
                headers: vec![],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for Json<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(request_meta::<T>(true))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        require_json(request)?;
        Ok(Self(parse(&read(body).await?)?))
    }
}

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for OptionalJson<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(request_meta::<T>(false))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let bytes = read(body).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(None));
        }
        require_json(request)?;
        Ok(Self(Some(parse(&bytes)?)))
    }
}

fn request_meta<T: Type>(required: bool) -> MetaRequest {
    let content = vec![MetaMediaType { content_type: Json::<T>::CONTENT_TYPE, schema: T::schema_ref() }];
    MetaRequest { description: None, content, required }
}

/// `application/json`, or a type with the suffix `+json`; parameters such as a charset do not matter.
fn require_json(request: &Request) -> Result<(), Rejected> {
    let media_type = request.content_type().and_then(|value| value.split(';').next()).unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    let suffixed = media_type.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"));
    if media_type == "application/json" || suffixed { Ok(()) } else { Err(Rejected::NotDeclaredJson) }
}

/// Reads the body, and stops at the limit: a `Content-Length` may be absent or lie.
async fn read(body: &mut RequestBody) -> Result<Vec<u8>, Rejected> {
    let body = body.take().map_err(|_| Rejected::Incomplete)?;
    match body.into_bytes_limit(MAX_BODY).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(ReadBodyError::PayloadTooLarge) => Err(Rejected::TooLarge),
        Err(_) => Err(Rejected::Incomplete),
    }
}

fn parse<T: ParseFromJSON>(bytes: &[u8]) -> Result<T, Rejected> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| Rejected::NotJson)?;
    let Value::Object(fields) = &value else { return Err(Rejected::NotAnObject) };
    if let Some(rejected) = wrong_field::<T>(fields) {
        return Err(rejected);
    }
    T::parse_from_json(Some(value)).map_err(|_| Rejected::NotAnObject)
}

/// The first field that does not fit the schema of `T`, whose fields are all strings: poem-openapi's own
/// message would not name it.
fn wrong_field<T: Type>(fields: &Map<String, Value>) -> Option<Rejected> {
    let schema = Registry::new().create_fake_schema::<T>();
    schema.properties.iter().find_map(|(name, _)| match fields.get(*name) {
        Some(Value::String(_)) => None,
        Some(Value::Null) | None => {
            schema.required.contains(name).then(|| Rejected::Missing((*name).to_owned()))
        }
        Some(_) => Some(Rejected::NotAString((*name).to_owned())),
    })
}
