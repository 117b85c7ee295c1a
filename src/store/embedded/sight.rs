//! What there is to see of the file and its writer.

use std::path::Path;

use redb::ReadableTableMetadata;

use super::Embedded;
use super::tables::COMPANIES;
use crate::metrics::Metrics;
use crate::store::Error;

impl Embedded {
    pub fn count_companies(&self) -> Result<u64, Error> {
        self.engine.read(|txn| Ok(txn.open_table(COMPANIES)?.len()?))
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
