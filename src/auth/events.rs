//! Looking for what was done.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::identity::{IdentityField, user_by_identity};
use crate::app::App;
use crate::domain::{AuditEvent, EventId, EventKind, EventSearch, Phone, RecordId};
use crate::error::{Error, Result};

/// How many events are found at once, unless it is said …
const EVENTS_USUAL: usize = 100;
/// … and at most.
const EVENTS_MAX: usize = 1000;

/// Which events somebody asks for, as they write it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct EventQuery {
    /// A record id, or a user's phone, openid or e-mail address, or a superuser's e-mail address.
    pub user: Option<String>,
    /// The word for a kind.
    pub kind: Option<String>,
    /// Not before: see [`moment`].
    pub since: Option<String>,
    /// Before: see [`moment`].
    pub until: Option<String>,
    /// The id of the last event that was had.
    pub before: Option<String>,
    /// How many.
    pub limit: Option<usize>,
}

/// Which part of an [`EventQuery`] is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventQueryField {
    /// There is no such kind.
    Kind,
    /// Not a time.
    Since,
    /// Not a time.
    Until,
    /// Not the id of an event.
    Before,
    /// None, or too many.
    Limit,
}

/// Events, newest first.
pub struct EventPage {
    /// At most as many as were asked for.
    pub events: Vec<(EventId, AuditEvent)>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// The events that are asked for, those of this moment among them; or which part of the query is wrong.
///
/// # Errors
/// Only errors of ours.
pub async fn find_events(
    app: &App,
    query: EventQuery,
) -> Result<std::result::Result<EventPage, EventQueryField>> {
    let mut search = match search(&query, app.clock.now()) {
        Ok(search) => search,
        Err(field) => return Ok(Err(field)),
    };
    search.since = search.since.max(Some(app.audit_log.bounds().since));
    search.who = match query.user.filter(|user| !user.is_empty()) {
        Some(user) => Some(whom(app, &user).await?),
        None => None,
    };
    if let Err(error) = app.audit_log.flush().await {
        tracing::warn!(%error, "the newest events are missing from what was found");
    }
    let (limit, store) = (search.limit, app.store.clone());
    search.limit += 1;
    let found = tokio::task::spawn_blocking(move || store.events(&search))
        .await
        .map_err(Error::internal)?;
    let mut events = found?;
    let has_more = events.len() > limit;
    events.truncate(limit);
    Ok(Ok(EventPage { events, has_more }))
}

fn search(query: &EventQuery, now: Timestamp) -> Result<EventSearch, EventQueryField> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let read = |text, field| match given(text) {
        Some(text) => moment(&text, now).map(Some).ok_or(field),
        None => Ok(None),
    };
    let limit = query.limit.unwrap_or(EVENTS_USUAL);
    Ok(EventSearch {
        who: None,
        kind: match given(&query.kind) {
            Some(word) => Some(EventKind::parse(&word).ok_or(EventQueryField::Kind)?),
            None => None,
        },
        since: read(&query.since, EventQueryField::Since)?,
        until: read(&query.until, EventQueryField::Until)?,
        before: match given(&query.before) {
            Some(id) => Some(EventId::parse(&id).ok_or(EventQueryField::Before)?),
            None => None,
        },
        limit: Some(limit)
            .filter(|n| (1..=EVENTS_MAX).contains(n))
            .ok_or(EventQueryField::Limit)?,
    })
}

/// What events call whom somebody names: the record id; of a phone that is nobody's, its masked form.
async fn whom(app: &App, name: &str) -> Result<String> {
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
#[must_use]
pub fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let ago = || {
        humantime::parse_duration(text)
            .ok()
            .and_then(|ago: Duration| now.checked_sub(ago).ok())
    };
    let day = || {
        Date::from_str(text)
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|day| day.timestamp())
    };
    let is_date = text.len() == "2026-11-22".len();
    if is_date {
        day()
    } else {
        Timestamp::from_str(text).ok().or_else(ago)
    }
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
            assert_eq!(moment(text, now).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "2026-13-22", "5"] {
            assert_eq!(moment(text, now), None, "{text}");
        }
    }
}
