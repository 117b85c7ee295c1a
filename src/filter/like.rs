//! `LIKE … ESCAPE '\'`, and the pattern that PocketBase makes of an operand.

use std::str::Chars;

/// One step of a pattern.
enum Wanted {
    Anything,
    One,
    Exactly(char),
    /// After an escape at the end there is nothing that could match.
    Nothing,
}

fn next(pattern: &mut Chars<'_>) -> Option<Wanted> {
    Some(match pattern.next()? {
        '%' => Wanted::Anything,
        '_' => Wanted::One,
        '\\' => pattern.next().map_or(Wanted::Nothing, Wanted::Exactly),
        other => Wanted::Exactly(other),
    })
}

/// Whether `text` is like `pattern`; ASCII letters are alike in both cases.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    // Where to go on when a guess at what the last `%` stands for was too short.
    let mut retry: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let rest = text.clone();
        let matched = match (next(&mut pattern), text.next()) {
            (Some(Wanted::Anything), _) => {
                text = rest.clone();
                retry = Some((rest, pattern.clone()));
                continue;
            }
            (None, None) => return true,
            (Some(Wanted::One), Some(_)) => true,
            (Some(Wanted::Exactly(wanted)), Some(c)) => c.eq_ignore_ascii_case(&wanted),
            _ => false,
        };
        if matched {
            continue;
        }
        let Some((from, after)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        (text, pattern) = (from.clone(), after.clone());
    }
}

/// The pattern for a constant: as it is if it has a `%` of its own, otherwise "contains" with everything escaped.
pub(super) fn pattern(operand: &str) -> String {
    if has_wildcard(operand) { operand.to_owned() } else { format!("%{}%", escape(operand)) }
}

fn has_wildcard(operand: &str) -> bool {
    let mut escaped = false;
    operand.chars().any(|c| {
        let found = c == '%' && !escaped;
        escaped = c == '\\' && !escaped;
        found
    })
}

/// Puts a backslash before `\`, `%` and `_` that have none. As PocketBase it goes from the end and does not look again at the
/// character before an escaped one, so that of `__` the first stays a wildcard.
fn escape(operand: &str) -> String {
    let mut reversed = Vec::with_capacity(operand.len() + 2);
    let mut is_special = false;
    for c in operand.chars().rev() {
        if is_special && c != '\\' {
            reversed.push('\\');
        }
        is_special = !is_special && matches!(c, '\\' | '%' | '_');
        reversed.push(c);
    }
    if is_special {
        reversed.push('\\');
    }
    reversed.into_iter().rev().collect()
}
