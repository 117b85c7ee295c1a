//! A record as filters and sorts look at it: its values without the JSON of it, since a scan looks at a million.

use std::cell::OnceCell;

use serde_json::{Map, Value as Json};

use super::schema::{FieldKind, Schema};
use crate::contract::view::{UsersIdtype, UsersType, status_number};
use crate::domain::{Company, Phone, Superuser, User};
use crate::filter::{Record as Fields, Value};
use crate::pb_data::date_text;
use crate::store::Record;

/// A record beside what has to be made of it for a filter; that is made when it is asked for.
pub struct FilterRecord<'a> {
    record: &'a Record,
    schema: &'a Schema,
    created: OnceCell<String>,
    updated: OnceCell<String>,
    number: OnceCell<String>,
    columns: OnceCell<Map<String, Json>>,
}

impl<'a> FilterRecord<'a> {
    pub fn new(record: &'a Record, schema: &'a Schema) -> Self {
        let (created, updated, number, columns) = Default::default();
        Self {
            record,
            schema,
            created,
            updated,
            number,
            columns,
        }
    }

    fn user<'b>(&'b self, user: &'b User, field: &str) -> Value<'b> {
        Value::Text(match field {
            "company_id" => &user.company_id,
            "created" => self.created.get_or_init(|| date_text(user.created)),
            "email" => user.email.as_deref().unwrap_or_default(),
            "emailVisibility" => return Value::Bool(user.email_visibility),
            "id" => user.id.as_str(),
            "openid" => user.openid.as_str(),
            "updated" => self.updated.get_or_init(|| date_text(user.updated)),
            "usergroups_id" => &user.group_id,
            "users_auth_type" => return number(user.auth_type),
            "users_convers_id" => &user.conversation_id,
            "users_id" => self.number.get_or_init(|| user.shown_number()),
            "users_id_number" => &user.id_number,
            "users_idtype" => return Value::Choice(UsersIdtype::from(user.id_type).as_str()),
            "users_level" => &user.level,
            "users_name" => &user.name,
            "users_parent_id" => &user.parent_id,
            "users_phone" => user.phone.as_ref().map(Phone::as_str).unwrap_or_default(),
            "users_picture" => &user.picture,
            "users_promo_code" => &user.promo_code,
            "users_rank_level" => return number(user.rank_level),
            "users_status" => return number(status_number(user.status)),
            "users_type" => return Value::Choice(UsersType::from(user.user_type).as_str()),
            "verified" => return Value::Bool(user.verified),
            other => return self.column(user.columns.as_deref().unwrap_or("{}"), other),
        })
    }

    fn company<'b>(&'b self, company: &'b Company, field: &str) -> Value<'b> {
        Value::Text(match field {
            "company_id" => &company.company_id,
            "created" => self.created.get_or_init(|| date_text(company.created)),
            "id" => company.id.as_str(),
            "updated" => self.updated.get_or_init(|| date_text(company.updated)),
            other => return self.column(&company.columns, other),
        })
    }

    fn superuser<'b>(&'b self, superuser: &'b Superuser, field: &str) -> Value<'b> {
        Value::Text(match field {
            "created" => self.created.get_or_init(|| date_text(superuser.created)),
            "email" => &superuser.email,
            "emailVisibility" => return Value::Bool(superuser.email_visibility),
            "id" => superuser.id.as_str(),
            "updated" => self.updated.get_or_init(|| date_text(superuser.updated)),
            "verified" => return Value::Bool(superuser.verified),
            _ => return Value::Null,
        })
    }

    /// A column that is the deployment's own. A list or an object is the text that PocketBase's database has of it.
    fn column(&self, columns: &str, field: &str) -> Value<'_> {
        let read = || {
            let columns: Map<String, Json> = serde_json::from_str(columns).unwrap_or_default();
            let flat = |value: Json| {
                if value.is_array() || value.is_object() {
                    value.to_string().into()
                } else {
                    value
                }
            };
            columns
                .into_iter()
                .map(|(name, value)| (name, flat(value)))
                .collect()
        };
        let is_choice = || {
            self.schema
                .field(field)
                .is_some_and(|field| field.kind == FieldKind::Select)
        };
        match self.columns.get_or_init(read).get(field) {
            Some(Json::String(text)) if is_choice() => Value::Choice(text),
            Some(Json::String(text)) => Value::Text(text),
            Some(Json::Number(number)) => Value::Number(number.as_f64().unwrap_or_default()),
            Some(Json::Bool(flag)) => Value::Bool(*flag),
            _ => Value::Null,
        }
    }
}

impl Fields for FilterRecord<'_> {
    fn value(&self, field: &str) -> Value<'_> {
        match self.record {
            Record::User(user) => self.user(user, field),
            Record::Company(company) => self.company(company, field),
            Record::Superuser(superuser) => self.superuser(superuser, field),
        }
    }

    fn rowid(&self) -> u64 {
        self.record.number()
    }
}

#[expect(clippy::cast_precision_loss, reason = "PocketBase's numbers are such")]
fn number(number: i64) -> Value<'static> {
    Value::Number(number as f64)
}
