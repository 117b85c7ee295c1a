//! Phone numbers.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::Invalid;
use super::visible::is_invisible;

/// A phone number in its one written form: mainland mobile as 11 digits, other countries as `+<cc><number>`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write and copy it: what nobody sees, blanks, [`SEPARATORS`], full-width digits, `+86`, `86`,
    /// `0086` and a trunk zero do not matter.
    ///
    /// # Errors
    /// [`Invalid::Empty`] for nothing but blanks and separators, [`Invalid::Phone`] for anything else that is neither
    /// a mainland mobile number (`1[3-9]` and nine digits) nor `+` and 7 to 15 digits (ITU-T E.164).
    pub fn parse(input: &str) -> Result<Self, Invalid> {
        let number = cleaned(input);
        if number.is_empty() {
            return Err(Invalid::Empty);
        }
        let known = mainland(&number).or_else(|| international(&number));
        known.map(Self).ok_or(Invalid::Phone)
    }

    /// A number as WeChat reports it: the country code and the number without it. Without a country code, it is a number of the
    /// mainland or none.
    ///
    /// # Errors
    /// As [`Phone::parse`].
    pub fn from_country(country_code: &str, number: &str) -> Result<Self, Invalid> {
        match cleaned(country_code).trim_start_matches(['+', '0']) {
            "" => mainland(&cleaned(number)).map(Self).ok_or(Invalid::Phone),
            country_code => Self::parse(&format!("+{country_code}{number}")),
        }
    }

    /// A number in its one written form, such as a file holds; another spelling is none.
    #[must_use]
    pub fn from_stored(text: String) -> Option<Self> {
        let is_one = is_mainland_mobile(&text) || text.strip_prefix('+').is_some_and(is_e164);
        is_one.then_some(Self(text))
    }

    /// The spelling in which versions up to schema version 4 may have stored the number: with the trunk zero, `+4407…`.
    #[must_use]
    pub fn with_trunk_zero(&self) -> Option<Self> {
        let digits = self.0.strip_prefix('+')?;
        let (country_code, national) = digits.split_at_checked(country_code_len(digits))?;
        let has_none = !WITH_ZERO.contains(&country_code) && !national.starts_with('0');
        has_none.then(|| Self(format!("+{country_code}0{national}")))
    }

    /// The number as it is stored and compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number with its middle hidden: `138****8000`, `+852****4567`.
    #[must_use]
    pub fn masked(&self) -> String {
        let head = if self.0.starts_with('+') { 4 } else { 3 };
        let tail = if self.0.len() > head + 4 { 4 } else { 2 };
        format!("{}****{}", &self.0[..head], &self.0[self.0.len() - tail..])
    }
}

/// Characters between digits that mean nothing: those of RFC 3966, and other dashes.
const SEPARATORS: [char; 11] = [
    '-', '.', '(', ')', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}',
    '\u{2212}',
];

/// Country codes of numbers that begin with a zero of their own: Italy, San Marino, the Vatican, Côte d'Ivoire, Benin, Congo.
const WITH_ZERO: [&str; 6] = ["39", "378", "379", "225", "229", "242"];

/// Beginnings of what is dialled to leave a country (`0011 86 …`): no number of North America has them.
const NO_COUNTRY: [&str; 2] = ["10", "11"];

/// The number without what means nothing, its digits in ASCII.
fn cleaned(input: &str) -> String {
    input
        .nfkc()
        .filter(|c| !is_invisible(*c) && !SEPARATORS.contains(c))
        .collect()
}

fn mainland(number: &str) -> Option<String> {
    let national = ["+86", "0086", "86"]
        .iter()
        .find_map(|prefix| number.strip_prefix(prefix))
        .unwrap_or(number);
    let mobile = national.strip_prefix('0').unwrap_or(national);
    is_mainland_mobile(mobile).then(|| mobile.to_owned())
}

fn international(number: &str) -> Option<String> {
    let digits = number
        .strip_prefix('+')
        .or_else(|| number.strip_prefix("00"))?;
    let is_exit_code = NO_COUNTRY.iter().any(|begin| digits.starts_with(begin));
    if is_exit_code || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = without_trunk_zero(digits);
    is_e164(&digits).then(|| format!("+{digits}"))
}

/// The digits without the zero that is dialled within a country only: `4407…` is `447…`.
fn without_trunk_zero(digits: &str) -> String {
    let (country_code, national) = digits.split_at(country_code_len(digits).min(digits.len()));
    match WITH_ZERO.contains(&country_code) {
        true => digits.to_owned(),
        false => format!("{country_code}{}", national.trim_start_matches('0')),
    }
}

/// The digits of the country code, as ITU-T E.164 gives them out.
fn country_code_len(digits: &str) -> usize {
    match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    }
}

fn is_mainland_mobile(number: &str) -> bool {
    number.len() == 11
        && number.bytes().all(|b| b.is_ascii_digit())
        && number.starts_with('1')
        && matches!(number.as_bytes()[1], b'3'..=b'9')
}

fn is_e164(digits: &str) -> bool {
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
        && !digits.starts_with("86")
}

/// Masked, so that no log line shows a whole number by accident.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_normalised_to_one_form() {
        for (input, stored) in [
            ("13800138000", "13800138000"),
            ("+8613800138000", "13800138000"),
            ("8613800138000", "13800138000"),
            ("0086 138 0013 8000", "13800138000"),
            ("+86 0138-0013-8000", "13800138000"),
            ("013800138000", "13800138000"),
            ("+86 138-0013-8000", "13800138000"),
            (" 138 0013 8000 ", "13800138000"),
            ("\u{202d}13800138000\u{202c}", "13800138000"),
            ("\u{202d}+86 138 0013 8000\u{202c}", "13800138000"),
            ("138\u{200b}0013\u{200b}8000\u{feff}", "13800138000"),
            ("\u{2066}138\u{a0}0013\u{3000}8000\u{2069}", "13800138000"),
            ("138\u{2060}0013\u{ad}8000\0", "13800138000"),
            ("１３８００１３８０００", "13800138000"),
            ("＋８６－１３８００１３８０００", "13800138000"),
            ("𝟏𝟑𝟖00138000", "13800138000"),
            ("138–0013—8000", "13800138000"),
            ("138.0013.8000", "13800138000"),
            ("+852 9123 4567", "+85291234567"),
            ("00852 9123 4567", "+85291234567"),
            ("+1 (212) 555-0100", "+12125550100"),
            ("+44 07911 123456", "+447911123456"),
            ("+44 (0)7911 123456", "+447911123456"),
            ("0044 07911 123456", "+447911123456"),
            ("+886 0912 345 678", "+886912345678"),
            ("+39 06 1234 5678", "+390612345678"),
            ("+225 07 12 34 56 78", "+2250712345678"),
        ] {
            assert_eq!(Phone::parse(input).unwrap().as_str(), stored, "{input:?}");
        }
    }

    #[test]
    fn an_older_spelling_has_the_trunk_zero_where_a_country_has_one() {
        let older = |text| Phone::parse(text).unwrap().with_trunk_zero();
        assert_eq!(older("+447911123456").unwrap().as_str(), "+4407911123456");
        for without in ["13800138000", "+390612345678", "+2250712345678"] {
            assert_eq!(older(without), None, "{without}");
        }
    }

    #[test]
    fn other_input_is_refused() {
        for input in [
            "12800138000",
            "1380013800",
            "138001380000",
            "+86 10 12345678",
            "852 9123 4567",
            "+0123456789",
            "000 44 7911 123456",
            "0011 86 13911112222",
            "0010 86 13911112222",
            "+1 1 212 555 0100",
            "abc",
            "+",
            "1380013800O",
            "+é23456789",
        ] {
            assert_eq!(Phone::parse(input).unwrap_err(), Invalid::Phone, "{input}");
        }
        for input in [" - ", "\u{202d}\u{202c}", "\u{3164}"] {
            assert_eq!(
                Phone::parse(input).unwrap_err(),
                Invalid::Empty,
                "{input:?}"
            );
        }
    }

    #[test]
    fn a_number_of_wechat_without_a_country_code_is_of_the_mainland_or_none() {
        for (country_code, number, stored) in [
            ("86", "13800138000", Some("13800138000")),
            ("+86", "13800138000", Some("13800138000")),
            ("0086", "13800138000", Some("13800138000")),
            ("", "13800138000", Some("13800138000")),
            (" ", "138 0013 8000", Some("13800138000")),
            ("+", "13800138000", Some("13800138000")),
            ("0", "13800138000", Some("13800138000")),
            ("852", "91234567", Some("+85291234567")),
            ("44", "07911123456", Some("+447911123456")),
            ("", "91234567", None),
            ("", "+12125550100", None),
            ("", "2125550100", None),
            ("x", "13800138000", None),
        ] {
            let phone = Phone::from_country(country_code, number).ok();
            let phone = phone.as_ref().map(Phone::as_str);
            assert_eq!(phone, stored, "{country_code:?} {number}");
        }
    }

    #[test]
    fn what_is_stored_is_read_as_it_is() {
        for text in ["13800138000", "+85291234567", "+4407911123456"] {
            let phone = Phone::from_stored(text.to_owned());
            assert_eq!(phone.unwrap().as_str(), text);
        }
        for text in ["", "+8613800138000", "138 0013 8000", "85291234567"] {
            assert!(Phone::from_stored(text.to_owned()).is_none(), "{text}");
        }
    }

    #[test]
    fn the_middle_is_masked() {
        assert_eq!(Phone::parse("13800138000").unwrap().masked(), "138****8000");
        assert_eq!(
            Phone::parse("+85291234567").unwrap().masked(),
            "+852****4567"
        );
        assert_eq!(Phone::parse("+1234567").unwrap().masked(), "+123****67");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn parsing_never_panics_and_what_it_gives_is_its_one_written_form(
            input in prop_oneof![
                any::<String>(),
                "[-+ 0-9]{0,20}",
                "[ -]?(\\+?86)?[ -]?1[0-9][0-9 -]{8,11}",
                "\\+[0-9]{1,3}[ -]?[0-9]{3,14}",
                "\\+?(86)?1[3-9][0-9]{8}[0-9０-９٠-٩x]",
            ],
        ) {
            if let Ok(phone) = Phone::parse(&input) {
                prop_assert_eq!(Phone::parse(phone.as_str()).unwrap(), phone.clone());
                prop_assert_eq!(Phone::from_stored(phone.as_str().to_owned()).unwrap(), phone.clone());
                prop_assert!(phone.masked().contains("****"));
            }
        }
    }
}
