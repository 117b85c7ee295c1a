//! Verification of a database: every record can be read, and every index says what the records say.

mod avatars;
mod blocks;
mod events;
mod names;
mod sum;

use std::hash::RandomState;
use std::ops::RangeBounds;
use std::thread;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition,
    TableError, Value,
};

use self::avatars::{avatars, newest_message};
use self::blocks::{ensure_in_blocks, sum_of_blocks};
use self::events::events;
use self::names::{ensure_named, sum_of_names};
use self::sum::Sum;
use super::contents::Contents;
use super::tables::{
    AVATARS, COMPANIES, COMPANIES_BY_KEY, EVENTS, META, META_COMPANY_NUMBER, META_EVENT_NUMBER,
    META_IMPORTED_HASHES, META_MESSAGE_NUMBER, META_SUPERUSER_NUMBER, META_USER_NUMBER, SUPERUSERS,
    SUPERUSERS_BY_EMAIL, USERS, USERS_BY_CREATED, USERS_BY_EMAIL, USERS_BY_OPENID, USERS_BY_PHONE,
    name_key, read_backup_time, read_number, remembered,
};
use super::unwind::{error_of_panic, reading};
use crate::domain::{Phone, User};
use crate::store::Error;
use crate::store::stored;
use crate::store::user_block::Row;

type Index = TableDefinition<'static, &'static str, &'static str>;
type MetaTable = ReadOnlyTable<&'static str, &'static [u8]>;

/// Reads everything. The first thing that is wrong is [`Error::Damaged`] with its name.
pub fn check(txn: &ReadTransaction) -> Result<Contents, Error> {
    let meta = txn.open_table(META)?;
    remembered(txn)?;
    let (users, counted) = users(txn)?;
    let (companies, newest_company) = companies(txn)?;
    let (superusers, newest_superuser) = superusers(txn)?;
    let (events, newest_event) = events(txn)?;
    let avatars = avatars(txn, &meta)?;
    let newest_message = newest_message(txn)?;
    for (counter, newest) in [
        (META_USER_NUMBER, counted.newest),
        (META_COMPANY_NUMBER, newest_company),
        (META_SUPERUSER_NUMBER, newest_superuser),
        (META_EVENT_NUMBER, newest_event),
        (META_MESSAGE_NUMBER, newest_message),
    ] {
        ensure_counted(&meta, counter, newest)?;
    }
    if read_number(&meta, META_IMPORTED_HASHES)? != counted.imported {
        return Err(Error::Damaged(format!(
            "{} users have imported hashes, not as counted",
            counted.imported
        )));
    }
    Ok(Contents {
        made: read_backup_time(&meta)?,
        users,
        companies,
        superusers,
        events,
        avatars,
    })
}

/// A counter has to be at the newest number at least, or the next record would get a number that is taken.
fn ensure_counted(meta: &MetaTable, counter: &str, newest: u64) -> Result<(), Error> {
    match read_number(meta, counter)? {
        last if last >= newest => Ok(()),
        last => Err(Error::Damaged(format!(
            "the counter {counter} is {last}, behind {newest}"
        ))),
    }
}

/// Counts of what there is, by the lengths of the tables; a file of an older version may not have them all.
pub fn contents(txn: &ReadTransaction) -> Result<Contents, Error> {
    Ok(Contents {
        made: read_backup_time(&txn.open_table(META)?)?,
        users: len(txn, USERS)?,
        companies: len(txn, COMPANIES)?,
        superusers: len(txn, SUPERUSERS)?,
        events: EVENTS
            .into_iter()
            .try_fold(0, |sum, events| Ok::<_, Error>(sum + len(txn, events)?))?,
        avatars: len(txn, AVATARS)?,
    })
}

fn len<K: Key + 'static, V: Value + 'static>(
    txn: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<u64, Error> {
    match txn.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => Ok(0),
        opened => Ok(opened?.len()?),
    }
}

/// Millions of users are compared with their indexes by sums, for which each table is read once, in its order; one half of all
/// beside the other.
fn users(txn: &ReadTransaction) -> Result<(u64, Counted), Error> {
    /// Of ids of digits and small letters, half are below.
    const MIDDLE: &str = "i";
    let hasher = RandomState::new();
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| reading(|| upper_half(txn, MIDDLE, &hasher)));
        let one = lower_half(txn, MIDDLE, &hasher);
        let other = other
            .join()
            .unwrap_or_else(|payload| Err(error_of_panic(payload)));
        (one, other)
    });
    let ((lower, [openid, created, names]), (upper, [phone, email, blocks])) = (one?, other?);
    if sum_of(lower.0, upper.0) == [openid, phone, email, created, names, blocks] {
        Ok((txn.open_table(USERS)?.len()?, lower.1.and(upper.1)))
    } else {
        Err(first_wrong_user(txn))
    }
}

/// Sums of half of the users, and of what follows from all of them.
type Half<const TABLES: usize> = ((Sums, Counted), [Sum; TABLES]);

/// Sums of the users with ids below `middle`, and of the indexes by openid, by creation and by name.
fn lower_half(txn: &ReadTransaction, middle: &str, hasher: &RandomState) -> Result<Half<3>, Error> {
    let records = sums_of_users(txn, ..middle, hasher)?;
    let openid = Sum::of_index(txn, USERS_BY_OPENID, hasher)?;
    let created = Sum::of(txn, USERS_BY_CREATED, |key, id, sum| {
        sum.add(hasher, key, id);
    })?;
    Ok((records, [openid, created, sum_of_names(txn, hasher)?]))
}

/// Sums of the other users, of the indexes by phone and by e-mail address, and of the blocks.
fn upper_half(txn: &ReadTransaction, middle: &str, hasher: &RandomState) -> Result<Half<3>, Error> {
    let records = sums_of_users(txn, middle.., hasher)?;
    let phone = Sum::of_index(txn, USERS_BY_PHONE, hasher)?;
    let email = Sum::of_index(txn, USERS_BY_EMAIL, hasher)?;
    Ok((records, [phone, email, sum_of_blocks(txn, hasher)?]))
}

fn sum_of(one: Sums, other: Sums) -> Sums {
    std::array::from_fn(|index| one[index].and(other[index]))
}

/// Figures about users that `meta` has to have.
#[derive(Clone, Copy, Default)]
struct Counted {
    newest: u64,
    imported: u64,
}

impl Counted {
    fn add(&mut self, user: &User) {
        self.newest = self.newest.max(user.number.0);
        self.imported += u64::from(user.has_imported_hash());
    }

    fn and(self, other: Self) -> Self {
        Self {
            newest: self.newest.max(other.newest),
            imported: self.imported + other.imported,
        }
    }
}

/// Sums of what the indexes have to hold for these users, and what is counted of them.
fn sums_of_users<'a>(
    txn: &ReadTransaction,
    ids: impl RangeBounds<&'a str> + 'a,
    hasher: &RandomState,
) -> Result<(Sums, Counted), Error> {
    let mut sums = Sums::default();
    let mut counted = Counted::default();
    let [
        by_openid,
        by_phone,
        by_email,
        by_created,
        by_name,
        in_blocks,
    ] = &mut sums;
    for entry in txn.open_table(USERS)?.range(ids)? {
        let (id, bytes) = entry?;
        let user = stored::decode_user(id.value(), bytes.value())?;
        counted.add(&user);
        by_openid.add(hasher, user.openid.as_str(), id.value());
        if let Some(phone) = user.phone.as_ref().map(Phone::as_str) {
            by_phone.add(hasher, phone, id.value());
        }
        if let Some(email) = indexed_email(&user) {
            by_email.add(hasher, email, id.value());
        }
        by_created.add(hasher, created(&user), id.value());
        if let Some(key) = name_key(&user) {
            by_name.add(hasher, key, "");
        }
        in_blocks.add_row(hasher, user.number.0, &Row::of(&user));
    }
    Ok((sums, counted))
}

/// By openid, phone, e-mail address, time of creation and name, and in blocks.
type Sums = [Sum; 6];

fn indexed_email(user: &User) -> Option<&str> {
    user.email.as_deref().filter(|_| !user.has_native_email())
}

fn created(user: &User) -> (i64, u64) {
    (user.created.as_millisecond(), user.number.0)
}

/// Looks up one entry after the other until one is not right.
fn first_wrong_user(txn: &ReadTransaction) -> Error {
    let looked = each_user(txn)
        .and_then(|()| ensure_named(txn))
        .and_then(|()| ensure_in_blocks(txn));
    match looked {
        Err(error) => error,
        Ok(()) => Error::Damaged("the indexes of the users do not say what the users say".into()),
    }
}

fn each_user(txn: &ReadTransaction) -> Result<(), Error> {
    let mut by_openid = Expected::new(txn, USERS_BY_OPENID)?;
    let mut by_phone = Expected::new(txn, USERS_BY_PHONE)?;
    let mut by_email = Expected::new(txn, USERS_BY_EMAIL)?;
    let users = txn.open_table(USERS)?;
    let by_created = txn.open_table(USERS_BY_CREATED)?;
    for entry in users.iter()? {
        let (id, bytes) = entry?;
        let user = stored::decode_user(id.value(), bytes.value())?;
        by_openid.expect(user.openid.as_str(), id.value())?;
        if let Some(phone) = user.phone.as_ref().map(Phone::as_str) {
            by_phone.expect(phone, id.value())?;
        }
        if let Some(email) = indexed_email(&user) {
            by_email.expect(email, id.value())?;
        }
        if by_created
            .get(created(&user))?
            .is_none_or(|found| found.value() != id.value())
        {
            return Err(Error::Damaged(format!(
                "user {} is not in the order of creation",
                id.value()
            )));
        }
    }
    for index in [by_openid, by_phone, by_email] {
        index.done()?;
    }
    if by_created.len()? != users.len()? {
        return Err(Error::Damaged(
            "the order of creation has users who are not there".into(),
        ));
    }
    Ok(())
}

/// The number of companies, and the newest one's own number.
fn companies(txn: &ReadTransaction) -> Result<(u64, u64), Error> {
    let mut newest = 0;
    let companies = txn.open_table(COMPANIES)?;
    let mut by_key = Expected::new(txn, COMPANIES_BY_KEY)?;
    for entry in companies.iter()? {
        let (id, bytes) = entry?;
        let company = stored::decode_company(id.value(), bytes.value())?;
        newest = newest.max(company.number);
        if !company.company_id.is_empty() {
            by_key.expect(&company.company_id, id.value())?;
        }
    }
    by_key.done()?;
    Ok((companies.len()?, newest))
}

/// The number of superusers, and the newest one's own number.
fn superusers(txn: &ReadTransaction) -> Result<(u64, u64), Error> {
    let mut newest = 0;
    let superusers = txn.open_table(SUPERUSERS)?;
    let mut by_email = Expected::new(txn, SUPERUSERS_BY_EMAIL)?;
    for entry in superusers.iter()? {
        let (id, bytes) = entry?;
        let superuser = stored::decode_superuser(id.value(), bytes.value())?;
        newest = newest.max(superuser.number);
        by_email.expect(&superuser.email, id.value())?;
    }
    by_email.done()?;
    Ok((superusers.len()?, newest))
}

/// An index, and how many entries the records account for.
struct Expected {
    definition: Index,
    table: redb::ReadOnlyTable<&'static str, &'static str>,
    seen: u64,
}

impl Expected {
    fn new(txn: &ReadTransaction, definition: Index) -> Result<Self, Error> {
        Ok(Self {
            definition,
            table: txn.open_table(definition)?,
            seen: 0,
        })
    }

    /// The index has to lead from `key` to the record `id`.
    fn expect(&mut self, key: &str, id: &str) -> Result<(), Error> {
        self.seen += 1;
        match self.table.get(key)? {
            Some(found) if found.value() == id => Ok(()),
            _ => Err(Error::Damaged(format!(
                "{} does not lead to record {id}",
                self.name()
            ))),
        }
    }

    /// The index has to have no other entries.
    fn done(&self) -> Result<(), Error> {
        match self.table.len()? {
            len if len == self.seen => Ok(()),
            _ => Err(Error::Damaged(format!(
                "{} has entries that lead to nobody",
                self.name()
            ))),
        }
    }

    fn name(&self) -> &str {
        redb::TableHandle::name(&self.definition)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::schema::CURRENT;
    use super::super::tables::{
        META_COLLECTIONS, META_REVOCATION_WINDOWS, META_TOKEN_KEYS, Tables,
    };
    use super::*;
    use crate::domain::{IdType, OpenId, RecordId, TokenKey, UserNumber};
    use crate::store::Location;

    fn user() -> User {
        let (id, openid) = (
            RecordId::parse("u00000000000001").unwrap(),
            OpenId::parse("o_1").unwrap(),
        );
        let (uuid, key, now) = (
            uuid::Uuid::nil(),
            TokenKey::new([7; 16]),
            Timestamp::UNIX_EPOCH,
        );
        User {
            number: UserNumber(3),
            ..User::new(id, openid, IdType::WeChat, uuid, key, now)
        }
    }

    #[test]
    fn what_meta_says_is_checked_too() {
        for (name, bytes, says) in [
            (META_TOKEN_KEYS, &[9][..], "token keys"),
            (META_REVOCATION_WINDOWS, &[9], "void tokens"),
            (META_COLLECTIONS, &[9], "collections"),
            (
                META_USER_NUMBER,
                &2_u64.to_le_bytes(),
                "user_number is 2, behind 3",
            ),
            (
                META_IMPORTED_HASHES,
                &1_u64.to_le_bytes(),
                "0 users have imported hashes",
            ),
            (META_EVENT_NUMBER, &[1, 2], "event_number has 2 bytes"),
        ] {
            let engine = CURRENT.open(&Location::memory(), 1 << 20).unwrap();
            let fill = |tables: &mut Tables<'_>| {
                tables.corrupt(META_USER_NUMBER, &3_u64.to_le_bytes())?;
                tables.add_user(&user())
            };
            engine.write(fill).unwrap();
            assert_eq!(engine.read_once(check).unwrap().users, 1);
            engine.write(|tables| tables.corrupt(name, bytes)).unwrap();
            let error = engine.read_once(check).unwrap_err();
            assert!(
                matches!(&error, Error::Damaged(_)) && error.to_string().contains(says),
                "{name}: {error}"
            );
        }
    }

    type Change = fn(&mut Tables<'_>) -> Result<(), Error>;

    /// Words of a check about a database with this user after the change.
    fn error_after(user: &User, change: Change) -> String {
        let engine = CURRENT.open(&Location::memory(), 1 << 20).unwrap();
        engine
            .write(|tables| {
                tables.corrupt(META_USER_NUMBER, &4_u64.to_le_bytes())?;
                tables.add_user(user)
            })
            .unwrap();
        assert_eq!(engine.read_once(check).unwrap().users, 1);
        engine.write(change).unwrap();
        engine.read_once(check).unwrap_err().to_string()
    }

    #[test]
    fn names_are_compared_with_the_users() {
        let ann = User {
            name: "Ann".into(),
            ..user()
        };
        let changes: [(Change, &str); 2] = [
            (
                |tables| tables.corrupt_name(("Ann", 3), false),
                "users_by_name does not have user u00000000000001",
            ),
            (
                |tables| tables.corrupt_name(("Ann", 4), true),
                "users_by_name has entries that lead to nobody",
            ),
        ];
        for (change, says) in changes {
            let error = error_after(&ann, change);
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn blocks_are_compared_with_the_users() {
        let changes: [(Change, &str); 3] = [
            (
                |tables| tables.remove_from_block(&user()),
                "is not in block 0",
            ),
            (
                |tables| {
                    tables.put_in_block(&User {
                        name: "another".into(),
                        ..user()
                    })
                },
                "is not in block 0",
            ),
            (
                |tables| {
                    tables.put_in_block(&User {
                        number: UserNumber(4),
                        ..user()
                    })
                },
                "do not say what the users say",
            ),
        ];
        for (change, says) in changes {
            let error = error_after(&user(), change);
            assert!(error.contains(says), "{error}");
        }
    }
}
