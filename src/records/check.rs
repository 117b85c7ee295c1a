//! Checks of values by what the description of their field says.

use serde_json::{Number, Value};

use super::coerce;
use super::problem::FieldProblem;
use super::schema::{Field, FieldKind};
use crate::domain::{Email, Invalid};

/// Checks a value of `field`.
///
/// # Errors
/// What is wrong with it.
pub fn check(field: &Field, value: &Value) -> Result<(), FieldProblem> {
    if field.is_required && is_empty(field, value) {
        return Err(FieldProblem::Blank);
    }
    check_unless_empty(field, value)
}

/// Checks a value of `field` that may be none.
///
/// # Errors
/// What is wrong with it.
pub fn check_unless_empty(field: &Field, value: &Value) -> Result<(), FieldProblem> {
    if is_empty(field, value) {
        return Ok(());
    }
    match (field.kind, value) {
        (FieldKind::Number, value) => check_number(field, value),
        (FieldKind::Text, Value::String(text)) => check_text(field, text),
        (FieldKind::Email, Value::String(text)) => check_email(field, text),
        (FieldKind::Date, Value::String(text)) => check_date(field, text),
        (FieldKind::Json, value) => check_json(field, value),
        (FieldKind::Select, value) => check_choices(field, value),
        (FieldKind::Point, value) => check_point(value),
        _ => Ok(()),
    }
}

/// Whether PocketBase takes the value for none.
fn is_empty(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(_) if field.kind == FieldKind::Point => {
            coerce::number(&value["lon"]) == 0.0 && coerce::number(&value["lat"]) == 0.0
        }
        Value::Object(object) => object.is_empty(),
        Value::Number(_) | Value::Bool(_) => {
            field.kind != FieldKind::Json && !coerce::boolean(value)
        }
    }
}

fn check_number(field: &Field, value: &Value) -> Result<(), FieldProblem> {
    let Some(number) = value.as_f64() else {
        return Err(FieldProblem::NotANumber);
    };
    let constraints = &field.constraints;
    if constraints.is_whole && value.as_i64().is_none() {
        return Err(FieldProblem::NotWhole);
    }
    match (&constraints.min, &constraints.max) {
        (Some(min), _) if number < as_f64(min) => Err(FieldProblem::TooSmall { min: min.clone() }),
        (_, Some(max)) if number > as_f64(max) => Err(FieldProblem::TooGreat { max: max.clone() }),
        _ => Ok(()),
    }
}

fn as_f64(number: &Number) -> f64 {
    number.as_f64().unwrap_or_default()
}

fn check_text(field: &Field, text: &str) -> Result<(), FieldProblem> {
    let length = text.chars().count();
    let min = field.constraints.min.as_ref().and_then(Number::as_u64);
    let min = usize::try_from(min.unwrap_or_default()).unwrap_or(usize::MAX);
    if length < min {
        return Err(FieldProblem::ShortText { min });
    }
    if length > field.max {
        return Err(Invalid::TooLong { max: field.max }.into());
    }
    let constraints = &field.constraints;
    match (constraints.max_size, &constraints.pattern) {
        (Some(max), _) if text.len() > max => Err(FieldProblem::ContentSize { max }),
        (_, Some(pattern)) if !pattern.matches(text) => Err(FieldProblem::Format),
        _ if !constraints.domains.allow(host(text)) => Err(FieldProblem::UrlDomain),
        _ => Ok(()),
    }
}

/// The host of a URL with its port; nothing of a text that has no `//`.
fn host(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn check_email(field: &Field, text: &str) -> Result<(), FieldProblem> {
    let domain = text.rsplit('@').next().unwrap_or_default();
    if Email::parse(text).is_none() {
        return Err(FieldProblem::NotAnEmail);
    }
    match field.constraints.domains.allow(domain) {
        true => Ok(()),
        false => Err(FieldProblem::EmailDomain),
    }
}

/// PocketBase's form of a date sorts as the dates do.
fn check_date(field: &Field, text: &str) -> Result<(), FieldProblem> {
    let constraints = &field.constraints;
    match (&constraints.earliest, &constraints.latest) {
        (Some(min), _) if text < min.as_str() => Err(FieldProblem::TooEarly { min: min.clone() }),
        (_, Some(max)) if text > max.as_str() => Err(FieldProblem::TooLate { max: max.clone() }),
        _ => Ok(()),
    }
}

fn check_json(field: &Field, value: &Value) -> Result<(), FieldProblem> {
    match field.constraints.max_size {
        Some(max) if value.to_string().len() > max => Err(FieldProblem::JsonSize { max }),
        _ => Ok(()),
    }
}

fn check_choices(field: &Field, value: &Value) -> Result<(), FieldProblem> {
    let texts = coerce::list(value);
    let max = field.constraints.most_values;
    if texts.len() > max {
        return Err(FieldProblem::TooManyValues { max });
    }
    let mut unknown = texts
        .into_iter()
        .filter(|text| !field.values.contains(text));
    unknown
        .next()
        .map_or(Ok(()), |text| Err(FieldProblem::NotAChoice(text)))
}

fn check_point(value: &Value) -> Result<(), FieldProblem> {
    let is_within = |key: &str, most: f64| coerce::number(&value[key]).abs() <= most;
    match (is_within("lat", 90.0), is_within("lon", 180.0)) {
        (false, _) => Err(FieldProblem::Latitude),
        (true, false) => Err(FieldProblem::Longitude),
        (true, true) => Ok(()),
    }
}
