//! Properties of the store that hold for every engine: commits of writes, and pages of records.

use bai::domain::{Company, Kind, Superuser, TokenKey, User};
use bai::store::{
    Action, CommitError, Conflict, Cursor, Error, Location, Order, Record, Store, Write,
};
use futures_util::future::join_all;
use jiff::ToSpan as _;

use crate::support::engine;
use crate::support::users::{new_user, now, openid, phone, user_id};

const CACHE: usize = 1 << 20;

/// Tries a property on a store of each engine.
async fn on_each_engine(property: impl AsyncFn(Store)) {
    property(Store::open(&Location::memory(), CACHE).unwrap()).await;
    let dir = tempfile::tempdir().unwrap();
    property(Store::open(&Location::File(dir.path().join("bai.redb")), CACHE).unwrap()).await;
    if let Some(url) = engine::new_database() {
        property(engine::store(&url).await).await;
    }
}

fn company(n: usize) -> Company {
    Company {
        id: user_id(n),
        number: 0,
        company_id: format!("c-{n}"),
        columns: format!(r#"{{"company_name":"{n}"}}"#),
        created: now(),
        updated: now(),
    }
}

fn superuser(n: usize) -> Superuser {
    Superuser {
        id: user_id(n),
        number: 0,
        email: format!("{n}@example.com"),
        email_visibility: false,
        verified: true,
        password_hash: "$scrypt$".into(),
        token_key: TokenKey::new([1; 16]),
        created: now(),
        updated: now(),
    }
}

fn named(user: &User, name: &str) -> User {
    User {
        name: name.into(),
        ..user.clone()
    }
}

async fn inserted(store: &Store, n: usize) -> User {
    store.insert(new_user(n)).await.unwrap()
}

fn refused(outcome: Result<Vec<Record>, CommitError>) -> (usize, Conflict) {
    match outcome.unwrap_err() {
        CommitError::Conflict { index, conflict } => (index, conflict),
        CommitError::Failed(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_record_of_each_kind_is_inserted_replaced_and_deleted() {
    on_each_engine(async |store| {
        let records = [
            (
                Record::from(new_user(1)),
                Record::User(named(&new_user(1), "new")),
            ),
            (
                Record::from(company(2)),
                Record::Company(Company {
                    company_id: "other".into(),
                    ..company(2)
                }),
            ),
            (
                Record::from(superuser(3)),
                Record::Superuser(Superuser {
                    verified: false,
                    ..superuser(3)
                }),
            ),
        ];
        store
            .commit(vec![Write::insert(superuser(9))])
            .await
            .unwrap();
        for (before, after) in records {
            let (kind, id) = (before.kind(), before.id().clone());
            let stored = store.commit(vec![Write::insert(before)]).await.unwrap();
            let found = store.record_by_id(kind, &id).await.unwrap().unwrap();
            assert_eq!(stored[0], found);
            assert_eq!(found.number(), if kind == Kind::Superusers { 2 } else { 1 });

            let changed = store
                .commit(vec![Write::update(found, after)])
                .await
                .unwrap();
            let found = store.record_by_id(kind, &id).await.unwrap().unwrap();
            assert_eq!(changed[0], found);
            assert_eq!(found.number(), stored[0].number(), "a number stays");
            assert_ne!(stored[0], found);

            let deleted = store
                .commit(vec![Write::delete(found.clone())])
                .await
                .unwrap();
            assert_eq!(deleted, [found]);
            assert_eq!(store.record_by_id(kind, &id).await.unwrap(), None);
        }
        engine::checked(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_write_may_be_decided_on_the_write_before_it() {
    on_each_engine(async |store| {
        let writes = vec![
            Write::insert(new_user(1)),
            Write::update(new_user(1), named(&new_user(1), "first")),
            Write::update(named(&new_user(1), "first"), named(&new_user(1), "second")),
            Write::delete(named(&new_user(1), "second")),
            Write::insert(new_user(1)),
        ];
        let records = store.commit(writes).await.unwrap();
        let numbers: Vec<_> = records.iter().map(Record::number).collect();
        assert_eq!(numbers, [1, 1, 1, 1, 2]);
        assert_eq!(
            store.user_by_id(&user_id(1)).await.unwrap(),
            records[4].as_user().cloned()
        );
    })
    .await;
}

#[tokio::test]
async fn a_write_that_was_decided_on_another_version_is_refused() {
    on_each_engine(async |store| {
        let stored = inserted(&store, 1).await;
        let changed = named(&stored, "new");
        store
            .commit(vec![Write::update(stored.clone(), changed.clone())])
            .await
            .unwrap();
        let late = Write::update(stored.clone(), named(&stored, "late"));
        assert_eq!(
            refused(store.commit(vec![late]).await),
            (0, Conflict::Changed)
        );
        let outcome = store.commit(vec![Write::delete(stored)]).await;
        assert_eq!(refused(outcome), (0, Conflict::Changed));
        assert_eq!(
            store.user_by_id(&user_id(1)).await.unwrap(),
            Some(changed.clone())
        );

        store
            .commit(vec![Write::delete(changed.clone())])
            .await
            .unwrap();
        for write in [
            Write::update(changed.clone(), changed.clone()),
            Write::delete(changed),
        ] {
            assert_eq!(
                refused(store.commit(vec![write]).await),
                (0, Conflict::NoSuchRecord)
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_with_a_conflict_leaves_no_trace() {
    on_each_engine(async |store| {
        let stored = inserted(&store, 1).await;
        let mut changes = store.changes();
        let writes = vec![
            Write::insert(new_user(2)),
            Write::update(stored.clone(), named(&stored, "new")),
            Write::insert(company(3)),
            Write::delete(company(3)),
            Write::delete(named(&stored, "new")),
            Write::insert(superuser(4)),
            Write::insert(new_user(2)),
        ];
        assert_eq!(refused(store.commit(writes).await), (6, Conflict::Email));
        assert_eq!(engine::checked(&store).await, [1, 0, 0]);
        assert_eq!(store.user_by_id(&user_id(1)).await.unwrap(), Some(stored));
        assert!(changes.try_recv().is_err(), "nothing was told");
    })
    .await;
}

#[tokio::test]
async fn what_another_record_has_is_refused_by_name() {
    on_each_engine(async |store| {
        let (one, two) = (inserted(&store, 1).await, inserted(&store, 2).await);
        let with = |change: &dyn Fn(&mut User)| {
            let mut user = new_user(3);
            change(&mut user);
            user
        };
        let new = [
            (
                with(&|user| user.email.clone_from(&one.email)),
                Conflict::Email,
            ),
            (with(&|user| user.phone = Some(phone(1))), Conflict::Phone),
            (with(&|user| user.openid = openid(1)), Conflict::OpenId),
            (with(&|user| user.id = user_id(1)), Conflict::Id),
            // Of several, the first in this order, also when one record has them all.
            (one.clone(), Conflict::Email),
            (
                User {
                    email: None,
                    ..one.clone()
                },
                Conflict::Phone,
            ),
            (
                User {
                    email: None,
                    phone: None,
                    ..one.clone()
                },
                Conflict::OpenId,
            ),
        ];
        for (user, conflict) in new {
            assert_eq!(
                refused(store.commit(vec![Write::insert(user)]).await),
                (0, conflict)
            );
        }
        let changed = [
            (
                User {
                    email: one.email.clone(),
                    ..two.clone()
                },
                Conflict::Email,
            ),
            (
                User {
                    phone: Some(phone(1)),
                    ..two.clone()
                },
                Conflict::Phone,
            ),
            (
                User {
                    openid: openid(1),
                    ..two.clone()
                },
                Conflict::OpenId,
            ),
        ];
        for (user, conflict) in changed {
            let outcome = store.commit(vec![Write::update(two.clone(), user)]).await;
            assert_eq!(refused(outcome), (0, conflict));
        }
        let free = User {
            phone: None,
            ..one.clone()
        };
        let swap = vec![
            Write::update(one.clone(), free.clone()),
            Write::update(
                two.clone(),
                User {
                    phone: one.phone.clone(),
                    ..two.clone()
                },
            ),
            Write::update(
                free.clone(),
                User {
                    phone: two.phone.clone(),
                    ..free
                },
            ),
        ];
        store.commit(swap).await.unwrap();
        assert_eq!(
            store.user_by_phone(&phone(1)).await.unwrap().unwrap().id,
            two.id
        );
        engine::checked(&store).await;
    })
    .await;
}

#[tokio::test]
async fn companies_and_superusers_have_keys_of_their_own_and_one_superuser_stays() {
    on_each_engine(async |store| {
        let keyless = |n| Company {
            company_id: String::new(),
            ..company(n)
        };
        let first = vec![
            Write::insert(company(1)),
            Write::insert(superuser(1)),
            Write::insert(keyless(2)),
            Write::insert(keyless(3)),
        ];
        store.commit(first).await.unwrap();
        let same_key = Company {
            company_id: "c-1".into(),
            ..company(4)
        };
        let same_email = Superuser {
            email: "1@example.com".into(),
            ..superuser(4)
        };
        let refusals = [
            (Write::insert(same_key.clone()), Conflict::CompanyId),
            (
                Write::update(
                    keyless(2),
                    Company {
                        id: user_id(2),
                        ..same_key
                    },
                ),
                Conflict::CompanyId,
            ),
            (
                Write::insert(Company {
                    id: user_id(1),
                    ..company(4)
                }),
                Conflict::Id,
            ),
            (Write::insert(same_email), Conflict::Email),
            (
                Write::insert(Superuser {
                    id: user_id(1),
                    ..superuser(4)
                }),
                Conflict::Id,
            ),
            (Write::delete(superuser(1)), Conflict::LastSuperuser),
        ];
        for (write, conflict) in refusals {
            assert_eq!(refused(store.commit(vec![write]).await), (0, conflict));
        }
        let in_order = vec![Write::insert(superuser(5)), Write::delete(superuser(1))];
        store.commit(in_order).await.unwrap();
        engine::checked(&store).await;
    })
    .await;
}

#[tokio::test]
async fn writes_that_stand_alone_do_not_stop_each_other() {
    on_each_engine(async |store| {
        let writes = vec![
            Write::insert(new_user(1)),
            Write::insert(new_user(1)),
            Write::delete(new_user(7)),
            Write::insert(company(1)),
        ];
        let each = store.commit_each(writes).await.unwrap();
        let conflicts: Vec<_> = each.into_iter().map(Result::err).collect();
        let expected = [
            None,
            Some(Conflict::Email),
            Some(Conflict::NoSuchRecord),
            None,
        ];
        assert_eq!(conflicts, expected);
    })
    .await;
}

#[tokio::test]
async fn an_update_does_not_make_another_record() {
    on_each_engine(async |store| {
        let stored = inserted(&store, 1).await;
        let later = User {
            created: now() + 1.second(),
            ..stored.clone()
        };
        let others = [
            Record::User(User {
                id: user_id(2),
                ..stored.clone()
            }),
            Record::User(later),
            Record::Company(company(1)),
        ];
        for other in others {
            let update = Write::update(Record::User(stored.clone()), other);
            let outcome = store.commit(vec![update]).await;
            assert!(
                matches!(outcome, Err(CommitError::Failed(Error::Failed(_)))),
                "{outcome:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn times_are_kept_in_milliseconds() {
    on_each_engine(async |store| {
        let new = User {
            created: now() + 1_500.microseconds(),
            ..new_user(1)
        };
        let stored = store
            .commit(vec![Write::insert(new.clone())])
            .await
            .unwrap();
        assert_eq!(stored[0].created(), now() + 1.millisecond());
        store
            .commit(vec![Write::update(new.clone(), named(&new, "new"))])
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn changes_are_told_in_the_order_of_the_writes() {
    on_each_engine(async |store| {
        let mut changes = store.changes();
        let list = vec![
            Write::insert(new_user(1)),
            Write::update(new_user(1), named(&new_user(1), "new")),
            Write::delete(named(&new_user(1), "new")),
        ];
        let records = store.commit(list).await.unwrap();
        for (action, record) in [Action::Create, Action::Update, Action::Delete]
            .into_iter()
            .zip(records)
        {
            let change = changes.try_recv().unwrap();
            assert_eq!((change.action, &change.record), (action, &record));
        }
        assert!(changes.try_recv().is_err());
    })
    .await;
}

/// All records of an order by pages of `limit`, with the records of the last page removed before the next one is read.
async fn pages(store: &Store, order: Order, limit: usize) -> Vec<Record> {
    let mut cursor = Cursor::START;
    let mut all = Vec::new();
    loop {
        let page = store.records_after(order, &cursor, limit).await.unwrap();
        if let Some(last) = page.last() {
            cursor = Cursor::after(last);
        }
        let is_last = page.len() < limit;
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

#[tokio::test]
async fn pages_show_every_record_once_in_the_order_that_was_asked_for() {
    on_each_engine(async |store| {
        // Two of each second, the later ones first.
        let at = |n: usize| User {
            created: now() - (i64::try_from(n / 2).unwrap()).seconds(),
            ..new_user(n)
        };
        let writes = (0..25).map(|n| Write::insert(at(n))).collect();
        let stored = store.commit(writes).await.unwrap();
        store
            .commit((0..7).map(|n| Write::insert(company(n))).collect())
            .await
            .unwrap();

        let by_created = |newest_first| Order::UsersByCreated { newest_first };
        let mut expected = stored.clone();
        expected.sort_by_key(|record| (record.created(), record.number()));
        for limit in [1, 2, 5, 25, 100] {
            assert_eq!(pages(&store, Order::ById(Kind::Users), limit).await, stored);
            assert_eq!(pages(&store, by_created(false), limit).await, expected);
            assert_eq!(
                pages(&store, Order::ById(Kind::Companies), limit)
                    .await
                    .len(),
                7
            );
        }
        for skipped in [0, 3, 24, 25, u64::MAX] {
            let cursor = Cursor::skip(skipped);
            let rest: Vec<_> = expected
                .iter()
                .skip(usize::try_from(skipped).unwrap())
                .cloned()
                .collect();
            assert_eq!(
                store
                    .records_after(by_created(false), &cursor, 100)
                    .await
                    .unwrap(),
                rest
            );
        }
        expected.reverse();
        assert_eq!(pages(&store, by_created(true), 4).await, expected);
        let skipped = store
            .records_after(by_created(true), &Cursor::skip(20), 2)
            .await
            .unwrap();
        assert_eq!(skipped, expected[20..22]);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_outlives_its_record() {
    on_each_engine(async |store| {
        let writes = (0..6).map(|n| Write::insert(new_user(n))).collect();
        store.commit(writes).await.unwrap();
        let newest_first = Order::UsersByCreated { newest_first: true };
        let oldest_first = Order::UsersByCreated {
            newest_first: false,
        };
        for order in [Order::ById(Kind::Users), newest_first, oldest_first] {
            let page = store.records_after(order, &Cursor::START, 3).await.unwrap();
            let cursor = Cursor::after(&page[1]);
            store
                .commit(vec![Write::delete(page[1].clone())])
                .await
                .unwrap();
            let rest = store.records_after(order, &cursor, 1).await.unwrap();
            assert_eq!(rest, page[2..]);
        }
    })
    .await;
}

#[tokio::test]
async fn of_many_writes_decided_on_one_version_one_is_done() {
    on_each_engine(async |store| {
        let stored = inserted(&store, 1).await;
        let update = |n: usize| {
            let after = named(&stored, &n.to_string());
            store.commit(vec![Write::update(stored.clone(), after)])
        };
        let outcomes = join_all((0..20).map(update)).await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1);
        let conflicts = outcomes.into_iter().filter(Result::is_err).map(refused);
        assert!(
            conflicts
                .into_iter()
                .all(|refused| refused == (0, Conflict::Changed))
        );
    })
    .await;
}

/// Adds 1 to the name of a user, under its lock.
async fn increment(store: &Store) {
    let _lock = store.lock([&user_id(1)]).await;
    let before = store.user_by_id(&user_id(1)).await.unwrap().unwrap();
    let next = before.name.parse::<usize>().unwrap() + 1;
    let after = named(&before, &next.to_string());
    store.update(before, after).await.unwrap();
}

#[tokio::test]
async fn many_changes_of_one_locked_record_are_all_done() {
    on_each_engine(async |store| {
        store.insert(named(&new_user(1), "0")).await.unwrap();
        join_all((0..100).map(|_| increment(&store))).await;
        assert_eq!(
            store.user_by_id(&user_id(1)).await.unwrap().unwrap().name,
            "100"
        );
    })
    .await;
}

#[tokio::test]
async fn who_locks_several_records_does_not_block_who_locks_them_in_another_order() {
    on_each_engine(async |store| {
        let ids: Vec<_> = (0..600).map(user_id).collect();
        let backwards: Vec<_> = ids.iter().rev().collect();
        let lock = async |n: usize| {
            let _lock = match n % 2 {
                0 => store.lock(&ids).await,
                _ => store.lock(backwards.iter().copied()).await,
            };
            tokio::task::yield_now().await;
        };
        join_all((0..20).map(lock)).await;
    })
    .await;
}
