//! Limits: repetitions, hasty refreshes, dear phone lookups, guessed phones and passwords, registrations without an end.
//!
//! All is remembered by keyed hashes in tables of bounded size, and forgotten when the process ends. All goes by steady
//! time, but for the count of a UTC day: a clock that was wrong for a while makes nobody wait for it.

mod attempts;
mod buckets;
mod error;
mod failures;
mod guesses;
mod limiter;
mod pair_locks;
mod phones;
mod pictures;
mod rates;
mod recent;
mod repeat;
mod repeats;
mod rule;
mod shared;
mod source;
mod table;
mod time;

pub use self::attempts::{AttemptOutcome, AttemptSubject, PasswordAttempt};
pub use self::error::Error;
pub use self::limiter::Limits;
pub use self::phones::{Disclosure, PhoneClaim};
pub use self::shared::AccountFailures;
pub use self::source::Source;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use jiff::Timestamp;

    use super::error::Result;
    use super::limiter::MAX_BYTES;
    use super::*;
    use crate::clock::Clock;
    use crate::config;
    use crate::domain::RecordId;

    /// Limits by default, at noon.
    pub fn limits() -> Limits {
        new(&config::Limits::default())
    }

    fn new(settings: &config::Limits) -> Limits {
        Limits::new(
            settings,
            Clock::manual(Timestamp::from_second(43_200).unwrap()),
        )
    }

    /// The output of what waits for nothing.
    pub fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().unwrap()
    }

    /// The seconds that a refusal names, rounded up.
    pub fn refused_for<T>(result: Result<T>) -> Option<u64> {
        match result.err() {
            Some(Error::TooMany { retry_after } | Error::TooManyAttempts { retry_after }) => {
                Some(retry_after.as_millis().div_ceil(1000).try_into().unwrap())
            }
            _ => None,
        }
    }

    #[test]
    fn nothing_is_refused_when_switched_off() {
        let limits = new(&config::Limits {
            enabled: false,
            ..config::Limits::default()
        });
        let user = RecordId::from_random([0; 30]);
        let _first = limits.once("login", "x").unwrap();
        assert!(limits.once("login", "x").is_ok());
        assert!(
            (0..100).all(|_| limits.refresh(&user).is_ok() && limits.phone_lookup(&user).is_ok())
        );
    }

    /// Bytes of this process that are in memory.
    #[cfg(target_os = "linux")]
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim()
            .trim_end_matches(" kB")
            .parse::<usize>()
            .unwrap()
            << 10
    }

    /// Four million keys of logins and registrations (source, user, pair, repetition, shares) and two hundred thousand users', which is more than
    /// most tables hold. For a process of its own: other tests take memory, too.
    #[cfg(target_os = "linux")]
    #[test]
    #[ignore = "run by a_flood_of_keys_takes_64_mib_at_most"]
    fn flood() {
        let limits = limits();
        let before = resident();
        for n in 0_u32..500_000 {
            let source = std::net::IpAddr::from(std::net::Ipv4Addr::from_bits(n)).into();
            let user = RecordId::parse(&format!("{n:015}")).unwrap();
            let subject = AttemptSubject::Record(&user);
            drop(now(limits.password_attempt(source, subject, false)));
            drop(limits.registration(source));
            let success = async { Ok::<_, ()>(()) };
            now(limits.once("login", n).unwrap().run(success)).unwrap();
        }
        for n in 0..100_000 {
            let user = RecordId::parse(&format!("{n:015}")).unwrap();
            limits.refresh(&user).unwrap();
            drop(limits.phone_lookup(&user));
            drop(limits.phone_change(std::net::IpAddr::from([10, 0, 0, 1]).into(), &user));
        }
        let taken = resident() - before;
        assert!(taken <= 64 << 20, "{taken} bytes");
        assert!(taken >= 16 << 20, "{taken} bytes: the flood did not arrive");
        println!("{taken} bytes in memory, {MAX_BYTES} by account");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_flood_of_keys_takes_64_mib_at_most() {
        let this = std::env::current_exe().unwrap();
        let flood = [
            "--exact",
            "limits::tests::flood",
            "--ignored",
            "--nocapture",
        ];
        let output = std::process::Command::new(this)
            .args(flood)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
    }
}
