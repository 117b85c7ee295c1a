//! Values of fields, typed, and the reasons why a field cannot have a value.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::super::date::date_text;
use crate::domain::{Invalid, UserNumber};

/// The value of a built-in field.
#[derive(Clone, Copy, Debug)]
pub enum FieldValue<'a> {
    /// A text; empty when there is none.
    Text(&'a str),
    /// A word of a select field.
    Choice(&'static str),
    /// A whole number.
    Number(i64),
    /// A boolean.
    Bool(bool),
    /// A date.
    Date(Timestamp),
    /// A user's number, whose text is `U0000000001`.
    UserNumber(UserNumber),
}

/// The reason why a field cannot have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A text where a number is wanted, or the like.
    #[error("of another type")]
    Type,
    /// No word of the select field.
    #[error("not one of its choices")]
    Choice,
    /// No number of a status.
    #[error("neither 0 nor 1")]
    Status,
    /// No openid.
    #[error("longer than 128 bytes, or has white space in it")]
    OpenId,
    /// No unionid.
    #[error("not 1 to 128 visible ASCII characters")]
    UnionId,
    /// No record id.
    #[error("not 15 characters [a-z0-9]")]
    RecordId,
    /// No e-mail address.
    #[error("not an e-mail address")]
    Email,
    /// Empty, too long, or no phone.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// As [`FieldValue::to_json`] has it.
impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) | Self::Choice(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Date(at) => serializer.serialize_str(&date_text(*at)),
            Self::UserNumber(number) => serializer.collect_str(number),
        }
    }
}

impl<'a> FieldValue<'a> {
    /// The value as PocketBase's API has it.
    pub fn to_json(self) -> Json {
        match self {
            Self::Text(text) | Self::Choice(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Bool(flag) => flag.into(),
            Self::Date(at) => date_text(at).into(),
            Self::UserNumber(number) => number.to_string().into(),
        }
    }

    /// The text, of a value that is one.
    ///
    /// # Errors
    /// [`Unfit::Type`].
    pub fn text(self) -> Result<&'a str, Unfit> {
        match self {
            Self::Text(text) | Self::Choice(text) => Ok(text),
            _ => Err(Unfit::Type),
        }
    }

    /// The text, of a value that is one and not empty.
    ///
    /// # Errors
    /// [`Unfit::Type`], [`Invalid::Empty`].
    pub fn full_text(self) -> Result<&'a str, Unfit> {
        match self.text()? {
            "" => Err(Invalid::Empty.into()),
            text => Ok(text),
        }
    }

    /// The number, of a value that is one.
    ///
    /// # Errors
    /// [`Unfit::Type`].
    pub fn number(self) -> Result<i64, Unfit> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(Unfit::Type),
        }
    }

    /// The boolean, of a value that is one.
    ///
    /// # Errors
    /// [`Unfit::Type`].
    pub fn flag(self) -> Result<bool, Unfit> {
        match self {
            Self::Bool(flag) => Ok(flag),
            _ => Err(Unfit::Type),
        }
    }

    /// The date, of a value that is one.
    ///
    /// # Errors
    /// [`Unfit::Type`].
    pub fn date(self) -> Result<Timestamp, Unfit> {
        match self {
            Self::Date(at) => Ok(at),
            _ => Err(Unfit::Type),
        }
    }
}

/// Equality of what clients see: a user's number is equal to its text.
impl PartialEq for FieldValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Text(a) | Self::Choice(a), Self::Text(b) | Self::Choice(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::UserNumber(a), Self::UserNumber(b)) => a == b,
            (Self::UserNumber(number), Self::Text(text))
            | (Self::Text(text), Self::UserNumber(number)) => number.to_string() == text,
            _ => false,
        }
    }
}
