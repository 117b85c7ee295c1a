//! Assignment of what a client sent to the built-in fields of a record.

use serde_json::Value;

use super::check::check_unless_empty;
use super::coerce;
use super::fields::field::{BuiltInField, Kind};
use super::fields::tables::BuiltIn;
use super::fields::value::{FieldValue, Unfit};
use super::form::short_enough;
use super::problem::FieldProblem;
use super::schema::Field;

/// Gives the built-in field of that name the value. Nothing happens to a field that is not built in, and to one that the
/// server writes.
///
/// # Errors
/// The reason why the field may not have the value.
pub fn assign<R: BuiltIn>(record: &mut R, field: &Field, sent: &Value) -> Result<(), FieldProblem> {
    let Some(place) = R::field(&field.name) else {
        return Ok(());
    };
    if let Kind::Id | Kind::TokenKey | Kind::Password | Kind::Autodate { .. } = place.kind {
        return Ok(());
    }
    check_unless_empty(field, sent)?;
    match place.kind {
        Kind::Id | Kind::TokenKey | Kind::Password | Kind::Autodate { .. } => Ok(()),
        Kind::Number => set(record, place, FieldValue::Number(whole(sent)?)),
        Kind::Bool => set(record, place, FieldValue::Bool(coerce::boolean(sent))),
        Kind::Text { .. } | Kind::Email | Kind::Select(_) => {
            let text = accepted(place, short_enough(field, sent)?)?;
            set(record, place, FieldValue::Text(&text))
        }
    }
}

/// The text as it is kept.
fn accepted<R>(place: &BuiltInField<R>, text: String) -> Result<String, FieldProblem> {
    match text.as_str() {
        "" if place.is_required => Err(FieldProblem::Blank),
        "" => Ok(text),
        full => place
            .accepts
            .check(full)
            .map_err(|unfit| problem(unfit, full)),
    }
}

fn set<R>(
    record: &mut R,
    place: &BuiltInField<R>,
    value: FieldValue<'_>,
) -> Result<(), FieldProblem> {
    let text = value.text().unwrap_or_default();
    place
        .set(record, value)
        .map_err(|unfit| problem(unfit, text))
}

fn whole(sent: &Value) -> Result<i64, FieldProblem> {
    let number = coerce::json_number(coerce::number(sent));
    number.as_i64().ok_or(FieldProblem::NotWhole)
}

fn problem(unfit: Unfit, text: &str) -> FieldProblem {
    match unfit {
        Unfit::Type | Unfit::Status => FieldProblem::Value,
        Unfit::Choice => FieldProblem::NotAChoice(text.to_owned()),
        Unfit::OpenId | Unfit::UnionId | Unfit::RecordId => FieldProblem::Format,
        Unfit::Email => FieldProblem::NotAnEmail,
        Unfit::Invalid(why) => why.into(),
    }
}
