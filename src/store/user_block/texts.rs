//! A column of texts.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use serde::{Deserialize, Serialize};

/// Ids, openids and phones are of such letters, six bits each. What is left of the last byte is zero.
const SIX_BITS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, NO_PAD);

/// Texts of the rows of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Texts<'a> {
    /// All the same.
    Same(&'a str),
    /// Few different ones, and which of them each row has.
    Words {
        /// The different ones.
        #[serde(borrow)]
        words: Vec<&'a str>,
        /// Place of each row's text among them.
        #[serde(borrow)]
        rows: Cow<'a, [u8]>,
    },
    /// Texts of one length in letters that take six bits each.
    Packed {
        /// Length of each, in letters.
        width: u8,
        /// Letters of all, one after the other.
        #[serde(borrow)]
        bits: Cow<'a, [u8]>,
    },
    /// Anything else: all of them one after the other.
    Each {
        /// End of each, in bytes.
        ends: Vec<u32>,
        /// The texts.
        #[serde(borrow)]
        text: Cow<'a, str>,
    },
}

/// The different texts of a column, and which of them each row has.
#[derive(Clone, Debug)]
pub enum Distinct<'a> {
    /// All rows have this one.
    Same(&'a str),
    /// A row has the text whose place it has.
    Words {
        /// The different texts.
        words: &'a [&'a str],
        /// Place of each row's text among them.
        rows: &'a [u8],
    },
    /// Each row has its own, all of this length.
    Fixed {
        /// Length of each, in bytes.
        width: usize,
        /// The texts, one after the other.
        text: String,
    },
    /// Each row has its own.
    Each {
        /// End of each, in bytes.
        ends: Cow<'a, [u32]>,
        /// The texts, one after the other.
        text: Cow<'a, str>,
    },
}

impl<'a> Texts<'a> {
    /// Column of these texts.
    pub(super) fn of(texts: &[&'a str]) -> Self {
        let first = texts.first().copied().unwrap_or_default();
        if texts.iter().all(|text| *text == first) {
            return Self::Same(first);
        }
        words(texts)
            .or_else(|| packed(texts))
            .unwrap_or_else(|| each(texts))
    }

    /// Whether there is a text for each of so many rows.
    pub(super) fn is_of(&self, count: usize) -> bool {
        match self {
            Self::Same(_) => true,
            Self::Words { words, rows } => {
                rows.len() == count && rows.iter().all(|word| usize::from(*word) < words.len())
            }
            Self::Packed { width, bits } => {
                let letters = usize::from(*width) * count;
                bits.len() == (letters * 6).div_ceil(8)
            }
            Self::Each { ends, text } => {
                ends.len() == count
                    && ends.is_sorted()
                    && ends.last().copied().unwrap_or_default() as usize == text.len()
                    && ends.iter().all(|end| text.is_char_boundary(*end as usize))
            }
        }
    }

    /// The texts, unpacked.
    #[must_use]
    pub fn distinct(&self) -> Distinct<'_> {
        match self {
            Self::Same(text) => Distinct::Same(text),
            Self::Words { words, rows } => Distinct::Words { words, rows },
            Self::Packed { width, bits } => Distinct::Fixed {
                width: usize::from(*width),
                text: SIX_BITS.encode(bits),
            },
            Self::Each { ends, text } => Distinct::Each {
                ends: Cow::Borrowed(ends),
                text: Cow::Borrowed(text),
            },
        }
    }
}

impl Distinct<'_> {
    /// The text in that row.
    #[must_use]
    pub fn get(&self, row: usize) -> &str {
        let text = match self {
            Self::Same(text) => Some(*text),
            Self::Words { words, rows } => rows
                .get(row)
                .and_then(|word| words.get(usize::from(*word)).copied()),
            Self::Fixed { width, text } => text.get(row * width..(row + 1) * width),
            Self::Each { ends, text } => {
                let start = row
                    .checked_sub(1)
                    .map_or(Some(&0), |before| ends.get(before));
                let range = start.zip(ends.get(row));
                range.and_then(|(start, end)| text.get(*start as usize..*end as usize))
            }
        };
        text.unwrap_or_default()
    }
}

/// Column of few different texts.
fn words<'a>(texts: &[&'a str]) -> Option<Texts<'a>> {
    let most = texts.len() / 2;
    let mut words = Vec::new();
    let mut rows = Vec::with_capacity(texts.len());
    for text in texts {
        let known = words.iter().position(|word| word == text);
        let place = known.unwrap_or(words.len());
        if known.is_none() {
            words.push(*text);
        }
        if words.len() > most {
            return None;
        }
        rows.push(u8::try_from(place).ok()?);
    }
    Some(Texts::Words {
        words,
        rows: rows.into(),
    })
}

/// Column of texts that can be packed.
fn packed(texts: &[&str]) -> Option<Texts<'static>> {
    let width = texts.first()?.len();
    let mut text = texts.concat();
    if text.len() != width * texts.len() || texts.iter().any(|text| text.len() != width) {
        return None;
    }
    // Zeros fill the last byte.
    let whole = text.len().next_multiple_of(4);
    text.extend(std::iter::repeat_n('A', whole - text.len()));
    let mut bits = SIX_BITS.decode(&text).ok()?;
    bits.truncate((width * texts.len() * 6).div_ceil(8));
    Some(Texts::Packed {
        width: u8::try_from(width).ok()?,
        bits: bits.into(),
    })
}

fn each(texts: &[&str]) -> Texts<'static> {
    let mut end = 0;
    let ends = texts.iter().map(|text| {
        end += text.len();
        u32::try_from(end).unwrap_or(u32::MAX)
    });
    Texts::Each {
        ends: ends.collect(),
        text: texts.concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            "[a-z0-9]{15}",
            "1[0-9]{10}",
            "[张三李四]{1,3}",
            ".{0,40}",
        ]
    }

    fn read(texts: &Texts<'_>, rows: usize) -> Vec<String> {
        let bytes = postcard::to_allocvec(texts).unwrap();
        let read: Texts<'_> = postcard::from_bytes(&bytes).unwrap();
        assert!(read.is_of(rows), "{read:?}");
        let distinct = read.distinct();
        (0..rows).map(|row| distinct.get(row).to_owned()).collect()
    }

    fn is_packed(texts: &Texts<'_>) -> bool {
        matches!(texts, Texts::Packed { .. })
    }

    #[test]
    fn texts_of_one_length_take_six_bits_a_letter() {
        for (width, rows) in [(1, 2), (3, 3), (11, 32), (15, 31), (28, 32), (36, 5)] {
            let text = |row: usize| -> String {
                let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
                (0..width)
                    .map(|at| char::from(letters[(row * 7 + at * 5 + 1) % 64]))
                    .collect()
            };
            let texts: Vec<_> = (0..rows).map(text).collect();
            let column = Texts::of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(is_packed(&column), "{column:?}");
            assert_eq!(read(&column, rows), texts);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(texts in proptest::collection::vec(text(), 1..=32)) {
            let column = Texts::of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(read(&column, texts.len()), texts);
        }

        #[test]
        fn texts_of_one_form_are_read(texts in proptest::collection::vec("[a-zA-Z0-9_-]{28}", 1..=32)) {
            let column = Texts::of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(read(&column, texts.len()), texts);
        }
    }
}
