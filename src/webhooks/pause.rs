//! Pauses between tries: from five seconds, doubling, to an hour.

const FIRST_MS: i64 = 5_000;
const LONGEST_MS: i64 = 3_600_000;
/// Parts of a pause that chance may take away, so that not all come back at the same moment.
const PARTS: i64 = 5;

/// The pause after so many failures in a row, in milliseconds; `chance` makes it shorter by up to a fifth.
pub fn pause_ms(failures: u32, chance: u8) -> i64 {
    let doublings = failures.saturating_sub(1).min(20);
    let whole = (FIRST_MS << doublings).min(LONGEST_MS);
    whole - whole / PARTS * i64::from(chance) / i64::from(u8::MAX)
}

/// The pause that a receiver asks for, in bounds.
pub fn asked_ms(asked: std::time::Duration) -> i64 {
    let ms = i64::try_from(asked.as_millis()).unwrap_or(LONGEST_MS);
    ms.clamp(1_000, LONGEST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_an_hour_and_chance_takes_a_fifth_at_most() {
        let whole: Vec<_> = (1..=12)
            .map(|failures| pause_ms(failures, 0) / 1000)
            .collect();
        assert_eq!(
            whole,
            [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
        );
        assert_eq!(pause_ms(u32::MAX, 0), LONGEST_MS);
        assert_eq!(pause_ms(1, u8::MAX), 4_000);
        assert_eq!(asked_ms(std::time::Duration::MAX), LONGEST_MS);
        assert_eq!(asked_ms(std::time::Duration::ZERO), 1_000);
    }
}
