//! Properties of opening a database.

use futures_util::future::try_join_all;

use super::bench::{Bench, connect};
use super::outcome::{Outcome, failed, same};
use super::samples::{key, user};

/// Servers that start at once.
const SERVERS: usize = 8;

pub async fn at_once(bench: &Bench) -> Outcome {
    let Some(empty) = bench.empty() else {
        return Ok(());
    };
    let stores = try_join_all((0..SERVERS).map(|_| connect(empty))).await?;
    let keys = stores.iter().zip(0..);
    try_join_all(keys.map(|(store, n)| store.ensure_token_key(key(n)))).await?;
    let new = (0..SERVERS).map(user).collect::<Result<Vec<_>, _>>()?;
    let inserted = stores
        .iter()
        .zip(new)
        .map(|(store, user)| store.insert(user));
    let mut numbers: Vec<u64> = try_join_all(inserted)
        .await?
        .iter()
        .map(|user| user.number.0)
        .collect();
    numbers.sort_unstable();
    same("the numbers", &numbers, &(1..=SERVERS as u64).collect())?;
    let last = stores.last().ok_or_else(|| failed("there is no store"))?;
    same("the users", &last.count_users().await?, &(SERVERS as u64))?;
    same("the token keys", &last.token_keys().await?.len(), &1)
}
