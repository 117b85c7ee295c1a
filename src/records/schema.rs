//! The fields of the three collections: ours, or those that an imported collection had.

use serde_json::{Map, Value};

use super::constraints::Constraints;
use super::fields::of_record::{descriptions, is_built_in, is_for_superusers};
use crate::domain::{Collection, Collections, Kind};

/// The most characters of a text field that says nothing of its own, as PocketBase has it.
const TEXT_MAX: usize = 5000;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text, and whatever is kept as text: editor, url.
    Text,
    /// Ids of other records, or names of files, which nobody looks for.
    Reference,
    /// A number.
    Number,
    /// A boolean.
    Bool,
    /// An e-mail address.
    Email,
    /// One of a list of texts.
    Select,
    /// Any JSON.
    Json,
    /// A point on the earth.
    Point,
    /// A date that clients set.
    Date,
    /// A date that the server sets.
    Autodate,
    /// A password, which is never shown.
    Password,
}

/// Whoever sees a field of a record that they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBy {
    /// Everybody.
    All,
    /// Superusers, who write it, too.
    Superusers,
    /// Nobody.
    Nobody,
}

/// A field of a collection.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
    /// Whoever sees it.
    pub seen_by: SeenBy,
    /// It must not be empty.
    pub is_required: bool,
    /// Whether it holds a list of such values.
    pub is_list: bool,
    /// The most characters of a text.
    pub max: usize,
    /// The values of a select field.
    pub values: Vec<String>,
    /// The id of the collection whose records a relation names.
    pub related: Option<String>,
    /// The pattern by which texts are generated, if the field holds any that may be; empty if nothing is.
    pub autogenerate: Option<String>,
    /// Constraints of its values.
    pub constraints: Constraints,
    /// As PocketBase describes it.
    description: Map<String, Value>,
}

impl Field {
    /// Reads PocketBase's description; nothing for one that has neither name nor type.
    fn read(description: &Value, of: Kind) -> Option<Self> {
        let kind = description["type"].as_str()?;
        let name = description["name"].as_str()?;
        let values = description["values"].as_array().into_iter().flatten();
        Some(Self {
            name: name.to_owned(),
            kind: match kind {
                "number" => FieldKind::Number,
                "bool" => FieldKind::Bool,
                "email" => FieldKind::Email,
                "select" => FieldKind::Select,
                "json" => FieldKind::Json,
                "geoPoint" => FieldKind::Point,
                "relation" | "file" => FieldKind::Reference,
                "date" => FieldKind::Date,
                "autodate" => FieldKind::Autodate,
                "password" => FieldKind::Password,
                _ => FieldKind::Text,
            },
            seen_by: match description["hidden"] == true {
                true if is_for_superusers(of, name) => SeenBy::Superusers,
                true => SeenBy::Nobody,
                false => SeenBy::All,
            },
            is_required: description["required"] == true,
            is_list: description["maxSelect"]
                .as_u64()
                .is_some_and(|most| most > 1),
            max: match description["max"]
                .as_u64()
                .and_then(|max| usize::try_from(max).ok())
            {
                Some(max) if kind == "text" && max > 0 => max,
                _ if ["editor", "url"].contains(&kind) => usize::MAX,
                _ => TEXT_MAX,
            },
            values: values
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
            related: (kind == "relation").then(|| text_of(description, "collectionId")),
            autogenerate: (kind == "text").then(|| text_of(description, "autogeneratePattern")),
            constraints: Constraints::read(description),
            description: description.as_object()?.clone(),
        })
    }

    /// Whether nobody sees the field.
    pub fn is_hidden(&self) -> bool {
        self.seen_by == SeenBy::Nobody
    }

    /// Whether all who see a record see the field.
    pub fn is_for_all(&self) -> bool {
        self.seen_by == SeenBy::All
    }
}

fn text_of(description: &Value, key: &str) -> String {
    description[key].as_str().unwrap_or_default().to_owned()
}

/// The fields of one collection, in PocketBase's order.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The id of the collection.
    pub id: String,
    fields: Vec<Field>,
}

impl Schema {
    /// The fields that an imported collection had, and after them the built-in ones that it lacks; or all built-in ones.
    pub fn of(collection: &Collection) -> Self {
        let imported = collection
            .fields
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let described: Vec<Value> = match imported {
            Some(fields) => with_needed(fields, collection.kind),
            None => descriptions(collection.kind),
        };
        Self {
            id: collection.id.clone(),
            fields: described
                .iter()
                .filter_map(|field| Field::read(field, collection.kind))
                .collect(),
        }
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// All fields.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// Whether clients see a field of that name.
    pub fn shows(&self, name: &str) -> bool {
        self.field(name).is_some_and(Field::is_for_all)
    }

    /// Whether superusers see a field of that name.
    pub fn shows_to_superusers(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| !field.is_hidden())
    }

    /// The `fields` of a collection as PocketBase writes them.
    pub fn to_json(&self) -> Value {
        self.fields
            .iter()
            .map(|field| Value::Object(field.description.clone()))
            .collect()
    }
}

/// The schemas of the three collections.
#[derive(Clone, Debug)]
pub struct Schemas {
    users: Schema,
    companies: Schema,
    superusers: Schema,
}

impl Schemas {
    /// Reads them once.
    pub fn new(collections: &Collections) -> Self {
        Self {
            users: Schema::of(&collections.users),
            companies: Schema::of(&collections.companies),
            superusers: Schema::of(&collections.superusers),
        }
    }

    /// The schema of that collection.
    pub fn of(&self, kind: Kind) -> &Schema {
        match kind {
            Kind::Users => &self.users,
            Kind::Companies => &self.companies,
            Kind::Superusers => &self.superusers,
        }
    }
}

/// The fields of an imported collection, and after them the built-in ones that it does not have.
fn with_needed(mut fields: Vec<Value>, kind: Kind) -> Vec<Value> {
    for field in descriptions(kind) {
        let is_needed = field["name"]
            .as_str()
            .is_some_and(|name| is_built_in(kind, name));
        if is_needed && !fields.iter().any(|have| have["name"] == field["name"]) {
            fields.push(field);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_imported_collection_keeps_its_fields_and_gets_what_the_server_needs() {
        let mut collections = Collections::new(Timestamp::UNIX_EPOCH);
        collections.companies.fields = Some(
            r#"[{"name":"city","type":"text","max":7},{"name":"tags","type":"select","maxSelect":3}]"#.into(),
        );
        let schema = Schema::of(&collections.companies);
        let names: Vec<_> = schema.fields().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names,
            ["city", "tags", "id", "company_id", "created", "updated"]
        );
        assert_eq!(schema.field("city").unwrap().max, 7);
        assert!(schema.field("tags").unwrap().is_list);
        assert_eq!(
            schema.to_json()[0],
            json!({ "name": "city", "type": "text", "max": 7 })
        );
        assert!(
            Schema::of(&collections.users).shows("email")
                && !Schema::of(&collections.users).shows("tokenKey")
        );
    }

    #[test]
    fn the_unionid_is_for_superusers_unless_the_imported_collection_says_otherwise() {
        let mut collections = Collections::new(Timestamp::UNIX_EPOCH);
        for (fields, is_for_all) in [
            (None, false),
            (Some(r#"[{"name":"openid","type":"text"}]"#), false),
            (
                Some(r#"[{"name":"unionid","type":"text","hidden":true}]"#),
                false,
            ),
            (
                Some(r#"[{"name":"unionid","type":"text","hidden":false}]"#),
                true,
            ),
        ] {
            collections.users.fields = fields.map(str::to_owned);
            let schema = Schema::of(&collections.users);
            assert_eq!(schema.shows("unionid"), is_for_all, "{fields:?}");
            assert!(schema.shows_to_superusers("unionid"), "{fields:?}");
        }
    }
}
