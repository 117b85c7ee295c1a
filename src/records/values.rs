//! Fields of a stored record, one by one, as values that can be compared with what a client sends.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::coerce;
use super::schema::Schema;
use crate::contract::view::{UsersIdtype, UsersType, status_number};
use crate::domain::{Company, Phone, Superuser, User};
use crate::pb_data::{USER_FIELDS, date_text};
use crate::store::Record;

const COMPANY_FIELDS: [&str; 4] = ["company_id", "created", "id", "updated"];
const SUPERUSER_FIELDS: [&str; 6] = [
    "created",
    "email",
    "emailVisibility",
    "id",
    "updated",
    "verified",
];

/// A value of one field, in the shape that it has in a client's JSON.
#[derive(Clone, Debug)]
pub enum FieldValue<'a> {
    /// A text, a choice or a date.
    Text(Cow<'a, str>),
    /// A number.
    Number(i64),
    /// A boolean.
    Bool(bool),
    /// Any value of a column that is the deployment's own.
    Json(Cow<'a, Value>),
}

impl FieldValue<'_> {
    /// As a number; what is none is 0.
    pub fn number(&self) -> f64 {
        coerce::number(&self.to_json())
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_ref().into(),
            Self::Number(number) => (*number).into(),
            Self::Bool(flag) => (*flag).into(),
            Self::Json(value) => value.as_ref().clone(),
        }
    }
}

impl PartialEq<Value> for FieldValue<'_> {
    fn eq(&self, sent: &Value) -> bool {
        match self {
            Self::Text(text) => sent == text.as_ref(),
            Self::Number(number) => sent == number,
            Self::Bool(flag) => sent == flag,
            Self::Json(value) => sent == value.as_ref(),
        }
    }
}

/// The values that a form is compared with.
pub enum Values<'a> {
    /// Of a record that is new: what each field holds when nothing was ever sent.
    Blank(&'a Schema),
    /// Of a stored user.
    User(&'a User, Columns<'a>),
    /// Of a stored company.
    Company(&'a Company, Columns<'a>),
    /// Of a stored superuser.
    Superuser(&'a Superuser),
}

impl<'a> Values<'a> {
    /// The values of a stored record.
    pub fn of(record: &'a Record) -> Self {
        match record {
            Record::User(user) => Self::of_user(user),
            Record::Company(company) => Self::of_company(company),
            Record::Superuser(superuser) => Self::Superuser(superuser),
        }
    }

    /// The values of a stored user.
    pub fn of_user(user: &'a User) -> Self {
        Self::User(user, Columns::new(user.columns.as_deref()))
    }

    /// The values of a stored company.
    pub fn of_company(company: &'a Company) -> Self {
        Self::Company(company, Columns::new(Some(&company.columns)))
    }

    /// The names of all fields that clients see, in byte order.
    pub fn names(&self) -> BTreeSet<&str> {
        let (ours, columns): (&[&str], _) = match self {
            Self::Blank(_) => (&[], None),
            Self::User(_, columns) => (&USER_FIELDS, Some(columns)),
            Self::Company(_, columns) => (&COMPANY_FIELDS, Some(columns)),
            Self::Superuser(_) => (&SUPERUSER_FIELDS, None),
        };
        let own = columns.into_iter().flat_map(|columns| columns.all().keys());
        ours.iter()
            .copied()
            .chain(own.map(String::as_str))
            .collect()
    }

    /// Whether a field has the same value in both.
    pub fn is_same(&self, other: &Values<'_>, name: &str) -> bool {
        match (self.get(name), other.get(name)) {
            (Some(value), Some(other)) => value == other.to_json(),
            (None, None) => true,
            _ => false,
        }
    }

    /// The value of a field; nothing if it is hidden, or there is no such field.
    pub fn get(&self, name: &str) -> Option<FieldValue<'_>> {
        match self {
            Self::Blank(schema) => {
                let field = schema.field(name).filter(|field| !field.is_hidden)?;
                Some(FieldValue::Json(Cow::Owned(coerce::empty(field))))
            }
            Self::User(user, columns) => user_value(user, name).or_else(|| columns.get(name)),
            Self::Company(company, columns) => {
                company_value(company, name).or_else(|| columns.get(name))
            }
            Self::Superuser(superuser) => superuser_value(superuser, name),
        }
    }
}

/// The columns that are the deployment's own, read when one is asked for.
pub struct Columns<'a> {
    text: Option<&'a str>,
    read: OnceCell<Map<String, Value>>,
}

impl<'a> Columns<'a> {
    /// The columns in the text of one JSON object.
    pub fn new(text: Option<&'a str>) -> Self {
        Self {
            text,
            read: OnceCell::new(),
        }
    }

    /// All of them.
    pub fn all(&self) -> &Map<String, Value> {
        self.read
            .get_or_init(|| serde_json::from_str(self.text.unwrap_or("{}")).unwrap_or_default())
    }

    fn get(&self, name: &str) -> Option<FieldValue<'_>> {
        let value = self.all().get(name)?;
        Some(FieldValue::Json(Cow::Borrowed(value)))
    }
}

fn text(text: &str) -> FieldValue<'_> {
    FieldValue::Text(Cow::Borrowed(text))
}

fn user_value<'a>(user: &'a User, name: &str) -> Option<FieldValue<'a>> {
    Some(match name {
        "company_id" => text(&user.company_id),
        "created" => FieldValue::Text(date_text(user.created).into()),
        "email" => text(user.email.as_deref().unwrap_or_default()),
        "emailVisibility" => FieldValue::Bool(user.email_visibility),
        "id" => text(user.id.as_str()),
        "openid" => text(user.openid.as_str()),
        "updated" => FieldValue::Text(date_text(user.updated).into()),
        "usergroups_id" => text(&user.group_id),
        "users_auth_type" => FieldValue::Number(user.auth_type),
        "users_convers_id" => text(&user.conversation_id),
        "users_id" => FieldValue::Text(user.shown_number().into()),
        "users_id_number" => text(&user.id_number),
        "users_idtype" => text(UsersIdtype::from(user.id_type).as_str()),
        "users_level" => text(&user.level),
        "users_name" => text(&user.name),
        "users_parent_id" => text(&user.parent_id),
        "users_phone" => text(user.phone.as_ref().map(Phone::as_str).unwrap_or_default()),
        "users_picture" => text(&user.picture),
        "users_promo_code" => text(&user.promo_code),
        "users_rank_level" => FieldValue::Number(user.rank_level),
        "users_status" => FieldValue::Number(status_number(user.status)),
        "users_type" => text(UsersType::from(user.user_type).as_str()),
        "verified" => FieldValue::Bool(user.verified),
        _ => return None,
    })
}

fn company_value<'a>(company: &'a Company, name: &str) -> Option<FieldValue<'a>> {
    Some(match name {
        "company_id" => text(&company.company_id),
        "created" => FieldValue::Text(date_text(company.created).into()),
        "id" => text(company.id.as_str()),
        "updated" => FieldValue::Text(date_text(company.updated).into()),
        _ => return None,
    })
}

fn superuser_value<'a>(superuser: &'a Superuser, name: &str) -> Option<FieldValue<'a>> {
    Some(match name {
        "created" => FieldValue::Text(date_text(superuser.created).into()),
        "email" => text(&superuser.email),
        "emailVisibility" => FieldValue::Bool(superuser.email_visibility),
        "id" => text(superuser.id.as_str()),
        "updated" => FieldValue::Text(date_text(superuser.updated).into()),
        "verified" => FieldValue::Bool(superuser.verified),
        _ => return None,
    })
}
