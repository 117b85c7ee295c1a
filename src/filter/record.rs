//! Records as filters see them, and what else a filter may ask for.

use jiff::Timestamp;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No such field, or nothing in it.
    Null,
    /// Of a text, e-mail or date field.
    Text(&'a str),
    /// Of a field that takes one of a list of texts; it counts its values under `:length`.
    Choice(&'a str),
    /// Of a field that takes several of a list of texts: the JSON of a list.
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
}

/// Context that a filter may ask for beyond the record.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The time of `@now` and its like.
    pub now: Timestamp,
    /// The record of `@request.auth`.
    pub auth: Option<&'a dyn Record>,
    /// Whether a superuser asks; others find by e-mail only those who show theirs.
    pub is_superuser: bool,
}
