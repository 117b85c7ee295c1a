//! Working set of a transaction: all that its jobs look at, read under the lock of all commits, and what they make of it.

use std::collections::HashMap;

use super::avatar_set::AvatarSet;
use super::event_set::EventSet;
use super::failure_set::FailureSet;
use super::lease_set::LeaseSet;
use super::message_set::MessageSet;
use super::totals::Totals;
use crate::domain::{
    Avatar, AvatarName, HookId, Kind, NativeEmail, OpenId, Phone, RecordId, User, UserEvent,
};
use crate::store::commit_tables::Tables;
use crate::store::{Action, Change, Error, Record, Remembered};

/// Working set of a transaction.
#[derive(Default)]
pub struct WorkingSet {
    /// Totals.
    pub totals: Totals,
    /// Records by kind and id.
    records: HashMap<(Kind, String), Version>,
    /// Ids of records by what only one of them has.
    owners: HashMap<(Key, String), String>,
    /// Changes, in order.
    pub changes: Vec<Change>,
    /// The state, if a job wants it.
    pub state: Option<Remembered>,
    /// Events.
    pub events: EventSet,
    /// Failures of logins.
    pub failures: FailureSet,
    /// Pictures of users.
    pub avatars: AvatarSet,
    /// Messages of the outbox.
    pub messages: MessageSet,
    /// The lease.
    pub lease: LeaseSet,
}

/// A record as it is stored, and as it is to be.
#[derive(Default)]
pub struct Version {
    /// As it is stored.
    pub before: Option<Record>,
    /// As it is to be.
    pub after: Option<Record>,
}

/// Kind of a key that only one record has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    OpenId,
    Phone,
    Email,
    CompanyId,
    SuperuserEmail,
}

impl WorkingSet {
    /// Adds a record as it is stored.
    pub fn read(&mut self, record: Record) {
        let key = (record.kind(), record.id().to_string());
        self.own(&record);
        let version = Version {
            before: Some(record.clone()),
            after: Some(record),
        };
        self.records.insert(key, version);
    }

    /// The records that are to be other ones than they are.
    pub fn changed(&self) -> impl Iterator<Item = (Kind, &Version)> {
        let versions = self
            .records
            .iter()
            .map(|((kind, _), version)| (*kind, version));
        versions.filter(|(_, version)| version.before != version.after)
    }

    /// Whether there is anything to be written.
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
            || self.totals.is_state_changed
            || self.events.is_changed()
            || self.failures.is_changed()
            || self.has_new_totals()
            || self.lease.is_changed()
    }

    /// Whether pictures or messages are to be written.
    pub fn has_new_totals(&self) -> bool {
        self.avatars.is_changed() || self.messages.is_changed()
    }

    /// Changes the state, which the job wanted.
    ///
    /// # Errors
    /// [`Error::Failed`]: it did not.
    pub fn change_state<T>(
        &mut self,
        change: impl FnOnce(&mut Remembered) -> T,
    ) -> Result<T, Error> {
        let state = self.state.as_mut();
        let state = state.ok_or_else(|| Error::Failed("the state was not read".into()))?;
        let before = state.clone();
        let outcome = change(state);
        self.totals.is_state_changed |= before != *state;
        Ok(outcome)
    }

    fn get(&self, kind: Kind, id: &str) -> Option<&Record> {
        self.records.get(&(kind, id.to_owned()))?.after.as_ref()
    }

    fn owner(&self, key: Key, value: &str) -> Option<String> {
        self.owners.get(&(key, value.to_owned())).cloned()
    }

    fn own(&mut self, record: &Record) {
        for key in keys(record) {
            self.owners.insert(key, record.id().to_string());
        }
    }

    fn disown(&mut self, record: &Record) {
        for key in keys(record) {
            self.owners.remove(&key);
        }
    }

    fn put(&mut self, action: Action, before: Option<&Record>, after: Option<&Record>) {
        if let Some(before) = before {
            self.disown(before);
        }
        if let Some(after) = after {
            self.own(after);
        }
        let Some(record) = after.or(before) else {
            return;
        };
        self.totals.count(before, after);
        let key = (record.kind(), record.id().to_string());
        self.records.entry(key).or_default().after = after.cloned();
        self.changes.push(Change {
            action,
            record: record.clone(),
        });
    }
}

/// Keys that only this record has.
fn keys(record: &Record) -> Vec<(Key, String)> {
    match record {
        Record::User(user) => {
            let phone = user
                .phone
                .as_ref()
                .map(|phone| (Key::Phone, phone.as_str().to_owned()));
            let email = user.email.as_ref().filter(|_| !user.has_native_email());
            let email = email.map(|email| (Key::Email, email.clone()));
            let openid = (Key::OpenId, user.openid.to_string());
            [Some(openid), phone, email].into_iter().flatten().collect()
        }
        Record::Company(company) if company.company_id.is_empty() => Vec::new(),
        Record::Company(company) => vec![(Key::CompanyId, company.company_id.clone())],
        Record::Superuser(superuser) => vec![(Key::SuperuserEmail, superuser.email.clone())],
    }
}

impl Tables for WorkingSet {
    fn record(&self, kind: Kind, id: &RecordId) -> Result<Option<Record>, Error> {
        Ok(self.get(kind, id.as_str()).cloned())
    }

    fn openid_owner(&self, openid: &OpenId) -> Result<Option<String>, Error> {
        Ok(self.owner(Key::OpenId, openid.as_str()))
    }

    fn phone_owner(&self, phone: &Phone) -> Result<Option<String>, Error> {
        let older = phone.with_trunk_zero();
        let owner = self.owner(Key::Phone, phone.as_str());
        Ok(owner.or_else(|| self.owner(Key::Phone, older?.as_str())))
    }

    fn email_owner(&self, email: &str) -> Result<Option<String>, Error> {
        if let Some(owner) = self.owner(Key::Email, email) {
            return Ok(Some(owner));
        }
        let id = match User::of_native_email(email) {
            Some(NativeEmail::ManagePlatform(openid)) => self.owner(Key::OpenId, openid.as_str()),
            Some(NativeEmail::WeChat(id)) => Some(id.to_string()),
            None => None,
        };
        let user = id.and_then(|id| self.get(Kind::Users, &id)?.as_user());
        let user = user.filter(|user| user.email.as_deref() == Some(email));
        Ok(user.map(|user| user.id.to_string()))
    }

    fn company_key_owner(&self, company_id: &str) -> Result<Option<String>, Error> {
        Ok(self.owner(Key::CompanyId, company_id))
    }

    fn superuser_email_owner(&self, email: &str) -> Result<Option<String>, Error> {
        Ok(self.owner(Key::SuperuserEmail, email))
    }

    fn count_superusers(&self) -> Result<u64, Error> {
        Ok(self.totals.superusers.unsigned_abs())
    }

    fn next_record_number(&mut self, kind: Kind) -> Result<u64, Error> {
        Ok(self.totals.next_number(kind))
    }

    fn add(&mut self, record: &Record) -> Result<(), Error> {
        self.put(Action::Create, None, Some(record));
        Ok(())
    }

    fn change(&mut self, before: &Record, after: &Record) -> Result<(), Error> {
        self.put(Action::Update, Some(before), Some(after));
        Ok(())
    }

    fn remove(&mut self, record: &Record) -> Result<(), Error> {
        self.put(Action::Delete, Some(record), None);
        Ok(())
    }

    fn avatar_size(&self, user: &RecordId) -> Result<Option<(AvatarName, u64)>, Error> {
        Ok(self.avatars.size(user))
    }

    fn avatar_bytes(&self) -> Result<u64, Error> {
        Ok((self.totals.avatar_bytes + self.avatars.bytes).unsigned_abs())
    }

    fn put_avatar(&mut self, user: &RecordId, avatar: &Avatar) -> Result<(), Error> {
        self.avatars.put(user, avatar)
    }

    fn remove_avatar(&mut self, user: &RecordId) -> Result<(), Error> {
        self.avatars.remove(user);
        Ok(())
    }

    /// The outbox has no bound here: what is not told in a day goes.
    fn add_message(&mut self, hook: HookId, event: &UserEvent) -> Result<bool, Error> {
        self.totals.message += 1;
        let number = self.totals.message.unsigned_abs();
        self.messages.add(hook, number, event)?;
        Ok(true)
    }

    fn change_count(&self) -> usize {
        self.changes.len()
    }

    fn forget_changes(&mut self, count: usize) {
        self.changes.truncate(count);
    }
}
