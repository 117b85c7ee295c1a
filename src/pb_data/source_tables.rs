//! The collections in a database of PocketBase, with their fields and the secrets of their tokens.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Error;
use super::login_options::LoginOptions;
use crate::domain::{Collection, Collections, FieldShapes, Kind, Rules};
use crate::records::date::parse_date;
use crate::records::fields::of_record::is_built_in;

/// The tables that are brought here.
pub struct Tables {
    pub users: Table,
    /// A deployment may have no companies.
    pub companies: Option<Table>,
    pub superusers: Table,
}

/// A collection with its fields.
pub struct Table {
    pub collection: Collection,
    /// Whether its rows are those of other tables.
    is_view: bool,
    pub fields: Vec<Field>,
    pub token_secs: Option<u64>,
    /// Ways to log in that PocketBase has.
    pub logins: LoginOptions,
    /// Rules that PocketBase goes by; those of the collection are what hold here.
    pub rules: Rules,
}

/// A field, as far as it matters for reading its column.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    pub name: String,
    pub r#type: String,
    #[serde(default)]
    pub hidden: bool,
    /// Whether its files are for those only who have a token for them.
    #[serde(default)]
    pub protected: bool,
    #[serde(default)]
    max_select: u32,
}

impl Field {
    /// Whether the column holds JSON.
    pub fn is_json(&self) -> bool {
        match self.r#type.as_str() {
            "json" | "geoPoint" => true,
            "select" | "file" | "relation" => self.max_select > 1,
            _ => false,
        }
    }

    /// Whether the column holds whatever JSON is put there.
    pub fn is_any_json(&self) -> bool {
        self.r#type == "json"
    }

    /// The value of a column in which nothing is.
    pub fn empty(&self) -> Value {
        match self.r#type.as_str() {
            "json" => Value::Null,
            "geoPoint" => json!({ "lon": 0, "lat": 0 }),
            "number" => 0.into(),
            "bool" => false.into(),
            _ if self.is_json() => json!([]),
            _ => "".into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    auth_token: Option<AuthToken>,
    auth_rule: Option<String>,
    manage_rule: Option<String>,
    #[serde(flatten)]
    logins: LoginOptions,
}

#[derive(Deserialize)]
struct AuthToken {
    secret: String,
    duration: u64,
}

/// The reason why there are no tables to read.
pub enum NoTables {
    Sqlite(rusqlite::Error),
    Reason(String),
}

impl NoTables {
    /// The error about the database at `path`.
    pub fn at(self, path: &Path) -> Error {
        match self {
            Self::Sqlite(error) => of_sqlite(&error, path),
            Self::Reason(reason) => Error::Unfit {
                path: path.to_owned(),
                reason,
            },
        }
    }
}

fn of_sqlite(error: &rusqlite::Error, path: &Path) -> Error {
    match error.sqlite_error_code() {
        // What a reader may not do: wait for a writer, or mend what one has left.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::ReadOnly) => {
            Error::Busy(path.to_owned())
        }
        Some(ErrorCode::DiskFull) => Error::Temporary {
            path: std::env::temp_dir(),
            cause: error.to_string(),
        },
        _ => Error::Unfit {
            path: path.to_owned(),
            reason: error.to_string(),
        },
    }
}

impl From<rusqlite::Error> for NoTables {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Tables {
    pub fn read(db: &Connection) -> Result<Self, NoTables> {
        let columns = "SELECT count(*) FROM pragma_table_info('_collections') WHERE name IN ('fields', 'options')";
        let known: u32 = db.query_row(columns, [], |row| row.get(0))?;
        if known != 2 {
            let reason = "it is no database of PocketBase 0.23 or newer; start a newer PocketBase on it once";
            return Err(NoTables::Reason(reason.to_owned()));
        }
        let missing =
            |kind: Kind| NoTables::Reason(format!("it has no collection {}", kind.name()));
        Ok(Self {
            users: Table::read(db, Kind::Users)?.ok_or_else(|| missing(Kind::Users))?,
            companies: Table::read(db, Kind::Companies)?,
            superusers: Table::read(db, Kind::Superusers)?
                .ok_or_else(|| missing(Kind::Superusers))?,
        })
    }

    /// The collections as they are from now on.
    pub fn collections(&self) -> Collections {
        let users = self.users.collection.clone();
        let companies = self
            .companies
            .as_ref()
            .map(|table| table.collection.clone());
        let otherwise = Collections::new(users.created).companies;
        let superusers = self.superusers.collection.clone();
        Collections {
            users,
            companies: companies.unwrap_or(otherwise),
            superusers,
        }
    }

    /// The tables in the order in which they are brought here: users refer to companies.
    pub fn in_order(&self) -> impl Iterator<Item = &Table> {
        self.companies.iter().chain([&self.superusers, &self.users])
    }
}

impl Table {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The statement that reads all rows, in the order of creation.
    pub fn selection(&self) -> String {
        let name = self.collection.kind.name();
        match self.is_view {
            true => format!("SELECT * FROM `{name}`"),
            false => format!("SELECT * FROM `{name}` ORDER BY rowid"),
        }
    }

    /// Whether the column of that name holds JSON.
    pub fn is_json(&self, name: &str) -> bool {
        self.field(name).is_some_and(Field::is_json)
    }

    /// The fields that are the deployment's own.
    pub fn own_fields(&self) -> impl Iterator<Item = &Field> {
        let kind = self.collection.kind;
        self.fields
            .iter()
            .filter(move |field| !is_built_in(kind, &field.name))
    }

    fn read(db: &Connection, kind: Kind) -> Result<Option<Self>, NoTables> {
        let sql = "SELECT id, fields, options, created, updated, type FROM _collections WHERE lower(name) = lower(?)";
        let row = db.query_row(sql, [kind.name()], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        });
        let Some((id, fields, options, created, updated, kind_there)) = row.optional()? else {
            return Ok(None);
        };
        let (fields, options, created, updated, kind_there): (
            String,
            String,
            String,
            String,
            String,
        ) = (fields, options, created, updated, kind_there);
        let bad =
            |what: &str| NoTables::Reason(format!("the {what} of {} cannot be read", kind.name()));
        let options: Options = serde_json::from_str(&options).map_err(|_| bad("options"))?;
        let rules = Rules {
            auth: options.auth_rule,
            manage: options.manage_rule,
            ..rules_of_records(db, kind)?
        };
        let token = options.auth_token;
        Ok(Some(Self {
            is_view: kind_there == "view",
            rules,
            logins: options.logins,
            fields: serde_json::from_str(&fields).map_err(|_| bad("fields"))?,
            token_secs: token.as_ref().map(|token| token.duration),
            collection: Collection {
                kind,
                id,
                fields: Some(fields),
                token_secret: token
                    .map(|token| token.secret)
                    .filter(|secret| !secret.is_empty()),
                rules: Rules::default_of(kind),
                created: parse_date(&created).unwrap_or(Timestamp::UNIX_EPOCH),
                updated: parse_date(&updated).unwrap_or(Timestamp::UNIX_EPOCH),
                shapes: FieldShapes::default(),
            },
        }))
    }
}

/// The rules of a collection but those of logins.
fn rules_of_records(db: &Connection, kind: Kind) -> rusqlite::Result<Rules> {
    let sql = "SELECT listRule, viewRule, createRule, updateRule, deleteRule FROM _collections
        WHERE lower(name) = lower(?)";
    db.query_row(sql, [kind.name()], |row| {
        Ok(Rules {
            list: row.get(0)?,
            view: row.get(1)?,
            create: row.get(2)?,
            update: row.get(3)?,
            delete: row.get(4)?,
            auth: None,
            manage: None,
        })
    })
}
