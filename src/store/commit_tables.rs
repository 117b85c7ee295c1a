//! Tables as the rules of commits see them, on each engine.

use crate::domain::{Avatar, AvatarName, HookId, Kind, OpenId, Phone, RecordId, UserEvent};
use crate::store::{Error, Record};

/// Stored records and their keys, in an open transaction in which nobody else writes.
pub(super) trait Tables {
    /// The record of that kind with that id.
    fn record(&self, kind: Kind, id: &RecordId) -> Result<Option<Record>, Error>;
    /// The id of the user who has this openid.
    fn openid_owner(&self, openid: &OpenId) -> Result<Option<String>, Error>;
    /// The id of the user who has this phone, in this or the older spelling.
    fn phone_owner(&self, phone: &Phone) -> Result<Option<String>, Error>;
    /// The id of the user who has this e-mail address.
    fn email_owner(&self, email: &str) -> Result<Option<String>, Error>;
    /// The record id of the company with this key.
    fn company_key_owner(&self, company_id: &str) -> Result<Option<String>, Error>;
    /// The id of the superuser who has this e-mail address.
    fn superuser_email_owner(&self, email: &str) -> Result<Option<String>, Error>;
    /// Number of superusers.
    fn count_superusers(&self) -> Result<u64, Error>;
    /// The next number of a record of this kind.
    fn next_record_number(&mut self, kind: Kind) -> Result<u64, Error>;
    /// Writes a new record.
    fn add(&mut self, record: &Record) -> Result<(), Error>;
    /// Writes a changed record.
    fn change(&mut self, before: &Record, after: &Record) -> Result<(), Error>;
    /// Removes a record.
    fn remove(&mut self, record: &Record) -> Result<(), Error>;
    /// Name and bytes of a user's picture, if there is one.
    fn avatar_size(&self, user: &RecordId) -> Result<Option<(AvatarName, u64)>, Error>;
    /// Bytes of all pictures.
    fn avatar_bytes(&self) -> Result<u64, Error>;
    /// Writes a user's picture in the place of the one before.
    fn put_avatar(&mut self, user: &RecordId, avatar: &Avatar) -> Result<(), Error>;
    /// Removes a user's picture.
    fn remove_avatar(&mut self, user: &RecordId) -> Result<(), Error>;
    /// Adds a message for a webhook, if there is room.
    fn add_message(&mut self, hook: HookId, event: &UserEvent) -> Result<bool, Error>;
    /// Number of changes until now.
    fn change_count(&self) -> usize;
    /// Forgets all changes but the first `count`, because they were undone.
    fn forget_changes(&mut self, count: usize);
}
