//! Superusers and their index.

use redb::{ReadableTable, ReadableTableMetadata};

use super::{META_SUPERUSER_NUMBER, Tables};
use crate::domain::Superuser;
use crate::store::stored;
use crate::store::{Action, Error, Record};

impl Tables<'_> {
    pub fn superuser(&self, id: &str) -> Result<Option<Superuser>, Error> {
        self.superusers
            .get(id)?
            .map(|bytes| stored::decode_superuser(id, bytes.value()))
            .transpose()
    }

    pub fn count_superusers(&self) -> Result<u64, Error> {
        Ok(self.superusers.len()?)
    }

    /// The id of the superuser who has this e-mail address.
    pub fn superuser_email_owner(&self, email: &str) -> Result<Option<String>, Error> {
        Ok(self
            .superusers_by_email
            .get(email)?
            .map(|id| id.value().to_owned()))
    }

    pub fn next_superuser_number(&mut self) -> Result<u64, Error> {
        self.next_number(META_SUPERUSER_NUMBER)
    }

    pub fn add_superuser(&mut self, superuser: &Superuser) -> Result<(), Error> {
        self.superusers_by_email
            .insert(superuser.email.as_str(), superuser.id.as_str())?;
        self.write_superuser(superuser)?;
        self.changed(Action::Create, Record::Superuser(superuser.clone()));
        Ok(())
    }

    pub fn change_superuser(&mut self, before: &Superuser, after: &Superuser) -> Result<(), Error> {
        if before.email != after.email {
            self.superusers_by_email.remove(before.email.as_str())?;
            self.superusers_by_email
                .insert(after.email.as_str(), after.id.as_str())?;
        }
        self.write_superuser(after)?;
        self.changed(Action::Update, Record::Superuser(after.clone()));
        Ok(())
    }

    pub fn remove_superuser(&mut self, superuser: &Superuser) -> Result<(), Error> {
        self.superusers_by_email.remove(superuser.email.as_str())?;
        self.superusers.remove(superuser.id.as_str())?;
        self.changed(Action::Delete, Record::Superuser(superuser.clone()));
        Ok(())
    }

    fn write_superuser(&mut self, superuser: &Superuser) -> Result<(), Error> {
        self.superusers.insert(
            superuser.id.as_str(),
            stored::encode_superuser(superuser)?.as_slice(),
        )?;
        Ok(())
    }
}
