//! Request bodies of the login endpoints, and their checks.

use poem_openapi::Object;

use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::form_fields::FormBody;
use crate::auth::IdentityField;
use crate::domain::Email;
use crate::records::collection::identity_field_name;

/// The longest identity or password that a login form may have.
const FORM_MAX: usize = 255;

#[derive(Default, Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct PasswordAuthRequest {
    /// email、openid 或 users_phone
    identity: Option<String>,
    password: Option<String>,
    /// 只按该字段查找:email、openid 或 users_phone
    identityField: Option<String>,
}

#[derive(Object)]
pub struct EmailRequest {
    pub email: Option<String>,
}

#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct EmailChangeRequest {
    pub newEmail: Option<String>,
}

/// Body of a request that confirms the link of a mail.
#[derive(Default, Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct ConfirmRequest {
    token: Option<String>,
    password: Option<String>,
    passwordConfirm: Option<String>,
}

impl FormBody for PasswordAuthRequest {}

impl FormBody for EmailRequest {}

impl FormBody for EmailChangeRequest {}

impl FormBody for ConfirmRequest {}

impl ConfirmRequest {
    /// Refuses the form, with an error for each of these fields that is missing.
    pub fn require(&self, fields: &[&'static str]) -> Result<(), Refused> {
        let mut errors = FieldErrors::new();
        for field in fields {
            let value = match *field {
                "token" => &self.token,
                "password" => &self.password,
                _ => &self.passwordConfirm,
            };
            required(&mut errors, field, value.clone());
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Refused::form(errors))
        }
    }
}

/// A login form that is filled in as it should be.
pub struct Credentials {
    pub identity: String,
    pub password: String,
    pub fields: Vec<IdentityField>,
}

impl PasswordAuthRequest {
    /// The credentials, or an error for each field that is wrong; the identity may be one of `allowed`.
    pub fn check(self, allowed: &[IdentityField]) -> Result<Credentials, Refused> {
        let mut errors = FieldErrors::new();
        let identity = required(&mut errors, "identity", self.identity);
        let password = required(&mut errors, "password", self.password);
        for (field, value) in [("identity", &identity), ("password", &password)] {
            if value.chars().count() > FORM_MAX {
                errors.insert(field, FieldError::length(FORM_MAX));
            }
        }
        let fields = match self.identityField.as_deref().unwrap_or_default() {
            "" => allowed.to_vec(),
            name => allowed
                .iter()
                .copied()
                .filter(|field| identity_field_name(*field) == name)
                .collect(),
        };
        if fields.is_empty() {
            errors.insert("identityField", FieldError::NOT_IN);
        }
        if errors.is_empty() {
            Ok(Credentials {
                identity,
                password,
                fields,
            })
        } else {
            Err(Refused::form(errors))
        }
    }
}

fn required(errors: &mut FieldErrors, field: &'static str, value: Option<String>) -> String {
    let value = value.unwrap_or_default();
    if value.is_empty() {
        errors.insert(field, FieldError::BLANK);
    }
    value
}

/// An e-mail address in a form.
///
/// # Errors
/// The field, if it is empty or no address.
pub fn email(field: &'static str, value: Option<String>) -> Result<String, Refused> {
    let mut errors = FieldErrors::new();
    let email = required(&mut errors, field, value);
    if errors.is_empty() && Email::parse(&email).is_none() {
        errors.insert(field, FieldError::EMAIL);
    }
    if errors.is_empty() {
        Ok(email)
    } else {
        Err(Refused::form(errors))
    }
}
