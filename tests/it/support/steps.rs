//! Steps that a test takes with records: each is decided on what the store holds, or on what the steps before it made.

use bai::domain::{Company, Kind, RecordId, Superuser, User};
use bai::store::{CommitError, Conflict, Error, Record, Store, Write};
use jiff::Timestamp;

type Change = Box<dyn FnOnce(&mut Record) + Send>;

pub enum Step {
    Insert(Record),
    Change(Kind, RecordId, Change),
    Delete(Kind, RecordId),
}

impl Step {
    pub fn insert(record: impl Into<Record>) -> Self {
        Self::Insert(record.into())
    }

    pub fn change_user(id: &RecordId, change: impl FnOnce(&mut User) + Send + 'static) -> Self {
        let change = |record: &mut Record| match record {
            Record::User(user) => change(user),
            other => panic!("{other:?} is no user"),
        };
        Self::Change(Kind::Users, id.clone(), Box::new(change))
    }

    pub fn change_company(
        id: &RecordId,
        change: impl FnOnce(&mut Company) + Send + 'static,
    ) -> Self {
        let change = |record: &mut Record| match record {
            Record::Company(company) => change(company),
            other => panic!("{other:?} is no company"),
        };
        Self::Change(Kind::Companies, id.clone(), Box::new(change))
    }

    pub fn change_superuser(
        id: &RecordId,
        change: impl FnOnce(&mut Superuser) + Send + 'static,
    ) -> Self {
        let change = |record: &mut Record| match record {
            Record::Superuser(superuser) => change(superuser),
            other => panic!("{other:?} is no superuser"),
        };
        Self::Change(Kind::Superusers, id.clone(), Box::new(change))
    }

    pub fn delete_user(id: &RecordId) -> Self {
        Self::Delete(Kind::Users, id.clone())
    }

    pub fn delete_company(id: &RecordId) -> Self {
        Self::Delete(Kind::Companies, id.clone())
    }

    pub fn delete_superuser(id: &RecordId) -> Self {
        Self::Delete(Kind::Superusers, id.clone())
    }
}

/// Takes all of the steps or none; what they change is stamped with `now`.
pub async fn take(
    store: &Store,
    now: Timestamp,
    steps: impl IntoIterator<Item = Step>,
) -> Result<Vec<Record>, CommitError> {
    store.commit(decided(store, now, steps).await?).await
}

/// Changes one user.
pub async fn change_user(
    store: &Store,
    now: Timestamp,
    id: &RecordId,
    change: impl FnOnce(&mut User) + Send + 'static,
) -> Result<User, CommitError> {
    let mut changed = take(store, now, [Step::change_user(id, change)]).await?;
    Ok(User::try_from(changed.remove(0))?)
}

/// The writes that the steps come to.
pub async fn decided(
    store: &Store,
    now: Timestamp,
    steps: impl IntoIterator<Item = Step>,
) -> Result<Vec<Write>, CommitError> {
    let mut writes = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        let gone = CommitError::Conflict {
            index,
            conflict: Conflict::NoSuchRecord,
        };
        writes.push(match step {
            Step::Insert(record) => Write::Insert(record),
            Step::Delete(kind, id) => {
                Write::delete(current(store, &writes, kind, &id).await?.ok_or(gone)?)
            }
            Step::Change(kind, id, change) => {
                let before = current(store, &writes, kind, &id).await?.ok_or(gone)?;
                let mut after = before.clone();
                change(&mut after);
                stamp(&mut after, now);
                Write::update(before, after)
            }
        });
    }
    Ok(writes)
}

fn stamp(record: &mut Record, now: Timestamp) {
    match record {
        Record::User(user) => user.updated = now,
        Record::Company(company) => company.updated = now,
        Record::Superuser(superuser) => superuser.updated = now,
    }
}

/// The record as it is after `writes`.
async fn current(
    store: &Store,
    writes: &[Write],
    kind: Kind,
    id: &RecordId,
) -> Result<Option<Record>, Error> {
    let is_it = |record: &Record| record.kind() == kind && record.id() == id;
    for write in writes.iter().rev() {
        match write {
            Write::Insert(record) | Write::Update { after: record, .. } if is_it(record) => {
                return Ok(Some(record.clone()));
            }
            Write::Delete { before } if is_it(before) => return Ok(None),
            _ => {}
        }
    }
    store.record_by_id(kind, id).await
}
