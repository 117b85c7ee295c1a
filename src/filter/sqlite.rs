//! Values as SQLite holds and compares them.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A value in one of SQLite's storage classes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
}

/// Affinity of a column: the conversion of a value that it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    None,
    Text,
    Numeric,
}

/// 2^63, the first double that no integer reaches.
const INTEGERS_END: f64 = 9_223_372_036_854_775_808.0;

impl<'a> Datum<'a> {
    /// A number as a NUMERIC column stores it: as an integer wherever nothing is lost.
    pub fn number(number: f64) -> Self {
        if number.fract() == 0.0 && (-INTEGERS_END..INTEGERS_END).contains(&number) {
            Self::Integer(truncate(number))
        } else {
            Self::Real(number)
        }
    }

    /// As text; `None` for NULL.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null => None,
            Self::Integer(number) => Some(number.to_string().into()),
            Self::Real(number) => Some(real_text(number).into()),
            Self::Text(text) => Some(text),
        }
    }

    /// The same for as long as one wants.
    pub fn into_owned(self) -> Datum<'static> {
        match self {
            Self::Null => Datum::Null,
            Self::Integer(number) => Datum::Integer(number),
            Self::Real(number) => Datum::Real(number),
            Self::Text(text) => Datum::Text(text.into_owned().into()),
        }
    }

    /// `LOWER(…)`.
    pub fn into_lower(self) -> Self {
        let text = self.into_text();
        text.map_or(Self::Null, |text| {
            Self::Text(text.to_ascii_lowercase().into())
        })
    }

    fn with_text_affinity(self) -> Self {
        self.into_text().map_or(Self::Null, Self::Text)
    }

    fn with_numeric_affinity(self) -> Self {
        match &self {
            Self::Text(text) => parse_number(text).unwrap_or(self),
            _ => self,
        }
    }

    /// The order within and between storage classes, NULL first; no value is converted.
    pub fn order(&self, other: &Self) -> Ordering {
        let class = |datum: &Self| match datum {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
        };
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Integer(a), Self::Real(b)) => order_integer(*a, *b),
            (Self::Real(a), Self::Integer(b)) => order_integer(*b, *a).reverse(),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            _ => class(self).cmp(&class(other)),
        }
    }
}

/// Compares two values, each first under the affinity of the other; `None` when one is NULL.
pub(super) fn compare(
    left: (Datum<'_>, Affinity),
    right: (Datum<'_>, Affinity),
) -> Option<Ordering> {
    let convert = match (left.1, right.1) {
        (Affinity::Numeric, _) | (_, Affinity::Numeric) => Datum::with_numeric_affinity,
        (Affinity::Text, _) | (_, Affinity::Text) => Datum::with_text_affinity,
        (Affinity::None, Affinity::None) => |datum| datum,
    };
    match (convert(left.0), convert(right.0)) {
        (Datum::Null, _) | (_, Datum::Null) => None,
        (left, right) => Some(left.order(&right)),
    }
}

/// Exact, where a conversion to a double would round.
fn order_integer(integer: i64, real: f64) -> Ordering {
    if real >= INTEGERS_END {
        Ordering::Less
    } else if real < -INTEGERS_END {
        Ordering::Greater
    } else {
        let fraction = if real.fract() > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        };
        let by_fraction = if real.fract() == 0.0 {
            Ordering::Equal
        } else {
            fraction
        };
        integer.cmp(&truncate(real)).then(by_fraction)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the fraction is to go; the range was checked"
)]
fn truncate(real: f64) -> i64 {
    real as i64
}

/// A text that is wholly a number, but for spaces around it.
fn parse_number(text: &str) -> Option<Datum<'static>> {
    let text = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    if let Ok(integer) = text.parse() {
        return Some(Datum::Integer(integer));
    }
    // Rust's doubles are written like SQLite's, but for their words.
    let is_number = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|_| is_number).map(Datum::Real)
}

/// A normal double as SQLite writes it: 15 digits where they are enough, else 17; always with a point.
fn real_text(number: f64) -> String {
    let short = format!("{number:.14e}");
    let digits = if short.parse() == Ok(number) {
        short
    } else {
        format!("{number:.16e}")
    };
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    match exponent.parse::<i32>() {
        _ if number == 0.0 => "0.0".to_owned(),
        // 17 digits or fewer say all that there is before the point, and Rust writes the fewest that say the same.
        Ok(-4..17) if mantissa.len() < 18 => with_point(number.to_string()),
        Ok(exponent @ -4..17) => with_point(format!(
            "{number:.*}",
            usize::try_from(16 - exponent).unwrap_or(0)
        )),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!(
                "{}e{sign}{:02}",
                with_point(mantissa.to_owned()),
                exponent.abs()
            )
        }
        Err(_) => number.to_string(),
    }
}

/// Without zeros at the end, but with a digit after the point.
fn with_point(digits: String) -> String {
    if !digits.contains('.') {
        return digits + ".0";
    }
    let digits = digits.trim_end_matches('0');
    if digits.ends_with('.') {
        format!("{digits}0")
    } else {
        digits.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_sqlite_writes_them() {
        for (number, text) in [
            (0.1, "0.1"),
            (-0.0, "0.0"),
            (1e16, "10000000000000000.0"),
            (1e17, "1.0e+17"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (1e100, "1.0e+100"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-5, "1.0e-05"),
            (0.0001, "0.0001"),
            (13_800_138_000.0, "13800138000.0"),
            (-1.5e300, "-1.5e+300"),
            (2.0 / 3.0, "0.66666666666666663"),
            (123_456_789.123_456_79, "123456789.12345679"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (0.123_456_789_012_345_6, "0.12345678901234559"),
            (333_333.333_333_333_3, "333333.33333333331"),
            (12_345_678_901_234_567.0, "12345678901234568.0"),
            (1_234_567.891, "1234567.891"),
        ] {
            assert_eq!(real_text(number), text);
        }
    }

    #[test]
    fn only_what_is_wholly_a_number_becomes_one() {
        for (text, number) in [
            ("1.", 1.0),
            (".5", 0.5),
            ("+.5", 0.5),
            ("1e5", 1e5),
            (" \t1\n", 1.0),
            ("-0", 0.0),
            ("1.0e0 ", 1.0),
        ] {
            assert!(
                parse_number(text)
                    .unwrap()
                    .order(&Datum::Real(number))
                    .is_eq(),
                "{text:?}"
            );
        }
        assert_eq!(
            parse_number("9007199254740993"),
            Some(Datum::Integer(9_007_199_254_740_993))
        );
        for text in [
            "", ".", "-", "1e", "1e+", "0x10", "inf", "nan", "1_0", "1 2", "１",
        ] {
            assert_eq!(parse_number(text), None, "{text:?}");
        }
    }

    #[test]
    fn integers_and_doubles_are_compared_exactly() {
        let order = |integer, real| Datum::Integer(integer).order(&Datum::Real(real));
        assert_eq!(
            order(9_007_199_254_740_993, 9_007_199_254_740_992.0),
            Ordering::Greater
        );
        assert_eq!(order(i64::MAX, 9_223_372_036_854_775_808.0), Ordering::Less);
        assert_eq!(
            order(i64::MIN, -9_223_372_036_854_775_808.0),
            Ordering::Equal
        );
        assert_eq!(order(-1, -1.5), Ordering::Greater);
        assert_eq!(order(1, 1.5), Ordering::Less);
        assert_eq!(order(0, f64::NEG_INFINITY), Ordering::Greater);
    }
}
