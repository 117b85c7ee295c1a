//! Audit events, for an operator.

use serde::Serialize;

use super::failure::Failure;
use super::io::Io;
use crate::app::App;
use crate::auth::{self, EventQuery, EventQueryError, EventQueryField};
use crate::domain::{ActorKind, AuditEvent, Cause, EventId, EventKind, RecordId};
use crate::records::date::date_text;

/// An audit event as `GET /api/events` has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRow {
    id: String,
    at: String,
    kind: &'static str,
    cause: &'static str,
    actor: &'static str,
    actor_id: String,
    subject: String,
    source: String,
    detail: String,
    count: u32,
}

impl EventRow {
    fn new(id: EventId, event: AuditEvent) -> Self {
        let actor_id = event.actor.id().map(RecordId::to_string);
        Self {
            id: id.to_string(),
            at: date_text(event.at),
            kind: event.kind.name(),
            cause: event.cause.map(Cause::name).unwrap_or_default(),
            actor: event.actor.name(),
            actor_id: actor_id.unwrap_or_default(),
            subject: event.subject,
            source: event.source.map(|ip| ip.to_string()).unwrap_or_default(),
            detail: event.detail,
            count: event.count,
        }
    }
}

/// Gives out the events that the query asks for, newest first, and at last how many of how many at least.
///
/// # Errors
/// A part of the query that cannot be read.
pub async fn run(app: &App, mut query: EventQuery, io: &Io) -> Result<(), Failure> {
    let mut done = 0;
    loop {
        let page = auth::search_events(app, query.clone())
            .await
            .map_err(failure)?;
        let found = page.events.len();
        done += u64::try_from(found).unwrap_or_default();
        for (id, event) in page.events {
            io.row(EventRow::new(id, event)).await?;
        }
        query.limit = query.limit.map(|limit| limit - found);
        match page.next {
            // A page may end before it is full, when there are very many to look at.
            Some(next) if query.limit.is_some_and(|limit| limit > 0) => {
                query.before = Some(next.to_string());
            }
            next => return io.progress(done, done + u64::from(next.is_some())).await,
        }
    }
}

fn failure(error: EventQueryError) -> Failure {
    match error {
        EventQueryError::Invalid(field) => Failure::invalid(explain(field)),
        EventQueryError::Failed(error) => error.into(),
    }
}

/// Text about a part of the query that cannot be read.
fn explain(field: EventQueryField) -> String {
    match field {
        EventQueryField::Kind => {
            let kinds: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
            format!(
                "there is no such kind of events; there are {}",
                kinds.join(", ")
            )
        }
        EventQueryField::Actor => {
            let actors: Vec<_> = ActorKind::ALL.iter().map(|kind| kind.name()).collect();
            format!("there are no such actors; there are {}", actors.join(", "))
        }
        EventQueryField::Since => explain_time("--since"),
        EventQueryField::Until => explain_time("--until"),
        EventQueryField::Before => "--before is the id of an event".to_owned(),
        EventQueryField::Limit => "--limit is a number from 1 to 1000".to_owned(),
    }
}

fn explain_time(option: &str) -> String {
    format!(
        "{option} is a time: 2d (so long ago), 2026-11-22 (from midnight on, local time), or 2026-11-22T05:50:36Z"
    )
}
