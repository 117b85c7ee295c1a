//! Dates of the deployment's own that the server sets: at the creation of a record, or at each change of one.

use jiff::Timestamp;
use serde_json::Value;

use super::date::date_text;
use super::fields::of_record::{is_built_in, parse_columns};
use super::schema::{Field, FieldKind, Schema};
use crate::domain::Kind;

/// A record that gets its dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is new.
    Created,
    /// It is changed.
    Updated,
}

/// The columns of a record of that kind with its dates, of which those of this stage are set `now`; nothing if it has none.
pub fn stamped(
    columns: Option<&str>,
    (kind, schema): (Kind, &Schema),
    stage: Stage,
    now: Timestamp,
) -> Option<String> {
    let mut dates = schema
        .fields()
        .filter(|field| is_own_date(field, kind))
        .peekable();
    dates.peek()?;
    let mut columns = parse_columns(columns);
    for field in dates {
        let date = columns.entry(field.name.as_str()).or_insert("".into());
        if stage.sets(field) {
            *date = date_text(now).into();
        }
    }
    Some(Value::Object(columns).to_string())
}

fn is_own_date(field: &Field, kind: Kind) -> bool {
    field.kind == FieldKind::Autodate && !field.is_hidden() && !is_built_in(kind, &field.name)
}

impl Stage {
    fn sets(self, field: &Field) -> bool {
        match self {
            Self::Created => field.constraints.on_create,
            Self::Updated => field.constraints.on_update,
        }
    }
}
