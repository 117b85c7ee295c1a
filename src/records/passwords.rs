//! The passwords of a form: which have to be there, and what became of them.

use serde_json::{Map, Value};

use super::coerce;
use crate::domain::{Invalid, Phone, PlainPassword, TokenKey};
use crate::pocketbase::field_error::{FieldError, FieldErrors};

/// Who fills in the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Editor {
    /// The user whose record it is.
    Owner,
    /// A superuser, who needs no old password.
    Superuser,
}

/// Findings about the passwords of a form, and about what needs one, before anything is written.
#[derive(Clone, Debug)]
pub struct Passwords {
    /// The hash of a new password, or why it cannot be one.
    pub hash: Option<Result<String, FieldError>>,
    /// Whether the old password is the right one, if it had to be.
    pub old: Option<bool>,
    /// The token key beside which the old password was right.
    pub if_token_key: Option<TokenKey>,
    /// The phone that the owner wants in place of their own, and may have as far as the old password says.
    pub phone: Option<Phone>,
}

impl Passwords {
    /// Nothing that has to do with a password.
    pub const NONE: Self = Self {
        hash: None,
        old: None,
        if_token_key: None,
        phone: None,
    };
}

/// The texts of a form.
pub struct Sent {
    pub new: String,
    pub confirm: String,
    pub old: String,
    is_given: bool,
}

impl Sent {
    pub fn of(body: &Map<String, Value>) -> Self {
        let text = |field| body.get(field).map(coerce::text).unwrap_or_default();
        Self {
            new: text("password"),
            confirm: text("passwordConfirm"),
            old: text("oldPassword"),
            is_given: body.contains_key("password"),
        }
    }

    /// Of somebody who is new.
    pub fn new(new: String, confirm: String) -> Self {
        Self {
            new,
            confirm,
            old: String::new(),
            is_given: true,
        }
    }

    /// Whether a hash of the new one may be needed.
    pub fn is_change(&self) -> bool {
        !self.new.is_empty() && self.new == self.confirm
    }

    /// The new password, or why it is none; PocketBase has no words for one that is too long.
    pub fn new_password(&self) -> Result<PlainPassword, FieldError> {
        PlainPassword::new(self.new.clone()).map_err(|why| match why {
            Invalid::TooLong { .. } => FieldError::VALUE,
            why => why.into(),
        })
    }

    /// Adds what is wrong with the form of somebody who is new, or of a change by a superuser.
    pub fn check(&self, is_new: bool, errors: &mut FieldErrors) {
        let is_set = is_new || self.is_new_given();
        self.check_new(is_set, is_new || !self.new.is_empty(), errors);
    }

    /// Adds what is wrong with the form of an owner. Another phone needs the old password as a new password does, but
    /// no new password.
    pub fn check_owner(
        &self,
        is_phone: bool,
        old_is_right: Option<bool>,
        errors: &mut FieldErrors,
    ) {
        let is_set = self.is_new_given() || (!self.old.is_empty() && !is_phone);
        self.check_new(is_set, !self.new.is_empty() || !self.old.is_empty(), errors);
        if !is_set && !is_phone {
            return;
        }
        match old_is_right {
            _ if self.old.is_empty() => errors.insert("oldPassword", FieldError::BLANK),
            Some(true) => {}
            // Of a new password that cannot be one, the old one is not tried.
            None if !is_phone => {}
            Some(false) | None => errors.insert("oldPassword", FieldError::OLD_PASSWORD),
        }
    }

    fn is_new_given(&self) -> bool {
        !self.new.is_empty() || !self.confirm.is_empty()
    }

    fn check_new(&self, is_set: bool, needs_confirm: bool, errors: &mut FieldErrors) {
        if !is_set && !self.is_given {
            return;
        }
        if self.new.is_empty() {
            errors.insert("password", FieldError::BLANK);
        }
        if is_set && self.confirm.is_empty() && needs_confirm {
            errors.insert("passwordConfirm", FieldError::BLANK);
        } else if self.confirm != self.new {
            errors.insert("passwordConfirm", FieldError::MISMATCH);
        }
    }
}
