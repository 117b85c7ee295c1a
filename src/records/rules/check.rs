//! Reading a rule's text.

use super::catalog::SchemaCatalog;
use super::rule::Rule;
use crate::domain::Kind;
use crate::filter::{Filter, SyntaxError};

/// Reads the text of a rule of a collection; `None`: superusers only, empty: everybody. A text of blanks is
/// none of these. Rules may look at fields that nobody sees.
///
/// # Errors
/// [`SyntaxError`], which names the place.
pub fn check(
    text: Option<&str>,
    kind: Kind,
    catalog: &SchemaCatalog<'_>,
) -> Result<Rule, SyntaxError> {
    match text {
        None => Ok(Rule::SuperusersOnly),
        Some("") => Ok(Rule::Everybody),
        Some(text) => Filter::parse_rule(text, catalog, kind.name()).map(Rule::Filter),
    }
}
