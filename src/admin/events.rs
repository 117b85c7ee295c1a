//! Who did what when, for an operator.

use super::{Failure, Io};
use crate::app::App;
use crate::auth::{self, EventQuery, EventQueryError, EventQueryField};
use crate::domain::EventKind;
use crate::pocketbase::operator::Records;

/// Gives out the events that are asked for, newest first, and at last how many of how many at least.
///
/// # Errors
/// What of the query cannot be read.
pub async fn run(app: &App, query: EventQuery, io: &Io) -> Result<(), Failure> {
    let page = auth::search_events(app, query).await.map_err(failure)?;
    let done = u64::try_from(page.events.len()).unwrap_or(u64::MAX);
    for event in page.events {
        io.row(Records::show_event(event)).await?;
    }
    io.progress(done, done + u64::from(page.has_more)).await
}

fn failure(error: EventQueryError) -> Failure {
    match error {
        EventQueryError::Invalid(field) => Failure::invalid(wrong(field)),
        EventQueryError::Failed(error) => error.into(),
    }
}

fn wrong(field: EventQueryField) -> String {
    let time = |name| {
        format!(
            "{name} is a time: 2d (so long ago), 2026-11-22, or 2026-11-22T05:50:36Z; days begin at midnight UTC"
        )
    };
    match field {
        EventQueryField::Kind => {
            let kinds: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
            format!(
                "there is no such kind of events; there are {}",
                kinds.join(", ")
            )
        }
        EventQueryField::Since => time("--since"),
        EventQueryField::Until => time("--until"),
        EventQueryField::Before => "--before is the id of an event".to_owned(),
        EventQueryField::Limit => "--limit is a number from 1 to 1000".to_owned(),
    }
}
