//! `LIKE … ESCAPE '\'`, and the pattern that PocketBase makes of an operand.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::budget::{Budget, TooCostly};

/// The steps of a search beside those for the bytes that it looks at.
const SEARCH: usize = 16;

/// Pattern of `LIKE`, read once; ASCII letters are alike in both cases.
pub(super) struct Pattern {
    /// Parts between two `%`; nothing for a pattern that ends in an escape, which no text is like.
    parts: Option<Vec<Part>>,
    /// Whether texts have to be made lower case before they are compared.
    has_letters: bool,
}

/// Part of a pattern between two `%`.
enum Part {
    /// Nothing, at the begin or the end of a pattern.
    Empty,
    /// Text that is searched.
    Plain(Box<memmem::Finder<'static>>),
    /// Characters, some of them any.
    Wild(Vec<Option<char>>),
}

impl Pattern {
    /// Reads a pattern.
    pub fn new(pattern: &str) -> Self {
        let lower = pattern.to_ascii_lowercase();
        Self {
            has_letters: lower.bytes().any(|byte| byte.is_ascii_lowercase()),
            parts: parts(&lower),
        }
    }

    /// Begin that every text like the pattern has, in one case or the other; in lower case.
    pub fn prefix(&self) -> Option<String> {
        let first = match self.parts.as_ref()?.first()? {
            Part::Empty => return None,
            Part::Plain(plain) => String::from_utf8_lossy(plain.needle()).into_owned(),
            Part::Wild(wanted) => wanted.iter().map_while(|wanted| *wanted).collect(),
        };
        Some(first).filter(|prefix| !prefix.is_empty())
    }

    /// Places where the pattern is found in `text`, of a pattern that is one text anywhere: `%text%`. Nothing for any other.
    pub fn places<'a>(&'a self, text: &'a str) -> Option<Places<'a>> {
        let [Part::Empty, Part::Plain(plain), Part::Empty] = self.parts.as_deref()? else {
            return None;
        };
        Some(Places {
            text: match self.has_letters {
                true => text.to_ascii_lowercase().into(),
                false => text.into(),
            },
            plain,
            from: 0,
        })
    }

    /// Whether `text` is like the pattern.
    ///
    /// Each part is searched where the one before ended. For a part without `_` that takes time in proportion to the bytes, for
    /// which the caller pays; the others are compared at each place, and pay for it here.
    pub fn matches(&self, text: &str, budget: &Budget) -> Result<bool, TooCostly> {
        match (&self.parts, self.has_letters) {
            (None, _) => Ok(false),
            (Some(parts), false) => is_like(text, parts, budget),
            (Some(parts), true) => is_like(&text.to_ascii_lowercase(), parts, budget),
        }
    }
}

/// Whether `text` is like a pattern that is used once.
pub(super) fn like(text: &str, pattern: &str, budget: &Budget) -> Result<bool, TooCostly> {
    Pattern::new(pattern).matches(text, budget)
}

/// Places where a text is found in another, which may overlap.
pub(super) struct Places<'a> {
    text: Cow<'a, str>,
    plain: &'a memmem::Finder<'static>,
    from: usize,
}

impl Places<'_> {
    /// Goes on behind this place.
    pub fn go_on_from(&mut self, place: usize) {
        self.from = place;
    }
}

impl Iterator for Places<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.as_bytes().get(self.from..)?;
        let start = self.from + self.plain.find(rest)?;
        self.from = start + 1;
        Some(start..start + self.plain.needle().len())
    }
}

fn is_like(text: &str, parts: &[Part], budget: &Budget) -> Result<bool, TooCostly> {
    let mut rest = text;
    for (n, part) in parts.iter().enumerate() {
        budget.spend(SEARCH)?;
        let is_last = n + 1 == parts.len();
        let found = match (n, is_last) {
            (0, _) => part.strip(rest, budget)?,
            (_, false) => part.find(rest, budget)?,
            (_, true) => part.strip_end(rest, budget)?,
        };
        match found {
            Some(after) => rest = after,
            None => return Ok(false),
        }
    }
    // Without any `%` the whole text has to be the part.
    Ok(parts.len() > 1 || rest.is_empty())
}

fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut wanted = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => parts.push(Part::of(std::mem::take(&mut wanted))),
            '_' => wanted.push(None),
            '\\' => wanted.push(Some(chars.next()?)),
            other => wanted.push(Some(other)),
        }
    }
    parts.push(Part::of(wanted));
    Some(parts)
}

impl Part {
    fn of(wanted: Vec<Option<char>>) -> Self {
        match wanted.iter().copied().collect::<Option<String>>() {
            Some(plain) if plain.is_empty() => Self::Empty,
            Some(plain) => Self::Plain(Box::new(memmem::Finder::new(&plain).into_owned())),
            None => Self::Wild(wanted),
        }
    }

    /// The rest of `text` behind the part at its begin.
    fn strip<'a>(&self, text: &'a str, budget: &Budget) -> Result<Option<&'a str>, TooCostly> {
        match self {
            Self::Empty => Ok(Some(text)),
            Self::Plain(plain) => {
                budget.spend(plain.needle().len() + 1)?;
                let begins = text.as_bytes().starts_with(plain.needle());
                Ok(begins.then(|| &text[plain.needle().len()..]))
            }
            Self::Wild(wanted) => strip(text, wanted, budget),
        }
    }

    /// The rest of `text`, which is nothing, behind the part at its end.
    fn strip_end<'a>(&self, text: &'a str, budget: &Budget) -> Result<Option<&'a str>, TooCostly> {
        match self {
            Self::Empty => Ok(Some("")),
            Self::Plain(plain) => {
                budget.spend(plain.needle().len() + 1)?;
                Ok(text.as_bytes().ends_with(plain.needle()).then_some(""))
            }
            Self::Wild(wanted) => {
                let found = strip(end(text, wanted.len()), wanted, budget)?;
                Ok(found.filter(|rest| rest.is_empty()))
            }
        }
    }

    /// The rest of `text` behind the first place where the part is.
    fn find<'a>(&self, text: &'a str, budget: &Budget) -> Result<Option<&'a str>, TooCostly> {
        match self {
            Self::Empty => Ok(Some(text)),
            Self::Plain(plain) => {
                let found = plain.find(text.as_bytes());
                Ok(found.map(|at| &text[at + plain.needle().len()..]))
            }
            Self::Wild(wanted) => find(text, wanted, budget),
        }
    }
}

/// The last `count` characters of `text`, or all of it.
fn end(text: &str, count: usize) -> &str {
    let from = count.checked_sub(1).map_or(text.len(), |n| {
        text.char_indices().nth_back(n).map_or(0, |(at, _)| at)
    });
    &text[from..]
}

fn strip<'a>(
    text: &'a str,
    wanted: &[Option<char>],
    budget: &Budget,
) -> Result<Option<&'a str>, TooCostly> {
    let mut chars = text.chars();
    let fits = |wanted: &&Option<char>| {
        chars
            .next()
            .is_some_and(|c| wanted.is_none_or(|wanted| wanted == c))
    };
    let steps = wanted.iter().take_while(fits).count();
    budget.spend(steps + 1)?;
    Ok((steps == wanted.len()).then_some(chars.as_str()))
}

fn find<'a>(
    text: &'a str,
    wanted: &[Option<char>],
    budget: &Budget,
) -> Result<Option<&'a str>, TooCostly> {
    let mut rest = text;
    loop {
        let found = strip(rest, wanted, budget)?;
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
    use std::str::Chars;

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
