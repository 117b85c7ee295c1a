//! The users of a bench: each follows from its number. Even ones came through WeChat, odd ones from the platform.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bai::clock::Clock;
use bai::config::Config;
use bai::domain::{IdType, OpenId, Phone, PlainPassword, RecordId, TokenKey, User, UserType};
use bai::fair::Bounds;
use bai::password::Passwords;
use bai::store::{Location, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use crate::bare_scrypt::shipped_cost;
use crate::measured::Measured;

/// Of every platform user.
pub const PASSWORD: &str = "12345678";
/// Insertions at once while a file is filled: as many as one commit takes.
const FILLING: usize = 1024;
/// Page cache while a file is filled; what is measured has the cache that `bai` ships with.
const FILLING_CACHE: usize = 1 << 30;

/// What makes a user from its number.
#[derive(Clone)]
pub struct Users {
    hash: Arc<str>,
}

impl Users {
    pub async fn new() -> Self {
        let passwords =
            Passwords::new(shipped_cost(), 1, Bounds { all: 1, each: 1 }).expect("a thread");
        let password = PlainPassword::new(PASSWORD.into()).expect("a password");
        let hash = passwords
            .hash(None, password, [7; 16])
            .await
            .expect("hashing works");
        Self { hash: hash.into() }
    }

    pub fn user(&self, number: u64) -> User {
        const FAMILY: [&str; 8] = ["王", "李", "张", "刘", "陈", "杨", "赵", "欧阳"];
        const GIVEN: [&str; 8] = ["伟", "芳", "秀英", "娜", "敏", "建国", "小明", "雪"];
        let mut rng = StdRng::seed_from_u64(number);
        let id = RecordId::from_random(rng.random());
        let picture = format!("https://img.example.com/avatars/{id}.jpg");
        let name = [
            FAMILY[rng.random_range(0..8)],
            GIVEN[rng.random_range(0..8)],
        ]
        .concat();
        let token_key = TokenKey::new(rng.random::<[u8; 16]>());
        let conversation = Uuid::from_u128(rng.random());
        let (openid, id_type) = match is_wechat(number) {
            true => (openid(number), IdType::WeChat),
            false => (
                OpenId::from(Uuid::from_u128(rng.random())),
                IdType::ManagePlatform,
            ),
        };
        let now = Clock::System.now();
        User {
            name,
            picture,
            phone: Some(Phone::parse(&phone(number)).expect("a phone")),
            user_type: UserType::Registered,
            password_hash: (!is_wechat(number)).then(|| self.hash.to_string()),
            ..User::new(id, openid, id_type, conversation, token_key, now)
        }
    }
}

fn is_wechat(number: u64) -> bool {
    number.is_multiple_of(2)
}

/// 28 characters, as WeChat's.
pub fn openid(number: u64) -> OpenId {
    OpenId::parse(&format!("o_{}", wechat_name(number))).expect("an openid")
}

/// What the codes of a WeChat user begin with.
pub fn wechat_name(number: u64) -> String {
    format!("pre_{number:022}")
}

pub fn id(number: u64) -> RecordId {
    RecordId::from_random(StdRng::seed_from_u64(number).random())
}

/// A number below `count` that follows from `n`, in no order.
pub fn any(n: u64, count: u64) -> u64 {
    StdRng::seed_from_u64(n).random_range(0..count)
}

/// The number of a WeChat user among `count` users, as [`any`].
pub fn any_wechat(n: u64, count: u64) -> u64 {
    any(n, count / 2) * 2
}

/// The number of a platform user among `count` users, as [`any`].
pub fn any_platform(n: u64, count: u64) -> u64 {
    any(n, count / 2) * 2 + 1
}

pub fn phone(number: u64) -> String {
    format!("1{}{number:09}", if is_wechat(number) { 5 } else { 3 })
}

/// The store with the cache that `bai` ships with.
pub fn open(file: &Path) -> Store {
    let cache = Config::default().store.cache_mib << 20;
    Store::open(&Location::File(file.to_owned()), cache).expect("the store opens")
}

/// Fills a new file with `count` users.
pub async fn fill(file: &Path, count: u64, users: &Users) {
    assert!(!file.exists(), "{} exists already", file.display());
    let started = Instant::now();
    let store =
        Store::open(&Location::File(file.to_owned()), FILLING_CACHE).expect("the store opens");
    let (opened, made) = (store.clone(), users.clone());
    let insert = move |number| {
        let (store, user) = (opened.clone(), made.user(number));
        async move { insert(&store, user).await }
    };
    each(FILLING, 0..count, insert).await;
    eprintln!("{count} users stored in {:.0?}", started.elapsed());
}

pub async fn insert(store: &Store, user: User) {
    store.insert(user).await.expect("each user is new");
}

/// Completes the profile of the user `number` once more, as its change `change`: another phone, a name and a picture of
/// another length.
pub async fn change(store: &Store, number: u64, change: u64) {
    let length = usize::try_from(change % 16).unwrap_or(0);
    let changed = |user| User {
        name: ["李四", "李小四"][length % 2].to_owned(),
        phone: Some(Phone::parse(&format!("17{change:09}")).expect("a phone")),
        picture: format!("https://img.example.com/avatars/{change:0>length$}.jpg"),
        user_type: UserType::Registered,
        updated: Clock::System.now(),
        ..user
    };
    update(store, &id(number), changed).await;
}

/// Replaces a user by what `change` makes of it, as the server does it.
pub async fn update(store: &Store, id: &RecordId, change: impl Fn(User) -> User) {
    let _lock = store.lock([id]).await;
    let found = store.user_by_id(id).await.expect("the disk works");
    let before = found.expect("the user is there");
    let updated = store.update(before.clone(), change(before)).await;
    updated.expect("no conflict");
}

/// `clients` do `operation` once with each of `numbers`, in this process.
pub async fn each<F, Fut>(clients: usize, numbers: Range<u64>, operation: F)
where
    F: Fn(u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let next = Arc::new(AtomicU64::new(numbers.start));
    let client = |()| {
        let (operation, next) = (operation.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    number if number < numbers.end => operation(number).await,
                    _ => return,
                }
            }
        })
    };
    for client in std::iter::repeat_n((), clients)
        .map(client)
        .collect::<Vec<_>>()
    {
        client.await.expect("a client ends well");
    }
}

/// `clients` do `operation` again and again, in this process. What it does before its future is not timed.
pub async fn closed_loop<F, Fut>(clients: usize, time: Duration, operation: F) -> Measured
where
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let started = Instant::now();
    let client = |()| {
        let operation = operation.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while started.elapsed() < time {
                let operation = operation();
                let begun = Instant::now();
                operation.await;
                latencies.push(begun.elapsed());
            }
            latencies
        })
    };
    let mut latencies = Vec::new();
    for client in std::iter::repeat_n((), clients)
        .map(client)
        .collect::<Vec<_>>()
    {
        latencies.extend(client.await.expect("a client ends well"));
    }
    Measured::new(started.elapsed(), latencies)
}
