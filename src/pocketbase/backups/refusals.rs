//! Refusals of backups, in PocketBase's words.

use super::super::error::Refused;
use super::super::field_error::{FieldError, FieldErrors};
use crate::backup::{Error, NAME_MAX, WrongName};

pub fn wrong(field: &'static str, error: FieldError) -> Refused {
    Refused::form(FieldErrors::from([(field, error)]))
}

pub fn wrong_name(why: WrongName) -> FieldError {
    match why {
        WrongName::Length => FieldError::length(NAME_MAX),
        WrongName::Format => FieldError::BACKUP_NAME,
    }
}

/// The log says why; a client is told what PocketBase would tell.
pub fn refused(error: &Error, otherwise: Refused) -> Refused {
    match error {
        Error::Busy => Refused::BACKUP_BUSY,
        Error::NotFound => otherwise,
        error => {
            tracing::warn!(%error, "a backup was not made, taken or restored");
            otherwise
        }
    }
}
