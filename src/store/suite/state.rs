//! Properties of the state besides the records.

use jiff::SignedDuration;

use super::bench::Bench;
use super::outcome::{Outcome, failed, same};
use super::samples::{key, now};
use crate::domain::{Collections, IssuedToken, Kind, RuleName, TokenId};

pub async fn keys(bench: &Bench) -> Outcome {
    let at = |seconds: i64| now() + SignedDuration::from_secs(seconds);
    bench.store.add_token_key(key(0), at(0)).await?;
    bench.store.add_token_key(key(10), at(0)).await?;
    bench.store.add_token_key(key(20), at(15)).await?;
    let ages = |keys: Vec<crate::domain::ServerKey>| -> Vec<i64> {
        let ages = keys.iter().map(|key| key.created.duration_since(now()));
        ages.map(|age| age.as_secs()).collect()
    };
    // Of those that are too old, the newest stays.
    let found = ages(bench.store.token_keys().await?);
    same("the ages of keys", &found, &vec![10, 20])?;
    bench.store.ensure_token_key(key(30)).await?;
    let found = ages(bench.another().await?.token_keys().await?);
    same("the ages of keys in another store", &found, &vec![10, 20])
}

pub async fn others(bench: &Bench) -> Outcome {
    let token = TokenId::of(&[9; 16]).ok_or_else(|| failed("a sample has no id"))?;
    let token = IssuedToken {
        id: token,
        expires: now() + SignedDuration::from_secs(100),
    };
    let ended = bench.store.end_token(token, now()).await?;
    same("that there was room for the token", &ended, &true)?;
    let rule = Some("id = 'x'".to_owned());
    let rules = vec![(RuleName::List, rule.clone())];
    bench
        .store
        .change_rules(Kind::Companies, rules, now())
        .await?;
    let found = bench.another().await?.remembered().await?;
    let tokens: Vec<_> = found.ended_tokens.iter().map(|token| token.id).collect();
    same("the ended tokens", &tokens, &vec![token.id])?;
    let collections = found
        .collections
        .unwrap_or_else(|| Collections::of_keys(&[]));
    let found = collections.companies.rules.get(RuleName::List);
    same("the rule", &found, &&rule)?;
    let fresh = Collections::of_keys(&[]);
    bench.store.set_collections(fresh.clone()).await?;
    let found = bench.store.collections().await?;
    same(
        "whether the collections were set",
        &(found == Some(fresh)),
        &true,
    )
}
