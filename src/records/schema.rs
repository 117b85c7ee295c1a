//! The fields of the three collections: ours, or those that an imported collection had.

use serde_json::{Map, Value, json};

use crate::domain::{Collection, Collections, Kind};

/// The most characters of a text field that says nothing of its own, as PocketBase has it.
const TEXT_MAX: usize = 5000;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text, and whatever is kept as text: editor, url, relation, file.
    Text,
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
    /// A date that clients set.
    Date,
    /// A date that the server sets.
    Autodate,
    /// A password, which is never shown.
    Password,
}

/// A field of a collection.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
    /// Nobody sees it.
    pub is_hidden: bool,
    /// It must not be empty.
    pub is_required: bool,
    /// Whether it holds a list of such values.
    pub is_list: bool,
    /// The most characters of a text.
    pub max: usize,
    /// What a select field may hold.
    pub values: Vec<String>,
    /// As PocketBase describes it.
    description: Map<String, Value>,
}

impl Field {
    /// Reads PocketBase's description; nothing for one that has neither name nor type.
    fn read(description: &Value) -> Option<Self> {
        let is = |key: &str| description[key] == true;
        let kind = description["type"].as_str()?;
        let values = description["values"].as_array().into_iter().flatten();
        Some(Self {
            name: description["name"].as_str()?.to_owned(),
            kind: match kind {
                "number" => FieldKind::Number,
                "bool" => FieldKind::Bool,
                "email" => FieldKind::Email,
                "select" => FieldKind::Select,
                "json" | "geoPoint" => FieldKind::Json,
                "date" => FieldKind::Date,
                "autodate" => FieldKind::Autodate,
                "password" => FieldKind::Password,
                _ => FieldKind::Text,
            },
            is_hidden: is("hidden"),
            is_required: is("required"),
            is_list: description["maxSelect"]
                .as_u64()
                .is_some_and(|most| most > 1),
            max: match description["max"]
                .as_u64()
                .and_then(|max| usize::try_from(max).ok())
            {
                Some(max) if kind == "text" && max > 0 => max,
                _ => TEXT_MAX,
            },
            values: values
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
            description: description.as_object()?.clone(),
        })
    }
}

/// The fields of one collection, in PocketBase's order.
#[derive(Clone, Debug)]
pub struct Schema(Vec<Field>);

impl Schema {
    /// What an imported collection had, and after it what the server needs; or ours.
    pub fn of(collection: &Collection) -> Self {
        let imported = collection
            .fields
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let described: Vec<Value> = match imported {
            Some(fields) => with_needed(fields, collection.kind),
            None => ours(collection.kind),
        };
        Self(described.iter().filter_map(Field::read).collect())
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.name == name)
    }

    /// All fields.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }

    /// Whether clients see a field of that name.
    pub fn shows(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| !field.is_hidden)
    }

    /// The `fields` of a collection as PocketBase writes them.
    pub fn to_json(&self) -> Value {
        self.0
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
        let of = |kind| Schema::of(collections.of(kind));
        Self {
            users: of(Kind::Users),
            companies: of(Kind::Companies),
            superusers: of(Kind::Superusers),
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

/// An imported company has the columns that it had; but its key and its dates are ours to keep.
fn with_needed(mut fields: Vec<Value>, kind: Kind) -> Vec<Value> {
    for field in ours(kind) {
        let is_needed =
            kind != Kind::Companies || COMPANY_NEEDS.iter().any(|name| field["name"] == *name);
        if is_needed && !fields.iter().any(|have| have["name"] == field["name"]) {
            fields.push(field);
        }
    }
    fields
}

const COMPANY_NEEDS: [&str; 4] = ["id", "company_id", "created", "updated"];

fn ours(kind: Kind) -> Vec<Value> {
    let columns = match kind {
        Kind::Users => users(),
        Kind::Companies => companies(),
        Kind::Superusers => Vec::new(),
    };
    let dates = [
        autodate("created", kind, &json!({ "onUpdate": false })),
        autodate("updated", kind, &json!({ "onUpdate": true })),
    ];
    let id = json!({
        "autogeneratePattern": "[a-z0-9]{15}", "max": 15, "min": 15, "pattern": "^[a-z0-9]+$",
        "primaryKey": true, "required": true, "system": true,
    });
    let id = text("id", &id);
    let fields = match kind {
        Kind::Users => [vec![id], columns, dates.into(), login()],
        Kind::Companies => [vec![id], columns, dates.into(), Vec::new()],
        Kind::Superusers => [vec![id], login(), columns, dates.into()],
    };
    fields.concat()
}

fn users() -> Vec<Value> {
    let short = |name| text(name, &json!({ "max": 255 }));
    let max = |name, max: usize| text(name, &json!({ "max": max }));
    vec![
        short("users_convers_id"),
        short("users_id"),
        select("users_idtype", &["WeChat", "ManagePlatform"]),
        short("users_id_number"),
        number("users_status"),
        number("users_rank_level"),
        number("users_auth_type"),
        select("users_type", &["游客", "注册用户"]),
        max("users_name", 64),
        max("users_phone", 32),
        short("users_level"),
        max("users_picture", 2048),
        text("openid", &json!({ "max": 128, "required": true })),
        max("company_id", 64),
        short("users_parent_id"),
        short("users_promo_code"),
        short("usergroups_id"),
    ]
}

fn companies() -> Vec<Value> {
    let short = |name| text(name, &json!({ "max": 255 }));
    vec![
        text("company_id", &json!({ "max": 64, "required": true })),
        short("company_name"),
        short("company_type"),
        number("company_status"),
    ]
}

/// What PocketBase adds to every collection of those who can log in.
fn login() -> Vec<Value> {
    let system = |name, kind, more: &Value| field(name, kind, &[&json!({ "system": true }), more]);
    let token_key = json!({
        "autogeneratePattern": "[a-zA-Z0-9]{50}", "hidden": true, "max": 60, "min": 30, "required": true,
        "system": true,
    });
    vec![
        system(
            "password",
            "password",
            &json!({ "cost": 0, "hidden": true, "max": 0, "min": 8, "pattern": "", "required": true }),
        ),
        text("tokenKey", &token_key),
        system(
            "email",
            "email",
            &json!({ "exceptDomains": [], "onlyDomains": [], "required": true }),
        ),
        system("emailVisibility", "bool", &json!({})),
        system("verified", "bool", &json!({})),
    ]
}

fn text(name: &str, more: &Value) -> Value {
    let plain = json!({ "autogeneratePattern": "", "max": 0, "min": 0, "pattern": "", "primaryKey": false });
    field(name, "text", &[&plain, more])
}

fn number(name: &str) -> Value {
    field(
        name,
        "number",
        &[&json!({ "max": null, "min": null, "onlyInt": false })],
    )
}

fn select(name: &str, values: &[&str]) -> Value {
    field(
        name,
        "select",
        &[&json!({ "maxSelect": 1, "values": values })],
    )
}

fn autodate(name: &str, kind: Kind, more: &Value) -> Value {
    let is_system = kind == Kind::Superusers;
    let mut field = field(
        name,
        "autodate",
        &[&json!({ "onCreate": true, "system": is_system }), more],
    );
    // PocketBase has no help and nothing to require where nobody writes.
    if let Some(description) = field.as_object_mut() {
        description.retain(|key, _| !matches!(key.as_str(), "help" | "required"));
    }
    field
}

/// A field with its keys in byte order; its id is its type and the CRC-32 of its name.
fn field(name: &str, kind: &str, options: &[&Value]) -> Value {
    let mut description = Map::new();
    let common = json!({
        "help": "", "hidden": false, "id": format!("{kind}{}", crc32fast::hash(name.as_bytes())), "name": name,
        "presentable": false, "required": false, "system": false, "type": kind,
    });
    for part in [&[&common], options].concat() {
        description.extend(part.as_object().cloned().unwrap_or_default());
    }
    description.sort_keys();
    Value::Object(description)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn our_fields_are_described_as_pocketbase_describes_them() {
        let schemas = Schemas::new(&Collections::new(Timestamp::UNIX_EPOCH));
        let described = |kind, name| {
            let field = schemas.of(kind).field(name).unwrap();
            Value::Object(field.description.clone()).to_string()
        };
        assert_eq!(
            described(Kind::Companies, "id"),
            concat!(
                r#"{"autogeneratePattern":"[a-z0-9]{15}","help":"","hidden":false,"id":"text3208210256","max":15,"#,
                r#""min":15,"name":"id","pattern":"^[a-z0-9]+$","presentable":false,"primaryKey":true,"#,
                r#""required":true,"system":true,"type":"text"}"#
            )
        );
        assert_eq!(
            described(Kind::Superusers, "created"),
            concat!(
                r#"{"hidden":false,"id":"autodate2990389176","name":"created","onCreate":true,"onUpdate":false,"#,
                r#""presentable":false,"system":true,"type":"autodate"}"#
            )
        );
        assert_eq!(
            described(Kind::Users, "password"),
            concat!(
                r#"{"cost":0,"help":"","hidden":true,"id":"password901924565","max":0,"min":8,"name":"password","#,
                r#""pattern":"","presentable":false,"required":true,"system":true,"type":"password"}"#
            )
        );
    }

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
}
