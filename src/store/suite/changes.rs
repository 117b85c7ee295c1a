//! Properties of changes as other servers hear of them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, same};
use super::samples::{named, user};
use crate::domain::User;
use crate::store::{Action, Change, Store, Write};

/// Users that are made at once.
const USERS: usize = 40;
/// Time after which a change that was not heard of is asked for by another one.
const PAUSE: Duration = Duration::from_secs(1);

pub async fn order(bench: &Bench) -> Outcome {
    let other = bench.another().await?;
    let mut changes = other.changes();
    let first = begin(bench, &mut changes).await?;
    try_join_all((0..USERS).map(|n| live(&bench.store, n))).await?;
    let (mut heard, mut newest) = (Vec::new(), first.number.0);
    while heard.len() < 3 * USERS {
        let change = changes.recv().await?;
        if let (Action::Create, Some(user)) = (change.action, change.record.as_user()) {
            same("the number of the next user", &user.number.0, &(newest + 1))?;
            newest = user.number.0;
        }
        heard.push(change);
    }
    for n in 0..USERS {
        let id = super::samples::id(n)?;
        let of_one = heard.iter().filter(|change| *change.record.id() == id);
        let actions: Vec<Action> = of_one.map(|change| change.action).collect();
        let expected = vec![Action::Create, Action::Update, Action::Delete];
        same("what is heard of a user", &actions, &expected)?;
    }
    Ok(())
}

/// Makes users until one is heard of: the other store hears of what comes after its first look. The last one that was made.
async fn begin(bench: &Bench, changes: &mut Receiver<Arc<Change>>) -> Result<User, Failed> {
    let mut n = 10_000;
    loop {
        let made = bench.store.insert(user(n)?).await?;
        loop {
            match timeout(PAUSE, changes.recv()).await {
                Ok(change) if *change.as_ref()?.record.id() == made.id => return Ok(made),
                Ok(change) => drop(change?),
                Err(_) => break,
            }
        }
        n += 1;
    }
}

/// The life of a user.
async fn live(store: &Store, n: usize) -> Result<(), Failed> {
    let new = store.insert(user(n)?).await?;
    let renamed = store.update(new.clone(), named(&new, "new")).await?;
    store.commit(vec![Write::delete(renamed)]).await?;
    Ok(())
}
