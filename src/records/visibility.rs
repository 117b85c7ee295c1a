//! Records as somebody sees them: which, and without which field.

use super::Records;
use super::access::Access;
use super::filter_record::{EMAIL, FilterRecord};
use super::refusal::{ChangeError, Refusal};
use super::rules::SurroundingRecords;
use super::view::{self, RecordView};
use crate::domain::{Collections, Kind, RecordId, RuleName};
use crate::error::Result;
use crate::filter::{Budget, TooCostly};
use crate::store::Record;

impl Access {
    /// The record as the reader sees it: without fields that only superusers see, and without an e-mail address that is not for
    /// everybody, unless it is the reader's own, or the rule for managers lets them see it.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn view<'a>(
        &self,
        record: &'a Record,
        collections: &'a Collections,
    ) -> Result<RecordView<'a>> {
        let mut shown = view::record(record, collections);
        if !self.is_superuser() {
            shown = shown.without_hidden();
        }
        if !self.sees_email(record).await? {
            shown = shown.without(EMAIL);
        }
        Ok(shown)
    }

    async fn sees_email(&self, record: &Record) -> Result<bool> {
        Ok(self.sees_email_anyway(record) || self.allows(RuleName::Manage, record).await?)
    }

    /// The record as the reader may sort it among others: an e-mail address that is not for everybody is as none, as it is for filters.
    pub fn sort_view<'a>(&'a self, record: &'a Record) -> FilterRecord<'a> {
        let view = FilterRecord::new(record, self.schemas().of(record.kind()));
        match record {
            Record::User(user) if !user.email_visibility && !self.is_superuser() => {
                view.without_email()
            }
            _ => view,
        }
    }

    /// Whether orders and counts by a field are for the reader what they are for superusers.
    pub fn sorts_as_stored(&self, field: &str) -> bool {
        self.is_superuser() || field != EMAIL
    }

    /// Whether the reader sees the e-mail address without being a manager of the record.
    fn sees_email_anyway(&self, record: &Record) -> bool {
        match record {
            Record::User(user) => user.email_visibility || self.owns(record),
            Record::Company(_) | Record::Superuser(_) => true,
        }
    }

    /// Whether the reader sees the e-mail address of the record, found out within `budget`.
    ///
    /// # Errors
    /// [`TooCostly`].
    pub fn sees_email_within(
        &self,
        record: &Record,
        surroundings: &SurroundingRecords,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        Ok(self.sees_email_anyway(record)
            || self.allows_within(RuleName::Manage, record, surroundings, budget)?)
    }
}

impl Records {
    /// The record of this kind and id, if the view rule lets the reader see it.
    ///
    /// # Errors
    /// [`Refusal::SuperusersOnly`], [`Refusal::NotFound`] for one that is hidden as for one that is not there.
    pub async fn viewed(
        &self,
        access: &Access,
        kind: Kind,
        id: &str,
    ) -> Result<Record, ChangeError> {
        if !access.is_open(kind, RuleName::View) {
            return Err(Refusal::SuperusersOnly.into());
        }
        let id = RecordId::parse(id).ok_or(Refusal::NotFound)?;
        let found = self.app.store.record_by_id(kind, &id).await?;
        match found {
            Some(record) if access.allows(RuleName::View, &record).await? => return Ok(record),
            Some(_) => {}
            None => {
                let other = access.stand_in(RuleName::View, kind, Some(&id)).await?;
                if let Some(other) = other {
                    access.allows(RuleName::View, &other).await?;
                }
            }
        }
        Err(Refusal::NotFound.into())
    }
}
