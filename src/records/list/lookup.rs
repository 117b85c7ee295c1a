//! Lookup of the only record that a filter can match, by a unique index of the store.

use crate::domain::{Kind, OpenId, Phone, RecordId};
use crate::error::Result;
use crate::filter::Filter;
use crate::records::Records;
use crate::store::{Record, Store};

/// Result of a lookup of the records that a filter can match.
pub enum IndexLookup {
    /// No unique index is named: any record may match.
    NotIndexed,
    /// No record has that value.
    Missing,
    /// Only this record has that value.
    Found(Record),
}

/// Unique index of the store.
#[derive(Clone, Copy)]
enum UniqueIndex {
    Id(Kind),
    OpenId,
    Phone,
    UserEmail,
    CompanyId,
    SuperuserEmail,
}

impl Records {
    /// Only record that `filter` can match, if it says by a unique index which one that is.
    pub(super) async fn lookup_by_index(
        &self,
        kind: Kind,
        filter: Option<&Filter>,
    ) -> Result<IndexLookup> {
        let pins = filter.map(Filter::pins).unwrap_or_default();
        self.lookup_pins(kind, &pins).await
    }

    /// Only record that can have all of these values, if one of them is in a unique index.
    pub async fn lookup_pins(&self, kind: Kind, pins: &[(&str, &str)]) -> Result<IndexLookup> {
        let indexed = pins
            .iter()
            .find_map(|(field, value)| Some((UniqueIndex::of(kind, field)?, value)));
        let Some((index, value)) = indexed else {
            return Ok(IndexLookup::NotIndexed);
        };
        let found = index.lookup(&self.app.store, value).await?;
        Ok(found.map_or(IndexLookup::Missing, IndexLookup::Found))
    }
}

impl UniqueIndex {
    /// Index of a field.
    fn of(kind: Kind, field: &str) -> Option<Self> {
        Some(match (kind, field) {
            (_, "id") => Self::Id(kind),
            (Kind::Users, "openid") => Self::OpenId,
            (Kind::Users, "users_phone") => Self::Phone,
            (Kind::Users, "email") => Self::UserEmail,
            (Kind::Companies, "company_id") => Self::CompanyId,
            (Kind::Superusers, "email") => Self::SuperuserEmail,
            _ => return None,
        })
    }

    /// Record that has `value` in the field; none for a value that the field cannot have.
    async fn lookup(self, store: &Store, value: &str) -> Result<Option<Record>> {
        match self {
            Self::Id(kind) => match RecordId::parse(value) {
                Some(id) => Ok(store.record_by_id(kind, &id).await?),
                None => Ok(None),
            },
            Self::OpenId => match OpenId::parse(value) {
                Some(openid) => Ok(store.user_by_openid(&openid).await?.map(Record::User)),
                None => Ok(None),
            },
            Self::Phone => match Phone::parse(value) {
                Ok(phone) => Ok(store.user_by_phone(&phone).await?.map(Record::User)),
                Err(_) => Ok(None),
            },
            Self::UserEmail => Ok(store.user_by_email(value).await?.map(Record::User)),
            Self::CompanyId => {
                let company = store.company_by_company_id(value).await?;
                Ok(company.map(Record::Company))
            }
            Self::SuperuserEmail => {
                let superuser = store.superuser_by_email(value).await?;
                Ok(superuser.map(Record::Superuser))
            }
        }
    }
}
