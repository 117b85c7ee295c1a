//! A rule that was read.

use crate::filter::Filter;

/// Rule that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Superusers only.
    SuperusersOnly,
    /// Everybody, guests too.
    Everybody,
    /// Whoever makes the filter true of the record.
    Filter(Filter),
}
