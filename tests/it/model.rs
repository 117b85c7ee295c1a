//! The store against a model in memory: every operation in any order, one at a time and at the same time.

use std::collections::BTreeMap;

use bai::domain::{Company, NewUser, RecordId, ServerKey, Status, TokenKey, User, UserNumber, UserType};
use bai::store::{Conflict, Location, Store, UserUpdate};
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::platter::Platter;
use crate::users::{new_user, now, openid, phone, user_id};

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
    PutCompany(usize, u8),
    /// Seconds: when the key was made, and before when keys go.
    AddTokenKey(i64, i64),
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

fn operation() -> impl Strategy<Value = Operation> {
    let n = || 0..KINDS;
    let phone = || proptest::option::of(0..KINDS);
    let change = prop_oneof![
        n().prop_map(Change::Phone),
        any::<bool>().prop_map(Change::Status),
        phone().prop_map(Change::Email),
        any::<u8>().prop_map(Change::TokenKey),
        any::<u8>().prop_map(Change::Texts),
    ];
    prop_oneof![
        3 => (n(), n(), phone()).prop_map(|(id, openid, phone)| Operation::Insert(id, openid, phone)),
        3 => (n(), n(), phone()).prop_map(|(id, openid, phone)| Operation::FindOrInsert(id, openid, phone)),
        4 => (n(), change).prop_map(|(id, change)| Operation::Update(id, change)),
        1 => (n(), any::<bool>()).prop_map(|(id, right)| Operation::Rehash(id, right)),
        1 => (n(), any::<u8>()).prop_map(|(key, value)| Operation::PutCompany(key, value)),
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
        Change::Phone(n) => UserUpdate { phone: Some(phone(*n)), ..none },
        Change::Status(true) => UserUpdate { status: Some(Status::Active), ..none },
        Change::Status(false) => UserUpdate { status: Some(Status::Disabled), ..none },
        Change::Email(email) => UserUpdate { email: Some(email.map(|n| format!("{n}@example.com"))), ..none },
        Change::TokenKey(byte) => UserUpdate { token_key: Some(TokenKey::new([*byte; 16])), ..none },
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

fn company(key: usize, value: u8) -> Company {
    Company { company_id: format!("company {key}"), record: format!("{{\"value\":{value}}}") }
}

fn key(created: i64) -> ServerKey {
    ServerKey { secret: [1; 32], created: second(created) }
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// What an operation answered.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    User(Result<User, Conflict>),
    Found(Result<(User, bool), Conflict>),
    Done,
}

async fn perform(store: &Store, operation: Operation) -> Outcome {
    match operation {
        Operation::Insert(id, openid, phone) => {
            Outcome::User(store.insert_user(new(id, openid, phone)).await.unwrap())
        }
        Operation::FindOrInsert(id, openid, phone) => {
            Outcome::Found(store.find_or_insert_user(new(id, openid, phone)).await.unwrap())
        }
        Operation::Update(id, change) => {
            Outcome::User(store.update_user(user_id(id), update(&change), now()).await.unwrap())
        }
        Operation::Rehash(id, is_right) => {
            let (old, new) = hashes(is_right);
            store.replace_password_hash(user_id(id), old, new).await.unwrap();
            Outcome::Done
        }
        Operation::PutCompany(key, value) => {
            store.put_company(company(key, value)).await.unwrap();
            Outcome::Done
        }
        Operation::AddTokenKey(created, drop_before) => {
            store.add_token_key(key(created), second(drop_before)).await.unwrap();
            Outcome::Done
        }
    }
}

/// What the store should hold, by the plainest means.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    users: BTreeMap<String, User>,
    companies: BTreeMap<String, String>,
    keys: Vec<i64>,
}

impl Model {
    fn perform(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Insert(id, openid, phone) => Outcome::User(self.insert(new(*id, *openid, *phone))),
            Operation::FindOrInsert(id, openid_n, phone) => {
                let found = self.users.values().find(|user| user.openid == openid(*openid_n)).cloned();
                Outcome::Found(match found {
                    Some(user) => Ok((user, false)),
                    None => self.insert(new(*id, *openid_n, *phone)).map(|user| (user, true)),
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
            Operation::PutCompany(key, value) => {
                let company = company(*key, *value);
                self.companies.insert(company.company_id, company.record);
                Outcome::Done
            }
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

    fn insert(&mut self, new: NewUser) -> Result<User, Conflict> {
        let number = self.users.values().map(|user| user.number.0).max().unwrap_or(0) + 1;
        let user = new.numbered(UserNumber(number));
        let taken = |is_same: &dyn Fn(&User) -> bool| self.users.values().any(is_same);
        if taken(&|other| other.id == user.id) {
            Err(Conflict::Id)
        } else if taken(&|other| other.openid == user.openid) {
            Err(Conflict::OpenId)
        } else if user.phone.is_some() && taken(&|other| other.phone == user.phone) {
            Err(Conflict::Phone)
        } else {
            self.users.insert(user.id.to_string(), user.clone());
            Ok(user)
        }
    }

    fn update(&mut self, id: &RecordId, change: &Change) -> Result<User, Conflict> {
        let update = update(change);
        let has_phone = |user: &User| update.phone.is_some() && user.phone == update.phone;
        let is_taken = self.users.values().any(|user| user.id != *id && has_phone(user));
        let Some(user) = self.users.get_mut(id.as_str()) else { return Err(Conflict::NoSuchUser) };
        if is_taken {
            return Err(Conflict::Phone);
        }
        match change {
            Change::Phone(n) => user.phone = Some(phone(*n)),
            Change::Status(active) => {
                user.status = if *active { Status::Active } else { Status::Disabled };
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

    /// What the store holds, by every door that it has.
    async fn of(store: &Store) -> Self {
        let mut model = Self::default();
        for n in 0..KINDS {
            if let Some(user) = store.user_by_id(&user_id(n)).await.unwrap() {
                assert_eq!(store.user_by_openid(&user.openid).await.unwrap().as_ref(), Some(&user));
                model.users.insert(user.id.to_string(), user);
            }
            if let Some(company) = store.company_by_company_id(&format!("company {n}")).await.unwrap() {
                model.companies.insert(company.company_id, company.record);
            }
        }
        for n in 0..KINDS {
            let by = |is_it: &dyn Fn(&User) -> bool| model.users.values().find(|user| is_it(user)).cloned();
            let by_openid = store.user_by_openid(&openid(n)).await.unwrap();
            assert_eq!(by_openid, by(&|user| user.openid == openid(n)));
            let by_phone = store.user_by_phone(&phone(n)).await.unwrap();
            assert_eq!(by_phone, by(&|user| user.phone == Some(phone(n))));
        }
        assert_eq!(store.count_users().await.unwrap(), model.users.len() as u64);
        model.keys = store.token_keys().unwrap().iter().map(|key| key.created.as_second()).collect();
        model
    }
}

fn runtime(threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap()
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
        let (runtime, platter) = (runtime(1), Platter::default());
        let mut store = Store::open(&platter.location(), CACHE).unwrap();
        let mut model = Model::default();
        for (operation, reopen) in operations {
            if reopen {
                drop(store);
                store = Store::open(&platter.location(), CACHE).unwrap();
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
