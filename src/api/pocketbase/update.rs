//! The body of a change of one's own record. What is sent as it is already, is no change.

use serde_json::{Map, Value};

use super::super::view::UsersType;
use super::error::{FieldError, FieldErrors, Refused};
use crate::auth::{OwnUpdate, PasswordChange};
use crate::domain::{Invalid, Name, Phone, Picture, PlainPassword, ShortText, UserType};

/// Whose change PocketBase's update rule would refuse.
const PROTECTED: [&str; 7] = [
    "openid",
    "users_auth_type",
    "users_convers_id",
    "users_id",
    "users_idtype",
    "users_rank_level",
    "users_status",
];

/// What only superusers may set; PocketBase's form says so.
const MANAGED: [&str; 3] = ["email", "emailVisibility", "verified"];

/// What users may set, besides the password.
const OWN: [&str; 10] = [
    "company_id",
    "usergroups_id",
    "users_id_number",
    "users_level",
    "users_name",
    "users_parent_id",
    "users_phone",
    "users_picture",
    "users_promo_code",
    "users_type",
];

/// Whether a filter or a sort may name the field.
pub fn is_field(name: &str) -> bool {
    let set_by_server = ["id", "created", "updated"];
    [&PROTECTED[..], &MANAGED, &OWN, &set_by_server].concat().contains(&name)
}

/// What `body` changes of `record`. Unknown fields are ignored.
///
/// # Errors
/// [`Refused::NOT_FOUND`] for a protected field, as a rule does; otherwise each field that is wrong: first those of
/// the form (e-mail, passwords), then the values.
pub fn parse(record: &Map<String, Value>, body: &Map<String, Value>) -> Result<OwnUpdate, Refused> {
    let changed = Changed { record, body };
    if PROTECTED.iter().any(|field| changed.get(field).is_some()) {
        return Err(Refused::NOT_FOUND);
    }
    let mut errors = FieldErrors::new();
    for field in MANAGED {
        if changed.get(field).is_some() {
            errors.insert(field, FieldError::MISMATCH);
        }
    }
    let passwords = passwords(body, &mut errors);
    done(errors)?;
    let mut errors = FieldErrors::new();
    if changed.get("id").is_some() {
        errors.insert("id", FieldError::PRIMARY_KEY);
    }
    let mut short = |field| changed.parse(&mut errors, field, ShortText::parse);
    let mut update = OwnUpdate {
        id_number: short("users_id_number"),
        level: short("users_level"),
        company_id: short("company_id"),
        parent_id: short("users_parent_id"),
        promo_code: short("users_promo_code"),
        group_id: short("usergroups_id"),
        ..OwnUpdate::default()
    };
    update.name = changed.parse(&mut errors, "users_name", Name::parse);
    update.phone = changed.parse(&mut errors, "users_phone", Phone::parse);
    update.picture = changed.parse(&mut errors, "users_picture", Picture::parse);
    update.user_type = changed.parse(&mut errors, "users_type", user_type);
    update.password = match passwords {
        Some(passwords) => passwords.change(&mut errors)?,
        None => None,
    };
    done(errors)?;
    Ok(update)
}

fn done(errors: FieldErrors) -> Result<(), Refused> {
    if errors.is_empty() { Ok(()) } else { Err(Refused::update(errors)) }
}

fn user_type(word: &str) -> Result<UserType, FieldError> {
    match word {
        "" => Err(FieldError::BLANK),
        word => UsersType::parse(word).ok_or_else(|| FieldError::select(word)),
    }
}

/// A record, and what is to become of it.
struct Changed<'a> {
    record: &'a Map<String, Value>,
    body: &'a Map<String, Value>,
}

impl Changed<'_> {
    /// The new text of the field, if it is another one. Values are read as PocketBase casts them: to the type of the
    /// field, whatever they are.
    fn get(&self, field: &str) -> Option<String> {
        let (old, new) = (self.record.get(field)?, self.body.get(field)?);
        let is_same = match old {
            Value::Number(old) => old.as_f64() == Some(number(new)),
            Value::Bool(old) => *old == boolean(new),
            _ => old.as_str() == Some(&text(new)),
        };
        (!is_same).then(|| text(new))
    }

    fn parse<T, E: Into<FieldError>>(
        &self,
        errors: &mut FieldErrors,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&self.get(field)?) {
            Ok(value) => Some(value),
            Err(error) => {
                errors.insert(field, error.into());
                None
            }
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => text.parse().unwrap_or_default(),
        Value::Bool(yes) => f64::from(*yes),
        _ => 0.0,
    }
}

fn boolean(value: &Value) -> bool {
    match value {
        Value::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "True" | "TRUE"),
        other => number(other) != 0.0,
    }
}

/// The passwords of a form that is filled in as it should be.
struct Passwords {
    old: String,
    new: String,
}

/// Nothing when none of the three is given; an empty password is not nothing.
fn passwords(body: &Map<String, Value>, errors: &mut FieldErrors) -> Option<Passwords> {
    let given = |field| body.get(field).map(text).unwrap_or_default();
    let (new, confirm, old) = (given("password"), given("passwordConfirm"), given("oldPassword"));
    let is_given = !(new.is_empty() && confirm.is_empty() && old.is_empty());
    if !is_given && !body.contains_key("password") {
        return None;
    }
    if new.is_empty() {
        errors.insert("password", FieldError::BLANK);
    }
    if is_given && confirm.is_empty() {
        errors.insert("passwordConfirm", FieldError::BLANK);
    } else if confirm != new {
        errors.insert("passwordConfirm", FieldError::MISMATCH);
    }
    if is_given && old.is_empty() {
        errors.insert("oldPassword", FieldError::BLANK);
    }
    Some(Passwords { old, new })
}

impl Passwords {
    /// An old password that is too long to be one is a wrong one; PocketBase has no words for a new one that is.
    fn change(self, errors: &mut FieldErrors) -> Result<Option<PasswordChange>, Refused> {
        let wrong =
            |_: Invalid| Refused::update(FieldErrors::from([("oldPassword", FieldError::OLD_PASSWORD)]));
        let old = PlainPassword::attempt(self.old).map_err(wrong)?;
        match PlainPassword::new(self.new) {
            Ok(new) => Ok(Some(PasswordChange { old, new })),
            Err(why) => {
                let error =
                    if matches!(why, Invalid::TooLong { .. }) { FieldError::VALUE } else { why.into() };
                errors.insert("password", error);
                Ok(None)
            }
        }
    }
}
