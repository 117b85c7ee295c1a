//! Properties of writes.

use jiff::SignedDuration;

use super::bench::Bench;
use super::outcome::{Outcome, holds, refused, same};
use super::samples::{company, id, named, now, superuser, user};
use crate::domain::{Company, Superuser, User};
use crate::store::{Conflict, Record, Write};

pub async fn each_kind(bench: &Bench) -> Outcome {
    let pairs = [
        (
            Record::User(user(1)?),
            Record::User(named(&user(1)?, "new")),
        ),
        (
            Record::Company(company(2)?),
            Record::Company(Company {
                company_id: "other".into(),
                ..company(2)?
            }),
        ),
        (
            Record::Superuser(superuser(3)?),
            Record::Superuser(Superuser {
                email: "other@example.com".into(),
                ..superuser(3)?
            }),
        ),
    ];
    for (before, after) in pairs {
        let (kind, id) = (before.kind(), before.id().clone());
        let stored = bench.store.commit(vec![Write::insert(before)]).await?;
        let found = bench.store.record_by_id(kind, &id).await?;
        same("the new record", &found.as_ref(), &stored.first())?;
        let Some(found) = found else { continue };
        let update = Write::update(found.clone(), after.clone());
        let changed = bench.store.commit(vec![update]).await?;
        let mut expected = after;
        expected.set_number(found.number());
        same("the changed record", &changed, &vec![expected.clone()])?;
        let found = bench.store.record_by_id(kind, &id).await?;
        same("the changed record", &found, &Some(expected.clone()))?;
        let end = vec![Write::delete(expected.clone())];
        let deleted = bench.store.commit(end).await?;
        same("the deleted record", &deleted, &vec![expected])?;
        let found = bench.store.record_by_id(kind, &id).await?;
        same("the record that is gone", &found, &None)?;
    }
    Ok(())
}

pub async fn list_in_order(bench: &Bench) -> Outcome {
    let (first, second) = (named(&user(1)?, "first"), named(&user(1)?, "second"));
    let writes = vec![
        Write::insert(user(1)?),
        Write::update(user(1)?, first.clone()),
        Write::update(first, second.clone()),
        Write::delete(second.clone()),
        Write::insert(second),
    ];
    let records = bench.store.commit(writes).await?;
    let numbers: Vec<u64> = records.iter().map(Record::number).collect();
    let first = numbers.first().copied().unwrap_or_default();
    let expected = [first, first, first, first, first + 1];
    same("the numbers", &numbers, &expected.to_vec())?;
    let found = bench.store.user_by_id(&id(1)?).await?;
    same(
        "the user",
        &found.map(Record::User).as_ref(),
        &records.last(),
    )
}

pub async fn all_or_nothing(bench: &Bench) -> Outcome {
    let writes = vec![
        Write::insert(user(1)?),
        Write::insert(company(1)?),
        Write::insert(User {
            id: id(2)?,
            email: None,
            phone: None,
            ..user(1)?
        }),
    ];
    let outcome = bench.store.commit(writes).await;
    refused(
        "an openid that the list has twice",
        outcome,
        Conflict::OpenId,
    )?;
    let counts = [
        bench.store.count_users().await?,
        bench.store.count_companies().await?,
    ];
    same("the counts of users and companies", &counts, &[0, 0])?;
    let found = bench.store.user_by_id(&id(1)?).await?;
    same("the first user of the list", &found, &None)
}

pub async fn each_by_itself(bench: &Bench) -> Outcome {
    let writes = vec![
        Write::insert(user(1)?),
        Write::insert(User {
            id: id(2)?,
            email: None,
            phone: None,
            ..user(1)?
        }),
        Write::delete(user(7)?),
        Write::insert(company(1)?),
    ];
    let each = bench.store.commit_each(writes).await?;
    let conflicts: Vec<_> = each.into_iter().map(Result::err).collect();
    let expected = vec![
        None,
        Some(Conflict::OpenId),
        Some(Conflict::NoSuchRecord),
        None,
    ];
    same("the conflicts", &conflicts, &expected)
}

pub async fn exact_values(bench: &Bench) -> Outcome {
    let texts = "ünïcode \u{540D}\u{524D} \u{1F600} 'quoted' \\ \"x\" %_\0\n";
    let new = User {
        name: texts.to_owned(),
        columns: Some(r#"{"b":1,"a":"\u0000"}"#.to_owned()),
        rank_level: i64::MIN,
        created: now() + SignedDuration::from_micros(1_500),
        ..user(1)?
    };
    let stored = bench.store.insert(new.clone()).await?;
    let expected = User {
        number: stored.number,
        created: now() + SignedDuration::from_millis(1),
        ..new
    };
    let found = bench.store.user_by_id(&expected.id).await?;
    same("the user", &found, &Some(expected))
}

pub async fn numbers(bench: &Bench) -> Outcome {
    let first = bench.store.insert(user(1)?).await?;
    let second = bench.store.insert(user(2)?).await?;
    let deletes = vec![Write::delete(second.clone())];
    bench.store.commit(deletes).await?;
    let third = bench.store.insert(user(3)?).await?;
    holds("numbers begin with 1", first.number.0 > 0)?;
    let numbers = [second.number.0, third.number.0];
    let expected = [first.number.0 + 1, first.number.0 + 2];
    same("the next numbers", &numbers, &expected)
}
