//! Values that a form is compared with: those of a stored record, or those of a new one before anything is sent.

use std::cell::OnceCell;

use serde_json::{Map, Value};

use super::coerce;
use super::fields::of_record::parse_columns;
use super::fields::tables::BuiltIn;
use super::fields::value::FieldValue;
use super::schema::Schema;
use crate::domain::{Company, Superuser, User};
use crate::store::Record;

/// The values of a record by field.
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

/// The columns that are the deployment's own, read when one is asked for.
pub struct Columns<'a> {
    text: Option<&'a str>,
    read: OnceCell<Map<String, Value>>,
}

/// A value of one field.
pub enum StoredValue<'a> {
    /// Of a built-in field.
    BuiltIn(FieldValue<'a>),
    /// Of a column that is the deployment's own.
    Column(&'a Value),
    /// Of a field of a new record.
    Blank(Value),
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

    /// The value of a field; nothing if it is hidden, or there is no such field.
    pub fn get(&self, name: &str) -> Option<StoredValue<'_>> {
        match self {
            Self::Blank(schema) => {
                let field = schema.field(name).filter(|field| !field.is_hidden())?;
                Some(StoredValue::Blank(coerce::empty(field)))
            }
            Self::User(user, columns) => built_in(*user, name).or_else(|| columns.get(name)),
            Self::Company(company, columns) => {
                built_in(*company, name).or_else(|| columns.get(name))
            }
            Self::Superuser(superuser) => built_in(*superuser, name),
        }
    }

    /// All columns of a stored record that are the deployment's own.
    pub fn columns(&self) -> Map<String, Value> {
        match self {
            Self::User(_, columns) | Self::Company(_, columns) => columns.all().clone(),
            Self::Blank(_) | Self::Superuser(_) => Map::new(),
        }
    }
}

fn built_in<'a, R: BuiltIn>(record: &'a R, name: &str) -> Option<StoredValue<'a>> {
    let value = R::field(name)?.value(record)?;
    Some(StoredValue::BuiltIn(value))
}

impl<'a> Columns<'a> {
    fn new(text: Option<&'a str>) -> Self {
        Self {
            text,
            read: OnceCell::new(),
        }
    }

    fn all(&self) -> &Map<String, Value> {
        self.read.get_or_init(|| parse_columns(self.text))
    }

    fn get(&self, name: &str) -> Option<StoredValue<'_>> {
        self.all().get(name).map(StoredValue::Column)
    }
}

impl StoredValue<'_> {
    /// The value as clients see it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::BuiltIn(value) => value.to_json(),
            Self::Column(value) => (*value).clone(),
            Self::Blank(value) => value.clone(),
        }
    }
}

/// Equality with what a client sends.
impl PartialEq<Value> for StoredValue<'_> {
    fn eq(&self, sent: &Value) -> bool {
        match self {
            Self::BuiltIn(FieldValue::Text(text)) => sent == text,
            Self::BuiltIn(FieldValue::Choice(word)) => sent == word,
            Self::BuiltIn(FieldValue::Number(number)) => sent == number,
            Self::BuiltIn(FieldValue::Bool(flag)) => sent == flag,
            Self::BuiltIn(value @ (FieldValue::Date(_) | FieldValue::UserNumber(_))) => {
                value.to_json() == *sent
            }
            Self::Column(value) => *value == sent,
            // Whatever is sent is given to a new record, be it empty.
            Self::Blank(_) => false,
        }
    }
}
