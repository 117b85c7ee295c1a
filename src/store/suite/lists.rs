//! Properties of pages of records.

use jiff::SignedDuration;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, same};
use super::samples::{company, now, user};
use crate::domain::{Kind, User};
use crate::store::{Cursor, Order, Record, Store, Write};

const NEWEST_FIRST: Order = Order::UsersByCreated { newest_first: true };
const OLDEST_FIRST: Order = Order::UsersByCreated {
    newest_first: false,
};

/// 25 users, two of each second, the later ones first; in the order of their ids.
async fn filled(bench: &Bench) -> Result<Vec<Record>, Failed> {
    let mut writes = Vec::new();
    for (n, seconds) in (0..25).zip((0..25).map(|n| n / 2)) {
        writes.push(Write::insert(User {
            created: now() - SignedDuration::from_secs(seconds),
            ..user(n)?
        }));
    }
    Ok(bench.store.commit(writes).await?)
}

fn by_created(users: &[Record]) -> Vec<Record> {
    let mut users = users.to_vec();
    users.sort_by_key(|record| (record.created(), record.number()));
    users
}

async fn all(store: &Store, order: Order, limit: usize) -> Result<Vec<Record>, Failed> {
    let mut cursor = Cursor::START;
    let mut all = Vec::new();
    loop {
        let page = store.records_after(order, &cursor, limit).await?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        cursor = Cursor::after(last);
        all.extend(page);
    }
}

pub async fn pages(bench: &Bench) -> Outcome {
    let users = filled(bench).await?;
    for n in 0..7 {
        bench.store.insert(company(n)?).await?;
    }
    let oldest_first = by_created(&users);
    let newest_first: Vec<_> = oldest_first.iter().rev().cloned().collect();
    for limit in [1, 4, 25, 100] {
        for (order, expected) in [
            (Order::ById(Kind::Users), &users),
            (OLDEST_FIRST, &oldest_first),
            (NEWEST_FIRST, &newest_first),
        ] {
            let found = all(&bench.store, order, limit).await?;
            same(&format!("{order:?} by {limit}"), &found, expected)?;
        }
        let companies = all(&bench.store, Order::ById(Kind::Companies), limit).await?;
        same("the number of companies", &companies.len(), &7)?;
    }
    let places = bench.store.user_numbers_by_created(true, None, 25).await?;
    let numbers: Vec<u64> = places.into_iter().map(|(_, number)| number).collect();
    let expected = newest_first.iter().map(Record::number).collect();
    same("the numbers in order", &numbers, &expected)
}

pub async fn cursors(bench: &Bench) -> Outcome {
    filled(bench).await?;
    for order in [Order::ById(Kind::Users), NEWEST_FIRST, OLDEST_FIRST] {
        let page = bench.store.records_after(order, &Cursor::START, 3).await?;
        let [_, second, third] = &page[..] else {
            return same("the length of a page", &page.len(), &3);
        };
        let cursor = Cursor::after(second);
        let deletes = vec![Write::delete(second.clone())];
        bench.store.commit(deletes).await?;
        let rest = bench.store.records_after(order, &cursor, 1).await?;
        same("the page behind it", &rest, &vec![third.clone()])?;
    }
    Ok(())
}

pub async fn skips(bench: &Bench) -> Outcome {
    let users = filled(bench).await?;
    let oldest_first = by_created(&users);
    let newest_first: Vec<_> = oldest_first.iter().rev().cloned().collect();
    for (order, expected) in [
        (Order::ById(Kind::Users), &users),
        (OLDEST_FIRST, &oldest_first),
        (NEWEST_FIRST, &newest_first),
    ] {
        for skipped in [0, 1, 24, 25, 1_000] {
            let cursor = Cursor::skip(skipped as u64);
            let rest = bench.store.records_after(order, &cursor, 100).await?;
            let expected: Vec<_> = expected.iter().skip(skipped).cloned().collect();
            same(&format!("{order:?} behind {skipped}"), &rest, &expected)?;
        }
    }
    Ok(())
}
