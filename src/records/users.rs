//! Users as superusers make and change them, and as users change themselves.

use serde_json::{Map, Value};

use super::form::Given;
use super::passwords::{Editor, Passwords, Sent};
use super::schema::Schema;
use crate::contract::view::{UsersIdtype, UsersType};
use crate::domain::{
    Email, IdType, Name, NewUser, OpenId, Phone, Picture, RecordId, ShortText, Status, TokenKey,
    User, UserType,
};
use crate::pb_data::{FIXED_FIELDS, USER_FIELDS};
use crate::pocketbase::error::Refused;
use crate::pocketbase::field_error::{FieldError, FieldErrors};
use crate::store::UserUpdate;

/// What PocketBase's form lets only superusers change.
const MANAGED: [&str; 2] = ["email", "verified"];

/// Who a new user will be, as far as the body does not say.
pub struct Identity {
    pub id: RecordId,
    pub conversation: uuid::Uuid,
    pub token_key: TokenKey,
    pub now: jiff::Timestamp,
}

/// The user that a superuser asks for. What PocketBase would leave empty and the contract wants full, is filled in.
///
/// # Errors
/// Each field that is wrong: first those of the form, then the values.
pub fn create(
    body: &Map<String, Value>,
    schema: &Schema,
    passwords: Passwords,
    identity: Identity,
) -> Result<NewUser, Refused> {
    let mut errors = FieldErrors::new();
    Sent::of(body).check(true, &mut errors);
    done(errors, Refused::create)?;
    let blank = Given::blank(schema);
    let mut given = Given::new(&blank, body, schema);
    let id = super::changes::new_id(&mut given, identity.id);
    let hash = super::changes::hash(&mut given, passwords.hash);
    for field in ["openid", "email"] {
        if given.change(field).is_none() {
            given.errors.insert(field, FieldError::BLANK);
        }
    }
    let mut update = values(&mut given, Editor::Superuser, "{}");
    done(given.errors, Refused::create)?;
    // Checked above: without an openid there is an error.
    let openid = update.openid.take().ok_or(Refused::BAD_REQUEST)?;
    let id_type = update.id_type.unwrap_or(IdType::ManagePlatform);
    update.user_type = update.user_type.or(Some(match id_type {
        IdType::ManagePlatform => UserType::Registered,
        IdType::WeChat => UserType::Guest,
    }));
    update.password_hash = hash;
    let new = NewUser::new(
        id,
        openid,
        id_type,
        identity.conversation,
        identity.token_key,
        identity.now,
    );
    Ok(new.with(|user| {
        user.verified = false;
        *user = update.apply(user.clone());
    }))
}

/// What `body` changes of `user`, who is shown as `record`. Unknown fields are ignored.
///
/// # Errors
/// [`Refused::NOT_FOUND`] for a protected field of the user's own record, as a rule does; otherwise each field that is
/// wrong: first those of the form, then the values.
pub fn update(
    user: &User,
    record: &Map<String, Value>,
    body: &Map<String, Value>,
    schema: &Schema,
    editor: Editor,
    passwords: Passwords,
    token_key: TokenKey,
) -> Result<UserUpdate, Refused> {
    let mut given = Given::new(record, body, schema);
    if editor == Editor::Owner {
        if FIXED_FIELDS
            .iter()
            .any(|field| given.change(field).is_some())
        {
            return Err(Refused::NOT_FOUND);
        }
        for field in MANAGED {
            if given.change(field).is_some() {
                given.errors.insert(field, FieldError::MISMATCH);
            }
        }
    }
    let sent = Sent::of(body);
    match editor {
        Editor::Superuser => sent.check(false, &mut given.errors),
        Editor::Owner => {
            let is_phone = other_phone(user, body, schema).is_some();
            sent.check_owner(is_phone, passwords.old, &mut given.errors);
        }
    }
    done(std::mem::take(&mut given.errors), Refused::update)?;
    if given.change("id").is_some() {
        given.errors.insert("id", FieldError::PRIMARY_KEY);
    }
    let hash = super::changes::hash(&mut given, passwords.hash);
    let mut update = values(&mut given, editor, user.columns.as_deref().unwrap_or("{}"));
    done(given.errors, Refused::update)?;
    // By being disabled, so that nothing old is valid again afterwards; by being enabled, because who was brought here disabled
    // came with tokens, too.
    let ends_tokens = hash.is_some() || update.email.is_some() || update.status.is_some();
    update.token_key = ends_tokens.then_some(token_key);
    update.password_hash = hash;
    update.if_token_key = passwords.if_token_key;
    Ok(update)
}

/// The phone that `body` gives in place of the user's own; the same in another spelling is none, nor is what is no phone.
pub fn other_phone(user: &User, body: &Map<String, Value>, schema: &Schema) -> Option<Phone> {
    let nothing = Map::new();
    let phone = Given::new(&nothing, body, schema).parse("users_phone", Phone::parse)?;
    Some(phone).filter(|phone| user.phone.as_ref() != Some(phone))
}

fn done(errors: FieldErrors, refused: fn(FieldErrors) -> Refused) -> Result<(), Refused> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(refused(errors))
    }
}

fn values(given: &mut Given<'_>, editor: Editor, columns: &str) -> UserUpdate {
    // Users cannot empty what the contract asks of them; superusers can.
    let may_empty = editor == Editor::Superuser;
    let short = |given: &mut Given<'_>, field| given.parse(field, ShortText::parse);
    UserUpdate {
        id_number: short(given, "users_id_number"),
        level: short(given, "users_level"),
        company_id: short(given, "company_id"),
        parent_id: short(given, "users_parent_id"),
        promo_code: short(given, "users_promo_code"),
        group_id: short(given, "usergroups_id"),
        name: given.parse("users_name", |text| match text {
            "" if may_empty => Ok(Name::default()),
            text => Name::parse(text),
        }),
        picture: given.parse("users_picture", |text| match text {
            "" if may_empty => Ok(Picture::default()),
            text => Picture::parse(text),
        }),
        phone: given.parse("users_phone", |text| match text {
            "" if may_empty => Ok(None),
            text => Phone::parse(text).map(Some),
        }),
        user_type: given.parse("users_type", |word| choice(word, UsersType::parse)),
        id_type: given.parse("users_idtype", |word| choice(word, UsersIdtype::parse)),
        status: status(given),
        rank_level: given.whole("users_rank_level"),
        auth_type: given.whole("users_auth_type"),
        openid: given.parse("openid", |text| match text {
            "" => Err(FieldError::BLANK),
            text => OpenId::parse(text).ok_or(FieldError::FORMAT),
        }),
        conversation_id: given.text("users_convers_id"),
        given_number: given
            .text("users_id")
            .map(|text| Some(text).filter(|text| !text.is_empty())),
        email: given.parse("email", |text| email(text).map(Some)),
        email_visibility: given.flag("emailVisibility"),
        verified: given.flag("verified"),
        columns: own_columns(given, columns),
        ..UserUpdate::default()
    }
}

/// An e-mail address that is one.
///
/// # Errors
/// What is wrong with it.
pub fn email(text: &str) -> Result<String, FieldError> {
    match text {
        "" => Err(FieldError::BLANK),
        text => Email::parse(text).map(Into::into).ok_or(FieldError::EMAIL),
    }
}

fn choice<T>(word: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, FieldError> {
    match word {
        "" => Err(FieldError::BLANK),
        word => parse(word).ok_or_else(|| FieldError::select(word)),
    }
}

fn status(given: &mut Given<'_>) -> Option<Status> {
    match given.whole("users_status")? {
        0 => Some(Status::Disabled),
        1 => Some(Status::Active),
        _ => {
            given.errors.insert("users_status", FieldError::VALUE);
            None
        }
    }
}

/// The columns that are the deployment's own, if any is given.
fn own_columns(given: &mut Given<'_>, columns: &str) -> Option<String> {
    let schema = given.schema();
    let own = || {
        schema
            .fields()
            .filter(|field| !field.is_hidden && !USER_FIELDS.contains(&field.name.as_str()))
    };
    if !own().any(|field| given.change(&field.name).is_some()) {
        return None;
    }
    let mut all: Map<String, Value> = serde_json::from_str(columns).unwrap_or_default();
    all.extend(given.columns(own()));
    Some(Value::Object(all).to_string())
}
