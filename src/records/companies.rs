//! Companies as superusers make and change them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::coerce;
use super::form::FormReader;
use super::plan::Plan;
use super::refusal::Refusal;
use super::schema::{Field, FieldKind, Schema};
use super::values::{Columns, Values};
use crate::domain::Company;

/// Fields that are no columns of the deployment's own.
const OURS: [&str; 4] = ["id", "company_id", "created", "updated"];

/// The company that is asked for.
///
/// # Errors
/// Each field that is wrong.
pub fn create(plan: &Plan, schema: &Schema, now: Timestamp) -> Result<Company, Refusal> {
    let blank = Values::Blank(schema);
    let mut reader = FormReader::new(plan.form()?, &blank, schema);
    let id = reader.new_id(plan.fresh.id.clone());
    let company_id = company_id(&mut reader);
    let columns = reader.columns(own(schema));
    reader.refused_by(Refusal::Create)?;
    Ok(Company {
        id,
        number: 0,
        company_id,
        columns: Value::Object(columns).to_string(),
        created: now,
        updated: now,
    })
}

/// The company as it is after the change.
///
/// # Errors
/// Each field that is wrong.
pub fn update(
    before: &Company,
    plan: &Plan,
    schema: &Schema,
    now: Timestamp,
) -> Result<Company, Refusal> {
    let stored = Values::of_company(before);
    let mut reader = FormReader::new(plan.form()?, &stored, schema);
    reader.keep_id();
    let company_id = company_id(&mut reader);
    let changed = reader.columns(own(schema));
    reader.refused_by(Refusal::Update)?;
    let mut columns: Map<String, Value> = Columns::new(Some(&before.columns)).all().clone();
    columns.extend(changed);
    Ok(Company {
        company_id,
        columns: Value::Object(columns).to_string(),
        updated: now,
        ..before.clone()
    })
}

/// The key that the company is to have; nothing if there is a problem with it.
fn company_id(reader: &mut FormReader<'_>) -> String {
    let field = reader.schema().field("company_id");
    coerce::text_of(&reader.columns(field.into_iter()), "company_id")
}

fn own(schema: &Schema) -> impl Iterator<Item = &Field> {
    schema.fields().filter(|field| {
        !field.is_hidden
            && field.kind != FieldKind::Autodate
            && !OURS.contains(&field.name.as_str())
    })
}
