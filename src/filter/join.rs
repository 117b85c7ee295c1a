//! The records that a filter joins to the one that it is evaluated for, as PocketBase does with `LEFT JOIN`.

use std::sync::Arc;

use super::sqlite::Datum;

/// The most joins of a filter: each may multiply the work.
pub(super) const MAX_JOINS: usize = 16;

/// Join. Two of one alias are the same row.
#[derive(Debug, PartialEq)]
pub(super) struct Join {
    pub alias: String,
    pub table: Table,
}

/// Rows of a join; where there are none, there is one of NULLs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Table {
    /// All records of a collection.
    Collection(String),
    /// The record that a value names by its id.
    Relation { id: Link, collection: String },
    /// The items of a list.
    Items { list: Link },
    /// The records of a collection that name the parent by its id.
    Back {
        parent: Parent,
        collection: String,
        field: String,
    },
    /// The items of a field of the body.
    BodyItems { field: String },
    /// The records that a field of the body names.
    BodyRelation { field: String, collection: String },
    /// The items of a body, read before.
    Constants(Vec<Datum<'static>>),
    /// The records of these ids.
    Ids {
        ids: Vec<String>,
        collection: String,
    },
}

/// Place of a value that leads to other rows: a field of the parent, or the parent itself where it is an item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    pub parent: Parent,
    pub field: Option<String>,
}

/// Row to which one is joined.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parent {
    /// The record that the filter is evaluated for.
    Record,
    /// The record that asks.
    Auth,
    /// A row that was joined.
    Joined(Arc<Join>),
}

impl Parent {
    pub fn alias(&self) -> &str {
        match self {
            Self::Record => "",
            Self::Auth => "@auth",
            Self::Joined(join) => &join.alias,
        }
    }
}

impl Join {
    /// Row that must be there first.
    pub fn parent(&self) -> Option<&Parent> {
        match &self.table {
            Table::Relation { id: source, .. } | Table::Items { list: source } => {
                Some(&source.parent)
            }
            Table::Back { parent, .. } => Some(parent),
            _ => None,
        }
    }

    /// Join that must be there first.
    pub fn before(&self) -> Option<&Arc<Self>> {
        match self.parent() {
            Some(Parent::Joined(join)) => Some(join),
            _ => None,
        }
    }

    /// Join that leads to this one and needs none before it.
    pub fn first(&self) -> &Self {
        self.before().map_or(self, |before| before.first())
    }

    /// Whether its rows depend on the record that the filter is evaluated for.
    pub fn is_of_record(&self) -> bool {
        self.first().parent() == Some(&Parent::Record)
    }

    /// Whether it asks which records name the one that the filter is evaluated for.
    pub fn is_back_of_record(&self) -> bool {
        let parent = Parent::Record;
        let first = self.first();
        matches!(first.table, Table::Back { .. }) && first.parent() == Some(&parent)
    }
}
