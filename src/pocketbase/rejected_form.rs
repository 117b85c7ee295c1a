//! Bodies that were not read, in the words that PocketBase has for each kind of body.

use poem::Error as PoemError;

use super::error::Refused;
use crate::http::rejected::Rejected;

/// The refusal of a batch whose body was not read.
pub fn batch_not_read(rejected: Rejected) -> PoemError {
    match rejected {
        Rejected::NotJson | Rejected::NotAnObject | Rejected::NotDeclaredJson => {
            Refused::BATCH_NOT_READ.into()
        }
        other => other.into(),
    }
}

/// A form that could not be read, in the words that PocketBase has for that.
pub fn not_loaded(rejected: Rejected) -> PoemError {
    match rejected {
        Rejected::NotJson | Rejected::NotAnObject | Rejected::NotAString(_) => {
            Refused::NOT_LOADED.into()
        }
        other => other.into(),
    }
}

/// A change of a collection that could not be read.
pub fn not_formatted(rejected: Rejected) -> PoemError {
    match rejected {
        Rejected::NotJson | Rejected::NotAnObject => Refused::NOT_FORMATTED.into(),
        other => other.into(),
    }
}
