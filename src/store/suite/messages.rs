//! Properties of the outbox.

use std::time::Duration;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, same};
use super::samples::{named, user};
use crate::clock::Clock;
use crate::domain::{HookId, QueuedEvent, UserEventKind as Kind};
use crate::random::Random;
use crate::store::{Outbox, Store, Write};

/// Webhooks of the suite: one that wants all, one that wants deletions.
const ALL: HookId = HookId(7);
const DELETIONS: HookId = HookId(8);

/// The store with an empty outbox for both.
async fn with_hooks(bench: &Bench) -> Result<Store, Failed> {
    let hooks = vec![(ALL, Kind::ALL.to_vec()), (DELETIONS, vec![Kind::Deleted])];
    let outbox = Outbox::new(hooks, Clock::System, Random::System);
    let store = bench.store.clone().with_outbox(outbox);
    store.clear_queue(ALL).await?;
    store.clear_queue(DELETIONS).await?;
    Ok(store)
}

async fn waiting(store: &Store, hook: HookId) -> Result<Vec<QueuedEvent>, Failed> {
    Ok(store.messages(hook, 0, 1_000).await?)
}

fn kinds(messages: &[QueuedEvent]) -> Vec<Kind> {
    messages.iter().map(|message| message.event.kind).collect()
}

pub async fn with_changes(bench: &Bench) -> Outcome {
    let store = with_hooks(bench).await?;
    let changes = store.outbox_changes();
    let one = store.insert(user(1)?).await?;
    same(
        "a commit is told",
        &changes.has_changed().unwrap_or(false),
        &true,
    )?;
    let two = store.update(one.clone(), named(&one, "other")).await?;
    let refused = vec![
        Write::delete(two.clone()),
        Write::insert(user(2)?),
        Write::delete(one.clone()),
    ];
    same(
        "a list is refused",
        &store.commit(refused).await.is_err(),
        &true,
    )?;
    store.commit(vec![Write::delete(two.clone())]).await?;
    let messages = waiting(&store, ALL).await?;
    same(
        "messages",
        &kinds(&messages),
        &vec![Kind::Registration, Kind::Profile, Kind::Deleted],
    )?;
    same("the user as it was", &messages[2].event.user, &two)?;
    same("the number", &messages[0].event.user.number, &two.number)?;
    same("the user before", &messages[1].event.before, &Some(one))?;
    let deletions = waiting(&store, DELETIONS).await?;
    same("one message", &kinds(&deletions), &vec![Kind::Deleted])?;
    same("its id", &deletions[0].event.id, &messages[2].event.id)?;
    let without = bench.store.insert(user(3)?).await?;
    bench.store.commit(vec![Write::delete(without)]).await?;
    same(
        "none without webhooks",
        &waiting(&store, ALL).await?.len(),
        &3,
    )
}

pub async fn order(bench: &Bench) -> Outcome {
    let store = with_hooks(bench).await?;
    for n in 0..50 {
        store.insert(user(n)?).await?;
    }
    let messages = waiting(&store, ALL).await?;
    let users: Vec<_> = messages
        .iter()
        .map(|message| message.event.user.id.clone())
        .collect();
    let expected: Result<Vec<_>, _> = (0..50).map(super::samples::id).collect();
    same("the order", &users, &expected?)?;
    let page = store.messages(ALL, messages[9].number, 5).await?;
    same("a page", &page, &messages[10..15].to_vec())?;
    let told = messages[..20]
        .iter()
        .map(|message| message.number)
        .collect();
    store.remove_messages(ALL, told).await?;
    same(
        "what is left",
        &waiting(&store, ALL).await?,
        &messages[20..].to_vec(),
    )?;
    let queues = store.queues().await?;
    let queue = queues.iter().find(|queue| queue.hook == ALL);
    let found = queue.map(|queue| (queue.pending, queue.oldest));
    same(
        "the queue",
        &found,
        &Some((30, Some(messages[20].event.at))),
    )?;
    same("cleared", &store.clear_queue(ALL).await?, &30)?;
    same("nothing is left", &waiting(&store, ALL).await?.len(), &0)
}

pub async fn lease(bench: &Bench) -> Outcome {
    let long = Duration::from_mins(1);
    same("the first", &bench.store.lease_delivery(long).await?, &true)?;
    same("again", &bench.store.lease_delivery(long).await?, &true)?;
    let other = bench.another().await?;
    let is_alone = !bench.store.is_shared();
    same("the other", &other.lease_delivery(long).await?, &is_alone)
}
