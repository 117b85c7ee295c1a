//! Password hashes: scrypt, as PHC strings (`$scrypt$ln=14,r=8,p=5$salt$hash`), and those that came from elsewhere.

mod error;
mod imported;
mod pool;
mod stats;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use scrypt::password_hash::{CustomizedPasswordHasher, PasswordVerifier};
use scrypt::phc::PasswordHash;
use scrypt::{Params, Scrypt};

pub use self::error::Error;
use self::pool::Pool;
use crate::domain::{PlainPassword, is_imported_hash};
use crate::fair::{Asker, Bounds};
use crate::limits::PasswordAttempt;
use crate::metrics::Metrics;

/// Random bytes of a salt.
pub const SALT_LEN: usize = 16;

/// The cost of a hash; OWASP's cheat sheet lists equal rows, e.g. `log_n` 14, `r` 8, `p` 5 (16 MiB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Logarithm of the number of blocks; memory is `128 * r * 2^log_n` bytes.
    pub log_n: u8,
    /// Block size.
    pub r: u32,
    /// Passes over the memory.
    pub p: u32,
}

/// Hashes and verifies on a fixed number of threads of its own.
pub struct Passwords {
    pool: Pool,
    params: Params,
    /// Verified in place of a missing hash, so that "no password" takes as long as "wrong password".
    stand_in: String,
}

/// Result of verifying a password.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and here is a hash of it at today's cost to store instead.
    Outdated {
        /// The new PHC string.
        new_hash: String,
    },
}

impl Passwords {
    /// Hashing at `cost` on `threads` threads, with so many waiting as `queue` says.
    ///
    /// # Errors
    /// [`Error::Cost`] for parameters that scrypt refuses; [`Error::Failed`] when threads cannot be started.
    pub fn new(cost: Cost, threads: usize, queue: Bounds) -> Result<Self, Error> {
        let params = Params::new(cost.log_n, cost.r, cost.p).map_err(|_| Error::Cost)?;
        let Cost { log_n, r, p } = cost;
        let stand_in = format!(
            "$scrypt$ln={log_n},r={r},p={p}${}${}",
            zeros(SALT_LEN),
            zeros(Params::RECOMMENDED_LEN)
        );
        Ok(Self {
            pool: Pool::new(threads, queue)?,
            params,
            stand_in,
        })
    }

    /// Shows what is counted of passwords.
    pub fn register_metrics(&self, metrics: &Metrics) {
        self.pool.stats.register_metrics(metrics);
    }

    /// A PHC string for a new password, when it is the turn of `asker`.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Failed`].
    pub async fn hash(
        &self,
        asker: Asker,
        password: PlainPassword,
        salt: [u8; SALT_LEN],
    ) -> Result<String, Error> {
        let params = self.params;
        self.pool
            .run(asker, move || hash(password.as_bytes(), salt, params))
            .await?
    }

    /// Compares `password` with `stored`, when it is the turn of the source of `attempt`; with no stored hash, takes as long and
    /// answers [`Verdict::Wrong`]. `salt` is used when the hash is outdated.
    ///
    /// The attempt is the proof that the limits admitted it: nothing else makes one.
    pub async fn verify(
        &self,
        attempt: &PasswordAttempt<'_>,
        password: PlainPassword,
        stored: Option<String>,
        salt: [u8; SALT_LEN],
    ) -> Result<Verdict, Error> {
        let params = self.params;
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.stand_in.clone());
        let verdict = self
            .pool
            .run(Some(attempt.source()), move || {
                verify(password.as_bytes(), &stored, salt, params)
            })
            .await??;
        Ok(if known { verdict } else { Verdict::Wrong })
    }
}

fn zeros(len: usize) -> String {
    STANDARD_NO_PAD.encode(vec![0; len])
}

fn hash(password: &[u8], salt: [u8; SALT_LEN], params: Params) -> Result<String, Error> {
    let hash: PasswordHash = Scrypt::new()
        .hash_password_customized(password, &salt, None, None, params)
        .map_err(|e| Error::Failed(e.to_string()))?;
    Ok(hash.to_string())
}

fn verify(
    password: &[u8],
    stored: &str,
    salt: [u8; SALT_LEN],
    params: Params,
) -> Result<Verdict, Error> {
    if is_imported_hash(stored) {
        return verify_imported(password, stored, salt, params);
    }
    let stored = PasswordHash::new(stored).map_err(|e| Error::Failed(e.to_string()))?;
    if Scrypt::new().verify_password(password, &stored).is_err() {
        return Ok(Verdict::Wrong);
    }
    if Params::try_from(&stored).is_ok_and(|stored| same_cost(stored, params)) {
        return Ok(Verdict::Right);
    }
    Ok(Verdict::Outdated {
        new_hash: hash(password, salt, params)?,
    })
}

/// Hashes anew whatever the verdict: so neither takes less time than a hash of ours, and both take the same.
fn verify_imported(
    password: &[u8],
    stored: &str,
    salt: [u8; SALT_LEN],
    params: Params,
) -> Result<Verdict, Error> {
    let is_right = imported::verify(password, stored)?;
    let new_hash = hash(password, salt, params)?;
    Ok(if is_right {
        Verdict::Outdated { new_hash }
    } else {
        Verdict::Wrong
    })
}

fn same_cost(a: Params, b: Params) -> bool {
    (a.log_n(), a.r(), a.p()) == (b.log_n(), b.r(), b.p())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use jiff::Timestamp;

    use super::*;
    use crate::clock::Clock;
    use crate::config;
    use crate::limits::{AttemptSubject, Limits};

    /// Made by OpenSSL's scrypt through Python's hashlib: password `12345678`, salt of sixteen bytes 7.
    const GOLDEN: &str = include_str!("../../tests/fixtures/stored/scrypt.txt");

    fn passwords(log_n: u8) -> Passwords {
        Passwords::new(Cost { log_n, r: 8, p: 5 }, 1, Bounds { all: 1, each: 1 }).unwrap()
    }

    fn plain(text: &str) -> PlainPassword {
        PlainPassword::attempt(text.into()).unwrap()
    }

    /// The verdict on a password that limits admitted.
    async fn verify(passwords: &Passwords, text: &str, stored: Option<&str>) -> Verdict {
        let settings = config::Limits {
            enabled: false,
            ..config::Limits::default()
        };
        let limits = Limits::new(&settings, Clock::manual(Timestamp::UNIX_EPOCH));
        let source = IpAddr::from([127, 0, 0, 1]).into();
        let attempt = limits
            .password_attempt(source, AttemptSubject::Name(""), false)
            .await
            .unwrap();
        passwords
            .verify(&attempt, plain(text), stored.map(str::to_owned), [8; 16])
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_hash_equals_what_another_scrypt_makes() {
        assert_eq!(
            passwords(14)
                .hash(None, plain("12345678"), [7; 16])
                .await
                .unwrap(),
            GOLDEN.trim()
        );
    }

    #[tokio::test]
    async fn passwords_are_compared_exactly() {
        let passwords = passwords(4);
        let hash = passwords
            .hash(None, plain("密码 with\0NUL"), [7; 16])
            .await
            .unwrap();
        let verdict = async |text| verify(&passwords, text, Some(&hash)).await;
        assert_eq!(verdict("密码 with\0NUL").await, Verdict::Right);
        for other in [
            "密码 with\0NUM",
            "密码 with",
            "密码 with\0NUL ",
            "密码 With\0NUL",
        ] {
            assert_eq!(verdict(other).await, Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_renewed_only_by_the_right_password() {
        let old = passwords(3)
            .hash(None, plain("12345678"), [7; 16])
            .await
            .unwrap();
        let passwords = passwords(4);
        assert_eq!(verify(&passwords, "x", Some(&old)).await, Verdict::Wrong);
        let verdict = verify(&passwords, "12345678", Some(&old)).await;
        let Verdict::Outdated { new_hash } = verdict else {
            panic!("{verdict:?}")
        };
        assert!(new_hash.starts_with("$scrypt$ln=4,"));
        assert_eq!(
            verify(&passwords, "12345678", Some(&new_hash)).await,
            Verdict::Right
        );
    }

    #[tokio::test]
    async fn an_imported_hash_is_renewed_only_by_the_right_password() {
        let old = include_str!("../../tests/fixtures/stored/bcrypt.txt")
            .split(' ')
            .next()
            .unwrap()
            .to_owned();
        let passwords = passwords(4);
        let verdict = async |text, hash: &str| verify(&passwords, text, Some(hash)).await;
        assert_eq!(verdict("canary-passwort", &old).await, Verdict::Wrong);
        let renewed = verdict("canary-password", &old).await;
        let Verdict::Outdated { new_hash } = renewed else {
            panic!("{renewed:?}")
        };
        assert_eq!(verdict("canary-password", &new_hash).await, Verdict::Right);
    }

    #[tokio::test]
    async fn no_hash_is_never_right() {
        assert_eq!(
            verify(&passwords(4), "12345678", None).await,
            Verdict::Wrong
        );
    }
}
