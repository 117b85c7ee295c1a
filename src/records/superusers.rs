//! Superusers as superusers make and change them.

use serde_json::{Map, Value};

use super::changes::{hash, new_id};
use super::form::Given;
use super::passwords::{Passwords, Sent};
use super::schema::Schema;
use super::users::{Identity, email};
use crate::domain::Superuser;
use crate::pocketbase::error::Refused;
use crate::pocketbase::field_error::{FieldError, FieldErrors};
use crate::store::SuperuserUpdate;

/// The superuser that is asked for, who counts as verified whatever the body says.
///
/// # Errors
/// Each field that is wrong: first those of the form, then the values.
pub fn create(
    body: &Map<String, Value>,
    schema: &Schema,
    passwords: Passwords,
    identity: Identity,
) -> Result<Superuser, Refused> {
    let mut errors = FieldErrors::new();
    Sent::of(body).check(true, &mut errors);
    if !errors.is_empty() {
        return Err(Refused::create(errors));
    }
    let blank = Given::blank(schema);
    let mut given = Given::new(&blank, body, schema);
    let id = new_id(&mut given, identity.id);
    let password_hash = hash(&mut given, passwords.hash);
    if given.change("email").is_none() {
        given.errors.insert("email", FieldError::BLANK);
    }
    let email = given.parse("email", email);
    match (email, password_hash, given.errors.is_empty()) {
        (Some(email), Some(password_hash), true) => Ok(Superuser {
            id,
            number: 0,
            email,
            email_visibility: given.flag("emailVisibility").unwrap_or_default(),
            verified: true,
            password_hash,
            token_key: identity.token_key,
            created: identity.now,
            updated: identity.now,
        }),
        _ => Err(Refused::create(given.errors)),
    }
}

/// What `body` changes of the superuser who is shown as `record`.
///
/// # Errors
/// Each field that is wrong: first those of the form, then the values.
pub fn update(
    record: &Map<String, Value>,
    body: &Map<String, Value>,
    schema: &Schema,
    passwords: Passwords,
    token_key: crate::domain::TokenKey,
) -> Result<SuperuserUpdate, Refused> {
    let mut given = Given::new(record, body, schema);
    Sent::of(body).check(false, &mut given.errors);
    if !given.errors.is_empty() {
        return Err(Refused::update(given.errors));
    }
    if given.change("id").is_some() {
        given.errors.insert("id", FieldError::PRIMARY_KEY);
    }
    let password_hash = hash(&mut given, passwords.hash);
    let email = given.parse("email", email);
    if !given.errors.is_empty() {
        return Err(Refused::update(given.errors));
    }
    let ends_tokens = password_hash.is_some() || email.is_some();
    Ok(SuperuserUpdate {
        email,
        email_visibility: given.flag("emailVisibility"),
        password_hash,
        token_key: ends_tokens.then_some(token_key),
        ..SuperuserUpdate::default()
    })
}
