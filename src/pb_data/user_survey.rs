//! A look at all users before the first of them comes: whether their status was ever set, and who has the phone of another.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::records::user_of_row;
use super::row::TableRow;
use super::source::Source;
use super::user_facts::UserFacts;
use crate::domain::{IdType, Phone, User};

/// The one of two users with the same phone who comes with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
pub enum Preference {
    /// The WeChat user
    Wechat,
    /// The platform user, who logs in by it
    #[default]
    Platform,
    /// The user who was there first
    Older,
    /// The user who came last
    Newer,
}

/// Looks at all users of `source`: at their phones twice, so that only those that several have are remembered.
pub fn survey_users(source: &Source, preference: Preference) -> Result<UserFacts, Error> {
    let hash = RandomState::new();
    let mut facts = UserFacts::default();
    let mut hashes = Vec::new();
    each_user(source, |row| {
        let status = row.number("users_status").unwrap_or_default();
        facts.users += 1;
        facts.is_status_set |= status.whole != 0;
        hashes.extend(phone(row).map(|phone| hash.hash_one(phone.as_str())));
    })?;
    let repeated = repeated(hashes);
    if repeated.is_empty() {
        return Ok(facts);
    }
    let mut by_phone: HashMap<String, Vec<User>> = HashMap::new();
    each_user(source, |row| {
        let phone = phone(row).filter(|phone| repeated.contains(&hash.hash_one(phone.as_str())));
        if let Some((phone, user)) = phone.zip(user_of_row(row, &facts)) {
            let users = by_phone.entry(phone.as_str().to_owned());
            users.or_default().push(user);
        }
    })?;
    for users in by_phone.into_values() {
        facts.without_phone.extend(losers(users, preference));
    }
    Ok(facts)
}

/// Calls `look` with the row of each user, in the order of creation.
fn each_user(source: &Source, mut look: impl FnMut(&TableRow<'_>)) -> Result<(), Error> {
    let table = &source.tables.users;
    let mut statement = source.db.prepare(&table.selection())?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        look(&TableRow::new(row, table));
    }
    Ok(())
}

fn phone(row: &TableRow<'_>) -> Option<Phone> {
    Phone::parse(&row.text("users_phone").ok()?).ok()
}

/// The hashes that are there more than once.
fn repeated(mut hashes: Vec<u64>) -> HashSet<u64> {
    hashes.sort_unstable();
    let pairs = hashes.windows(2).filter(|pair| pair[0] == pair[1]);
    pairs.map(|pair| pair[0]).collect()
}

/// The ids of those who do not get the phone that all these users have, and of the one who does.
fn losers(mut users: Vec<User>, preference: Preference) -> Vec<(String, String)> {
    users.sort_by_key(|user| rank(user, preference));
    let Some((winner, losers)) = users.split_first() else {
        return Vec::new();
    };
    let pair = |loser: &User| (loser.id.to_string(), winner.id.to_string());
    losers.iter().map(pair).collect()
}

/// The place of a user among those with the same phone: the least one gets it.
fn rank(user: &User, preference: Preference) -> (bool, i128) {
    let created = user.created.as_nanosecond();
    match preference {
        Preference::Wechat => (user.id_type != IdType::WeChat, created),
        Preference::Platform => (user.id_type != IdType::ManagePlatform, created),
        Preference::Older => (false, created),
        Preference::Newer => (false, -created),
    }
}
