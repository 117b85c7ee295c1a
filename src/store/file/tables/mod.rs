//! The tables of the file, and the open transaction that jobs work on.

mod avatars;
mod companies;
mod copy;
mod ended_tokens;
mod events;
mod moved;
mod outbox;
mod records;
mod superusers;
mod user_blocks;
mod users;

use jiff::Timestamp;
use redb::{
    ReadTransaction, ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction,
};

pub use self::copy::{copy, stored_bytes};
pub use self::users::name_key;
use crate::domain::{Collections, DatabaseIdentity, Origin, RevocationWindow, ServerKey};
use crate::store::stored;
use crate::store::{Action, Change, Error, Record, Remembered};

/// Record id -> user, see `stored/user.rs`.
pub const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users");
/// Openid -> record id.
pub const USERS_BY_OPENID: TableDefinition<&str, &str> = TableDefinition::new("users_by_openid");
/// Phone -> record id.
pub const USERS_BY_PHONE: TableDefinition<&str, &str> = TableDefinition::new("users_by_phone");
/// E-mail address -> record id, but for addresses that the server made: those lead to their users by themselves.
pub const USERS_BY_EMAIL: TableDefinition<&str, &str> = TableDefinition::new("users_by_email");
/// Time of creation in milliseconds and number -> record id.
pub const USERS_BY_CREATED: TableDefinition<(i64, u64), &str> =
    TableDefinition::new("users_by_created");
/// Name and number of each user who has a name: many can have the same.
pub const USERS_BY_NAME: TableDefinition<NameKey, ()> = TableDefinition::new("users_by_name");
/// Place -> block of users, see `store/user_block/`.
pub const USER_BLOCKS: TableDefinition<u64, &[u8]> = TableDefinition::new("user_blocks");
/// Record id -> company, see `stored/company.rs`.
pub const COMPANIES: TableDefinition<&str, &[u8]> = TableDefinition::new("company_records");
/// Company key -> record id.
pub const COMPANIES_BY_KEY: TableDefinition<&str, &str> = TableDefinition::new("companies_by_key");
/// Record id -> superuser, see `stored/superuser.rs`.
pub const SUPERUSERS: TableDefinition<&str, &[u8]> = TableDefinition::new("superusers");
/// E-mail address -> record id.
pub const SUPERUSERS_BY_EMAIL: TableDefinition<&str, &str> =
    TableDefinition::new("superusers_by_email");
/// Time in milliseconds and number -> event, see `stored/event.rs`; by origin, in the order of `Origin::ALL`.
pub const EVENTS: [EventTable; Origin::COUNT] = [
    TableDefinition::new("events_of_strangers"),
    // Of logins and registrations; up to version 3 of changes, too.
    TableDefinition::new("events_of_users"),
    TableDefinition::new("events_of_changes"),
    TableDefinition::new("events_of_administrators"),
];
/// Origin, as its place in `Origin::ALL`, party, time in milliseconds and number of each event that is a party's.
pub const EVENTS_BY_PARTY: TableDefinition<PartyKey, ()> = TableDefinition::new("events_by_party");
/// Record id of a user -> picture, see `stored/avatar.rs`.
pub const AVATARS: TableDefinition<&str, &[u8]> = TableDefinition::new("avatars");
/// Webhook and number -> message, see `stored/message.rs`.
pub const OUTBOX: TableDefinition<MessageKey, &[u8]> = TableDefinition::new("outbox");
/// Values that there is one of, by the names below.
pub const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// Schema version, u32 little-endian.
pub const META_SCHEMA: &str = "schema";
/// Number of the newest user, u64 little-endian.
pub const META_USER_NUMBER: &str = "user_number";
/// Number of the newest company, u64 little-endian.
pub const META_COMPANY_NUMBER: &str = "company_number";
/// Number of the newest superuser, u64 little-endian.
pub const META_SUPERUSER_NUMBER: &str = "superuser_number";
/// Number of the newest event, u64 little-endian; not there: none was written yet.
pub const META_EVENT_NUMBER: &str = "event_number";
/// Number of users with an imported password hash, u64 little-endian; not there: none.
pub const META_IMPORTED_HASHES: &str = "imported_hashes";
/// Bytes of all pictures, u64 little-endian; not there: none.
pub const META_AVATAR_BYTES: &str = "avatar_bytes";
/// Number of the newest message, u64 little-endian; not there: none was written yet.
pub const META_MESSAGE_NUMBER: &str = "message_number";
/// Token keys, see `stored/token_keys.rs`.
pub const META_TOKEN_KEYS: &str = stored::TOKEN_KEYS;
/// The collections, see `stored/collections.rs`; not there: they began here.
pub const META_COLLECTIONS: &str = stored::COLLECTIONS;
/// Times whose tokens are void, see `stored/revocation_windows.rs`; not there: none.
pub const META_REVOCATION_WINDOWS: &str = stored::REVOCATION_WINDOWS;
/// Tokens that ended before their time, see `stored/ended_tokens.rs`; not there: none.
pub const META_ENDED_TOKENS: &str = stored::ENDED_TOKENS;
/// Time at which this file was made as a backup, i64 little-endian in milliseconds; not there: it was not.
pub const META_BACKUP_TIME: &str = "backup_time";
/// Number of commits, u64 little-endian: after an error it tells whether the last one is stored.
pub const META_COMMITS: &str = "commits";
/// Identity of the database, see `stored/identity.rs`; not there: it has no id yet.
pub const META_IDENTITY: &str = stored::IDENTITY;
/// Written to see whether writing works; as many bytes as the write had that failed.
pub const META_PROBE: &str = "probe";

type EventTable = TableDefinition<'static, (i64, u64), &'static [u8]>;
pub type NameKey = (&'static str, u64);
pub type MessageKey = (u64, u64);
pub type PartyKey = (u8, &'static str, i64, u64);
type Index<'txn> = Table<'txn, &'static str, &'static str>;
type Records<'txn> = Table<'txn, &'static str, &'static [u8]>;

/// All tables of one write transaction. A job checks before it writes: what it refuses leaves no trace.
pub struct Tables<'txn> {
    users: Records<'txn>,
    users_by_openid: Index<'txn>,
    users_by_phone: Index<'txn>,
    users_by_email: Index<'txn>,
    users_by_created: Table<'txn, (i64, u64), &'static str>,
    users_by_name: Table<'txn, NameKey, ()>,
    user_blocks: Table<'txn, u64, &'static [u8]>,
    companies: Records<'txn>,
    companies_by_key: Index<'txn>,
    superusers: Records<'txn>,
    superusers_by_email: Index<'txn>,
    events: [Table<'txn, (i64, u64), &'static [u8]>; Origin::COUNT],
    events_by_party: Table<'txn, PartyKey, ()>,
    avatars: Records<'txn>,
    outbox: Table<'txn, MessageKey, &'static [u8]>,
    meta: Records<'txn>,
    changes: Vec<Change>,
}

impl<'txn> Tables<'txn> {
    pub fn open(txn: &'txn WriteTransaction) -> Result<Self, redb::TableError> {
        let [strangers, logins, changes, administrators] =
            EVENTS.map(|events| txn.open_table(events));
        Ok(Self {
            users: txn.open_table(USERS)?,
            users_by_openid: txn.open_table(USERS_BY_OPENID)?,
            users_by_phone: txn.open_table(USERS_BY_PHONE)?,
            users_by_email: txn.open_table(USERS_BY_EMAIL)?,
            users_by_created: txn.open_table(USERS_BY_CREATED)?,
            users_by_name: txn.open_table(USERS_BY_NAME)?,
            user_blocks: txn.open_table(USER_BLOCKS)?,
            companies: txn.open_table(COMPANIES)?,
            companies_by_key: txn.open_table(COMPANIES_BY_KEY)?,
            superusers: txn.open_table(SUPERUSERS)?,
            superusers_by_email: txn.open_table(SUPERUSERS_BY_EMAIL)?,
            events: [strangers?, logins?, changes?, administrators?],
            events_by_party: txn.open_table(EVENTS_BY_PARTY)?,
            avatars: txn.open_table(AVATARS)?,
            outbox: txn.open_table(OUTBOX)?,
            meta: txn.open_table(META)?,
            changes: Vec::new(),
        })
    }

    /// Takes the changes, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Number of changes; see [`Tables::forget_changes`].
    pub fn change_count(&self) -> usize {
        self.changes.len()
    }

    /// Forgets all changes but the first `count`, because they were undone.
    pub fn forget_changes(&mut self, count: usize) {
        self.changes.truncate(count);
    }

    fn changed(&mut self, action: Action, record: Record) {
        self.changes.push(Change { action, record });
    }

    /// Counts this commit; its number.
    pub fn count_commit(&mut self) -> Result<u64, Error> {
        self.next_number(META_COMMITS)
    }

    /// Takes the next of the numbers that are counted under `name`: they have no gaps but those of deleted records and of
    /// batches that were refused.
    fn next_number(&mut self, name: &str) -> Result<u64, Error> {
        let last = read_number(&self.meta, name)?;
        self.meta
            .insert(name, (last + 1).to_le_bytes().as_slice())?;
        Ok(last + 1)
    }

    /// State that a server keeps in memory.
    pub fn remembered(&self) -> Result<Remembered, Error> {
        read_remembered(&self.meta)
    }

    /// Writes what of the state is another than it was.
    pub fn set_remembered(&mut self, before: &Remembered, after: &Remembered) -> Result<(), Error> {
        if before.token_keys != after.token_keys {
            self.set_token_keys(&after.token_keys)?;
        }
        if before.revocation_windows != after.revocation_windows {
            self.set_revocation_windows(&after.revocation_windows)?;
        }
        if before.ended_tokens != after.ended_tokens {
            self.set_ended_tokens(&after.ended_tokens)?;
        }
        match &after.collections {
            Some(collections) if before.collections != after.collections => {
                self.set_collections(collections)
            }
            _ => Ok(()),
        }
    }

    pub fn set_token_keys(&mut self, keys: &[ServerKey]) -> Result<(), Error> {
        self.meta
            .insert(META_TOKEN_KEYS, stored::encode_token_keys(keys)?.as_slice())?;
        Ok(())
    }

    pub fn set_revocation_windows(
        &mut self,
        revocation_windows: &[RevocationWindow],
    ) -> Result<(), Error> {
        self.meta.insert(
            META_REVOCATION_WINDOWS,
            stored::encode_revocation_windows(revocation_windows)?.as_slice(),
        )?;
        Ok(())
    }

    pub fn set_collections(&mut self, collections: &Collections) -> Result<(), Error> {
        self.meta.insert(
            META_COLLECTIONS,
            stored::encode_collections(collections)?.as_slice(),
        )?;
        Ok(())
    }

    pub fn mark_probe(&mut self, bytes: usize) -> Result<(), Error> {
        self.meta
            .insert(META_PROBE, vec![1; bytes.max(1)].as_slice())?;
        Ok(())
    }

    pub fn set_backup_time(&mut self, at: Option<Timestamp>) -> Result<(), Error> {
        match at {
            Some(at) => {
                self.meta.insert(
                    META_BACKUP_TIME,
                    at.as_millisecond().to_le_bytes().as_slice(),
                )?;
            }
            None => drop(self.meta.remove(META_BACKUP_TIME)?),
        }
        Ok(())
    }

    /// Tells whether nothing was ever stored: a new file has its schema version only.
    pub fn is_new(&self) -> Result<bool, Error> {
        Ok(self.meta.len()? <= 1)
    }

    pub fn identity(&self) -> Result<Option<DatabaseIdentity>, Error> {
        read_identity(&self.meta)
    }

    /// Sets what the database says of itself; `None`: it has no id, and gets one at the next start.
    pub fn set_identity(&mut self, identity: Option<&DatabaseIdentity>) -> Result<(), Error> {
        match identity {
            Some(identity) => {
                self.meta
                    .insert(META_IDENTITY, stored::encode_identity(identity)?.as_slice())?;
            }
            None => drop(self.meta.remove(META_IDENTITY)?),
        }
        Ok(())
    }

    pub fn set_schema_version(&mut self, version: u32) -> Result<(), Error> {
        self.meta
            .insert(META_SCHEMA, version.to_le_bytes().as_slice())?;
        Ok(())
    }
}

#[cfg(test)]
impl Tables<'_> {
    /// Writes an entry of `meta` as no product code does.
    pub fn corrupt(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.meta.insert(name, bytes)?;
        Ok(())
    }

    /// Adds or removes an entry of the index by name as no product code does.
    pub fn corrupt_name(&mut self, key: (&str, u64), is_there: bool) -> Result<(), Error> {
        match is_there {
            true => drop(self.users_by_name.insert(key, ())?),
            false => drop(self.users_by_name.remove(key)?),
        }
        Ok(())
    }

    /// Adds or removes an entry of the order of events by party as no product code does.
    pub fn corrupt_events_by_party(
        &mut self,
        key: (u8, &str, i64, u64),
        is_there: bool,
    ) -> Result<(), Error> {
        match is_there {
            true => drop(self.events_by_party.insert(key, ())?),
            false => drop(self.events_by_party.remove(key)?),
        }
        Ok(())
    }
}

pub fn read_token_keys(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<ServerKey>, Error> {
    match meta.get(META_TOKEN_KEYS)? {
        Some(bytes) => stored::decode_token_keys(bytes.value()),
        None => Ok(Vec::new()),
    }
}

/// State that a server keeps in memory.
pub fn remembered(txn: &ReadTransaction) -> Result<Remembered, Error> {
    read_remembered(&txn.open_table(META)?)
}

fn read_remembered(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Remembered, Error> {
    Ok(Remembered {
        token_keys: read_token_keys(meta)?,
        revocation_windows: read_revocation_windows(meta)?,
        ended_tokens: ended_tokens::read_ended_tokens(meta)?,
        collections: read_collections(meta)?,
    })
}

fn read_revocation_windows(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<RevocationWindow>, Error> {
    match meta.get(META_REVOCATION_WINDOWS)? {
        Some(bytes) => stored::decode_revocation_windows(bytes.value()),
        None => Ok(Vec::new()),
    }
}

pub fn read_collections(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<Collections>, Error> {
    meta.get(META_COLLECTIONS)?
        .map(|bytes| stored::decode_collections(bytes.value()))
        .transpose()
}

/// Identity of the database.
pub fn read_identity(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<DatabaseIdentity>, Error> {
    meta.get(META_IDENTITY)?
        .map(|bytes| stored::decode_identity(bytes.value()))
        .transpose()
}

/// A number in `meta`; 0 when it is not there.
pub fn read_number(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
) -> Result<u64, Error> {
    match meta.get(name)? {
        Some(bytes) => Ok(u64::from_le_bytes(fixed(bytes.value(), name)?)),
        None => Ok(0),
    }
}

pub fn read_schema_version(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<u32>, Error> {
    meta.get(META_SCHEMA)?
        .map(|bytes| Ok(u32::from_le_bytes(fixed(bytes.value(), META_SCHEMA)?)))
        .transpose()
}

/// Time at which the file was made as a backup, if it was.
pub fn read_backup_time(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<Timestamp>, Error> {
    let Some(bytes) = meta.get(META_BACKUP_TIME)? else {
        return Ok(None);
    };
    let ms = i64::from_le_bytes(fixed(bytes.value(), META_BACKUP_TIME)?);
    Ok(Timestamp::from_millisecond(ms).ok())
}

fn fixed<const N: usize>(bytes: &[u8], name: &str) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| {
        Error::Damaged(format!(
            "meta entry {name} has {} bytes, not {N}",
            bytes.len()
        ))
    })
}
