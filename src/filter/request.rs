//! Parts of a request that a rule may ask for: `@request.method`, `.context`, `.query`, `.headers` and `.body`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::context::Request;
use super::side::{Side, Source};
use super::sqlite::Datum;

/// Part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Method,
    Context,
    Query,
    Headers,
    Body,
}

/// Form in which a value of a request is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is; text becomes a number where the base collection has a number field of that name.
    Plain { is_number: bool },
    /// Plain, in small letters.
    Lower { is_number: bool },
    /// In small letters, as the text of a field.
    LowerText,
    /// The number of items of a field.
    Length,
    /// Whether it is there.
    IsSet,
}

/// Value of a request, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestValue {
    pub written: String,
    pub part: Part,
    pub keys: Vec<String>,
    pub form: Form,
}

impl RequestValue {
    /// Side of a comparison for this request.
    pub fn side(&self, request: &Request<'_>) -> Side<'static> {
        let value = self.find(request);
        match self.form {
            Form::IsSet => Side::flag(Source::Literal, value.is_some()),
            Form::Length => length(&value.unwrap_or_default()),
            Form::LowerText => {
                let text = value.map(text_of).unwrap_or_default();
                Side::new(Source::Parameter, Datum::Text(text.into()).into_lower())
            }
            Form::Plain { is_number } => plain(value.unwrap_or_default(), is_number),
            Form::Lower { is_number } => lower(plain(value.unwrap_or_default(), is_number)),
        }
    }

    /// The value, `None` where there is none; in place of one that was sent empty there is `null`.
    fn find(&self, request: &Request<'_>) -> Option<Json> {
        let map = match self.part {
            Part::Method => return Some(request.method.into()),
            Part::Context => return Some(request.context.into()),
            Part::Query => request.query,
            Part::Headers => request.headers,
            Part::Body => request.body,
        };
        let (first, rest) = self.keys.split_first()?;
        let inner = |value, key: &String| step(value, key);
        rest.iter().try_fold(map?.get(first)?, inner).cloned()
    }
}

fn step<'a>(value: &'a Json, key: &str) -> Option<&'a Json> {
    match value {
        Json::Object(map) => map.get(key),
        Json::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}

fn plain(value: Json, is_number: bool) -> Side<'static> {
    match value {
        Json::Null => Side::NULL,
        Json::Bool(flag) => Side::flag(Source::Flag, flag),
        Json::Number(number) => parameter(real(&number)),
        Json::String(text) => match text.parse::<f64>() {
            Ok(number) if is_number => parameter(Datum::Real(number)),
            _ => parameter(Datum::Text(text.into())),
        },
        list => parameter(Datum::Text(json_text(list).into())),
    }
}

fn parameter(value: Datum<'static>) -> Side<'static> {
    Side::new(Source::Parameter, value)
}

fn real(number: &serde_json::Number) -> Datum<'static> {
    Datum::Real(number.as_f64().unwrap_or_default())
}

fn lower(side: Side<'static>) -> Side<'static> {
    match side.source {
        Source::Null => side,
        source => Side::new(source, side.value.into_lower()),
    }
}

/// 0 and 1 are known to be something, as the words of the language; other numbers are not.
fn length(value: &Json) -> Side<'static> {
    let count = items(value).len();
    let source = if count < 2 {
        Source::Literal
    } else {
        Source::Column
    };
    Side::new(
        source,
        Datum::Integer(i64::try_from(count).unwrap_or(i64::MAX)),
    )
}

/// The items of a value: of a list its own, of nothing none.
pub(super) fn items(value: &Json) -> &[Json] {
    match value {
        Json::Null => &[],
        Json::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// Item of a list as SQLite's `json_each` has it.
pub(super) fn item(value: &Json) -> Datum<'static> {
    match value {
        Json::Null => Datum::Null,
        Json::Bool(flag) => Datum::Integer((*flag).into()),
        Json::Number(number) => match number.as_f64() {
            Some(number) => Datum::number(number),
            None => Datum::Null,
        },
        Json::String(text) => Datum::Text(text.clone().into()),
        nested => Datum::Text(json_text(nested.clone()).into()),
    }
}

/// Text of a value that is one.
fn text_of(value: Json) -> String {
    match value {
        Json::String(text) => text,
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        _ => String::new(),
    }
}

/// JSON as PocketBase writes it, with sorted keys.
fn json_text(value: Json) -> String {
    sorted(value).to_string()
}

fn sorted(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let map: BTreeMap<String, Json> = map.into_iter().collect();
            let inner = map.into_iter().map(|(key, value)| (key, sorted(value)));
            Json::Object(inner.collect())
        }
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        Json::Number(number) => number.as_f64().map_or(Json::Null, go_number),
        other => other,
    }
}

/// A number without the point that a whole one has here.
fn go_number(number: f64) -> Json {
    match Datum::number(number) {
        Datum::Integer(whole) => whole.into(),
        _ => number.into(),
    }
}
