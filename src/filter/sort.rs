//! The order in which records are asked for.

use std::cmp::Ordering;

use super::error::Error;
use super::parser::field;
use super::record::{Record, Value};
use super::side::column;
use super::syntax::Path;

/// The most fields of a sort.
const MAX_FIELDS: usize = 8;

/// The most bytes of one field of a sort.
const MAX_FIELD_LENGTH: usize = 255;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Field(Path),
    RowId,
    Random,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    key: Key,
    descending: bool,
}

/// A sort that was understood, such as `-created,+id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort(Vec<Part>);

impl Sort {
    /// Reads a sort. Whether its fields exist, [`Sort::check`] tells.
    ///
    /// # Errors
    /// [`Error`] for what PocketBase refuses.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let parts: Result<Vec<_>, _> = text.split(',').map(part).collect();
        parts.and_then(|parts| {
            if parts.len() > MAX_FIELDS {
                Err(Error::TooMany)
            } else {
                Ok(Self(parts))
            }
        })
    }

    /// Order by one field.
    #[must_use]
    pub fn by(field: &str, descending: bool) -> Self {
        let path = Path {
            name: field.to_owned(),
            modifier: None,
        };
        Self(vec![Part {
            key: Key::Field(path),
            descending,
        }])
    }

    /// Refuses a sort that names a field which is none.
    ///
    /// # Errors
    /// [`Error::Field`] with the first such name.
    pub fn check(&self, is_field: impl Fn(&str) -> bool) -> Result<(), Error> {
        let unknown = self.0.iter().find_map(|part| match &part.key {
            Key::Field(path) if !is_field(&path.name) => Some(path.name.clone()),
            _ => None,
        });
        unknown.map_or(Ok(()), |name| Err(Error::Field(name)))
    }

    /// The fields that the order depends on.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match &part.key {
            Key::Field(path) => Some(path.name.as_str()),
            Key::RowId | Key::Random => None,
        })
    }

    /// Whether all keys are plain values of fields, record numbers or random.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.iter().all(|part| match &part.key {
            Key::Field(path) => path.modifier.is_none(),
            Key::RowId | Key::Random => true,
        })
    }

    /// Whether the order begins with record numbers, or one of these fields, and the greatest first.
    #[must_use]
    pub fn begins_with_greatest(&self, fields: &[&str]) -> bool {
        self.0.first().is_some_and(|part| match &part.key {
            Key::Field(path) => part.descending && fields.contains(&path.name.as_str()),
            Key::RowId => part.descending,
            Key::Random => false,
        })
    }

    /// The field and whether its order is descending, if the order is by the plain value of one field.
    #[must_use]
    pub fn only(&self) -> Option<(&str, bool)> {
        match self.0.as_slice() {
            [
                Part {
                    key: Key::Field(path),
                    descending,
                },
            ] if path.modifier.is_none() => Some((&path.name, *descending)),
            _ => None,
        }
    }

    /// Order of two records, whose values are looked up by their names: for few of them.
    #[must_use]
    pub fn compare_named(&self, a: &impl Record, b: &impl Record, seed: u64) -> Ordering {
        let fields: Vec<_> = self.fields().map(str::to_owned).collect();
        let fields = &fields;
        let a = Named { record: a, fields };
        let b = Named { record: b, fields };
        self.compare(&a, &b, seed)
    }

    /// Order of two records, by their values in [`Sort::fields`]; `seed` makes the order of `@random`.
    ///
    /// Records that are equal in all fields are to stay in the order of creation.
    #[must_use]
    pub fn compare(&self, a: &impl SortRecord, b: &impl SortRecord, seed: u64) -> Ordering {
        let mut place = 0;
        let by = |part: &Part| {
            let order = match &part.key {
                Key::Field(path) => {
                    place += 1;
                    compare_values(path, a.sort_value(place - 1), b.sort_value(place - 1))
                }
                Key::RowId => a.rowid().cmp(&b.rowid()),
                Key::Random => shuffled(a.rowid(), seed).cmp(&shuffled(b.rowid(), seed)),
            };
            if part.descending {
                order.reverse()
            } else {
                order
            }
        };
        self.0
            .iter()
            .map(by)
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// Record as a sort sees it.
pub trait SortRecord {
    /// The value of the field that is at that place in [`Sort::fields`].
    fn sort_value(&self, place: usize) -> Value<'_>;

    /// The record's place in the order of creation.
    fn rowid(&self) -> u64;
}

/// Record of which each value of a sort is looked up by its name.
pub struct Named<'a, R> {
    /// The record.
    pub record: &'a R,
    /// Names in the order of [`Sort::fields`].
    pub fields: &'a [String],
}

impl<R: Record> SortRecord for Named<'_, R> {
    fn sort_value(&self, place: usize) -> Value<'_> {
        let name = self.fields.get(place);
        name.map_or(Value::Null, |name| self.record.value(name))
    }

    fn rowid(&self) -> u64 {
        self.record.rowid()
    }
}

fn compare_values(path: &Path, a: Value<'_>, b: Value<'_>) -> Ordering {
    match (a, b, path.modifier) {
        (Value::Text(a), Value::Text(b), None) => a.as_bytes().cmp(b.as_bytes()),
        (a, b, _) => column(path, a).order(&column(path, b)),
    }
}

fn part(text: &str) -> Result<Part, Error> {
    let text = text.trim();
    let descending = text.starts_with('-');
    let name = text.strip_prefix(['-', '+']).unwrap_or(text);
    if name.len() > MAX_FIELD_LENGTH {
        return Err(Error::TooLong);
    }
    let key = match name {
        "@rowid" => Key::RowId,
        "@random" => Key::Random,
        _ => Key::Field(field(name).ok_or_else(|| Error::Field(name.to_owned()))?),
    };
    Ok(Part { key, descending })
}

/// SplitMix64: a bijection, so that no two records ever tie.
fn shuffled(rowid: u64, seed: u64) -> u64 {
    let mut z = (rowid ^ seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
