//! Lookups by ids and by indexes, and counts.

use redb::{
    AccessGuard, Key, ReadTransaction, ReadableTableMetadata, StorageError, TableDefinition, Value,
};

use super::errors::wrong_index_entry;
use super::file_store::FileStore;
use super::tables::{
    self, COMPANIES, COMPANIES_BY_KEY, META, META_IMPORTED_HASHES, SUPERUSERS, SUPERUSERS_BY_EMAIL,
    USERS, USERS_BY_EMAIL, USERS_BY_OPENID, USERS_BY_PHONE,
};
use crate::domain::{Company, Kind, NativeEmail, OpenId, Phone, RecordId, Superuser, User};
use crate::store::stored;
use crate::store::{Error, Record};

impl FileStore {
    pub(in crate::store) fn count_users(&self) -> Result<u64, Error> {
        self.engine.read(|txn| count(txn, USERS))
    }

    pub(in crate::store) fn count_companies(&self) -> Result<u64, Error> {
        self.engine.read(|txn| count(txn, COMPANIES))
    }

    pub(in crate::store) fn count_superusers(&self) -> Result<u64, Error> {
        self.engine.read(|txn| count(txn, SUPERUSERS))
    }

    pub(in crate::store) fn count_imported_hashes(&self) -> Result<u64, Error> {
        self.engine
            .read(|txn| tables::read_number(&txn.open_table(META)?, META_IMPORTED_HASHES))
    }

    pub(in crate::store) fn record_by_id(
        &self,
        kind: Kind,
        id: &RecordId,
    ) -> Result<Option<Record>, Error> {
        Ok(match kind {
            Kind::Users => self.user_by_id(id)?.map(Record::User),
            Kind::Companies => self.company_by_id(id)?.map(Record::Company),
            Kind::Superusers => self.superuser_by_id(id)?.map(Record::Superuser),
        })
    }

    pub(in crate::store) fn user_by_id(&self, id: &RecordId) -> Result<Option<User>, Error> {
        self.engine.read(|txn| read_user(txn, id.as_str()))
    }

    pub(in crate::store) fn user_by_openid(&self, openid: &OpenId) -> Result<Option<User>, Error> {
        self.engine.read(
            |txn| match txn.open_table(USERS_BY_OPENID)?.get(openid.as_str())? {
                Some(id) => read_indexed(txn, id.value(), |user| user.openid == *openid).map(Some),
                None => Ok(None),
            },
        )
    }

    pub(in crate::store) fn user_by_phone(&self, phone: &Phone) -> Result<Option<User>, Error> {
        match (self.user_by_spelling(phone)?, phone.with_trunk_zero()) {
            (None, Some(older)) => self.user_by_spelling(&older),
            (user, _) => Ok(user),
        }
    }

    /// The user whose phone is stored in just this spelling.
    fn user_by_spelling(&self, phone: &Phone) -> Result<Option<User>, Error> {
        self.engine.read(
            |txn| match txn.open_table(USERS_BY_PHONE)?.get(phone.as_str())? {
                Some(id) => {
                    read_indexed(txn, id.value(), |user| user.phone.as_ref() == Some(phone))
                        .map(Some)
                }
                None => Ok(None),
            },
        )
    }

    pub(in crate::store) fn count_users_by_phone_prefix(&self, prefix: &str) -> Result<u64, Error> {
        self.engine.read(|txn| {
            let phones = txn.open_table(USERS_BY_PHONE)?;
            let found = phones
                .range(prefix..)?
                .take_while(|entry| begins_with(entry, prefix));
            found
                .map(|entry| entry.map(|_| 1))
                .sum::<Result<u64, _>>()
                .map_err(Error::from)
        })
    }

    pub(in crate::store) fn users_by_phone_prefix(&self, prefix: &str) -> Result<Vec<User>, Error> {
        self.engine.read(|txn| {
            let phones = txn.open_table(USERS_BY_PHONE)?;
            let found = phones
                .range(prefix..)?
                .take_while(|entry| begins_with(entry, prefix));
            found
                .map(|entry| read_indexed(txn, entry?.1.value(), |user| has_prefix(user, prefix)))
                .collect()
        })
    }

    pub(in crate::store) fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let has_it = |user: &User| user.email.as_deref() == Some(email);
        let by_index =
            self.engine
                .read(|txn| match txn.open_table(USERS_BY_EMAIL)?.get(email)? {
                    Some(id) => read_indexed(txn, id.value(), has_it).map(Some),
                    None => Ok(None),
                })?;
        if by_index.is_some() {
            return Ok(by_index);
        }
        let native = match User::of_native_email(email) {
            Some(NativeEmail::ManagePlatform(openid)) => self.user_by_openid(&openid)?,
            Some(NativeEmail::WeChat(id)) => self.user_by_id(&id)?,
            None => None,
        };
        Ok(native.filter(has_it))
    }

    pub(in crate::store) fn company_by_id(&self, id: &RecordId) -> Result<Option<Company>, Error> {
        self.engine.read(|txn| read_company(txn, id.as_str()))
    }

    pub(in crate::store) fn company_by_company_id(
        &self,
        company_id: &str,
    ) -> Result<Option<Company>, Error> {
        self.engine.read(
            |txn| match txn.open_table(COMPANIES_BY_KEY)?.get(company_id)? {
                Some(id) => read_company(txn, id.value()),
                None => Ok(None),
            },
        )
    }

    pub(in crate::store) fn superuser_by_id(
        &self,
        id: &RecordId,
    ) -> Result<Option<Superuser>, Error> {
        self.engine.read(|txn| read_superuser(txn, id.as_str()))
    }

    pub(in crate::store) fn superuser_by_email(
        &self,
        email: &str,
    ) -> Result<Option<Superuser>, Error> {
        self.engine.read(
            |txn| match txn.open_table(SUPERUSERS_BY_EMAIL)?.get(email)? {
                Some(id) => read_superuser(txn, id.value()),
                None => Ok(None),
            },
        )
    }
}

/// Whether an entry of the index by phone begins so; one that cannot be read is not passed over.
fn begins_with<K, V>(entry: &Result<(AccessGuard<'_, K>, V), StorageError>, prefix: &str) -> bool
where
    K: Key + for<'a> Value<SelfType<'a> = &'a str>,
{
    entry
        .as_ref()
        .map_or(true, |(phone, _)| phone.value().starts_with(prefix))
}

fn has_prefix(user: &User, prefix: &str) -> bool {
    user.phone
        .as_ref()
        .is_some_and(|phone| phone.as_str().starts_with(prefix))
}

fn count<V: Value + 'static>(
    txn: &ReadTransaction,
    records: TableDefinition<'static, &'static str, V>,
) -> Result<u64, Error> {
    Ok(txn.open_table(records)?.len()?)
}

fn read_user(txn: &ReadTransaction, id: &str) -> Result<Option<User>, Error> {
    txn.open_table(USERS)?
        .get(id)?
        .map(|bytes| stored::decode_user(id, bytes.value()))
        .transpose()
}

fn read_company(txn: &ReadTransaction, id: &str) -> Result<Option<Company>, Error> {
    txn.open_table(COMPANIES)?
        .get(id)?
        .map(|bytes| stored::decode_company(id, bytes.value()))
        .transpose()
}

fn read_superuser(txn: &ReadTransaction, id: &str) -> Result<Option<Superuser>, Error> {
    txn.open_table(SUPERUSERS)?
        .get(id)?
        .map(|bytes| stored::decode_superuser(id, bytes.value()))
        .transpose()
}

/// The user that an index entry leads to; an entry that leads elsewhere is damage, not an answer.
fn read_indexed(
    txn: &ReadTransaction,
    id: &str,
    is_it: impl Fn(&User) -> bool,
) -> Result<User, Error> {
    let user = read_user(txn, id)?.filter(is_it);
    user.ok_or_else(|| wrong_index_entry(id))
}
