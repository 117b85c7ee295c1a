//! Values of one field in the records of a block, and sets of these records.

use super::budget::TooCostly;
use super::like::Pattern;
use super::record::Value;

/// Most records of a block: as many as a [`Mask`] has bits.
pub const MOST_RECORDS: usize = 64;

/// Set of records of a block: a bit for each, the lowest for the first.
pub type Mask = u64;

/// Values of one field in the records of a block.
pub enum Column<'a> {
    /// All records have this one.
    Same(Value<'a>),
    /// Few different values, and which of them each record has.
    Words(Vec<Value<'a>>, &'a [u8]),
    /// Value of each record.
    Each(Vec<Value<'a>>),
    /// Text of each record.
    Texts(Texts<'a>),
}

/// Text of each record, one after the other.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// All texts.
    pub text: &'a str,
    /// Ends of the texts, in bytes.
    pub ends: Ends<'a>,
}

/// Ends of texts that are one after the other.
#[derive(Clone, Copy)]
pub enum Ends<'a> {
    /// Texts of this length, in bytes.
    Fixed(usize),
    /// End of each.
    Each(&'a [u32]),
}

impl<'a> Texts<'a> {
    fn get(&self, record: usize) -> &'a str {
        let start = record.checked_sub(1).map_or(0, |before| self.end(before));
        self.text.get(start..self.end(record)).unwrap_or_default()
    }

    fn end(&self, record: usize) -> usize {
        match self.ends {
            Ends::Fixed(width) => width * (record + 1),
            Ends::Each(ends) => ends.get(record).map_or(0, |end| *end as usize),
        }
    }

    /// Record whose text has the byte at that place.
    fn record_at(&self, place: usize) -> usize {
        match self.ends {
            Ends::Fixed(width) => place / width.max(1),
            Ends::Each(ends) => ends.partition_point(|end| *end as usize <= place),
        }
    }

    /// Records in whose texts the pattern is found, of a pattern that is one text anywhere.
    pub(super) fn records_with(&self, pattern: &Pattern) -> Option<Mask> {
        let mut places = pattern.places(self.text)?;
        let mut mask = 0;
        while let Some(place) = places.next() {
            let record = self.record_at(place.start);
            if place.end <= self.end(record) {
                mask |= bit(record);
                places.go_on_from(self.end(record));
            }
        }
        Some(mask)
    }
}

impl<'a> Column<'a> {
    /// Value of that record.
    #[must_use]
    pub fn value(&self, record: usize) -> Value<'a> {
        let value = match self {
            Self::Same(value) => Some(value),
            Self::Words(values, records) => {
                let word = records.get(record);
                word.and_then(|word| values.get(usize::from(*word)))
            }
            Self::Each(values) => values.get(record),
            Self::Texts(texts) => return Value::Text(texts.get(record)),
        };
        value.copied().unwrap_or(Value::Null)
    }

    /// Records among these whose value is a wanted one; each different value that they have is looked at once.
    pub(super) fn records_where(
        &self,
        among: Mask,
        mut is_wanted: impl FnMut(&Value<'a>) -> Result<bool, TooCostly>,
    ) -> Result<Mask, TooCostly> {
        match self {
            Self::Same(value) => Ok(if is_wanted(value)? { among } else { 0 }),
            Self::Words(values, records) => {
                let word = |record: usize| records.get(record).map_or(0, |word| *word);
                let had = places(among).fold(0, |had, record| had | 1 << word(record));
                let words = chosen(had, |word| {
                    is_wanted(values.get(word).unwrap_or(&Value::Null))
                })?;
                chosen(among, |record| Ok(words >> word(record) & 1 == 1))
            }
            Self::Each(_) | Self::Texts(_) => {
                chosen(among, |record| is_wanted(&self.value(record)))
            }
        }
    }
}

/// All of so many records.
pub(super) fn all(count: usize) -> Mask {
    match count {
        MOST_RECORDS.. => Mask::MAX,
        count => (1 << count) - 1,
    }
}

fn bit(record: usize) -> Mask {
    match record {
        0..MOST_RECORDS => 1 << record,
        _ => 0,
    }
}

/// Places of the bits of a mask, from the lowest on.
fn places(mut mask: Mask) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(place)
    })
}

/// Those of a mask that are wanted.
pub(super) fn chosen(
    among: Mask,
    mut is_wanted: impl FnMut(usize) -> Result<bool, TooCostly>,
) -> Result<Mask, TooCostly> {
    places(among).try_fold(0, |mask, place| {
        Ok(mask | Mask::from(is_wanted(place)?) << place)
    })
}
