//! Queries for lists of records: who reads, and which records in which order.

use std::sync::Arc;

use super::error::{ListError, ReservedName};
use super::paging::Paging;
use crate::domain::{Kind, RuleName, User};
use crate::filter::{Filter, Sort};
use crate::records::access::Access;
use crate::records::fields::tables::BuiltIn as _;
use crate::records::schema::Schema;

/// Query for a page of records.
pub struct ListQuery {
    pub(super) access: Access,
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
        access: Access,
        kind: Kind,
        paging: Paging,
        filter: &str,
        sort: &str,
    ) -> Result<Self, ListError> {
        ensure_may_list(&access, kind)?;
        if !access.is_superuser() {
            ensure_unreserved(filter, sort)?;
        }
        let schemas = Arc::clone(access.schemas());
        let schema = schemas.of(kind);
        let is_superuser = access.is_superuser();
        Ok(Self {
            access,
            kind,
            paging,
            filter: parse_filter(filter, schema, is_superuser)?,
            sort: parse_sort(sort, schema, is_superuser)?,
        })
    }

    /// The same query for the records that the list rule lets the reader see.
    ///
    /// # Errors
    /// [`ListError::SuperusersOnly`], [`ListError::TooCostly`].
    pub(super) async fn within_rule(self) -> Result<Self, ListError> {
        let rule = self.access.list_filter(self.kind).await?;
        let filter = match (rule, self.filter) {
            (Some(rule), Some(filter)) => Some(rule.and(filter)),
            (rule, filter) => rule.or(filter),
        };
        let filter = filter.filter(|filter| !filter.is_everything());
        Ok(Self { filter, ..self })
    }

    /// Whether columns of users decide the query, if there are such of each field of which `is_column` is true.
    pub(super) fn is_decided_by(&self, is_column: impl Fn(&str) -> bool) -> bool {
        let filter = self.filter.as_ref();
        let sort = self.sort.as_ref();
        self.kind == Kind::Users
            && filter.is_none_or(|filter| {
                filter.needs_only(|field| is_column(field) && self.sees_as_stored(field))
            })
            && sort.is_none_or(|sort| {
                sort.fields().all(|field| {
                    is_column(field)
                        && self.sees_as_stored(field)
                        && self.access.sorts_as_stored(field)
                })
            })
    }

    /// Whether the value of a field in columns is what a filter sees: a built-in text that several values were imported into is a
    /// list to it.
    fn sees_as_stored(&self, field: &str) -> bool {
        let schema = self.access.schemas().of(self.kind);
        User::field(field).is_none() || schema.field(field).is_none_or(|field| !field.is_list)
    }

    /// Whether no record can match, as far as a look at the filter tells: there is none without an id.
    pub(super) fn is_empty(&self) -> bool {
        let filter = self.filter.as_ref();
        filter.is_some_and(|filter| filter.is_nothing() || filter.demands_empty("id"))
    }
}

/// Refuses whoever may not list records of `kind`, not even an empty list of them.
pub fn ensure_may_list(access: &Access, kind: Kind) -> Result<(), ListError> {
    if access.is_open(kind, RuleName::List) {
        Ok(())
    } else {
        Err(ListError::SuperusersOnly)
    }
}

fn ensure_unreserved(filter: &str, sort: &str) -> Result<(), ListError> {
    let reserved = ReservedName::ALL
        .into_iter()
        .find(|name| filter.contains(name.prefix()) || sort.contains(name.prefix()));
    reserved.map_or(Ok(()), |name| Err(ListError::Reserved(name)))
}

pub(super) fn parse_filter(
    text: &str,
    schema: &Schema,
    is_superuser: bool,
) -> Result<Option<Filter>, ListError> {
    if text.is_empty() {
        return Ok(None);
    }
    let filter = Filter::parse(text)?;
    filter.check(|name| is_shown(schema, name, is_superuser))?;
    Ok(Some(filter))
}

fn parse_sort(text: &str, schema: &Schema, is_superuser: bool) -> Result<Option<Sort>, ListError> {
    if text.is_empty() {
        return Ok(None);
    }
    let sort = Sort::parse(text)?;
    sort.check(|name| is_shown(schema, name, is_superuser))?;
    Ok(Some(sort))
}

fn is_shown(schema: &Schema, name: &str, is_superuser: bool) -> bool {
    match is_superuser {
        true => schema.shows_to_superusers(name),
        false => schema.shows(name),
    }
}
