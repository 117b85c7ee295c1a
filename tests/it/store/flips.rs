//! A byte of the file that the disk has changed: right answers or an error that names the damage, never a wrong answer.

use bai::domain::User;
use bai::store::{CommitError, Error, Store};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::runtime::Runtime;

use crate::support::crash_disk::CrashDisk;
use crate::support::rounds::rounds_from_env;
use crate::support::users::{new_user, openid, phone, stored_user, user_id};

const CACHE: usize = 1 << 20;
/// Enough for pages above the leaves of each table.
const USERS: usize = 300;
/// Users that are asked for after each flip.
const ASKED: usize = 12;

fn file_with_users(runtime: &Runtime) -> Vec<u8> {
    let disk = CrashDisk::default();
    let store = Store::open(&disk.location(), CACHE).unwrap();
    for n in 0..USERS {
        runtime.block_on(store.insert(new_user(n))).unwrap();
    }
    drop(store);
    disk.content()
}

/// The answers after a flip; a refusal is fine if it says what is wrong.
async fn ask(store: &Store, rng: &mut StdRng) -> Result<(), Error> {
    assert_eq!(
        store.count_users().await?,
        USERS as u64,
        "the count is wrong"
    );
    for _ in 0..ASKED {
        let n = rng.random_range(0..USERS);
        let is_right = |found: Option<User>| {
            let user = found.unwrap_or_else(|| panic!("user {n} is missing"));
            assert_eq!(user, stored_user(n, user.number));
        };
        let answers = [
            store.user_by_id(&user_id(n)).await,
            store.user_by_openid(&openid(n)).await,
            store.user_by_phone(&phone(n)).await,
        ];
        // A damaged page refuses what is on it, and the rest of the file goes on.
        let refusals: Vec<Error> = answers
            .into_iter()
            .filter_map(|answer| answer.map(is_right).err())
            .collect();
        refusals.iter().for_each(assert_named);
    }
    match store.insert(new_user(USERS)).await {
        Ok(_) => Ok(()),
        Err(CommitError::Failed(error)) => Err(error),
        Err(conflict) => panic!("{conflict}"),
    }
}

fn assert_named(error: &Error) {
    let text = error.to_string();
    let named = ["damaged", "is not a bai database", "Previous I/O"]
        .iter()
        .any(|part| text.contains(part));
    assert!(named && !text.contains("panicked"), "{text}");
}

/// `BAI_FLIPS` sets how many.
#[test]
fn a_flipped_byte_gives_right_answers_or_a_named_refusal() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let file = file_with_users(&runtime);
    let used: Vec<usize> = (0..file.len())
        .step_by(512)
        .filter(|at| file[*at..at + 512] != [0; 512])
        .collect();
    let (mut refused, mut answered) = (0, 0);
    for seed in 0..rounds_from_env("BAI_FLIPS", 1_000) {
        let mut rng = StdRng::seed_from_u64(seed);
        // Mostly where something is written; one in ten anywhere.
        let at = match seed % 10 {
            0 => rng.random_range(0..file.len()),
            _ => used.choose(&mut rng).unwrap() + rng.random_range(0..512),
        };
        let mut flipped = file.clone();
        flipped[at] ^= rng.random_range(1..=255_u8);
        let outcome = Store::open(&CrashDisk::new(flipped).location(), CACHE)
            .and_then(|store| runtime.block_on(ask(&store, &mut rng)));
        match outcome {
            Ok(()) => answered += 1,
            Err(error) => {
                assert_named(&error);
                refused += 1;
            }
        }
    }
    assert!(
        refused > 0 && answered > 0,
        "refused {refused}, answered {answered}"
    );
}
