//! The store against a model in memory: every operation in any order, one at a time and at the same time.

use std::collections::{BTreeMap, BTreeSet};

use bai::domain::{
    Company, IdType, NewUser, RecordId, ServerKey, Status, Superuser, TokenKey, User, UserNumber,
    UserType,
};
use bai::store::{
    CompanyUpdate, Conflict, Contents, Location, Record, Store, SuperuserUpdate, UserUpdate, Write,
};
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
    /// Id, openid, phone.
    Insert(usize, usize, Option<usize>),
    FindOrInsert(usize, usize, Option<usize>),
    Update(usize, Change),
    /// The user, and whether the old hash is the right one.
    Rehash(usize, bool),
    /// All of them or none.
    Write(Vec<Step>),
    /// Seconds: when the key was made, and before when keys go.
    AddTokenKey(i64, i64),
}

#[derive(Clone, Debug)]
enum Step {
    /// Id, openid, phone.
    Insert(usize, usize, Option<usize>),
    Update(usize, Change),
    Delete(usize),
    /// Id, key, value.
    InsertCompany(usize, usize, u8),
    UpdateCompany(usize, usize, u8),
    DeleteCompany(usize),
    /// Id, address.
    InsertSuperuser(usize, usize),
    UpdateSuperuser(usize, usize),
    DeleteSuperuser(usize),
}

#[derive(Clone, Debug)]
enum Change {
    Phone(usize),
    Status(bool),
    Email(Option<usize>),
    TokenKey(u8),
    /// Everything else at once.
    Texts(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..KINDS).prop_map(Change::Phone),
        any::<bool>().prop_map(Change::Status),
        proptest::option::of(0..KINDS).prop_map(Change::Email),
        any::<u8>().prop_map(Change::TokenKey),
        any::<u8>().prop_map(Change::Texts),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..KINDS;
    prop_oneof![
        3 => (n(), n(), proptest::option::of(n())).prop_map(|(id, openid, phone)| Step::Insert(id, openid, phone)),
        2 => (n(), change()).prop_map(|(id, change)| Step::Update(id, change)),
        1 => n().prop_map(Step::Delete),
        1 => (n(), n(), any::<u8>()).prop_map(|(id, key, value)| Step::InsertCompany(id, key, value)),
        1 => (n(), n(), any::<u8>()).prop_map(|(id, key, value)| Step::UpdateCompany(id, key, value)),
        1 => n().prop_map(Step::DeleteCompany),
        1 => (n(), n()).prop_map(|(id, email)| Step::InsertSuperuser(id, email)),
        1 => (n(), n()).prop_map(|(id, email)| Step::UpdateSuperuser(id, email)),
        1 => n().prop_map(Step::DeleteSuperuser),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let n = || 0..KINDS;
    let phone = || proptest::option::of(0..KINDS);
    prop_oneof![
        3 => (n(), n(), phone()).prop_map(|(id, openid, phone)| Operation::Insert(id, openid, phone)),
        3 => (n(), n(), phone()).prop_map(|(id, openid, phone)| Operation::FindOrInsert(id, openid, phone)),
        4 => (n(), change()).prop_map(|(id, change)| Operation::Update(id, change)),
        1 => (n(), any::<bool>()).prop_map(|(id, right)| Operation::Rehash(id, right)),
        4 => proptest::collection::vec(step(), 1..6).prop_map(Operation::Write),
        1 => (0..100_i64, 0..100_i64).prop_map(|(created, drop)| Operation::AddTokenKey(created, drop)),
    ]
}

fn new(id: usize, openid_n: usize, phone_n: Option<usize>) -> NewUser {
    new_user(id).with(|user| {
        user.openid = openid(openid_n);
        user.phone = phone_n.map(phone);
        user.password_hash = Some("old".into());
    })
}

fn update(change: &Change) -> UserUpdate {
    let none = UserUpdate::default();
    match change {
        Change::Phone(n) => UserUpdate {
            phone: Some(Some(phone(*n))),
            ..none
        },
        Change::Status(true) => UserUpdate {
            status: Some(Status::Active),
            ..none
        },
        Change::Status(false) => UserUpdate {
            status: Some(Status::Disabled),
            ..none
        },
        Change::Email(email) => UserUpdate {
            email: Some(email.map(|n| format!("{n}@example.com"))),
            ..none
        },
        Change::TokenKey(byte) => UserUpdate {
            token_key: Some(TokenKey::new([*byte; 16])),
            ..none
        },
        Change::Texts(byte) => UserUpdate {
            name: bai::domain::Name::parse(&format!("name {byte}")).ok(),
            picture: bai::domain::Picture::parse(&format!("picture {byte}")).ok(),
            company_id: bai::domain::ShortText::parse(&format!("company {byte}")).ok(),
            user_type: Some(UserType::Registered),
            ..none
        },
    }
}

fn hashes(is_right: bool) -> (String, String) {
    (if is_right { "old" } else { "other" }.into(), "new".into())
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

fn write(step: &Step) -> Write {
    match step {
        Step::Insert(id, openid, phone) => Write::InsertUser(new(*id, *openid, *phone)),
        Step::Update(id, change) => Write::UpdateUser(user_id(*id), Box::new(update(change))),
        Step::Delete(id) => Write::DeleteUser(user_id(*id)),
        Step::InsertCompany(id, key, value) => Write::InsertCompany(company(*id, *key, *value)),
        Step::UpdateCompany(id, key, value) => {
            let update = CompanyUpdate {
                company_id: Some(company_id(*key)),
                columns: Some(columns(*value)),
            };
            Write::UpdateCompany(user_id(*id), update)
        }
        Step::DeleteCompany(id) => Write::DeleteCompany(user_id(*id)),
        Step::InsertSuperuser(id, email) => Write::InsertSuperuser(superuser(*id, *email)),
        Step::UpdateSuperuser(id, email) => {
            let update = SuperuserUpdate {
                email: Some(format!("{email}@example.com")),
                ..SuperuserUpdate::default()
            };
            Write::UpdateSuperuser(user_id(*id), update)
        }
        Step::DeleteSuperuser(id) => Write::DeleteSuperuser(user_id(*id)),
    }
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

fn unnumbered_user(user: User) -> User {
    User {
        number: UserNumber(0),
        ..user
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

/// What an operation answered.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    User(Result<User, Conflict>),
    Found(Result<(User, bool), Conflict>),
    Written(Result<Vec<Record>, (usize, Conflict)>),
    Done,
}

async fn perform(store: &Store, operation: Operation) -> Outcome {
    match operation {
        Operation::Insert(id, openid, phone) => Outcome::User(
            store
                .insert_user(new(id, openid, phone))
                .await
                .unwrap()
                .map(unnumbered_user),
        ),
        Operation::FindOrInsert(id, openid, phone) => {
            let found = store
                .find_or_insert_user(new(id, openid, phone))
                .await
                .unwrap();
            Outcome::Found(found.map(|(user, made)| (unnumbered_user(user), made)))
        }
        Operation::Update(id, change) => {
            let updated = store
                .update_user(user_id(id), update(&change), now())
                .await
                .unwrap();
            Outcome::User(updated.map(unnumbered_user))
        }
        Operation::Rehash(id, is_right) => {
            let (old, new) = hashes(is_right);
            store
                .replace_password_hash(user_id(id), old, new)
                .await
                .unwrap();
            Outcome::Done
        }
        Operation::Write(steps) => {
            let written = store
                .write(steps.iter().map(write).collect(), now())
                .await
                .unwrap();
            Outcome::Written(written.map(|records| records.into_iter().map(unnumbered).collect()))
        }
        Operation::AddTokenKey(created, drop_before) => {
            store
                .add_token_key(key(created), second(drop_before))
                .await
                .unwrap();
            Outcome::Done
        }
    }
}

/// What the store should hold, by the plainest means.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    users: BTreeMap<String, User>,
    companies: BTreeMap<String, Company>,
    superusers: BTreeMap<String, Superuser>,
    keys: Vec<i64>,
}

impl Model {
    fn perform(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Insert(id, openid, phone) => {
                Outcome::User(self.insert(new(*id, *openid, *phone)))
            }
            Operation::FindOrInsert(id, openid_n, phone) => {
                let found = self
                    .users
                    .values()
                    .find(|user| user.openid == openid(*openid_n))
                    .cloned();
                Outcome::Found(match found {
                    Some(user) => Ok((user, false)),
                    None => self
                        .insert(new(*id, *openid_n, *phone))
                        .map(|user| (user, true)),
                })
            }
            Operation::Update(id, change) => Outcome::User(self.update(&user_id(*id), change)),
            Operation::Rehash(id, is_right) => {
                let (old, new) = hashes(*is_right);
                if let Some(user) = self.users.get_mut(user_id(*id).as_str())
                    && user.password_hash.as_ref() == Some(&old)
                {
                    user.password_hash = Some(new);
                }
                Outcome::Done
            }
            Operation::Write(steps) => Outcome::Written(self.write(steps)),
            Operation::AddTokenKey(created, drop_before) => {
                let newest_old = self.keys.iter().rposition(|made| made < drop_before);
                let is_kept = |n: usize, made: i64| made >= *drop_before || Some(n) == newest_old;
                let mut n = 0..;
                self.keys.retain(|made| is_kept(n.next().unwrap(), *made));
                self.keys.push(*created);
                Outcome::Done
            }
        }
    }

    fn write(&mut self, steps: &[Step]) -> Result<Vec<Record>, (usize, Conflict)> {
        let mut changed = self.clone();
        let one = |(n, step)| changed.step(step).map_err(|conflict| (n, conflict));
        let records = steps
            .iter()
            .enumerate()
            .map(one)
            .collect::<Result<_, _>>()?;
        *self = changed;
        Ok(records)
    }

    fn step(&mut self, step: &Step) -> Result<Record, Conflict> {
        let gone = Conflict::NoSuchRecord;
        match step {
            Step::Insert(id, openid, phone) => {
                self.insert(new(*id, *openid, *phone)).map(Record::User)
            }
            Step::Update(id, change) => self.update(&user_id(*id), change).map(Record::User),
            Step::Delete(id) => self
                .users
                .remove(user_id(*id).as_str())
                .map(Record::User)
                .ok_or(gone),
            Step::InsertCompany(id, key, value) => {
                let company = company(*id, *key, *value);
                let is_same = |other: &Company| other.company_id == company.company_id;
                if !company.company_id.is_empty() && self.companies.values().any(is_same) {
                    return Err(Conflict::CompanyId);
                }
                if self.companies.contains_key(company.id.as_str()) {
                    return Err(Conflict::Id);
                }
                self.put_company(company)
            }
            Step::UpdateCompany(id, key, value) => {
                let company = company(*id, *key, *value);
                self.companies.get(company.id.as_str()).ok_or(gone)?;
                self.put_company(company)
            }
            Step::DeleteCompany(id) => self
                .companies
                .remove(user_id(*id).as_str())
                .map(Record::Company)
                .ok_or(gone),
            Step::InsertSuperuser(id, email) => {
                let superuser = superuser(*id, *email);
                if self
                    .superusers
                    .values()
                    .any(|other| other.email == superuser.email)
                {
                    return Err(Conflict::Email);
                }
                if self.superusers.contains_key(superuser.id.as_str()) {
                    return Err(Conflict::Id);
                }
                self.put_superuser(superuser)
            }
            Step::UpdateSuperuser(id, email) => {
                let superuser = superuser(*id, *email);
                self.superusers.get(superuser.id.as_str()).ok_or(gone)?;
                self.put_superuser(superuser)
            }
            Step::DeleteSuperuser(id) => {
                let id = user_id(*id);
                self.superusers.get(id.as_str()).ok_or(gone)?;
                if self.superusers.len() == 1 {
                    return Err(Conflict::LastSuperuser);
                }
                self.superusers
                    .remove(id.as_str())
                    .map(Record::Superuser)
                    .ok_or(gone)
            }
        }
    }

    fn put_company(&mut self, company: Company) -> Result<Record, Conflict> {
        let is_same =
            |other: &Company| other.id != company.id && other.company_id == company.company_id;
        if !company.company_id.is_empty() && self.companies.values().any(is_same) {
            return Err(Conflict::CompanyId);
        }
        self.companies
            .insert(company.id.to_string(), company.clone());
        Ok(Record::Company(company))
    }

    fn put_superuser(&mut self, superuser: Superuser) -> Result<Record, Conflict> {
        let is_same =
            |other: &Superuser| other.id != superuser.id && other.email == superuser.email;
        if self.superusers.values().any(is_same) {
            return Err(Conflict::Email);
        }
        self.superusers
            .insert(superuser.id.to_string(), superuser.clone());
        Ok(Record::Superuser(superuser))
    }

    fn insert(&mut self, new: NewUser) -> Result<User, Conflict> {
        let user = new.numbered(UserNumber(0));
        let taken = |is_same: &dyn Fn(&User) -> bool| self.users.values().any(is_same);
        if user.email.is_some() && taken(&|other| other.email == user.email) {
            Err(Conflict::Email)
        } else if user.phone.is_some() && taken(&|other| other.phone == user.phone) {
            Err(Conflict::Phone)
        } else if taken(&|other| other.openid == user.openid) {
            Err(Conflict::OpenId)
        } else if taken(&|other| other.id == user.id) {
            Err(Conflict::Id)
        } else {
            self.users.insert(user.id.to_string(), user.clone());
            Ok(user)
        }
    }

    fn update(&mut self, id: &RecordId, change: &Change) -> Result<User, Conflict> {
        let update = update(change);
        let new_phone = update.phone.clone().flatten();
        let has_phone = |user: &User| new_phone.is_some() && user.phone == new_phone;
        let is_taken = self
            .users
            .values()
            .any(|user| user.id != *id && has_phone(user));
        let new_email = update.email.clone().flatten();
        let has_email =
            |user: &User| user.id != *id && new_email.is_some() && user.email == new_email;
        let has_email_of_another = self.users.values().any(has_email);
        let Some(user) = self.users.get_mut(id.as_str()) else {
            return Err(Conflict::NoSuchRecord);
        };
        if has_email_of_another {
            return Err(Conflict::Email);
        }
        if is_taken {
            return Err(Conflict::Phone);
        }
        match change {
            Change::Phone(n) => user.phone = Some(phone(*n)),
            Change::Status(active) => {
                user.status = if *active {
                    Status::Active
                } else {
                    Status::Disabled
                };
            }
            Change::Email(email) => user.email = email.map(|n| format!("{n}@example.com")),
            Change::TokenKey(byte) => user.token_key = TokenKey::new([*byte; 16]),
            Change::Texts(byte) => {
                user.name = format!("name {byte}");
                user.picture = format!("picture {byte}");
                user.company_id = format!("company {byte}");
                user.user_type = UserType::Registered;
            }
        }
        user.updated = now();
        Ok(user.clone())
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
        } = store.check().unwrap();
        assert_eq!([users, companies, superusers], lengths);
        model.forget_numbers();
        model.keys = store
            .token_keys()
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
fn explained(before: &Model, done: &[(Operation, Outcome)], after: &Model) -> bool {
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
    #![proptest_config(ProptestConfig::with_cases(64))]

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
            let outcome = runtime.block_on(perform(&store, operation.clone()));
            prop_assert_eq!(outcome, model.perform(&operation), "{:?}", operation);
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
                    runtime.spawn(async move { (operation.clone(), perform(&store, operation).await) })
                })
                .collect();
            let done: Vec<_> = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
            let after = runtime.block_on(Model::of(&store));
            prop_assert!(explained(&before, &done, &after), "{:?}\nbefore {:?}\nafter {:?}", done, before, after);
            before = after;
        }
    }
}
