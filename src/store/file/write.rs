//! What may be written, and several writes at once: all of them or none.

use std::convert::Infallible;

use jiff::Timestamp;

use super::tables::Tables;
use crate::domain::{Company, NewUser, RecordId, Superuser, User};
use crate::store::{CompanyUpdate, Conflict, Error, Record, SuperuserUpdate, UserUpdate, Write};

/// What a single write came to: what was done, or why not. What is refused has left no trace.
type Outcome<T> = Result<Result<T, Conflict>, Error>;

/// What a write did, which is enough to undo it.
enum Done {
    Inserted(Record),
    Updated { before: Record, after: Record },
    Deleted(Record),
}

impl Done {
    fn record(&self) -> &Record {
        match self {
            Self::Inserted(record)
            | Self::Deleted(record)
            | Self::Updated { after: record, .. } => record,
        }
    }
}

/// Writes that are decided while they are made, each on what those before it left.
pub struct Edit<'a, 'txn> {
    tables: &'a mut Tables<'txn>,
    now: Timestamp,
    done: Vec<Done>,
}

impl Edit<'_, '_> {
    /// The time that changes are stamped with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn user(&self, id: &RecordId) -> Result<Option<User>, Error> {
        self.tables.user(id.as_str())
    }

    /// The company with this id.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn company(&self, id: &RecordId) -> Result<Option<Company>, Error> {
        self.tables.company(id.as_str())
    }

    /// The superuser with this id.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn superuser(&self, id: &RecordId) -> Result<Option<Superuser>, Error> {
        self.tables.superuser(id.as_str())
    }

    /// Does one write, or says why it may not be done. The record is as it is after it; a deleted one as it was.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn write(&mut self, write: Write) -> Result<Result<Record, Conflict>, Error> {
        Ok(one(self.tables, write, self.now)?.map(|done| {
            let record = done.record().clone();
            self.done.push(done);
            record
        }))
    }
}

/// Runs `decide`; unless it succeeds, what it did is undone.
pub fn edit<T, E>(
    tables: &mut Tables<'_>,
    now: Timestamp,
    decide: impl FnOnce(&mut Edit<'_, '_>) -> Result<Result<T, E>, Error>,
) -> Result<Result<T, E>, Error> {
    let changes = tables.change_count();
    let mut edit = Edit {
        tables,
        now,
        done: Vec::new(),
    };
    let outcome = decide(&mut edit);
    if !matches!(outcome, Ok(Ok(_))) {
        let Edit { tables, done, .. } = edit;
        done.into_iter()
            .rev()
            .try_for_each(|what| undo(tables, what))?;
        tables.forget_changes(changes);
    }
    outcome
}

/// Does all of `writes`; or, when one is refused, none of them, and says which one it was.
pub fn run(
    tables: &mut Tables<'_>,
    writes: Vec<Write>,
    now: Timestamp,
) -> Result<Result<Vec<Record>, (usize, Conflict)>, Error> {
    edit(tables, now, |edit| {
        let mut records = Vec::with_capacity(writes.len());
        for (n, write) in writes.into_iter().enumerate() {
            match edit.write(write)? {
                Ok(record) => records.push(record),
                Err(conflict) => return Ok(Err((n, conflict))),
            }
        }
        Ok(Ok(records))
    })
}

/// Does what may be done of `writes`, each by itself.
pub fn run_each(
    tables: &mut Tables<'_>,
    writes: Vec<Write>,
    now: Timestamp,
) -> Result<Vec<Result<Record, Conflict>>, Error> {
    let each = edit(tables, now, |edit| {
        let records: Result<Vec<_>, Error> =
            writes.into_iter().map(|write| edit.write(write)).collect();
        records.map(Ok::<_, Infallible>)
    })?;
    Ok(each.unwrap_or_else(|never| match never {}))
}

fn one(tables: &mut Tables<'_>, write: Write, now: Timestamp) -> Outcome<Done> {
    Ok(match write {
        Write::InsertUser(new) => {
            insert_user(tables, new)?.map(|user| Done::Inserted(Record::User(user)))
        }
        Write::UpdateUser(id, update) => {
            change_user(tables, &id, *update, now)?.map(|(before, after)| Done::Updated {
                before: Record::User(before),
                after: Record::User(after),
            })
        }
        Write::DeleteUser(id) => match tables.user(id.as_str())? {
            Some(user) => {
                tables.remove_user(&user)?;
                Ok(Done::Deleted(Record::User(user)))
            }
            None => Err(Conflict::NoSuchRecord),
        },
        Write::InsertCompany(company) => insert_company(tables, company)?,
        Write::UpdateCompany(id, update) => change_company(tables, &id, update, now)?,
        Write::DeleteCompany(id) => match tables.company(id.as_str())? {
            Some(company) => {
                tables.remove_company(&company)?;
                Ok(Done::Deleted(Record::Company(company)))
            }
            None => Err(Conflict::NoSuchRecord),
        },
        Write::InsertSuperuser(superuser) => insert_superuser(tables, superuser)?,
        Write::UpdateSuperuser(id, update) => change_superuser(tables, &id, update, now)?,
        Write::DeleteSuperuser(id) => delete_superuser(tables, &id)?,
        Write::Insert(_) | Write::Update { .. } | Write::Delete { .. } => {
            return Err(Error::Failed("such a write is for commit".into()));
        }
    })
}

fn undo(tables: &mut Tables<'_>, done: Done) -> Result<(), Error> {
    match done {
        Done::Inserted(Record::User(user)) => tables.remove_user(&user),
        Done::Inserted(Record::Company(company)) => tables.remove_company(&company),
        Done::Inserted(Record::Superuser(superuser)) => tables.remove_superuser(&superuser),
        Done::Deleted(Record::User(user)) => tables.add_user(&user),
        Done::Deleted(Record::Company(company)) => tables.add_company(&company),
        Done::Deleted(Record::Superuser(superuser)) => tables.add_superuser(&superuser),
        Done::Updated { before, after } => match (before, after) {
            (Record::User(before), Record::User(after)) => tables.change_user(&after, &before),
            (Record::Company(before), Record::Company(after)) => {
                tables.change_company(&after, &before)
            }
            (Record::Superuser(before), Record::Superuser(after)) => {
                tables.change_superuser(&after, &before)
            }
            _ => Err(Error::Failed(
                "an update changed the kind of a record".into(),
            )),
        },
    }
}

/// Adds a user. Of several conflicts, PocketBase names the one that is found first here.
pub fn insert_user(tables: &mut Tables<'_>, new: NewUser) -> Outcome<User> {
    if let Some(email) = new.email()
        && tables.email_owner(email)?.is_some()
    {
        return Ok(Err(Conflict::Email));
    }
    if let Some(phone) = new.phone()
        && tables.phone_owner(phone)?.is_some()
    {
        return Ok(Err(Conflict::Phone));
    }
    if tables.openid_owner(new.openid())?.is_some() {
        return Ok(Err(Conflict::OpenId));
    }
    if tables.has_user(new.id())? {
        return Ok(Err(Conflict::Id));
    }
    let user = new.numbered(tables.next_user_number()?);
    tables.add_user(&user)?;
    Ok(Ok(user))
}

/// Changes a user.
pub fn update_user(
    tables: &mut Tables<'_>,
    id: &RecordId,
    update: UserUpdate,
    now: Timestamp,
) -> Outcome<User> {
    Ok(change_user(tables, id, update, now)?.map(|(_, after)| after))
}

fn change_user(
    tables: &mut Tables<'_>,
    id: &RecordId,
    update: UserUpdate,
    now: Timestamp,
) -> Outcome<(User, User)> {
    let Some(before) = tables.user(id.as_str())? else {
        return Ok(Err(Conflict::NoSuchRecord));
    };
    if update
        .if_token_key
        .as_ref()
        .is_some_and(|key| *key != before.token_key)
    {
        return Ok(Err(Conflict::Changed));
    }
    let is_other = |owner: Option<String>| owner.is_some_and(|owner| owner != id.as_str());
    if let Some(Some(email)) = &update.email
        && is_other(tables.email_owner(email)?)
    {
        return Ok(Err(Conflict::Email));
    }
    if let Some(Some(phone)) = &update.phone
        && is_other(tables.phone_owner(phone)?)
    {
        return Ok(Err(Conflict::Phone));
    }
    if let Some(openid) = &update.openid
        && is_other(tables.openid_owner(openid)?)
    {
        return Ok(Err(Conflict::OpenId));
    }
    let after = User {
        updated: now,
        ..update.apply(before.clone())
    };
    tables.change_user(&before, &after)?;
    Ok(Ok((before, after)))
}

fn insert_company(tables: &mut Tables<'_>, mut company: Company) -> Outcome<Done> {
    if tables.company_key_owner(&company.company_id)?.is_some() {
        return Ok(Err(Conflict::CompanyId));
    }
    if tables.company(company.id.as_str())?.is_some() {
        return Ok(Err(Conflict::Id));
    }
    company.number = tables.next_company_number()?;
    tables.add_company(&company)?;
    Ok(Ok(Done::Inserted(Record::Company(company))))
}

fn change_company(
    tables: &mut Tables<'_>,
    id: &RecordId,
    update: CompanyUpdate,
    now: Timestamp,
) -> Outcome<Done> {
    let Some(before) = tables.company(id.as_str())? else {
        return Ok(Err(Conflict::NoSuchRecord));
    };
    if let Some(company_id) = &update.company_id
        && tables
            .company_key_owner(company_id)?
            .is_some_and(|owner| owner != id.as_str())
    {
        return Ok(Err(Conflict::CompanyId));
    }
    let mut after = Company {
        updated: now,
        ..before.clone()
    };
    after.company_id = update.company_id.unwrap_or(after.company_id);
    after.columns = update.columns.unwrap_or(after.columns);
    tables.change_company(&before, &after)?;
    Ok(Ok(Done::Updated {
        before: Record::Company(before),
        after: Record::Company(after),
    }))
}

fn insert_superuser(tables: &mut Tables<'_>, mut superuser: Superuser) -> Outcome<Done> {
    if tables.superuser_email_owner(&superuser.email)?.is_some() {
        return Ok(Err(Conflict::Email));
    }
    if tables.superuser(superuser.id.as_str())?.is_some() {
        return Ok(Err(Conflict::Id));
    }
    superuser.number = tables.next_superuser_number()?;
    tables.add_superuser(&superuser)?;
    Ok(Ok(Done::Inserted(Record::Superuser(superuser))))
}

fn change_superuser(
    tables: &mut Tables<'_>,
    id: &RecordId,
    update: SuperuserUpdate,
    now: Timestamp,
) -> Outcome<Done> {
    let Some(before) = tables.superuser(id.as_str())? else {
        return Ok(Err(Conflict::NoSuchRecord));
    };
    if update
        .if_token_key
        .as_ref()
        .is_some_and(|key| *key != before.token_key)
    {
        return Ok(Err(Conflict::Changed));
    }
    if let Some(email) = &update.email
        && tables
            .superuser_email_owner(email)?
            .is_some_and(|owner| owner != id.as_str())
    {
        return Ok(Err(Conflict::Email));
    }
    let mut after = Superuser {
        updated: now,
        ..before.clone()
    };
    after.email = update.email.unwrap_or(after.email);
    after.email_visibility = update.email_visibility.unwrap_or(after.email_visibility);
    after.verified = update.verified.unwrap_or(after.verified);
    after.password_hash = update.password_hash.unwrap_or(after.password_hash);
    after.token_key = update.token_key.unwrap_or(after.token_key);
    tables.change_superuser(&before, &after)?;
    Ok(Ok(Done::Updated {
        before: Record::Superuser(before),
        after: Record::Superuser(after),
    }))
}

fn delete_superuser(tables: &mut Tables<'_>, id: &RecordId) -> Outcome<Done> {
    let Some(superuser) = tables.superuser(id.as_str())? else {
        return Ok(Err(Conflict::NoSuchRecord));
    };
    if tables.count_superusers()? == 1 {
        return Ok(Err(Conflict::LastSuperuser));
    }
    tables.remove_superuser(&superuser)?;
    Ok(Ok(Done::Deleted(Record::Superuser(superuser))))
}
