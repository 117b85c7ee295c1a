//! Short texts with a length rule. Lengths are in characters, after trimming white space at both ends.

use super::Invalid;

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $min:expr, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The most characters.
            pub const MAX_CHARS: usize = $max;

            /// Trims `input` and checks its length.
            ///
            /// # Errors
            /// [`Invalid::Empty`] or [`Invalid::TooLong`].
            pub fn parse(input: &str) -> Result<Self, Invalid> {
                trimmed(input, $min, $max).map(Self)
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
    Name, 1, 64
);
text!(
    /// The address of a picture: 1 to 2048 characters.
    Picture, 1, 2048
);
text!(
    /// Any other text field: at most 255 characters, empty when not given.
    ShortText, 0, 255
);
text!(
    /// A one-time code from WeChat: 1 to 256 characters.
    OneTimeCode, 1, 256
);

fn trimmed(input: &str, min: usize, max: usize) -> Result<String, Invalid> {
    let text = input.trim();
    match text.chars().count() {
        n if n < min => Err(Invalid::Empty),
        n if n > max => Err(Invalid::TooLong { max }),
        _ => Ok(text.to_owned()),
    }
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
}
