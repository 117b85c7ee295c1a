//! Lists of few users whom an index names: they are read and sorted at once, which takes less than to begin a thread for them.

use super::error::ListError;
use super::list_order::ListOrder;
use super::matcher::Matcher;
use super::named::named_few;
use super::paging::ListPage;
use super::query::ListQuery;
use crate::error::Error;
use crate::filter::{Budget, Named, TooCostly};
use crate::records::Records;
use crate::records::filter_record::FilterRecord;
use crate::store::Record;

/// Users who are looked at at once.
const FEW: usize = 200;

impl Records {
    /// Page of the query, if its filter is the begin of a text that an index has of few users; nothing for any other.
    pub(super) async fn list_few(&self, query: &ListQuery) -> Result<Option<ListPage>, ListError> {
        let store = &self.app.store;
        let Some(ids) = named_few(store, query, FEW).await? else {
            return Ok(None);
        };
        let users = store.records_by_ids(query.kind, &ids).await?;
        let seed = self.app.random.bytes().map_err(Error::from)?;
        let order = ListOrder::new(query.sort.as_ref(), u64::from_le_bytes(seed));
        Ok(page(query, &order, users).ok())
    }
}

fn page(query: &ListQuery, order: &ListOrder, users: Vec<Record>) -> Result<ListPage, TooCostly> {
    let mut matching = Vec::with_capacity(users.len());
    for user in users {
        if is_match(query, &user)? {
            matching.push(user);
        }
    }
    let total = matching.len() as u64;
    let on_page = query.paging.select(places(query, order, &matching));
    let mut users: Vec<_> = matching.into_iter().map(Some).collect();
    let records = on_page.into_iter().filter_map(|place| users[place].take());
    Ok(ListPage {
        records: records.collect(),
        total,
    })
}

fn is_match(query: &ListQuery, user: &Record) -> Result<bool, TooCostly> {
    let view = FilterRecord::new(user, query.access.schemas().of(query.kind));
    let budget = Budget::new(Budget::INLINE);
    Matcher::new(&query.access).matches(query.filter.as_ref(), &view, &budget)
}

/// Places of the users in the order.
fn places(query: &ListQuery, order: &ListOrder, users: &[Record]) -> Vec<usize> {
    let views: Vec<_> = users
        .iter()
        .map(|user| query.access.sort_view(user))
        .collect();
    let mut places: Vec<_> = (0..views.len()).collect();
    places.sort_by(|a, b| order.compare(&named(&views[*a], order), &named(&views[*b], order)));
    places
}

fn named<'a>(record: &'a FilterRecord<'a>, order: &'a ListOrder) -> Named<'a, FilterRecord<'a>> {
    Named {
        record,
        fields: order.fields(),
    }
}
