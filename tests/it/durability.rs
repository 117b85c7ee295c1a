//! Nothing acknowledged is lost: power cuts and I/O errors, each outcome sorted into acknowledged, refused and unknown,
//! and held against what is there afterwards. (crash.rs kills the real binary; flips.rs changes bytes.)

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bai::domain::{Name, User};
use bai::store::{Error, Store, UserUpdate};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::runtime::Runtime;

use crate::platter::{Fault, Platter};
use crate::users::{new_user, now, openid, phone, user_id};

const CACHE: usize = 1 << 20;
/// Writers at the same time; each round they add a user each, and rename one each.
const WRITERS: usize = 5;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// What clients know of a user: the last name that was acknowledged (empty: registered only), or `None` if not even the
/// registration was; and the names of which nobody knows whether they were stored.
#[derive(Clone, Debug, Default)]
struct Knowledge {
    acknowledged: Option<String>,
    unknown: Vec<String>,
}

type Model = BTreeMap<usize, Knowledge>;

/// Lets `WRITERS` clients work for `rounds` rounds; errors are outcomes, not failures.
async fn work(store: &Store, rounds: usize, model: &mut Model) {
    for round in 0..rounds {
        let first = round * WRITERS;
        let insertions = join_all((first..first + WRITERS).map(|n| store.insert_user(new_user(n)))).await;
        for (n, outcome) in (first..).zip(insertions) {
            learn(model.entry(n).or_default(), String::new(), &outcome.map(|inner| inner.is_ok()));
        }
        let rename = |n: usize| {
            let name = format!("name {round}");
            let update = UserUpdate { name: Some(Name::parse(&name).unwrap()), ..UserUpdate::default() };
            async move { (n, name, store.update_user(user_id(n), update, now()).await) }
        };
        let renamed = join_all((0..WRITERS).map(|i| rename((round * 7 + i) % (first + WRITERS)))).await;
        for (n, name, outcome) in renamed {
            learn(model.entry(n).or_default(), name, &outcome.map(|inner| inner.is_ok()));
        }
    }
}

fn learn(knowledge: &mut Knowledge, name: String, outcome: &Result<bool, Error>) {
    match outcome {
        Ok(true) => *knowledge = Knowledge { acknowledged: Some(name), unknown: Vec::new() },
        Ok(false) => {}
        Err(_) => knowledge.unknown.push(name),
    }
}

/// Every acknowledged user is there, whole, found by each index, with its last acknowledged name or an unknown later
/// one; nobody else is; the count is exact.
async fn verify(store: &Store, model: &Model, case: &str) {
    let mut found = 0;
    for (n, knowledge) in model {
        let user = store.user_by_id(&user_id(*n)).await.unwrap();
        assert_eq!(store.user_by_openid(&openid(*n)).await.unwrap(), user, "{case}: user {n}");
        assert_eq!(store.user_by_phone(&phone(*n)).await.unwrap(), user, "{case}: user {n}");
        found += u64::from(user.is_some());
        match user {
            None => assert!(knowledge.acknowledged.is_none(), "{case}: user {n} is lost"),
            Some(user) => {
                let may_be = knowledge.acknowledged.iter().chain(&knowledge.unknown);
                assert!(
                    may_be.clone().any(|name| *name == user.name),
                    "{case}: {user:?} is not {knowledge:?}"
                );
                let whole = User { name: String::new(), ..user.clone() };
                assert_eq!(whole, new_user(*n).numbered(user.number), "{case}: user {n}");
            }
        }
    }
    assert_eq!(store.count_users().await.unwrap(), found, "{case}");
    assert_eq!(store.check().unwrap().users, found, "{case}");
}

pub fn rounds_from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// `BAI_CUTS` sets how many; a seed that fails is named.
#[test]
fn no_power_cut_loses_what_was_acknowledged_or_leaves_a_file_that_will_not_open() {
    let runtime = runtime();
    let calls = {
        let platter = Platter::default();
        let store = Store::open(&platter.location(), CACHE).unwrap();
        let before = platter.calls();
        runtime.block_on(work(&store, 6, &mut Model::new()));
        platter.calls() - before
    };
    for seed in 0..rounds_from_env("BAI_CUTS", 400) {
        let case = format!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let platter = Platter::default();
        let mut model = Model::new();
        let store = Store::open(&platter.location(), CACHE).unwrap();
        platter.plan(rng.random_range(1..=calls), Fault::PowerCut);
        runtime.block_on(work(&store, 6, &mut model));
        drop(store);
        let mut platter = platter.after_cut(&mut rng);
        if seed % 2 == 0 {
            // The power goes again while the file is recovered.
            platter.plan(rng.random_range(1..=30), Fault::PowerCut);
            drop(Store::open(&platter.location(), CACHE));
            platter = platter.after_cut(&mut rng);
        }
        let store = Store::open(&platter.location(), CACHE).unwrap_or_else(|e| panic!("{case}: {e}"));
        runtime.block_on(verify(&store, &model, &case));
        runtime.block_on(store.insert_user(new_user(9_999))).unwrap().unwrap();
    }
}

/// The disk fails at one call, each in turn, and works again after it: a clean error, and the state that the
/// answers say. `BAI_OPERATIONS` sets how long the script is.
#[test]
fn an_io_error_at_any_call_is_a_clean_error() {
    let rounds = usize::try_from(rounds_from_env("BAI_OPERATIONS", 100)).unwrap() / (2 * WRITERS);
    let next = AtomicU64::new(1);
    let fail_in_turn = || {
        let runtime = runtime();
        while fails_cleanly(&runtime, rounds, next.fetch_add(1, Ordering::SeqCst)) {}
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(fail_in_turn);
        }
    });
    let calls = next.into_inner();
    assert!(calls > 10 * rounds as u64, "the script makes only {calls} calls");
}

/// False when the script has no `n`-th call.
fn fails_cleanly(runtime: &Runtime, rounds: usize, n: u64) -> bool {
    let platter = Platter::default();
    let mut model = Model::new();
    let store = Store::open(&platter.location(), CACHE).unwrap();
    platter.plan(n, Fault::Error);
    runtime.block_on(work(&store, rounds, &mut model));
    let happened = !platter.take_back();
    runtime.block_on(verify_after_error(&store, &model, &format!("call {n}")));
    happened
}

async fn verify_after_error(store: &Store, model: &Model, case: &str) {
    // The fault may have hit the last commit; the next one finds the database reopened.
    store.insert_user(new_user(9_999)).await.unwrap_or_else(|e| panic!("{case}: {e}")).unwrap();
    let mut model = model.clone();
    model.insert(9_999, Knowledge { acknowledged: Some(String::new()), unknown: Vec::new() });
    verify(store, &model, case).await;
}
