//! Records made of rows. A value that does not fit is a problem of that record, and of no other.

use jiff::Timestamp;
use uuid::Uuid;

use super::change::Change;
use super::problem::Problem;
use super::row::TableRow;
use super::source_tables::Table;
use super::user_facts::UserFacts;
use crate::domain::{
    Company, IdType, Kind, OpenId, Phone, RecordId, Status, Superuser, TokenKey, User, UserType,
};
use crate::records::fields::choice::status_from_number;
use crate::records::fields::field::{self, Access, BuiltInField};
use crate::records::fields::tables::BuiltIn;
use crate::records::fields::types::FieldType;
use crate::records::fields::value::FieldValue;
use crate::store::Record;

/// The cost of the dearest bcrypt hash that is taken: a login with it takes about five seconds.
const MAX_COST: u8 = 16;

/// A record, and what was changed so that it can be one.
pub struct Converted {
    pub record: Record,
    pub changes: Vec<Change>,
}

/// The record in a row.
pub fn record(row: &TableRow<'_>, table: &Table, facts: &UserFacts) -> Result<Converted, Problem> {
    let mut changes = Vec::new();
    let record = match table.collection.kind {
        Kind::Users => Record::User(user(row, facts, &mut changes)?),
        Kind::Companies => Record::Company(company(row, &mut changes)?),
        Kind::Superusers => Record::Superuser(superuser(row, &mut changes)?),
    };
    Ok(Converted { record, changes })
}

/// The user in a row, if there can be one.
pub fn user_of_row(row: &TableRow<'_>, facts: &UserFacts) -> Option<User> {
    user(row, facts, &mut Vec::new()).ok()
}

fn user(row: &TableRow<'_>, facts: &UserFacts, changes: &mut Vec<Change>) -> Result<User, Problem> {
    let id_type: IdType = text_value(row, "users_idtype")?;
    let id: RecordId = text_value(row, "id")?;
    let openid = openid(row, id_type, &id, changes)?;
    let token_key = token_key(row)?;
    let mut user = User::new(
        id,
        openid,
        id_type,
        Uuid::nil(),
        token_key,
        Timestamp::UNIX_EPOCH,
    );
    user.user_type = usual_type(id_type);
    fill(&mut user, row, changes)?;
    user.columns = row.own_columns()?;
    user.password_hash = password_hash(row)?;
    user.status = status(row, facts, changes)?;
    user.phone = phone(row, &user, facts, changes)?;
    give_email(&mut user, changes);
    Ok(user)
}

/// The openid; a platform user without one, who logs in by phone, gets one that is always the same.
fn openid(
    row: &TableRow<'_>,
    id_type: IdType,
    id: &RecordId,
    changes: &mut Vec<Change>,
) -> Result<OpenId, Problem> {
    if id_type == IdType::ManagePlatform && row.text("openid")?.is_empty() {
        changes.push(Change::OpenIdGiven);
        return Ok(OpenId::from(uuid_of(id)));
    }
    text_value(row, "openid")
}

fn uuid_of(id: &RecordId) -> Uuid {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(id.as_str().bytes()) {
        *to = from;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Fields of users that are more than a cast of their column.
const READ_BY_THEMSELVES: [&str; 3] = ["openid", "users_status", "users_phone"];

/// Status of a user; one without any, be it because nobody has any, may log in.
fn status(
    row: &TableRow<'_>,
    facts: &UserFacts,
    changes: &mut Vec<Change>,
) -> Result<Status, Problem> {
    let number = row.number("users_status")?;
    // Of all users it is said once.
    if !facts.is_status_set {
        return Ok(Status::Active);
    }
    if !number.is_set {
        changes.push(Change::StatusNeverSet);
        return Ok(Status::Active);
    }
    Ok(match status_from_number(number.whole) {
        Some(status) if number.is_exact => status,
        _ => {
            changes.push(Change::UnknownStatus);
            Status::Disabled
        }
    })
}

/// The phone, unless it is none, or another user's. A platform user logs in by it and does not come with one that is none.
fn phone(
    row: &TableRow<'_>,
    user: &User,
    facts: &UserFacts,
    changes: &mut Vec<Change>,
) -> Result<Option<Phone>, Problem> {
    let text = row.text("users_phone")?;
    if text == "0" && row.is_number("users_phone") {
        return Ok(None);
    }
    let phone: Result<Option<Phone>, _> = FieldType::from_value(FieldValue::Text(&text));
    let is_login = user.id_type == IdType::ManagePlatform;
    match (phone, facts.without_phone.get(user.id.as_str())) {
        (Ok(Some(_)), Some(owner)) => {
            changes.push(Change::PhoneOfAnother {
                owner: owner.clone(),
                is_chosen: true,
                is_login,
            });
            Ok(None)
        }
        (Ok(phone), _) => Ok(phone),
        (Err(why), _) if is_login => Err(Problem::of_field("users_phone")(why)),
        (Err(_), _) => {
            changes.push(Change::PhoneLeftOut);
            Ok(None)
        }
    }
}

/// Gives a platform user an e-mail address, without which none can log in.
fn give_email(user: &mut User, changes: &mut Vec<Change>) {
    if user.email.is_none() && user.id_type == IdType::ManagePlatform {
        user.email = Some(User::native_email(user.id_type, &user.openid, &user.id));
        changes.push(Change::EmailGiven);
    }
}

/// The type that registration and the first login give a user who says nothing of it.
fn usual_type(id_type: IdType) -> UserType {
    match id_type {
        IdType::WeChat => UserType::Guest,
        IdType::ManagePlatform => UserType::Registered,
    }
}

fn company(row: &TableRow<'_>, changes: &mut Vec<Change>) -> Result<Company, Problem> {
    let mut company = Company {
        id: text_value(row, "id")?,
        number: 0,
        company_id: String::new(),
        columns: row.own_columns()?.unwrap_or_else(|| "{}".to_owned()),
        created: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
    };
    fill(&mut company, row, changes)?;
    Ok(company)
}

fn superuser(row: &TableRow<'_>, changes: &mut Vec<Change>) -> Result<Superuser, Problem> {
    let mut superuser = Superuser {
        id: text_value(row, "id")?,
        number: 0,
        email: String::new(),
        email_visibility: false,
        verified: false,
        password_hash: password_hash(row)?.ok_or_else(|| Problem::empty("password"))?,
        token_key: token_key(row)?,
        created: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
    };
    fill(&mut superuser, row, changes)?;
    Ok(superuser)
}

/// Gives `record` the values of all built-in fields.
fn fill<R: BuiltIn>(
    record: &mut R,
    row: &TableRow<'_>,
    changes: &mut Vec<Change>,
) -> Result<(), Problem> {
    for field in R::fields() {
        if matches!(field.access, Access::Typed { .. }) && !READ_BY_THEMSELVES.contains(&field.name)
        {
            fill_field(record, field, row, changes)?;
        }
    }
    Ok(())
}

fn fill_field<R>(
    record: &mut R,
    field: &BuiltInField<R>,
    row: &TableRow<'_>,
    changes: &mut Vec<Change>,
) -> Result<(), Problem> {
    let name = field.name;
    let filled = match field.kind {
        field::Kind::Number => {
            let number = row.number(name)?;
            if number.is_set && !number.is_exact {
                changes.push(Change::Whole(name));
            }
            field.set(record, FieldValue::Number(number.whole))
        }
        field::Kind::Bool => field.set(record, FieldValue::Bool(row.flag(name)?)),
        field::Kind::Autodate { .. } => field.set(record, FieldValue::Date(row.date(name)?)),
        field::Kind::Select(_) => {
            choose(record, field, &row.text(name)?, changes);
            Ok(())
        }
        _ => field.set(record, FieldValue::Text(&row.text(name)?)),
    };
    filled.map_err(Problem::of_field(name))
}

/// Makes a choice; one that was not made, or is none, stays as it is usual.
fn choose<R>(record: &mut R, field: &BuiltInField<R>, text: &str, changes: &mut Vec<Change>) {
    let chosen = field.set(record, FieldValue::Text(text));
    if chosen.is_err() && !text.is_empty() {
        changes.push(Change::UnknownChoice(field.name));
    }
}

/// The value of a column that is needed before there is a record.
fn text_value<T: FieldType>(row: &TableRow<'_>, name: &'static str) -> Result<T, Problem> {
    T::from_value(FieldValue::Text(&row.text(name)?)).map_err(Problem::of_field(name))
}

/// An empty key would leave the collection's secret alone to sign tokens.
fn token_key(row: &TableRow<'_>) -> Result<TokenKey, Problem> {
    match row.text("tokenKey")? {
        key if key.is_empty() => Err(Problem::empty("tokenKey")),
        key => Ok(TokenKey::new(key)),
    }
}

fn password_hash(row: &TableRow<'_>) -> Result<Option<String>, Problem> {
    match row.text("password")? {
        hash if hash.is_empty() => Ok(None),
        hash if is_bcrypt(&hash) => Ok(Some(hash)),
        _ => Err(Problem::unfit(
            "password",
            "not a bcrypt hash that can be verified here",
        )),
    }
}

/// `$2a$10$`, 22 characters of salt and 31 of hash.
fn is_bcrypt(hash: &str) -> bool {
    let mut parts = hash.split('$');
    let [Some(""), Some(version), Some(cost), Some(rest), None] = [(); 5].map(|()| parts.next())
    else {
        return false;
    };
    let cost_fits = cost.len() == 2
        && cost
            .parse()
            .is_ok_and(|cost: u8| (4..=MAX_COST).contains(&cost));
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'/';
    matches!(version, "2a" | "2b" | "2y")
        && cost_fits
        && rest.len() == 53
        && rest.bytes().all(in_alphabet)
}
