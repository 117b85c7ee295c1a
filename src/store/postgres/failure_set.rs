//! Failures of logins in the working set.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::rows::{column, number};
use crate::domain::Failures;
use crate::store::{Error, FailureWrite};

/// Failures of logins by their keys: as they are stored, and as they are to be.
#[derive(Default)]
pub struct FailureSet(HashMap<String, (Failures, Failures)>);

/// The failures in a row, with their key.
pub fn failures(row: &Row) -> Result<(String, Failures), Error> {
    let familiar: i16 = column(row, 3)?;
    let failures = Failures {
        count: u32::try_from(number(row, 1)?).unwrap_or(u32::MAX),
        at_ms: column(row, 2)?,
        is_familiar: familiar != 0,
    };
    Ok((column(row, 0)?, failures))
}

impl FailureSet {
    /// Adds what is stored.
    pub fn read(&mut self, row: &Row) -> Result<(), Error> {
        let (key, failures) = failures(row)?;
        self.0.insert(key, (failures, failures));
        Ok(())
    }

    /// Carries out all changes, if each was decided on what is there; whether it was.
    pub fn write(&mut self, writes: &[FailureWrite]) -> bool {
        let known = |key: &str| {
            self.0
                .get(key)
                .map_or_else(Failures::default, |both| both.1)
        };
        if writes.iter().any(|write| known(&write.key) != write.before) {
            return false;
        }
        for write in writes {
            self.0.entry(write.key.clone()).or_default().1 = write.after;
        }
        true
    }

    /// Whether anything is to be written.
    pub fn is_changed(&self) -> bool {
        self.0.values().any(|(before, after)| before != after)
    }

    /// Changes to be written.
    pub fn changed(&self) -> impl Iterator<Item = (&str, Failures)> {
        let changed = self.0.iter().filter(|(_, (before, after))| before != after);
        changed.map(|(key, (_, after))| (key.as_str(), *after))
    }
}
