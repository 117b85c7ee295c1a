//! `LIKE … ESCAPE '\'`, and the pattern that PocketBase makes of an operand.

use std::str::Chars;

use super::budget::{Budget, TooCostly};

/// The steps of a search beside those for the bytes that it looks at.
const SEARCH: usize = 16;

/// A character of a pattern between two `%`: itself, or any one.
type Wanted = Option<char>;

/// Whether `text` is like `pattern`; ASCII letters are alike in both cases.
///
/// Each part of the pattern between two `%` is searched where the one before ended. For a part without `_` that takes time in
/// proportion to the bytes, for which the caller pays; the others are compared at each place, and pay for it here.
pub(super) fn like(text: &str, pattern: &str, budget: &Budget) -> Result<bool, TooCostly> {
    let (text, pattern) = (text.to_ascii_lowercase(), pattern.to_ascii_lowercase());
    let (mut rest, mut pattern) = (text.as_str(), pattern.chars());
    let mut is_first = true;
    loop {
        budget.spend(SEARCH)?;
        let Some((part, is_last)) = part(&mut pattern) else {
            return Ok(false);
        };
        let found = match (is_first, is_last) {
            (true, _) => strip(rest, &part, budget)?,
            (false, false) => find(rest, &part, budget)?,
            (false, true) => strip(end(rest, part.len()), &part, budget)?,
        };
        match found {
            Some(after) if is_last => return Ok(after.is_empty()),
            Some(after) => (rest, is_first) = (after, false),
            None => return Ok(false),
        }
    }
}

/// The part before the next `%`, and whether there is none. Nothing for a pattern that ends in an escape: no text is like it.
fn part(pattern: &mut Chars<'_>) -> Option<(Vec<Wanted>, bool)> {
    let mut part = Vec::new();
    while let Some(c) = pattern.next() {
        part.push(match c {
            '%' => return Some((part, false)),
            '_' => None,
            '\\' => Some(pattern.next()?),
            other => Some(other),
        });
    }
    Some((part, true))
}

/// The last `count` characters of `text`, or all of it.
fn end(text: &str, count: usize) -> &str {
    let from = count.checked_sub(1).map_or(text.len(), |n| {
        text.char_indices().nth_back(n).map_or(0, |(at, _)| at)
    });
    &text[from..]
}

/// The rest of `text` behind `part` at its begin.
fn strip<'a>(
    text: &'a str,
    part: &[Wanted],
    budget: &Budget,
) -> Result<Option<&'a str>, TooCostly> {
    let mut chars = text.chars();
    let fits = |wanted: &&Wanted| {
        chars
            .next()
            .is_some_and(|c| wanted.is_none_or(|wanted| wanted == c))
    };
    let steps = part.iter().take_while(fits).count();
    budget.spend(steps + 1)?;
    Ok((steps == part.len()).then_some(chars.as_str()))
}

/// The rest of `text` behind the first place where `part` is.
fn find<'a>(text: &'a str, part: &[Wanted], budget: &Budget) -> Result<Option<&'a str>, TooCostly> {
    if let Some(plain) = part.iter().copied().collect::<Option<String>>() {
        return Ok(text.find(&plain).map(|at| &text[at + plain.len()..]));
    }
    let mut rest = text;
    loop {
        let found = strip(rest, part, budget)?;
        let mut chars = rest.chars();
        if found.is_some() || chars.next().is_none() {
            return Ok(found);
        }
        rest = chars.as_str();
    }
}

/// The pattern for a constant: as it is if it has a `%` of its own, otherwise "contains" with everything escaped.
pub(super) fn pattern(operand: &str) -> String {
    if has_wildcard(operand) {
        operand.to_owned()
    } else {
        format!("%{}%", escape(operand))
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A step of a pattern.
    enum Step {
        Anything,
        One,
        Exactly(char),
        /// After an escape at the end there is nothing that could match.
        Nothing,
    }

    fn step(pattern: &mut Chars<'_>) -> Option<Step> {
        Some(match pattern.next()? {
            '%' => Step::Anything,
            '_' => Step::One,
            '\\' => pattern.next().map_or(Step::Nothing, Step::Exactly),
            other => Step::Exactly(other),
        })
    }

    /// The same as [`like`] in quadratic time: goes back to the last `%` whenever a guess at what it stands for was too short.
    fn like_by_guesses(text: &str, pattern: &str) -> bool {
        let (mut text, mut pattern) = (text.chars(), pattern.chars());
        let mut retry: Option<(Chars<'_>, Chars<'_>)> = None;
        loop {
            let rest = text.clone();
            let matched = match (step(&mut pattern), text.next()) {
                (Some(Step::Anything), _) => {
                    text = rest.clone();
                    retry = Some((rest, pattern.clone()));
                    continue;
                }
                (None, None) => return true,
                (Some(Step::One), Some(_)) => true,
                (Some(Step::Exactly(wanted)), Some(c)) => c.eq_ignore_ascii_case(&wanted),
                _ => false,
            };
            if matched {
                continue;
            }
            let Some((from, after)) = &mut retry else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            (text, pattern) = (from.clone(), after.clone());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn a_text_is_like_the_patterns_that_it_was_like_by_guesses(
            text in "[aAbé中\\\\%_]{0,12}", pattern in "[aAbé中\\\\%%_]{0,8}"
        ) {
            let budget = Budget::new(Budget::EVALUATION);
            prop_assert_eq!(like(&text, &pattern, &budget), Ok(like_by_guesses(&text, &pattern)));
        }

        #[test]
        fn a_text_is_like_itself_with_characters_left_out(text in "[aAbé中]{0,12}", holes in "[%_.]{12}") {
            let pattern: String =
                text.chars().zip(holes.chars()).map(|(c, hole)| if hole == '.' { c } else { hole }).collect();
            prop_assert_eq!(like(&text, &pattern, &Budget::new(Budget::EVALUATION)), Ok(true));
        }
    }

    #[test]
    fn a_long_pattern_without_underscores_is_searched_and_one_with_them_pays_for_each_place() {
        let text = "a".repeat(5_000);
        let pattern =
            |middle: &str| format!("%{}{middle}{}%", "a".repeat(1_000), "a".repeat(1_000));
        assert_eq!(
            like(&text, &pattern("b"), &Budget::new(Budget::INLINE)),
            Ok(false)
        );
        assert_eq!(
            like(&text, &pattern("_b"), &Budget::new(Budget::EVALUATION)),
            Err(TooCostly)
        );
        assert_eq!(
            like(&text, &pattern("_a"), &Budget::new(Budget::INLINE)),
            Ok(true)
        );
    }
}
