//! The collections and fields that a rule may name.

/// The type of a field, as far as it matters to a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Text, date, boolean, e-mail address.
    Plain,
    /// A number.
    Number,
    /// JSON or a point, whose parts have no names here.
    Json,
    /// Some of a list of texts, or names of files.
    Choice {
        /// Whether there may be several.
        is_many: bool,
    },
    /// Ids of records.
    Relation {
        /// Id or name of their collection.
        collection: String,
        /// Whether there may be several.
        is_many: bool,
    },
    /// A field that nobody sees, by which nobody may ask.
    Hidden,
}

impl FieldType {
    /// Whether there is a list of values, if only of one.
    pub(super) fn has_items(&self) -> bool {
        matches!(self, Self::Choice { .. } | Self::Relation { .. })
    }

    /// Whether there may be several values.
    pub(super) fn is_many(&self) -> bool {
        matches!(
            self,
            Self::Choice { is_many: true } | Self::Relation { is_many: true, .. }
        )
    }
}

/// The collections that a rule may name, with their fields.
pub trait Catalog {
    /// The name of the collection whose records `@request.auth` stands for.
    fn users(&self) -> &str;

    /// The name of the collection that has this name or id.
    fn collection(&self, name_or_id: &str) -> Option<&str>;

    /// The type of a field, if the collection of that name has it.
    fn field(&self, collection: &str, field: &str) -> Option<FieldType>;
}
