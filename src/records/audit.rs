//! Audit events of changes of records.

use super::fields::of_record::changed_fields;
use super::plan::{Editor, Plan};
use crate::app::App;
use crate::auth::AuditContext;
use crate::domain::{EventKind, RecordId, TokenKey};
use crate::store::{Record, Write};

/// The events of a change that is not made yet.
pub struct PlannedEvent {
    subject: RecordId,
    /// Each kind with its detail.
    events: Vec<(EventKind, String)>,
}

impl PlannedEvent {
    /// The events of the write that `plan` comes to. A change that changes nothing is no event, so that nobody can fill the
    /// record with it.
    pub fn of(plan: &Plan, write: &Write) -> Option<Self> {
        let (record, events) = match write {
            Write::Insert(record) => (record, vec![(EventKind::RecordCreate, name_of(record))]),
            Write::Delete { before } => (before, vec![(EventKind::RecordDelete, name_of(before))]),
            Write::Update { before, after } => (after, events_of_update(plan, before, after)),
        };
        (!events.is_empty()).then(|| Self {
            subject: record.id().clone(),
            events,
        })
    }

    /// Writes the events down, now that the change is made.
    pub fn write(self, app: &App, context: &AuditContext) {
        for (kind, detail) in self.events {
            let event = context.event(app, kind).about(self.subject.as_str());
            app.audit(event.detail(detail));
        }
    }
}

fn events_of_update(plan: &Plan, before: &Record, after: &Record) -> Vec<(EventKind, String)> {
    let update = detail_of_update(plan, before, after).map(|detail| (kind_of_update(plan), detail));
    let is_revoked = plan.sets_token_key() && token_key_of(before) != token_key_of(after);
    let revocation = is_revoked.then(|| (EventKind::TokenRevoke, String::new()));
    update.into_iter().chain(revocation).collect()
}

fn token_key_of(record: &Record) -> Option<&TokenKey> {
    match record {
        Record::User(user) => Some(&user.token_key),
        Record::Superuser(superuser) => Some(&superuser.token_key),
        Record::Company(_) => None,
    }
}

fn name_of(record: &Record) -> String {
    record.kind().name().to_owned()
}

fn kind_of_update(plan: &Plan) -> EventKind {
    match plan.editor {
        _ if plan.sets_password() => EventKind::PasswordChange,
        Editor::Owner => EventKind::ProfileChange,
        Editor::User | Editor::Manager | Editor::Superuser => EventKind::RecordUpdate,
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
