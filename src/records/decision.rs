//! Decisions about single changes: pure functions of the record, the plan and the time.

use jiff::Timestamp;

use super::change_request::Action;
use super::plan::Plan;
use super::refusal::Refusal;
use super::schema::Schemas;
use super::{companies, superusers, users};
use crate::domain::Kind;
use crate::store::{Record, Write};

/// The write that a plan comes to, on the record that it names.
///
/// # Errors
/// [`Refusal`]: there is no such record, or the values may not be.
pub fn decide(
    plan: &Plan,
    before: Option<Record>,
    schemas: &Schemas,
    now: Timestamp,
) -> Result<Write, Refusal> {
    match (before, &plan.request.action) {
        (_, Action::Create) | (None, Action::Upsert) => {
            Ok(Write::Insert(proposed(plan, schemas, now)?))
        }
        (Some(before), Action::Delete(_)) => Ok(Write::Delete { before }),
        (Some(before), _) => update(before, plan, schemas, now),
        (None, _) => Err(Refusal::NotFound),
    }
}

/// The record that a plan makes.
///
/// # Errors
/// Each field that is wrong.
pub fn proposed(plan: &Plan, schemas: &Schemas, now: Timestamp) -> Result<Record, Refusal> {
    let kind = plan.request.kind;
    let schema = schemas.of(kind);
    Ok(match kind {
        Kind::Users => Record::User(users::create(plan, schema, now)?),
        Kind::Companies => Record::Company(companies::create(plan, schema, now)?),
        Kind::Superusers => Record::Superuser(superusers::create(plan, schema, now)?),
    })
}

fn update(
    before: Record,
    plan: &Plan,
    schemas: &Schemas,
    now: Timestamp,
) -> Result<Write, Refusal> {
    let schema = schemas.of(before.kind());
    let after = match &before {
        Record::User(user) => Record::User(users::update(user, plan, schema, now)?),
        Record::Company(company) => Record::Company(companies::update(company, plan, schema, now)?),
        Record::Superuser(superuser) => {
            Record::Superuser(superusers::update(superuser, plan, schema, now)?)
        }
    };
    Ok(Write::Update { before, after })
}
