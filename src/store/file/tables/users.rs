//! Users and their indexes.

use redb::ReadableTable;

use super::{META_IMPORTED_HASHES, META_USER_NUMBER, Tables, read_number};
use crate::domain::{NativeEmail, OpenId, Phone, User, UserNumber};
use crate::store::stored;
use crate::store::{Action, Error, Record};

impl Tables<'_> {
    pub fn user(&self, id: &str) -> Result<Option<User>, Error> {
        self.users
            .get(id)?
            .map(|bytes| stored::decode_user(id, bytes.value()))
            .transpose()
    }

    pub fn user_by_openid(&self, openid: &OpenId) -> Result<Option<User>, Error> {
        match self.users_by_openid.get(openid.as_str())? {
            Some(id) => self.user(id.value()),
            None => Ok(None),
        }
    }

    /// The id of the user who has this openid.
    pub fn openid_owner(&self, openid: &OpenId) -> Result<Option<String>, Error> {
        Ok(self
            .users_by_openid
            .get(openid.as_str())?
            .map(|id| id.value().to_owned()))
    }

    /// The id of the user who has this phone, in this or the older spelling.
    pub fn phone_owner(&self, phone: &Phone) -> Result<Option<String>, Error> {
        for spelling in [Some(phone), phone.with_trunk_zero().as_ref()] {
            if let Some(phone) = spelling
                && let Some(id) = self.users_by_phone.get(phone.as_str())?
            {
                return Ok(Some(id.value().to_owned()));
            }
        }
        Ok(None)
    }

    /// The id of the user who has this e-mail address.
    pub fn email_owner(&self, email: &str) -> Result<Option<String>, Error> {
        if let Some(id) = self.users_by_email.get(email)? {
            return Ok(Some(id.value().to_owned()));
        }
        let user = match User::of_native_email(email) {
            Some(NativeEmail::ManagePlatform(openid)) => self.user_by_openid(&openid)?,
            Some(NativeEmail::WeChat(id)) => self.user(id.as_str())?,
            None => None,
        };
        Ok(user
            .filter(|user| user.email.as_deref() == Some(email))
            .map(|user| user.id.to_string()))
    }

    pub fn next_user_number(&mut self) -> Result<UserNumber, Error> {
        self.next_number(META_USER_NUMBER).map(UserNumber)
    }

    /// Writes a new user and its index entries.
    pub fn add_user(&mut self, user: &User) -> Result<(), Error> {
        self.index_user(user)?;
        self.users_by_created
            .insert(created_key(user), user.id.as_str())?;
        self.index_name(user)?;
        self.write_user(user)?;
        self.put_in_block(user)?;
        self.count_imported_hash(None, Some(user))?;
        self.changed(Action::Create, Record::User(user.clone()));
        Ok(())
    }

    /// Writes a changed user and moves its index entries. When it was created never changes.
    pub fn change_user(&mut self, before: &User, after: &User) -> Result<(), Error> {
        if keys(before) != keys(after) {
            self.unindex_user(before)?;
            self.index_user(after)?;
        }
        self.move_name(before, after)?;
        self.write_user(after)?;
        self.put_in_block(after)?;
        self.count_imported_hash(Some(before), Some(after))?;
        self.changed(Action::Update, Record::User(after.clone()));
        Ok(())
    }

    /// Removes a user and its index entries.
    pub fn remove_user(&mut self, user: &User) -> Result<(), Error> {
        self.unindex_user(user)?;
        self.users_by_created.remove(created_key(user))?;
        self.unindex_name(user)?;
        self.users.remove(user.id.as_str())?;
        self.remove_from_block(user)?;
        self.count_imported_hash(Some(user), None)?;
        self.changed(Action::Delete, Record::User(user.clone()));
        Ok(())
    }

    /// Makes the indexes that files of version 1 did not have.
    pub fn index_users_by_created_and_email(&mut self) -> Result<(), Error> {
        for entry in self.users.iter()? {
            let (id, bytes) = entry?;
            let user = stored::decode_user(id.value(), bytes.value())?;
            self.users_by_created
                .insert(created_key(&user), user.id.as_str())?;
            if let Some(email) = indexed_email(&user) {
                self.users_by_email.insert(email, user.id.as_str())?;
            }
        }
        Ok(())
    }

    /// Makes the index by name, which files of version 5 did not have.
    pub fn index_users_by_name(&mut self) -> Result<(), Error> {
        for entry in self.users.iter()? {
            let (id, bytes) = entry?;
            let user = stored::decode_user(id.value(), bytes.value())?;
            if let Some(key) = name_key(&user) {
                self.users_by_name.insert(key, ())?;
            }
        }
        Ok(())
    }

    fn index_name(&mut self, user: &User) -> Result<(), Error> {
        if let Some(key) = name_key(user) {
            self.users_by_name.insert(key, ())?;
        }
        Ok(())
    }

    fn unindex_name(&mut self, user: &User) -> Result<(), Error> {
        if let Some(key) = name_key(user) {
            self.users_by_name.remove(key)?;
        }
        Ok(())
    }

    fn move_name(&mut self, before: &User, after: &User) -> Result<(), Error> {
        if before.name == after.name {
            return Ok(());
        }
        self.unindex_name(before)?;
        self.index_name(after)
    }

    fn index_user(&mut self, user: &User) -> Result<(), Error> {
        let (openid, phone, email) = keys(user);
        self.users_by_openid.insert(openid, user.id.as_str())?;
        if let Some(phone) = phone {
            self.users_by_phone.insert(phone, user.id.as_str())?;
        }
        if let Some(email) = email {
            self.users_by_email.insert(email, user.id.as_str())?;
        }
        Ok(())
    }

    fn unindex_user(&mut self, user: &User) -> Result<(), Error> {
        let (openid, phone, email) = keys(user);
        self.users_by_openid.remove(openid)?;
        if let Some(phone) = phone {
            self.users_by_phone.remove(phone)?;
        }
        if let Some(email) = email {
            self.users_by_email.remove(email)?;
        }
        Ok(())
    }

    /// Keeps the number of imported hashes right when `before` becomes `after`.
    fn count_imported_hash(
        &mut self,
        before: Option<&User>,
        after: Option<&User>,
    ) -> Result<(), Error> {
        let had = before.is_some_and(User::has_imported_hash);
        let has = after.is_some_and(User::has_imported_hash);
        if had == has {
            return Ok(());
        }
        let count = read_number(&self.meta, META_IMPORTED_HASHES)?;
        let count = match has {
            true => count + 1,
            false => count.saturating_sub(1),
        };
        self.meta
            .insert(META_IMPORTED_HASHES, count.to_le_bytes().as_slice())?;
        Ok(())
    }

    fn write_user(&mut self, user: &User) -> Result<(), Error> {
        self.users
            .insert(user.id.as_str(), stored::encode_user(user)?.as_slice())?;
        Ok(())
    }
}

/// The keys of a user in the indexes: openid, phone, e-mail address.
fn keys(user: &User) -> (&str, Option<&str>, Option<&str>) {
    (
        user.openid.as_str(),
        user.phone.as_ref().map(Phone::as_str),
        indexed_email(user),
    )
}

fn indexed_email(user: &User) -> Option<&str> {
    user.email.as_deref().filter(|_| !user.has_native_email())
}

/// Key in the index by name of a user who has a name.
pub fn name_key(user: &User) -> Option<(&str, u64)> {
    let name = user.name.as_str();
    (!name.is_empty()).then_some((name, user.number.0))
}

fn created_key(user: &User) -> (i64, u64) {
    (user.created.as_millisecond(), user.number.0)
}
