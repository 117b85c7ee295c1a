//! Phone numbers.

use std::fmt;

use super::Invalid;

/// A phone number in its one written form: mainland mobile as 11 digits, other countries as `+<cc><number>`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it: spaces, dashes and a `+86`/`86` prefix do not matter.
    ///
    /// # Errors
    /// [`Invalid::Empty`] for nothing but spaces and dashes, [`Invalid::Phone`] for anything else that is neither
    /// a mainland mobile number (`1[3-9]` and nine digits) nor `+` and 7 to 15 digits (ITU-T E.164).
    pub fn parse(input: &str) -> Result<Self, Invalid> {
        let number: String = input
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        if number.is_empty() {
            return Err(Invalid::Empty);
        }
        let national = number
            .strip_prefix("+86")
            .or_else(|| number.strip_prefix("86"))
            .unwrap_or(&number);
        if is_mainland_mobile(national) {
            return Ok(Self(national.to_owned()));
        }
        if is_international(&number) {
            Ok(Self(number))
        } else {
            Err(Invalid::Phone)
        }
    }

    /// A number as WeChat reports it: the country code and the number without it.
    ///
    /// # Errors
    /// As [`Phone::parse`].
    pub fn from_country(country_code: &str, number: &str) -> Result<Self, Invalid> {
        Self::parse(&format!(
            "+{}{number}",
            country_code.trim_start_matches('+')
        ))
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

fn is_mainland_mobile(number: &str) -> bool {
    number.len() == 11
        && number.bytes().all(|b| b.is_ascii_digit())
        && number.starts_with('1')
        && matches!(number.as_bytes()[1], b'3'..=b'9')
}

fn is_international(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
            && !digits.starts_with("86")
    })
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
            ("+86 138-0013-8000", "13800138000"),
            (" 138 0013 8000 ", "13800138000"),
            ("+852 9123 4567", "+85291234567"),
            ("+1-212-555-0100", "+12125550100"),
        ] {
            assert_eq!(Phone::parse(input).unwrap().as_str(), stored, "{input}");
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
            "abc",
            "+",
            "１３８００１３８０００",
        ] {
            assert_eq!(Phone::parse(input).unwrap_err(), Invalid::Phone, "{input}");
        }
        assert_eq!(Phone::parse(" - ").unwrap_err(), Invalid::Empty);
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

    /// The rule of docs/rules.md, character by character.
    fn by_the_rule(input: &str) -> Option<String> {
        let mut written = Vec::new();
        for c in input.chars() {
            if !c.is_whitespace() && c != '-' {
                written.push(c);
            }
        }
        for prefix in ["", "86", "+86"] {
            if let Some(rest) = written.strip_prefix(prefix.chars().collect::<Vec<_>>().as_slice())
                && let ['1', second, others @ ..] = rest
                && ('3'..='9').contains(second)
                && others.len() == 9
                && others.iter().all(char::is_ascii_digit)
            {
                return Some(rest.iter().collect());
            }
        }
        match written.as_slice() {
            ['+', '0', ..] | ['+', '8', '6', ..] => None,
            ['+', digits @ ..] if digits.iter().all(char::is_ascii_digit) => (7..=15)
                .contains(&digits.len())
                .then(|| written.iter().collect()),
            _ => None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn parsing_never_panics_follows_the_rule_and_is_idempotent(
            input in prop_oneof![
                any::<String>(),
                "[-+ 0-9]{0,20}",
                "[ -]?(\\+?86)?[ -]?1[0-9][0-9 -]{8,11}",
                "\\+[0-9]{1,3}[ -]?[0-9]{3,14}",
                "\\+?(86)?1[3-9][0-9]{8}[0-9０-９٠-٩x]",
            ],
        ) {
            let parsed = Phone::parse(&input);
            prop_assert_eq!(parsed.as_ref().ok().map(|phone| phone.as_str().to_owned()), by_the_rule(&input));
            if let Ok(phone) = parsed {
                prop_assert_eq!(Phone::parse(phone.as_str()).unwrap(), phone.clone());
                prop_assert!(phone.masked().contains("****"));
            }
        }
    }
}
