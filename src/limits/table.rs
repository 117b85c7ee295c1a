//! A map of bounded size: where there is no room for another key, the one that is worth least is forgotten.

/// Entries that are searched one by one; a key belongs to one such set.
const SET: usize = 64;

/// Value that a table keeps for a key. The default is the value of every unknown key, and takes no room.
pub trait Entry: Copy + Default + PartialEq {
    /// Worth of the entry: of the entries of a full set, the least worth is forgotten.
    fn worth(&self) -> i64;
}

/// Entries by keyed hashes, which nobody outside can predict: no set can be filled on purpose.
pub struct Table<E> {
    sets: Box<[Vec<(u64, E)>]>,
}

impl<E: Entry> Table<E> {
    /// An empty table for `capacity` entries, a multiple of 64.
    pub fn new(capacity: usize) -> Self {
        Self {
            sets: (0..capacity / SET).map(|_| Vec::new()).collect(),
        }
    }

    /// The bytes of a full table for `capacity` entries.
    pub const fn bytes(capacity: usize) -> usize {
        capacity * size_of::<(u64, E)>() + capacity / SET * size_of::<Vec<(u64, E)>>()
    }

    /// The entry of `key`.
    pub fn get(&self, key: u64) -> E {
        let known = self.sets[self.set_of(key)]
            .iter()
            .find(|(other, _)| *other == key);
        known.map(|(_, entry)| *entry).unwrap_or_default()
    }

    /// Changes the entry of `key`.
    pub fn set(&mut self, key: u64, entry: E) {
        let index = self.set_of(key);
        let set = &mut self.sets[index];
        let place = set.iter().position(|(other, _)| *other == key);
        let forget = entry == E::default();
        match place {
            Some(place) if forget => drop(set.swap_remove(place)),
            Some(place) => set[place].1 = entry,
            None if forget => {}
            None if set.len() < SET => set.push((key, entry)),
            None => {
                if let Some(least) = set.iter_mut().min_by_key(|(_, entry)| entry.worth()) {
                    *least = (key, entry);
                }
            }
        }
    }

    fn set_of(&self, key: u64) -> usize {
        // The remainder is below the number of sets, a usize.
        usize::try_from(key % self.sets.len() as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    struct Worth(i64);

    impl Entry for Worth {
        fn worth(&self) -> i64 {
            self.0
        }
    }

    #[test]
    fn entries_are_kept_changed_and_forgotten() {
        let mut table = Table::new(4 * SET);
        for key in 0..100 {
            table.set(key, Worth(1));
        }
        table.set(7, Worth(2));
        table.set(8, Worth::default());
        assert_eq!(
            [table.get(6), table.get(7), table.get(8), table.get(1000)].map(|e| e.0),
            [1, 2, 0, 0]
        );
    }

    #[test]
    fn a_full_table_forgets_what_is_worth_least() {
        let mut table = Table::new(SET);
        for key in 0..SET as u64 {
            table.set(key, Worth(100 - i64::from(key == 5)));
        }
        for flood in 1000..100_000 {
            table.set(flood, Worth(1));
        }
        assert_eq!(table.get(5), Worth(0));
        assert!(
            (0..SET as u64)
                .filter(|key| *key != 5)
                .all(|key| table.get(key) == Worth(100))
        );
        assert_eq!(table.sets[0].len(), SET);
    }
}
