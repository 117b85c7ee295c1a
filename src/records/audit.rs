//! Audit events of changes of records.

use super::fields::of_record::changed_fields;
use super::plan::{Editor, Plan};
use crate::app::App;
use crate::auth::AuditContext;
use crate::domain::{EventKind, RecordId};
use crate::store::{Record, Write};

/// An event of a change that is not made yet.
pub struct PlannedEvent {
    kind: EventKind,
    subject: RecordId,
    detail: String,
}

impl PlannedEvent {
    /// The event of the write that `plan` comes to. A change that changes nothing is no event, so that nobody can fill the record
    /// with it.
    pub fn of(plan: &Plan, write: &Write) -> Option<Self> {
        let (record, kind, detail) = match write {
            Write::Insert(record) => (record, EventKind::RecordCreate, name_of(record)),
            Write::Delete { before } => (before, EventKind::RecordDelete, name_of(before)),
            Write::Update { before, after } => {
                let detail = detail_of_update(plan, before, after)?;
                (after, kind_of_update(plan), detail)
            }
        };
        Some(Self {
            kind,
            subject: record.id().clone(),
            detail,
        })
    }

    /// Writes the event down, now that the change is made.
    pub fn write(self, app: &App, context: &AuditContext) {
        let event = context.event(app, self.kind).about(self.subject.as_str());
        app.audit(event.detail(self.detail));
    }
}

fn name_of(record: &Record) -> String {
    record.kind().name().to_owned()
}

fn kind_of_update(plan: &Plan) -> EventKind {
    match plan.editor {
        _ if plan.sets_password() => EventKind::PasswordChange,
        Editor::Owner => EventKind::ProfileChange,
        Editor::Superuser => EventKind::RecordUpdate,
    }
}

fn detail_of_update(plan: &Plan, before: &Record, after: &Record) -> Option<String> {
    let mut fields = changed_fields(before, after);
    // The time of the change is another one each time.
    fields.remove("updated");
    let fields: Vec<_> = fields.into_iter().collect();
    let is_event = !fields.is_empty() || plan.sets_password();
    is_event.then(|| format!("{}: {}", after.kind().name(), fields.join(", ")))
}
