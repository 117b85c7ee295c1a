//! Records of any kind in a write transaction.

use super::Tables;
use crate::domain::{Kind, RecordId};
use crate::store::{Error, Record};

impl Tables<'_> {
    pub fn record(&self, kind: Kind, id: &RecordId) -> Result<Option<Record>, Error> {
        Ok(match kind {
            Kind::Users => self.user(id.as_str())?.map(Record::User),
            Kind::Companies => self.company(id.as_str())?.map(Record::Company),
            Kind::Superusers => self.superuser(id.as_str())?.map(Record::Superuser),
        })
    }

    /// The next number of a record of this kind.
    pub fn next_record_number(&mut self, kind: Kind) -> Result<u64, Error> {
        match kind {
            Kind::Users => self.next_user_number().map(|number| number.0),
            Kind::Companies => self.next_company_number(),
            Kind::Superusers => self.next_superuser_number(),
        }
    }

    /// Writes a new record and its index entries.
    pub fn add(&mut self, record: &Record) -> Result<(), Error> {
        match record {
            Record::User(user) => self.add_user(user),
            Record::Company(company) => self.add_company(company),
            Record::Superuser(superuser) => self.add_superuser(superuser),
        }
    }

    /// Writes a changed record and moves its index entries.
    pub fn change(&mut self, before: &Record, after: &Record) -> Result<(), Error> {
        match (before, after) {
            (Record::User(before), Record::User(after)) => self.change_user(before, after),
            (Record::Company(before), Record::Company(after)) => self.change_company(before, after),
            (Record::Superuser(before), Record::Superuser(after)) => {
                self.change_superuser(before, after)
            }
            _ => Err(Error::Failed("a record cannot change its kind".into())),
        }
    }

    /// Removes a record and its index entries.
    pub fn remove(&mut self, record: &Record) -> Result<(), Error> {
        match record {
            Record::User(user) => self.remove_user(user),
            Record::Company(company) => self.remove_company(company),
            Record::Superuser(superuser) => self.remove_superuser(superuser),
        }
    }
}
