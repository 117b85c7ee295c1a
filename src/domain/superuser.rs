//! A superuser: somebody who may do everything through PocketBase's API.

use jiff::Timestamp;

use super::{RecordId, TokenKey};

/// A superuser, who logs in with e-mail and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superuser {
    /// Record id, unique.
    pub id: RecordId,
    /// Place in the order of creation, counted from 1; the store gives it.
    pub number: u64,
    /// E-mail address, unique.
    pub email: String,
    /// Whether others who see the record see the e-mail address in it.
    pub email_visibility: bool,
    /// Whether the e-mail address counts as the superuser's.
    pub verified: bool,
    /// Scrypt hash as a PHC string, or an imported bcrypt hash.
    pub password_hash: String,
    /// Secret that the superuser's tokens are bound to.
    pub token_key: TokenKey,
    /// Time of creation.
    pub created: Timestamp,
    /// Time of the last change.
    pub updated: Timestamp,
}
