//! Types that a built-in field can have in a record.

use jiff::Timestamp;

use super::choice::{Choice, status_from_number, status_number};
use super::value::{FieldValue, Unfit};
use crate::domain::{IdType, Invalid, OpenId, Phone, RecordId, Status, UserType};

/// A type that is read and written as a [`FieldValue`].
pub trait FieldType: Sized {
    /// The value for clients.
    fn to_value(&self) -> FieldValue<'_>;

    /// Reads a value.
    ///
    /// # Errors
    /// [`Unfit`] when the type has no such value.
    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit>;
}

impl FieldType for String {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Text(self)
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        Ok(value.text()?.to_owned())
    }
}

/// An empty text is none.
impl FieldType for Option<String> {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Text(self.as_deref().unwrap_or_default())
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        Ok(Some(String::from_value(value)?).filter(|text| !text.is_empty()))
    }
}

impl FieldType for RecordId {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Text(self.as_str())
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        Self::parse(value.text()?).ok_or(Unfit::RecordId)
    }
}

impl FieldType for OpenId {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Text(self.as_str())
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        Self::parse(value.full_text()?).ok_or(Unfit::OpenId)
    }
}

/// An empty text is none.
impl FieldType for Option<Phone> {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Text(self.as_ref().map_or("", Phone::as_str))
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        match value.text()?.trim() {
            "" => Ok(None),
            text => Ok(Some(Phone::parse(text).map_err(|_| Invalid::Phone)?)),
        }
    }
}

impl FieldType for i64 {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Number(*self)
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        value.number()
    }
}

impl FieldType for Status {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Number(status_number(*self))
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        status_from_number(value.number()?).ok_or(Unfit::Status)
    }
}

impl FieldType for bool {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Bool(*self)
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        value.flag()
    }
}

impl FieldType for Timestamp {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Date(*self)
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        value.date()
    }
}

impl FieldType for IdType {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Choice(self.word())
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        Self::from_word(value.full_text()?).ok_or(Unfit::Choice)
    }
}

impl FieldType for UserType {
    fn to_value(&self) -> FieldValue<'_> {
        FieldValue::Choice(self.word())
    }

    fn from_value(value: FieldValue<'_>) -> Result<Self, Unfit> {
        Self::from_word(value.full_text()?).ok_or(Unfit::Choice)
    }
}
