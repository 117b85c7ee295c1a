//! Wire words and numbers of values that are one of a few.

use crate::domain::{IdType, Status, UserType};

/// A value of a select field.
pub trait Choice: Copy + PartialEq + 'static {
    /// Each value with its word, in the order in which the field lists them.
    const WORDS: [(Self, &'static str); 2];

    /// The word of the value.
    fn word(self) -> &'static str {
        let found = Self::WORDS.into_iter().find(|(value, _)| *value == self);
        found.map_or("", |(_, word)| word)
    }

    /// The value of the word.
    fn from_word(text: &str) -> Option<Self> {
        let found = Self::WORDS.into_iter().find(|(_, word)| *word == text);
        found.map(|(value, _)| value)
    }
}

impl Choice for IdType {
    const WORDS: [(Self, &'static str); 2] = [
        (Self::WeChat, "WeChat"),
        (Self::ManagePlatform, "ManagePlatform"),
    ];
}

impl Choice for UserType {
    const WORDS: [(Self, &'static str); 2] =
        [(Self::Guest, "游客"), (Self::Registered, "注册用户")];
}

/// The number that stands for a status.
pub fn status_number(status: Status) -> i64 {
    match status {
        Status::Disabled => 0,
        Status::Active => 1,
    }
}

/// The status that a number stands for.
pub fn status_from_number(number: i64) -> Option<Status> {
    match number {
        0 => Some(Status::Disabled),
        1 => Some(Status::Active),
        _ => None,
    }
}
