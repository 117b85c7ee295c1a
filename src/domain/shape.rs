//! The shape of a collection's records: which fields PocketBase shows of them, with which type, and what is in one that was never set.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};

/// The type of a field's values, as far as JSON tells types apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A boolean.
    Bool,
    /// A list of texts.
    List,
    /// A point on the earth.
    Point,
    /// Whatever JSON it is.
    Json,
}

/// A field of an imported collection.
#[derive(Clone, Debug)]
pub struct FieldShape {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub shape: Shape,
    /// Whether only superusers see it.
    pub is_hidden: bool,
    /// Whether the server sets it to the time at which a record is made.
    pub is_set_on_create: bool,
}

/// The fields of an imported collection, read when they are asked for. It is no part of what the collection is: two are always equal.
#[derive(Debug, Default)]
pub struct FieldShapes(OnceLock<Vec<FieldShape>>);

/// A field as PocketBase describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    name: String,
    r#type: String,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    max_select: u64,
    #[serde(default)]
    on_create: bool,
}

impl FieldShapes {
    /// The fields in the text of a list of descriptions.
    pub fn of(&self, fields: Option<&str>) -> &[FieldShape] {
        self.0.get_or_init(|| {
            let described =
                fields.and_then(|text| serde_json::from_str::<Vec<Described>>(text).ok());
            let described = described.unwrap_or_default().into_iter();
            described.map(FieldShape::from).collect()
        })
    }
}

/// Another collection may be made of the clone.
impl Clone for FieldShapes {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for FieldShapes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for FieldShapes {}

impl From<Described> for FieldShape {
    fn from(field: Described) -> Self {
        Self {
            shape: match field.r#type.as_str() {
                "number" => Shape::Number,
                "bool" => Shape::Bool,
                "json" => Shape::Json,
                "geoPoint" => Shape::Point,
                "select" | "relation" | "file" if field.max_select > 1 => Shape::List,
                _ => Shape::Text,
            },
            is_set_on_create: field.r#type == "autodate" && field.on_create,
            name: field.name,
            is_hidden: field.hidden,
        }
    }
}

impl Shape {
    /// The value of a field that was never set.
    #[must_use]
    pub fn empty(self) -> Value {
        match self {
            Self::Text => "".into(),
            Self::Number => 0.into(),
            Self::Bool => false.into(),
            Self::List => json!([]),
            Self::Point => json!({ "lon": 0, "lat": 0 }),
            Self::Json => Value::Null,
        }
    }
}
