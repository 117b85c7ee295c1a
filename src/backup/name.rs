//! Names of backups. None leads out of the folder.

use std::fmt;

use jiff::Timestamp;

/// Ending of the name of a file while it is written; no backup has it.
pub(super) const UNFINISHED: &str = ".new";

/// The most characters of a name, as PocketBase has it.
pub const NAME_MAX: usize = 150;

/// The name of a file in the folder of the backups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// Reasons why a text is no name for a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongName {
    /// It is empty or too long.
    #[error("the name of a backup has 1 to {NAME_MAX} characters")]
    Length,
    /// It has characters that it must not have, or the wrong ending.
    #[error(
        "the name of a backup has the letters a to z, digits, - and _, and ends with .redb or .zip"
    )]
    Format,
}

impl Name {
    /// The name for a new backup: letters, digits, `-`, `_`, and `.redb` or, as PocketBase wants it, `.zip`.
    ///
    /// # Errors
    /// [`WrongName`].
    pub fn new(text: &str) -> Result<Self, WrongName> {
        let name = Self::parse(text)?;
        let stem = text
            .strip_suffix(".redb")
            .or_else(|| text.strip_suffix(".zip"));
        if stem.is_some_and(is_plain) {
            Ok(name)
        } else {
            Err(WrongName::Format)
        }
    }

    /// The name of a file that somebody brought or asks for: nothing in it can lead to another folder.
    ///
    /// # Errors
    /// [`WrongName`].
    pub fn parse(text: &str) -> Result<Self, WrongName> {
        if !(1..=NAME_MAX).contains(&text.chars().count()) {
            return Err(WrongName::Length);
        }
        let is_fine = text
            .bytes()
            .all(|b| is_lower(b) || b.is_ascii_uppercase() || b == b'.');
        let is_hidden = text.starts_with('.') || text.ends_with(UNFINISHED);
        if is_fine && !is_hidden {
            Ok(Self(text.to_owned()))
        } else {
            Err(WrongName::Format)
        }
    }

    /// A name that tells the time; with a number, if it is taken.
    pub(super) fn of_time(now: Timestamp, is_taken: impl Fn(&str) -> bool) -> Self {
        let stem = format!("bai_backup_{}", now.strftime("%Y%m%d%H%M%S"));
        let mut name = format!("{stem}.redb");
        for n in 2.. {
            if !is_taken(&name) {
                break;
            }
            name = format!("{stem}_{n}.redb");
        }
        Self(name)
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_plain(stem: &str) -> bool {
    !stem.is_empty() && stem.bytes().all(is_lower)
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_file_in_the_folder() {
        for name in ["x.zip", "bai_backup_20261122171144.redb", "a-b_c9.redb"] {
            assert_eq!(Name::new(name).unwrap().as_str(), name);
        }
        let long = format!("{}.zip", "a".repeat(NAME_MAX - 3));
        for (name, why) in [
            ("", WrongName::Length),
            (long.as_str(), WrongName::Length),
            (".zip", WrongName::Format),
            ("X.zip", WrongName::Format),
            ("x.tar", WrongName::Format),
            ("../x.zip", WrongName::Format),
            ("x/y.zip", WrongName::Format),
            ("x.zip.new", WrongName::Format),
            ("x\0.zip", WrongName::Format),
            ("x.y.zip", WrongName::Format),
        ] {
            assert_eq!(Name::new(name), Err(why), "{name:?}");
        }
        for name in ["blob", "Nightly.1.zip"] {
            assert!(Name::parse(name).is_ok(), "{name}");
        }
        for name in ["..", ".hidden", "a/b", "a\\b", "x.new", "ä"] {
            assert_eq!(Name::parse(name), Err(WrongName::Format), "{name}");
        }
    }

    #[test]
    fn a_name_that_tells_the_time_is_not_taken() {
        let now = Timestamp::from_millisecond(1_795_327_836_858).unwrap();
        assert_eq!(
            Name::of_time(now, |_| false).as_str(),
            "bai_backup_20261122061036.redb"
        );
        let taken = |name: &str| !name.ends_with("_3.redb");
        assert_eq!(
            Name::of_time(now, taken).as_str(),
            "bai_backup_20261122061036_3.redb"
        );
    }
}
