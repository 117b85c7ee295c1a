//! Verification of pictures and of messages.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable as _, ReadableTableMetadata as _};

use crate::domain::HookId;
use crate::store::file::tables::{AVATARS, META_AVATAR_BYTES, OUTBOX, USERS, read_number};
use crate::store::{Error, stored};

/// The number of pictures; each has its user, and their bytes are counted.
pub fn avatars(
    txn: &ReadTransaction,
    meta: &ReadOnlyTable<&'static str, &'static [u8]>,
) -> Result<u64, Error> {
    let avatars = txn.open_table(AVATARS)?;
    let users = txn.open_table(USERS)?;
    let mut sum = 0;
    for entry in avatars.iter()? {
        let (id, bytes) = entry?;
        let avatar = stored::decode_avatar(id.value(), bytes.value())?;
        if users.get(id.value())?.is_none() {
            return Err(Error::Damaged(format!(
                "the avatar of user {} has no user",
                id.value()
            )));
        }
        sum += avatar.bytes.len() as u64;
    }
    match read_number(meta, META_AVATAR_BYTES)? {
        counted if counted == sum => Ok(avatars.len()?),
        counted => Err(Error::Damaged(format!(
            "avatars have {sum} bytes, and {counted} are counted"
        ))),
    }
}

/// The number of the newest message.
pub fn newest_message(txn: &ReadTransaction) -> Result<u64, Error> {
    let mut newest = 0;
    for entry in txn.open_table(OUTBOX)?.iter()? {
        let (key, bytes) = entry?;
        let (hook, number) = key.value();
        stored::decode_message(HookId(hook), number, bytes.value())?;
        newest = newest.max(number);
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Avatar, AvatarName, ImageFormat, RecordId};
    use crate::store::Location;
    use crate::store::file::schema::CURRENT;
    use crate::store::file::tables::META;

    #[test]
    fn an_avatar_without_its_user_is_damage() {
        let engine = CURRENT.open(&Location::memory(), 1 << 20).unwrap();
        let avatar = Avatar {
            name: AvatarName::parse("a.png").unwrap(),
            format: ImageFormat::Png,
            uploaded: Timestamp::UNIX_EPOCH,
            bytes: vec![1; 9],
        };
        let user = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        engine
            .write(|tables| tables.put_avatar(&user, &avatar))
            .unwrap();
        let checked = engine.read_once(|txn| avatars(txn, &txn.open_table(META)?));
        let error = checked.unwrap_err().to_string();
        assert!(error.contains("has no user"), "{error}");
    }
}
