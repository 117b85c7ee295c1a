//! Superusers as superusers make and change them.

use jiff::Timestamp;

use super::assign::assign;
use super::form::FormReader;
use super::plan::Plan;
use super::problem::FieldProblem;
use super::refusal::Refusal;
use super::schema::Schema;
use super::token_key;
use super::values::Values;
use crate::domain::Superuser;

/// Fields of a superuser that forms change.
const WRITABLE: [&str; 2] = ["email", "emailVisibility"];

/// The superuser that is asked for, who counts as verified whatever the form says.
///
/// # Errors
/// Each field that is wrong: first those of the form, then the values.
pub fn create(plan: &Plan, schema: &Schema, now: Timestamp) -> Result<Superuser, Refusal> {
    let form = plan.form()?;
    let blank = Values::Blank(schema);
    let mut reader = FormReader::new(form, &blank, schema);
    form.passwords().check_new_record(reader.problems());
    reader.refused_by(Refusal::Create)?;
    let id = reader.new_id(plan.fresh.id.clone());
    let password_hash = plan.findings.new_hash(reader.problems());
    if !reader.changes("email") {
        reader.problems().insert("email", FieldProblem::Blank);
    }
    let token_key = token_key::sent(&mut reader, &plan.fresh.token_key);
    let mut superuser = Superuser {
        id,
        number: 0,
        email: String::new(),
        email_visibility: false,
        verified: true,
        password_hash: password_hash.unwrap_or_default(),
        token_key: token_key.unwrap_or_else(|| plan.fresh.token_key.clone()),
        created: now,
        updated: now,
    };
    set_changed(&mut superuser, &mut reader);
    reader.refused_by(Refusal::Create)?;
    match superuser.password_hash.as_str() {
        "" => Err(Refusal::BadRequest),
        _ => Ok(superuser),
    }
}

/// The superuser as it is after the change.
///
/// # Errors
/// Each field that is wrong: first those of the form, then the values.
pub fn update(
    before: &Superuser,
    plan: &Plan,
    schema: &Schema,
    now: Timestamp,
) -> Result<Superuser, Refusal> {
    let form = plan.form()?;
    let stored = Values::Superuser(before);
    let mut reader = FormReader::new(form, &stored, schema);
    form.passwords().check_change(reader.problems());
    reader.refused_by(Refusal::Update)?;
    reader.keep_id();
    let mut after = before.clone();
    if let Some(hash) = plan.findings.new_hash(reader.problems()) {
        after.password_hash = hash;
    }
    if let Some(key) = token_key::sent(&mut reader, &plan.fresh.token_key) {
        after.token_key = key;
    }
    set_changed(&mut after, &mut reader);
    reader.refused_by(Refusal::Update)?;
    let ends_tokens = after.password_hash != before.password_hash || after.email != before.email;
    if ends_tokens && after.token_key == before.token_key {
        after.token_key = plan.fresh.token_key.clone();
    }
    after.updated = now;
    Ok(after)
}

/// Gives `superuser` the values that the form changes, and adds to the problems which of them it may not have.
fn set_changed(superuser: &mut Superuser, reader: &mut FormReader<'_>) {
    for (field, sent) in reader.changed() {
        if !WRITABLE.contains(&field.name.as_str()) {
            continue;
        }
        if let Err(problem) = assign(superuser, field, &sent) {
            reader.problems().insert(field.name.clone(), problem);
        }
    }
}
