//! Dates in text, in the forms that PocketBase takes.

use jiff::civil::DateTime;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;

/// Forms that begin with the year. A fraction of a second is taken off before, and `Z` is an offset.
const ISO: [&str; 9] = [
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%Y-%m-%d %H:%M:%S%:z",
    "%Y-%m-%d %H:%M:%S %:z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S %z",
];

/// Forms that have names in them, as in mail and as `date` prints; the name of the day is taken off before.
const NAMED: [&str; 8] = [
    "%d %b %Y",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S %z",
    "%d %b %y %H:%M",
    "%d %b %y %H:%M %z",
    "%d-%b-%y %H:%M:%S",
    "%b %e %H:%M:%S %Y",
    "%b %d %H:%M:%S %z %Y",
];

/// PocketBase's form of a date; nothing for what is none.
pub fn coerce(text: &str) -> String {
    let (text, milliseconds) = without_fraction(text);
    let date = if text.starts_with(|c: char| c.is_ascii_digit()) && text.get(4..5) == Some("-") {
        iso(&text)
    } else {
        named(&text)
    };
    date.map(|date| {
        format!(
            "{}.{milliseconds:0<3.3}Z",
            date.strftime("%Y-%m-%d %H:%M:%S")
        )
    })
    .unwrap_or_default()
}

/// The text, and the digits of the fraction of a second that it had.
fn without_fraction(text: &str) -> (String, String) {
    let point = text.char_indices().find_map(|(at, c)| {
        let is_point = ".,".contains(c) && text[..at].contains(':');
        is_point.then_some(at)
    });
    let Some((before, after)) = point.and_then(|at| text.split_at_checked(at)) else {
        return (text.to_owned(), String::new());
    };
    let digits: String = after[1..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (format!("{before}{}", &after[1 + digits.len()..]), digits)
}

/// Month and day have two digits.
fn iso(text: &str) -> Option<DateTime> {
    let (date, _) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let text = text.strip_suffix('Z').map_or_else(
        || without_zone_name(text).to_owned(),
        |local| format!("{local}+00:00"),
    );
    (date.len() == 10).then(|| parsed(&text, &ISO))?
}

/// The day of the month has two digits, unless it is behind the name of the month. The name of a zone says nothing.
fn named(text: &str) -> Option<DateTime> {
    let is_day = |word: &str| "sun mon tue wed thu fri sat".contains(&word.to_lowercase());
    let text = match text.split_once(' ') {
        Some((day, rest)) if day.get(..3).is_some_and(is_day) => rest,
        _ => text,
    };
    let (first, _) = text.split_once([' ', '-'])?;
    (first.len() > 1).then(|| parsed(without_zone_name(text), &NAMED))?
}

fn without_zone_name(text: &str) -> &str {
    let is_name = |name: &&str| name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase());
    let named = text.rsplit_once(' ').filter(|(_, name)| is_name(name));
    named.map_or(text, |(before, _)| before)
}

/// The date in UTC, in the first of the forms that it has.
fn parsed(text: &str, forms: &[&str]) -> Option<DateTime> {
    let parsed = forms
        .iter()
        .find_map(|form| strtime::parse(form, text).ok())?;
    in_utc(&parsed)
}

fn in_utc(parsed: &BrokenDownTime) -> Option<DateTime> {
    let date = parsed.to_date().ok()?;
    let time = parsed.to_time().unwrap_or_default();
    let offset = parsed.offset().unwrap_or(Offset::UTC);
    let east = jiff::Span::new().seconds(offset.seconds());
    date.to_datetime(time).checked_sub(east).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_pocketbase_reads_them() {
        for (text, expected) in [
            ("2026-11-22 05:50:36.858Z", "2026-11-22 05:50:36.858Z"),
            ("2026-11-22 05:50:36,85Z", "2026-11-22 05:50:36.850Z"),
            ("2026-11-22 05:50:36.123456789Z", "2026-11-22 05:50:36.123Z"),
            ("2026-11-22T13:50:36+08:00", "2026-11-22 05:50:36.000Z"),
            ("2026-11-22T13:50:36+0800", "2026-11-22 05:50:36.000Z"),
            ("2026-11-22 13:50:36 +0800", "2026-11-22 05:50:36.000Z"),
            (
                "2026-11-22 13:50:36.5 +0800 CST",
                "2026-11-22 05:50:36.500Z",
            ),
            ("2026-11-22 5:50:36", "2026-11-22 05:50:36.000Z"),
            ("2026-11-22", "2026-11-22 00:00:00.000Z"),
            ("22 Nov 2026", "2026-11-22 00:00:00.000Z"),
            ("Sun, 22 Nov 2026 05:50:36 GMT", "2026-11-22 05:50:36.000Z"),
            (
                "Mon, 22 Nov 2026 13:50:36 +0800",
                "2026-11-22 05:50:36.000Z",
            ),
            ("22 Nov 26 05:50 UTC", "2026-11-22 05:50:00.000Z"),
            ("Sunday, 22-Nov-26 05:50:36 UTC", "2026-11-22 05:50:36.000Z"),
            ("Sun Nov  2 05:50:36 2026", "2026-11-02 05:50:36.000Z"),
            ("9999-12-31 23:59:59.999Z", "9999-12-31 23:59:59.999Z"),
        ] {
            assert_eq!(coerce(text), expected, "{text}");
        }
        for text in [
            "",
            "soon",
            " 2026-11-22",
            "2026-11-22 05:50",
            "2026-11-22T05:50",
            "2026-11-22T05:50:36z",
            "2026-02-30",
            "2026-1-2",
            "2 Jan 2006",
            "2026/11/22",
            "20261122",
            "1700000000",
            "一二三.四:五.六",
        ] {
            assert_eq!(coerce(text), "", "{text}");
        }
    }
}
