//! The file as a whole, and what there is to see of it and its writer.

use std::path::Path;

use jiff::Timestamp;
use redb::ReadableTableMetadata;

use super::backup::Progress;
use super::tables::{COMPANIES, SUPERUSERS};
use super::{Embedded, backup, check, room, schema};
use crate::metrics::Metrics;
use crate::store::{Contents, CopyLimits, Error, Location};

impl Embedded {
    pub fn look(location: &Location, cache_bytes: usize) -> Result<Contents, Error> {
        schema::CURRENT
            .look(location, cache_bytes)?
            .read_once(check::check)
    }

    pub fn check(&self) -> Result<Contents, Error> {
        self.engine.read_once(check::check)
    }

    pub fn backup(
        &self,
        path: &Path,
        now: Timestamp,
        limits: CopyLimits,
        progress: Progress<'_>,
    ) -> Result<Contents, Error> {
        backup::backup(&self.engine, path, now, limits, progress)
    }

    pub fn compact(&self) -> Result<(), Error> {
        self.writer.alone(backup::compact)
    }

    pub async fn is_writable(&self) -> bool {
        let free = self.engine.file().and_then(room::available);
        self.engine.ensure_in_place().is_ok() && self.writer.is_working(free).await
    }

    pub fn count_companies(&self) -> Result<u64, Error> {
        self.engine
            .read(|txn| Ok(txn.open_table(COMPANIES)?.len()?))
    }

    pub fn count_superusers(&self) -> Result<u64, Error> {
        self.engine
            .read(|txn| Ok(txn.open_table(SUPERUSERS)?.len()?))
    }

    pub fn file(&self) -> Option<&Path> {
        self.engine.file()
    }

    pub fn waiting_writes(&self) -> usize {
        self.writer.waiting()
    }

    pub fn show(&self, metrics: &Metrics) {
        self.writer.show(metrics);
    }
}
