//! A collection as PocketBase describes it.

use serde_json::{Map, Value, json};

use super::Context;
use crate::auth::IdentityField;
use crate::domain::{Collection, Kind};
use crate::filter;
use crate::http::wire_types::AuthRecord;
use crate::records::date::date_text;
use crate::records::fields::tables::FIXED_FIELDS;

/// What PocketBase says of a collection of those who can log in, beyond what it says of any.
const AUTH_OPTIONS: &str = include_str!("auth_options.json");

/// The collections in the order in which PocketBase would have made them.
pub const IN_ORDER: [Kind; 3] = [Kind::Superusers, Kind::Companies, Kind::Users];

/// What collections can be searched by.
pub const SEARCHABLE: [&str; 6] = ["id", "created", "updated", "name", "system", "type"];

/// A description, and its place among the others.
#[derive(Clone)]
pub struct Described {
    pub json: AuthRecord,
    place: u64,
}

/// Describes the collection of that kind.
pub fn describe(context: &Context, kind: Kind) -> Described {
    let collections = context.app.collections();
    let collection = collections.of(kind);
    let [list, view, update] = rules(kind);
    let mut json = Map::new();
    for (key, value) in [
        ("id", collection.id.as_str().into()),
        ("listRule", list),
        ("viewRule", view),
        ("createRule", Value::Null),
        ("updateRule", update),
        ("deleteRule", Value::Null),
        ("name", kind.name().into()),
        (
            "type",
            if kind == Kind::Companies {
                "base"
            } else {
                "auth"
            }
            .into(),
        ),
        ("fields", context.records.schemas().of(kind).to_json()),
        ("indexes", indexes(collection)),
        ("created", date_text(collection.created).into()),
        ("updated", date_text(collection.updated).into()),
        ("system", (kind == Kind::Superusers).into()),
    ] {
        json.insert(key.to_owned(), value);
    }
    if kind != Kind::Companies {
        json.extend(auth_options(context, kind));
    }
    let place = IN_ORDER
        .iter()
        .zip(1..)
        .find(|(other, _)| **other == kind)
        .map_or(0, |(_, place)| place);
    Described {
        json: AuthRecord(json),
        place,
    }
}

/// The rules that the server goes by, in PocketBase's words: for lists, for one record, and for updates.
fn rules(kind: Kind) -> [Value; 3] {
    let own = "id = @request.auth.id";
    match kind {
        Kind::Users => [own.into(), own.into(), update_rule(own).into()],
        Kind::Companies => [Value::Null, "@request.auth.id != ''".into(), Value::Null],
        Kind::Superusers => [Value::Null, Value::Null, Value::Null],
    }
}

fn update_rule(own: &str) -> String {
    let unchanged = FIXED_FIELDS.map(|field| format!(" && @request.body.{field}:changed = false"));
    format!("{own}{}", unchanged.concat())
}

fn indexes(collection: &Collection) -> Value {
    let Collection { id, kind, .. } = collection;
    let name = kind.name();
    let login = [
        format!("CREATE UNIQUE INDEX `idx_tokenKey_{id}` ON `{name}` (`tokenKey`)"),
        format!("CREATE UNIQUE INDEX `idx_email_{id}` ON `{name}` (`email`) WHERE `email` != ''"),
    ];
    match kind {
        Kind::Users => {
            let own = [
                "CREATE UNIQUE INDEX `idx_tbl_auth_users_openid` ON `tbl_auth_users` (`openid`)",
                "CREATE INDEX `idx_tbl_auth_users_phone` ON `tbl_auth_users` (`users_phone`)",
                "CREATE UNIQUE INDEX `idx_tbl_auth_users_phone_u` ON `tbl_auth_users` (`users_phone`) WHERE `users_phone` != ''",
            ];
            own.into_iter().map(str::to_owned).chain(login).collect()
        }
        Kind::Companies => {
            json!([
                "CREATE UNIQUE INDEX `idx_tbl_company_company_id` ON `tbl_company` (`company_id`)"
            ])
        }
        Kind::Superusers => login.into_iter().collect(),
    }
}

/// PocketBase's defaults, but for what is ours to say.
fn auth_options(context: &Context, kind: Kind) -> Map<String, Value> {
    let mut options: Map<String, Value> = serde_json::from_str(AUTH_OPTIONS).unwrap_or_default();
    let token = &context.app.config.token;
    let lifetime = if kind == Kind::Users {
        token.lifetime
    } else {
        token.superuser_lifetime
    };
    options["authToken"]["duration"] = lifetime.as_secs().into();
    options["authAlert"]["enabled"] = (kind == Kind::Superusers).into();
    options["passwordAuth"]["identityFields"] = IdentityField::of(kind)
        .iter()
        .map(|field| super::forms::name_of(*field))
        .collect();
    options
}

impl filter::Record for Described {
    fn value(&self, field: &str) -> filter::Value<'_> {
        match self.json.0.get(field) {
            Some(Value::String(text)) => filter::Value::Text(text),
            Some(Value::Bool(value)) => filter::Value::Bool(*value),
            _ => filter::Value::Null,
        }
    }

    fn rowid(&self) -> u64 {
        self.place
    }
}
