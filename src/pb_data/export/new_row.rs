//! From records to rows.

use base64::Engine as _;
use base64::engine::general_purpose::NO_PAD;
use base64::{alphabet, engine::GeneralPurpose};
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use super::super::Error;
use super::super::records::{ID_TYPES, USER_TYPES};
use super::super::source_tables::Field;
use crate::domain::{Company, Phone, Status, Superuser, TokenKey, User, is_imported_hash};
use crate::random::Random;
use crate::records::date::date_text;
use crate::store::Record;

/// Base64 as bcrypt writes it.
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);

/// Characters that PocketBase allows a token key.
const TOKEN_KEY: std::ops::RangeInclusive<usize> = 30..=60;

/// Makes what PocketBase must not be without.
pub struct Secrets<'a> {
    pub random: &'a Random,
}

impl Secrets<'_> {
    /// A bcrypt hash of no password that anybody knows: its bits are random, and no hash was computed.
    fn hash(&self) -> Result<String, Error> {
        let (salt, hash) = (self.random.bytes::<16>()?, self.random.bytes::<23>()?);
        Ok(format!(
            "$2a$10${}{}",
            BCRYPT.encode(salt),
            BCRYPT.encode(hash)
        ))
    }

    fn password(&self, hash: Option<&str>) -> Result<Value, Error> {
        match hash.filter(|hash| is_imported_hash(hash)) {
            Some(hash) => Ok(hash.into()),
            None => Ok(self.hash()?.into()),
        }
    }
}

/// A value for each field, and the names of columns for which there is no field.
pub fn of(
    record: &Record,
    fields: &[Field],
    secrets: &Secrets<'_>,
) -> Result<(Vec<Sql>, Vec<String>), Error> {
    let mut values = match record {
        Record::User(user) => user_values(user, secrets)?,
        Record::Company(company) => company_values(company),
        Record::Superuser(superuser) => superuser_values(superuser, secrets)?,
    };
    // A map that keeps its order moves the rest when it is not swapped.
    let row = fields
        .iter()
        .map(|field| sql(field, values.swap_remove(&field.name)))
        .collect();
    let is_lost = |(_, value): &(String, Value)| !matches!(value, Value::Null) && *value != "";
    Ok((
        row,
        values
            .into_iter()
            .filter(is_lost)
            .map(|(name, _)| name)
            .collect(),
    ))
}

fn user_values(user: &User, secrets: &Secrets<'_>) -> Result<Map<String, Value>, Error> {
    let word = |text: Option<&'static str>| Value::from(text.unwrap_or_default());
    let ours = [
        ("company_id", user.company_id.as_str().into()),
        ("created", date_text(user.created).into()),
        ("email", user.email.as_deref().unwrap_or_default().into()),
        ("emailVisibility", user.email_visibility.into()),
        ("id", user.id.as_str().into()),
        ("openid", user.openid.as_str().into()),
        ("password", secrets.password(user.password_hash.as_deref())?),
        ("tokenKey", token_key(&user.token_key).into()),
        ("updated", date_text(user.updated).into()),
        ("usergroups_id", user.group_id.as_str().into()),
        ("users_auth_type", user.auth_type.into()),
        ("users_convers_id", user.conversation_id.as_str().into()),
        ("users_id", user.shown_number().into()),
        ("users_id_number", user.id_number.as_str().into()),
        (
            "users_idtype",
            word(
                ID_TYPES
                    .iter()
                    .find(|(kind, _)| *kind == user.id_type)
                    .map(|(_, word)| *word),
            ),
        ),
        ("users_level", user.level.as_str().into()),
        ("users_name", user.name.as_str().into()),
        ("users_parent_id", user.parent_id.as_str().into()),
        (
            "users_phone",
            user.phone.as_ref().map_or("", Phone::as_str).into(),
        ),
        ("users_picture", user.picture.as_str().into()),
        ("users_promo_code", user.promo_code.as_str().into()),
        ("users_rank_level", user.rank_level.into()),
        (
            "users_status",
            i64::from(user.status == Status::Active).into(),
        ),
        (
            "users_type",
            word(
                USER_TYPES
                    .iter()
                    .find(|(kind, _)| *kind == user.user_type)
                    .map(|(_, word)| *word),
            ),
        ),
        ("verified", user.verified.into()),
    ];
    Ok(with_columns(user.columns.as_deref(), ours))
}

fn company_values(company: &Company) -> Map<String, Value> {
    let ours = [
        ("company_id", company.company_id.as_str().into()),
        ("created", date_text(company.created).into()),
        ("id", company.id.as_str().into()),
        ("updated", date_text(company.updated).into()),
    ];
    with_columns(Some(&company.columns), ours)
}

fn superuser_values(
    superuser: &Superuser,
    secrets: &Secrets<'_>,
) -> Result<Map<String, Value>, Error> {
    let ours = [
        ("created", date_text(superuser.created).into()),
        ("email", superuser.email.as_str().into()),
        ("emailVisibility", superuser.email_visibility.into()),
        ("id", superuser.id.as_str().into()),
        (
            "password",
            secrets.password(Some(&superuser.password_hash))?,
        ),
        ("tokenKey", token_key(&superuser.token_key).into()),
        ("updated", date_text(superuser.updated).into()),
        ("verified", superuser.verified.into()),
    ];
    Ok(with_columns(None, ours))
}

fn with_columns<const N: usize>(
    columns: Option<&str>,
    ours: [(&str, Value); N],
) -> Map<String, Value> {
    let columns = columns.and_then(|columns| serde_json::from_str(columns).ok());
    let mut values: Map<String, Value> = columns.unwrap_or_default();
    values.extend(
        ours.into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    values
}

/// A value in the column of a field; without a value, what PocketBase has there by default.
fn sql(field: &Field, value: Option<Value>) -> Sql {
    match (field.r#type.as_str(), value) {
        ("json", None | Some(Value::Null)) => Sql::Null,
        ("geoPoint", None | Some(Value::Null)) => Sql::Text(r#"{"lon":0,"lat":0}"#.to_owned()),
        (_, None | Some(Value::Null)) if field.is_json() => Sql::Text("[]".to_owned()),
        (_, Some(value)) if field.is_json() => Sql::Text(value.to_string()),
        ("number" | "bool", None | Some(Value::Null)) => Sql::Integer(0),
        (_, None | Some(Value::Null)) => Sql::Text(String::new()),
        (_, Some(Value::Bool(is))) => Sql::Integer(is.into()),
        (_, Some(Value::Number(number))) => match number.as_i64() {
            Some(number) => Sql::Integer(number),
            None => Sql::Real(number.as_f64().unwrap_or_default()),
        },
        (_, Some(Value::String(text))) => Sql::Text(text),
        (_, Some(other)) => Sql::Text(other.to_string()),
    }
}

/// An imported key is text and goes back as it was; ours are bytes.
fn token_key(key: &TokenKey) -> String {
    let bytes = key.as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text)
            if TOKEN_KEY.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            text.to_owned()
        }
        _ => hex(bytes),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or_default();
    let hex: String = bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect();
    format!("{hex:0<30.60}")
}

/// Letters and digits; the bias of the remainder is under 1 %.
pub fn random_text(random: &Random, len: usize) -> Result<String, Error> {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let bytes = random.bytes::<128>()?;
    let pick = |pair: &[u8]| {
        let n = usize::from(u16::from_be_bytes([pair[0], pair[1]]));
        char::from(ALPHABET[n % ALPHABET.len()])
    };
    Ok(bytes.chunks_exact(2).take(len).map(pick).collect())
}
