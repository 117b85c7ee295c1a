//! Looking at many records, a page of them in each snapshot: a snapshot that is held for long makes the file grow.

use std::ops::{Bound, ControlFlow};

use redb::{AccessGuard, ReadTransaction, StorageError};

use super::tables::{COMPANIES, SUPERUSERS, USERS, USERS_BY_CREATED};
use super::{Embedded, led_astray, stored};
use crate::domain::Kind;
use crate::store::{Error, Record, Scan};

/// Records of a page, and of the first one in the order of creation: who needs few does not wait for many.
const PAGE: usize = 1_000;
const FIRST_PAGE: usize = 50;

/// Time of creation and number.
type Created = (i64, u64);
type Entry<'a> = Result<(AccessGuard<'a, Created>, AccessGuard<'a, &'static str>), StorageError>;

impl Embedded {
    pub fn scan(
        &self,
        scan: Scan,
        mut visit: impl FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        match scan {
            Scan::All(kind) => self.scan_all(kind, &mut visit),
            Scan::UsersByCreated { newest_first, skip } => {
                self.scan_by_created(newest_first, skip, &mut visit)
            }
        }
    }

    fn scan_all(
        &self,
        kind: Kind,
        visit: &mut impl FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut after = None::<String>;
        loop {
            let page = self
                .engine
                .read(|txn| page_of_all(txn, kind, after.as_deref()))?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|record| record.id().to_string());
            if page.into_iter().try_for_each(&mut *visit).is_break() || is_last {
                return Ok(());
            }
        }
    }

    fn scan_by_created(
        &self,
        newest_first: bool,
        skip: u64,
        visit: &mut impl FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (mut skip, mut last) = (usize::try_from(skip).unwrap_or(usize::MAX), None);
        let mut most = FIRST_PAGE;
        loop {
            let page = self
                .engine
                .read(|txn| page_by_created(txn, newest_first, (last, skip), most))?;
            let is_last = page.len() < most;
            last = page.last().map(|(key, _)| *key);
            let seen = page.into_iter().try_for_each(|(_, record)| visit(record));
            if is_last || seen.is_break() {
                return Ok(());
            }
            (skip, most) = (0, PAGE);
        }
    }
}

fn page_of_all(
    txn: &ReadTransaction,
    kind: Kind,
    after: Option<&str>,
) -> Result<Vec<Record>, Error> {
    let table = txn.open_table(match kind {
        Kind::Users => USERS,
        Kind::Companies => COMPANIES,
        Kind::Superusers => SUPERUSERS,
    })?;
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut page = Vec::new();
    for entry in table.range::<&str>((from, Bound::Unbounded))?.take(PAGE) {
        let (id, bytes) = entry?;
        let (id, bytes) = (id.value(), bytes.value());
        page.push(match kind {
            Kind::Users => Record::User(stored::decode_user(id, bytes)?),
            Kind::Companies => Record::Company(stored::decode_company(id, bytes)?),
            Kind::Superusers => Record::Superuser(stored::decode_superuser(id, bytes)?),
        });
    }
    Ok(page)
}

/// Users behind `last` in the wanted order, but for the first `skip`.
fn page_by_created(
    txn: &ReadTransaction,
    newest_first: bool,
    (last, skip): (Option<Created>, usize),
    most: usize,
) -> Result<Vec<(Created, Record)>, Error> {
    let (users, index) = (txn.open_table(USERS)?, txn.open_table(USERS_BY_CREATED)?);
    let user = |entry: Entry<'_>| {
        let (key, id) = entry?;
        let bytes = users
            .get(id.value())?
            .ok_or_else(|| led_astray(id.value()))?;
        Ok((
            key.value(),
            Record::User(stored::decode_user(id.value(), bytes.value())?),
        ))
    };
    let beyond = last.map_or(Bound::Unbounded, Bound::Excluded);
    if newest_first {
        let entries = index.range::<Created>((Bound::Unbounded, beyond))?;
        entries.rev().skip(skip).take(most).map(user).collect()
    } else {
        let entries = index.range::<Created>((beyond, Bound::Unbounded))?;
        entries.skip(skip).take(most).map(user).collect()
    }
}
