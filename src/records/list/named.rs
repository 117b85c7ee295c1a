//! Users that an index names: those of whom a text begins as the filter says, or whose name is the filter's.

use super::query::ListQuery;
use crate::domain::{Kind, RecordId};
use crate::store::{Error, Store, TextIndex};

/// Field that has an index of numbers.
const NAME: &str = "users_name";
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
        let is_one = filter.is_one_comparison();
        for (_, name) in filter.pins().iter().filter(|(field, _)| *field == NAME) {
            let numbers = store.user_numbers_named(name, most(is_one)).await?;
            if let Some(numbers) = numbers {
                return Ok(Self::of_names(numbers, is_one));
            }
        }
        for (field, begin) in filter.prefixes() {
            let is_all = is_one && query.access.sorts_as_stored(field);
            let named = match text_index(field) {
                Some(index) => Self::by_text(store, index, &begin, is_all).await?,
                None if field == NAME => Self::by_name(store, &begin, is_all).await?,
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
        let numbers = store.user_numbers_by_name(begin, most(is_all)).await?;
        Ok(numbers.map(|mut numbers| {
            numbers.sort_unstable();
            Self::of_names(numbers, is_all)
        }))
    }

    fn of_names(numbers: Vec<u64>, is_all: bool) -> Self {
        match is_all {
            true => Self::Numbers(numbers),
            false => Self::AmongNumbers(numbers),
        }
    }
}

/// Most users whose numbers are taken from the index of names: many if that answers the query, few if they are looked at.
fn most(is_all: bool) -> usize {
    if is_all { MANY } else { FEW }
}

/// Ids of the users whose text begins as the filter says, if that is all that it says, an index has the text, and there are `most`
/// of them at most.
pub async fn named_few(
    store: &Store,
    query: &ListQuery,
    most: usize,
) -> Result<Option<Vec<RecordId>>, Error> {
    let filter = query.filter.as_ref();
    let filter = filter.filter(|filter| query.kind == Kind::Users && filter.is_one_comparison());
    let Some((field, begin)) = filter.and_then(|filter| filter.prefixes().pop()) else {
        return Ok(None);
    };
    match text_index(field) {
        Some(index) if query.access.sorts_as_stored(field) => {
            store.ids_by_begin(index, &begin, most).await
        }
        _ => Ok(None),
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
