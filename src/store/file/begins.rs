//! Lookups of users by the begin of a text. The indexes are in the order of bytes, and a begin is meant in either case.

use redb::{ReadOnlyTable, ReadTransaction, TableDefinition, Value};

use super::file_store::FileStore;
use super::tables::{
    NameKey, USERS, USERS_BY_EMAIL, USERS_BY_NAME, USERS_BY_OPENID, USERS_BY_PHONE,
};
use crate::domain::RecordId;
use crate::store::{Error, TextIndex};

/// Spellings of a begin that are looked up; beyond that, all keys with shorter begins are read.
const SPELLINGS: usize = 16;

/// Ids that were found, up to a limit.
struct Found {
    ids: Vec<RecordId>,
    limit: usize,
}

impl FileStore {
    pub(in crate::store) fn ids_by_begin(
        &self,
        index: TextIndex,
        begin: &str,
        limit: usize,
    ) -> Result<Option<Vec<RecordId>>, Error> {
        self.engine.read(|txn| {
            let mut found = Found {
                ids: Vec::new(),
                limit,
            };
            match index {
                TextIndex::Id => found.add_ids(txn, begin)?,
                TextIndex::OpenId => found.add_indexed(&txn.open_table(USERS_BY_OPENID)?, begin)?,
                TextIndex::Phone => found.add_indexed(&txn.open_table(USERS_BY_PHONE)?, begin)?,
                TextIndex::Email => {
                    found.add_indexed(&txn.open_table(USERS_BY_EMAIL)?, begin)?;
                    // Addresses that the server made begin with an id or an openid.
                    let local = begin.split_once('@').map_or(begin, |(local, _)| local);
                    found.add_ids(txn, local)?;
                    found.add_indexed(&txn.open_table(USERS_BY_OPENID)?, local)?;
                }
            }
            Ok(found.all())
        })
    }

    pub(in crate::store) fn count_by_begin(
        &self,
        index: TextIndex,
        begin: &str,
        limit: usize,
    ) -> Result<Option<u64>, Error> {
        match index {
            TextIndex::Id => self.count(USERS, begin, limit),
            TextIndex::OpenId => self.count(USERS_BY_OPENID, begin, limit),
            TextIndex::Phone => self.count(USERS_BY_PHONE, begin, limit),
            // An address that the server made is not in the index, and leads to its user in two ways.
            TextIndex::Email => Ok(None),
        }
    }

    fn count<V: Value + 'static>(
        &self,
        table: TableDefinition<'_, &'static str, V>,
        begin: &str,
        limit: usize,
    ) -> Result<Option<u64>, Error> {
        self.engine.read(|txn| {
            let table = txn.open_table(table)?;
            let mut count = 0;
            for spelling in spellings(begin, |spelling| has_key_with(&table, spelling))? {
                for entry in table.range(spelling.as_str()..)? {
                    let (key, _) = entry?;
                    if !key.value().starts_with(&spelling) || count > limit {
                        break;
                    }
                    count += usize::from(begins_with(key.value(), begin));
                }
            }
            Ok((count <= limit).then_some(count as u64))
        })
    }

    pub(in crate::store) fn user_numbers_by_name(
        &self,
        begin: &str,
        limit: usize,
    ) -> Result<Option<Vec<u64>>, Error> {
        self.engine.read(|txn| {
            let names = txn.open_table(USERS_BY_NAME)?;
            let mut numbers = Vec::new();
            for spelling in spellings(begin, |spelling| has_name_with(&names, spelling))? {
                for entry in names.range((spelling.as_str(), 0)..)? {
                    let (key, _) = entry?;
                    let (name, number) = key.value();
                    if !name.starts_with(&spelling) || numbers.len() > limit {
                        break;
                    }
                    numbers.extend(begins_with(name, begin).then_some(number));
                }
            }
            Ok(Some(numbers).filter(|numbers| numbers.len() <= limit))
        })
    }

    pub(in crate::store) fn user_numbers_named(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Option<Vec<u64>>, Error> {
        self.engine.read(|txn| {
            let names = txn.open_table(USERS_BY_NAME)?;
            let mut numbers = Vec::new();
            for entry in names.range((name, 0)..=(name, u64::MAX))?.take(limit + 1) {
                numbers.push(entry?.0.value().1);
            }
            Ok(Some(numbers).filter(|numbers| numbers.len() <= limit))
        })
    }
}

impl Found {
    fn add_ids(&mut self, txn: &ReadTransaction, begin: &str) -> Result<(), Error> {
        self.add(&txn.open_table(USERS)?, begin, |id, _| RecordId::parse(id))
    }

    fn add_indexed(
        &mut self,
        index: &ReadOnlyTable<&'static str, &'static str>,
        begin: &str,
    ) -> Result<(), Error> {
        self.add(index, begin, |_, id| RecordId::parse(id))
    }

    fn add<V: Value + 'static>(
        &mut self,
        table: &ReadOnlyTable<&'static str, V>,
        begin: &str,
        id: impl Fn(&str, V::SelfType<'_>) -> Option<RecordId>,
    ) -> Result<(), Error> {
        for spelling in spellings(begin, |spelling| has_key_with(table, spelling))? {
            for entry in table.range(spelling.as_str()..)? {
                let (key, value) = entry?;
                if !key.value().starts_with(&spelling) || self.is_over() {
                    break;
                }
                if begins_with(key.value(), begin) {
                    self.ids.extend(id(key.value(), value.value()));
                }
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.ids.len() > self.limit
    }

    fn all(mut self) -> Option<Vec<RecordId>> {
        if self.is_over() {
            return None;
        }
        self.ids.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        self.ids.dedup();
        Some(self.ids)
    }
}

/// Spellings of the begin, or of a shorter one, that keys have.
fn spellings(
    begin: &str,
    is_there: impl Fn(&str) -> Result<bool, Error>,
) -> Result<Vec<String>, Error> {
    let mut spellings = vec![String::new()];
    for letter in begin.chars() {
        let mut longer = Vec::new();
        for spelling in &spellings {
            for letter in cases(letter) {
                let mut spelling = spelling.clone();
                spelling.push(letter);
                if is_there(&spelling)? {
                    longer.push(spelling);
                }
            }
        }
        if longer.len() > SPELLINGS {
            break;
        }
        spellings = longer;
    }
    Ok(spellings)
}

fn cases(letter: char) -> impl Iterator<Item = char> {
    let upper = letter.to_ascii_uppercase();
    [letter]
        .into_iter()
        .chain((upper != letter).then_some(upper))
}

fn has_key_with<V: Value + 'static>(
    table: &ReadOnlyTable<&'static str, V>,
    begin: &str,
) -> Result<bool, Error> {
    match table.range(begin..)?.next() {
        Some(entry) => Ok(entry?.0.value().starts_with(begin)),
        None => Ok(false),
    }
}

fn has_name_with(table: &ReadOnlyTable<NameKey, ()>, begin: &str) -> Result<bool, Error> {
    match table.range((begin, 0)..)?.next() {
        Some(entry) => Ok(entry?.0.value().0.starts_with(begin)),
        None => Ok(false),
    }
}

fn begins_with(key: &str, begin: &str) -> bool {
    key.as_bytes()
        .get(..begin.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(begin.as_bytes()))
}
