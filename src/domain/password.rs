//! A password as somebody typed it.

use std::fmt;
use std::hash::{Hash, Hasher};

use zeroize::Zeroizing;

use super::Invalid;
use super::visible::is_blank;

/// A password in clear, wiped from memory when dropped and never printed.
///
/// Any Unicode, compared exactly: no trimming, no normalisation (OWASP ASVS 5.0, 6.2.8).
#[derive(Clone)]
pub struct PlainPassword(Zeroizing<String>);

impl PlainPassword {
    /// The fewest characters of a new password (ASVS 5.0, 6.2.1).
    pub const MIN_CHARS: usize = 8;
    /// The most characters that are ever hashed (ASVS 5.0, 6.2.9 asks for at least 64).
    pub const MAX_CHARS: usize = 128;

    /// A password to be set: 8 to 128 characters, some of them visible.
    ///
    /// # Errors
    /// [`Invalid::Empty`], [`Invalid::TooShort`] or [`Invalid::TooLong`].
    pub fn new(password: String) -> Result<Self, Invalid> {
        let password = Self::attempt(password)?;
        if is_blank(&password.0) {
            return Err(Invalid::Empty);
        }
        if password.0.chars().count() < Self::MIN_CHARS {
            return Err(Invalid::TooShort {
                min: Self::MIN_CHARS,
            });
        }
        Ok(password)
    }

    /// A password to be checked: 1 to 128 characters, so that nothing longer is ever hashed.
    ///
    /// # Errors
    /// [`Invalid::Empty`] or [`Invalid::TooLong`].
    pub fn attempt(password: String) -> Result<Self, Invalid> {
        let password = Zeroizing::new(password);
        if password.is_empty() {
            return Err(Invalid::Empty);
        }
        if password.chars().count() > Self::MAX_CHARS {
            return Err(Invalid::TooLong {
                max: Self::MAX_CHARS,
            });
        }
        Ok(Self(password))
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Whether a stored hash is bcrypt's: it came from PocketBase, and the next login replaces it.
#[must_use]
pub fn is_imported_hash(hash: &str) -> bool {
    hash.starts_with("$2")
}

/// For keyed hashes that stay in memory.
impl Hash for PlainPassword {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(
            PlainPassword::new("七个字的密码吧".into()).unwrap_err(),
            Invalid::TooShort { min: 8 }
        );
        assert!(PlainPassword::new("八个字的密码可以".into()).is_ok());
        assert!(PlainPassword::new("密".repeat(128)).is_ok());
        assert_eq!(
            PlainPassword::new("密".repeat(129)).unwrap_err(),
            Invalid::TooLong { max: 128 }
        );
        assert_eq!(
            PlainPassword::attempt(String::new()).unwrap_err(),
            Invalid::Empty
        );
    }

    #[test]
    fn a_password_of_nothing_visible_is_none() {
        for blank in [" ", "\u{200b}", "\u{3000}", "\0"] {
            let password = PlainPassword::new(blank.repeat(8));
            assert_eq!(password.unwrap_err(), Invalid::Empty, "{blank:?}");
        }
        assert!(PlainPassword::new("       a".into()).is_ok());
    }

    #[test]
    fn debug_output_hides_the_password() {
        assert!(!format!("{:?}", PlainPassword::new("12345678".into())).contains("1234"));
    }
}
