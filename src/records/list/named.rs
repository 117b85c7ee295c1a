//! Users that an index names: those of whom a text begins as the filter says.

use super::query::ListQuery;
use crate::domain::{Kind, RecordId};
use crate::store::{Error, Store, TextIndex};

/// Users that are looked at one by one; of more, the blocks of all take no longer.
const FEW: usize = 1_000;
/// Users that are counted by an index, or whose numbers it gives.
const MANY: usize = 200_000;

/// Knowledge that an index has of the users that match a filter.
pub enum NamedUsers {
    /// Nothing.
    Unknown,
    /// They are among the users with these ids.
    AmongIds(Vec<RecordId>),
    /// They are among the users with these numbers.
    AmongNumbers(Vec<u64>),
    /// They are the users with these numbers, which are in order.
    Numbers(Vec<u64>),
    /// They are so many.
    Count(u64),
}

impl NamedUsers {
    /// Knowledge of the users that match the query's filter, by the begin of a text. It does not count what the reader may not ask for.
    pub async fn of(store: &Store, query: &ListQuery) -> Result<Self, Error> {
        let filter = query.filter.as_ref();
        let Some(filter) = filter.filter(|_| query.kind == Kind::Users) else {
            return Ok(Self::Unknown);
        };
        for (field, begin) in filter.prefixes() {
            let is_all = filter.is_one_comparison() && query.access.sorts_as_stored(field);
            let named = match text_index(field) {
                Some(index) => Self::by_text(store, index, &begin, is_all).await?,
                None if field == "users_name" => Self::by_name(store, &begin, is_all).await?,
                None => None,
            };
            if let Some(named) = named {
                return Ok(named);
            }
        }
        Ok(Self::Unknown)
    }

    async fn by_text(
        store: &Store,
        index: TextIndex,
        begin: &str,
        is_all: bool,
    ) -> Result<Option<Self>, Error> {
        if let Some(ids) = store.ids_by_begin(index, begin, FEW).await? {
            return Ok(Some(Self::AmongIds(ids)));
        }
        if !is_all {
            return Ok(None);
        }
        let count = store.count_by_begin(index, begin, MANY).await?;
        Ok(count.map(Self::Count))
    }

    async fn by_name(store: &Store, begin: &str, is_all: bool) -> Result<Option<Self>, Error> {
        let limit = if is_all { MANY } else { FEW };
        let Some(mut numbers) = store.user_numbers_by_name(begin, limit).await? else {
            return Ok(None);
        };
        numbers.sort_unstable();
        Ok(Some(match is_all {
            true => Self::Numbers(numbers),
            false => Self::AmongNumbers(numbers),
        }))
    }
}

fn text_index(field: &str) -> Option<TextIndex> {
    Some(match field {
        "id" => TextIndex::Id,
        "openid" => TextIndex::OpenId,
        "users_phone" => TextIndex::Phone,
        "email" => TextIndex::Email,
        _ => return None,
    })
}
