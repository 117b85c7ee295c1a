//! The progress of an import: numbers of records, and notes as they are made.

use super::note::Note;
use super::report::{NoteLine, Report};

/// A receiver of the progress of an import.
pub trait ImportObserver {
    /// Receives the number of records to read.
    fn total(&mut self, records: u64);
    /// Receives the number of further records that were read and dealt with.
    fn done(&mut self, records: usize);
    /// Receives a note.
    fn noted(&mut self, line: NoteLine);
}

/// A report that is being made, and who hears of it meanwhile.
pub(super) struct Reporter<'a> {
    pub report: Report,
    pub observer: &'a mut dyn ImportObserver,
}

impl<'a> Reporter<'a> {
    pub fn new(observer: &'a mut dyn ImportObserver) -> Self {
        Self {
            report: Report::default(),
            observer,
        }
    }

    /// Counts a note about a record, or about the collection when `id` is empty, and gives it out.
    pub fn note(&mut self, collection: &str, id: &str, note: &Note) {
        self.report.note(collection, id, note);
        self.observer.noted(NoteLine::new(collection, id, note));
    }
}
