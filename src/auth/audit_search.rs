//! Search in the audit log.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::identity::{IdentityField, user_by_identity};
use crate::app::App;
use crate::domain::{ActorKind, AuditEvent, EventId, EventKind, EventSearch, Phone, RecordId};
use crate::error::{Error, Result};

/// Events of a page, unless the query says how many …
const EVENTS_USUAL: usize = 100;
/// … and at most.
const EVENTS_MAX: usize = 1000;
/// Events that are looked at for a page. Of more, the page is what was found among the newest of them, and the next one goes on there.
const STEPS: usize = 200_000;

/// Query for audit events, as somebody writes it. Empty texts are as good as none.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct EventQuery {
    /// A record id, or a user's phone, openid or e-mail address, or a superuser's e-mail address.
    pub user: Option<String>,
    /// Names of kinds, with commas between them.
    pub kind: Option<String>,
    /// Name of a kind of actors.
    pub actor: Option<String>,
    /// Not before: see `parse_time`.
    pub since: Option<String>,
    /// Before: see `parse_time`.
    pub until: Option<String>,
    /// End of the page before: [`EventPage::next`], or the id of an event.
    pub before: Option<String>,
    /// Events of a page.
    pub limit: Option<usize>,
}

/// Field of an [`EventQuery`] that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventQueryField {
    /// There is no such kind.
    Kind,
    /// There are no such actors.
    Actor,
    /// Not a time.
    Since,
    /// Not a time.
    Until,
    /// Not the id of an event.
    Before,
    /// None, or too many.
    Limit,
}

/// Reason why no events were looked for.
#[derive(Debug, thiserror::Error)]
pub enum EventQueryError {
    /// A field is wrong.
    #[error("the query is wrong: {0:?}")]
    Invalid(EventQueryField),
    /// An error of ours.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A page of events, newest first.
pub struct EventPage {
    /// At most as many as were asked for.
    pub events: Vec<(EventId, AuditEvent)>,
    /// Place before which there may be older ones.
    pub next: Option<EventId>,
}

/// A page of the events that `query` asks for, those of this moment among them.
pub async fn search_events(app: &App, query: EventQuery) -> Result<EventPage, EventQueryError> {
    let mut search = parse(&query, app.clock.now()).map_err(EventQueryError::Invalid)?;
    search.since = search.since.max(Some(app.audit_log.bounds().since));
    if let Some(name) = given(query.user.as_ref()) {
        search.concerning = Some(subject_named(app, name).await?);
    }
    if let Err(error) = app.audit_log.flush().await {
        tracing::warn!(%error, "the newest events are missing from what was found");
    }
    Ok(page(app, search).await?)
}

async fn page(app: &App, mut search: EventSearch) -> Result<EventPage> {
    let limit = search.limit;
    let store = app.store.clone();
    search.limit += 1;
    let found =
        tokio::task::spawn_blocking(move || Handle::current().block_on(store.events(&search)))
            .await;
    let mut found = found.map_err(Error::internal)??;
    let has_more = found.events.len() > limit;
    found.events.truncate(limit);
    let last = found.events.last().map(|(id, _)| *id);
    Ok(EventPage {
        next: if has_more { last } else { found.rest },
        events: found.events,
    })
}

fn parse(query: &EventQuery, now: Timestamp) -> Result<EventSearch, EventQueryField> {
    Ok(EventSearch {
        concerning: None,
        kinds: parsed(query.kind.as_ref(), parse_kinds, EventQueryField::Kind)?.unwrap_or_default(),
        actor: parsed(
            query.actor.as_ref(),
            ActorKind::parse,
            EventQueryField::Actor,
        )?,
        since: parsed(
            query.since.as_ref(),
            |text| parse_time(text, now),
            EventQueryField::Since,
        )?,
        until: parsed(
            query.until.as_ref(),
            |text| parse_time(text, now),
            EventQueryField::Until,
        )?,
        before: parsed(
            query.before.as_ref(),
            EventId::parse,
            EventQueryField::Before,
        )?,
        limit: page_size(query.limit)?,
        steps: Some(STEPS),
    })
}

/// Kinds with commas between them.
fn parse_kinds(text: &str) -> Option<Vec<EventKind>> {
    text.split(',').map(EventKind::parse).collect()
}

fn page_size(limit: Option<usize>) -> Result<usize, EventQueryField> {
    match limit.unwrap_or(EVENTS_USUAL) {
        limit @ 1..=EVENTS_MAX => Ok(limit),
        _ => Err(EventQueryField::Limit),
    }
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn parsed<T>(
    text: Option<&String>,
    parse: impl Fn(&str) -> Option<T>,
    field: EventQueryField,
) -> Result<Option<T>, EventQueryField> {
    match given(text) {
        Some(text) => parse(text).map(Some).ok_or(field),
        None => Ok(None),
    }
}

/// The subject that events have of the record that is named so: its id; of a phone that nobody has, its masked form.
async fn subject_named(app: &App, name: &str) -> Result<String> {
    if RecordId::parse(name).is_some() {
        return Ok(name.to_owned());
    }
    if let Some(user) = user_by_identity(app, name, &IdentityField::ALL).await? {
        return Ok(user.id.to_string());
    }
    if let Some(superuser) = app.store.superuser_by_email(name).await? {
        return Ok(superuser.id.to_string());
    }
    Ok(Phone::parse(name).map_or_else(|_| name.to_owned(), |phone| phone.masked()))
}

/// A time as people write it: `2d` (so long ago), `2026-11-22` (UTC), or RFC 3339, with a space for its `T`, too.
fn parse_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text.len() == "2026-11-22".len() {
        parse_day(text)
    } else {
        Timestamp::from_str(text)
            .ok()
            .or_else(|| parse_age(text, now))
    }
}

fn parse_day(text: &str) -> Option<Timestamp> {
    let day = Date::from_str(text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(day.timestamp())
}

fn parse_age(text: &str, now: Timestamp) -> Option<Timestamp> {
    let age = humantime::parse_duration(text).ok()?;
    now.checked_sub(age).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = Timestamp::from_second(1_795_327_836).unwrap();
        for (text, expected) in [
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("2026-11-22 05:50:36.858Z", "2026-11-22T05:50:36.858Z"),
            ("2026-11-22T13:50:36+08:00", "2026-11-22T05:50:36Z"),
            ("36s", "2026-11-22T06:10:00Z"),
            ("2h 36s", "2026-11-22T04:10:00Z"),
        ] {
            assert_eq!(
                parse_time(text, now).unwrap().to_string(),
                expected,
                "{text}"
            );
        }
        for text in ["", "yesterday", "2026-13-22", "5"] {
            assert_eq!(parse_time(text, now), None, "{text}");
        }
    }
}
