//! Small scripts for a store whose disk fails, each of which makes the engine do something else.

use std::io::Read;
use std::ops::Range;

use bai::domain::Kind;
use bai::store::{Cursor, Order, Store};

use super::runtime;
use super::session::Session;
use super::state::{Change, State};
use crate::support::crash_disk::CrashDisk;
use crate::support::rounds::rounds_from_env;

const CACHE: usize = 1 << 20;
/// So small that pages are written before the commit that they belong to.
const SMALL_CACHE: usize = 64 << 10;

/// So small that pages are read between the syncs of a commit, and after them.
const TINY_CACHE: usize = 8 << 10;

pub struct Script {
    pub name: &'static str,
    pub before: fn() -> (Vec<u8>, State),
    pub cache: usize,
    pub run: fn(&mut Session),
}

pub const SCRIPTS: [Script; 10] = [
    Script {
        name: "commits",
        before: few,
        cache: CACHE,
        run: commits,
    },
    Script {
        name: "reading",
        before: many,
        cache: SMALL_CACHE,
        run: reading,
    },
    Script {
        name: "growth",
        before: few,
        cache: SMALL_CACHE,
        run: growth,
    },
    SHRINKING,
    Script {
        name: "reopening",
        before: few,
        cache: CACHE,
        run: reopening,
    },
    Script {
        name: "keys",
        before: few,
        cache: CACHE,
        run: keys,
    },
    Script {
        name: "migration from version 1",
        before: version_1,
        cache: CACHE,
        run: migration,
    },
    Script {
        name: "migration from version 2",
        before: version_2,
        cache: CACHE,
        run: migration,
    },
    Script {
        name: "migration from version 3",
        before: version_3,
        cache: CACHE,
        run: migration,
    },
    Script {
        name: "migration from version 4",
        before: version_4,
        cache: CACHE,
        run: migration,
    },
];

/// Those that may be run on a disk that fails.
pub const ERRORS: [Script; 4] = [
    Script {
        name: "rounds",
        before: few,
        cache: CACHE,
        run: rounds,
    },
    Script {
        name: "small cache",
        before: some,
        cache: TINY_CACHE,
        run: small_cache,
    },
    Script {
        name: "reopening",
        before: few,
        cache: CACHE,
        run: reopening,
    },
    Script {
        name: "migration from version 1",
        before: version_1,
        cache: CACHE,
        run: migration,
    },
];

pub const SHRINKING: Script = Script {
    name: "shrinking",
    before: few,
    cache: CACHE,
    run: shrinking,
};

pub const PANIC: Script = Script {
    name: "panic",
    before: few,
    cache: CACHE,
    run: panic,
};

impl Script {
    /// Runs it on a disk that does what it is told.
    pub fn record(&self) -> Session {
        let (content, state) = (self.before)();
        let mut session = Session::new(content, state, self.cache);
        (self.run)(&mut session);
        session.close();
        assert_eq!(session.errors(), &[] as &[String], "{}", self.name);
        session
    }
}

fn inserts(numbers: Range<usize>) -> Vec<Change> {
    numbers.map(Change::Insert).collect()
}

/// A file that was closed with these users in it.
fn closed(numbers: Range<usize>) -> (Vec<u8>, State) {
    let mut session = Session::new(Vec::new(), State::default(), CACHE);
    session.commit(&inserts(numbers));
    session.close();
    (session.disk.content(), session.possible()[0].clone())
}

fn few() -> (Vec<u8>, State) {
    closed(0..3)
}

fn some() -> (Vec<u8>, State) {
    closed(0..25)
}

fn many() -> (Vec<u8>, State) {
    closed(0..60)
}

fn version_1() -> (Vec<u8>, State) {
    old(include_bytes!("../../../fixtures/stored/store_v1.gz"))
}

fn version_2() -> (Vec<u8>, State) {
    old(include_bytes!("../../../fixtures/stored/store_v2.gz"))
}

fn version_3() -> (Vec<u8>, State) {
    old(include_bytes!("../../../fixtures/stored/store_v3.gz"))
}

fn version_4() -> (Vec<u8>, State) {
    old(include_bytes!("../../../fixtures/stored/store_v4.gz"))
}

/// A file of an older version, and what it holds, which its migration does not change.
fn old(packed: &[u8]) -> (Vec<u8>, State) {
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut content)
        .unwrap();
    let store = Store::open(&CrashDisk::new(content.clone()).location(), CACHE).unwrap();
    let state = State::read(&runtime(), &store).unwrap();
    (content, state)
}

/// Several writers at the same time, and single ones.
pub fn commits(session: &mut Session) {
    session.open();
    session.group(&inserts(10..15));
    session.commit(&[Change::Rename(11, "first")]);
    session.group(&[
        Change::Rename(10, "second"),
        Change::Rename(12, "second"),
        Change::Insert(15),
    ]);
    session.commit(&[Change::Insert(16), Change::Delete(13)]);
}

/// Commits while a reader goes through all records, so that redb writes pages early to make room for what is read.
fn reading(session: &mut Session) {
    session.commit(&[Change::Rename(0, "before")]);
    let Some(store) = session.open() else { return };
    for seen in 1..=count_by_reading(session, &store) {
        if seen % 20 == 1 {
            session.commit(&[Change::Rename(seen, "during"), Change::Insert(1_000 + seen)]);
        }
    }
    count_by_reading(session, &store);
    session.commit(&[Change::Rename(1, "after")]);
    count_by_reading(session, &store);
    session.commit(&[Change::Rename(2, "after")]);
}

/// Users that are there when all of them are read. An error ends the reader and is nothing to the writers.
fn count_by_reading(session: &Session, store: &Store) -> usize {
    let all = store.records_after(Order::ById(Kind::Users), &Cursor::START, usize::MAX);
    session.runtime.block_on(all).map_or(0, |users| users.len())
}

/// Inserts until the file is longer.
fn growth(session: &mut Session) {
    session.commit(&inserts(10..30));
    session.commit(&inserts(30..90));
    session.commit(&[Change::Rename(30, "after")]);
}

/// Deletions in a file that has doubled several times, and commits that cut off what is unused at its end.
fn shrinking(session: &mut Session) {
    (10..310)
        .step_by(20)
        .for_each(|first| session.commit(&inserts(first..first + 20)));
    session.begin();
    session.commit(&(10..310).map(Change::Delete).collect::<Vec<_>>());
    for _ in 0..4 {
        session.commit(&[Change::Rename(1, "after")]);
    }
    session.commit(&[Change::Insert(311)]);
}

/// Writers at the same time: each round they add a user each, and rename one each.
const WRITERS: usize = 5;

fn rounds(session: &mut Session) {
    session.begin();
    let operations = usize::try_from(rounds_from_env("BAI_OPERATIONS", 10)).unwrap();
    for round in 0..operations / (2 * WRITERS) {
        let numbers = || (0..WRITERS).map(|n| 10 + round * WRITERS + n);
        session.group(&numbers().map(Change::Insert).collect::<Vec<_>>());
        session.group(
            &numbers()
                .map(|n| Change::Rename(n, "after"))
                .collect::<Vec<_>>(),
        );
    }
}

fn small_cache(session: &mut Session) {
    session.begin();
    session.commit(&[Change::Rename(0, "first"), Change::Insert(1_000)]);
    session.commit(&[Change::Delete(12), Change::Rename(24, "second")]);
}

fn reopening(session: &mut Session) {
    session.begin();
    session.commit(&inserts(10..12));
    session.close();
    session.commit(&[Change::Rename(10, "after")]);
    session.close();
    session.open();
    session.close();
}

fn keys(session: &mut Session) {
    session.add_key(1);
    session.add_key(2);
    session.commit(&[Change::Insert(10)]);
}

fn migration(session: &mut Session) {
    session.begin();
    session.open();
    session.commit(&[Change::Insert(10)]);
}

/// A job that panics while pages of the commit before it are not written yet.
fn panic(session: &mut Session) {
    session.commit(&inserts(10..15));
    session.commit(&[Change::Rename(10, "before")]);
    session.panic();
    session.commit(&[Change::Insert(21)]);
    session.panic();
}
