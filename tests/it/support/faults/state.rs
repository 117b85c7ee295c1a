//! The content of a database, without what differs from run to run: random ids and keys, times, events.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::Mutex;

use bai::domain::{Kind, TokenKey};
use bai::store::{Cursor, Error, Location, Order, Record, Store};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::support::crash_disk::CrashDisk;
use crate::support::waiting::wait;

pub const CACHE: usize = 8 << 20;

/// Two states are equal when no client could tell one from the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Records by kind and id, or by e-mail address where the id is random.
    records: BTreeMap<String, String>,
    token_keys: usize,
    voids: usize,
    has_collections: bool,
}

impl State {
    /// True if this may be seen between two transactions that lead from `before` to `after`.
    pub fn is_between(&self, before: &Self, after: &Self) -> bool {
        let is_known = |(id, record): (&String, &String)| {
            before.records.get(id) == Some(record) || after.records.get(id) == Some(record)
        };
        let has = |id: &String| self.records.contains_key(id);
        let is_one = |of: fn(&Self) -> usize| [of(before), of(after)].contains(&of(self));
        self.records.iter().all(is_known)
            && before
                .records
                .keys()
                .filter(|id| after.records.contains_key(*id))
                .all(has)
            && is_one(|state| state.token_keys)
            && is_one(|state| state.voids)
    }

    /// True if every record of `before` is here, as it was.
    pub fn has_all_of(&self, before: &Self) -> bool {
        before
            .records
            .iter()
            .all(|(id, record)| self.records.get(id) == Some(record))
    }

    /// The differences, for a person.
    pub fn compare(&self, other: &Self) -> String {
        let only = |a: &Self, b: &Self| {
            let differs = |(id, record): &(&String, &String)| b.records.get(*id) != Some(record);
            a.records
                .iter()
                .filter(differs)
                .map(|(id, _)| id.clone())
                .take(3)
                .collect::<Vec<_>>()
        };
        format!(
            "{} records, keys {}, voids {}; {} records, keys {}, voids {}; here {:?}, there {:?}",
            self.records.len(),
            self.token_keys,
            self.voids,
            other.records.len(),
            other.token_keys,
            other.voids,
            only(self, other),
            only(other, self)
        )
    }
}

/// The contents of databases, each read once.
#[derive(Default)]
pub struct States(Mutex<HashMap<Vec<u8>, Result<State, String>>>);

impl States {
    pub fn of(&self, bytes: &[u8]) -> Result<State, String> {
        let hash = Sha256::digest(bytes).to_vec();
        if let Some(known) = self.0.lock().unwrap().get(&hash) {
            return known.clone();
        }
        let state = of_bytes(bytes).map_err(|e| e.to_string());
        self.0.lock().unwrap().entry(hash).or_insert(state).clone()
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// Reads the bytes of a file as a command does that only reads, then as one that writes, which recovers or migrates it.
pub fn of_bytes(bytes: &[u8]) -> Result<State, Error> {
    let location = CrashDisk::new(bytes.to_vec()).location();
    match bai::store::file::check_file(&location, CACHE) {
        Ok(_) => open(&location),
        Err(Error::OlderSchema { .. }) => of_older(bytes),
        Err(error) => Err(error),
    }
}

/// A migration needs a file.
fn of_older(bytes: &[u8]) -> Result<State, Error> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bai.redb");
    fs::write(&path, bytes).unwrap();
    open(&Location::File(path))
}

fn open(location: &Location) -> Result<State, Error> {
    let store = Store::open(location, CACHE)?;
    store.file().unwrap().check()?;
    state(&store)
}

fn state(store: &Store) -> Result<State, Error> {
    let remembered = wait(store.remembered())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut records = BTreeMap::new();
    for kind in [Kind::Users, Kind::Companies, Kind::Superusers] {
        let all = store.records_after(Order::ById(kind), &Cursor::START, usize::MAX);
        records.extend(runtime.block_on(all)?.into_iter().map(describe));
    }
    Ok(State {
        records,
        token_keys: remembered.token_keys.len(),
        voids: remembered.revocation_windows.len(),
        has_collections: remembered.collections.is_some(),
    })
}

fn describe(record: Record) -> (String, String) {
    match record {
        Record::User(mut user) => {
            let key = named(&user.token_key);
            user.token_key = TokenKey::new([]);
            user.updated = Timestamp::UNIX_EPOCH;
            (
                format!("user {}", user.id.as_str()),
                format!("{user:?} {key}"),
            )
        }
        Record::Company(company) => (
            format!("company {}", company.id.as_str()),
            format!("{company:?}"),
        ),
        Record::Superuser(superuser) => (
            format!("superuser {}", superuser.email),
            named(&superuser.token_key).to_owned(),
        ),
    }
}

/// A name for a token key: that of a prepared record, or another.
fn named(key: &TokenKey) -> &'static str {
    match key {
        key if *key == TokenKey::new([7; 16]) => "first",
        key if *key == TokenKey::new([8; 16]) => "second",
        _ => "random",
    }
}
