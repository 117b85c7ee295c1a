//! The passwords of a form: which have to be there, and what is wrong with them.

use serde_json::{Map, Value};

use super::coerce;
use super::problem::{FieldProblem, FieldProblems};
use crate::domain::{Invalid, Phone, PlainPassword, TokenKey};

/// The passwords that a form may have.
#[derive(Clone, Default)]
pub struct PasswordForm {
    new: String,
    confirm: String,
    old: String,
    /// Whether the field of the new password is there, be it empty.
    is_given: bool,
    /// Whether a new record may do without one.
    is_waived: bool,
}

impl PasswordForm {
    /// The passwords in a JSON body.
    pub fn read(body: &Map<String, Value>) -> Self {
        Self {
            new: coerce::text_of(body, "password"),
            confirm: coerce::text_of(body, "passwordConfirm"),
            old: coerce::text_of(body, "oldPassword"),
            is_given: body.contains_key("password"),
            is_waived: false,
        }
    }

    /// A new password, set by somebody who needs no old one.
    pub fn set(new: &str) -> Self {
        Self {
            new: new.to_owned(),
            confirm: new.to_owned(),
            old: String::new(),
            is_given: true,
            is_waived: false,
        }
    }

    /// No password, for a new user who gets one later or never.
    pub fn waived() -> Self {
        Self {
            is_waived: true,
            ..Self::default()
        }
    }

    /// The old password, or nothing.
    pub fn old(&self) -> &str {
        &self.old
    }

    /// Whether a hash of the new password may be needed.
    pub fn is_change(&self) -> bool {
        !self.new.is_empty() && self.new == self.confirm
    }

    /// The new password, or the reason why it is none.
    pub fn new_password(&self) -> Result<PlainPassword, FieldProblem> {
        new_password(&self.new)
    }

    /// Adds what is wrong with the form of somebody who is new.
    pub fn check_new_record(&self, problems: &mut FieldProblems) {
        if !self.is_waived {
            self.check_new(true, true, problems);
        }
    }

    /// Adds what is wrong with the form of a change by a superuser.
    pub fn check_change(&self, problems: &mut FieldProblems) {
        let has_old = !self.old.is_empty();
        let is_set = self.is_new_given() || has_old;
        self.check_new(is_set, !self.new.is_empty() || has_old, problems);
    }

    /// Adds what is wrong with the form of an owner. Another phone needs the old password as a new password does, but
    /// no new password.
    pub fn check_own_change(
        &self,
        is_phone: bool,
        is_old_right: Option<bool>,
        problems: &mut FieldProblems,
    ) {
        let is_set = self.is_new_given() || (!self.old.is_empty() && !is_phone);
        let needs_confirm = !self.new.is_empty() || !self.old.is_empty();
        self.check_new(is_set, needs_confirm, problems);
        if !is_set && !is_phone {
            return;
        }
        match is_old_right {
            _ if self.old.is_empty() => problems.insert("oldPassword", FieldProblem::Blank),
            Some(true) => {}
            // Of a new password that cannot be one, the old one is not tried.
            None if !is_phone => {}
            Some(false) | None => problems.insert("oldPassword", FieldProblem::OldPassword),
        }
    }

    fn is_new_given(&self) -> bool {
        !self.new.is_empty() || !self.confirm.is_empty()
    }

    fn check_new(&self, is_set: bool, needs_confirm: bool, problems: &mut FieldProblems) {
        if !is_set && !self.is_given {
            return;
        }
        if self.new.is_empty() {
            problems.insert("password", FieldProblem::Blank);
        }
        if is_set && self.confirm.is_empty() && needs_confirm {
            problems.insert("passwordConfirm", FieldProblem::Blank);
        } else if self.confirm != self.new {
            problems.insert("passwordConfirm", FieldProblem::Mismatch);
        }
    }
}

/// A password to be set, or the reason why it is none; PocketBase has no words for one that is too long.
pub fn new_password(text: &str) -> Result<PlainPassword, FieldProblem> {
    PlainPassword::new(text.to_owned()).map_err(|why| match why {
        Invalid::TooLong { .. } => FieldProblem::Value,
        why => why.into(),
    })
}

/// The new password of a form, hashed.
#[derive(Clone, Default)]
pub enum NewPassword {
    /// None is to be set.
    #[default]
    None,
    /// Its hash.
    Hash(String),
    /// The reason why it cannot be one.
    Impossible(FieldProblem),
}

/// Findings about the passwords of a form, made before the record is looked at.
#[derive(Clone, Default)]
pub struct PasswordFindings {
    /// The new password.
    pub new: NewPassword,
    /// Whether the old password is the right one, if it had to be.
    pub old: Option<bool>,
    /// The token key beside which the old password was right.
    pub if_token_key: Option<TokenKey>,
    /// The phone that the owner wants in place of their own, and may have as far as the old password says.
    pub phone: Option<Phone>,
}

impl PasswordFindings {
    /// The hash of the new password, if there is one; the reason why it cannot be one is added to the problems.
    pub fn new_hash(&self, problems: &mut FieldProblems) -> Option<String> {
        match &self.new {
            NewPassword::None => None,
            NewPassword::Hash(hash) => Some(hash.clone()),
            NewPassword::Impossible(problem) => {
                problems.insert("password", problem.clone());
                None
            }
        }
    }

    /// Whether the old password was right beside another token key: of two changes at once that are allowed by the same old
    /// password only the first is made.
    pub fn is_outdated(&self, token_key: &TokenKey) -> bool {
        let allowed = self.if_token_key.as_ref();
        allowed.is_some_and(|allowed| allowed != token_key)
    }
}
