//! Moves of a whole database, and the store's suite on PostgreSQL.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use bai::clock::Clock;
use bai::domain::{
    Actor, AuditEvent, Avatar, AvatarName, Company, EventId, EventKind, EventSearch, HookId,
    IdType, ImageFormat, IssuedToken, Kind, QueuedEvent, RuleName, ServerKey, Superuser, TokenId,
    TokenKey, User, UserEventKind,
};
use bai::random::Random;
use bai::store::{
    Cursor, EventBounds, Location, NewEvent, Order, Outbox, PostgresSettings, Record, Remembered,
    Store, Write,
};
use jiff::{SignedDuration, ToSpan as _};

use crate::support::postgres::{database, sql, wait_until};
use crate::support::users::{new_user, now, user_id};

const CACHE: usize = 4 << 20;
const MANY: usize = 100_000;

/// All that a database has.
type Contents = (Vec<Record>, Vec<(EventId, AuditEvent)>, Remembered);

async fn contents(store: &Store) -> Contents {
    let mut records = Vec::new();
    for kind in Kind::ALL {
        let page = store.records_after(Order::ById(kind), &Cursor::START, MANY);
        records.extend(page.await.unwrap());
    }
    let all = EventSearch {
        limit: MANY,
        ..EventSearch::default()
    };
    let events = store.events(&all).await.unwrap().events;
    (records, events, store.remembered().await.unwrap())
}

fn open(path: &Path) -> Store {
    Store::open(&Location::ReadOnly(path.to_owned()), CACHE).unwrap()
}

async fn connect(url: &str) -> Result<Store, bai::store::Error> {
    let settings = PostgresSettings {
        url: url.into(),
        require_sync: false,
        connections: 2,
    };
    Store::connect(&settings, Clock::System, Random::System).await
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bai"));
    command.args(args).env("BAI_STORE__REQUIRE_SYNC", "false");
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

/// The output of a command that did what it was asked.
fn done(args: &[&str]) -> String {
    let output = run(args);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words of a command that refused, with that exit code.
fn refused(args: &[&str], code: i32) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(code));
    String::from_utf8(output.stderr).unwrap()
}

/// Fills a file with so many users, and some of all else.
async fn fill(path: &Path, users: usize) {
    let store = Store::open(&Location::File(path.to_owned()), CACHE).unwrap();
    let mut writes: Vec<Write> = (0..users).map(|n| Write::insert(user(n))).collect();
    writes.push(Write::insert(company()));
    writes.push(Write::insert(superuser()));
    let stored = store.commit(writes).await.unwrap();
    // The number of the newest is not that of any who is there.
    let newest = Write::delete(stored[users - 1].clone());
    store.commit(vec![newest]).await.unwrap();
    let bounds = EventBounds {
        max: 1_000,
        since: now() - 1.hour(),
    };
    let ids = store.add_events(events(), bounds).await.unwrap();
    let again = NewEvent {
        repeats: Some(ids[0]),
        ..events().remove(0)
    };
    store.add_events(vec![again], bounds).await.unwrap();
    let key = ServerKey {
        secret: [5; 32],
        created: now(),
    };
    store.add_token_key(key, now()).await.unwrap();
    let token = IssuedToken {
        id: TokenId::of(&[8; 16]).unwrap(),
        expires: now() + 1.hour(),
    };
    assert!(store.end_token(token, now()).await.unwrap());
    let rule = vec![(RuleName::List, Some("id != ''".to_owned()))];
    let changed = store.change_rules(Kind::Companies, rule, now());
    assert_eq!(changed.await.unwrap().len(), 1);
    let avatars = [1, 2].map(|n| (user_id(n), avatar(100_000 * n)));
    assert_eq!(store.put_avatars(avatars.to_vec()).await.unwrap(), 2);
    add_messages(store).await;
}

fn avatar(bytes: usize) -> Avatar {
    Avatar {
        name: AvatarName::parse("avatar_1.png").unwrap(),
        format: ImageFormat::Png,
        uploaded: now(),
        bytes: vec![7; bytes],
    }
}

/// Three messages for two webhooks.
async fn add_messages(store: Store) {
    let hooks = [1, 2].map(|n| (HookId(n), UserEventKind::ALL.to_vec()));
    let outbox = Outbox::new(hooks.to_vec(), Clock::System, Random::System);
    let store = store.with_outbox(outbox);
    let user = store.user_by_id(&user_id(3)).await.unwrap().unwrap();
    let renamed = User {
        name: "renamed".to_owned(),
        ..user.clone()
    };
    store.update(user, renamed).await.unwrap();
    let told = store.messages(HookId(1), 0, 1).await.unwrap();
    store
        .remove_messages(HookId(1), vec![told[0].number])
        .await
        .unwrap();
    let user = store.user_by_id(&user_id(4)).await.unwrap().unwrap();
    store
        .update(
            user.clone(),
            User {
                rank_level: 9,
                ..user
            },
        )
        .await
        .unwrap();
}

/// Pictures and messages of a database.
async fn beside_records(store: &Store) -> (Vec<Option<Avatar>>, Vec<QueuedEvent>) {
    let mut avatars = Vec::new();
    for n in 0..4 {
        avatars.push(store.avatar(&user_id(n)).await.unwrap());
    }
    let mut messages = Vec::new();
    for n in [1, 2] {
        messages.extend(store.messages(HookId(n), 0, 10).await.unwrap());
    }
    (avatars, messages)
}

fn user(n: usize) -> User {
    let user = User {
        name: format!("Name {}\0", n % 7),
        created: now() - SignedDuration::from_secs(i64::try_from(n / 3).unwrap()),
        ..new_user(n)
    };
    match n {
        1 => User {
            id_type: IdType::ManagePlatform,
            email: Some("li@example.com".into()),
            password_hash: Some(
                "$2a$10$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234".into(),
            ),
            ..user
        },
        _ => user,
    }
}

fn company() -> Company {
    Company {
        id: user_id(1),
        number: 0,
        company_id: "c-1".into(),
        columns: r#"{"company_name":"x"}"#.into(),
        created: now(),
        updated: now(),
    }
}

fn superuser() -> Superuser {
    Superuser {
        id: user_id(1),
        number: 0,
        email: "1@example.com".into(),
        email_visibility: true,
        verified: true,
        password_hash: "$scrypt$".into(),
        token_key: TokenKey::new([1; 16]),
        created: now(),
        updated: now(),
    }
}

/// An event of each origin.
fn events() -> Vec<NewEvent> {
    let by_user = || Actor::User(user_id(1));
    let events = [
        (EventKind::Login, by_user()),
        (EventKind::LoginFailed, Actor::Nobody),
        (EventKind::Command, Actor::Operator),
        (EventKind::Command, by_user()),
    ];
    events
        .map(|(kind, actor)| AuditEvent::new(now(), kind, actor).about("x").into())
        .to_vec()
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_file_that_is_moved_there_and_back_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let [file, back] = ["bai.redb", "back.redb"].map(|name| dir.path().join(name));
    fill(&file, 5_000).await;
    let (from, to, url) = (file.to_str().unwrap(), back.to_str().unwrap(), database());
    let words = done(&["move", from, &url]);
    assert!(
        words.contains("users 4999, companies 1, superusers 1, avatars 2, messages 3, events 4"),
        "{words}"
    );
    let again = refused(&["move", from, &url], 1);
    assert!(
        again.contains("it has records or events already"),
        "{again}"
    );
    done(&["move", &url, to]);
    let files = refused(&["move", &url, to], 2);
    assert!(files.contains("is there already"), "{files}");

    let expected = contents(&open(&file)).await;
    assert!(contents(&open(&back)).await == expected);
    let moved = connect(&url).await.unwrap();
    assert!(contents(&moved).await == expected);
    let beside = beside_records(&open(&file)).await;
    assert_eq!((beside.0.len(), beside.1.len()), (4, 3));
    assert!(beside_records(&moved).await == beside);
    assert!(beside_records(&open(to.as_ref())).await == beside);
    assert_eq!(moved.avatar_totals().await.unwrap().bytes, 300_000);
    assert_eq!(moved.count_users().await.unwrap(), 4_999);
    assert_eq!(moved.count_imported_hashes().await.unwrap(), 1);
    let back = Store::open(&Location::File(back), CACHE).unwrap();
    for store in [&moved, &back] {
        let next = store.insert(new_user(70_000)).await.unwrap();
        assert_eq!(next.number.0, 5_001);
        let event = NewEvent::from(AuditEvent::new(now(), EventKind::Command, Actor::Operator));
        let bounds = EventBounds {
            max: 1_000,
            since: now() - 1.hour(),
        };
        let place = store.add_events(vec![event], bounds).await.unwrap();
        assert_eq!(place[0].number, 5);
    }
    back.file().unwrap().check().unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_move_that_was_killed_goes_on_and_nobody_works_on_half_of_it() {
    const MARKS: &str = "SELECT count(*) FROM moves WHERE users_to <> ''";
    const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE tablename = 'moves'";
    let dir = tempfile::tempdir().unwrap();
    let [file, other] = ["bai.redb", "other.redb"].map(|name| dir.path().join(name));
    fill(&file, 40_000).await;
    fill(&other, 10).await;
    let (from, url) = (file.to_str().unwrap(), database());
    let mut moving = command(&["move", from, &url])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("a move says how far it is", || {
        sql::value(&url, TABLES) == "1" && sql::value(&url, MARKS) == "1"
    });
    moving.kill().unwrap();
    moving.wait().unwrap();
    assert_eq!(sql::value(&url, MARKS), "1", "it came to its end");

    let error = connect(&url).await.err().unwrap().to_string();
    assert!(
        error.contains("bai move") && error.contains("drop the tables"),
        "{error}"
    );
    let error = refused(&["move", other.to_str().unwrap(), &url], 1);
    assert!(error.contains("another move is under way"), "{error}");
    done(&["move", from, &url]);
    let moved = connect(&url).await.unwrap();
    assert!(contents(&moved).await == contents(&open(&file)).await);
}

// The server shows itself on another thread, while this one waits for a command.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_database_that_a_server_works_on_is_not_moved_to_or_from() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bai.redb");
    fill(&file, 10).await;
    let to = dir.path().join("to.redb");
    let (from, to, url) = (file.to_str().unwrap(), to.to_str().unwrap(), database());
    let server = connect(&url).await.unwrap();
    for args in [["move", from, &url], ["move", &url, to]] {
        let error = refused(&args, 1);
        assert!(error.contains("a server works on it"), "{error}");
    }
    // Nothing of the move is left: another server may start.
    connect(&url).await.unwrap();
    drop(server);

    let open = Store::open(&Location::File(file.clone()), CACHE).unwrap();
    let error = refused(&["move", from, &database()], 1);
    assert!(error.contains("in use"), "{error}");
    drop(open);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn what_cannot_be_moved_is_told_without_its_password() {
    for (args, code, words) in [
        (["move", "a.redb", "b.redb"], 2, "both are files"),
        (
            ["move", "/nowhere/x.redb", "postgres://a/b"],
            1,
            "there is no file",
        ),
        (["move", "mysql://li:hunter2@a/b", "x"], 2, "postgres://"),
        (
            ["move", "postgres://li:hunter2@a:x/b", "x"],
            1,
            "no address",
        ),
        (["move", "store.url", "x"], 2, "store.url is not set"),
    ] {
        let error = refused(&args, code);
        assert!(
            error.contains(words) && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn the_suite_of_the_store_holds_on_postgresql_and_leaves_no_schema() {
    const SCHEMAS: &str = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bai\\_check%'";
    let url = database();
    let lines = done(&["store", "check", &url]);
    assert!(
        lines.contains("engine: PostgreSQL") && !lines.contains("FAILED"),
        "{lines}"
    );
    assert!(lines.lines().filter(|line| line.starts_with("ok ")).count() > 30);
    assert_eq!(sql::value(&url, SCHEMAS), "0");
    assert_eq!(
        sql::value(
            &url,
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ),
        "0"
    );
}
