//! The store against a model in memory: every operation in any order, one at a time and at the same time.

use std::collections::{BTreeMap, BTreeSet};

use bai::domain::{
    Company, IdType, Kind, RecordId, ServerKey, Status, Superuser, TokenKey, User, UserNumber,
    UserType,
};
use bai::store::file::Contents;
use bai::store::{CommitError, Conflict, Location, Record, Store, Write};
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::crash_disk::CrashDisk;
use crate::support::users::{new_user, now, openid, phone, user_id};

const CACHE: usize = 1 << 20;
/// So few of each kind that operations meet.
const KINDS: usize = 5;

#[derive(Clone, Debug)]
enum Operation {
    /// All of them or none.
    Commit(Vec<Step>),
    /// Each by itself.
    CommitEach(Vec<Step>),
    /// Seconds: when the key was made, and before when keys go.
    AddTokenKey(i64, i64),
}

/// A write that is wished for; what it is decided on is read when it is performed.
#[derive(Clone, Debug)]
enum Step {
    Insert(Record),
    Update(usize, Update, Version),
    Delete(usize, Kind, Version),
}

/// The version that a write names.
#[derive(Clone, Copy, Debug)]
enum Version {
    Current,
    Other,
}

#[derive(Clone, Debug)]
enum Update {
    User(Change),
    /// Key, value.
    Company(usize, u8),
    /// Address.
    Superuser(usize),
}

#[derive(Clone, Debug)]
enum Change {
    Phone(usize),
    Status(bool),
    Email(Option<usize>),
    TokenKey(u8),
    Hash(u8),
    /// Everything else at once.
    Texts(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..KINDS).prop_map(Change::Phone),
        any::<bool>().prop_map(Change::Status),
        proptest::option::of(0..KINDS).prop_map(Change::Email),
        any::<u8>().prop_map(Change::TokenKey),
        any::<u8>().prop_map(Change::Hash),
        any::<u8>().prop_map(Change::Texts),
    ]
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![9 => Just(Version::Current), 1 => Just(Version::Other)]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(&Kind::ALL[..])
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..KINDS;
    let phone = proptest::option::of(n());
    let update = prop_oneof![
        4 => change().prop_map(Update::User),
        1 => (n(), any::<u8>()).prop_map(|(key, value)| Update::Company(key, value)),
        1 => n().prop_map(Update::Superuser),
    ];
    prop_oneof![
        4 => (n(), n(), phone).prop_map(|(id, openid, phone)| Step::Insert(new(id, openid, phone).into())),
        1 => (n(), n(), any::<u8>()).prop_map(|(id, key, value)| Step::Insert(company(id, key, value).into())),
        1 => (n(), n()).prop_map(|(id, email)| Step::Insert(superuser(id, email).into())),
        5 => (n(), update, version()).prop_map(|(id, update, version)| Step::Update(id, update, version)),
        2 => (n(), kind(), version()).prop_map(|(id, kind, version)| Step::Delete(id, kind, version)),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let steps = |most| proptest::collection::vec(step(), 1..most);
    prop_oneof![
        10 => steps(2).prop_map(Operation::Commit),
        4 => steps(6).prop_map(Operation::Commit),
        1 => steps(6).prop_map(Operation::CommitEach),
        1 => (0..100_i64, 0..100_i64).prop_map(|(created, drop)| Operation::AddTokenKey(created, drop)),
    ]
}

fn new(id: usize, openid_n: usize, phone_n: Option<usize>) -> User {
    User {
        openid: openid(openid_n),
        phone: phone_n.map(phone),
        password_hash: Some("old".into()),
        ..new_user(id)
    }
}

fn company_id(key: usize) -> String {
    // The empty key is nobody's.
    if key == 0 {
        String::new()
    } else {
        format!("company {key}")
    }
}

fn columns(value: u8) -> String {
    format!("{{\"value\":{value}}}")
}

fn company(id: usize, key: usize, value: u8) -> Company {
    let (company_id, columns) = (company_id(key), columns(value));
    Company {
        id: user_id(id),
        number: 0,
        company_id,
        columns,
        created: now(),
        updated: now(),
    }
}

fn superuser(id: usize, email: usize) -> Superuser {
    Superuser {
        id: user_id(id),
        number: 0,
        email: format!("{email}@example.com"),
        email_visibility: false,
        verified: true,
        password_hash: "old".into(),
        token_key: TokenKey::new([1; 16]),
        created: now(),
        updated: now(),
    }
}

impl Update {
    fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::Users,
            Self::Company(..) => Kind::Companies,
            Self::Superuser(_) => Kind::Superusers,
        }
    }

    fn apply(&self, record: &mut Record) {
        match (self, record) {
            (Self::User(change), Record::User(user)) => change.apply(user),
            (Self::Company(key, value), Record::Company(company)) => {
                company.company_id = company_id(*key);
                company.columns = columns(*value);
            }
            (Self::Superuser(email), Record::Superuser(superuser)) => {
                superuser.email = format!("{email}@example.com");
            }
            (update, record) => panic!("{update:?} of {record:?}"),
        }
    }
}

impl Change {
    fn apply(&self, user: &mut User) {
        match self {
            Self::Phone(n) => user.phone = Some(phone(*n)),
            Self::Status(true) => user.status = Status::Active,
            Self::Status(false) => user.status = Status::Disabled,
            Self::Email(email) => user.email = email.map(|n| format!("{n}@example.com")),
            Self::TokenKey(byte) => user.token_key = TokenKey::new([*byte; 16]),
            Self::Hash(byte) => user.password_hash = Some(format!("hash {byte}")),
            Self::Texts(byte) => {
                user.name = format!("name {byte}");
                user.picture = format!("picture {byte}");
                user.company_id = format!("company {byte}");
                user.user_type = UserType::Registered;
            }
        }
    }
}

/// The record that is not there, as somebody may believe it to be.
fn imagined(kind: Kind, id: usize) -> Record {
    match kind {
        Kind::Users => new(id, id, None).into(),
        Kind::Companies => company(id, id, 0).into(),
        Kind::Superusers => superuser(id, id).into(),
    }
}

/// The same record in a version that it never has.
fn other_version(record: &mut Record) {
    match record {
        Record::User(user) => user.name = "another".into(),
        Record::Company(company) => company.columns = "{}".into(),
        Record::Superuser(superuser) => superuser.password_hash = "another".into(),
    }
}

/// The writes of the steps, each decided on what is stored or what those before it make of it.
async fn decided(store: &Store, steps: Vec<Step>) -> Vec<Write> {
    let mut writes = Vec::new();
    for step in steps {
        let write = match step {
            Step::Insert(record) => Write::Insert(record),
            Step::Update(id, update, version) => {
                let before = current(store, &writes, update.kind(), id, version).await;
                let mut after = before.clone();
                update.apply(&mut after);
                Write::Update { before, after }
            }
            Step::Delete(id, kind, version) => Write::Delete {
                before: current(store, &writes, kind, id, version).await,
            },
        };
        writes.push(write);
    }
    writes
}

async fn current(
    store: &Store,
    writes: &[Write],
    kind: Kind,
    id: usize,
    version: Version,
) -> Record {
    let is_it = |record: &Record| record.kind() == kind && *record.id() == user_id(id);
    let written = writes.iter().rev().find_map(|write| match write {
        Write::Insert(after) | Write::Update { after, .. } if is_it(after) => Some(after.clone()),
        _ => None,
    });
    let mut record = if let Some(record) = written {
        record
    } else {
        let stored = store.record_by_id(kind, &user_id(id)).await.unwrap();
        stored.unwrap_or_else(|| imagined(kind, id))
    };
    if matches!(version, Version::Other) {
        other_version(&mut record);
    }
    record
}

/// Numbers are left out: how many a refused batch has used up is no promise.
fn unnumbered(record: Record) -> Record {
    match record {
        Record::User(user) => Record::User(User {
            number: UserNumber(0),
            ..user
        }),
        Record::Company(company) => Record::Company(Company {
            number: 0,
            ..company
        }),
        Record::Superuser(superuser) => Record::Superuser(Superuser {
            number: 0,
            ..superuser
        }),
    }
}

fn key(created: i64) -> ServerKey {
    ServerKey {
        secret: [1; 32],
        created: second(created),
    }
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// An operation as it was performed.
#[derive(Clone, Debug)]
enum Performed {
    Commit(Vec<Write>),
    CommitEach(Vec<Write>),
    AddTokenKey(i64, i64),
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Committed(Vec<Record>),
    Refused(usize, Conflict),
    Each(Vec<Result<Record, Conflict>>),
    Done,
}

async fn perform(store: &Store, operation: Operation) -> (Performed, Outcome) {
    match operation {
        Operation::Commit(steps) => {
            let writes = decided(store, steps).await;
            let outcome = match store.commit(writes.clone()).await {
                Ok(records) => Outcome::Committed(records.into_iter().map(unnumbered).collect()),
                Err(CommitError::Conflict { index, conflict }) => Outcome::Refused(index, conflict),
                Err(CommitError::Failed(error)) => panic!("{error}"),
            };
            (Performed::Commit(writes), outcome)
        }
        Operation::CommitEach(steps) => {
            let writes = decided(store, steps).await;
            let each = store.commit_each(writes.clone()).await.unwrap();
            let each = each.into_iter().map(|one| one.map(unnumbered)).collect();
            (Performed::CommitEach(writes), Outcome::Each(each))
        }
        Operation::AddTokenKey(created, drop_before) => {
            let added = store.add_token_key(key(created), second(drop_before));
            added.await.unwrap();
            (Performed::AddTokenKey(created, drop_before), Outcome::Done)
        }
    }
}

/// The content that the store should have, by the plainest means.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    users: BTreeMap<String, User>,
    companies: BTreeMap<String, Company>,
    superusers: BTreeMap<String, Superuser>,
    keys: Vec<i64>,
}

impl Model {
    fn perform(&mut self, performed: &Performed) -> Outcome {
        match performed {
            Performed::Commit(writes) => self.commit(writes),
            Performed::CommitEach(writes) => {
                Outcome::Each(writes.iter().map(|write| self.write(write)).collect())
            }
            Performed::AddTokenKey(created, drop_before) => {
                let newest_old = self.keys.iter().rposition(|made| made < drop_before);
                let is_kept = |n: usize, made: i64| made >= *drop_before || Some(n) == newest_old;
                let mut n = 0..;
                self.keys.retain(|made| is_kept(n.next().unwrap(), *made));
                self.keys.push(*created);
                Outcome::Done
            }
        }
    }

    fn commit(&mut self, writes: &[Write]) -> Outcome {
        let mut changed = self.clone();
        let mut records = Vec::new();
        for (index, write) in writes.iter().enumerate() {
            match changed.write(write) {
                Ok(record) => records.push(record),
                Err(conflict) => return Outcome::Refused(index, conflict),
            }
        }
        *self = changed;
        Outcome::Committed(records)
    }

    fn write(&mut self, write: &Write) -> Result<Record, Conflict> {
        match write {
            Write::Insert(record) => {
                self.ensure_free(record)?;
                if self.record(record.kind(), record.id()).is_some() {
                    return Err(Conflict::Id);
                }
                Ok(self.put(record.clone()))
            }
            Write::Update { before, after } => {
                self.compare(before)?;
                self.remove(before);
                let free = self.ensure_free(after);
                self.put(before.clone());
                free?;
                Ok(self.put(after.clone()))
            }
            Write::Delete { before } => {
                self.compare(before)?;
                if before.kind() == Kind::Superusers && self.superusers.len() == 1 {
                    return Err(Conflict::LastSuperuser);
                }
                self.remove(before);
                Ok(unnumbered(before.clone()))
            }
        }
    }

    fn compare(&self, before: &Record) -> Result<(), Conflict> {
        match self.record(before.kind(), before.id()) {
            None => Err(Conflict::NoSuchRecord),
            Some(stored) if stored != unnumbered(before.clone()) => Err(Conflict::Changed),
            Some(_) => Ok(()),
        }
    }

    fn ensure_free(&self, record: &Record) -> Result<(), Conflict> {
        match record {
            Record::User(user) => {
                let has = |is_same: &dyn Fn(&User) -> bool| self.users.values().any(is_same);
                if user.email.is_some() && has(&|other| other.email == user.email) {
                    return Err(Conflict::Email);
                }
                if user.phone.is_some() && has(&|other| other.phone == user.phone) {
                    return Err(Conflict::Phone);
                }
                if has(&|other| other.openid == user.openid) {
                    return Err(Conflict::OpenId);
                }
            }
            Record::Company(company) => {
                let is_same = |other: &Company| other.company_id == company.company_id;
                if !company.company_id.is_empty() && self.companies.values().any(is_same) {
                    return Err(Conflict::CompanyId);
                }
            }
            Record::Superuser(superuser) => {
                let is_same = |other: &Superuser| other.email == superuser.email;
                if self.superusers.values().any(is_same) {
                    return Err(Conflict::Email);
                }
            }
        }
        Ok(())
    }

    fn record(&self, kind: Kind, id: &RecordId) -> Option<Record> {
        match kind {
            Kind::Users => self.users.get(id.as_str()).cloned().map(Record::User),
            Kind::Companies => self
                .companies
                .get(id.as_str())
                .cloned()
                .map(Record::Company),
            Kind::Superusers => self
                .superusers
                .get(id.as_str())
                .cloned()
                .map(Record::Superuser),
        }
    }

    fn put(&mut self, record: Record) -> Record {
        let record = unnumbered(record);
        let id = record.id().to_string();
        match record.clone() {
            Record::User(user) => drop(self.users.insert(id, user)),
            Record::Company(company) => drop(self.companies.insert(id, company)),
            Record::Superuser(superuser) => drop(self.superusers.insert(id, superuser)),
        }
        record
    }

    fn remove(&mut self, record: &Record) {
        let id = record.id().as_str();
        match record {
            Record::User(_) => drop(self.users.remove(id)),
            Record::Company(_) => drop(self.companies.remove(id)),
            Record::Superuser(_) => drop(self.superusers.remove(id)),
        }
    }

    fn forget_numbers(&mut self) {
        let numbers: BTreeSet<u64> = self.users.values().map(|user| user.number.0).collect();
        assert_eq!(numbers.len(), self.users.len(), "two users have one number");
        self.users
            .values_mut()
            .for_each(|user| user.number = UserNumber(0));
        self.companies
            .values_mut()
            .for_each(|company| company.number = 0);
        self.superusers
            .values_mut()
            .for_each(|superuser| superuser.number = 0);
    }

    /// What the store holds, by every door that it has.
    async fn of(store: &Store) -> Self {
        let mut model = Self::default();
        for n in 0..KINDS {
            if let Some(user) = store.user_by_id(&user_id(n)).await.unwrap() {
                assert_eq!(
                    store.user_by_openid(&user.openid).await.unwrap().as_ref(),
                    Some(&user)
                );
                model.users.insert(user.id.to_string(), user);
            }
            if let Some(company) = store.company_by_id(&user_id(n)).await.unwrap() {
                model.companies.insert(company.id.to_string(), company);
            }
            if let Some(superuser) = store.superuser_by_id(&user_id(n)).await.unwrap() {
                model.superusers.insert(superuser.id.to_string(), superuser);
            }
        }
        for n in 0..KINDS {
            let by = |is_it: &dyn Fn(&User) -> bool| {
                model.users.values().find(|user| is_it(user)).cloned()
            };
            let by_openid = store.user_by_openid(&openid(n)).await.unwrap();
            assert_eq!(by_openid, by(&|user| user.openid == openid(n)));
            let by_phone = store.user_by_phone(&phone(n)).await.unwrap();
            assert_eq!(by_phone, by(&|user| user.phone == Some(phone(n))));
            let email = format!("{n}@example.com");
            for email in [
                email.clone(),
                User::native_email(IdType::WeChat, &openid(n), &user_id(n)),
            ] {
                let by_email = store.user_by_email(&email).await.unwrap();
                assert_eq!(by_email, by(&|user| user.email.as_ref() == Some(&email)));
            }
            let company = store.company_by_company_id(&company_id(n)).await.unwrap();
            let with_key = |company: &&Company| n > 0 && company.company_id == company_id(n);
            assert_eq!(company.as_ref(), model.companies.values().find(with_key));
            let superuser = store.superuser_by_email(&email).await.unwrap();
            assert_eq!(
                superuser.as_ref(),
                model
                    .superusers
                    .values()
                    .find(|superuser| superuser.email == email)
            );
        }
        assert_eq!(store.count_users().await.unwrap(), model.users.len() as u64);
        let lengths = [
            model.users.len(),
            model.companies.len(),
            model.superusers.len(),
        ]
        .map(|len| len as u64);
        let Contents {
            users,
            companies,
            superusers,
            ..
        } = store.file().unwrap().check().unwrap();
        assert_eq!([users, companies, superusers], lengths);
        model.forget_numbers();
        model.keys = store
            .token_keys()
            .await
            .unwrap()
            .iter()
            .map(|key| key.created.as_second())
            .collect();
        model
    }
}

fn runtime(threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap()
}

/// Whether some order of the operations explains all their answers and what is stored afterwards.
fn explained(before: &Model, done: &[(Performed, Outcome)], after: &Model) -> bool {
    if done.is_empty() {
        return before == after;
    }
    (0..done.len()).any(|first| {
        let mut model = before.clone();
        let mut rest = done.to_vec();
        let (operation, outcome) = rest.remove(first);
        model.perform(&operation) == outcome && explained(&model, &rest, after)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_sequence_of_operations_does_what_the_model_does(
        operations in proptest::collection::vec((operation(), prop::bool::weighted(0.1)), 1..60),
    ) {
        let (runtime, disk) = (runtime(1), CrashDisk::default());
        let mut store = Store::open(&disk.location(), CACHE).unwrap();
        let mut model = Model::default();
        for (operation, reopen) in operations {
            if reopen {
                drop(store);
                store = Store::open(&disk.location(), CACHE).unwrap();
            }
            let (performed, outcome) = runtime.block_on(perform(&store, operation));
            prop_assert_eq!(outcome, model.perform(&performed), "{:?}", performed);
        }
        prop_assert_eq!(runtime.block_on(Model::of(&store)), model);
    }

    #[test]
    fn concurrent_operations_do_what_some_order_of_them_would(
        rounds in proptest::collection::vec(proptest::collection::vec(operation(), 4), 1..12),
    ) {
        let runtime = runtime(4);
        let store = Store::open(&Location::memory(), CACHE).unwrap();
        let mut before = Model::default();
        for operations in rounds {
            let tasks: Vec<_> = operations
                .into_iter()
                .map(|operation| {
                    let store = store.clone();
                    runtime.spawn(async move { perform(&store, operation).await })
                })
                .collect();
            let done: Vec<_> = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
            let after = runtime.block_on(Model::of(&store));
            prop_assert!(explained(&before, &done, &after), "{:?}\nbefore {:?}\nafter {:?}", done, before, after);
            before = after;
        }
    }
}
