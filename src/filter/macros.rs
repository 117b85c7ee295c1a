//! The names that stand for a time or a part of it, all in UTC.

use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};

use super::sqlite::Datum;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Macro {
    Now,
    Yesterday,
    Tomorrow,
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Year,
    TodayStart,
    TodayEnd,
    MonthStart,
    MonthEnd,
    YearStart,
    YearEnd,
}

impl Macro {
    pub const NAMES: [(&str, Self); 16] = [
        ("@now", Self::Now),
        ("@yesterday", Self::Yesterday),
        ("@tomorrow", Self::Tomorrow),
        ("@second", Self::Second),
        ("@minute", Self::Minute),
        ("@hour", Self::Hour),
        ("@day", Self::Day),
        ("@month", Self::Month),
        ("@weekday", Self::Weekday),
        ("@year", Self::Year),
        ("@todayStart", Self::TodayStart),
        ("@todayEnd", Self::TodayEnd),
        ("@monthStart", Self::MonthStart),
        ("@monthEnd", Self::MonthEnd),
        ("@yearStart", Self::YearStart),
        ("@yearEnd", Self::YearEnd),
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, of_time)| of_time)
    }

    pub fn name(self) -> &'static str {
        Self::NAMES
            .into_iter()
            .find(|(_, of_time)| *of_time == self)
            .map_or("", |(name, _)| name)
    }

    /// Value at `now`.
    pub fn at(self, now: Timestamp) -> Datum<'static> {
        let now = Offset::UTC.to_datetime(now);
        let date = now.date();
        let start = |date: jiff::civil::Date| text(date.to_datetime(Time::midnight()));
        let end = |date: jiff::civil::Date| text(date.to_datetime(Time::MAX));
        match self {
            Self::Now => text(now),
            Self::Yesterday => text(now.saturating_sub(1.day())),
            Self::Tomorrow => text(now.saturating_add(1.day())),
            Self::Second => Datum::Integer(now.second().into()),
            Self::Minute => Datum::Integer(now.minute().into()),
            Self::Hour => Datum::Integer(now.hour().into()),
            Self::Day => Datum::Integer(now.day().into()),
            Self::Month => Datum::Integer(now.month().into()),
            Self::Weekday => Datum::Integer(now.weekday().to_sunday_zero_offset().into()),
            Self::Year => Datum::Integer(now.year().into()),
            Self::TodayStart => start(date),
            Self::TodayEnd => end(date),
            Self::MonthStart => start(date.first_of_month()),
            Self::MonthEnd => end(date.last_of_month()),
            Self::YearStart => start(date.first_of_year()),
            Self::YearEnd => end(date.last_of_year()),
        }
    }
}

/// As dates are stored, cut to milliseconds.
fn text(time: DateTime) -> Datum<'static> {
    Datum::Text(
        format!(
            "{} {}.{:03}Z",
            time.date(),
            time.strftime("%H:%M:%S"),
            time.millisecond()
        )
        .into(),
    )
}
