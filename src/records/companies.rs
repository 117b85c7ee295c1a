//! Companies as superusers make and change them.

use jiff::Timestamp;
use serde_json::Value;

use super::autodate::{Stage, stamped};
use super::coerce;
use super::fields::of_record::is_built_in;
use super::form::FormReader;
use super::plan::Plan;
use super::refusal::Refusal;
use super::schema::{Field, FieldKind, Schema};
use super::values::Values;
use crate::domain::{Company, Kind};

/// The company that is asked for.
///
/// # Errors
/// Each field that is wrong.
pub fn create(plan: &Plan, schema: &Schema, now: Timestamp) -> Result<Company, Refusal> {
    let blank = Values::Blank(schema);
    let mut reader = FormReader::new(plan.form()?, &blank, schema);
    let id = reader.new_id(plan.fresh.id.clone());
    reader.refuse_unserved();
    let company_id = company_id(&mut reader);
    let columns = columns(&mut reader);
    reader.refused_by(Refusal::Create)?;
    Ok(Company {
        id,
        number: 0,
        company_id,
        columns: dated(columns, schema, Stage::Created, now),
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
    reader.refuse_unserved();
    let company_id = company_id(&mut reader);
    let columns = columns(&mut reader);
    reader.refused_by(Refusal::Update)?;
    Ok(Company {
        company_id,
        columns: dated(columns, schema, Stage::Updated, now),
        updated: now,
        ..before.clone()
    })
}

/// The key that the company is to have.
fn company_id(reader: &mut FormReader<'_>) -> String {
    let field = reader.schema().field("company_id");
    let key = field.and_then(|field| reader.value(field));
    key.as_ref().map(coerce::text).unwrap_or_default()
}

/// The columns that are the deployment's own, as JSON.
fn columns(reader: &mut FormReader<'_>) -> String {
    let own = reader.schema().fields().filter(|field| is_own(field));
    Value::Object(reader.columns(own)).to_string()
}

fn dated(columns: String, schema: &Schema, stage: Stage, now: Timestamp) -> String {
    stamped(Some(&columns), (Kind::Companies, schema), stage, now).unwrap_or(columns)
}

fn is_own(field: &Field) -> bool {
    !field.is_hidden()
        && field.kind != FieldKind::Autodate
        && !is_built_in(Kind::Companies, &field.name)
}
