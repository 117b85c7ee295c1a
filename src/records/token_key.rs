//! The token key of a form: a superuser who sets it ends all tokens of a user or a superuser.

use super::coerce;
use super::edit::Modifier;
use super::form::{FormReader, TOKEN_KEY};
use super::problem::FieldProblem;
use crate::domain::{Invalid, TokenKey};

/// The fewest characters of a token key in PocketBase.
const MIN: usize = 30;

/// The most.
const MAX: usize = 60;

/// The characters that PocketBase makes by itself.
const GENERATED: usize = 50;

/// The token key that the form sets, if it does: a text as it is, `fresh` for one that is to be generated. What is wrong with it
/// is added to the problems.
pub fn sent(reader: &mut FormReader<'_>, fresh: &TokenKey) -> Option<TokenKey> {
    let edit = reader.edits(TOKEN_KEY).last()?;
    let text = coerce::text(&edit.value);
    let key = match (edit.modifier, text.is_empty()) {
        // Nobody ever sees the key, so that the begin of a generated one is only measured.
        (Modifier::Generate, _) => {
            in_bounds(text.chars().count() + GENERATED).map(|()| fresh.clone())
        }
        (_, true) if reader.is_new() => Ok(fresh.clone()),
        (_, true) => Err(FieldProblem::Blank),
        (_, false) => in_bounds(text.chars().count()).map(|()| TokenKey::new(text)),
    };
    key.map_err(|problem| reader.problems().insert(TOKEN_KEY, problem))
        .ok()
}

fn in_bounds(length: usize) -> Result<(), FieldProblem> {
    match length {
        ..MIN => Err(FieldProblem::ShortText { min: MIN }),
        MIN..=MAX => Ok(()),
        _ => Err(Invalid::TooLong { max: MAX }.into()),
    }
}
