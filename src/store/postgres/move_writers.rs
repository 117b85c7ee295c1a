//! Writers of a move: some connections that write batches side by side, in whatever order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;
use tokio_postgres::Error as PgError;

use super::avatar_set::AvatarRows;
use super::errors::{Remedy, failed, remedy};
use super::hosts::Hosts;
use super::message_set::MessageSet;
use super::move_statements as sql;
use super::record_rows::{Added, RecordRows};
use super::rows::encode;
use super::session::{Params, Session};
use crate::domain::Kind;
use crate::store::moving::{Batch, MovedAvatar, MovedEvent, MovedMessage};
use crate::store::{Error, Record, stored};

/// Connections that write.
const WRITERS: usize = 3;
/// Attempts at a batch that others were in the way of, and the pause between them.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);

type Numbered = (u64, Batch);

/// Writers of a move.
pub struct Writers {
    batches: mpsc::Sender<Numbered>,
    tasks: Vec<JoinHandle<Result<(), Error>>>,
    written: Arc<Mutex<Written>>,
    next: u64,
}

/// The batches that were written.
#[derive(Default)]
struct Written {
    /// All before this one were.
    all_before: u64,
    /// Those behind it that were, each with its last user.
    beyond: BTreeMap<u64, Option<String>>,
    /// The last user of those before it.
    users_to: Option<String>,
}

impl Written {
    fn add(&mut self, n: u64, last_user: Option<String>) {
        self.beyond.insert(n, last_user);
        while let Some(last_user) = self.beyond.remove(&self.all_before) {
            self.all_before += 1;
            self.users_to = last_user.or(self.users_to.take());
        }
    }
}

impl Writers {
    /// Connects them.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn start(hosts: &Hosts) -> Result<Self, Error> {
        let (batches, received) = mpsc::channel(WRITERS);
        let received = Arc::new(AsyncMutex::new(received));
        let written = Arc::new(Mutex::new(Written::default()));
        let mut tasks = Vec::new();
        for _ in 0..WRITERS {
            let session = hosts.any().await?;
            let (received, written) = (Arc::clone(&received), Arc::clone(&written));
            tasks.push(tokio::spawn(work(session, received, written)));
        }
        Ok(Self {
            batches,
            tasks,
            written,
            next: 0,
        })
    }

    /// Gives a batch to whichever is free.
    ///
    /// # Errors
    /// One could not write an earlier batch.
    pub async fn write(&mut self, batch: Batch) -> Result<(), Error> {
        let sent = self.batches.send((self.next, batch)).await;
        self.next += 1;
        if sent.is_ok() {
            return Ok(());
        }
        let ended = end(std::mem::take(&mut self.tasks)).await;
        Err(ended.err().unwrap_or_else(ended_early))
    }

    /// The user up to whom all are written.
    pub fn users_to(&self) -> Option<String> {
        self.written.lock().users_to.clone()
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// A batch could not be written.
    pub async fn finish(self) -> Result<(), Error> {
        drop(self.batches);
        end(self.tasks).await
    }
}

fn ended_early() -> Error {
    Error::Failed("a writer of the move ended early".into())
}

async fn end(tasks: Vec<JoinHandle<Result<(), Error>>>) -> Result<(), Error> {
    let mut outcome = Ok(());
    for task in tasks {
        let ended = task.await.unwrap_or_else(|_| Err(ended_early()));
        outcome = outcome.and(ended);
    }
    outcome
}

async fn work(
    session: Session,
    batches: Arc<AsyncMutex<mpsc::Receiver<Numbered>>>,
    written: Arc<Mutex<Written>>,
) -> Result<(), Error> {
    loop {
        let received = batches.lock().await.recv().await;
        let Some((n, batch)) = received else {
            return Ok(());
        };
        let last_user = batch.last_user().map(ToString::to_string);
        if let Err(error) = write(&session, batch).await {
            batches.lock().await.close();
            return Err(error);
        }
        written.lock().add(n, last_user);
    }
}

async fn write(session: &Session, batch: Batch) -> Result<(), Error> {
    match batch {
        Batch::Records(Kind::Users, records) => write_users(session, &records).await,
        Batch::Records(kind, records) => write_records(session, kind, &records).await,
        Batch::Events(events) => write_events(session, &events).await,
        Batch::Avatars(avatars) => write_avatars(session, &avatars).await,
        Batch::Messages(messages) => write_messages(session, &messages).await,
    }
}

async fn write_users(session: &Session, records: &[Record]) -> Result<(), Error> {
    let mut rows = Added::default();
    for user in records.iter().filter_map(Record::as_user) {
        rows.push(user)?;
    }
    let values: Params<'_> = &[
        &rows.ids,
        &rows.numbers,
        &rows.openids,
        &rows.phones,
        &rows.emails,
        &rows.names,
        &rows.created,
        &rows.records,
    ];
    execute(session, sql::ADD_USERS, values).await
}

async fn write_records(session: &Session, kind: Kind, records: &[Record]) -> Result<(), Error> {
    let mut rows = RecordRows::default();
    for record in records {
        rows.push(record, encode(record)?);
    }
    let statement = match kind {
        Kind::Companies => sql::ADD_COMPANIES,
        Kind::Users | Kind::Superusers => sql::ADD_SUPERUSERS,
    };
    execute(session, statement, &rows.columns()).await
}

async fn write_events(session: &Session, events: &[MovedEvent]) -> Result<(), Error> {
    let (mut origins, mut times, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut parties, mut bytes) = (Vec::new(), Vec::new());
    for MovedEvent { origin, id, event } in events {
        origins.push(*origin as i16);
        times.push(id.at_ms);
        numbers.push(super::columns::column_number(id.number));
        parties.push(event.party(*origin));
        bytes.push(stored::encode_event(*id, event)?);
    }
    let values: Params<'_> = &[&origins, &times, &numbers, &parties, &bytes];
    execute(session, sql::ADD_EVENTS, values).await
}

async fn write_avatars(session: &Session, avatars: &[MovedAvatar]) -> Result<(), Error> {
    let mut rows = AvatarRows::default();
    for MovedAvatar { user, avatar } in avatars {
        let stored = stored::encode_avatar(user.as_str(), avatar)?;
        let bytes = avatar.bytes.len() as u64;
        rows.push(user.as_str(), &avatar.name, bytes, stored);
    }
    execute(session, sql::ADD_AVATARS, &rows.columns()).await
}

async fn write_messages(session: &Session, messages: &[MovedMessage]) -> Result<(), Error> {
    let mut rows = MessageSet::default();
    for moved in messages {
        rows.add(moved.hook, moved.number, &moved.event)?;
    }
    execute(session, sql::ADD_MESSAGES, &rows.columns()).await
}

/// Runs a statement that may be run again.
async fn execute(session: &Session, sql: &'static str, values: Params<'_>) -> Result<(), Error> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        session.take_warning();
        match session.execute(sql, values).await {
            Ok(_) if !session.take_warning() => return Ok(()),
            Err(error) if is_final(&error) || attempts == ATTEMPTS => return Err(failed(&error)),
            Ok(_) if attempts == ATTEMPTS => {
                return Err(Error::Unknown(
                    "PostgreSQL warned in place of a confirmation".into(),
                ));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn is_final(error: &PgError) -> bool {
    remedy(error) != Remedy::Again
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_there_up_to_the_first_batch_that_is_not() {
        let mut written = Written::default();
        let user = |name: &str| Some(name.to_owned());
        written.add(1, user("b"));
        assert_eq!(written.users_to, None);
        written.add(0, user("a"));
        assert_eq!(written.users_to, user("b"));
        written.add(3, user("d"));
        assert_eq!(written.users_to, user("b"));
        written.add(2, user("c"));
        written.add(4, None);
        assert_eq!((written.users_to, written.all_before), (user("d"), 5));
    }
}
