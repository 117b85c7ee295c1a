//! Wire types that poem-openapi has no words for: each is a JSON value with a schema of its own.

use std::borrow::Cow;
use std::iter;

use jiff::Timestamp;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde_json::{Map, Value};

use crate::domain::{IdType, User, UserType};
use crate::records::fields::choice::Choice;
use crate::records::fields::field::Kind;
use crate::records::fields::tables::BuiltIn;

/// A type that is written and never read (`derive(Object)` wants both), with the schema `$schema`, in place or
/// as a component of its own name.
macro_rules! wire_type {
    ($(#[$doc:meta])* $name:ident($field:ty), $reference:ident, $schema:expr, $write:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(pub $field);

        impl Type for $name {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_ref() -> MetaSchemaRef {
                Reference::$reference.to(stringify!($name), $schema)
            }

            fn register(registry: &mut Registry) {
                if let MetaSchemaRef::Reference(name) = Self::schema_ref() {
                    registry.create_schema::<Self, _>(name, |_| $schema);
                }
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(iter::once(self))
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                let write: fn(&Self) -> Value = $write;
                Some(write(self))
            }
        }

        impl ParseFromJSON for $name {
            fn parse_from_json(_: Option<Value>) -> ParseResult<Self> {
                Err(ParseError::custom("this type is never read"))
            }
        }
    };
}

enum Reference {
    InPlace,
    Component,
}

impl Reference {
    fn to(&self, name: &str, schema: MetaSchema) -> MetaSchemaRef {
        match self {
            Self::InPlace => MetaSchemaRef::Inline(Box::new(schema)),
            Self::Component => MetaSchemaRef::Reference(name.to_owned()),
        }
    }
}

wire_type!(
    /// The `data` of any answer.
    AnyData(Value), InPlace, open(MetaSchema::new("object")), |data| data.0.clone()
);

wire_type!(
    /// A list of anything.
    AnyList(Vec<Value>),
    InPlace,
    MetaSchema {
        items: Some(Box::new(MetaSchemaRef::Inline(Box::new(MetaSchema::new("object"))))),
        ..MetaSchema::new("array")
    },
    |list| Value::Array(list.0.clone())
);

wire_type!(
    /// A PocketBase auth record.
    AuthRecord(Map<String, Value>), InPlace, MetaSchema::new("object"), |record| Value::Object(record.0.clone())
);

wire_type!(
    /// A user's record.
    UserRecord(Map<String, Value>), InPlace, user_record(), |record| Value::Object(record.0.clone())
);

wire_type!(
    /// A company's record, or null.
    CompanyInfo(Option<Map<String, Value>>),
    Component,
    open(MetaSchema { nullable: true, ..MetaSchema::new("object") }),
    |company| company.0.clone().map_or(Value::Null, Value::Object)
);

wire_type!(
    /// 用户身份来源类型
    UsersIdtype(IdType), Component, choice::<IdType>("用户身份来源类型"), |id_type| id_type.0.word().into()
);

wire_type!(
    /// 用户类型
    UsersType(UserType), Component, choice::<UserType>("用户类型"), |user_type| user_type.0.word().into()
);

wire_type!(
    /// A whole number whose schema is `number`, as the contract has it.
    Number(i64), InPlace, MetaSchema::new("number"), |number| number.0.into()
);

wire_type!(
    /// RFC 3339 in UTC with milliseconds, as JavaScript's `toISOString`.
    DateTime(Timestamp),
    InPlace,
    MetaSchema::new_with_format("string", "date-time"),
    |at| at.0.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into()
);

/// The schema of a user's record: the built-in fields are always there, beside them whatever columns the deployment has.
fn user_record() -> MetaSchema {
    let fields = User::fields().iter();
    let fields = fields.filter(|field| !field.is_hidden() && !field.is_for_superusers);
    let fields = fields.map(|field| (field.name, of_field(field.kind)));
    let collection = ["collectionId", "collectionName"].map(|name| (name, of_field(Kind::Id)));
    let properties: Vec<_> = collection.into_iter().chain(fields).collect();
    MetaSchema {
        required: properties.iter().map(|(name, _)| *name).collect(),
        properties,
        ..open(MetaSchema::new("object"))
    }
}

/// The schema of a built-in field that clients see.
fn of_field(kind: Kind) -> MetaSchemaRef {
    let schema = match kind {
        Kind::Number => MetaSchema::new("number"),
        Kind::Bool => MetaSchema::new("boolean"),
        Kind::Select(words) => MetaSchema {
            enum_items: words.map(Value::from).into(),
            ..MetaSchema::new("string")
        },
        _ => MetaSchema::new("string"),
    };
    MetaSchemaRef::Inline(Box::new(schema))
}

/// The schema of a value that is one of a few words.
fn choice<T: Choice>(description: &'static str) -> MetaSchema {
    MetaSchema {
        description: Some(description),
        enum_items: T::WORDS.map(|(_, word)| word.into()).into(),
        ..MetaSchema::new("string")
    }
}

/// The schema with `additionalProperties`.
fn open(schema: MetaSchema) -> MetaSchema {
    let any = MetaSchemaRef::Inline(Box::new(MetaSchema::ANY));
    MetaSchema {
        additional_properties: Some(Box::new(any)),
        ..schema
    }
}
