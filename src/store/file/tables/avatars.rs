//! Pictures of users, and the sum of their bytes.

use redb::ReadableTable as _;

use super::{META_AVATAR_BYTES, Tables, read_number};
use crate::domain::{Avatar, AvatarName, RecordId};
use crate::store::{Error, stored};

impl Tables<'_> {
    pub fn avatar_size(&self, user: &RecordId) -> Result<Option<(AvatarName, u64)>, Error> {
        let Some(bytes) = self.avatars.get(user.as_str())? else {
            return Ok(None);
        };
        let avatar = stored::decode_avatar(user.as_str(), bytes.value())?;
        Ok(Some((avatar.name, avatar.bytes.len() as u64)))
    }

    pub fn avatar_bytes(&self) -> Result<u64, Error> {
        read_number(&self.meta, META_AVATAR_BYTES)
    }

    pub fn put_avatar(&mut self, user: &RecordId, avatar: &Avatar) -> Result<(), Error> {
        self.remove_avatar(user)?;
        let bytes = stored::encode_avatar(user.as_str(), avatar)?;
        self.avatars.insert(user.as_str(), bytes.as_slice())?;
        let sum = self.avatar_bytes()? + avatar.bytes.len() as u64;
        self.set_avatar_bytes(sum)
    }

    pub fn remove_avatar(&mut self, user: &RecordId) -> Result<(), Error> {
        let Some((_, bytes)) = self.avatar_size(user)? else {
            return Ok(());
        };
        self.avatars.remove(user.as_str())?;
        let sum = self.avatar_bytes()?.saturating_sub(bytes);
        self.set_avatar_bytes(sum)
    }

    fn set_avatar_bytes(&mut self, bytes: u64) -> Result<(), Error> {
        self.meta
            .insert(META_AVATAR_BYTES, bytes.to_le_bytes().as_slice())?;
        Ok(())
    }
}
