//! Records whose values somebody has here already: a user comes without the phone, or fills what is empty in the user who is here.

use serde_json::Value;

use super::change::Change;
use super::error::Error;
use super::problem::Problem;
use super::records::Converted;
use super::stored::conflict_problem;
use crate::domain::{IdType, Status, User, UserType};
use crate::records::fields::choice::Choice as _;
use crate::records::fields::field::BuiltInField;
use crate::records::fields::of_record::parse_columns;
use crate::records::fields::tables::BuiltIn as _;
use crate::records::fields::value::FieldValue;
use crate::store::{CommitError, Conflict, Record, Store, Write};

/// The end of a conflict.
pub enum Settled {
    /// The record came, with a change.
    Came(Change),
    /// It was here under another id, and nothing of it was empty.
    Same,
    /// It was here under another id, and got what it had not.
    Filled(Change),
    /// It does not come.
    Refused(Problem),
}

/// Settles the conflict of a record that did not come.
pub async fn settle(
    store: &Store,
    converted: &Converted,
    conflict: Conflict,
) -> Result<Settled, Error> {
    let Record::User(user) = &converted.record else {
        return refused(store, &converted.record, conflict).await;
    };
    match store.user_by_openid(&user.openid).await? {
        Some(known) if known.id != user.id => fill(store, known, user).await,
        _ if conflict == Conflict::Phone => without_phone(store, user).await,
        _ => refused(store, &converted.record, conflict).await,
    }
}

async fn refused(store: &Store, record: &Record, conflict: Conflict) -> Result<Settled, Error> {
    let problem = conflict_problem(store, record, conflict).await?;
    Ok(Settled::Refused(problem))
}

/// Brings a user without the phone, which somebody here has.
async fn without_phone(store: &Store, user: &User) -> Result<Settled, Error> {
    let change = Change::PhoneOfAnother {
        owner: phone_owner(store, user).await?.unwrap_or_default(),
        is_chosen: false,
        is_login: user.id_type == IdType::ManagePlatform,
    };
    let user = User {
        phone: None,
        ..user.clone()
    };
    match store.insert(user.clone()).await {
        Ok(_) => Ok(Settled::Came(change)),
        Err(CommitError::Conflict { conflict, .. }) => {
            refused(store, &Record::User(user), conflict).await
        }
        Err(CommitError::Failed(error)) => Err(error.into()),
    }
}

/// The id of the user here who has the phone of `user`, if it is another one.
async fn phone_owner(store: &Store, user: &User) -> Result<Option<String>, Error> {
    let Some(phone) = &user.phone else {
        return Ok(None);
    };
    let owner = store.user_by_phone(phone).await?;
    let other = owner.filter(|owner| owner.id != user.id);
    Ok(other.map(|owner| owner.id.to_string()))
}

/// Gives the user who is here what is empty in it.
async fn fill(store: &Store, known: User, user: &User) -> Result<Settled, Error> {
    let mut given = user.clone();
    if phone_owner(
        store,
        &User {
            id: known.id.clone(),
            ..given.clone()
        },
    )
    .await?
    .is_some()
    {
        given.phone = None;
    }
    let (after, filled) = filled(&known, &given);
    if filled.is_empty() {
        return Ok(Settled::Same);
    }
    let change = Change::IsHere {
        known: known.id.to_string(),
        filled,
    };
    let write = Write::update(known, after);
    match store.commit(vec![write]).await {
        Ok(_) => Ok(Settled::Filled(change)),
        Err(CommitError::Conflict { conflict, .. }) => {
            refused(store, &Record::User(given), conflict).await
        }
        Err(CommitError::Failed(error)) => Err(error.into()),
    }
}

/// The user with all that was empty filled, and the names of what was. Who is disabled there is so here, and all its tokens end.
fn filled(known: &User, given: &User) -> (User, Vec<String>) {
    let mut after = known.clone();
    let mut filled = Vec::new();
    for field in User::fields() {
        if is_to_fill(field, known, given) && copy(field, given, &mut after) {
            filled.push(field.name.to_owned());
        }
    }
    filled.extend(fill_columns(&mut after, given));
    if given.status == Status::Disabled && known.status == Status::Active {
        after.status = Status::Disabled;
        after.token_key = given.token_key.clone();
        filled.push("users_status 0".to_owned());
    }
    (after, filled)
}

/// Whether a field is empty here and not there. A status of 0 is not empty, and a guest may have become more.
fn is_to_fill(field: &BuiltInField<User>, known: &User, given: &User) -> bool {
    match (field.value(known), field.value(given)) {
        (Some(FieldValue::Text("")), Some(FieldValue::Text(text))) => !text.is_empty(),
        (Some(FieldValue::Number(0)), Some(FieldValue::Number(number))) => {
            number != 0 && field.name != "users_status"
        }
        (Some(FieldValue::Choice(here)), Some(FieldValue::Choice(_))) => {
            here == UserType::Guest.word() && given.user_type == UserType::Registered
        }
        _ => false,
    }
}

fn copy(field: &BuiltInField<User>, given: &User, after: &mut User) -> bool {
    let value = field.value(given);
    value.is_some_and(|value| field.set(after, value).is_ok())
}

/// Fills columns that are the deployment's own; their names.
fn fill_columns(after: &mut User, given: &User) -> Vec<String> {
    let mut columns = parse_columns(after.columns.as_deref());
    let mut filled = Vec::new();
    for (name, value) in parse_columns(given.columns.as_deref()) {
        if is_empty(columns.get(&name)) && !is_empty(Some(&value)) {
            columns.insert(name.clone(), value);
            filled.push(name);
        }
    }
    if !filled.is_empty() {
        columns.sort_keys();
        after.columns = Some(Value::Object(columns).to_string());
    }
    filled
}

/// Whether a value of a column is none, or what a field has that was never set.
fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(object)) => object.is_empty(),
        Some(Value::Bool(true)) => false,
    }
}

/// The record as it could come to where `known` is: without a phone that another user here has.
pub async fn as_it_could_come(
    store: &Store,
    known: &Record,
    record: Record,
) -> Result<Record, Error> {
    Ok(match (known, record) {
        (Record::User(known), Record::User(user))
            if known.phone.is_none() && phone_owner(store, &user).await?.is_some() =>
        {
            Record::User(User {
                phone: None,
                ..user
            })
        }
        (_, record) => record,
    })
}
