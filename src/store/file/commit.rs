//! Lists of writes in the shared transaction.

use super::file_store::FileStore;
use super::tables::Tables;
use crate::domain::{Avatar, AvatarName, HookId, Kind, OpenId, Phone, RecordId, UserEvent};
use crate::store::commit_rules::{write_all, write_each};
use crate::store::commit_tables;
use crate::store::outbox::Notices;
use crate::store::{CommitError, Conflict, Error, Record, Write};

impl FileStore {
    pub(in crate::store) async fn commit(
        &self,
        mut writes: Vec<Write>,
        notices: Notices,
    ) -> Result<Vec<Record>, CommitError> {
        let listed = self
            .writer
            .write(move |tables| write_all(tables, &mut writes, &notices));
        listed.await?.into_result()
    }

    pub(in crate::store) async fn commit_each(
        &self,
        mut writes: Vec<Write>,
        notices: Notices,
    ) -> Result<Vec<Result<Record, Conflict>>, Error> {
        self.writer
            .write(move |tables| write_each(tables, &mut writes, &notices))
            .await
    }
}

impl commit_tables::Tables for Tables<'_> {
    fn record(&self, kind: Kind, id: &RecordId) -> Result<Option<Record>, Error> {
        self.record(kind, id)
    }

    fn openid_owner(&self, openid: &OpenId) -> Result<Option<String>, Error> {
        self.openid_owner(openid)
    }

    fn phone_owner(&self, phone: &Phone) -> Result<Option<String>, Error> {
        self.phone_owner(phone)
    }

    fn email_owner(&self, email: &str) -> Result<Option<String>, Error> {
        self.email_owner(email)
    }

    fn company_key_owner(&self, company_id: &str) -> Result<Option<String>, Error> {
        self.company_key_owner(company_id)
    }

    fn superuser_email_owner(&self, email: &str) -> Result<Option<String>, Error> {
        self.superuser_email_owner(email)
    }

    fn count_superusers(&self) -> Result<u64, Error> {
        self.count_superusers()
    }

    fn next_record_number(&mut self, kind: Kind) -> Result<u64, Error> {
        self.next_record_number(kind)
    }

    fn add(&mut self, record: &Record) -> Result<(), Error> {
        self.add(record)
    }

    fn change(&mut self, before: &Record, after: &Record) -> Result<(), Error> {
        self.change(before, after)
    }

    fn remove(&mut self, record: &Record) -> Result<(), Error> {
        self.remove(record)
    }

    fn avatar_size(&self, user: &RecordId) -> Result<Option<(AvatarName, u64)>, Error> {
        self.avatar_size(user)
    }

    fn avatar_bytes(&self) -> Result<u64, Error> {
        self.avatar_bytes()
    }

    fn put_avatar(&mut self, user: &RecordId, avatar: &Avatar) -> Result<(), Error> {
        self.put_avatar(user, avatar)
    }

    fn remove_avatar(&mut self, user: &RecordId) -> Result<(), Error> {
        self.remove_avatar(user)
    }

    fn add_message(&mut self, hook: HookId, event: &UserEvent) -> Result<bool, Error> {
        self.add_message(hook, event)
    }

    fn change_count(&self) -> usize {
        self.change_count()
    }

    fn forget_changes(&mut self, count: usize) {
        self.forget_changes(count);
    }
}
