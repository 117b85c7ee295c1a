//! The tables of the file, and the open transaction that jobs work on.

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use super::stored::{self, StoredTokenKeys};
use crate::domain::{Company, OpenId, Phone, RecordId, ServerKey, User, UserNumber};
use crate::store::Error;

/// Record id -> user, see `stored.rs`.
pub const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users");
/// Openid -> record id.
pub const USERS_BY_OPENID: TableDefinition<&str, &str> = TableDefinition::new("users_by_openid");
/// Phone -> record id.
pub const USERS_BY_PHONE: TableDefinition<&str, &str> = TableDefinition::new("users_by_phone");
/// Company key -> the record as JSON text.
pub const COMPANIES: TableDefinition<&str, &str> = TableDefinition::new("companies");
/// Everything that there is one of, by the names below.
pub const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// Schema version, u32 little-endian.
pub const META_SCHEMA: &str = "schema";
/// Number of the newest user, u64 little-endian.
pub const META_USER_NUMBER: &str = "user_number";
/// Token keys, see `stored.rs`.
pub const META_TOKEN_KEYS: &str = "token_keys";
/// Written to see whether writing works; one byte.
pub const META_PROBE: &str = "probe";

/// All tables of one write transaction. A job checks before it writes: what it refuses leaves no trace.
pub struct Tables<'txn> {
    users: Table<'txn, &'static str, &'static [u8]>,
    users_by_openid: Table<'txn, &'static str, &'static str>,
    users_by_phone: Table<'txn, &'static str, &'static str>,
    companies: Table<'txn, &'static str, &'static str>,
    meta: Table<'txn, &'static str, &'static [u8]>,
}

impl<'txn> Tables<'txn> {
    pub fn open(txn: &'txn WriteTransaction) -> Result<Self, redb::TableError> {
        Ok(Self {
            users: txn.open_table(USERS)?,
            users_by_openid: txn.open_table(USERS_BY_OPENID)?,
            users_by_phone: txn.open_table(USERS_BY_PHONE)?,
            companies: txn.open_table(COMPANIES)?,
            meta: txn.open_table(META)?,
        })
    }

    pub fn user(&self, id: &str) -> Result<Option<User>, Error> {
        self.users.get(id)?.map(|bytes| stored::decode_user(id, bytes.value())).transpose()
    }

    pub fn user_by_openid(&self, openid: &OpenId) -> Result<Option<User>, Error> {
        match self.users_by_openid.get(openid.as_str())? {
            Some(id) => self.user(id.value()),
            None => Ok(None),
        }
    }

    pub fn has_user(&self, id: &RecordId) -> Result<bool, Error> {
        Ok(self.users.get(id.as_str())?.is_some())
    }

    pub fn has_openid(&self, openid: &OpenId) -> Result<bool, Error> {
        Ok(self.users_by_openid.get(openid.as_str())?.is_some())
    }

    /// The id of the user who has this phone.
    pub fn phone_owner(&self, phone: &Phone) -> Result<Option<String>, Error> {
        Ok(self.users_by_phone.get(phone.as_str())?.map(|id| id.value().to_owned()))
    }

    /// Takes the next number: the sequence has no gaps but those of deleted users.
    pub fn next_user_number(&mut self) -> Result<UserNumber, Error> {
        let last = match self.meta.get(META_USER_NUMBER)? {
            Some(bytes) => u64::from_le_bytes(fixed(bytes.value(), META_USER_NUMBER)?),
            None => 0,
        };
        self.meta.insert(META_USER_NUMBER, (last + 1).to_le_bytes().as_slice())?;
        Ok(UserNumber(last + 1))
    }

    /// Writes a new user and its index entries.
    pub fn add_user(&mut self, user: &User) -> Result<(), Error> {
        self.users_by_openid.insert(user.openid.as_str(), user.id.as_str())?;
        if let Some(phone) = &user.phone {
            self.users_by_phone.insert(phone.as_str(), user.id.as_str())?;
        }
        self.write_user(user)
    }

    /// Writes a changed user and moves its phone entry. The openid never changes.
    pub fn change_user(&mut self, before: &User, after: &User) -> Result<(), Error> {
        if before.phone != after.phone {
            if let Some(phone) = &before.phone {
                self.users_by_phone.remove(phone.as_str())?;
            }
            if let Some(phone) = &after.phone {
                self.users_by_phone.insert(phone.as_str(), after.id.as_str())?;
            }
        }
        self.write_user(after)
    }

    fn write_user(&mut self, user: &User) -> Result<(), Error> {
        self.users.insert(user.id.as_str(), stored::encode_user(user)?.as_slice())?;
        Ok(())
    }

    pub fn put_company(&mut self, company: &Company) -> Result<(), Error> {
        self.companies.insert(company.company_id.as_str(), company.record.as_str())?;
        Ok(())
    }

    pub fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        read_token_keys(&self.meta)
    }

    pub fn set_token_keys(&mut self, keys: &[ServerKey]) -> Result<(), Error> {
        self.meta.insert(META_TOKEN_KEYS, StoredTokenKeys::encode(keys)?.as_slice())?;
        Ok(())
    }

    pub fn mark_probe(&mut self) -> Result<(), Error> {
        self.meta.insert(META_PROBE, [1].as_slice())?;
        Ok(())
    }

    pub fn set_schema_version(&mut self, version: u32) -> Result<(), Error> {
        self.meta.insert(META_SCHEMA, version.to_le_bytes().as_slice())?;
        Ok(())
    }
}

pub fn read_token_keys(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<ServerKey>, Error> {
    match meta.get(META_TOKEN_KEYS)? {
        Some(bytes) => StoredTokenKeys::decode(bytes.value()),
        None => Ok(Vec::new()),
    }
}

pub fn read_schema_version(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<u32>, Error> {
    meta.get(META_SCHEMA)?.map(|bytes| Ok(u32::from_le_bytes(fixed(bytes.value(), META_SCHEMA)?))).transpose()
}

fn fixed<const N: usize>(bytes: &[u8], name: &str) -> Result<[u8; N], Error> {
    bytes
        .try_into()
        .map_err(|_| Error::Damaged(format!("meta entry {name} has {} bytes, not {N}", bytes.len())))
}
