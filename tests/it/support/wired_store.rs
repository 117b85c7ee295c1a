//! A store that reaches its PostgreSQL through a proxy which fails as it is told, and what writers may be told by it.

use std::collections::BTreeSet;
use std::time::Duration;

use bai::clock::Clock;
use bai::domain::{Kind, User};
use bai::random::Random;
use bai::store::{CommitError, Conflict, Cursor, Error, Order, PostgresSettings, Record, Store};
use tokio::time::Instant;

use crate::support::postgres::{database, sql};
use crate::support::users::{new_user, openid, phone};
use crate::support::wire_proxy::{Fault, Proxy};

/// Time within which every write is answered.
pub const ANSWER: Duration = Duration::from_millis(2500);
/// Times of faults: one that nobody notices, and one that nobody waits for.
pub const SHORT: Duration = Duration::from_millis(200);
pub const LONG: Duration = Duration::from_secs(4);

/// Faults that cost a moment: whoever waits is told the outcome in time.
pub const QUICK: [Fault; 13] = [
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::Delay(SHORT),
    Fault::DelayAnswer(SHORT),
    Fault::Error("40001"),
    Fault::Error("57P01"),
    Fault::Error("25006"),
    Fault::Error("40003"),
    Fault::ErrorAfter("40001"),
    Fault::ErrorAfter("57P01"),
    Fault::ErrorAfter("25006"),
    Fault::ErrorAfter("40003"),
    Fault::Warning,
];

/// Faults that last longer than anybody waits.
pub const SILENT: [Fault; 4] = [
    Fault::Blackhole,
    Fault::BlackholeAnswer,
    Fault::Delay(LONG),
    Fault::DelayAnswer(LONG),
];

/// Statements of a commit: its lock, what it reads, what it writes, and its id.
pub const STATEMENTS: [&str; 7] = [
    "BEGIN",
    "FROM totals WHERE one = 1 FOR UPDATE",
    "FROM commits WHERE id",
    "FROM users WHERE openid",
    "INSERT INTO users",
    "UPDATE totals",
    "INSERT INTO commits",
];

/// A store that reaches its database through a proxy.
pub struct WiredStore {
    direct: String,
    pub proxy: Proxy,
    pub store: Store,
}

/// The answer to a write.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Stored,
    Refused(Conflict),
    Unavailable,
}

impl WiredStore {
    pub async fn new() -> Self {
        let direct = database();
        let proxy = Proxy::start(&direct);
        let settings = PostgresSettings {
            url: proxy.url.as_str().into(),
            require_sync: false,
            connections: 2,
        };
        let store = Store::connect(&settings, Clock::System, Random::System).await;
        Self {
            direct,
            proxy,
            store: store.unwrap(),
        }
    }

    /// The outcome of an insertion, which comes in time.
    pub async fn insert(&self, user: User) -> Outcome {
        let begun = Instant::now();
        let outcome = self.store.insert(user).await;
        let took = begun.elapsed();
        assert!(took < ANSWER, "{took:?} until {outcome:?}");
        match outcome {
            Ok(_) => Outcome::Stored,
            Err(CommitError::Conflict { conflict, .. }) => Outcome::Refused(conflict),
            Err(CommitError::Failed(Error::Unavailable(_))) => Outcome::Unavailable,
            Err(CommitError::Failed(error)) => panic!("{error}"),
        }
    }

    /// Asserts that these users are there, each once, and no others but perhaps some of `unknown`; that all counts agree; and that
    /// the server was never asked to cancel anything.
    pub async fn assert_stored(&self, acknowledged: &BTreeSet<usize>, unknown: &BTreeSet<usize>) {
        let stored = self.stored().await;
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert_eq!(lost, Vec::<&usize>::new(), "acknowledged, and not there");
        let known = acknowledged | unknown;
        let surplus: Vec<_> = stored.difference(&known).collect();
        assert_eq!(surplus, Vec::<&usize>::new(), "refused, and there");
        let rows = sql::value(&self.direct, "SELECT count(*) FROM users");
        let total = sql::value(&self.direct, "SELECT users FROM totals");
        let count = stored.len().to_string();
        assert_eq!([rows, total], [count.clone(), count]);
        assert_eq!(self.proxy.cancels(), 0);
    }

    /// The users that the store lists, by their numbers of `new_user`.
    pub async fn stored(&self) -> BTreeSet<usize> {
        let page = self.store.records_after(
            Order::ById(Kind::Users),
            &Cursor::START,
            usize::from(u16::MAX),
        );
        let users = page.await.unwrap();
        let ids: BTreeSet<_> = users.iter().map(number_of).collect();
        assert_eq!(ids.len(), users.len(), "a user is listed twice");
        ids
    }
}

fn number_of(record: &Record) -> usize {
    record.id().as_str()[1..].parse().unwrap()
}

/// A user with the openid or the phone of another one.
pub fn rival(n: usize, of: usize) -> (User, Conflict) {
    let user = new_user(n);
    match n % 2 {
        0 => (
            User {
                phone: Some(phone(of)),
                ..user
            },
            Conflict::Phone,
        ),
        _ => (
            User {
                openid: openid(of),
                ..user
            },
            Conflict::OpenId,
        ),
    }
}
