//! Lookups of users by the begin of a text. The indexes are in the order of bytes, and a begin is meant in either case.

use tokio_postgres::Row;

use super::begin_statements::{BeginStatements, NAMED, NAMES};
use super::columns::{beyond, column_text, is_whole, name_begin};
use super::postgres_store::PostgresStore;
use super::rows::{column, number, user};
use crate::domain::RecordId;
use crate::store::{Error, TextIndex};

/// Spellings of a begin that are looked up; beyond that, all keys with shorter begins are read.
const SPELLINGS: usize = 16;

impl PostgresStore {
    pub(in crate::store) async fn ids_by_begin(
        &self,
        index: TextIndex,
        begin: &str,
        limit: usize,
    ) -> Result<Option<Vec<RecordId>>, Error> {
        let mut found = Vec::new();
        // Addresses that the server made begin with an id or an openid.
        let local = begin.split_once('@').map_or(begin, |(local, _)| local);
        let looked_up: &[(TextIndex, &str)] = match index {
            TextIndex::Email => &[
                (TextIndex::Email, begin),
                (TextIndex::Id, local),
                (TextIndex::OpenId, local),
            ],
            index => &[(index, begin)],
        };
        for (index, begin) in looked_up {
            let statements = BeginStatements::of(*index);
            let Some(rows) = self.rows_by_begin(statements, begin, limit).await? else {
                return Ok(None);
            };
            for row in rows {
                found.extend(RecordId::parse(column(&row, 1)?));
            }
        }
        found.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        found.dedup();
        Ok(Some(found).filter(|found| found.len() <= limit))
    }

    pub(in crate::store) async fn count_by_begin(
        &self,
        index: TextIndex,
        begin: &str,
        limit: usize,
    ) -> Result<Option<u64>, Error> {
        if index == TextIndex::Email {
            // An address that the server made is not in the index, and leads to its user in two ways.
            return Ok(None);
        }
        let rows = self.rows_by_begin(BeginStatements::of(index), begin, limit);
        Ok(rows.await?.map(|rows| rows.len() as u64))
    }

    pub(in crate::store) async fn user_numbers_by_name(
        &self,
        begin: &str,
        limit: usize,
    ) -> Result<Option<Vec<u64>>, Error> {
        if name_begin(begin).is_none_or(|indexed| !is_whole(&indexed)) {
            return Ok(None);
        }
        let rows = self.rows_by_begin(&NAMES, begin, limit).await?;
        rows.map(|rows| rows.iter().map(|row| number(row, 1)).collect())
            .transpose()
    }

    pub(in crate::store) async fn user_numbers_named(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Option<Vec<u64>>, Error> {
        let indexed = name_begin(name).unwrap_or_default();
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows = self.lists.query(NAMED, &[&indexed, &most]).await?;
        if rows.len() > limit {
            return Ok(None);
        }
        let users = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        let named = users.iter().filter(|user| user.name == name);
        Ok(Some(named.map(|user| user.number.0).collect()))
    }

    /// Rows of an index whose texts begin so, ASCII letters in either case; nothing if there are more than `limit`.
    async fn rows_by_begin(
        &self,
        statements: &BeginStatements,
        begin: &str,
        limit: usize,
    ) -> Result<Option<Vec<Row>>, Error> {
        let begin = column_text(begin);
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut found: Vec<Row> = Vec::new();
        for spelling in self.spellings(statements, &begin).await? {
            let rows = self
                .lists
                .query(statements.range, &[&spelling, &beyond(&spelling), &most])
                .await?;
            if rows.len() > limit {
                return Ok(None);
            }
            for row in rows {
                if begins_with(column(&row, 0)?, &begin) {
                    found.push(row);
                }
            }
        }
        Ok(Some(found).filter(|found| found.len() <= limit))
    }

    /// Spellings of the begin, or of a shorter one, that texts of the index have: one question a letter.
    async fn spellings(
        &self,
        statements: &BeginStatements,
        begin: &str,
    ) -> Result<Vec<String>, Error> {
        let mut spellings = vec![String::new()];
        for letter in begin.chars() {
            let wanted: Vec<String> = spellings
                .iter()
                .flat_map(|spelling| cases(letter).map(move |letter| format!("{spelling}{letter}")))
                .collect();
            // A letter without cases leads on without asking: at the end the range is empty, or not.
            let longer = match wanted.len() > spellings.len() {
                true => self.known_spellings(statements, &wanted).await?,
                false => wanted,
            };
            if longer.len() > SPELLINGS {
                break;
            }
            spellings = longer;
        }
        Ok(spellings)
    }

    async fn known_spellings(
        &self,
        statements: &BeginStatements,
        wanted: &[String],
    ) -> Result<Vec<String>, Error> {
        let ends: Vec<String> = wanted.iter().map(|begin| beyond(begin)).collect();
        let rows = self
            .lists
            .query(statements.spellings, &[&wanted, &ends])
            .await?;
        rows.iter().map(|row| column(row, 0)).collect()
    }
}

fn cases(letter: char) -> impl Iterator<Item = char> {
    let upper = letter.to_ascii_uppercase();
    [letter]
        .into_iter()
        .chain((upper != letter).then_some(upper))
}

fn begins_with(key: &str, begin: &str) -> bool {
    key.as_bytes()
        .get(..begin.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(begin.as_bytes()))
}
