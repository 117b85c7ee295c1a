//! Records of any collection, for an operator: found by name, listed, and shown as rows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context::Admin;
use super::failure::{Cause, Failure};
use super::io::Io;
use super::typed_text::ensure_fit;
use crate::auth::{self, IdentityField};
use crate::domain::{Kind, Phone, RecordId};
use crate::filter;
use crate::records::access::Access;
use crate::records::form::RecordForm;
use crate::records::list::{ListError, ListQuery, Paging, Selection};
use crate::records::schema::FieldKind;
use crate::records::{summary, view};
use crate::store::Record;

/// The order of a list that nobody asked another one for.
const NEWEST_FIRST: &str = "-created";
/// The most users who are read to find the newest of them.
const READ_AT_ONCE: u64 = 20_000;
/// The most records of a page.
const LIMIT_MAX: u64 = 1000;

/// A query for a page of records.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct RecordQuery {
    /// Part of a name, a phone, an openid or the like; empty: all.
    pub text: String,
    /// A filter in PocketBase's language; empty: none.
    pub filter: String,
    /// A sort in PocketBase's language; empty: newest first.
    pub sort: String,
    /// At most so many, 1000 at the most …
    pub limit: u64,
    /// … from this page on, the first being 1.
    pub page: u64,
}

/// Gives out a page of records as rows, and at last how many there are on all pages.
pub async fn list(admin: &Admin, kind: Kind, query: RecordQuery, io: &Io) -> Result<(), Failure> {
    let (records, total) = match by_index(admin, kind, &query).await? {
        Some(found) => found,
        None => scan(admin, kind, &query, true).await?,
    };
    for record in &records {
        io.row(to_row(admin, record)).await?;
    }
    let shown = u64::try_from(records.len()).unwrap_or(u64::MAX);
    io.progress(shown, total).await
}

/// Records of a page, and how many there are on all pages.
type Found = (Vec<Record>, u64);

async fn scan(
    admin: &Admin,
    kind: Kind,
    query: &RecordQuery,
    is_counted: bool,
) -> Result<Found, Failure> {
    let page = admin
        .records
        .list(parse(admin, kind, query, is_counted)?)
        .await?;
    Ok((page.records, page.total))
}

/// The records that the text names by an index: the beginning of a phone, or all of a record's id, openid, e-mail address or key.
/// `None`: another part of a field may have it.
async fn by_index(
    admin: &Admin,
    kind: Kind,
    query: &RecordQuery,
) -> Result<Option<Found>, Failure> {
    if query.text.is_empty() || !query.filter.is_empty() || !query.sort.is_empty() {
        return Ok(None);
    }
    if kind == Kind::Users && is_phone_prefix(&query.text) {
        return by_phone_prefix(admin, query).await;
    }
    match find(admin, kind, &query.text).await {
        Ok(record) => Ok(Some((vec![record], 1))),
        Err(failure) if failure.cause == Cause::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn is_phone_prefix(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A page of the users whose phones begin so, newest first. Many are not all read: the newest of them are found soon.
async fn by_phone_prefix(admin: &Admin, query: &RecordQuery) -> Result<Option<Found>, Failure> {
    let store = &admin.app.store;
    let prefix = match Phone::parse(&query.text) {
        Ok(phone) => phone.as_str().to_owned(),
        Err(_) => query.text.clone(),
    };
    let total = store.count_users_by_phone_prefix(&prefix).await?;
    if total == 0 {
        return Ok(None);
    }
    if total > READ_AT_ONCE {
        let newest = RecordQuery {
            text: String::new(),
            filter: summary::filter_by_phone_prefix(&prefix),
            ..query.clone()
        };
        let (records, _) = scan(admin, Kind::Users, &newest, false).await?;
        return Ok(Some((records, total)));
    }
    let mut users = store.users_by_phone_prefix(&prefix).await?;
    users.sort_by_key(|user| std::cmp::Reverse((user.created, user.number.0)));
    let skipped = query.page.saturating_sub(1).saturating_mul(query.limit);
    let page = users
        .into_iter()
        .skip(usize::try_from(skipped).unwrap_or(usize::MAX));
    let page = page.take(usize::try_from(query.limit).unwrap_or(usize::MAX));
    Ok(Some((page.map(Record::User).collect(), total)))
}

fn parse(
    admin: &Admin,
    kind: Kind,
    query: &RecordQuery,
    is_counted: bool,
) -> Result<ListQuery, Failure> {
    let filter = both(&query.filter, &summary::filter_by_text(kind, &query.text));
    let sort = match query.sort.as_str() {
        "" => NEWEST_FIRST,
        sort => sort,
    };
    let paging = Paging {
        page: query.page.max(1),
        per_page: query.limit.clamp(1, LIMIT_MAX),
        skip_total: !is_counted,
    };
    let access = Access::operator(&admin.records);
    ListQuery::parse(access.clone(), kind, paging, &filter, "")
        .map_err(|error| explain(admin, kind, "--filter", error))?;
    ListQuery::parse(access, kind, paging, &filter, sort)
        .map_err(|error| explain(admin, kind, "--sort", error))
}

/// The records of this kind that match `filter`.
pub fn select(admin: &Admin, kind: Kind, filter: &str) -> Result<Selection, Failure> {
    Selection::parse(kind, filter, &admin.records.schemas())
        .map_err(|error| explain(admin, kind, "--filter", error))
}

/// The option that cannot be read, and the reason.
fn explain(admin: &Admin, kind: Kind, option: &str, error: ListError) -> Failure {
    let ListError::FilterInvalid(error) = error else {
        return error.into();
    };
    let help = match error {
        filter::Error::Field(_) => format!("there are {}", fields(admin, kind).join(", ")),
        _ => "it is in PocketBase's language, such as --filter \"users_status = 0 && created > '2026-01-01'\" or --sort=-created"
            .to_owned(),
    };
    Failure::invalid(format!("{option} cannot be read: {error}; {help}"))
}

/// A filter for what matches both; an empty one matches all.
fn both(one: &str, other: &str) -> String {
    let filters = [one, other].into_iter().filter(|text| !text.is_empty());
    let filters: Vec<_> = filters.map(|text| format!("({text})")).collect();
    filters.join(" && ")
}

/// The record that `name` names: a user by id, e-mail address, openid or phone, a company by id or key, a superuser by id or e-mail
/// address.
pub async fn find(admin: &Admin, kind: Kind, name: &str) -> Result<Record, Failure> {
    let store = &admin.app.store;
    if let Some(id) = RecordId::parse(name)
        && let Some(record) = store.record_by_id(kind, &id).await?
    {
        return Ok(record);
    }
    let found = match kind {
        Kind::Users => auth::user_by_identity(&admin.app, name, &IdentityField::ALL)
            .await?
            .map(Record::User),
        Kind::Companies => store
            .company_by_company_id(name)
            .await?
            .map(Record::Company),
        Kind::Superusers => store.superuser_by_email(name).await?.map(Record::Superuser),
    };
    found.ok_or_else(|| Failure::not_found(not_found(kind, name)))
}

fn not_found(kind: Kind, name: &str) -> String {
    let (noun, names) = match kind {
        Kind::Users => ("user", "id, phone, openid or e-mail address"),
        Kind::Companies => ("company", "id or company_id"),
        Kind::Superusers => ("superuser", "id or e-mail address"),
    };
    format!("there is no {noun} {name}; name it by {names}")
}

/// The user who has this phone.
pub async fn phone_holder(admin: &Admin, phone: &str) -> Result<Record, Failure> {
    let parsed =
        Phone::parse(phone).map_err(|why| Failure::invalid(format!("{phone} is {why}")))?;
    let user = admin.app.store.user_by_phone(&parsed).await?;
    user.map(Record::User)
        .ok_or_else(|| Failure::not_found(format!("nobody has the phone {phone}")))
}

/// The record as rows have it: as PocketBase writes it.
pub fn to_row(admin: &Admin, record: &Record) -> Map<String, Value> {
    view::record(record, &admin.app.collections()).to_map()
}

/// All fields that a record may have, hidden ones left out.
pub fn fields(admin: &Admin, kind: Kind) -> Vec<String> {
    let schemas = admin.records.schemas();
    let fields = schemas.of(kind).fields();
    fields
        .filter(|field| !field.is_hidden())
        .map(|field| field.name.clone())
        .collect()
}

/// The values as a form of a change: some, each of a field that an operator writes. PocketBase passes over others.
pub fn form(admin: &Admin, kind: Kind, values: &Map<String, Value>) -> Result<RecordForm, Failure> {
    ensure_fields(admin, kind, values)?;
    if let Some(name) = values.keys().find(|name| is_given(admin, kind, name)) {
        return Err(Failure::invalid(format!(
            "{name} is given by the server and does not change"
        )));
    }
    let schemas = admin.records.schemas();
    ensure_fit(values, schemas.of(kind))?;
    Ok(RecordForm::read(values, schemas.of(kind)))
}

/// Refuses a field that there is not: at a shell, or in a table, it is a slip of the pen.
pub fn ensure_fields(
    admin: &Admin,
    kind: Kind,
    values: &Map<String, Value>,
) -> Result<(), Failure> {
    let fields = fields(admin, kind);
    match values.keys().find(|key| !fields.contains(key)) {
        None => Ok(()),
        Some(unknown) => Err(Failure::invalid(format!(
            "there is no field {unknown}; there are {}",
            fields.join(", ")
        ))),
    }
}

/// Whether the server gives the field its value, once and for all.
fn is_given(admin: &Admin, kind: Kind, name: &str) -> bool {
    let schemas = admin.records.schemas();
    let field = schemas.of(kind).field(name);
    ["id", summary::NUMBER].contains(&name)
        || field.is_some_and(|field| field.kind == FieldKind::Autodate)
}
