//! Transaction: the working set read under the lock of all commits, and written and committed.

use tokio_postgres::Error as PgError;
use tokio_postgres::Row;

use super::avatar_set::AvatarRows;
use super::columns::column_number;
use super::errors::{Remedy, failed, remedy, words};
use super::event_writes::{EventRows, drop_events, write_event_totals};
use super::lease_set::DELIVERY;
use super::pipeline::Pipeline;
use super::record_rows::{ChangeRows, RecordRows, UserRows};
use super::rows::record;
use super::session::Session;
use super::state_values;
use super::statements as sql;
use super::totals::Totals;
use super::wants::Wants;
use super::working_set::WorkingSet;
use crate::domain::Kind;
use crate::store::Error;

/// Statements that a transaction sends in pipelines.
pub const STATEMENTS: &[&str] = &[
    sql::LOCK_TOTALS,
    sql::USERS_BY_KEYS,
    sql::COMPANIES_BY_KEYS,
    sql::SUPERUSERS_BY_KEYS,
    sql::STATE,
    sql::EVENTS_AT,
    sql::EVENT_TOTALS,
    sql::PARTY_COUNTS,
    sql::FAILURES,
    sql::AVATAR_SIZES,
    sql::LEASE,
    sql::FIND_COMMIT,
    sql::DELETE_USERS,
    sql::INSERT_USERS,
    sql::UPDATE_USERS,
    sql::DELETE_COMPANIES,
    sql::INSERT_COMPANIES,
    sql::DELETE_SUPERUSERS,
    sql::INSERT_SUPERUSERS,
    sql::WRITE_STATE,
    sql::INSERT_CHANGES,
    sql::WRITE_TOTALS,
    sql::INSERT_EVENTS,
    sql::UPDATE_EVENTS,
    sql::DELETE_OF_PARTIES,
    sql::WRITE_FAILURES,
    sql::DELETE_AVATARS,
    sql::INSERT_AVATARS,
    sql::DELETE_MESSAGES,
    sql::INSERT_MESSAGES,
    sql::WRITE_LEASE,
    sql::INSERT_COMMIT,
    sql::SHOW_INSTANCE,
];

/// Reason why a transaction did not end well.
pub enum Failure {
    /// It was taken back, because others were in its way.
    Again(PgError),
    /// The connection is of no use: nothing was committed.
    Lost(String),
    /// The connection was lost at the end, or the server warned: it is committed or not.
    Unknown(String),
    /// Nothing was committed, and trying again does not help.
    Failed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Failure {
    /// The failure of a statement before the end.
    pub fn of(error: PgError) -> Self {
        match remedy(&error) {
            Remedy::Again => Self::Again(error),
            Remedy::Reconnect => Self::Lost(words(&error)),
            Remedy::None => Self::Failed(failed(&error)),
        }
    }

    /// The failure of one of the statements that were sent with the end of a transaction.
    fn at_end(error: PgError) -> Self {
        match (remedy(&error), error.code()) {
            (Remedy::Again, _) => Self::Again(error),
            (Remedy::Reconnect, _) => Self::Unknown(words(&error)),
            (Remedy::None, _) => Self::Failed(failed(&error)),
        }
    }
}

/// State that was found under the lock.
pub enum Begun {
    /// The working set.
    Open(WorkingSet),
    /// The transaction was committed by an earlier attempt.
    Committed,
}

/// Begins a transaction, takes the lock, and reads what is wanted; or finds that it is committed already, if it may be.
pub async fn begin(
    session: &Session,
    wants: &Wants,
    commit_id: Option<&String>,
) -> Result<Begun, Failure> {
    let mut pipeline = Pipeline::new(session);
    pipeline.run("BEGIN");
    let totals = pipeline.query(sql::LOCK_TOTALS, vec![]);
    let found = commit_id.map(|id| pipeline.query(sql::FIND_COMMIT, vec![id]));
    let read = Reads::send(&mut pipeline, wants);
    let answers = pipeline
        .send()
        .await
        .map_err(|(_, error)| Failure::of(error))?;
    if found.is_some_and(|place| !answers[place].is_empty()) {
        return Ok(Begun::Committed);
    }
    let mut set = WorkingSet::default();
    let row = answers[totals].first();
    set.totals = Totals::read(row.ok_or_else(|| Error::Damaged("totals has no row".into()))?)?;
    read.fill(&mut set, &answers)?;
    Ok(Begun::Open(set))
}

/// Places of the answers about what is wanted.
struct Reads {
    users: Option<usize>,
    companies: Option<usize>,
    superusers: Option<usize>,
    state: Option<usize>,
    failures: Option<usize>,
    avatars: Option<usize>,
    lease: Option<usize>,
    events: Option<[usize; 3]>,
}

/// Events of a party that are counted: more than any has.
const COUNTED: i64 = i64::MAX;

impl Reads {
    fn send<'a>(pipeline: &mut Pipeline<'a>, wants: &'a Wants) -> Self {
        let users = &wants.users;
        let (companies, superusers) = (&wants.companies, &wants.superusers);
        let events = &wants.events;
        Self {
            users: (!users.is_empty()).then(|| {
                let keys: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                    vec![&users.ids, &users.openids, &users.phones, &users.emails];
                pipeline.query(sql::USERS_BY_KEYS, keys)
            }),
            companies: (!companies.is_empty()).then(|| {
                pipeline.query(
                    sql::COMPANIES_BY_KEYS,
                    vec![&companies.ids, &companies.names],
                )
            }),
            superusers: (!superusers.is_empty()).then(|| {
                pipeline.query(
                    sql::SUPERUSERS_BY_KEYS,
                    vec![&superusers.ids, &superusers.names],
                )
            }),
            state: wants.state.then(|| pipeline.query(sql::STATE, vec![])),
            failures: (!wants.failures.is_empty())
                .then(|| pipeline.query(sql::FAILURES, vec![&wants.failures])),
            avatars: (!wants.avatars.is_empty())
                .then(|| pipeline.query(sql::AVATAR_SIZES, vec![&wants.avatars])),
            lease: wants
                .lease
                .then(|| pipeline.query(sql::LEASE, vec![&DELIVERY])),
            events: events.any.then(|| {
                [
                    pipeline.query(sql::EVENT_TOTALS, vec![]),
                    pipeline.query(sql::EVENTS_AT, vec![&events.times, &events.numbers]),
                    pipeline.query(
                        sql::PARTY_COUNTS,
                        vec![&events.origins, &events.parties, &COUNTED],
                    ),
                ]
            }),
        }
    }

    fn fill(&self, set: &mut WorkingSet, answers: &[Vec<Row>]) -> Result<(), Error> {
        let of = |place: Option<usize>| place.map_or(&[][..], |place| &answers[place][..]);
        for (kind, place) in [
            (Kind::Users, self.users),
            (Kind::Companies, self.companies),
            (Kind::Superusers, self.superusers),
        ] {
            for row in of(place) {
                set.read(record(kind, row)?);
            }
        }
        if let Some(place) = self.state {
            set.state = Some(state_values::read(&answers[place])?);
        }
        of(self.failures)
            .iter()
            .try_for_each(|row| set.failures.read(row))?;
        of(self.avatars)
            .iter()
            .try_for_each(|row| set.avatars.read(row))?;
        of(self.lease)
            .iter()
            .try_for_each(|row| set.lease.read(row))?;
        if let Some([totals, events, parties]) = self.events {
            for row in &answers[totals] {
                set.events.read_total(row)?;
            }
            for row in &answers[events] {
                set.events.read_event(row)?;
            }
            for row in &answers[parties] {
                set.events.read_party(row)?;
            }
        }
        Ok(())
    }
}

/// Writes what the jobs made of the working set, and commits it under that id.
pub async fn commit(
    session: &Session,
    set: &mut WorkingSet,
    commit_id: &String,
    now_ms: i64,
) -> Result<(), Failure> {
    if set.events.is_changed() {
        write_events(session, set).await?;
    }
    let users = UserRows::new(set)?;
    let companies = RecordRows::new(set, Kind::Companies)?;
    let superusers = RecordRows::new(set, Kind::Superusers)?;
    let changes = ChangeRows::new(set, now_ms)?;
    let state = state_values::StateRows::new(set)?;
    let failures = FailureRows::new(set);
    let avatars = AvatarRows::new(&set.avatars);
    let totals = totals_after(set);
    let mut pipeline = Pipeline::new(session);
    users.send(&mut pipeline);
    companies.send(&mut pipeline, sql::DELETE_COMPANIES, sql::INSERT_COMPANIES);
    superusers.send(
        &mut pipeline,
        sql::DELETE_SUPERUSERS,
        sql::INSERT_SUPERUSERS,
    );
    state.send(&mut pipeline);
    failures.send(&mut pipeline);
    avatars.send(&mut pipeline);
    set.messages.send(&mut pipeline);
    set.lease.send(&mut pipeline);
    changes.send(&mut pipeline);
    if !set.changes.is_empty() || set.totals.is_state_changed || set.has_new_totals() {
        pipeline.query(sql::WRITE_TOTALS, totals.iter().map(|n| n as _).collect());
    }
    pipeline.query(sql::INSERT_COMMIT, vec![commit_id, &now_ms]);
    pipeline.run("COMMIT");
    session.take_warning();
    let answers = pipeline.send().await;
    answers.map_err(|(_, error)| Failure::at_end(error))?;
    match session.take_warning() {
        false => Ok(()),
        true => Err(Failure::Unknown("the server warned at the commit".into())),
    }
}

async fn write_events(session: &Session, set: &mut WorkingSet) -> Result<(), Failure> {
    let rows = EventRows::new(&set.events)?;
    let mut pipeline = Pipeline::new(session);
    rows.send(&mut pipeline);
    pipeline
        .send()
        .await
        .map_err(|(_, error)| Failure::of(error))?;
    drop(rows);
    drop_events(session, &mut set.events)
        .await
        .map_err(Failure::of)?;
    write_event_totals(session, &set.events)
        .await
        .map_err(Failure::of)
}

fn totals_after(set: &WorkingSet) -> [i64; 12] {
    let totals = &set.totals;
    [
        totals.users,
        totals.companies,
        totals.superusers,
        totals.imported_hashes,
        totals.user_number,
        totals.company_number,
        totals.superuser_number,
        totals.change + column_number(set.changes.len() as u64),
        totals.state + i64::from(totals.is_state_changed),
        totals.avatars + set.avatars.count,
        totals.avatar_bytes + set.avatars.bytes,
        totals.message,
    ]
}

/// Failures to be written, as columns.
struct FailureRows {
    keys: Vec<String>,
    counts: Vec<i64>,
    times: Vec<i64>,
    familiar: Vec<i16>,
}

impl FailureRows {
    fn new(set: &WorkingSet) -> Self {
        let mut rows = Self {
            keys: Vec::new(),
            counts: Vec::new(),
            times: Vec::new(),
            familiar: Vec::new(),
        };
        for (key, failures) in set.failures.changed() {
            rows.keys.push(key.to_owned());
            rows.counts.push(failures.count.into());
            rows.times.push(failures.at_ms);
            rows.familiar.push(failures.is_familiar.into());
        }
        rows
    }

    fn send<'a>(&'a self, pipeline: &mut Pipeline<'a>) {
        if !self.keys.is_empty() {
            pipeline.query(
                sql::WRITE_FAILURES,
                vec![&self.keys, &self.counts, &self.times, &self.familiar],
            );
        }
    }
}
