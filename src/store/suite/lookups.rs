//! Properties of lookups.

use super::bench::Bench;
use super::outcome::{Outcome, same};
use super::samples::{company, id, named, openid, phone, superuser, user};
use crate::domain::{Kind, User};
use crate::store::{Order, TextIndex, Write};

/// More than there are.
const MANY: usize = 100;

pub async fn keys(bench: &Bench) -> Outcome {
    let (user, company, superuser) = (user(1)?, company(2)?, superuser(3)?);
    let store = &bench.store;
    let user = store.insert(user).await?;
    let company = store.insert(company).await?;
    let superuser = store.insert(superuser).await?;
    let users = [
        store.user_by_id(&user.id).await?,
        store.user_by_openid(&user.openid).await?,
        store.user_by_phone(&phone(1)?).await?,
    ];
    for found in users {
        same("the user", &found.as_ref(), &Some(&user))?;
    }
    let companies = [
        store.company_by_id(&company.id).await?,
        store.company_by_company_id("c-2").await?,
    ];
    for found in companies {
        same("the company", &found.as_ref(), &Some(&company))?;
    }
    let superusers = [
        store.superuser_by_id(&superuser.id).await?,
        store.superuser_by_email("3@example.com").await?,
    ];
    for found in superusers {
        same("the superuser", &found.as_ref(), &Some(&superuser))?;
    }
    let nobody = [
        store.user_by_id(&id(9)?).await?,
        store.user_by_openid(&openid(9)?).await?,
        store.user_by_phone(&phone(9)?).await?,
    ];
    same("those who are not there", &nobody, &[None, None, None])?;
    let ids = [id(9)?, id(1)?];
    let found = store.records_by_ids(Kind::Users, &ids).await?;
    same("the users by ids", &found, &vec![user.into()])
}

pub async fn emails(bench: &Bench) -> Outcome {
    let given = "Li.Lei@example.com";
    let native = bench.store.insert(user(1)?).await?;
    let own = bench.store.insert(User {
        email: Some(given.to_owned()),
        ..user(2)?
    });
    let own = own.await?;
    let native_email = native.email.clone().unwrap_or_default();
    let found = bench.store.user_by_email(&native_email).await?;
    same(
        "the user by a native address",
        &found,
        &Some(native.clone()),
    )?;
    let found = bench.store.user_by_email(given).await?;
    same("the user by a given address", &found, &Some(own))?;
    let found = bench.store.user_by_email("li.lei@example.com").await?;
    same("the user by another case", &found, &None)?;
    let without = User {
        email: None,
        ..native.clone()
    };
    bench.store.update(native, without).await?;
    let found = bench.store.user_by_email(&native_email).await?;
    same("the user by an address that was given up", &found, &None)
}

pub async fn begins(bench: &Bench) -> Outcome {
    let users = [11, 12, 13, 2].map(|n| user(n).map(Write::insert));
    let users = users.into_iter().collect::<Result<Vec<_>, _>>()?;
    bench.store.commit(users).await?;
    let begins = [
        (TextIndex::Id, "s0000000000001", 3),
        (TextIndex::OpenId, "o_1", 3),
        (TextIndex::Phone, "138000000", 4),
    ];
    for (index, begin, expected) in begins {
        let count = bench.store.count_by_begin(index, begin, MANY).await?;
        same(&format!("the count of {index:?}"), &count, &Some(expected))?;
        let ids = bench.store.ids_by_begin(index, begin, MANY).await?;
        let ids = ids.map(|ids| ids.len() as u64);
        same(&format!("the ids of {index:?}"), &ids, &Some(expected))?;
        let too_many = bench.store.ids_by_begin(index, begin, 1).await?;
        same("more than the limit", &too_many, &None)?;
    }
    let count = bench
        .store
        .count_users_by_phone_prefix("1380000001")
        .await?;
    same("the count by the begin of a phone", &count, &3)?;
    let found = bench.store.users_by_phone_prefix("1380000001").await?;
    let phones: Vec<_> = found.into_iter().filter_map(|user| user.phone).collect();
    let expected = vec![phone(11)?, phone(12)?, phone(13)?];
    same("the users by the begin of a phone", &phones, &expected)
}

pub async fn names(bench: &Bench) -> Outcome {
    let long = "Wang ".repeat(400);
    let mut numbers = Vec::new();
    for (n, name) in ["Li Lei", "li ming", "Lily", "Han", &long, "Li Lei", ""]
        .into_iter()
        .enumerate()
    {
        let stored = bench.store.insert(named(&user(n)?, name)).await?;
        numbers.push(stored.number.0);
    }
    let at = |places: &[usize]| -> Vec<u64> { places.iter().map(|n| numbers[*n]).collect() };
    let found = bench.store.user_numbers_named("Li Lei", MANY).await?;
    same("the users of a name", &found, &Some(at(&[0, 5])))?;
    let found = bench.store.user_numbers_named(&long, MANY).await?;
    same("the user of a long name", &found, &Some(at(&[4])))?;
    let found = bench.store.user_numbers_named("li lei", MANY).await?;
    same("the users of a name in another case", &found, &Some(vec![]))?;
    let found = bench.store.user_numbers_by_name("li", MANY).await?;
    let found = found.map(sorted);
    same(
        "the users whose names begin so",
        &found,
        &Some(at(&[0, 1, 2, 5])),
    )?;
    let order = Order::UsersByCreated {
        newest_first: false,
    };
    let all = bench
        .store
        .records_after(order, &crate::store::Cursor::START, MANY);
    same("the users", &all.await?.len(), &7)
}

fn sorted(mut numbers: Vec<u64>) -> Vec<u64> {
    numbers.sort_unstable();
    numbers
}
