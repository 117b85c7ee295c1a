//! Properties of the bounds of events.

use jiff::SignedDuration;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, same};
use super::samples::{id, now};
use crate::domain::{Actor, AuditEvent, EventKind, EventSearch, Origin};
use crate::store::{EventBounds, NewEvent};

/// Events of an origin that are kept.
const SHARE: usize = 200;

/// Events of logins, of which each user has one.
fn logins(from: usize, count: usize) -> Result<Vec<NewEvent>, Failed> {
    let logins = (from..from + count).map(|n| {
        let at = now() + SignedDuration::from_secs(3_000 + i64::try_from(n)?);
        let event = AuditEvent::new(at, EventKind::Login, Actor::User(id(n)?));
        Ok(NewEvent::from(event))
    });
    logins.collect()
}

async fn count(bench: &Bench) -> Result<(usize, Vec<Actor>), Failed> {
    let all = EventSearch {
        kinds: vec![EventKind::Login],
        limit: 10 * SHARE,
        ..EventSearch::default()
    };
    let found = bench.store.events(&all).await?;
    let actors = found.events.into_iter().map(|(_, event)| event.actor);
    let actors: Vec<Actor> = actors.collect();
    Ok((actors.len(), actors))
}

pub async fn of_events(bench: &Bench) -> Outcome {
    let bounds = EventBounds {
        max: (SHARE * Origin::COUNT) as u64,
        since: now() - SignedDuration::from_hours(10),
    };
    bench.store.add_events(logins(0, SHARE)?, bounds).await?;
    bench.store.add_events(logins(SHARE, 50)?, bounds).await?;
    let (found, actors) = count(bench).await?;
    same("the logins that are kept", &found, &SHARE)?;
    let newest = Actor::User(id(SHARE + 49)?);
    same("the newest", &actors.first(), &Some(&newest))?;
    let oldest = Actor::User(id(0)?);
    same(
        "whether the oldest is there",
        &actors.contains(&oldest),
        &false,
    )?;
    // A party has a hundredth of the share of its origin.
    let of_one = (0..5).map(|n| {
        let at = now() + SignedDuration::from_secs(9_000 + n * 100);
        NewEvent::from(AuditEvent::new(at, EventKind::Login, newest.clone()))
    });
    bench.store.add_events(of_one.collect(), bounds).await?;
    let (_, actors) = count(bench).await?;
    let of_one = actors.iter().filter(|actor| **actor == newest).count();
    same("those of one party", &of_one, &(SHARE / 100))?;
    let later = EventBounds {
        since: now() + SignedDuration::from_secs(8_000),
        ..bounds
    };
    for n in 0..4 {
        bench.store.add_events(logins(7_000 + n, 1)?, later).await?;
    }
    let (found, _) = count(bench).await?;
    same("the logins that are not too old", &found, &6)
}
