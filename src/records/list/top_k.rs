//! The first of very many records in some order, in bounded memory.

use std::cmp::Ordering;
use std::mem;

use crate::domain::RecordId;
use crate::filter::{Record, Value};

/// What an order looks at of a record, and where the record is.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: RecordId,
    rowid: u64,
    values: Box<[Kept]>,
}

#[derive(Clone, Debug)]
enum Kept {
    Null,
    Text(Box<str>),
    Choice(Box<str>),
    Number(f64),
    Bool(bool),
}

impl Key {
    /// The key of the record `id` in an order by `fields`.
    pub fn new(id: RecordId, record: &impl Record, fields: &[String]) -> Self {
        let keep = |field: &String| match record.value(field) {
            Value::Null => Kept::Null,
            Value::Text(text) => Kept::Text(text.into()),
            Value::Choice(text) => Kept::Choice(text.into()),
            Value::Number(number) => Kept::Number(number),
            Value::Bool(flag) => Kept::Bool(flag),
        };
        Self {
            id,
            rowid: record.rowid(),
            values: fields.iter().map(keep).collect(),
        }
    }

    fn bytes(&self) -> usize {
        let text = |kept: &Kept| match kept {
            Kept::Text(text) | Kept::Choice(text) => text.len(),
            _ => 0,
        };
        let texts: usize = self.values.iter().map(text).sum();
        mem::size_of::<Self>() + RecordId::LEN + self.values.len() * mem::size_of::<Kept>() + texts
    }
}

/// A key with the names of what it holds.
pub struct Named<'a>(pub &'a Key, pub &'a [String]);

impl Record for Named<'_> {
    fn value(&self, field: &str) -> Value<'_> {
        let place = self.1.iter().position(|name| name == field);
        match place.and_then(|place| self.0.values.get(place)) {
            None | Some(Kept::Null) => Value::Null,
            Some(Kept::Text(text)) => Value::Text(text),
            Some(Kept::Choice(text)) => Value::Choice(text),
            Some(Kept::Number(number)) => Value::Number(*number),
            Some(Kept::Bool(flag)) => Value::Bool(*flag),
        }
    }

    fn rowid(&self) -> u64 {
        self.0.rowid
    }
}

/// Keeps the first `needed` keys of an order, or as many of the first as fit into `budget` bytes.
pub struct Best {
    needed: usize,
    budget: usize,
    bytes: usize,
    keys: Vec<Key>,
    /// How many keys at the begin are in order; if others were dropped, nothing behind the last of them is wanted.
    sorted: usize,
    is_full: bool,
}

impl Best {
    pub fn new(needed: usize, budget: usize) -> Self {
        Self {
            needed,
            budget,
            bytes: 0,
            keys: Vec::new(),
            sorted: 0,
            is_full: false,
        }
    }

    /// Looks at one more key.
    pub fn push(&mut self, key: Key, order: &impl Fn(&Key, &Key) -> Ordering) {
        let last = self.keys[..self.sorted].last();
        if self.is_full && last.is_none_or(|last| order(&key, last).is_gt()) {
            return;
        }
        self.bytes += key.bytes();
        self.keys.push(key);
        if self.keys.len() >= self.needed.saturating_mul(2).max(1024) || self.bytes > self.budget {
            self.cut(order);
        }
    }

    /// The keys that were kept, in order.
    pub fn finish(mut self, order: &impl Fn(&Key, &Key) -> Ordering) -> Vec<Key> {
        self.cut(order);
        self.keys
    }

    /// Half of the budget is left free, so that not every further key costs another cut.
    fn cut(&mut self, order: &impl Fn(&Key, &Key) -> Ordering) {
        self.keys.sort_unstable_by(order);
        let is_over = self.bytes > self.budget;
        while self.keys.len() > self.needed
            || (is_over && self.bytes > self.budget / 2 && self.keys.len() > 1)
        {
            self.bytes -= self.keys.pop().map_or(0, |key| key.bytes());
            self.is_full = true;
        }
        self.sorted = self.keys.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Numbered(u64);

    impl Record for Numbered {
        fn value(&self, _: &str) -> Value<'_> {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            Value::Number((self.0 % 7) as f64)
        }

        fn rowid(&self) -> u64 {
            self.0
        }
    }

    fn key(n: u64) -> Key {
        let id = RecordId::parse(&format!("k{n:014}")).unwrap();
        Key::new(id, &Numbered(n), &["n".to_owned()])
    }

    fn order(a: &Key, b: &Key) -> Ordering {
        let value = |key: &Key| match Named(key, &["n".to_owned()]).value("n") {
            Value::Number(number) => number,
            _ => f64::NAN,
        };
        value(b).total_cmp(&value(a)).then(a.rowid.cmp(&b.rowid))
    }

    proptest! {
        #[test]
        fn what_is_kept_is_the_first_of_all_within_the_budget(
            numbers in proptest::collection::vec(0..5000_u64, 0..3000), needed in 0..300_usize, budget in 1..60_usize
        ) {
            let budget = budget * key(0).bytes();
            let mut best = Best::new(needed, budget);
            let mut all: Vec<_> = numbers.iter().map(|n| key(*n)).collect();
            for key in all.clone() {
                best.push(key, &order);
                prop_assert!(best.bytes <= budget);
            }
            let kept: Vec<_> = best.finish(&order).iter().map(|key| key.rowid).collect();
            all.sort_by(order);
            let first: Vec<_> = all.iter().map(|key| key.rowid).take(kept.len()).collect();
            prop_assert_eq!(&kept, &first);
            prop_assert!(kept.len() == needed.min(all.len()) || (!kept.is_empty() && kept.len() >= budget / key(0).bytes() / 2));
        }
    }
}
