//! Properties of conflicts.

use super::bench::{Bench, KEEPER};
use super::outcome::{Outcome, failed, refused, same};
use super::samples::{company, id, named, openid, phone, superuser, user};
use crate::domain::{Company, Phone, Superuser, User};
use crate::store::{Conflict, Write};

pub async fn taken_keys(bench: &Bench) -> Outcome {
    let email = |n: usize| Some(format!("{n}@example.com"));
    let taken = vec![
        Write::insert(User {
            email: email(1),
            ..user(1)?
        }),
        Write::insert(company(1)?),
        Write::insert(superuser(1)?),
    ];
    bench.store.commit(taken).await?;
    let other = user(2)?;
    let cases = [
        (
            Write::insert(User {
                id: id(1)?,
                ..user(3)?
            }),
            Conflict::Id,
        ),
        (
            Write::insert(User {
                openid: openid(1)?,
                email: None,
                ..other.clone()
            }),
            Conflict::OpenId,
        ),
        (
            Write::insert(User {
                phone: Some(phone(1)?),
                ..other.clone()
            }),
            Conflict::Phone,
        ),
        (
            Write::insert(User {
                email: email(1),
                ..other
            }),
            Conflict::Email,
        ),
        (
            Write::insert(Company {
                company_id: "c-1".into(),
                ..company(2)?
            }),
            Conflict::CompanyId,
        ),
        (
            Write::insert(Company {
                id: id(1)?,
                ..company(2)?
            }),
            Conflict::Id,
        ),
        (
            Write::insert(Superuser {
                email: "1@example.com".into(),
                ..superuser(2)?
            }),
            Conflict::Email,
        ),
        (
            Write::insert(Superuser {
                id: id(1)?,
                ..superuser(2)?
            }),
            Conflict::Id,
        ),
    ];
    for (n, (write, conflict)) in cases.into_iter().enumerate() {
        let what = format!("the conflict of case {n}");
        refused(&what, bench.store.commit(vec![write]).await, conflict)?;
    }
    let free = bench.store.insert(user(2)?).await?;
    let taking = User {
        phone: Some(phone(1)?),
        ..free.clone()
    };
    let outcome = bench.store.update(free, taking).await;
    refused("a phone that is taken", outcome, Conflict::Phone)
}

pub async fn given_up_keys(bench: &Bench) -> Outcome {
    let first = bench.store.insert(user(1)?).await?;
    let second = bench.store.insert(user(2)?).await?;
    let swapped = [(&first, &second), (&second, &first)];
    let without = User {
        phone: None,
        ..first.clone()
    };
    let writes = vec![
        Write::update(first.clone(), without.clone()),
        Write::update(
            second.clone(),
            User {
                phone: first.phone.clone(),
                ..second.clone()
            },
        ),
        Write::update(
            without.clone(),
            User {
                phone: second.phone.clone(),
                ..without
            },
        ),
    ];
    bench.store.commit(writes).await?;
    for (one, other) in swapped {
        let Some(phone) = &other.phone else { continue };
        let found = bench.store.user_by_phone(phone).await?;
        let found = found.map(|user| user.id);
        same("the owner of a phone", &found, &Some(one.id.clone()))?;
    }
    Ok(())
}

pub async fn spellings(bench: &Bench) -> Outcome {
    let today = Phone::parse("+447911123456").map_err(|_| failed("a sample is no phone"))?;
    let older = today.with_trunk_zero();
    let older = older.ok_or_else(|| failed("a sample has one spelling"))?;
    let stored = bench.store.insert(User {
        phone: Some(older),
        ..user(1)?
    });
    let stored = stored.await?;
    let found = bench.store.user_by_phone(&today).await?;
    same("the user by the spelling of today", &found, &Some(stored))?;
    let outcome = bench.store.insert(User {
        phone: Some(today),
        ..user(2)?
    });
    refused("the other spelling", outcome.await, Conflict::Phone)
}

pub async fn missing(bench: &Bench) -> Outcome {
    let update = Write::update(user(1)?, named(&user(1)?, "new"));
    for write in [
        update,
        Write::delete(user(1)?),
        Write::delete(company(1)?),
        Write::delete(superuser(1)?),
    ] {
        let outcome = bench.store.commit(vec![write]).await;
        refused("what is not there", outcome, Conflict::NoSuchRecord)?;
    }
    Ok(())
}

pub async fn older_version(bench: &Bench) -> Outcome {
    let old = bench.store.insert(user(1)?).await?;
    let new = bench.store.update(old.clone(), named(&old, "new")).await?;
    let outcome = bench.store.update(old.clone(), named(&old, "late")).await;
    refused("a change of an older version", outcome, Conflict::Changed)?;
    let deletes = vec![Write::delete(old)];
    let outcome = bench.store.commit(deletes).await;
    refused("the end of an older version", outcome, Conflict::Changed)?;
    let found = bench.store.user_by_id(&new.id).await?;
    same("the user", &found, &Some(new))
}

pub async fn last_superuser(bench: &Bench) -> Outcome {
    let deletes = vec![Write::delete(superuser(KEEPER)?)];
    let outcome = bench.store.commit(deletes).await;
    refused("the last superuser", outcome, Conflict::LastSuperuser)?;
    bench.store.insert(superuser(1)?).await?;
    let deletes = vec![Write::delete(superuser(1)?)];
    bench.store.commit(deletes).await?;
    same("the superusers", &bench.store.count_superusers().await?, &1)
}
