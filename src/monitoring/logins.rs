//! Logins of the last week by hour and outcome.

use tokio::runtime::Handle;

use crate::app::App;
use crate::app::login_counts::{HOURS, LoginHours, LoginOutcomes, begin_of, count_in, hour_of};
use crate::domain::{EventId, EventKind, EventSearch};
use crate::error::{Error, Result};
use crate::store::Store;

/// Events that are read at once.
const PAGE: usize = 5_000;

/// Each hour of the last week, the newest last, with the outcomes of its logins.
pub async fn logins(app: &App) -> Result<Vec<(i64, LoginOutcomes)>> {
    let before = app
        .earlier_logins
        .get_or_try_init(|| before_the_start(app))
        .await?;
    let since = app.login_counts.hours();
    let now = hour_of(app.clock.now());
    let hours = (now - HOURS + 1)..=now;
    Ok(hours
        .map(|hour| (hour, sum(before.get(&hour), since.get(&hour))))
        .collect())
}

fn sum(one: Option<&LoginOutcomes>, other: Option<&LoginOutcomes>) -> LoginOutcomes {
    let one = one.copied().unwrap_or_default();
    let other = other.copied().unwrap_or_default();
    LoginOutcomes {
        succeeded: one.succeeded + other.succeeded,
        failed: std::array::from_fn(|n| one.failed[n] + other.failed[n]),
    }
}

/// Logins of the week before the server started, as far as their events are kept.
async fn before_the_start(app: &App) -> Result<LoginHours> {
    let search = EventSearch {
        kinds: vec![
            EventKind::Login,
            EventKind::Registration,
            EventKind::LoginFailed,
        ],
        since: Some(begin_of(hour_of(app.started) - HOURS)),
        until: Some(app.started),
        limit: PAGE,
        ..EventSearch::default()
    };
    let store = app.store.clone();
    let counted = tokio::task::spawn_blocking(move || count(&store, search)).await;
    counted.map_err(Error::internal)?
}

fn count(store: &Store, mut search: EventSearch) -> Result<LoginHours> {
    let mut hours = LoginHours::new();
    loop {
        let found = Handle::current().block_on(store.events(&search))?;
        found
            .events
            .iter()
            .for_each(|(_, event)| count_in(&mut hours, event));
        search.before = last_of_full_page(&found.events);
        if search.before.is_none() {
            return Ok(hours);
        }
    }
}

fn last_of_full_page<T>(events: &[(EventId, T)]) -> Option<EventId> {
    let last = events.last().filter(|_| events.len() == PAGE);
    last.map(|(id, _)| *id)
}
