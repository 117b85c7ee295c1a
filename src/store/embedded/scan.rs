//! Looking at many records.

use std::ops::ControlFlow;

use redb::{AccessGuard, ReadTransaction, ReadableTable, StorageError};

use super::tables::{COMPANIES, SUPERUSERS, USERS, USERS_BY_CREATED};
use super::{Embedded, stored};
use crate::domain::Kind;
use crate::store::{Error, Record, Scan};

type Entry<'a, K> = Result<(AccessGuard<'a, K>, AccessGuard<'a, &'static str>), StorageError>;

impl Embedded {
    pub fn scan<A>(
        &self,
        scan: Scan,
        start: impl Fn() -> A,
        visit: impl Fn(&mut A, Record) -> ControlFlow<()>,
    ) -> Result<A, Error> {
        self.engine.read(|txn| {
            let mut collected = start();
            let mut visit = |record| visit(&mut collected, record);
            match scan {
                Scan::All(kind) => all(txn, kind, &mut visit)?,
                Scan::UsersByCreated { newest_first, skip } => {
                    by_created(txn, newest_first, skip, &mut visit)?;
                }
            }
            Ok(collected)
        })
    }
}

fn all(
    txn: &ReadTransaction,
    kind: Kind,
    visit: &mut impl FnMut(Record) -> ControlFlow<()>,
) -> Result<(), Error> {
    let table = txn.open_table(match kind {
        Kind::Users => USERS,
        Kind::Companies => COMPANIES,
        Kind::Superusers => SUPERUSERS,
    })?;
    for entry in table.iter()? {
        let (id, bytes) = entry?;
        let (id, bytes) = (id.value(), bytes.value());
        let record = match kind {
            Kind::Users => Record::User(stored::decode_user(id, bytes)?),
            Kind::Companies => Record::Company(stored::decode_company(id, bytes)?),
            Kind::Superusers => Record::Superuser(stored::decode_superuser(id, bytes)?),
        };
        if visit(record).is_break() {
            break;
        }
    }
    Ok(())
}

fn by_created(
    txn: &ReadTransaction,
    newest_first: bool,
    skip: u64,
    visit: &mut impl FnMut(Record) -> ControlFlow<()>,
) -> Result<(), Error> {
    let (users, index) = (txn.open_table(USERS)?, txn.open_table(USERS_BY_CREATED)?);
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let mut read = |entry: Entry<'_, (i64, u64)>| {
        let (_, id) = entry?;
        let id = id.value();
        let bytes =
            users.get(id)?.ok_or_else(|| Error::Damaged(format!("an index entry leads to user {id}")))?;
        Ok::<_, Error>(visit(Record::User(stored::decode_user(id, bytes.value())?)))
    };
    let entries = index.iter()?;
    if newest_first {
        for entry in entries.rev().skip(skip) {
            if read(entry)?.is_break() {
                break;
            }
        }
    } else {
        for entry in entries.skip(skip) {
            if read(entry)?.is_break() {
                break;
            }
        }
    }
    Ok(())
}
