//! PocketBase's description of the three collections: types, rules, indexes and options. `/api/collections` answers it, and
//! `bai export pocketbase` writes it.

use std::time::Duration;

use serde_json::{Map, Value};

use super::date::date_text;
use crate::auth::IdentityField;
use crate::config;
use crate::domain::{Collection, Kind, RuleName};

/// Options of a collection whose records can log in, as a new PocketBase has them, but for its secrets.
const AUTH_OPTIONS: &str = include_str!("auth_options.json");

/// A collection as PocketBase describes it, without its fields.
pub struct Description<'a> {
    /// The collection.
    pub collection: &'a Collection,
    /// `auth` for records that can log in, else `base`.
    pub collection_type: &'static str,
    /// Whether PocketBase makes the collection by itself.
    pub is_system: bool,
    /// Indexes of the table.
    pub indexes: Vec<Index>,
    /// Options of a collection whose records can log in; else nothing.
    pub options: Map<String, Value>,
}

/// An index of one column.
pub struct Index {
    table: &'static str,
    name: String,
    /// The column.
    pub column: &'static str,
    is_unique: bool,
    is_partial: bool,
}

/// Times for which tokens are valid.
#[derive(Clone, Copy, Debug)]
pub struct TokenLifetimes {
    /// For users.
    pub user: Duration,
    /// For superusers.
    pub superuser: Duration,
}

impl From<&config::Token> for TokenLifetimes {
    fn from(token: &config::Token) -> Self {
        Self {
            user: token.lifetime,
            superuser: token.superuser_lifetime,
        }
    }
}

impl<'a> Description<'a> {
    /// The description of a collection that has the fields for which `has_field` is true.
    pub fn new(
        collection: &'a Collection,
        lifetimes: TokenLifetimes,
        has_field: impl Fn(&str) -> bool,
    ) -> Self {
        let kind = collection.kind;
        let mut indexes = indexes(collection);
        indexes.retain(|index| has_field(index.column));
        Self {
            collection,
            collection_type: match kind {
                Kind::Users | Kind::Superusers => "auth",
                Kind::Companies => "base",
            },
            is_system: kind == Kind::Superusers,
            indexes,
            options: options(collection, lifetimes),
        }
    }

    /// The description as PocketBase's API has it, with the descriptions of the fields.
    pub fn into_json(self, fields: Value) -> Map<String, Value> {
        let collection = self.collection;
        let rule = |name| Value::from(collection.rules.get(name).clone());
        let indexes: Vec<_> = self.indexes.iter().map(Index::sql).collect();
        let entries = [
            ("id", Value::from(collection.id.as_str())),
            ("listRule", rule(RuleName::List)),
            ("viewRule", rule(RuleName::View)),
            ("createRule", rule(RuleName::Create)),
            ("updateRule", rule(RuleName::Update)),
            ("deleteRule", rule(RuleName::Delete)),
            ("name", collection.kind.name().into()),
            ("type", self.collection_type.into()),
            ("fields", fields),
            ("indexes", indexes.into()),
            ("created", date_text(collection.created).into()),
            ("updated", date_text(collection.updated).into()),
            ("system", self.is_system.into()),
        ];
        let entries = entries.map(|(key, value)| (key.to_owned(), value));
        entries.into_iter().chain(self.options).collect()
    }
}

/// The columns by which the records of a collection are found.
pub fn indexed_columns(collection: &Collection) -> Vec<&'static str> {
    let indexes = indexes(collection);
    indexes.iter().map(|index| index.column).collect()
}

fn indexes(collection: &Collection) -> Vec<Index> {
    match collection.kind {
        Kind::Users => user_indexes(collection)
            .into_iter()
            .chain(login_indexes(collection))
            .collect(),
        Kind::Companies => {
            vec![Index::new(collection, "tbl_company_company_id", "company_id").unique()]
        }
        Kind::Superusers => login_indexes(collection).into(),
    }
}

fn user_indexes(collection: &Collection) -> [Index; 3] {
    [
        Index::new(collection, "tbl_auth_users_openid", "openid").unique(),
        // SQLite cannot use the partial index below for "users_phone = ?".
        Index::new(collection, "tbl_auth_users_phone", "users_phone"),
        Index::new(collection, "tbl_auth_users_phone_u", "users_phone")
            .unique()
            .unless_empty(),
    ]
}

/// Indexes that PocketBase gives every collection whose records can log in.
fn login_indexes(collection: &Collection) -> [Index; 2] {
    let token_key = format!("tokenKey_{}", collection.id);
    let email = format!("email_{}", collection.id);
    [
        Index::new(collection, token_key, "tokenKey").unique(),
        Index::new(collection, email, "email")
            .unique()
            .unless_empty(),
    ]
}

impl Index {
    fn new(collection: &Collection, name: impl Into<String>, column: &'static str) -> Self {
        Self {
            table: collection.kind.name(),
            name: name.into(),
            column,
            is_unique: false,
            is_partial: false,
        }
    }

    fn unique(self) -> Self {
        Self {
            is_unique: true,
            ..self
        }
    }

    /// The same index without the rows that have nothing in the column.
    pub fn unless_empty(self) -> Self {
        Self {
            is_partial: true,
            ..self
        }
    }

    /// The statement that makes the index.
    pub fn sql(&self) -> String {
        let Self {
            table,
            name,
            column,
            ..
        } = self;
        let unique = if self.is_unique { "UNIQUE " } else { "" };
        let condition = if self.is_partial {
            format!(" WHERE `{column}` != ''")
        } else {
            String::new()
        };
        format!("CREATE {unique}INDEX `idx_{name}` ON `{table}` (`{column}`){condition}")
    }
}

/// PocketBase's defaults, but for what is ours to say.
fn options(collection: &Collection, lifetimes: TokenLifetimes) -> Map<String, Value> {
    let Collection { kind, rules, .. } = collection;
    let kind = *kind;
    let lifetime = match kind {
        Kind::Users => lifetimes.user,
        Kind::Superusers => lifetimes.superuser,
        Kind::Companies => return Map::new(),
    };
    let mut options: Map<String, Value> = serde_json::from_str(AUTH_OPTIONS).unwrap_or_default();
    options["authRule"] = rules.auth.clone().into();
    options["manageRule"] = rules.manage.clone().into();
    options["authToken"]["duration"] = lifetime.as_secs().into();
    options["authAlert"]["enabled"] = (kind == Kind::Superusers).into();
    options["passwordAuth"]["identityFields"] = identity_field_names(kind).into();
    options
}

/// The names of the fields that a record of that kind may be named by at a login.
pub fn identity_field_names(kind: Kind) -> Vec<&'static str> {
    let fields = IdentityField::of(kind).iter();
    fields.map(|field| identity_field_name(*field)).collect()
}

/// PocketBase's name of the field.
pub fn identity_field_name(field: IdentityField) -> &'static str {
    match field {
        IdentityField::Email => "email",
        IdentityField::OpenId => "openid",
        IdentityField::Phone => "users_phone",
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{Kind, Rules};

    /// Fields that users have from others.
    const FIXED_FIELDS: [&str; 7] = [
        "openid",
        "users_idtype",
        "users_status",
        "users_rank_level",
        "users_auth_type",
        "users_id",
        "users_convers_id",
    ];

    #[test]
    fn the_default_rule_for_changes_names_all_that_is_not_the_users_to_change() {
        let rule = Rules::default_of(Kind::Users).update.unwrap();
        for field in FIXED_FIELDS {
            assert!(rule.contains(&format!("@request.body.{field}:changed = false")));
        }
    }
}
