//! First keys of an order over very many records, in bounded memory.

use std::cmp::Ordering;
use std::mem;

use crate::domain::RecordId;
use crate::filter::{SortRecord, Value};

/// Values that an order compares of a record, and the id of the record.
#[derive(Clone, Debug)]
pub struct SortKey {
    pub id: RecordId,
    rowid: u64,
    values: Box<[OwnedValue]>,
}

/// [`Value`] that borrows nothing.
#[derive(Clone, Debug)]
enum OwnedValue {
    Null,
    Text(Box<str>),
    Choice(Box<str>),
    Number(f64),
    Bool(bool),
}

impl SortKey {
    /// Key of the record `id` in an order by so many fields.
    pub fn new(id: RecordId, record: &impl SortRecord, fields: usize) -> Self {
        let values = (0..fields).map(|place| record.sort_value(place).into());
        Self {
            id,
            rowid: record.rowid(),
            values: values.collect(),
        }
    }

    /// Bytes of memory that the key takes.
    fn bytes(&self) -> usize {
        let texts: usize = self.values.iter().map(OwnedValue::text_bytes).sum();
        mem::size_of::<Self>() + RecordId::LEN + mem::size_of_val(&*self.values) + texts
    }
}

impl OwnedValue {
    fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Choice(text) => text.len(),
            Self::Null | Self::Number(_) | Self::Bool(_) => 0,
        }
    }
}

impl From<Value<'_>> for OwnedValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) | Value::Choices(text) => Self::Text(text.into()),
            Value::Choice(text) => Self::Choice(text.into()),
            Value::Number(number) => Self::Number(number),
            Value::Bool(flag) => Self::Bool(flag),
        }
    }
}

impl<'a> From<&'a OwnedValue> for Value<'a> {
    fn from(value: &'a OwnedValue) -> Self {
        match value {
            OwnedValue::Null => Self::Null,
            OwnedValue::Text(text) => Self::Text(text),
            OwnedValue::Choice(text) => Self::Choice(text),
            OwnedValue::Number(number) => Self::Number(*number),
            OwnedValue::Bool(flag) => Self::Bool(*flag),
        }
    }
}

impl SortRecord for SortKey {
    fn sort_value(&self, place: usize) -> Value<'_> {
        self.values.get(place).map_or(Value::Null, Value::from)
    }

    fn rowid(&self) -> u64 {
        self.rowid
    }
}

/// Collector of the first `k` keys of an order, or of as many of the first as fit into a number of bytes.
pub struct TopK<F> {
    k: usize,
    max_bytes: usize,
    order: F,
    bytes: usize,
    keys: Vec<SortKey>,
    /// Number of keys at the beginning of which the last one is at their end.
    kept: usize,
    /// Whether keys were dropped: none behind that last one is wanted any more.
    is_full: bool,
}

impl<F: Fn(&SortKey, &SortKey) -> Ordering> TopK<F> {
    pub fn new(k: usize, max_bytes: usize, order: F) -> Self {
        Self {
            k,
            max_bytes,
            order,
            bytes: 0,
            keys: Vec::new(),
            kept: 0,
            is_full: false,
        }
    }

    /// Adds a key, unless it is behind those that are wanted.
    pub fn push(&mut self, key: SortKey) {
        if self.is_behind_last(&key) {
            return;
        }
        self.bytes += key.bytes();
        self.keys.push(key);
        if self.keys.len() >= self.k.saturating_mul(2).max(1024) || self.bytes > self.max_bytes {
            self.cut();
        }
    }

    /// Keys that were kept, in order.
    pub fn into_sorted(mut self) -> Vec<SortKey> {
        self.cut();
        self.keys.sort_unstable_by(&self.order);
        self.keys
    }

    /// The last key that is wanted, if all behind it are not.
    pub fn last_wanted(&self) -> Option<&SortKey> {
        self.keys[..self.kept].last().filter(|_| self.is_full)
    }

    fn is_behind_last(&self, key: &SortKey) -> bool {
        let last = self.last_wanted();
        last.is_some_and(|last| (self.order)(key, last).is_gt())
    }

    /// Drops the keys that are too many, and puts the last of the others at their end. Half of the bytes are left free, so that not
    /// every further key costs another cut.
    fn cut(&mut self) {
        let mut wanted = self.k;
        if self.bytes > self.max_bytes {
            let fitting = self.keys.len() * (self.max_bytes / 2) / self.bytes;
            wanted = wanted.min(fitting.max(1));
        }
        self.keep(wanted);
        while self.bytes > self.max_bytes && self.keys.len() > 1 {
            self.keep(self.keys.len() / 2);
        }
    }

    /// Keeps the first `wanted` keys, of which the last is at the end.
    fn keep(&mut self, wanted: usize) {
        let wanted = wanted.min(self.keys.len());
        if let Some(last) = wanted.checked_sub(1) {
            self.keys.select_nth_unstable_by(last, &self.order);
        }
        self.is_full |= wanted < self.keys.len();
        let dropped = self.keys.drain(wanted..).map(|key| key.bytes());
        self.bytes -= dropped.sum::<usize>();
        self.kept = wanted;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Numbered(u64);

    impl SortRecord for Numbered {
        fn sort_value(&self, _: usize) -> Value<'_> {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            Value::Number((self.0 % 7) as f64)
        }

        fn rowid(&self) -> u64 {
            self.0
        }
    }

    fn key(n: u64) -> SortKey {
        let id = RecordId::parse(&format!("k{n:014}")).unwrap();
        SortKey::new(id, &Numbered(n), 1)
    }

    fn order(a: &SortKey, b: &SortKey) -> Ordering {
        number(b).total_cmp(&number(a)).then(a.rowid.cmp(&b.rowid))
    }

    fn number(key: &SortKey) -> f64 {
        match key.sort_value(0) {
            Value::Number(number) => number,
            _ => f64::NAN,
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_the_first_of_all_within_the_budget(
            numbers in proptest::collection::vec(0..5000_u64, 0..3000), needed in 0..300_usize, budget in 1..60_usize
        ) {
            let budget = budget * key(0).bytes();
            let mut top = TopK::new(needed, budget, order);
            let mut all: Vec<_> = numbers.iter().map(|n| key(*n)).collect();
            for key in all.clone() {
                top.push(key);
                prop_assert!(top.bytes <= budget);
            }
            let kept: Vec<_> = top.into_sorted().iter().map(|key| key.rowid).collect();
            all.sort_by(order);
            let first: Vec<_> = all.iter().map(|key| key.rowid).take(kept.len()).collect();
            prop_assert_eq!(&kept, &first);
            prop_assert!(kept.len() == needed.min(all.len()) || (!kept.is_empty() && kept.len() >= budget / key(0).bytes() / 2));
        }
    }
}
