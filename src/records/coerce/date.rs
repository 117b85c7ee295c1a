//! Dates in text, in the forms that PocketBase takes.

use jiff::civil::{DateTime, datetime};
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
    let Some((text, milliseconds)) = without_fraction(text).filter(|(text, _)| is_time(text))
    else {
        return String::new();
    };
    if let Some(time) = kitchen(&text) {
        return format!("0000-01-01 {time}:00.000Z");
    }
    let date = if text.starts_with(|c: char| c.is_ascii_digit()) && text.get(4..5) == Some("-") {
        iso(&text)
    } else {
        named(&text)
    };
    date.filter(|date| *date != BEFORE_ALL || milliseconds.bytes().any(|digit| digit != b'0'))
        .map(|date| {
            format!(
                "{}.{milliseconds:0<3.3}Z",
                date.strftime("%Y-%m-%d %H:%M:%S")
            )
        })
        .unwrap_or_default()
}

/// The time that is no date to PocketBase.
const BEFORE_ALL: DateTime = datetime(1, 1, 1, 0, 0, 0, 0);

/// Whether no second is the sixtieth, which none is to PocketBase.
fn is_time(text: &str) -> bool {
    let has_seconds = |(before, _): (&str, &str)| before.contains(':');
    !text.rsplit_once(":60").is_some_and(has_seconds)
}

/// The time of a text such as `10:30PM`.
fn kitchen(text: &str) -> Option<String> {
    let (time, is_afternoon) = match text.split_at_checked(text.len().checked_sub(2)?)? {
        (time, "AM") => (time, false),
        (time, "PM") => (time, true),
        _ => return None,
    };
    let (hour, minute) = time.split_once(':')?;
    let hour: u8 = digits(hour)?.parse().ok().filter(|hour| *hour <= 12)?;
    let minute: u8 = digits(minute)
        .filter(|text| text.len() == 2)?
        .parse()
        .ok()?;
    let hour = hour % 12 + if is_afternoon { 12 } else { 0 };
    (minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

fn digits(text: &str) -> Option<&str> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(text)
}

/// The text, and the digits of the fraction of a second that it had; nothing if a point has no digits behind it.
fn without_fraction(text: &str) -> Option<(String, String)> {
    let point = text.char_indices().find_map(|(at, c)| {
        let is_point = ".,".contains(c) && text[..at].contains(':');
        is_point.then_some(at)
    });
    let Some((before, after)) = point.and_then(|at| text.split_at_checked(at)) else {
        return Some((text.to_owned(), String::new()));
    };
    let digits: String = after[1..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let rest = format!("{before}{}", &after[1 + digits.len()..]);
    (!digits.is_empty()).then_some((rest, digits))
}

/// Month and day have two digits. The name of a zone stands behind an offset only; `UTC` is meant in place of the offset.
fn iso(text: &str) -> Option<DateTime> {
    let (date, _) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let named = without_zone_name(text);
    let text = match (text.strip_suffix('Z'), named.rsplit_once(' ')) {
        (Some(local), _) => format!("{local}+00:00"),
        (None, _) if named.len() == text.len() => text.to_owned(),
        (None, Some((local, offset))) if is_offset(offset) => match text.ends_with(" UTC") {
            true => local.to_owned(),
            false => named.to_owned(),
        },
        (None, _) => return None,
    };
    (date.len() == 10).then(|| parsed(&text, &ISO))?
}

fn is_offset(text: &str) -> bool {
    text.len() == 5 && text.starts_with(['+', '-'])
}

/// The day of the month has two digits, unless it is behind the name of the month. The name of a zone says nothing.
fn named(text: &str) -> Option<DateTime> {
    let is_day = |word: &str| "sun mon tue wed thu fri sat".contains(&word.to_lowercase());
    let text = match text.split_once(' ') {
        Some((day, rest)) if day.get(..3).is_some_and(is_day) => rest,
        _ => text,
    };
    let (first, _) = text.split_once([' ', '-'])?;
    let text = without_zone_name(text);
    let in_year_0 = || parsed(&format!("{text} 0000"), &NAMED);
    (first.len() > 1).then(|| parsed(text, &NAMED).or_else(in_year_0))?
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
            ("0001-01-01 00:00:00.001Z", "0001-01-01 00:00:00.001Z"),
            ("0001-01-01 00:00:01Z", "0001-01-01 00:00:01.000Z"),
            ("0000-01-01", "0000-01-01 00:00:00.000Z"),
            ("10:00PM", "0000-01-01 22:00:00.000Z"),
            ("1:05PM", "0000-01-01 13:05:00.000Z"),
            ("12:00AM", "0000-01-01 00:00:00.000Z"),
            ("0:30AM", "0000-01-01 00:30:00.000Z"),
            ("Jan  2 15:04:05", "0000-01-02 15:04:05.000Z"),
            ("Jan 12 15:04:05.123", "0000-01-12 15:04:05.123Z"),
            ("2022-01-01 10:00:00 +0800 CST", "2022-01-01 02:00:00.000Z"),
            (
                "2022-01-01 10:00:00.5 +0800 UTC",
                "2022-01-01 10:00:00.500Z",
            ),
            ("2022-01-01 10:00:00+23:59", "2021-12-31 10:01:00.000Z"),
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
            "2022-01-01 10:00:60",
            "22 Nov 2026 10:00:60",
            "Sun, 22 Nov 2026 05:50:60 GMT",
            "2022-01-01 23:60:00",
            "2022-01-01 24:00:00",
            "2022-01-01T10:00:00.",
            "2022-01-01T10:00:00,",
            "2022-01-01T10:00:00.Z",
            "2022-01-01 10:00:00 UTC",
            "2022-01-01 10:00:00 CST",
            "2022-01-01 10:00:00Z UTC",
            "2022-01-01 10:00:00 +08:00 CST",
            "0001-01-01",
            "0001-01-01 00:00:00.000Z",
            "13:00PM",
            "10:00pm",
            "10:00 PM",
            "10:60PM",
            "PM",
        ] {
            assert_eq!(coerce(text), "", "{text}");
        }
    }
}
