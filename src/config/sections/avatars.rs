//! `[avatars]`

use serde::{Deserialize, Serialize};

use crate::config::parse::between;

/// `[avatars]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Avatars {
    /// KiB of a picture.
    #[serde(deserialize_with = "between::<1, 1024, _>")]
    pub max_kib: usize,
    /// MiB of all pictures.
    #[serde(deserialize_with = "between::<0, 1_048_576, _>")]
    pub total_mib: usize,
}

impl Avatars {
    /// The most bytes of a picture.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        self.max_kib << 10
    }

    /// The most bytes of all pictures.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        u64::try_from(self.total_mib).map_or(u64::MAX, |mib| mib << 20)
    }
}

impl Default for Avatars {
    fn default() -> Self {
        Self {
            max_kib: 256,
            total_mib: 1024,
        }
    }
}
