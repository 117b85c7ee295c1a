//! `Retry-After` of an answer: seconds, or a time.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// The time for which the receiver wants to be left alone.
pub fn read(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_times_are_read_and_nothing_else() {
        let now = Timestamp::from_second(1_445_412_400).unwrap();
        let date = |text| read(text, now).map(|pause| pause.as_secs());
        assert_eq!(date("120"), Some(120));
        assert_eq!(date("Wed, 21 Oct 2015 07:28:00 GMT"), Some(80));
        assert_eq!(date("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        for other in ["", "-1", "soon", "1.5"] {
            assert_eq!(date(other), None, "{other}");
        }
    }
}
