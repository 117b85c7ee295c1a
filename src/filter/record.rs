//! Records as filters see them.

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No such field, or nothing in it.
    Null,
    /// Of a text, e-mail or date field.
    Text(&'a str),
    /// Of a field that takes one of a list of texts, or the id of a record; it counts its values under `:length`.
    Choice(&'a str),
    /// Of a field that takes several of such texts: the JSON of a list.
    Choices(&'a str),
    /// Of a number field.
    Number(f64),
    /// Of a boolean field.
    Bool(bool),
}

/// Record as a filter sees it.
pub trait Record {
    /// The value of the field of that name.
    fn value(&self, field: &str) -> Value<'_>;

    /// The record's place in the order of creation.
    fn rowid(&self) -> u64;

    /// Whether it is in a table. The record that a create rule looks at is not yet: its numbers and texts are compared as they are.
    fn is_stored(&self) -> bool {
        true
    }
}
