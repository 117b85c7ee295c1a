//! Times for people: in the time zone of the machine, with its offset.

use std::str::FromStr as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Columns that hold a time.
pub const TIMES: [&str; 5] = ["created", "updated", "at", "oldest", "next try"];

/// The time with its offset from UTC, to the second.
pub fn local(time: Timestamp) -> String {
    let zoned = time.to_zoned(TimeZone::system());
    zoned.strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
}

/// A time that was read as text, to the second; other text stays as it is.
pub fn local_text(text: &str) -> String {
    Timestamp::from_str(text).map_or_else(|_| text.to_owned(), local)
}

/// The time to the minute, for a line of a table.
pub fn local_minute(text: &str) -> String {
    Timestamp::from_str(text).map_or_else(
        |_| text.to_owned(),
        |time| {
            let zoned = time.to_zoned(TimeZone::system());
            zoned.strftime("%Y-%m-%d %H:%M%:z").to_string()
        },
    )
}

/// A day as the time at which it begins here; other text stays as it is.
pub fn begin_of_day(text: String) -> String {
    let begin = Date::from_str(&text)
        .ok()
        .filter(|day| day.to_string() == text)
        .and_then(|day| day.to_zoned(TimeZone::system()).ok());
    begin.map_or(text, |begin| begin.timestamp().to_string())
}
