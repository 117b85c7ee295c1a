//! Tokens that end when a backup is restored: see docs/decisions/0009-restore.md.

use std::ops::Bound;

use jiff::Timestamp;
use redb::ReadTransaction;

use super::engine::Engine;
use super::restoration::Restoration;
use super::tables::{self, SUPERUSERS, Tables, USERS};
use crate::domain::{
    Collection, Collections, IssuedToken, Kind, RevocationWindow, Status, Superuser, TokenKey, User,
};
use crate::random::Random;
use crate::store::stored;
use crate::store::{Error, Remembered};

/// The moment when tokens end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Now: nobody issues any.
    Now,
    /// The replacement of the database, whose time is said then.
    Open,
}

/// The resolution of times: what is issued in the millisecond of a restoration may have been issued before it.
pub const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);
/// Number of records that get their new token keys in one transaction.
const BATCH: usize = 10_000;

/// Outcome of a revocation.
pub struct Outcome {
    /// The moment of it.
    pub at: Timestamp,
    /// Number of users and superusers who got a new token key.
    pub revoked: u64,
}

/// Ends tokens in `copy`, a backup that was made at `made`, that were issued since or revoked in `live`. When `live` cannot be
/// read, nobody can tell which were revoked: all end.
pub fn revoke(
    copy: &Engine,
    made: Option<Timestamp>,
    live: Option<&Engine>,
    asked: &Restoration,
    end: End,
) -> Result<Outcome, Error> {
    let theirs = match live.map(|live| (live, live.read_once(tables::remembered))) {
        Some((live, Ok(remembered))) => Some((live, remembered)),
        None | Some((_, Err(Error::Damaged(_)))) => None,
        // What may be read another time tells which tokens were revoked.
        Some((_, Err(error))) => return Err(error),
    };
    let ours = copy.read_once(tables::remembered)?;
    if asked.keep_tokens {
        let at = asked.clock.now();
        let kept = keep(ours, theirs.map(|(_, remembered)| remembered));
        copy.write(|tables| remember(tables, &kept))?;
        return Ok(Outcome { at, revoked: 0 });
    }
    let renewed = match theirs {
        Some((live, remembered)) => {
            renew(copy, live, &asked.random)?.map(|renewed| (renewed, remembered))
        }
        None => None,
    };
    let at = asked.clock.now();
    let until = if end == End::Now {
        at + MILLISECOND
    } else {
        RevocationWindow::no_end()
    };
    let (revoked, kept) = match renewed {
        Some((revoked, theirs)) => {
            // A copy that does not say when it was made, or names a time to come, may be as old as can be.
            let from = made
                .filter(|made| *made <= at)
                .unwrap_or(Timestamp::UNIX_EPOCH);
            (
                revoked,
                follow(ours, theirs, RevocationWindow { from, until }),
            )
        }
        None => (0, end_all(ours, until)),
    };
    copy.write(|tables| remember(tables, &kept))?;
    Ok(Outcome { at, revoked })
}

fn remember(tables: &mut Tables<'_>, remembered: &Remembered) -> Result<(), Error> {
    // What runs on is no backup.
    tables.set_backup_time(None)?;
    tables.set_token_keys(&remembered.token_keys)?;
    tables.set_revocation_windows(&remembered.revocation_windows)?;
    tables.set_ended_tokens(&remembered.ended_tokens)?;
    match &remembered.collections {
        Some(collections) => tables.set_collections(collections),
        None => Ok(()),
    }
}

/// The keys of both, so that whatever was valid may be; new tokens are made with the newest of the database's.
fn keep(mut ours: Remembered, theirs: Option<Remembered>) -> Remembered {
    let Some(theirs) = theirs else {
        return ours;
    };
    let keys = theirs.token_keys;
    ours.token_keys
        .retain(|key| keys.iter().all(|other| other.secret != key.secret));
    ours.token_keys.extend(keys);
    ours.ended_tokens = of_both(ours.ended_tokens, theirs.ended_tokens);
    ours
}

fn of_both(mut ours: Vec<IssuedToken>, theirs: Vec<IssuedToken>) -> Vec<IssuedToken> {
    ours.retain(|token| !theirs.contains(token));
    ours.extend(theirs);
    ours
}

/// The database's keys and PocketBase's secrets, because others may have been given up since, and what was void already.
fn follow(ours: Remembered, theirs: Remembered, void: RevocationWindow) -> Remembered {
    let mut collections = ours.collections;
    if let (Some(ours), Some(theirs)) = (&mut collections, &theirs.collections) {
        ours.users
            .token_secret
            .clone_from(&theirs.users.token_secret);
        ours.superusers
            .token_secret
            .clone_from(&theirs.superusers.token_secret);
    }
    let token_keys = if theirs.token_keys.is_empty() {
        ours.token_keys
    } else {
        theirs.token_keys
    };
    let revocation_windows = [
        ours.revocation_windows,
        theirs.revocation_windows,
        vec![void],
    ]
    .concat();
    Remembered {
        token_keys,
        revocation_windows: RevocationWindow::merge(revocation_windows),
        ended_tokens: of_both(ours.ended_tokens, theirs.ended_tokens),
        collections,
    }
}

/// Nothing that was issued before is valid: what PocketBase issued does not say when that was, and ends with its secrets.
fn end_all(ours: Remembered, until: Timestamp) -> Remembered {
    let collections = ours.collections.map(|collections| Collections {
        users: without_secret(collections.users),
        superusers: without_secret(collections.superusers),
        ..collections
    });
    Remembered {
        revocation_windows: vec![RevocationWindow {
            from: Timestamp::UNIX_EPOCH,
            until,
        }],
        collections,
        ..ours
    }
}

fn without_secret(collection: Collection) -> Collection {
    Collection {
        token_secret: None,
        ..collection
    }
}

/// Gives new token keys to those whose tokens were revoked in `live` since: by another key, by being disabled or deleted.
/// Their number; nothing when `live` cannot be read.
fn renew(copy: &Engine, live: &Engine, random: &Random) -> Result<Option<u64>, Error> {
    let mut renewed = 0;
    for kind in [Kind::Users, Kind::Superusers] {
        let mut after = String::new();
        loop {
            let batch =
                copy.read_once(|ours| live.read_once(|theirs| revoked(ours, theirs, kind, &after)));
            let ids = match batch {
                Err(Error::Damaged(_)) => return Ok(None),
                batch => batch?,
            };
            let Some(last) = ids.last() else { break };
            after.clone_from(last);
            renewed += ids.len() as u64;
            copy.write(|tables| {
                ids.iter()
                    .try_for_each(|id| renew_key(tables, kind, id, random))
            })?;
        }
    }
    Ok(Some(renewed))
}

/// Of the records of `ours` behind `after`, the first whose tokens were revoked in `theirs`. Both are read in the order of
/// ids, side by side.
fn revoked(
    ours: &ReadTransaction,
    theirs: &ReadTransaction,
    kind: Kind,
    after: &str,
) -> Result<Vec<String>, Error> {
    let table = if kind == Kind::Users {
        USERS
    } else {
        SUPERUSERS
    };
    let ours = ours.open_table(table)?;
    let theirs = theirs.open_table(table)?;
    let behind = (Bound::Excluded(after), Bound::Unbounded);
    let mut theirs = theirs.range::<&str>(behind)?;
    let mut their = theirs.next().transpose()?;
    let mut ids = Vec::new();
    for entry in ours.range::<&str>(behind)? {
        let (id, our) = entry?;
        while their
            .as_ref()
            .is_some_and(|(other, _)| other.value() < id.value())
        {
            their = theirs.next().transpose()?;
        }
        let same = their
            .as_ref()
            .filter(|(other, _)| other.value() == id.value());
        if is_revoked(
            kind,
            id.value(),
            our.value(),
            same.map(|(_, bytes)| bytes.value()),
        )? {
            ids.push(id.value().to_owned());
        }
        if ids.len() == BATCH {
            break;
        }
    }
    Ok(ids)
}

fn is_revoked(kind: Kind, id: &str, ours: &[u8], theirs: Option<&[u8]>) -> Result<bool, Error> {
    let Some(theirs) = theirs else {
        return Ok(true);
    };
    if ours == theirs {
        return Ok(false);
    }
    if kind == Kind::Superusers {
        let ours = stored::decode_superuser(id, ours)?;
        let theirs = stored::decode_superuser(id, theirs)?;
        return Ok(ours.token_key != theirs.token_key);
    }
    let ours = stored::decode_user(id, ours)?;
    let theirs = stored::decode_user(id, theirs)?;
    let is_disabled = theirs.status == Status::Disabled && ours.status != Status::Disabled;
    Ok(is_disabled || ours.token_key != theirs.token_key)
}

fn renew_key(tables: &mut Tables<'_>, kind: Kind, id: &str, random: &Random) -> Result<(), Error> {
    let token_key = TokenKey::new(
        random
            .bytes::<16>()
            .map_err(|e| Error::Failed(e.to_string()))?,
    );
    if kind == Kind::Superusers {
        let Some(before) = tables.superuser(id)? else {
            return Ok(());
        };
        return tables.change_superuser(
            &before,
            &Superuser {
                token_key,
                ..before.clone()
            },
        );
    }
    let Some(before) = tables.user(id)? else {
        return Ok(());
    };
    tables.change_user(
        &before,
        &User {
            token_key,
            ..before.clone()
        },
    )
}
