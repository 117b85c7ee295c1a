//! Dates as PocketBase writes them.

use jiff::Timestamp;

/// The text of a date, in UTC and to the millisecond: `2026-11-22 05:50:36.858Z`.
pub fn date_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S.%3fZ").to_string()
}

/// Reads a date in the form of [`date_text`], to the millisecond.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let at: Timestamp = text.parse().ok()?;
    Timestamp::from_millisecond(at.as_millisecond()).ok()
}
