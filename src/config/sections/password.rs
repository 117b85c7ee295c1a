//! `[password]`

use serde::{Deserialize, Serialize};

use crate::config::parse::between;

/// `[password]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Password {
    /// scrypt's `log2(N)`.
    #[serde(deserialize_with = "between::<1, 24, _>")]
    pub log_n: usize,
    /// scrypt's block size.
    #[serde(deserialize_with = "between::<1, 64, _>")]
    pub r: usize,
    /// scrypt's parallelisation.
    #[serde(deserialize_with = "between::<1, 64, _>")]
    pub p: usize,
    /// Hashes at once; 0 = cores.
    #[serde(deserialize_with = "between::<0, 1024, _>")]
    pub threads: usize,
    /// Requests that may wait for a hash.
    #[serde(deserialize_with = "between::<1, 100_000, _>")]
    pub queue: usize,
}

/// Bytes that one hash may take; with more, one login could end the server.
const MOST_MEMORY: usize = 1 << 30;

impl Password {
    /// The values that do not go together.
    pub(in crate::config) fn conflict(&self) -> Option<&'static str> {
        let memory = (128 * self.r) << self.log_n;
        (memory > MOST_MEMORY).then_some(
            "password.log_n and password.r make a hash of more than 1 GiB of memory, which is 2^log_n * r * 128 bytes: \
             lower one of them",
        )
    }
}

impl Default for Password {
    fn default() -> Self {
        Self {
            log_n: 14,
            r: 8,
            p: 5,
            threads: 0,
            queue: 64,
        }
    }
}
