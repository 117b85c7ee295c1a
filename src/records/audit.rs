//! What is noted of changes of records.

use super::passwords::Editor;
use crate::app::App;
use crate::auth::AuditContext;
use crate::contract::view;
use crate::domain::{Collections, EventKind};
use crate::store::Record;

/// Fields that change with every change.
const STAMPS: [&str; 1] = ["updated"];

/// A change that was made.
pub struct Made {
    pub record: Record,
    /// What it was before; nothing if it is new.
    pub before: Option<Record>,
    pub editor: Editor,
    pub is_password: bool,
    pub is_deletion: bool,
}

/// Notes a change that was made, if anything is another than before: what changes nothing is no event, so that nobody can fill
/// the record with it.
pub fn note(app: &App, by: &AuditContext, made: &Made) {
    let kind = match (
        made.is_password,
        made.editor,
        made.is_deletion,
        &made.before,
    ) {
        (_, _, true, _) => EventKind::RecordDelete,
        (.., None) => EventKind::RecordCreate,
        (true, ..) => EventKind::PasswordChange,
        (_, Editor::Owner, ..) => EventKind::ProfileChange,
        (_, Editor::Superuser, ..) => EventKind::RecordUpdate,
    };
    let collection = made.record.kind().name();
    let detail = match &made.before {
        Some(before) if !made.is_deletion => {
            let fields = changed_fields(before, &made.record, &app.collections());
            if fields.is_empty() && !made.is_password {
                return;
            }
            format!("{collection}: {fields}")
        }
        _ => collection.to_owned(),
    };
    app.audit(
        by.event(app, kind)
            .about(made.record.id().as_str())
            .detail(detail),
    );
}

/// The names of the fields that are others now.
fn changed_fields(before: &Record, after: &Record, collections: &Collections) -> String {
    let (before, after) = (
        view::record(before, collections).0,
        view::record(after, collections).0,
    );
    let changed = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value));
    let names = changed
        .map(|(name, _)| name.as_str())
        .filter(|name| !STAMPS.contains(name));
    names.collect::<Vec<_>>().join(", ")
}
