//! Properties of many writers at once.

use futures_util::future::{join_all, try_join_all};
use tokio::task::JoinSet;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, failed, same};
use super::samples::{company, id, named, openid, user};
use crate::domain::{IdType, User};
use crate::store::{CommitError, Conflict, Store, Write};

/// Writers, and users that each of them makes.
const WRITERS: usize = 32;
const EACH: usize = 12;

pub async fn exact_counts(bench: &Bench) -> Outcome {
    let hashes = bench.store.count_imported_hashes().await?;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = bench.store.clone();
        writers.spawn(async move { write(&store, writer).await });
    }
    while let Some(ended) = writers.join_next().await {
        ended??;
    }
    let counts = [
        bench.store.count_users().await?,
        bench.store.count_companies().await?,
        bench.store.count_imported_hashes().await? - hashes,
    ];
    // Each writer removes one of its users.
    let users = (WRITERS * (EACH - 1)) as u64;
    let expected = [users, WRITERS as u64, WRITERS as u64];
    same("users, companies, imported hashes", &counts, &expected)?;
    let places = bench
        .store
        .user_numbers_by_created(false, None, WRITERS * EACH);
    same("the users in order", &(places.await?.len() as u64), &users)
}

async fn write(store: &Store, writer: usize) -> Result<(), Failed> {
    for n in 0..EACH {
        let stored = store.insert(user(writer * EACH + n)?).await?;
        if n == 0 {
            store.commit(vec![Write::delete(stored)]).await?;
        } else if n == 1 {
            let imported = User {
                id_type: IdType::ManagePlatform,
                password_hash: Some(
                    "$2a$10$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234".into(),
                ),
                ..stored.clone()
            };
            store.update(stored, imported).await?;
        }
    }
    store.insert(company(writer)?).await?;
    Ok(())
}

pub async fn one_user(bench: &Bench) -> Outcome {
    let with_openid = |n: usize| -> Result<User, Failed> {
        Ok(User {
            openid: openid(1)?,
            email: None,
            phone: None,
            ..user(n)?
        })
    };
    let (first, second) = (with_openid(1)?, with_openid(2)?);
    let outcomes = [bench.store.insert(first), bench.store.insert(second)];
    one_is_done(join_all(outcomes).await, Conflict::OpenId)?;
    same("the users", &bench.store.count_users().await?, &1)
}

pub async fn one_of_many(bench: &Bench) -> Outcome {
    let stored = bench.store.insert(user(1)?).await?;
    let update = |n: usize| {
        let after = named(&stored, &n.to_string());
        bench.store.update(stored.clone(), after)
    };
    let outcomes = join_all((0..20).map(update)).await;
    one_is_done(outcomes, Conflict::Changed)
}

pub async fn two_stores(bench: &Bench) -> Outcome {
    let other = bench.another().await?;
    for n in 0..20 {
        let new = User {
            id: id(1_000 + n)?,
            email: None,
            phone: None,
            ..user(n)?
        };
        let outcomes = [bench.store.insert(user(n)?), other.insert(new)];
        one_is_done(join_all(outcomes).await, Conflict::OpenId)?;
    }
    let counts = [&bench.store, &other].map(Store::count_users);
    same(
        "the counts of both",
        &try_join_all(counts).await?,
        &vec![20, 20],
    )
}

/// Fails unless one of many was done, and all others were refused with this conflict.
fn one_is_done(outcomes: Vec<Result<User, CommitError>>, expected: Conflict) -> Outcome {
    let mut done = 0;
    for outcome in outcomes {
        match outcome {
            Ok(_) => done += 1,
            Err(CommitError::Conflict { conflict, .. }) => {
                same("the conflict of the others", &conflict, &expected)?;
            }
            Err(CommitError::Failed(error)) => return Err(failed(error.to_string())),
        }
    }
    same("how many were done", &done, &1)
}
