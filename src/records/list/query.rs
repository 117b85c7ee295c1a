//! Queries for lists of records: who reads, and which records in which order.

use super::error::{ListError, ReservedName};
use super::paging::Paging;
use crate::auth::Principal;
use crate::domain::{Actor, Kind};
use crate::filter::{Filter, Sort};
use crate::records::schema::{Schema, Schemas};
use crate::store::Record;

/// Reader of a list, which decides about the records that may be in it.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Nobody who is known: sees no record.
    Nobody,
    /// A user, who sees their own record, or a superuser, who sees all.
    Principal(Principal),
    /// The operator, who sees all.
    Operator,
}

impl From<Option<Principal>> for Reader {
    fn from(principal: Option<Principal>) -> Self {
        principal.map_or(Self::Nobody, Self::Principal)
    }
}

impl Reader {
    /// Refuses whoever may not list records of `kind`, not even an empty list of them.
    pub fn ensure_may_list(&self, kind: Kind) -> Result<(), ListError> {
        if kind == Kind::Users || self.sees_all() {
            Ok(())
        } else {
            Err(ListError::SuperusersOnly)
        }
    }

    /// Whether the reader sees the records of everybody.
    fn sees_all(&self) -> bool {
        matches!(
            self,
            Self::Principal(Principal::Superuser(_)) | Self::Operator
        )
    }

    /// Record of the reader.
    pub(super) fn record(&self) -> Option<Record> {
        match self {
            Self::Principal(principal) => Some(principal.clone().into()),
            Self::Nobody | Self::Operator => None,
        }
    }

    /// Actor in whose turn the list is made.
    pub(super) fn actor(&self) -> Actor {
        match self {
            Self::Nobody => Actor::Nobody,
            Self::Principal(principal) => principal.into(),
            Self::Operator => Actor::Operator,
        }
    }
}

/// Query for a page of records.
pub struct ListQuery {
    pub(super) reader: Reader,
    pub(super) kind: Kind,
    pub(super) paging: Paging,
    pub(super) filter: Option<Filter>,
    pub(super) sort: Option<Sort>,
}

impl ListQuery {
    /// Reads `filter` and `sort`, which may be empty: then all records match, and stay in the order of creation.
    ///
    /// # Errors
    /// [`ListError::SuperusersOnly`], [`ListError::Reserved`] or [`ListError::FilterInvalid`].
    pub fn parse(
        reader: Reader,
        kind: Kind,
        paging: Paging,
        filter: &str,
        sort: &str,
        schemas: &Schemas,
    ) -> Result<Self, ListError> {
        reader.ensure_may_list(kind)?;
        if !reader.sees_all() {
            ensure_unreserved(filter, sort)?;
        }
        let schema = schemas.of(kind);
        Ok(Self {
            reader,
            kind,
            paging,
            filter: parse_filter(filter, schema)?,
            sort: parse_sort(sort, schema)?,
        })
    }
}

fn ensure_unreserved(filter: &str, sort: &str) -> Result<(), ListError> {
    let reserved = ReservedName::ALL
        .into_iter()
        .find(|name| filter.contains(name.prefix()) || sort.contains(name.prefix()));
    reserved.map_or(Ok(()), |name| Err(ListError::Reserved(name)))
}

pub(super) fn parse_filter(text: &str, schema: &Schema) -> Result<Option<Filter>, ListError> {
    if text.is_empty() {
        return Ok(None);
    }
    let filter = Filter::parse(text)?;
    filter.check(|name| schema.shows(name))?;
    Ok(Some(filter))
}

fn parse_sort(text: &str, schema: &Schema) -> Result<Option<Sort>, ListError> {
    if text.is_empty() {
        return Ok(None);
    }
    let sort = Sort::parse(text)?;
    sort.check(|name| schema.shows(name))?;
    Ok(Some(sort))
}
