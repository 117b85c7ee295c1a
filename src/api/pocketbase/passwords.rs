//! The passwords of a form: which have to be there, and what became of them.

use serde_json::{Map, Value};

use super::cast;
use super::field_error::{FieldError, FieldErrors};
use crate::domain::{Invalid, PlainPassword, TokenKey};

/// Who fills in the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Editor {
    /// The user whose record it is.
    Owner,
    /// A superuser, who needs no old password.
    Superuser,
}

/// What was found out about the passwords of a form before anything is written.
#[derive(Clone, Debug)]
pub struct Passwords {
    /// The hash of a new password, or why it cannot be one.
    pub hash: Option<Result<String, FieldError>>,
    /// Whether the old password is the right one, if it had to be.
    pub old: Option<bool>,
    /// The token key beside which the old password was right.
    pub if_token_key: Option<TokenKey>,
}

impl Passwords {
    /// No new password.
    pub const NONE: Self = Self { hash: None, old: None, if_token_key: None };
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
        let text = |field| body.get(field).map(cast::text).unwrap_or_default();
        Self {
            new: text("password"),
            confirm: text("passwordConfirm"),
            old: text("oldPassword"),
            is_given: body.contains_key("password"),
        }
    }

    /// Of somebody who is new.
    pub fn new(new: String, confirm: String) -> Self {
        Self { new, confirm, old: String::new(), is_given: true }
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

    /// Adds what is wrong with the form.
    pub fn check(&self, is_new: bool, editor: Editor, old_is_right: Option<bool>, errors: &mut FieldErrors) {
        let needs_old = !is_new && editor == Editor::Owner;
        let old = if needs_old { self.old.as_str() } else { "" };
        let is_set = is_new || !(self.new.is_empty() && self.confirm.is_empty() && old.is_empty());
        if !is_set && !self.is_given {
            return;
        }
        if self.new.is_empty() {
            errors.insert("password", FieldError::BLANK);
        }
        if is_set && self.confirm.is_empty() && (is_new || !self.new.is_empty() || !old.is_empty()) {
            errors.insert("passwordConfirm", FieldError::BLANK);
        } else if self.confirm != self.new {
            errors.insert("passwordConfirm", FieldError::MISMATCH);
        }
        if is_set && needs_old {
            match (old.is_empty(), old_is_right) {
                (true, _) => errors.insert("oldPassword", FieldError::BLANK),
                (false, Some(false)) => errors.insert("oldPassword", FieldError::OLD_PASSWORD),
                _ => {}
            }
        }
    }
}
