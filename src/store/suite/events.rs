//! Properties of audit events.

use jiff::SignedDuration;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, failed, same};
use super::samples::{id, now};
use crate::domain::{Actor, AuditEvent, EventId, EventKind, EventSearch};
use crate::store::{EventBounds, FoundEvents, NewEvent};

/// Bounds that nothing meets.
fn wide() -> EventBounds {
    EventBounds {
        max: 1_000_000,
        since: now() - SignedDuration::from_hours(10),
    }
}

fn event(kind: EventKind, seconds: i64, actor: usize) -> Result<AuditEvent, Failed> {
    let at = now() + SignedDuration::from_secs(seconds);
    Ok(AuditEvent::new(at, kind, Actor::User(id(actor)?)))
}

/// A search for all that were at `seconds` after now or later.
fn since(seconds: i64) -> EventSearch {
    EventSearch {
        since: Some(now() + SignedDuration::from_secs(seconds)),
        limit: 100,
        ..EventSearch::default()
    }
}

fn places(found: &FoundEvents) -> Vec<EventId> {
    found.events.iter().map(|(id, _)| *id).collect()
}

pub async fn search(bench: &Bench) -> Outcome {
    let kinds = [
        EventKind::Login,
        EventKind::Registration,
        EventKind::Login,
        EventKind::Command,
        EventKind::Login,
    ];
    let mut events = Vec::new();
    for (n, kind) in kinds.into_iter().enumerate() {
        let seconds = 1_000 + i64::try_from(n / 2)?;
        events.push(NewEvent::from(event(kind, seconds, n)?));
    }
    let ids = bench.store.add_events(events, wide()).await?;
    same("the number of places", &ids.len(), &5)?;
    let newest_first: Vec<EventId> = ids.iter().rev().copied().collect();
    let all = bench.store.events(&since(1_000)).await?;
    same("all, newest first", &places(&all), &newest_first)?;
    let logins = EventSearch {
        kinds: vec![EventKind::Login],
        ..since(1_000)
    };
    let found = bench.store.events(&logins).await?;
    same("the logins", &places(&found), &vec![ids[4], ids[2], ids[0]])?;
    let concerning = EventSearch {
        concerning: Some(id(2)?.to_string()),
        ..since(1_000)
    };
    let found = bench.store.events(&concerning).await?;
    same("those about one user", &places(&found), &vec![ids[2]])?;
    let until = EventSearch {
        until: Some(now() + SignedDuration::from_secs(1_001)),
        ..since(1_000)
    };
    let found = bench.store.events(&until).await?;
    same(
        "those before a time",
        &places(&found),
        &vec![ids[1], ids[0]],
    )?;
    let few = EventSearch {
        steps: Some(2),
        ..since(1_000)
    };
    let found = bench.store.events(&few).await?;
    same(
        "those of two steps",
        &places(&found),
        &newest_first[..2].to_vec(),
    )?;
    let rest = EventSearch {
        before: found.rest,
        ..since(1_000)
    };
    let found = bench.store.events(&rest).await?;
    same(
        "the rest of them",
        &places(&found),
        &newest_first[2..].to_vec(),
    )
}

pub async fn repeats(bench: &Bench) -> Outcome {
    let first = event(EventKind::Login, 2_000, 1)?;
    let added = bench.store.add_events(vec![first.clone().into()], wide());
    let added = added.await?;
    let again = NewEvent {
        repeats: added.first().copied(),
        ..event(EventKind::Login, 2_001, 1)?.into()
    };
    let place = bench
        .store
        .add_events(vec![again.clone(), again], wide())
        .await?;
    let expected = [added.clone(), added.clone()].concat();
    same("the place of the repeats", &place, &expected)?;
    let found = bench.store.events(&since(2_000)).await?;
    let (_, found) = found
        .events
        .into_iter()
        .next()
        .ok_or_else(|| failed("there is no event"))?;
    let expected = AuditEvent { count: 3, ..first };
    same("the event", &found, &expected)?;
    let other = NewEvent {
        repeats: added.first().copied(),
        ..event(EventKind::Login, 2_002, 2)?.into()
    };
    let place = bench.store.add_events(vec![other], wide()).await?;
    same(
        "whether another one is one of it",
        &(place == added),
        &false,
    )
}
