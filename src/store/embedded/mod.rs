//! The store in one redb file: users by id, with an index by openid and one by phone.

mod blocks;
mod engine;
mod overlay;
mod schema;
mod stored;
mod tables;
mod writer;

use std::sync::Arc;

use jiff::Timestamp;
use redb::ReadableTableMetadata;

use self::engine::Engine;
use self::tables::{COMPANIES, META, Tables, USERS, USERS_BY_OPENID, USERS_BY_PHONE};
use self::writer::Writer;
use super::{Conflict, Error, Location, UserUpdate};
use crate::domain::{Company, NewUser, OpenId, Phone, RecordId, ServerKey, User};

pub struct Embedded {
    // Dropped first: the writer's thread holds the other handle of the engine.
    writer: Writer,
    engine: Arc<Engine>,
}

impl Embedded {
    pub fn open(location: &Location, cache_bytes: usize) -> Result<Self, Error> {
        let engine = Arc::new(schema::CURRENT.open(location, cache_bytes)?);
        Ok(Self { writer: Writer::spawn(Arc::clone(&engine))?, engine })
    }

    pub fn count_users(&self) -> Result<u64, Error> {
        self.engine.read(|txn| Ok(txn.open_table(USERS)?.len()?))
    }

    pub fn user_by_id(&self, id: &RecordId) -> Result<Option<User>, Error> {
        self.engine.read(|txn| read_user(txn, id.as_str()))
    }

    pub fn user_by_openid(&self, openid: &OpenId) -> Result<Option<User>, Error> {
        self.engine.read(|txn| match txn.open_table(USERS_BY_OPENID)?.get(openid.as_str())? {
            Some(id) => read_indexed(txn, id.value(), |user| user.openid == *openid).map(Some),
            None => Ok(None),
        })
    }

    pub fn user_by_phone(&self, phone: &Phone) -> Result<Option<User>, Error> {
        self.engine.read(|txn| match txn.open_table(USERS_BY_PHONE)?.get(phone.as_str())? {
            Some(id) => read_indexed(txn, id.value(), |user| user.phone.as_ref() == Some(phone)).map(Some),
            None => Ok(None),
        })
    }

    pub fn company_by_company_id(&self, company_id: &str) -> Result<Option<Company>, Error> {
        let company = |record: &str| Company { company_id: company_id.to_owned(), record: record.to_owned() };
        self.engine.read(|txn| Ok(txn.open_table(COMPANIES)?.get(company_id)?.map(|r| company(r.value()))))
    }

    pub fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        self.engine.read(|txn| tables::read_token_keys(&txn.open_table(META)?))
    }

    pub async fn insert_user(&self, new: NewUser) -> Result<Result<User, Conflict>, Error> {
        self.writer.write(move |tables| insert(tables, new)).await
    }

    pub async fn find_or_insert_user(&self, new: NewUser) -> Result<Result<(User, bool), Conflict>, Error> {
        let find_or_insert = move |tables: &mut Tables<'_>| match tables.user_by_openid(new.openid())? {
            Some(user) => Ok(Ok((user, false))),
            None => Ok(insert(tables, new)?.map(|user| (user, true))),
        };
        self.writer.write(find_or_insert).await
    }

    pub async fn update_user(
        &self,
        id: RecordId,
        update: UserUpdate,
        now: Timestamp,
    ) -> Result<Result<User, Conflict>, Error> {
        let change = move |tables: &mut Tables<'_>| {
            let Some(before) = tables.user(id.as_str())? else { return Ok(Err(Conflict::NoSuchUser)) };
            if let Some(phone) = &update.phone
                && tables.phone_owner(phone)?.is_some_and(|owner| owner != id.as_str())
            {
                return Ok(Err(Conflict::Phone));
            }
            let after = apply(before.clone(), update, now);
            tables.change_user(&before, &after)?;
            Ok(Ok(after))
        };
        self.writer.write(change).await
    }

    pub async fn replace_password_hash(&self, id: RecordId, old: String, new: String) -> Result<(), Error> {
        let replace = move |tables: &mut Tables<'_>| match tables.user(id.as_str())? {
            Some(before) if before.password_hash.as_ref() == Some(&old) => {
                let after = User { password_hash: Some(new), ..before.clone() };
                tables.change_user(&before, &after)
            }
            _ => Ok(()),
        };
        self.writer.write(replace).await
    }

    pub async fn put_company(&self, company: Company) -> Result<(), Error> {
        self.writer.write(move |tables| tables.put_company(&company)).await
    }

    pub async fn add_token_key(&self, key: ServerKey, drop_before: Timestamp) -> Result<(), Error> {
        let add = move |tables: &mut Tables<'_>| {
            let keys = tables.token_keys()?;
            // By place, not by time: a clock that was set back must not cost a key that is in use.
            let last_old = keys.iter().rposition(|key| key.created < drop_before);
            let stays = |(n, key): &(usize, ServerKey)| key.created >= drop_before || Some(*n) == last_old;
            let mut keys: Vec<_> = keys.into_iter().enumerate().filter(stays).map(|(_, key)| key).collect();
            keys.push(key);
            tables.set_token_keys(&keys)
        };
        self.writer.write(add).await
    }

    pub fn compact(&self) -> Result<(), Error> {
        self.engine.compact()
    }

    pub async fn is_writable(&self) -> bool {
        self.writer.is_working().await
    }
}

fn read_user(txn: &redb::ReadTransaction, id: &str) -> Result<Option<User>, Error> {
    txn.open_table(USERS)?.get(id)?.map(|bytes| stored::decode_user(id, bytes.value())).transpose()
}

/// The user that an index entry leads to; an entry that leads elsewhere is damage, not an answer.
fn read_indexed(txn: &redb::ReadTransaction, id: &str, is_it: impl Fn(&User) -> bool) -> Result<User, Error> {
    let user = read_user(txn, id)?.filter(is_it);
    user.ok_or_else(|| Error::Damaged(format!("an index entry leads to user {id}")))
}

fn insert(tables: &mut Tables<'_>, new: NewUser) -> Result<Result<User, Conflict>, Error> {
    if tables.has_user(new.id())? {
        return Ok(Err(Conflict::Id));
    }
    if tables.has_openid(new.openid())? {
        return Ok(Err(Conflict::OpenId));
    }
    if let Some(phone) = new.phone()
        && tables.phone_owner(phone)?.is_some()
    {
        return Ok(Err(Conflict::Phone));
    }
    let user = new.numbered(tables.next_user_number()?);
    tables.add_user(&user)?;
    Ok(Ok(user))
}

fn apply(mut user: User, update: UserUpdate, now: Timestamp) -> User {
    user.name = update.name.map_or(user.name, Into::into);
    user.phone = update.phone.or(user.phone);
    user.picture = update.picture.map_or(user.picture, Into::into);
    user.user_type = update.user_type.unwrap_or(user.user_type);
    user.status = update.status.unwrap_or(user.status);
    user.id_number = update.id_number.map_or(user.id_number, Into::into);
    user.level = update.level.map_or(user.level, Into::into);
    user.company_id = update.company_id.map_or(user.company_id, Into::into);
    user.parent_id = update.parent_id.map_or(user.parent_id, Into::into);
    user.promo_code = update.promo_code.map_or(user.promo_code, Into::into);
    user.group_id = update.group_id.map_or(user.group_id, Into::into);
    user.password_hash = update.password_hash.or(user.password_hash);
    user.token_key = update.token_key.unwrap_or(user.token_key);
    user.email = update.email.unwrap_or(user.email);
    user.updated = now;
    user
}

macro_rules! from_storage_error {
    ($($error:ident),+) => {
        $(impl From<redb::$error> for Error {
            fn from(error: redb::$error) -> Self {
                match error {
                    redb::$error::Storage(error) => error.into(),
                    error => Self::Failed(error.to_string()),
                }
            }
        })+
    };
}

from_storage_error!(TableError, TransactionError, CommitError);

impl From<redb::StorageError> for Error {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Io(e) if blocks::is_damage(&e) => Self::Damaged(e.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}
