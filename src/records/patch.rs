//! Changes of records, as a door asks for them.

use super::form::RecordForm;
use crate::domain::{Phone, Status, User};

/// Changes that a request makes to a record.
#[derive(Clone)]
pub enum RecordPatch {
    /// Values as a client sent them. What they change depends on the record that is stored.
    Form(RecordForm),
    /// A new value of a user.
    User(UserPatch),
}

impl RecordPatch {
    /// The form that it is, if it is one.
    pub fn form(&self) -> Option<&RecordForm> {
        match self {
            Self::Form(form) => Some(form),
            Self::User(_) => None,
        }
    }
}

impl From<RecordForm> for RecordPatch {
    fn from(form: RecordForm) -> Self {
        Self::Form(form)
    }
}

impl From<UserPatch> for RecordPatch {
    fn from(patch: UserPatch) -> Self {
        Self::User(patch)
    }
}

/// A new value of a user, which may be the one that it has.
#[derive(Clone, Debug)]
pub enum UserPatch {
    /// Whether the user may log in.
    Status(Status),
    /// The phone, or none.
    Phone(Option<Phone>),
}

impl UserPatch {
    /// Gives `user` the value.
    pub fn apply(&self, user: &mut User) {
        match self {
            Self::Status(status) => user.status = *status,
            Self::Phone(phone) => user.phone.clone_from(phone),
        }
    }
}
