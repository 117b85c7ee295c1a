//! Rules of commits, the same on each engine: each write is compared with what is stored before it changes anything.

use super::commit_tables::Tables;
use super::follow_up::follow_up;
use super::outbox::Notices;
use crate::domain::{Avatar, Company, Kind, RecordId, Superuser, User};
use crate::store::{CommitError, Conflict, Error, Record, Write};

/// Reason why a write was not done. What has a conflict has left no trace.
enum WriteError {
    Conflict(Conflict),
    Failed(Error),
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A list of writes as it came out: what has a conflict is no error of the transaction, which others share.
pub(super) enum Listed {
    Done(Vec<Record>),
    Refused { index: usize, conflict: Conflict },
}

impl Listed {
    /// The records, or the conflict as an error.
    pub(super) fn into_result(self) -> Result<Vec<Record>, CommitError> {
        match self {
            Self::Done(records) => Ok(records),
            Self::Refused { index, conflict } => Err(CommitError::Conflict { index, conflict }),
        }
    }
}

/// Carries out all of `writes`, or undoes those before the one that has a conflict. Pictures that nothing leads to any more go, and
/// messages come, when all are done: neither has to be undone.
pub(super) fn write_all(
    tables: &mut impl Tables,
    writes: &mut [Write],
    notices: &Notices,
) -> Result<Listed, Error> {
    let changes = tables.change_count();
    let mut records = Vec::with_capacity(writes.len());
    for index in 0..writes.len() {
        match write(tables, &mut writes[index]) {
            Ok(record) => records.push(record),
            Err(WriteError::Failed(error)) => return Err(error),
            Err(WriteError::Conflict(conflict)) => {
                writes[..index]
                    .iter()
                    .rev()
                    .try_for_each(|done| undo(tables, done))?;
                tables.forget_changes(changes);
                return Ok(Listed::Refused { index, conflict });
            }
        }
    }
    for (index, record) in records.iter().enumerate() {
        follow_up(tables, index, (&writes[index], record), notices)?;
    }
    Ok(Listed::Done(records))
}

/// Carries out what may be done of `writes`.
pub(super) fn write_each(
    tables: &mut impl Tables,
    writes: &mut [Write],
    notices: &Notices,
) -> Result<Vec<Result<Record, Conflict>>, Error> {
    let mut outcomes = Vec::with_capacity(writes.len());
    for (index, one) in writes.iter_mut().enumerate() {
        outcomes.push(match write(tables, one) {
            Ok(record) => {
                follow_up(tables, index, (one, &record), notices)?;
                Ok(record)
            }
            Err(WriteError::Conflict(conflict)) => Err(conflict),
            Err(WriteError::Failed(error)) => return Err(error),
        });
    }
    Ok(outcomes)
}

/// Changes a user, or leaves it as it is, and writes the user's picture in the place of the one before.
pub(super) fn write_with_avatar(
    tables: &mut impl Tables,
    change: &mut Write,
    avatar: &Avatar,
    max_total_bytes: u64,
    notices: &Notices,
) -> Result<Result<Record, Conflict>, Error> {
    let written = room_for(tables, change, avatar, max_total_bytes)
        .and_then(|()| write_if_changed(tables, change, notices));
    match written {
        Ok(record) => {
            tables.put_avatar(record.id(), avatar)?;
            Ok(Ok(record))
        }
        Err(WriteError::Conflict(conflict)) => Ok(Err(conflict)),
        Err(WriteError::Failed(error)) => Err(error),
    }
}

/// Refuses a picture with which all pictures together would take more than they may.
fn room_for(
    tables: &impl Tables,
    change: &Write,
    avatar: &Avatar,
    max_total_bytes: u64,
) -> Result<(), WriteError> {
    let mut replaced = 0;
    for user in change.users() {
        replaced += tables.avatar_size(user)?.map_or(0, |(_, bytes)| bytes);
    }
    let others = tables.avatar_bytes()?.saturating_sub(replaced);
    match others + avatar.bytes.len() as u64 <= max_total_bytes {
        true => Ok(()),
        false => Err(WriteError::Conflict(Conflict::NoRoom)),
    }
}

/// Changes a record, or, where the change is none, compares it with what is stored.
fn write_if_changed(
    tables: &mut impl Tables,
    change: &mut Write,
    notices: &Notices,
) -> Result<Record, WriteError> {
    if let Write::Update { before, after } = change
        && before == after
    {
        compare(tables, before)?;
        return Ok(before.clone());
    }
    let record = write(tables, change)?;
    follow_up(tables, 0, (change, &record), notices)?;
    Ok(record)
}

/// Writes pictures of users who are there, and counts them.
pub(super) fn write_avatars(
    tables: &mut impl Tables,
    avatars: &[(RecordId, Avatar)],
) -> Result<u64, Error> {
    let mut count = 0;
    for (user, avatar) in avatars {
        if tables.record(Kind::Users, user)?.is_some() {
            tables.put_avatar(user, avatar)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Carries out one write, and gives its records the numbers that they have in the store: with them it can be undone.
fn write(tables: &mut impl Tables, write: &mut Write) -> Result<Record, WriteError> {
    match write {
        Write::Insert(record) => {
            ensure_free(tables, None, record)?;
            record.set_number(tables.next_record_number(record.kind())?);
            tables.add(record)?;
            Ok(record.clone())
        }
        Write::Update { before, after } => {
            compare(tables, before)?;
            after.set_number(before.number());
            ensure_free(tables, Some(before), after)?;
            tables.change(before, after)?;
            Ok(after.clone())
        }
        Write::Delete { before } => {
            compare(tables, before)?;
            ensure_not_last(tables, before)?;
            tables.remove(before)?;
            Ok(before.clone())
        }
    }
}

fn undo(tables: &mut impl Tables, done: &Write) -> Result<(), Error> {
    match done {
        Write::Insert(record) => tables.remove(record),
        Write::Update { before, after } => tables.change(after, before),
        Write::Delete { before } => tables.add(before),
    }
}

/// Refuses a write that was decided on another version than the stored one, whose number `before` gets.
fn compare(tables: &impl Tables, before: &mut Record) -> Result<(), WriteError> {
    let stored = tables.record(before.kind(), before.id())?;
    let stored = stored.ok_or(WriteError::Conflict(Conflict::NoSuchRecord))?;
    before.set_number(stored.number());
    match stored == *before {
        true => Ok(()),
        false => Err(WriteError::Conflict(Conflict::Changed)),
    }
}

/// Refuses a record that has what another one has. Of several conflicts, PocketBase names the one that is found first here.
fn ensure_free(
    tables: &impl Tables,
    before: Option<&Record>,
    after: &Record,
) -> Result<(), WriteError> {
    let taken = match after {
        Record::User(user) => taken_by_user(tables, before.and_then(Record::as_user), user)?,
        Record::Company(company) => {
            taken_by_company(tables, before.and_then(Record::as_company), company)?
        }
        Record::Superuser(superuser) => {
            taken_by_superuser(tables, before.and_then(Record::as_superuser), superuser)?
        }
    };
    if let Some(conflict) = taken {
        return Err(WriteError::Conflict(conflict));
    }
    match before {
        None if tables.record(after.kind(), after.id())?.is_some() => {
            Err(WriteError::Conflict(Conflict::Id))
        }
        _ => Ok(()),
    }
}

/// The first value that is new in `user` and another user's.
fn taken_by_user(
    tables: &impl Tables,
    before: Option<&User>,
    user: &User,
) -> Result<Option<Conflict>, Error> {
    if let Some(email) = &user.email
        && before.is_none_or(|before| before.email != user.email)
        && tables.email_owner(email)?.is_some()
    {
        return Ok(Some(Conflict::Email));
    }
    if let Some(phone) = &user.phone
        && before.is_none_or(|before| before.phone != user.phone)
        && tables
            .phone_owner(phone)?
            .is_some_and(|owner| before.is_none_or(|before| owner != before.id.as_str()))
    {
        return Ok(Some(Conflict::Phone));
    }
    let is_new = before.is_none_or(|before| before.openid != user.openid);
    let is_taken = is_new && tables.openid_owner(&user.openid)?.is_some();
    Ok(is_taken.then_some(Conflict::OpenId))
}

fn taken_by_company(
    tables: &impl Tables,
    before: Option<&Company>,
    company: &Company,
) -> Result<Option<Conflict>, Error> {
    let is_new = before.is_none_or(|before| before.company_id != company.company_id);
    let is_taken = is_new && tables.company_key_owner(&company.company_id)?.is_some();
    Ok(is_taken.then_some(Conflict::CompanyId))
}

fn taken_by_superuser(
    tables: &impl Tables,
    before: Option<&Superuser>,
    superuser: &Superuser,
) -> Result<Option<Conflict>, Error> {
    let is_new = before.is_none_or(|before| before.email != superuser.email);
    let is_taken = is_new && tables.superuser_email_owner(&superuser.email)?.is_some();
    Ok(is_taken.then_some(Conflict::Email))
}

fn ensure_not_last(tables: &impl Tables, record: &Record) -> Result<(), WriteError> {
    match record {
        Record::Superuser(_) if tables.count_superusers()? == 1 => {
            Err(WriteError::Conflict(Conflict::LastSuperuser))
        }
        _ => Ok(()),
    }
}
