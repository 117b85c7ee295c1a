//! Records of any collection, for an operator: found by name, listed, and shown as rows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context::Admin;
use super::failure::Failure;
use super::io::Io;
use crate::auth::{self, IdentityField};
use crate::domain::{Kind, Phone, RecordId};
use crate::filter;
use crate::records::form::RecordForm;
use crate::records::list::{ListError, ListQuery, Paging, Reader, Selection};
use crate::records::{summary, view};
use crate::store::Record;

/// The order of a list that nobody asked another one for.
const NEWEST_FIRST: &str = "-created";
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
    let query = parse(admin, kind, &query)?;
    let page = admin.records.list(query).await?;
    for record in &page.records {
        io.row(to_row(admin, record)).await?;
    }
    let shown = u64::try_from(page.records.len()).unwrap_or(u64::MAX);
    io.progress(shown, page.total).await
}

fn parse(admin: &Admin, kind: Kind, query: &RecordQuery) -> Result<ListQuery, Failure> {
    let filter = both(&query.filter, &summary::filter_by_text(kind, &query.text));
    let sort = match query.sort.as_str() {
        "" => NEWEST_FIRST,
        sort => sort,
    };
    let paging = Paging {
        page: query.page.max(1),
        per_page: query.limit.clamp(1, LIMIT_MAX),
        skip_total: false,
    };
    let schemas = admin.records.schemas();
    ListQuery::parse(Reader::Operator, kind, paging, &filter, "", &schemas)
        .map_err(|error| explain(admin, kind, "--filter", error))?;
    ListQuery::parse(Reader::Operator, kind, paging, &filter, sort, &schemas)
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
    view::record(record, &admin.app.collections())
}

/// All fields that a record may have, hidden ones left out.
pub fn fields(admin: &Admin, kind: Kind) -> Vec<String> {
    let schemas = admin.records.schemas();
    let fields = schemas.of(kind).fields();
    fields
        .filter(|field| !field.is_hidden)
        .map(|field| field.name.clone())
        .collect()
}

/// The values as a form. PocketBase passes over fields that it does not know; at a shell that is a slip of the pen.
pub fn form(admin: &Admin, kind: Kind, values: &Map<String, Value>) -> Result<RecordForm, Failure> {
    let fields = fields(admin, kind);
    if let Some(unknown) = values.keys().find(|key| !fields.contains(key)) {
        return Err(Failure::invalid(format!(
            "there is no field {unknown}; there are {}",
            fields.join(", ")
        )));
    }
    Ok(RecordForm::read(values, admin.records.schemas().of(kind)))
}
