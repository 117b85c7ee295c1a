//! Times whose tokens count no more.

use jiff::Timestamp;

/// A time in which tokens were issued that were void from the end of it on: from the moment of a backup to its restoration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationWindow {
    /// The first moment of it.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl RevocationWindow {
    /// Whether a token that was issued then is void.
    #[must_use]
    pub fn covers(&self, issued: Timestamp) -> bool {
        self.from <= issued && issued < self.until
    }

    /// The end of a time that has none yet, in whole milliseconds: of a restoration that has not happened.
    #[must_use]
    pub fn no_end() -> Timestamp {
        Timestamp::from_second(Timestamp::MAX.as_second()).unwrap_or(Timestamp::MAX)
    }

    /// The same times; what has no end ends at `now`.
    #[must_use]
    pub fn ended(mut times: Vec<Self>, now: Timestamp) -> Vec<Self> {
        for time in times.iter_mut().filter(|time| time.until == Self::no_end()) {
            time.until = now;
        }
        Self::merge(times)
    }

    /// The same times without overlaps, in order.
    #[must_use]
    pub fn merge(mut times: Vec<Self>) -> Vec<Self> {
        times.retain(|time| time.from < time.until);
        times.sort_by_key(|time| time.from);
        let mut merged: Vec<Self> = Vec::new();
        for time in times {
            match merged.last_mut() {
                Some(last) if time.from <= last.until => last.until = last.until.max(time.until),
                _ => merged.push(time),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn void(from: i64, until: i64) -> RevocationWindow {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        RevocationWindow {
            from: at(from),
            until: at(until),
        }
    }

    #[test]
    fn only_a_time_without_an_end_ends_now() {
        let now = Timestamp::from_millisecond(25).unwrap();
        let endless = RevocationWindow {
            until: RevocationWindow::no_end(),
            ..void(22, 99)
        };
        let ended = RevocationWindow::ended(vec![void(10, 20), endless, void(30, 40)], now);
        assert_eq!(ended, [void(10, 20), void(22, 25), void(30, 40)]);
    }

    #[test]
    fn merged_times_cover_what_they_covered() {
        let times = vec![
            void(50, 60),
            void(10, 20),
            void(15, 30),
            void(30, 31),
            void(7, 7),
            void(52, 55),
        ];
        let merged = RevocationWindow::merge(times.clone());
        assert_eq!(merged, [void(10, 31), void(50, 60)]);
        for ms in 0..70 {
            let at = Timestamp::from_millisecond(ms).unwrap();
            let covers = |times: &[RevocationWindow]| times.iter().any(|time| time.covers(at));
            assert_eq!(covers(&times), covers(&merged), "{ms}");
        }
    }
}
