//! Dates as PocketBase writes them.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::tz::Offset;

/// Times in milliseconds whose texts are in the order of time: those of the years 0 to 9999, as far as
/// [`Timestamp`] reaches.
pub const DATES_IN_ORDER: RangeInclusive<i64> = -62_167_219_200_000..=253_402_207_199_999;

/// The text of a date, in UTC and to the millisecond: `2026-11-22 05:50:36.858Z`.
pub fn date_text(at: Timestamp) -> String {
    let mut text = String::with_capacity("2026-11-22 05:50:36.858Z".len());
    push_date(&mut text, at);
    text
}

/// Puts the text of a date behind `text`. Lists make many of them, and a format that is read each time takes five times as long.
pub fn push_date(text: &mut String, at: Timestamp) {
    let at = Offset::UTC.to_datetime(at);
    push_digits(text, i32::from(at.year()), 1000);
    for (before, part) in [
        ('-', at.month()),
        ('-', at.day()),
        (' ', at.hour()),
        (':', at.minute()),
        (':', at.second()),
    ] {
        text.push(before);
        push_digits(text, i32::from(part), 10);
    }
    text.push('.');
    push_digits(text, i32::from(at.millisecond()), 100);
    text.push('Z');
}

/// Puts the digits of a number behind `text`, the first of them for `place`.
fn push_digits(text: &mut String, number: i32, mut place: i32) {
    if number < 0 {
        text.push('-');
    }
    while place > 0 {
        let digit = (number.abs() / place % 10).unsigned_abs();
        text.extend(char::from_digit(digit, 10));
        place /= 10;
    }
}

/// Reads a date in the form of [`date_text`], to the millisecond.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let at: Timestamp = text.parse().ok()?;
    Timestamp::from_millisecond(at.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_in_the_order_of_time_from_end_to_end() {
        let text = |ms| date_text(Timestamp::from_millisecond(ms).unwrap());
        let (first, last) = DATES_IN_ORDER.into_inner();
        assert_eq!(text(first), "0000-01-01 00:00:00.000Z");
        assert_eq!(text(last), "9999-12-30 21:59:59.999Z");
    }

    #[test]
    fn the_text_of_a_date_is_the_one_of_the_format() {
        for ms in [
            0,
            1,
            999,
            1_795_327_836_858,
            951_782_399_999,
            253_402_207_199_999,
            -62_135_596_800_000,
            -62_167_219_200_000,
            -1,
        ] {
            let at = Timestamp::from_millisecond(ms).unwrap();
            let format = at.strftime("%Y-%m-%d %H:%M:%S.%3fZ").to_string();
            assert_eq!(date_text(at), format);
        }
    }
}
