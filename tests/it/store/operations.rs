//! The store by itself, on a real file.

use std::fs::{self, File};
use std::path::Path;

use bai::domain::{IdType, OpenId, Phone, RecordId, ServerKey, TokenKey, User};
use bai::random::Random;
use bai::store::file::CopyLimits;
use bai::store::{Action, CommitError, Conflict, Error, Location, Record, Store, Write};
use jiff::Timestamp;

const CACHE: usize = 1 << 20;

fn open(path: &Path) -> Result<Store, Error> {
    Store::open(&Location::File(path.to_owned()), CACHE)
}

fn user(random: &Random, openid: &str, phone: Option<&str>) -> User {
    let id = RecordId::from_random(random.bytes().unwrap());
    let now = Timestamp::from_second(1_795_327_836).unwrap();
    User {
        phone: phone.map(|phone| Phone::parse(phone).unwrap()),
        ..User::new(
            id,
            OpenId::parse(openid).unwrap(),
            IdType::WeChat,
            random.uuid().unwrap(),
            TokenKey::new([0; 16]),
            now,
        )
    }
}

fn conflict<T: std::fmt::Debug>(outcome: Result<T, CommitError>) -> Conflict {
    match outcome.unwrap_err() {
        CommitError::Conflict { conflict, .. } => conflict,
        CommitError::Failed(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn both_indexes_lead_to_the_user_after_a_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let random = Random::seeded(1);
    let store = open(&path).unwrap();
    let stored = store
        .insert(user(&random, "o_1", Some("13800138000")))
        .await
        .unwrap();
    drop(store);

    let store = open(&path).unwrap();
    assert_eq!(store.user_by_id(&stored.id).await.unwrap().unwrap(), stored);
    assert_eq!(
        store.user_by_openid(&stored.openid).await.unwrap().unwrap(),
        stored
    );
    assert_eq!(
        store
            .user_by_phone(stored.phone.as_ref().unwrap())
            .await
            .unwrap()
            .unwrap(),
        stored
    );
    assert_eq!(store.count_users().await.unwrap(), 1);
    assert!(
        store
            .user_by_openid(&OpenId::parse("o_2").unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_refused_job_leaves_no_trace_in_the_shared_transaction() {
    let random = Random::seeded(1);
    let store = Store::open(&Location::memory(), CACHE).unwrap();
    let first = store
        .insert(user(&random, "o_1", Some("13800138000")))
        .await
        .unwrap();
    let (same_phone, good, same_openid) = tokio::join!(
        store.insert(user(&random, "o_2", Some("13800138000"))),
        store.insert(user(&random, "o_3", Some("13800138001"))),
        store.insert(user(&random, "o_1", None)),
    );
    assert_eq!(conflict(same_phone), Conflict::Phone);
    assert_eq!(conflict(same_openid), Conflict::OpenId);
    assert_eq!(good.unwrap().number.0, 2);
    assert!(
        store
            .user_by_openid(&OpenId::parse("o_2").unwrap())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.count_users().await.unwrap(), 2);

    let stolen = |user: &User| User {
        phone: Some(Phone::parse("13800138001").unwrap()),
        ..user.clone()
    };
    let refused = store.update(first.clone(), stolen(&first)).await;
    assert_eq!(conflict(refused), Conflict::Phone);
    assert_eq!(store.user_by_id(&first.id).await.unwrap().unwrap(), first);
    let nobody = user(&random, "o_4", None);
    assert_eq!(
        conflict(store.update(nobody.clone(), stolen(&nobody)).await),
        Conflict::NoSuchRecord
    );
}

#[tokio::test]
async fn a_requester_that_goes_away_does_not_stop_its_job_or_the_writer() {
    let random = Random::seeded(1);
    let store = Store::open(&Location::memory(), CACHE).unwrap();
    let insertion = store.insert(user(&random, "o_1", None));
    let _ = tokio::time::timeout(std::time::Duration::ZERO, insertion).await;
    store.insert(user(&random, "o_2", None)).await.unwrap();
    assert_eq!(store.count_users().await.unwrap(), 2);
}

#[tokio::test]
async fn old_token_keys_go_when_their_last_tokens_have_expired() {
    let store = Store::open(&Location::memory(), CACHE).unwrap();
    let at = |secs: i64| Timestamp::from_second(secs).unwrap();
    let key = |n: u8| ServerKey {
        secret: [n; 32],
        created: at(i64::from(n) * 100),
    };
    // Each token lives 100 seconds. The key before the newest expired one signed until that one came.
    for n in 1..=4 {
        store
            .add_token_key(key(n), at(i64::from(n) * 100 - 100))
            .await
            .unwrap();
    }
    let kept: Vec<u8> = store
        .token_keys()
        .await
        .unwrap()
        .iter()
        .map(|key| key.secret[0])
        .collect();
    assert_eq!(kept, [2, 3, 4]);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    drop(open(&path).unwrap());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_file_that_is_not_ours_is_refused_by_name_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    fs::write(&text, "not a database, but somebody's notes\n".repeat(300)).unwrap();
    let foreign = dir.path().join("foreign.redb");
    let db = redb::Database::create(&foreign).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u64, u64>::new("theirs"))
        .unwrap();
    txn.commit().unwrap();
    drop(db);
    for path in [text, foreign] {
        let before = fs::read(&path).unwrap();
        let error = open(&path).err().unwrap();
        assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .contains(path.file_name().unwrap().to_str().unwrap()),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_damaged_file_is_refused_by_name_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    drop(open(&path).unwrap());
    let mut content = fs::read(&path).unwrap();
    // In redb's header, which says where everything is.
    content[100] ^= 1;
    fs::write(&path, &content).unwrap();
    let error = open(&path).err().unwrap();
    assert!(matches!(error, Error::DamagedFile { .. }), "{error:?}");
    assert!(
        error.to_string().contains("bai.redb is damaged: block 0"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), content);
}

#[test]
fn a_file_in_use_and_a_folder_that_is_not_there_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let _store = open(&path).unwrap();
    let error = open(&path).err().unwrap();
    assert!(matches!(error, Error::InUse { .. }), "{error:?}");
    let error = open(&dir.path().join("missing/bai.redb")).err().unwrap();
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("missing/bai.redb:"), "{error}");
}

async fn compact(store: &Store) {
    let store = store.clone();
    tokio::task::spawn_blocking(move || store.file().unwrap().compact())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn compaction_gives_space_back_and_keeps_everybody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let store = open(&path).unwrap();
    let users = (0..2_000).map(|n| store.insert(crate::support::users::new_user(n)));
    futures_util::future::join_all(users).await;
    drop(store);

    let before = fs::metadata(&path).unwrap().len();
    let store = open(&path).unwrap();
    compact(&store).await;
    for n in 0..2_000 {
        let user = store
            .user_by_phone(&crate::support::users::phone(n))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(crate::support::users::stored_user(n, user.number), user);
    }
    drop(store);
    assert!(fs::metadata(&path).unwrap().len() < before);
    assert_eq!(open(&path).unwrap().count_users().await.unwrap(), 2_000);
}

#[tokio::test]
async fn a_compacted_file_is_not_doubled_by_the_next_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let store = open(&path).unwrap();
    let users = (0..5_000).map(|n| store.insert(crate::support::users::new_user(n)));
    futures_util::future::join_all(users).await;
    compact(&store).await;
    let compacted = fs::metadata(&path).unwrap().len();
    store
        .insert(crate::support::users::new_user(5_000))
        .await
        .unwrap();
    drop(store);
    assert!(fs::metadata(&path).unwrap().len() <= compacted);
}

#[tokio::test]
async fn a_file_of_version_1_is_migrated_with_everybody_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    let mut packed =
        flate2::read::GzDecoder::new(&include_bytes!("../../fixtures/stored/store_v1.gz")[..]);
    std::io::copy(&mut packed, &mut File::create(&path).unwrap()).unwrap();

    let store = open(&path).unwrap();
    let registered = store
        .user_by_phone(&Phone::parse("13800138000").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(registered.name, "张三");
    assert!(registered.verified && !registered.email_visibility);
    let email = registered.email.clone().unwrap();
    assert_eq!(
        store.user_by_email(&email).await.unwrap().unwrap(),
        registered
    );
    assert_eq!(store.count_users().await.unwrap(), 2);
    drop(store);
    assert!(dir.path().join("bai.redb.v1.bak").exists());
    assert_eq!(open(&path).unwrap().count_users().await.unwrap(), 2);
}

#[tokio::test]
async fn changes_are_told_in_order_and_only_those_that_were_committed() {
    let random = Random::seeded(1);
    let store = Store::open(&Location::memory(), CACHE).unwrap();
    store.insert(user(&random, "o_before", None)).await.unwrap();
    let mut changes = store.changes();

    let stored = store.insert(user(&random, "o_1", None)).await.unwrap();
    let taken = store.insert(user(&random, "o_1", None)).await;
    assert_eq!(conflict(taken), Conflict::OpenId);
    let (good, same) = (
        Write::insert(user(&random, "o_2", None)),
        Write::insert(user(&random, "o_1", None)),
    );
    let writes = vec![good.clone(), Write::delete(stored.clone()), good, same];
    let CommitError::Conflict { index, conflict } = store.commit(writes).await.unwrap_err() else {
        panic!("no conflict")
    };
    assert_eq!((index, conflict), (2, Conflict::Email));
    store
        .commit(vec![Write::delete(stored.clone())])
        .await
        .unwrap();

    for action in [Action::Create, Action::Delete] {
        let change = changes.try_recv().unwrap();
        assert_eq!(
            (change.action, &change.record),
            (action, &Record::User(stored.clone()))
        );
    }
    assert!(changes.try_recv().is_err());
}

#[tokio::test]
async fn a_change_that_was_decided_on_an_older_record_is_refused() {
    let random = Random::seeded(1);
    let store = Store::open(&Location::memory(), CACHE).unwrap();
    let stored = store.insert(user(&random, "o_1", None)).await.unwrap();
    let change = |byte| User {
        token_key: TokenKey::new([byte; 16]),
        ..stored.clone()
    };
    let (first, second) = tokio::join!(
        store.update(stored.clone(), change(1)),
        store.update(stored.clone(), change(2)),
    );
    assert_eq!(first.unwrap().token_key, TokenKey::new([1; 16]));
    assert_eq!(conflict(second), Conflict::Changed);
}

#[tokio::test]
async fn a_backup_holds_what_was_there_when_it_began_while_writes_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let random = Random::seeded(1);
    let store = open(&dir.path().join("bai.redb")).unwrap();
    let add = async |n: usize| {
        store
            .insert(user(&random, &format!("o_{n}"), None))
            .await
            .unwrap()
    };
    for n in 0..200 {
        add(n).await;
    }
    let copy = dir.path().join("copy.redb");
    let copying = {
        let (store, copy) = (store.clone(), copy.clone());
        std::thread::spawn(move || {
            store.file().unwrap().backup(
                &copy,
                Timestamp::UNIX_EPOCH,
                CopyLimits::NONE,
                &mut |_, _| (),
            )
        })
    };
    let mut n = 200;
    while !copying.is_finished() {
        add(n).await;
        n += 1;
    }
    let contents = copying.join().unwrap().unwrap();
    assert!(
        (200..=n as u64).contains(&contents.users),
        "{contents:?} of {n}"
    );
    assert_eq!(store.file().unwrap().check().unwrap().users, n as u64);

    let copy = open(&copy).unwrap();
    assert_eq!(copy.file().unwrap().check().unwrap(), contents);
    for n in 0..200 {
        let openid = OpenId::parse(&format!("o_{n}")).unwrap();
        assert_eq!(
            copy.user_by_openid(&openid).await.unwrap(),
            store.user_by_openid(&openid).await.unwrap()
        );
    }
}
