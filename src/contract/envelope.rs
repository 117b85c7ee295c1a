//! Success on the wire: `{code: 200, msg, data}`.

use std::borrow::Cow;
use std::iter;

use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use serde_json::Value;

use crate::http::wire_types::AnyData;

// A doc comment here would become a description in the OpenAPI document; the contract has none.
#[derive(Object)]
#[oai(rename = "ApiResponse")]
struct AnyEnvelope {
    code: u16,
    msg: String,
    data: AnyData,
}

/// The envelope around a known `data`; its schema is the contract's `allOf`.
pub struct Envelope<T> {
    msg: &'static str,
    data: T,
}

impl<T> Envelope<T> {
    /// Success, told as `msg`.
    pub fn new(msg: &'static str, data: T) -> Self {
        Self { msg, data }
    }
}

impl<T: Type> Type for Envelope<T> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        format!("Envelope_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let data = MetaSchema {
            properties: vec![("data", T::schema_ref())],
            ..MetaSchema::new("object")
        };
        let all_of = vec![
            AnyEnvelope::schema_ref(),
            MetaSchemaRef::Inline(Box::new(data)),
        ];
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            all_of,
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        AnyEnvelope::register(registry);
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(iter::once(self))
    }
}

impl<T: ToJSON> ToJSON for Envelope<T> {
    fn to_json(&self) -> Option<Value> {
        let fields = [
            ("code", Value::from(200)),
            ("msg", Value::from(self.msg)),
            ("data", self.data.to_json().unwrap_or_default()),
        ];
        Some(Value::Object(
            fields
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
        ))
    }
}
