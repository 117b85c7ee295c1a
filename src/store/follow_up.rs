//! Consequences of a write: pictures that go with it, messages that come with it.

use super::commit_tables::Tables;
use super::outbox::Notices;
use crate::domain::{AvatarName, Kind, UserEvent, own_picture_name};
use crate::store::{Error, Record, Write};

/// Removes the picture that a write leaves without anything that leads to it, and adds the messages of the write.
pub(super) fn follow_up(
    tables: &mut impl Tables,
    index: usize,
    (write, record): (&Write, &Record),
    notices: &Notices,
) -> Result<(), Error> {
    match released_picture(write) {
        Released::Nothing => {}
        Released::Any => tables.remove_avatar(record.id())?,
        Released::Named(name) => remove_released(tables, record, &name)?,
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

/// Removes the picture of that name, unless the user as all writes leave them has an own picture once more: of this name, or of
/// an older one, which a request that came late has brought back.
fn remove_released(
    tables: &mut impl Tables,
    record: &Record,
    name: &AvatarName,
) -> Result<(), Error> {
    let id = record.id();
    let now = tables.record(Kind::Users, id)?;
    let user = now.as_ref().and_then(Record::as_user);
    let leads_to_one = user.is_some_and(|user| own_picture_name(&user.picture, id).is_some());
    let stored = tables.avatar_size(id)?;
    if !leads_to_one && stored.is_some_and(|(stored, _)| stored == *name) {
        tables.remove_avatar(id)?;
    }
    Ok(())
}

/// Picture that nothing leads to any more.
enum Released {
    Nothing,
    /// That of this name, if it is the stored one.
    Named(AvatarName),
    /// Whatever its name is.
    Any,
}

/// The own picture that a write of a user lets go of.
fn released_picture(write: &Write) -> Released {
    match write {
        Write::Delete {
            before: Record::User(_),
        } => Released::Any,
        Write::Update {
            before: Record::User(before),
            after: Record::User(after),
        } if before.picture != after.picture => {
            let released = own_picture_name(&before.picture, &before.id);
            let kept = own_picture_name(&after.picture, &after.id);
            let released = released.filter(|name| kept.as_ref() != Some(name));
            released.map_or(Released::Nothing, Released::Named)
        }
        _ => Released::Nothing,
    }
}
