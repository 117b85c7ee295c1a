//! The ceiling of everything that makes or checks a password: scrypt and nothing else, on all cores.

use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use bai::config::Config;
use bai::password::Cost;

/// The cost that `bai` ships with.
pub fn shipped_cost() -> Cost {
    let password = Config::default().password;
    let number = |n: usize| u32::try_from(n).expect("a shipped parameter is small");
    let log_n = u8::try_from(password.log_n).expect("a shipped parameter is small");
    Cost {
        log_n,
        r: number(password.r),
        p: number(password.p),
    }
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Hashes a second on `threads` threads for about `time`. They are as nice as the server's, so that other work on the
/// machine takes as much from them.
pub fn hashes_a_second(threads: usize, time: Duration) -> f64 {
    let Cost { log_n, r, p } = shipped_cost();
    let params = scrypt::Params::new(log_n, r, p).expect("the shipped parameters fit");
    let hash_for_a_while = || {
        lower_priority();
        let (started, mut hashes, mut out) = (Instant::now(), 0_u32, [0; 32]);
        while started.elapsed() < time {
            scrypt::scrypt(b"12345678", &[7; 16], &params, &mut out).expect("the length fits");
            hashes += 1;
        }
        f64::from(hashes) / started.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| scope.spawn(hash_for_a_while))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("hashing works"))
            .sum()
    })
}

fn lower_priority() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10);
}
