//! Superusers as superusers make and change them.

use jiff::Timestamp;

use super::coerce;
use super::form::{FormReader, email, short_enough};
use super::plan::Plan;
use super::problem::FieldProblem;
use super::refusal::Refusal;
use super::schema::Schema;
use super::values::Values;
use crate::domain::Superuser;

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
    let email = new_email(&mut reader);
    reader.refused_by(Refusal::Create)?;
    Ok(Superuser {
        id,
        number: 0,
        email: email.ok_or(Refusal::BadRequest)?,
        email_visibility: new_visibility(&reader).unwrap_or_default(),
        verified: true,
        password_hash: password_hash.ok_or(Refusal::BadRequest)?,
        token_key: plan.fresh.token_key.clone(),
        created: now,
        updated: now,
    })
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
    let password_hash = plan.findings.new_hash(reader.problems());
    let email = new_email(&mut reader);
    reader.refused_by(Refusal::Update)?;
    let mut after = before.clone();
    if password_hash.is_some() || email.is_some() {
        after.token_key = plan.fresh.token_key.clone();
    }
    after.password_hash = password_hash.unwrap_or(after.password_hash);
    after.email = email.unwrap_or(after.email);
    after.email_visibility = new_visibility(&reader).unwrap_or(after.email_visibility);
    after.updated = now;
    Ok(after)
}

/// The new e-mail address, if it is another one; what is wrong with it is added to the problems.
fn new_email(reader: &mut FormReader<'_>) -> Option<String> {
    let field = reader.schema().field("email")?;
    let sent = reader.change("email")?;
    match short_enough(field, &sent).and_then(|text| email(&text)) {
        Ok(email) => Some(email),
        Err(problem) => {
            reader.problems().insert("email", problem);
            None
        }
    }
}

fn new_visibility(reader: &FormReader<'_>) -> Option<bool> {
    let sent = reader.change("emailVisibility")?;
    Some(coerce::boolean(&sent))
}
