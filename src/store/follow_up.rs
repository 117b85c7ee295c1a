//! Consequences of a write: pictures that go with it, messages that come with it.

use super::commit_tables::Tables;
use super::outbox::Notices;
use crate::domain::{AvatarName, UserEvent, own_picture_name};
use crate::store::{Error, Record, Write};

/// Removes the picture that a write leaves without anything that leads to it, and adds the messages of the write.
pub(super) fn follow_up(
    tables: &mut impl Tables,
    index: usize,
    (write, record): (&Write, &Record),
    notices: &Notices,
) -> Result<(), Error> {
    if let Some(name) = released_picture(write)
        && let Some((stored, _)) = tables.avatar_size(record.id())?
        && name.is_none_or(|name| name == stored)
    {
        tables.remove_avatar(record.id())?;
    }
    for notice in notices.of(index) {
        let event = match record {
            Record::User(user) => UserEvent {
                user: user.clone(),
                ..notice.event.clone()
            },
            _ => continue,
        };
        for hook in &notice.hooks {
            if !tables.add_message(*hook, &event)? {
                notices.lose();
            }
        }
    }
    Ok(())
}

/// Name of the own picture that a write of a user lets go of; of one who goes, whatever its name is.
fn released_picture(write: &Write) -> Option<Option<AvatarName>> {
    match write {
        Write::Delete {
            before: Record::User(_),
        } => Some(None),
        Write::Update {
            before: Record::User(before),
            after: Record::User(after),
        } if before.picture != after.picture => {
            let released = own_picture_name(&before.picture, &before.id)?;
            let kept = own_picture_name(&after.picture, &after.id);
            (kept.as_ref() != Some(&released)).then_some(Some(released))
        }
        _ => None,
    }
}
