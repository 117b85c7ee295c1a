//! Short texts with a length rule. Lengths are in characters, after trimming white space at both ends; a text in which there is
//! nothing to see is empty.

use super::Invalid;
use super::picture::is_for_others;
use super::visible::{is_blank, is_invisible, is_stray};

/// A rule besides the length: whether a text keeps it, and the error of one that does not.
type Rule = (fn(&str) -> bool, Invalid);

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $min:expr, $max:expr, $is_dropped:expr, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The most characters.
            pub const MAX_CHARS: usize = $max;

            /// Takes out of `input` what is dropped, trims it and checks it.
            ///
            /// # Errors
            /// [`Invalid::Empty`], [`Invalid::TooLong`], or the rule of the text.
            pub fn parse(input: &str) -> Result<Self, Invalid> {
                let is_dropped: fn(char) -> bool = $is_dropped;
                let text = trimmed(&input.replace(is_dropped, ""), $min, $max)?;
                let rule: Option<Rule> = $rule;
                match rule {
                    Some((fits, why)) if !fits(&text) => Err(why),
                    _ => Ok(Self(text)),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

text!(
    /// A person's name: 1 to 64 characters.
    Name, 1, 64, is_stray, None
);
text!(
    /// The address of a picture that others can open: 1 to 2048 characters.
    Picture, 1, 2048, is_hidden, Some((is_for_others, Invalid::Picture))
);
text!(
    /// Any other text field: at most 255 characters, empty when not given.
    ShortText, 0, 255, is_stray, None
);
text!(
    /// A one-time code from WeChat: 1 to 256 characters, all of them visible.
    OneTimeCode, 1, 256, nothing, Some((is_visible, Invalid::Code))
);

fn trimmed(input: &str, min: usize, max: usize) -> Result<String, Invalid> {
    let text = if is_blank(input) { "" } else { input.trim() };
    match text.chars().count() {
        n if n < min => Err(Invalid::Empty),
        n if n > max => Err(Invalid::TooLong { max }),
        _ => Ok(text.to_owned()),
    }
}

/// Whether nobody sees the character in an address; a space in a file's name is one of its characters.
fn is_hidden(c: char) -> bool {
    c != ' ' && is_invisible(c)
}

/// Nothing is dropped.
fn nothing(_: char) -> bool {
    false
}

fn is_visible(text: &str) -> bool {
    !text.chars().any(is_invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_checked_after_trimming() {
        assert_eq!(Name::parse("  张三 ").unwrap().as_str(), "张三");
        assert_eq!(Name::parse("   ").unwrap_err(), Invalid::Empty);
        assert!(Name::parse(&"张".repeat(64)).is_ok());
        assert_eq!(
            Name::parse(&"张".repeat(65)).unwrap_err(),
            Invalid::TooLong { max: 64 }
        );
        assert!(Picture::parse(&"a".repeat(2048)).is_ok());
        assert_eq!(
            Picture::parse(&"a".repeat(2049)).unwrap_err(),
            Invalid::TooLong { max: 2048 }
        );
        assert_eq!(ShortText::parse("").unwrap().as_str(), "");
        assert_eq!(
            ShortText::parse(&"a".repeat(256)).unwrap_err(),
            Invalid::TooLong { max: 255 }
        );
    }
    #[test]
    fn a_text_with_nothing_to_see_is_empty() {
        for blank in [
            "\u{200b}",
            "\u{3164}",
            "\0",
            " \u{202d}\u{202c} ",
            "\u{2800}\u{feff}",
        ] {
            assert_eq!(Name::parse(blank).unwrap_err(), Invalid::Empty, "{blank:?}");
            assert_eq!(Picture::parse(blank).unwrap_err(), Invalid::Empty);
            assert_eq!(OneTimeCode::parse(blank).unwrap_err(), Invalid::Empty);
            assert_eq!(ShortText::parse(blank).unwrap().as_str(), "");
        }
        assert_eq!(Name::parse("❤\u{fe0f}").unwrap().as_str(), "❤\u{fe0f}");
    }

    #[test]
    fn a_code_has_no_blanks_and_no_controls() {
        assert_eq!(OneTimeCode::parse(" 0a1B-_ ").unwrap().as_str(), "0a1B-_");
        for code in [
            "a b",
            "a\tb",
            "a\0b",
            "\u{7}ab",
            "a\u{200b}b",
            "the code is a mock one",
        ] {
            assert_eq!(
                OneTimeCode::parse(code).unwrap_err(),
                Invalid::Code,
                "{code:?}"
            );
        }
    }
}
