//! Source of random bytes: the system, or a seeded generator in tests.

use std::sync::Arc;

use parking_lot::Mutex;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use uuid::Uuid;

/// A source of random bytes, cheap to clone.
#[derive(Clone, Debug)]
pub enum Random {
    /// The operating system's generator.
    System,
    /// A generator whose bytes repeat from run to run, for tests.
    Seeded(Arc<Mutex<StdRng>>),
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoEntropy;

impl Random {
    /// The same bytes for the same `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    ///
    /// # Errors
    /// [`NoEntropy`] when the operating system's generator fails.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        match self {
            Self::System => SysRng.try_fill_bytes(&mut bytes).map_err(|_| NoEntropy)?,
            Self::Seeded(rng) => rng.lock().fill_bytes(&mut bytes),
        }
        Ok(bytes)
    }

    /// A random UUID (version 4).
    ///
    /// # Errors
    /// [`NoEntropy`] when the operating system's generator fails.
    pub fn uuid(&self) -> Result<Uuid, NoEntropy> {
        Ok(uuid::Builder::from_random_bytes(self.bytes()?).into_uuid())
    }
}
