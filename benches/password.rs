//! What the pool of password threads takes from scrypt: hashes a second through `Passwords`, and of scrypt alone.
//!
//! `cargo bench --bench password`

#[path = "shared/bare_scrypt.rs"]
mod bare_scrypt;
#[path = "shared/figures.rs"]
mod figures;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bai::domain::PlainPassword;
use bai::fair::Bounds;
use bai::password::{Cost, Passwords};

use self::bare_scrypt::{cores, hashes_a_second, shipped_cost};
use self::figures::{head, median, row};

const ROUNDS: usize = 5;
const RUN: Duration = Duration::from_secs(3);

/// Hashes a second through the pool, with as many requests waiting as running.
async fn through_the_pool(passwords: &Arc<Passwords>) -> f64 {
    let started = Instant::now();
    let client = || {
        let passwords = Arc::clone(passwords);
        tokio::spawn(async move {
            let mut hashes = 0_u32;
            while started.elapsed() < RUN {
                let password = PlainPassword::new("12345678".into()).expect("a password");
                passwords
                    .hash(None, password, [7; 16])
                    .await
                    .expect("the queue has room");
                hashes += 1;
            }
            hashes
        })
    };
    let mut hashes = 0;
    for client in (0..2 * cores()).map(|_| client()).collect::<Vec<_>>() {
        hashes += client.await.expect("a client ends well");
    }
    f64::from(hashes) / started.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    let Cost { log_n, r, p } = shipped_cost();
    let passwords = Passwords::new(shipped_cost(), cores(), Bounds { all: 64, each: 64 })
        .expect("the pool starts");
    let passwords = Arc::new(passwords);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (one, all) = (hashes_a_second(1, RUN), hashes_a_second(cores(), RUN));
        rounds.push((one, all, through_the_pool(&passwords).await));
    }
    let one = median(rounds.iter().map(|(one, ..)| 1e3 / one));
    let bare = median(rounds.iter().map(|(_, bare, _)| *bare));
    let pool = median(rounds.iter().map(|(.., pool)| *pool));
    let share = median(rounds.iter().map(|(_, bare, pool)| 100.0 * pool / bare));
    head([
        "scrypt",
        "one hash, one thread",
        "bare, all cores",
        "our pool, all cores",
        "share",
    ]);
    row([
        format!("2^{log_n}, r {r}, p {p}, {} cores", cores()),
        format!("{one:.0} ms"),
        format!("{bare:.1}/s"),
        format!("{pool:.1}/s"),
        format!("{share:.0} %"),
    ]);
}
