//! A value that is replaced a few times in the life of the process, and read all the time.

use std::sync::OnceLock;

/// Values one after the other, of which the last one counts. Readers take no lock and may keep what they were given: the
/// values before it stay as long as their holder, which is why this is for what hardly ever changes.
pub struct Latest<T> {
    value: T,
    next: OnceLock<Box<Self>>,
}

impl<T> Latest<T> {
    /// The first value.
    pub const fn new(value: T) -> Self {
        Self {
            value,
            next: OnceLock::new(),
        }
    }

    /// The last value.
    pub fn get(&self) -> &T {
        &self.numbered().1.value
    }

    /// How often the value was replaced.
    pub fn version(&self) -> usize {
        self.numbered().0
    }

    /// From now on it is this value.
    pub fn replace(&self, value: T) {
        let mut next = Box::new(Self::new(value));
        while let Err(back) = self.numbered().1.next.set(next) {
            next = back;
        }
    }

    fn numbered(&self) -> (usize, &Self) {
        let (mut version, mut last) = (0, self);
        while let Some(next) = last.next.get() {
            (version, last) = (version + 1, next);
        }
        (version, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_values_set_at_once_none_is_lost_and_old_ones_stay() {
        let latest = Latest::new(0);
        let first = latest.get();
        std::thread::scope(|scope| {
            for n in 1..=8 {
                let latest = &latest;
                scope.spawn(move || latest.replace(n));
            }
        });
        assert_eq!((*first, latest.version()), (0, 8));
        assert!((1..=8).contains(latest.get()));
        latest.replace(9);
        assert_eq!(*latest.get(), 9);
    }
}
