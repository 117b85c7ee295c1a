//! Records made of rows. A value that does not fit is a problem of that record, and of no other.

use jiff::Timestamp;
use uuid::Uuid;

use super::problem::Problem;
use super::row::TableRow;
use super::source_tables::Table;
use crate::domain::{Company, IdType, Kind, OpenId, RecordId, Superuser, TokenKey, User, UserType};
use crate::records::fields::field::{self, Access, BuiltInField};
use crate::records::fields::tables::BuiltIn;
use crate::records::fields::types::FieldType;
use crate::records::fields::value::FieldValue;
use crate::store::Record;

/// The cost of the dearest bcrypt hash that is taken: a login with it takes about five seconds.
const MAX_COST: u8 = 16;

/// The record in a row.
pub fn record(row: &TableRow<'_>, table: &Table) -> Result<Record, Problem> {
    Ok(match table.collection.kind {
        Kind::Users => Record::User(user(row)?),
        Kind::Companies => Record::Company(company(row)?),
        Kind::Superusers => Record::Superuser(superuser(row)?),
    })
}

fn user(row: &TableRow<'_>) -> Result<User, Problem> {
    let id_type: IdType = text_value(row, "users_idtype")?;
    let id: RecordId = text_value(row, "id")?;
    let openid: OpenId = text_value(row, "openid")?;
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
    fill(&mut user, row)?;
    user.columns = row.own_columns()?;
    user.password_hash = password_hash(row)?;
    Ok(user)
}

/// The type that registration and the first login give a user who says nothing of it.
fn usual_type(id_type: IdType) -> UserType {
    match id_type {
        IdType::WeChat => UserType::Guest,
        IdType::ManagePlatform => UserType::Registered,
    }
}

fn company(row: &TableRow<'_>) -> Result<Company, Problem> {
    let mut company = Company {
        id: text_value(row, "id")?,
        number: 0,
        company_id: String::new(),
        columns: row.own_columns()?.unwrap_or_else(|| "{}".to_owned()),
        created: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
    };
    fill(&mut company, row)?;
    Ok(company)
}

fn superuser(row: &TableRow<'_>) -> Result<Superuser, Problem> {
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
    fill(&mut superuser, row)?;
    Ok(superuser)
}

/// Gives `record` the values of all built-in fields.
fn fill<R: BuiltIn>(record: &mut R, row: &TableRow<'_>) -> Result<(), Problem> {
    for field in R::fields() {
        if let Access::Typed { .. } = field.access {
            fill_field(record, field, row)?;
        }
    }
    Ok(())
}

fn fill_field<R>(
    record: &mut R,
    field: &BuiltInField<R>,
    row: &TableRow<'_>,
) -> Result<(), Problem> {
    let name = field.name;
    let filled = match field.kind {
        field::Kind::Number => field.set(record, FieldValue::Number(row.number(name)?)),
        field::Kind::Bool => field.set(record, FieldValue::Bool(row.flag(name)?)),
        field::Kind::Autodate { .. } => field.set(record, FieldValue::Date(row.date(name)?)),
        _ => match row.text(name)?.as_str() {
            // A choice that was not made stays as it is usual.
            "" if matches!(field.kind, field::Kind::Select(_)) => Ok(()),
            text => field.set(record, FieldValue::Text(text)),
        },
    };
    filled.map_err(Problem::of_field(name))
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
