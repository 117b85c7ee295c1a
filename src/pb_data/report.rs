//! The report of an import or of a dry run: numbers of records, and everything that comes otherwise than it was or not at all.

use serde::{Deserialize, Serialize};

use super::note::{Note, Section};
use crate::domain::Kind;

/// Records that are named of each kind of note; all of them are given out one by one.
const EXAMPLES: usize = 5;

/// Numbers of records of one collection, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tally {
    /// Imported.
    pub new: u64,
    /// Here already, the same.
    pub same: u64,
    /// Here already, and changed here since; left as they are.
    pub newer_here: u64,
    /// Not imported.
    pub refused: u64,
}

/// Numbers of records of all collections, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Summary {
    /// Companies.
    pub companies: Tally,
    /// Superusers.
    pub superusers: Tally,
    /// Users.
    pub users: Tally,
}

/// The report of an import. Its size is that of the kinds of notes, not of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Report {
    /// Numbers of records by what became of them.
    pub summary: Summary,
    /// Whether PocketBase was running: what it changed since the import began does not come.
    pub is_in_use: bool,
    /// The time for which PocketBase's tokens for users are valid, in seconds.
    pub token_secs: Option<u64>,
    /// The number of pictures of users that came.
    #[serde(default)]
    pub pictures: u64,
    /// Notes of one kind together, in the order of their sections.
    pub notes: Vec<NoteGroup>,
}

/// Notes that say the same of several records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct NoteGroup {
    /// The part of the report.
    pub section: Section,
    /// The collection, empty for what belongs to none.
    pub collection: String,
    /// Words that hold for each of them.
    pub reason: String,
    /// The number of records, or of other things, of which it is said.
    pub count: u64,
    /// Ids of the first of them.
    pub examples: Vec<String>,
}

/// One note, as a list of all of them has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct NoteLine {
    /// The part of the report.
    pub section: Section,
    /// The collection, empty for what belongs to none.
    pub collection: String,
    /// Id of the record, empty when it is not about one.
    pub id: String,
    /// Words about it.
    pub text: String,
}

impl NoteLine {
    /// A note about a record, or about the collection when `id` is empty.
    pub(super) fn new(collection: &str, id: &str, note: &Note) -> Self {
        Self {
            section: note.section(),
            collection: collection.to_owned(),
            id: id.to_owned(),
            text: note.to_string(),
        }
    }
}

impl Report {
    /// Counts a note.
    pub fn note(&mut self, collection: &str, id: &str, note: &Note) {
        let section = note.section();
        let reason = note.reason();
        let group = self.group(section, collection, reason);
        group.count += note.count();
        if group.examples.len() < EXAMPLES && !id.is_empty() {
            group.examples.push(id.to_owned());
        }
    }

    /// The notes of a section.
    pub fn of(&self, section: Section) -> impl Iterator<Item = &NoteGroup> {
        self.notes
            .iter()
            .filter(move |group| group.section == section)
    }

    fn group(&mut self, section: Section, collection: &str, reason: String) -> &mut NoteGroup {
        let found = self.notes.iter().position(|group| {
            group.section == section && group.collection == collection && group.reason == reason
        });
        let place = found.unwrap_or_else(|| {
            let group = NoteGroup {
                section,
                collection: collection.to_owned(),
                reason,
                count: 0,
                examples: Vec::new(),
            };
            let after = self.notes.partition_point(|group| group.section <= section);
            self.notes.insert(after, group);
            after
        });
        &mut self.notes[place]
    }
}

impl Summary {
    /// The numbers of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Tally {
        match kind {
            Kind::Users => self.users,
            Kind::Companies => self.companies,
            Kind::Superusers => self.superusers,
        }
    }

    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut Tally {
        match kind {
            Kind::Users => &mut self.users,
            Kind::Companies => &mut self.companies,
            Kind::Superusers => &mut self.superusers,
        }
    }

    /// The number of records that were not imported.
    #[must_use]
    pub fn refused(&self) -> u64 {
        Kind::ALL.iter().map(|kind| self.of(*kind).refused).sum()
    }
}
