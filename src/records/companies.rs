//! Companies as superusers make and change them.

use serde_json::{Map, Value};

use super::changes::new_id;
use super::coerce;
use super::form::Given;
use super::schema::{Field, FieldKind, Schema};
use crate::domain::{Company, RecordId};
use crate::pocketbase::error::Refused;
use crate::pocketbase::field_error::{FieldError, FieldErrors};
use crate::store::CompanyUpdate;

/// What is no column of the deployment's own.
const OURS: [&str; 4] = ["id", "company_id", "created", "updated"];

/// The company that is asked for.
///
/// # Errors
/// Each field that is wrong.
pub fn create(
    body: &Map<String, Value>,
    schema: &Schema,
    id: RecordId,
    now: jiff::Timestamp,
) -> Result<Company, Refused> {
    let blank = Given::blank(schema);
    let mut given = Given::new(&blank, body, schema);
    let id = new_id(&mut given, id);
    let company_id = key(&mut given);
    let columns = given.columns(own(schema));
    match (company_id, given.errors.is_empty()) {
        (Some(company_id), true) => {
            let columns = Value::Object(columns).to_string();
            Ok(Company {
                id,
                number: 0,
                company_id,
                columns,
                created: now,
                updated: now,
            })
        }
        _ => Err(Refused::create(given.errors)),
    }
}

/// What `body` changes of `company`, which is shown as `record`.
///
/// # Errors
/// Each field that is wrong.
pub fn update(
    company: &Company,
    record: &Map<String, Value>,
    body: &Map<String, Value>,
    schema: &Schema,
) -> Result<CompanyUpdate, Refused> {
    let mut given = Given::new(record, body, schema);
    if given.change("id").is_some() {
        given.errors.insert("id", FieldError::PRIMARY_KEY);
    }
    let company_id = key(&mut given);
    let changed = given.columns(own(schema));
    done(given.errors)?;
    let mut columns: Map<String, Value> =
        serde_json::from_str(&company.columns).unwrap_or_default();
    columns.extend(changed);
    Ok(CompanyUpdate {
        company_id,
        columns: Some(Value::Object(columns).to_string()),
    })
}

fn done(errors: FieldErrors) -> Result<(), Refused> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Refused::update(errors))
    }
}

/// The key that the company is to have.
fn key(given: &mut Given<'_>) -> Option<String> {
    let field = given.schema().field("company_id")?;
    let key = given.columns(std::iter::once(field)).remove("company_id")?;
    Some(coerce::text(&key))
}

fn own(schema: &Schema) -> impl Iterator<Item = &Field> {
    let is_own = |field: &&Field| {
        !field.is_hidden
            && field.kind != FieldKind::Autodate
            && !OURS.contains(&field.name.as_str())
    };
    schema.fields().filter(is_own)
}
