//! Properties of what looks at all users.

use std::collections::BTreeSet;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, same};
use super::samples::{named, user};
use crate::domain::{TextColumn, UserNumber};
use crate::store::Write;
use crate::store::user_block::{ROWS, UserBlock};

/// Users: of more than two blocks.
const USERS: usize = 40;

async fn filled(bench: &Bench) -> Result<Vec<u64>, Failed> {
    let users = (0..USERS).map(|n| user(n).map(Write::insert));
    let users = users.collect::<Result<Vec<_>, _>>()?;
    let stored = bench.store.commit(users).await?;
    let first = stored.into_iter().next();
    let deleted: Vec<Write> = first.into_iter().map(Write::delete).collect();
    bench.store.commit(deleted).await?;
    let changed = bench.store.user_by_id(&super::samples::id(1)?).await?;
    if let Some(changed) = changed {
        bench
            .store
            .update(changed.clone(), named(&changed, "Renamed"))
            .await?;
    }
    let places = bench
        .store
        .user_numbers_by_created(false, None, USERS)
        .await?;
    Ok(places.into_iter().map(|(_, number)| number).collect())
}

pub async fn blocks(bench: &Bench) -> Outcome {
    let numbers = filled(bench).await?;
    same("the number of users", &numbers.len(), &(USERS - 1))?;
    let expected: BTreeSet<u64> = numbers.iter().copied().collect();
    for last_first in [false, true] {
        let blocks = bench
            .store
            .user_blocks(0..u64::MAX / 32, last_first, USERS)
            .await?;
        let mut places: Vec<u64> = blocks.iter().map(|block| block.place).collect();
        if last_first {
            places.reverse();
        }
        same("the order of blocks", &places.is_sorted(), &true)?;
        let (found, names) = users_of(&blocks)?;
        same("the users of blocks", &found, &expected)?;
        same("the changed name", &names.contains("Renamed"), &true)?;
    }
    let places: BTreeSet<u64> = expected
        .iter()
        .map(|n| UserBlock::place_of(UserNumber(*n)))
        .collect();
    let places: Vec<u64> = places.into_iter().collect();
    let (found, _) = users_of(&bench.store.user_blocks_at(&places).await?)?;
    same("the users of blocks by place", &found, &expected)
}

fn users_of(blocks: &[UserBlock]) -> Result<(BTreeSet<u64>, BTreeSet<String>), Failed> {
    let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
    for block in blocks {
        block.each_row(|row| {
            numbers.insert(block.place * ROWS + u64::from(row.slot));
            names.insert(row.texts[TextColumn::Name as usize].to_owned());
        })?;
    }
    Ok((numbers, names))
}

pub async fn scan(bench: &Bench) -> Outcome {
    let expected: BTreeSet<u64> = filled(bench).await?.into_iter().collect();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (page, rest) = bench.store.scanned_users(after.as_ref(), 7).await?;
        found.extend(page.users()?.into_iter().map(|user| user.number));
        match rest {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    same("the number of scanned users", &found.len(), &expected.len())?;
    same("the scanned users", &found.into_iter().collect(), &expected)
}
