//! The query parameter `filter`.

use super::super::types::AuthRecord;

/// A filter that is not understood.
pub struct BadFilter;

/// The visible record, if `filter` holds for it. So far there is only the empty filter, which holds for every record.
///
/// # Errors
/// [`BadFilter`] for any other filter, also when no record is visible.
pub fn select(filter: &str, visible: Option<AuthRecord>) -> Result<Option<AuthRecord>, BadFilter> {
    if filter.trim().is_empty() { Ok(visible) } else { Err(BadFilter) }
}
